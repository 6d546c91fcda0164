"""A bar code scanner: what it has before it, its trigger, and what it says to its host, in a maker's dialect."""

from collections import deque
from dataclasses import dataclass, field
from random import Random

from hwsim import linefaults
from hwsim.clock import Clock
from hwsim.scanner_dialects import Code, Dialect, Heard, Setting
from hwsim.scanner_makes import MAKES
from hwsim.scanner_ssi import sent_again

_FLOOD_US = 1000.0  # between two bursts
_BURST = 16_384  # bytes
_MOST_WAITING = 1000  # messages


@dataclass
class Wait:
    """See hwsim.port.Wait."""

    deadline_us: float | None


class Fault:
    """Every hook, doing nothing; `done` takes the fault off the list."""

    done = False

    def line_out(self, data: bytes, random: Random) -> bytes:
        return data

    def blinds(self) -> bool:
        """A cycle begins, and it will find nothing."""
        return False

    def command(self, device: "Scanner") -> None:
        """The trigger is pulled."""


class Noise(linefaults.Noise, Fault):
    """One bit of every `every`th byte flips (kind=insert|drop)."""


class Unplug(linefaults.Unplug, Fault):
    """The connection goes when the trigger is pulled for the `after`th time (back_s: and returns)."""


@dataclass
class NoRead(Fault):
    """Each `every`th cycle finds nothing."""

    every: int = 10
    passed: int = field(init=False, default=0)

    def blinds(self) -> bool:
        self.passed += 1
        return self.passed % max(1, self.every) == 0


@dataclass
class Garbage(Fault):
    """So many random bytes stand before each `every`th thing that it says."""

    every: int = 5
    size: int = 20
    passed: int = field(init=False, default=0)

    def line_out(self, data: bytes, random: Random) -> bytes:
        self.passed += 1
        return data if self.passed % max(1, self.every) else random.randbytes(self.size) + data


FAULTS: dict[str, type[Fault]] = {
    "noise": Noise,
    "unplug": Unplug,
    "no_read": NoRead,
    "garbage": Garbage,
}


class Scanner:
    """A Device of hwsim.port. timeout_us: a cycle ends by itself then; None: only its trigger ends it."""

    def __init__(
        self,
        preset: str,
        setting: Setting | None = None,
        timeout_us: float | None = None,
        seed: int = 0,
    ) -> None:
        made = MAKES[preset]
        self.setting = setting or Setting(
            aim=made.aim, none=made.none, end=made.end, replies=made.replies
        )
        self.clock = Clock()
        self.unplugged = False
        self.replug_after_s = 0.0
        self.baud = 115_200
        self.next_baud: int | None = None
        self.wait: Wait | None = None
        self.view: list[Code] = []
        self.flood_left = 0  # messages
        self.counts = {"triggers": 0, "reads": 0, "no_reads": 0, "acks": 0, "naks": 0}
        self.faults: list[Fault] = []
        self.random = Random(seed)
        self._make = made
        self._timeout_us = timeout_us
        self._dialect: Dialect = made.dialect(self.setting)
        self._is_on = False
        self._out: list[bytes] = []
        self._unacked: bytes | None = None
        self._waiting: deque[bytes] = deque(maxlen=_MOST_WAITING)

    # -- what happens to it --

    def scan(self, code: Code) -> None:
        """It reads this code now, whatever its trigger does; that ends a cycle."""
        self._end()
        self.counts["reads"] += 1
        self._tell(self._dialect.read(code))

    def miss(self) -> None:
        """It ends its cycle without a code."""
        self._end()
        self.counts["no_reads"] += 1
        self._tell(self._dialect.no_read())

    def say(self, data: bytes) -> None:
        """These bytes and no others, at once."""
        self._send(data)

    def flood(self, messages: int) -> None:
        """Say so many codes as fast as the wire takes them; 0: no more."""
        self.flood_left = messages
        self.wait = Wait(self.clock.now_us) if messages else None

    # -- the port's side --

    def answers(self, data: bytes) -> list[tuple[float, bytes]]:
        self.clock.uart_in(len(data), self.baud)
        for heard in self._dialect.hear(data):
            self._do(heard)
        return self._sent()

    def poll(self) -> list[tuple[float, bytes]]:
        now_us = self.clock.now_us
        due = (
            self.wait is not None
            and self.wait.deadline_us is not None
            and now_us >= self.wait.deadline_us
        )
        if due and self.flood_left:
            self._burst(now_us)
        elif due and self._is_on:
            self.miss()
        return self._sent()

    def take_next_baud(self) -> None:
        raise AssertionError("it has one speed only")

    def power_cycle(self) -> None:
        """As new, but for what stands before it."""
        self._dialect = self._make.dialect(self.setting)
        self._end()
        self._out.clear()
        self._waiting.clear()
        self._unacked, self.flood_left = None, 0

    def _do(self, heard: Heard) -> None:
        match heard.word:
            case "on":
                self.clock.commands += 1
                self._send(heard.refuse if self._is_on else heard.accept)
                if not self._is_on:
                    self._pull()
            case "off":
                was_on = self._is_on
                self._send(heard.accept if was_on else heard.refuse)
                if was_on:
                    self.miss()
            case "ack":
                self.counts["acks"] += 1
                self._next()
            case "nak":
                self.counts["naks"] += 1
                if self._unacked is not None:
                    self._send(sent_again(self._unacked))
            case _:
                self._send(heard.accept)

    def _pull(self) -> None:
        self.counts["triggers"] += 1
        self._is_on = True
        for fault in self.faults:
            fault.command(self)
        blind = sum(fault.blinds() for fault in self.faults) > 0  # each of them counts
        self.faults = [fault for fault in self.faults if not fault.done]
        if self.view and not blind:
            for code in self.view:
                self.scan(code)
        elif self._timeout_us is not None:
            self.wait = Wait(self.clock.now_us + self._timeout_us)

    def _end(self) -> None:
        self._is_on = False
        if not self.flood_left:
            self.wait = None

    def _burst(self, now_us: float) -> None:
        said = 0
        while self.flood_left and said < _BURST:
            self.flood_left -= 1
            messages = self._dialect.read(Code(b"FLOOD%08d" % self.flood_left, "]C0", 3))
            for each in messages:
                self._send(each)
                said += len(each)
        self.wait = Wait(now_us + _FLOOD_US) if self.flood_left else None

    def _tell(self, messages: list[bytes]) -> None:
        if not self._dialect.waits:
            for each in messages:
                self._send(each)
            return
        self._waiting += messages
        if self._unacked is None:
            self._next()

    def _next(self) -> None:
        self._unacked = self._waiting.popleft() if self._waiting else None
        if self._unacked is not None:
            self._send(self._unacked)

    def _send(self, data: bytes) -> None:
        for fault in self.faults:
            data = fault.line_out(data, self.random)
        if data:
            self.clock.uart_out(len(data), self.baud)
            self._out.append(data)

    def _sent(self) -> list[tuple[float, bytes]]:
        sent = [(self.clock.now_us, data) for data in self._out]
        self._out.clear()
        return sent
