"""What a reader told of itself in GET_READER_CAPABILITIES_RESPONSE (LLRP 1.1, "Reader Device Capabilities")."""

from dataclasses import dataclass, replace

from gateway.llrp import profiles
from gateway.llrp.message import Message, Parameter
from gateway.llrp.profiles import Profile
from gateway.model import CannotDo

_UNLIMITED = 1000
_LONGEST_NAME = 64


@dataclass(frozen=True)
class Capabilities:
    """What a request is checked against. powers: (dBm, its index), ascending. modes: RF modes.

    ops: OpSpecs of one AccessSpec at most; filters: of one query. hop_table and channel go with a transmit power.
    """

    maker: int
    model: int
    firmware: str
    antennas: int
    profile: Profile = profiles.GENERIC
    powers: tuple[tuple[float, int], ...] = ()
    modes: tuple[int, ...] = ()
    gpis: int = 0
    gpos: int = 0
    access_specs: int = 1
    ops: int = 1
    filters: int = 1
    block_write: bool = False
    block_permalock: bool = False
    holds_reports: bool = False
    hop_table: int = 0
    channel: int = 0

    @property
    def name(self) -> str:
        """For people: the maker, the model's number and the firmware."""
        maker = self.profile.name if self.profile.maker else f"maker {self.maker}"
        return f"{maker} {self.model}, firmware {self.firmware or 'not told'}"

    @property
    def mode(self) -> int | None:
        """The RF mode to ask for; None: the reader's own."""
        return next((each for each in self.profile.modes if each in self.modes), None)

    @property
    def power_dbm(self) -> tuple[float, float]:
        """The least and the most; 0, 0 where the reader did not tell."""
        return (self.powers[0][0], self.powers[-1][0]) if self.powers else (0.0, 0.0)

    def power_index(self, dbm: float) -> int:
        """Of the largest power that is not above `dbm`. CannotDo outside of what the reader has."""
        least, most = self.power_dbm
        if not self.powers:
            raise CannotDo("this reader cannot be told its power: it has no table of powers")
        if not least <= dbm <= most:
            raise CannotDo(
                f"this reader cannot send at {dbm:g} dBm: it has {least:g} to {most:g} dBm"
            )
        return max(each for each in self.powers if each[0] <= dbm)[1]

    def with_channel(self, config: Message) -> "Capabilities":
        """These, with the hop table and channel of a GET_READER_CONFIG_RESPONSE: what the reader uses, it takes."""
        for antenna in config.all("AntennaConfiguration"):
            sender = antenna.get("RFTransmitter")
            if sender is not None:
                return replace(
                    self,
                    hop_table=sender.number("HopTableID"),
                    channel=sender.number("ChannelIndex"),
                )
        return self


def read(response: Message) -> Capabilities:
    """The capabilities in a response; Malformed where it lacks what every reader tells."""
    general = response["GeneralDeviceCapabilities"]
    llrp = response["LLRPCapabilities"]
    gen2 = response.get("C1G2LLRPCapabilities")
    ports = general.get("GPIOCapabilities")
    maker = general.number("DeviceManufacturerName")
    has = replace(
        Capabilities(
            maker=maker,
            model=general.number("ModelName"),
            firmware=_printable(general.text("ReaderFirmwareVersion")),
            antennas=general.number("MaxNumberOfAntennaSupported"),
            profile=profiles.of_maker(maker),
        ),
        gpis=ports.number("NumGPIs") if ports else 0,
        gpos=ports.number("NumGPOs") if ports else 0,
        access_specs=_count(llrp.number("MaxNumAccessSpecs")),
        ops=_count(llrp.number("MaxNumOpSpecsPerAccessSpec")),
        holds_reports=llrp.flag("SupportsEventAndReportHolding"),
        filters=gen2.number("MaxNumSelectFiltersPerQuery") if gen2 else 1,
        block_write=gen2.flag("CanSupportBlockWrite") if gen2 else False,
        block_permalock=gen2.flag("CanSupportBlockPermalock") if gen2 else False,
    )
    regulatory = response.get("RegulatoryCapabilities")
    band = regulatory.get("UHFBandCapabilities") if regulatory else None
    return _with_band(has, band) if band else has


def _with_band(has: Capabilities, band: Parameter) -> Capabilities:
    powers = [
        (each.number("TransmitPowerValue") / 100, each.number("Index"))
        for each in band.all("TransmitPowerLevelTableEntry")
    ]
    modes = [
        each.number("ModeIdentifier")
        for table in band.all("UHFC1G2RFModeTable")
        for each in table.all("UHFC1G2RFModeTableEntry")
    ]
    frequencies = band.get("FrequencyInformation")
    tables = frequencies.all("FrequencyHopTable") if frequencies else ()
    return replace(
        has,
        powers=tuple(sorted(powers)),
        modes=tuple(modes),
        hop_table=tables[0].number("HopTableID") if tables else 0,
        channel=0 if tables else 1,
    )


def _count(told: int) -> int:
    """A largest number; 0 is "no limit" in some readers, and no reader has none."""
    return told or _UNLIMITED


def _printable(text: str) -> str:
    return "".join(each for each in text if each.isprintable())[:_LONGEST_NAME]
