"""What a reader says of itself: capabilities and factory settings, as data.

impinj: a Speedway R420 as it answered GET_READER_CAPABILITIES and GET_READER_CONFIG (EdgeX device-rfid-llrp-go's
recorded messages, Apache-2.0). generic: a reader of the European band with all that the simulator knows.
"""

from collections.abc import Callable
from dataclasses import dataclass

from hwsim.air import PROFILES
from hwsim.air import Profile as Mode
from hwsim.llrp_bytes import M_FIELD_ERROR, Malformed, Node, make

IMPINJ = 25882  # IANA private enterprise number

_FCC_KHZ = (
    "909250 908250 925750 911250 910750 926750 917750 905250 927250 921250 925250 919250 924750 "
    "916250 919750 913250 926250 916750 918750 914250 909750 917250 908750 902750 921750 913750 "
    "915750 923750 904250 903750 903250 907750 915250 924250 912750 918250 912250 910250 922250 "
    "905750 906750 920750 923250 906250 914750 911750 920250 907250 922750 904750"
)
_ETSI_KHZ = "865700 866300 866900 867500"


@dataclass(frozen=True)
class RfMode:
    """One row of the table of modes, and what is on the air in it."""

    id: int
    mode: Mode
    m_value: int  # 0: FM0, 1 to 3: Miller 2, 4, 8
    forward: int  # 0: DSB-ASK, 2: PR-ASK
    mask: int  # spectral: 2 multi, 3 dense interrogator; 0 unknown
    rate: int  # as readers fill it in: the link frequency
    pie: int = 1500  # thousandths
    tari_ns: int = 6250
    divide: int = 1  # 1: 64/3

    def node(self) -> Node:
        return make(
            "C1G2UHFRFModeTableEntry",
            ModeIdentifier=self.id,
            DRValue=self.divide,
            MValue=self.m_value,
            ForwardLinkModulation=self.forward,
            SpectralMaskIndicator=self.mask,
            BDRValue=self.rate,
            PIEValue=self.pie,
            MinTariValue=self.tari_ns,
            MaxTariValue=self.tari_ns,
        )


_FM0, _M2, _M4, _M8 = (PROFILES[key] for key in ("fm0-640", "m2-640", "m4-274", "m8-171"))
_FIXED = (
    RfMode(0, _FM0, 0, 2, 2, 640_000),
    RfMode(1, _M2, 1, 2, 2, 640_000),
    RfMode(2, _M4, 2, 0, 3, 274_000, 2000, 20_000),
    RfMode(3, _M8, 3, 0, 3, 170_600, 2000, 20_000),
    RfMode(4, PROFILES["m4-640"], 2, 0, 2, 640_000, 1500, 7140),
)
_AUTO = tuple(
    RfMode(number, _M4, 0, 0, 0, 40_000, divide=0) for number in (1000, 1002, 1003, 1004, 1005)
)
MODES = {"fm0": _FM0, "m2": _M2, "m4": _M4, "m8": _M8}


@dataclass(frozen=True)
class Model:
    """One kind of reader. Powers in dBm, frequencies in kHz."""

    name: str
    manufacturer: int
    model: int
    firmware: str
    modes: tuple[RfMode, ...]
    hopping_khz: str = ""
    fixed_khz: str = ""
    country: int = 840  # ISO 3166
    standard: int = 1  # 1: US FCC Part 15; 2: ETSI 302 208
    lowest_dbm: float = 10.0
    power_step_db: float = 0.25
    power_steps: int = 81
    sensitivities: tuple[int, ...] = (0,)  # dB above the best
    gpis: int = 4
    gpos: int = 4
    rospecs: int = 1
    specs_per_rospec: int = 32
    access_specs: int = 1508
    op_specs: int = 8
    select_filters: int = 2
    priorities: int = 1
    block_erase: bool = False
    block_write: bool = True
    block_permalock: bool = False
    recommissioning: bool = False
    block_write_words: int = 0  # as long as one BlockWrite on the air is; 0: as the host has it
    default_mode: int = 0

    def power_dbm(self, index: int) -> float:
        """Of the table's row, which counts from 1; ValueError where there is none."""
        if not 1 <= index <= self.power_steps:
            raise ValueError(f"TransmitPower {index}: there are 1 to {self.power_steps}")
        return self.lowest_dbm + self.power_step_db * (index - 1)

    def rf_mode(self, id: int) -> RfMode | None:
        return next((each for each in self.modes if each.id == id), None)

    @property
    def channels(self) -> int:
        return len((self.hopping_khz or self.fixed_khz).split())

    def capabilities(self, wanted: int, antennas: int, version: int) -> list[Node]:
        """What GET_READER_CAPABILITIES asks for; Malformed where there is no such RequestedData."""
        parts: list[Callable[[], Node]] = [
            lambda: self.general(antennas, version),
            self.llrp,
            self.regulatory,
            self.air_protocol,
        ]
        if wanted > len(parts):
            raise Malformed(M_FIELD_ERROR, f"RequestedData {wanted}", 0)
        return [part() for number, part in enumerate(parts, 1) if wanted in (0, number)]

    def general(self, antennas: int, version: int) -> Node:
        """GeneralDeviceCapabilities."""
        return make(
            "GeneralDeviceCapabilities",
            *[
                make("ReceiveSensitivityTableEntry", Index=number, ReceiveSensitivityValue=value)
                for number, value in enumerate(self.sensitivities, 1)
            ],
            make("GPIOCapabilities", NumGPIs=self.gpis, NumGPOs=self.gpos),
            *[
                make("PerAntennaAirProtocol", AntennaID=number, ProtocolID=b"\x01")
                for number in range(1, antennas + 1)
            ],
            *([make("MaximumReceiveSensitivity", MaximumSensitivityValue=-84)] * (version > 1)),
            MaxNumberOfAntennaSupported=antennas,
            HasUTCClockCapability=1,
            DeviceManufacturerName=self.manufacturer,
            ModelName=self.model,
            ReaderFirmwareVersion=self.firmware,
        )

    def llrp(self) -> Node:
        """LLRPCapabilities."""
        return make(
            "LLRPCapabilities",
            CanReportBufferFillWarning=1,
            SupportsEventAndReportHolding=1,
            MaxNumPriorityLevelsSupported=self.priorities,
            MaxNumROSpecs=self.rospecs,
            MaxNumSpecsPerROSpec=self.specs_per_rospec,
            MaxNumInventoryParameterSpecsPerAISpec=1,
            MaxNumAccessSpecs=self.access_specs,
            MaxNumOpSpecsPerAccessSpec=self.op_specs,
        )

    def regulatory(self) -> Node:
        """RegulatoryCapabilities."""
        frequencies = tuple(int(each) for each in (self.hopping_khz or self.fixed_khz).split())
        if self.hopping_khz:
            table = make("FrequencyHopTable", HopTableID=1, Frequency=frequencies)
        else:
            table = make("FixedFrequencyTable", Frequency=frequencies)
        band = make(
            "UHFBandCapabilities",
            *[
                make(
                    "TransmitPowerLevelTableEntry",
                    Index=number,
                    TransmitPowerValue=round(100 * self.power_dbm(number)),
                )
                for number in range(1, self.power_steps + 1)
            ],
            make("FrequencyInformation", table, Hopping=int(bool(self.hopping_khz))),
            make("C1G2UHFRFModeTable", *[each.node() for each in self.modes]),
        )
        return make(
            "RegulatoryCapabilities",
            band,
            CountryCode=self.country,
            CommunicationsStandard=self.standard,
        )

    def air_protocol(self) -> Node:
        """C1G2LLRPCapabilities."""
        return make(
            "C1G2LLRPCapabilities",
            CanSupportBlockErase=int(self.block_erase),
            CanSupportBlockWrite=int(self.block_write),
            CanSupportBlockPermalock=int(self.block_permalock),
            CanSupportTagRecommissioning=int(self.recommissioning),
            MaxNumSelectFiltersPerQuery=self.select_filters,
        )


MODELS = {
    model.name: model
    for model in (
        Model(
            "impinj",
            IMPINJ,
            2001002,
            "5.14.0.240",
            _FIXED + _AUTO,
            hopping_khz=_FCC_KHZ,
            sensitivities=(0, *range(10, 51)),
            block_write_words=2,
            default_mode=1000,
        ),
        Model(
            "generic",
            0xFFFFFF,
            1,
            "1.0.0",
            _FIXED,
            fixed_khz=_ETSI_KHZ,
            country=276,
            standard=2,
            power_step_db=1.0,
            power_steps=21,
            rospecs=16,
            op_specs=32,
            select_filters=4,
            priorities=8,
            block_erase=True,
            block_permalock=True,
            recommissioning=True,
            default_mode=2,
        ),
    )
}
