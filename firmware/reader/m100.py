"""The M100 UHF module over a UART: its name, its band and power, and one round of polling at a time; nothing waits.

"MagicRF M100 & QM100 firmware manual" V2.3. Every call is a generator that yields the ms for which it needs no turn,
and may raise ReaderGone: the next poll then wakes and sets the module anew.
"""

from edge import m100
from edge.errors import Malformed
from reader.errors import ReaderGone

TYPE_CHECKING = False
if TYPE_CHECKING:
    from reader.clock import Clock
    from reader.pn532 import Port, Task

try:
    from micropython import const
except ImportError:

    def const(value: "int") -> "int":
        return value


_SETTING_MS = const(100)  # to a command that asks no tag
_ROUND_MS = const(300)
_GAP_MS = const(
    60
)  # between the tags of a round: its frames of 16 slots; nothing tells where it ends
_WAKES = const(3)  # tries
_SENDS = const(3)  # of a setting
_MOST = const(640)  # bytes at once: a frame has 607 at most
_LONGEST_MASK = const(31)  # bytes
_EPC_BANK = const(1)
_EPC_BIT = const(32)  # where the EPC begins in it: behind CRC and PC
_Q = const(4)  # 2 ** Q slots, for all tags that are there

_FLUSH = bytes(
    80
)  # more than what may miss of the longest command that a former program left half sent

_SILENT = "UHF module silent: check its wires"


class M100:
    """region: one of edge.m100.REGIONS, "" leaves it as it is; dbm: 0 leaves it as it is."""

    def __init__(self, port: "Port", clock: "Clock", region: "str" = "", dbm: "int" = 0) -> None:
        self._port = port
        self._clock = clock
        self._region = region
        self._dbm = dbm
        self._frames = m100.Frames()
        self._awake = False
        self._aim: "bytes | None" = b""  # the EPC that is selected; None: every tag is

    def version(self) -> "Task[str]":
        """Wake it; its name."""
        self._awake = False
        for at in range(_WAKES):
            self._port.write(_FLUSH if at else b"\0")  # the byte that wakes it is lost
            answer = yield from self._ask(m100.info(m100.HARDWARE))
            if answer is not None and answer.command == m100.INFO:
                return m100.parse_info(answer.params)
        raise ReaderGone(_SILENT)

    def wake(self) -> "Task[None]":
        """Out of any state, to band and power."""
        yield from self.version()
        if self._region:
            yield from self._set(m100.set_region(m100.REGIONS.index(self._region)))
        if self._dbm:
            yield from self._set(m100.set_power(self._dbm))
        self._aim = b""
        self._awake = True

    def poll(self, epc: "bytes | None" = None) -> "Task[tuple[bytes, int] | None]":
        """One round: (EPC, RSSI in dBm) of the tag with this EPC, else of the loudest one; None: it is not heard."""
        if not self._awake:
            yield from self.wake()
        if self._aim != epc:
            yield from self._select(epc)
        best: "tuple[bytes, int] | None" = None
        self._send(m100.single_poll())
        last = self._clock.ms() + _ROUND_MS
        until = last
        heard = False
        while True:
            data = yield from self._receive(until)
            now = self._clock.ms()
            if not data or now > last:
                break
            until = min(last, now + _GAP_MS)
            for frame in self._frames.receive(data):
                heard = True
                if frame.type != m100.NOTIFICATION:
                    return best
                try:
                    seen = m100.parse_seen(frame.params)
                except Malformed:
                    continue
                if epc in (None, seen.epc) and (best is None or best[1] < seen.rssi_dbm):
                    best = seen.epc, seen.rssi_dbm
        if not heard:
            self._awake = False  # it slept, or is gone: the next poll tells
        return best

    def sleep(self) -> "Task[None]":
        """Its supply current falls to some uA; the next poll wakes it."""
        if self._awake:
            self._awake = False
            yield from self._ask(m100.sleep())

    def _select(self, epc: "bytes | None") -> "Task[None]":
        """Only the tag with this EPC shall answer, in few slots; or all that are there."""
        self._aim = b""
        if epc is None or len(epc) > _LONGEST_MASK:
            yield from self._set(m100.set_select_mode(m100.NEVER))
            yield from self._set(m100.set_query(0, _Q))
        else:
            yield from self._set(m100.set_select(_EPC_BANK, _EPC_BIT, epc))
            yield from self._set(m100.set_select_mode(m100.ALWAYS))
            yield from self._set(m100.set_query(0, 0))
        self._aim = epc

    def _set(self, command: "bytes") -> "Task[None]":
        for _ in range(_SENDS):
            answer = yield from self._ask(command)
            if answer is not None and answer.command != m100.ERROR:
                return
            self._port.write(_FLUSH)
        self._awake = False
        raise ReaderGone(_SILENT)

    def _ask(self, command: "bytes") -> "Task[m100.Frame | None]":
        self._send(command)
        until = self._clock.ms() + _SETTING_MS
        while self._clock.ms() < until:
            for frame in self._frames.receive((yield from self._receive(until))):
                if frame.answers(command[2]):
                    return frame
        return None

    def _send(self, command: "bytes") -> "None":
        self._port.read(_MOST)
        self._frames.give_up()
        self._port.write(command)

    def _receive(self, until: "int") -> "Task[bytes]":
        """What has come, as soon as something has; b"" at that time."""
        while True:
            yield 1
            data = self._port.read(_MOST)
            if data or self._clock.ms() >= until:
                return data or b""
