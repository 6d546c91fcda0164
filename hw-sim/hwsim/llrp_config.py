"""What GET_READER_CONFIG tells and SET_READER_CONFIG changes; factory settings are those of a Speedway R420.

LLRP "Reader device configuration". Vendors' own parameters are accepted and forgotten, but for those named here.
"""

from hwsim.llrp_bytes import M_FIELD_ERROR, Malformed, Node, make, parameters
from hwsim.llrp_models import IMPINJ, Model

(HOP, GPI, ROSPEC, BUFFER_WARNING, EXCEPTION, SURVEY, AISPEC, SINGULATION, ANTENNA, LOOP) = range(
    10
)
"""Event types, as ReaderEventNotificationSpec has them."""

_ON_AT_FACTORY = (EXCEPTION, ANTENNA)
_ACCESS_SPEC_CONFIGURATION, _BLOCK_WRITE_WORD_COUNT = 40, 41  # Impinj's
_EUI_64 = bytes.fromhex("001625ffff112233")

_ALL, _IDENTIFICATION, _PROPERTIES, _ANTENNAS, _REPORT, _EVENTS, _ACCESS = range(7)
_STATE, _KEEPALIVE, _GPIS, _GPOS, _HOLD = range(7, 12)


class Config:
    """The settings; they outlive a connection."""

    def __init__(self, profile: Model, antennas: int) -> None:
        self.profile = profile
        self.antenna_count = antennas
        self.gpi_levels = [0] * profile.gpis
        self.revision = 0
        self.reset()

    def reset(self) -> None:
        """Factory settings; the levels at the inputs are the world's."""
        self.revision += 1
        self.keepalive_ms = 0
        self.events = {type: type in _ON_AT_FACTORY for type in range(9)}
        self.hold = False
        self.gpi_enabled = [False] * self.profile.gpis
        self.gpos = [False] * self.profile.gpos
        self.block_write_words = self.profile.block_write_words
        self.access_report = 1
        self.report = make(
            "ROReportSpec",
            make(
                "TagReportContentSelector",
                make("C1G2EPCMemorySelector"),
                EnableAntennaID=1,
                EnablePeakRSSI=1,
                EnableFirstSeenTimestamp=1,
            ),
            ROReportTrigger=2,
            N=1,
        )
        self.antennas = {
            number: make(
                "AntennaConfiguration",
                make("RFReceiver", ReceiverSensitivity=1),
                make(
                    "RFTransmitter",
                    HopTableID=int(bool(self.profile.hopping_khz)),
                    ChannelIndex=int(not self.profile.hopping_khz),
                    TransmitPower=self.profile.power_steps,
                ),
                make(
                    "C1G2InventoryCommand",
                    make("C1G2RFControl", ModeIndex=self.profile.default_mode),
                    make("C1G2SingulationControl", Session=1, TagPopulation=32),
                ),
                AntennaID=number,
            )
            for number in range(1, self.antenna_count + 1)
        }

    def set(self, message: Node) -> None:
        """SET_READER_CONFIG, all of it or nothing; Malformed where there is no such antenna, port or power."""
        self._check(message)
        if message.number("ResetToFactoryDefault"):
            self.reset()
        self.revision += 1
        for node in message.children:
            change = _CHANGES.get(node.name)
            if change is not None:
                change(self, node)
        vendor = message.vendor(IMPINJ, _ACCESS_SPEC_CONFIGURATION)
        words = block_write_words(vendor)
        if words:
            self.block_write_words = words

    def get(self, message: Node, present: list[int]) -> list[Node]:
        """The parameters of GET_READER_CONFIG_RESPONSE; present: the antennas that are connected."""
        wanted = message.number("RequestedData")
        antenna = message.number("AntennaID")
        gpi, gpo = message.number("GPIPortNum"), message.number("GPOPortNum")
        if wanted > _HOLD:
            raise Malformed(M_FIELD_ERROR, f"RequestedData {wanted}", 1)
        antennas = [each for each in self.antennas if antenna in (0, each)]
        parts: dict[int, list[Node]] = {
            _IDENTIFICATION: [make("Identification", IDType=0, ReaderID=_EUI_64)],
            _PROPERTIES: [
                make("AntennaProperties", AntennaConnected=int(each in present), AntennaID=each)
                for each in antennas
            ],
            _ANTENNAS: [self.antennas[each] for each in antennas],
            _EVENTS: [
                make(
                    "ReaderEventNotificationSpec",
                    *[
                        make("EventNotificationState", EventType=type, NotificationState=int(on))
                        for type, on in self.events.items()
                    ],
                )
            ],
            _REPORT: [self.report],
            _ACCESS: [make("AccessReportSpec", AccessReportTrigger=self.access_report)],
            _STATE: [
                make("LLRPConfigurationStateValue", LLRPConfigurationStateValue=self.revision)
            ],
            _KEEPALIVE: [
                make(
                    "KeepaliveSpec",
                    KeepaliveTriggerType=int(bool(self.keepalive_ms)),
                    PeriodicTriggerValue=self.keepalive_ms,
                )
            ],
            _GPIS: [
                make(
                    "GPIPortCurrentState",
                    GPIPortNum=number,
                    Config=int(self.gpi_enabled[number - 1]),
                    State=self.gpi_levels[number - 1],
                )
                for number in range(1, self.profile.gpis + 1)
                if gpi in (0, number)
            ],
            _GPOS: [
                make("GPOWriteData", GPOPortNumber=number, GPOData=int(self.gpos[number - 1]))
                for number in range(1, self.profile.gpos + 1)
                if gpo in (0, number)
            ],
            _HOLD: [make("EventsAndReports", HoldEventsAndReportsUponReconnect=int(self.hold))],
        }
        return [each for part, nodes in parts.items() if wanted in (_ALL, part) for each in nodes]

    def _check(self, message: Node) -> None:
        for node in message.all("AntennaConfiguration", "AntennaProperties"):
            check_antenna(node.number("AntennaID"), self.antenna_count)
        for node in message.all("AntennaConfiguration"):
            check_antenna_configuration(node, self.profile)
        for node in message.all("GPOWriteData"):
            _check_port("GPO", node.number("GPOPortNumber"), self.profile.gpos)
        for node in message.all("GPIPortCurrentState"):
            _check_port("GPI", node.number("GPIPortNum"), self.profile.gpis)

    # -- one parameter each --

    def _set_events(self, node: Node) -> None:
        for each in node.children:
            self.events[each.number("EventType")] = bool(each.number("NotificationState"))

    def _set_antenna(self, node: Node) -> None:
        """What is not said stays."""
        number = node.number("AntennaID")
        for each in [number] if number else list(self.antennas):
            kept = [
                child
                for child in self.antennas[each].children
                if not node.all(child.name) and child.name != "Custom"
            ]
            self.antennas[each] = make(
                "AntennaConfiguration", *node.children, *kept, AntennaID=each
            )

    def _set_report(self, node: Node) -> None:
        self.report = node

    def _set_access_report(self, node: Node) -> None:
        self.access_report = node.number("AccessReportTrigger")

    def _set_keepalive(self, node: Node) -> None:
        periodic = node.number("KeepaliveTriggerType") == 1
        self.keepalive_ms = node.number("PeriodicTriggerValue") if periodic else 0

    def _set_gpo(self, node: Node) -> None:
        self.gpos[node.number("GPOPortNumber") - 1] = bool(node.number("GPOData"))

    def _set_gpi(self, node: Node) -> None:
        self.gpi_enabled[node.number("GPIPortNum") - 1] = bool(node.number("Config"))

    def _set_hold(self, node: Node) -> None:
        self.hold = bool(node.number("HoldEventsAndReportsUponReconnect"))


_CHANGES = {
    "ReaderEventNotificationSpec": Config._set_events,
    "AntennaConfiguration": Config._set_antenna,
    "ROReportSpec": Config._set_report,
    "AccessReportSpec": Config._set_access_report,
    "KeepaliveSpec": Config._set_keepalive,
    "GPOWriteData": Config._set_gpo,
    "GPIPortCurrentState": Config._set_gpi,
    "EventsAndReports": Config._set_hold,
}


def check_antenna(number: int, antennas: int) -> None:
    """0 stands for all; Malformed where there is none."""
    if number > antennas:
        raise Malformed(M_FIELD_ERROR, f"AntennaID {number}: there are 1 to {antennas}")


def check_antenna_configuration(node: Node, profile: Model) -> None:
    """Malformed where the reader has no such power or mode, or cannot do what it shall."""
    transmitter = node.find("RFTransmitter")
    if transmitter is not None:
        try:
            profile.power_dbm(transmitter.number("TransmitPower"))
        except ValueError as why:
            raise Malformed(M_FIELD_ERROR, str(why)) from None
        if profile.hopping_khz and transmitter.number("HopTableID") != 1:
            raise Malformed(M_FIELD_ERROR, f"HopTableID {transmitter.number('HopTableID')}: only 1")
        if not profile.hopping_khz and transmitter.number("ChannelIndex") > profile.channels:
            raise Malformed(
                M_FIELD_ERROR, f"ChannelIndex {transmitter.number('ChannelIndex')}: no such channel"
            )
    for command in node.all("C1G2InventoryCommand"):
        if command.number("TagInventoryStateAware"):
            raise Malformed(M_FIELD_ERROR, "TagInventoryStateAware: this reader cannot")
        filters = command.all("C1G2Filter")
        if len(filters) > profile.select_filters:
            raise Malformed(
                M_FIELD_ERROR, f"{len(filters)} C1G2Filter: at most {profile.select_filters}"
            )
        for each in filters:
            if each.find("C1G2TagInventoryStateAwareFilterAction") is not None:
                raise Malformed(M_FIELD_ERROR, "state-aware filter action: this reader cannot")
            unaware = each.find("C1G2TagInventoryStateUnawareFilterAction")
            if unaware is not None and unaware.number("Action") > 5:
                raise Malformed(M_FIELD_ERROR, f"filter action {unaware.number('Action')}")
            if each.number("T") == 2:
                raise Malformed(M_FIELD_ERROR, "truncate: this reader cannot")
        control = command.find("C1G2RFControl")
        if control is not None and profile.rf_mode(control.number("ModeIndex")) is None:
            raise Malformed(M_FIELD_ERROR, f"ModeIndex {control.number('ModeIndex')}: no such mode")


def block_write_words(vendor: bytes | None) -> int:
    """Words in Impinj's AccessSpec configuration; 0 where it does not say."""
    for node in parameters(vendor) if vendor else []:
        if node.name == "Custom" and node.number("ParameterSubtype") == _BLOCK_WRITE_WORD_COUNT:
            return int.from_bytes(node.raw("Data")[:2], "big")
    return 0


def access_spec_words(spec: Node) -> int:
    """The same of one AccessSpec."""
    return block_write_words(spec.vendor(IMPINJ, _ACCESS_SPEC_CONFIGURATION))


def _check_port(what: str, number: int, count: int) -> None:
    if not 1 <= number <= count:
        raise Malformed(M_FIELD_ERROR, f"{what} port {number}: there are 1 to {count}")
