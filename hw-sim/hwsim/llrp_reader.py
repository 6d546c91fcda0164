"""A fixed RAIN reader as its client sees it over LLRP 1.0.1 and 1.1: bytes in, bytes out, no I/O and no clock.

Moments are seconds of a clock that only goes forward. ROSpecs, AccessSpecs and settings outlive a connection.
"""

from collections.abc import Callable

from hwsim.air import Profile as Mode
from hwsim.llrp_buffer import SIZE, ReportBuffer
from hwsim.llrp_bytes import (
    M_UNEXPECTED_MESSAGE,
    M_UNSUPPORTED_MESSAGE,
    M_UNSUPPORTED_VERSION,
    Frame,
    Frames,
    Malformed,
    Node,
    encode,
    make,
    message,
    message_body,
)
from hwsim.llrp_config import BUFFER_WARNING, GPI, Config
from hwsim.llrp_faults import LlrpFault
from hwsim.llrp_models import IMPINJ, MODELS, MODES, Model
from hwsim.llrp_operations import Operations
from hwsim.llrp_report import Waiting
from hwsim.llrp_status import status_of
from hwsim.llrp_tally import Tally
from hwsim.rainfield import RainField

_VERSION_1_0, _VERSION_1_1 = 1, 2
_CONNECTED, _EXISTS = 0, 2  # ConnectionAttemptEvent
_REPORT, _KEEPALIVE, _EVENT, _ERROR, _CUSTOM = 61, 62, 63, 100, 1023
_GET_SUPPORTED_VERSION = 46
_ENABLE_EXTENSIONS, _EXTENSIONS_ENABLED = 21, 22  # Impinj's custom messages
_NEVER_S = float("inf")


class LlrpReader:
    """One reader. After each call the host looks at `closing`: the connection ends when all is sent.

    utc_us_at_0: what its clock shows at moment 0. rate: reads a second, None for what the mode allows on the air.
    paced: access operations take real time, too. report_buffer: bytes of it (hwsim.llrp_buffer).
    """

    def __init__(
        self,
        field: RainField,
        profile: Model = MODELS["impinj"],
        mode: Mode | None = None,
        rate: float | None = None,
        paced: bool = False,
        newest: int = _VERSION_1_1,
        utc_us_at_0: int = 0,
        report_buffer: int = SIZE,
    ) -> None:
        self.field = field
        self.profile = profile
        self.mode = mode
        self.rate = rate
        self.paced = paced
        self.newest = newest
        self.utc_us_at_0 = utc_us_at_0
        self.config = Config(profile, field.antennas)
        self.tally = Tally(field.clock)
        self.operations = Operations(self)
        self.waiting = Waiting()
        self.buffer = ReportBuffer(report_buffer)
        self.ahead_us = 0.0  # paced: operations that real time has yet to pass with
        self.now_s = 0.0
        self.connected = False
        self._forget_connection()

    def _forget_connection(self) -> None:
        self.version = self._next_version = _VERSION_1_0
        self.extended = False
        self.closing = False
        self.aborting = False  # the connection ends without another byte
        self.muted = False
        self.keeps_alive = True
        self._frames = Frames()
        self._out: list[bytes] = []
        self._out_bytes = 0
        self.buffer.reset()
        self._next_id = 1
        self._keepalive_s = _NEVER_S

    # -- the connection --

    def connect(self, now_s: float) -> bytes:
        """A client has come."""
        self._pass_time(now_s)
        self._forget_connection()
        self.connected = True
        self._plan_keepalive(now_s)
        self._send(_EVENT, self._event_body(_attempt(_CONNECTED), now_s))
        self.buffer.holding = self.config.hold
        return self._take()

    def refuse(self, now_s: float) -> bytes:
        """What a second client is told."""
        body = self._event_body(_attempt(_EXISTS), now_s)
        return message(_EVENT, 0, body, _VERSION_1_0)

    def disconnect(self) -> None:
        """The client is gone; what runs goes on running."""
        self.connected = False
        self._forget_connection()

    def receive(self, data: bytes, now_s: float) -> bytes:
        """What the reader sends when these bytes come."""
        self._run(now_s)
        try:
            for frame in self._frames.receive(data):
                if self.closing or self.aborting:
                    break
                self._message(frame)
        except Malformed as wrong:
            self._send(_ERROR, encode(status_of(wrong)))
            self.closing = True
        return self._take()

    def advance(self, now_s: float) -> bytes:
        """What the reader sends by itself until now."""
        self._run(now_s)
        return self._take()

    @property
    def wake_s(self) -> float:
        """When there is something to do next."""
        keepalive_s = self._keepalive_s if self.keeps_alive else _NEVER_S
        return min(keepalive_s, self.operations.wake_s)

    # -- what the rounds need --

    def utc_us(self, at_s: float) -> int:
        """The reader's own clock."""
        return self.utc_us_at_0 + int(at_s * 1e6)

    def mode_of(self, id: int) -> Mode:
        """What is on the air in that mode; where the reader may choose, what `mode` says."""
        row = self.profile.rf_mode(id)
        if self.mode is not None and (row is None or id >= 1000 or id == self.profile.default_mode):
            return self.mode
        return row.mode if row is not None else MODES["m4"]

    def event(self, kind: int, node: Node, at_s: float) -> None:
        """Tell the client, where it wants to hear of that kind."""
        if self.config.events.get(kind):
            if self.buffer.full:
                self.lose(0)
            else:
                self._queue(_EVENT, self._event_body(node, at_s))

    def send_report(self) -> None:
        """RO_ACCESS_REPORT with all that waits; none where nothing does."""
        count = len(self.waiting)
        if not count:
            return
        body = self.waiting.take()
        if not self.connected:
            self.tally.lost += count
            return
        self.tally.reports += 1
        self.tally.sightings += count
        self._queue(_REPORT, body)
        self.look_at_buffer()

    def look_at_buffer(self) -> None:
        """Is there room for more sightings? The client is warned in time, where it wants to be."""
        warning = self.buffer.look(self._out_bytes + self.waiting.bytes)
        self.waiting.closed = self.buffer.full
        if warning is not None and self.config.events[BUFFER_WARNING]:
            self._queue(_EVENT, self._event_body(warning, self.now_s))

    def lose(self, sightings: int) -> None:
        """There was no room for so many, or for an event."""
        self.tally.lost += sightings
        event = self.buffer.lose()
        if event is not None:
            self._queue(_EVENT, self._event_body(event, self.now_s))

    # -- the world --

    def set_gpi(self, port: int, level: bool, now_s: float) -> None:
        """An input changes, which `advance` tells; ValueError where there is none of that number."""
        if not 1 <= port <= self.profile.gpis:
            raise ValueError(f"GPI {port}: there are 1 to {self.profile.gpis}")
        self._run(now_s)
        if self.config.gpi_levels[port - 1] != level:
            self.config.gpi_levels[port - 1] = int(level)
            if self.config.gpi_enabled[port - 1]:
                self.event(GPI, make("GPIEvent", GPIPortNumber=port, GPIEvent=int(level)), now_s)
                self.operations.gpi(port, level, now_s)

    # -- time --

    def _pass_time(self, now_s: float) -> None:
        passed_us = max(0.0, (now_s - self.now_s) * 1e6)
        counted_us = min(passed_us, self.ahead_us)
        self.ahead_us -= counted_us
        self.tally.clock.idle(passed_us - counted_us)
        self.now_s = max(now_s, self.now_s)

    def _run(self, now_s: float) -> None:
        self._pass_time(now_s)
        self.look_at_buffer()
        self.operations.run(self.now_s)
        if self._keepalive_s <= now_s:
            if self.connected and self.keeps_alive:
                self._send(_KEEPALIVE, b"")
            self._plan_keepalive(now_s)

    def _plan_keepalive(self, now_s: float) -> None:
        period_s = self.config.keepalive_ms / 1e3
        self._keepalive_s = now_s + period_s if period_s and self.connected else _NEVER_S

    # -- messages --

    def _message(self, frame: Frame) -> None:
        clock = self.tally.clock
        clock.commands += 1
        self.field.command()
        for fault in list(self.field.faults.armed):
            if isinstance(fault, LlrpFault):
                fault.received(self)
        self.field.faults.clear()
        if self.aborting:
            return
        if frame.version != self.version and not (
            frame.type in _NEGOTIATION and frame.version <= self.newest
        ):
            self._error(frame, M_UNSUPPORTED_VERSION, f"version {frame.version}")
            return
        run = _REQUESTS.get(frame.type)
        if run is None or (frame.type in _NEGOTIATION and self.newest == _VERSION_1_0):
            code = M_UNEXPECTED_MESSAGE if frame.type in _OURS else M_UNSUPPORTED_MESSAGE
            self._error(frame, code, f"message {frame.type}")
            return
        answered = frame.type not in _UNANSWERED
        try:
            body = b"".join([encode(each) for each in run(self, message_body(frame))])
            status = _SUCCESS
        except Malformed as wrong:
            status, body = encode(status_of(wrong)), b""
            answered = answered and frame.type != _CUSTOM
            if not answered:
                self._send(_ERROR, status, frame.id)
        if answered:
            self._send(_response(frame.type), self._before(frame.type) + status + body, frame.id)
        self.version = self._next_version
        self._run(self.now_s)

    def _before(self, type: int) -> bytes:
        """The fields of the response before its LLRPStatus."""
        if type == _GET_SUPPORTED_VERSION:
            return bytes((self.version, self.newest))
        if type == _CUSTOM:
            return IMPINJ.to_bytes(4, "big") + bytes((_EXTENSIONS_ENABLED,))
        return b""

    def _error(self, frame: Frame, code: int, said: str) -> None:
        self._send(_ERROR, encode(status_of(Malformed(code, said))), frame.id)

    def _queue(self, type: int, body: bytes) -> None:
        """What the client has not asked for; it may be held."""
        if not self.connected:
            return
        data = self._message_bytes(type, body, None)
        if self.buffer.holding:
            self.buffer.hold(data)
        else:
            self._put(data)

    def _message_bytes(self, type: int, body: bytes, id: int | None) -> bytes:
        if id is None:
            id, self._next_id = self._next_id, self._next_id + 1 & 0xFFFFFFFF
        return message(type, id, body, self.version)

    def _send(self, type: int, body: bytes, id: int | None = None) -> None:
        self._put(self._message_bytes(type, body, id))

    def _put(self, data: bytes) -> None:
        if self.muted:
            return
        faults = self.field.faults
        if faults.armed:
            for fault in faults.armed:
                if isinstance(fault, LlrpFault) and data:
                    data = fault.sending(self, data)
            faults.clear()
        self._out.append(data)
        self._out_bytes += len(data)

    def mute(self) -> None:
        """For a fault: after what is being sent nothing more is, though the connection stays."""
        self.muted = True

    def _take(self) -> bytes:
        data = b"".join(self._out)
        self._out.clear()
        self._out_bytes = 0
        self.tally.clock.bytes_out += len(data)
        return data

    def _event_body(self, node: Node, at_s: float) -> bytes:
        stamp = make("UTCTimestamp", Microseconds=self.utc_us(at_s))
        return encode(make("ReaderEventNotificationData", stamp, node))

    # -- what a client asks for: what stands in the response after the LLRPStatus --

    def _get_capabilities(self, node: Node) -> list[Node]:
        wanted = node.number("RequestedData")
        return self.profile.capabilities(wanted, self.field.antennas, self.version)

    def _get_config(self, node: Node) -> list[Node]:
        return self.config.get(node, list(range(1, self.field.antennas + 1)))

    def _set_config(self, node: Node) -> list[Node]:
        self.config.set(node)
        if node.number("ResetToFactoryDefault"):
            self.operations.clear()
        self._plan_keepalive(self.now_s)
        return []

    def _close(self, node: Node) -> list[Node]:
        self.closing = True
        return []

    def _set_version(self, node: Node) -> list[Node]:
        wanted = node.number("ProtocolVersion")
        if not _VERSION_1_0 <= wanted <= self.newest:
            raise Malformed(M_UNSUPPORTED_VERSION, f"version {wanted}")
        self._next_version = wanted
        return []

    def _get_report(self, node: Node) -> list[Node]:
        count = len(self.waiting)
        self.tally.reports += 1
        self.tally.sightings += count
        self._send(_REPORT, self.waiting.take())
        return []

    def _enable_events(self, node: Node) -> list[Node]:
        for data in self.buffer.release():
            self._put(data)
        return []

    def _custom(self, node: Node) -> list[Node]:
        """Impinj's IMPINJ_ENABLE_EXTENSIONS is the only one there is."""
        vendor, subtype = node.number("VendorIdentifier"), node.number("MessageSubtype")
        if (vendor, subtype) != (self.profile.manufacturer, _ENABLE_EXTENSIONS) or vendor != IMPINJ:
            raise Malformed(M_UNSUPPORTED_MESSAGE, f"message {subtype} of vendor {vendor}")
        self.extended = True
        return []


_REQUESTS: dict[int, Callable[[LlrpReader, Node], list[Node]]] = {
    1: LlrpReader._get_capabilities,
    2: LlrpReader._get_config,
    3: LlrpReader._set_config,
    14: LlrpReader._close,
    20: lambda reader, node: reader.operations.add_rospec(node),
    21: lambda reader, node: reader.operations.delete_rospec(node),
    22: lambda reader, node: reader.operations.start_rospec(node),
    23: lambda reader, node: reader.operations.stop_rospec(node),
    24: lambda reader, node: reader.operations.enable_rospec(node),
    25: lambda reader, node: reader.operations.disable_rospec(node),
    26: lambda reader, node: reader.operations.get_rospecs(node),
    40: lambda reader, node: reader.operations.add_access_spec(node),
    41: lambda reader, node: reader.operations.delete_access_spec(node),
    42: lambda reader, node: reader.operations.enable_access_spec(node),
    43: lambda reader, node: reader.operations.disable_access_spec(node),
    44: lambda reader, node: reader.operations.get_access_specs(node),
    46: lambda reader, node: [],
    47: LlrpReader._set_version,
    60: LlrpReader._get_report,
    64: LlrpReader._enable_events,
    72: lambda reader, node: [],
    1023: LlrpReader._custom,
}
_UNANSWERED = (60, 64, 72)
_NEGOTIATION = (46, 47)
_OURS = {4, 11, 12, 13, 61, 62, 63, 100, *range(30, 37), *range(50, 55), 56, 57}


def _response(type: int) -> int:
    """The type of its response."""
    return 4 if type == 14 else 1023 if type == 1023 else type + 10


def _attempt(status: int) -> Node:
    return make("ConnectionAttemptEvent", Status=status)


_SUCCESS = encode(make("LLRPStatus"))
