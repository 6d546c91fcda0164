"""What goes wrong with RAIN tags and with a module's line, by name and on purpose; every choice comes from one seed.

tear:at=3                   the third word written from now is cut: a random mix of old, new and garbage bits stays
tear:at=3,bits=0f00         ... only the bits of the mask reach their new value (0000: before it, ffff: after it)
tear:word=40,bank=3         ... the next write to word 40 of the USER bank
tear:rate=0.01              ... one word in a hundred, for ever (back=N: the tag returns N commands later)
tag_leaves:after=5          after five more access commands the tag is gone (back=N: ditto)
weak:rate=0.1               one write in ten finds too little power (after=N: beginning N writes from now)
missed:rate=0.2             one tag in five is not heard in a round
noise:every=100             one bit of every hundredth byte flips (kind=insert|drop, side=in: what the host sends)
lost_answer:at=2            the second answer from now never arrives
unplug:after=10             the port goes away when the tenth command comes (back_s=0.5: and returns)
"""

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random

from hwsim import linefaults
from hwsim.gen2tag import RainTag
from hwsim.linefaults import Device


class Fault:
    """Every hook, doing nothing; `done` takes the fault off the list."""

    done = False
    back = 0  # commands until a tag that it took returns; 0: never

    def command(self, device: Device) -> None:
        """A command has come to the reader; called before it runs."""

    def takes(self, tag: RainTag) -> int | None:
        """Asked before each access command: is the tag gone? 0 for ever, else how many commands later it returns."""
        return None

    def is_weak(self, random: Random) -> bool:
        """Asked before each write."""
        return False

    def misses(self, random: Random) -> bool:
        """Asked for each tag of a round."""
        return False

    def cut(self, bank: int, word: int, old: int, new: int, random: Random) -> int | None:
        """What is left of the word where the power goes now, or None."""
        return None

    def line_in(self, data: bytes, random: Random) -> bytes:
        return data

    def line_out(self, data: bytes, random: Random) -> bytes:
        return data

    def loses_answer(self) -> bool:
        return False


@dataclass
class Tear(Fault):
    at: int = 1
    word: int = -1
    bank: int = -1
    rate: float = 0.0
    bits: str = "random"
    back: int = 0

    def __post_init__(self) -> None:
        if self.bits != "random":
            try:
                int(self.bits, 16)
            except ValueError:
                raise ValueError(f"tear: bits={self.bits!r} is no hex") from None

    def cut(self, bank: int, word: int, old: int, new: int, random: Random) -> int | None:
        if self.word not in (-1, word) or self.bank not in (-1, bank):
            return None
        if self.rate:
            if random.random() >= self.rate:
                return None
        else:
            self.at -= 1
            if self.at > 0:
                return None
            self.done = True
        if self.bits != "random":
            return old ^ (old ^ new) & int(self.bits, 16)
        garbage = random.getrandbits(16) & random.getrandbits(16)
        return old ^ (old ^ new) & random.getrandbits(16) ^ garbage


@dataclass
class TagLeaves(Fault):
    after: int = 0
    back: int = 0

    def takes(self, tag: RainTag) -> int | None:
        if self.after > 0:
            self.after -= 1
            return None
        self.done = True
        return self.back


@dataclass
class Weak(Fault):
    rate: float = 1.0
    after: int = 0

    def is_weak(self, random: Random) -> bool:
        if self.after > 0:
            self.after -= 1
            return False
        return random.random() < self.rate


@dataclass
class Missed(Fault):
    rate: float = 0.1

    def misses(self, random: Random) -> bool:
        return random.random() < self.rate


class Noise(linefaults.Noise, Fault):
    pass


class LostAnswer(linefaults.LostAnswer, Fault):
    pass


class Unplug(linefaults.Unplug, Fault):
    pass


TAG_FAULTS: dict[str, type[Fault]] = {
    "tear": Tear,
    "tag_leaves": TagLeaves,
    "weak": Weak,
    "missed": Missed,
}
LINE_FAULTS: dict[str, type[Fault]] = {
    "noise": Noise,
    "lost_answer": LostAnswer,
    "unplug": Unplug,
}


class RainFaults:
    """The faults that are armed, and the one source of chance.

    kinds: the faults that this reader knows by name; TAG_FAULTS are the field's, the others a reader's own.
    """

    def __init__(self, seed: int = 0, kinds: Mapping[str, type[Fault]] = TAG_FAULTS) -> None:
        self.random = Random(seed)
        self.kinds = kinds
        self.armed: list[Fault] = []

    def add(self, name: str, args: Mapping[str, object]) -> Fault:
        """Make a fault and arm it; ValueError says which names and arguments there are."""
        kind = self.kinds.get(name)
        if kind is None:
            raise ValueError(f"no fault {name!r}: known are {', '.join(self.kinds)}")
        fault = kind(**linefaults.arguments(name, kind, args))
        self.armed.append(fault)
        return fault

    def command(self, device: Device) -> None:
        for fault in self.armed:
            fault.command(device)
        self.clear()

    def line_in(self, data: bytes) -> bytes:
        for fault in self.armed:
            data = fault.line_in(data, self.random)
        return data

    def line_out(self, data: bytes) -> bytes:
        for fault in self.armed:
            data = fault.line_out(data, self.random)
        return data

    def loses_answer(self) -> bool:
        lost = [fault.loses_answer() for fault in self.armed]
        self.clear()
        return any(lost)

    def is_weak(self) -> bool:
        return any(fault.is_weak(self.random) for fault in self.armed)

    def misses(self) -> bool:
        return any(fault.misses(self.random) for fault in self.armed)

    def clear(self) -> None:
        """Drop what has happened."""
        self.armed = [fault for fault in self.armed if not fault.done]
