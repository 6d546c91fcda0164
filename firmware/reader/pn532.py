"""The PN532 reader chip over a UART or SPI: wake it, look for a tag, read and write its pages; nothing here waits.

NXP UM0701-02. Every call is a generator that yields the ms for which it needs no turn, and may raise ReaderGone: the
chip is then woken by the next look, from its reset pin on. Backoff says when that is to be.

Targets are listed one at a time (firmware 1.6 answers every second command only where two are). A second tag shows
itself when the field is listed again: the selected tag takes that REQA as an error and falls silent, and the other
one answers in its place.
"""

from edge import pn532
from edge.errors import Malformed
from edge.exchange import A_FEW, LIST, TIMINGS, Exchange, retries
from edge.runs import WRITE, Runs
from edge.type2 import PAGE
from reader.errors import DeviceTrouble, ReaderGone, TagGone, TagRefused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from typing import Protocol, TypeAlias, TypeVar

    from reader.clock import Clock

    T = TypeVar("T")
    Task: TypeAlias = "Generator[int, None, T]"

    class Port(Protocol):
        def read(self, n_max: int) -> "bytes | None":
            """What has come; never waits. It keeps a whole frame, 275 bytes, until it is asked."""

        def write(self, data: bytes) -> "object": ...


try:
    from micropython import const
except ImportError:

    def const(value: "int") -> "int":
        return value


_ACK_MS = const(60)  # within 15 (UM0701-02, 6.2.1.3); a busy host's simulator is slower
_ANSWER_MS = const(300)  # the longest frame takes 24, a tag's slowest answer 13
_GAP_MS = const(10)
_RESET_MS = const(10)
_OSCILLATOR_MS = const(3)  # from the first edges to the first command; 2 on silicon
_MOST = const(300)  # bytes at once: a frame has 275
_WRITES = const(
    2
)  # of a page that the tag answers by NAK, or by noise; a page may be written twice
_TARGET = const(1)  # the number that the chip gives to its only target
_WAKE_UP_BY = const(0x30)  # HSU and SPI
_BACKOFF_MS = const(100)
_LONGEST_MS = const(5000)

_DONE = b"\x00"  # status


class Pn532:
    """reset: sets the level of the pin RSTPDN, False holds the chip in reset; None where it is not wired.

    firmware: the answer to GetFirmwareVersion, once awake. bus_errors, resets: counted since the start.
    """

    def __init__(
        self, port: "Port", reset: "Callable[[bool], object] | None", clock: "Clock"
    ) -> None:
        self.firmware = b""
        self.resets = 0
        self._port = port
        self._reset = reset
        self._clock = clock
        self._exchange = Exchange(clock.ms, _ACK_MS, _ANSWER_MS, _GAP_MS)
        self._runs = Runs(pn532.THRU // PAGE)
        self._awake = False
        self._lost = True  # what the chip does is not known
        self._uid = b""  # of the selected tag
        self._alone = False  # it was, when last looked after

    @property
    def bus_errors(self) -> "int":
        return self._exchange.faults

    def wake(self) -> "Task[None]":
        """Out of any state; the field stays off until the first look."""
        self._awake, self._uid = False, b""
        for again in range(2):
            if self._lost:
                yield from self._pulse()
            if again:
                self._port.write(bytes(_MOST))  # ends what was left half sent
                yield _MOST // 10
            exchange = self._exchange
            exchange.forget()
            self._port.write(pn532.WAKEUP)
            yield _OSCILLATOR_MS
            self._port.read(_MOST)
            if (yield from self._drive(exchange.ask(pn532.sam_configuration()))) is not None:
                break
            self._lost = True
        else:
            raise ReaderGone("reader silent: check its wires")
        self._awake = True
        self._lost = False
        self.firmware = yield from self._ask(pn532.get_firmware_version())
        yield from self._ask(TIMINGS)
        yield from self._ask(retries(A_FEW))

    def idle(self) -> "Task[None]":
        """Field off, chip in PowerDown; the next look wakes it."""
        if self._awake:
            yield from self._ask(pn532.power_down(_WAKE_UP_BY))
            self._awake, self._uid = False, b""

    def target(self) -> "Task[pn532.Target | None]":
        """One look: the tag that is there, selected."""
        if not self._awake:
            yield from self.wake()
        found = yield from self._listed()
        self._uid, self._alone = b"", False
        if found is not None:
            self._uid = found.uid
            self._runs.begin(found.uid)
        return found

    def present(self) -> "Task[bool]":
        """Is the selected tag still there? DeviceTrouble where a second one is, too."""
        if not self._uid:
            return False
        found = yield from self._listed()
        if found is not None and found.uid != self._uid:
            found = yield from self._listed()
            if found is not None and found.uid == self._uid:
                raise DeviceTrouble("two tags: leave one")
        if found is None or found.uid != self._uid:
            self._uid, self._alone = b"", False
        return bool(self._uid)

    def pages(self, first: "int", count: "int") -> "Task[bytes]":
        """4 * count bytes, fewer where the memory ends; TagGone, TagRefused."""
        self._selected(first)
        data = yield from self._on_tag(self._runs.read(first, count))
        if not data:
            raise TagRefused(f"page {first} cannot be read", first)
        return data

    def version(self) -> "Task[bytes]":
        """GET_VERSION, 8 bytes; b"" where the tag does not know it. TagGone."""
        self._selected(0)
        return (yield from self._on_tag(self._runs.version()))

    def write(self, page: "int", data: "bytes") -> "Task[None]":
        """4 bytes; TagGone, TagRefused, DeviceTrouble where a second tag is in the field."""
        if not self._alone:
            yield from self._again(page)
            self._alone = True
        command = pn532.in_data_exchange(_TARGET, bytes((WRITE, page)) + data)
        for _ in range(_WRITES):
            answer = yield from self._ask(command)
            if answer[:1] == _DONE:
                return
            yield from self._again(page)
        raise TagRefused(f"page {page} refused: locked?", page)

    def _selected(self, page: "int") -> "None":
        if not self._uid:
            raise TagGone("tag gone: hold it still", page)

    def _again(self, page: "int") -> "Task[None]":
        """Select the tag again."""
        yield from self.present()
        self._selected(page)

    def _listed(self) -> "Task[pn532.Target | None]":
        try:
            targets = pn532.parse_targets((yield from self._ask(LIST)))
        except Malformed:
            return None
        return targets[0] if targets else None

    def _on_tag(self, steps: "Generator[bytes | int, bytes | None, bytes]") -> "Task[bytes]":
        """What edge.runs wants of the tag."""
        try:
            step = next(steps)
            while True:
                if isinstance(step, bytes):
                    answer = yield from self._ask(pn532.in_communicate_thru(step))
                    step = steps.send(answer[1:] if answer[:1] == _DONE else None)
                else:
                    yield from self._again(step)
                    step = next(steps)
        except StopIteration as done:
            read: "bytes" = done.value
            return read

    def _ask(self, command: "bytes") -> "Task[bytes]":
        if not self._awake:
            raise ReaderGone("reader asleep")
        answer = yield from self._drive(self._exchange.ask(command))
        if answer is None:
            self._awake, self._lost, self._uid = False, True, b""
            raise ReaderGone("reader silent: check its wires")
        return answer

    def _drive(self, steps: "Generator[bytes | int, bytes, bytes | None]") -> "Task[bytes | None]":
        """What edge.exchange wants of the line."""
        port, ms = self._port, self._clock.ms
        try:
            step = next(steps)
            while True:
                if isinstance(step, bytes):
                    port.write(step)
                    step = next(steps)
                    continue
                yield 0
                data = port.read(_MOST)
                while not data and ms() < step:
                    yield 1
                    data = port.read(_MOST)
                step = steps.send(data or b"")
        except StopIteration as done:
            answer: "bytes | None" = done.value
            return answer

    def _pulse(self) -> "Task[None]":
        if self._reset is not None:
            self.resets += 1
            self._reset(False)
            yield _RESET_MS
            self._reset(True)
            yield _RESET_MS


class Backoff:
    """How long to leave a mute chip alone: 0.1 s, then twice as long each time, up to 5 s."""

    def __init__(self) -> None:
        self._ms: "int" = _BACKOFF_MS

    def failed(self) -> "int":
        """ms until it may be woken again."""
        ms = self._ms
        self._ms = min(2 * ms, _LONGEST_MS)
        return ms

    def succeeded(self) -> "None":
        self._ms = _BACKOFF_MS
