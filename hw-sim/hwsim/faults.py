"""What goes wrong, by name and on purpose; every choice comes from one seed.

tear:at=3,bits=0f000000     the third write from now is cut: only the bits of the mask reach their new value
tear:page=40                ... the next write to page 40, a random subset of its bits
tear:rate=0.01              ... one write in a hundred, for ever (back=N: the tag returns N commands later)
tag_leaves:after=5          after five more exchanges with it the tag is gone (back=N: ditto)
noise:every=100             one bit of every hundredth byte flips (kind=insert|drop, side=in: what the host sends)
lost_ack:at=2               the chip's ACK of the second command from now never arrives
lost_answer:at=2            the ACK arrives, the answer does not
unplug:after=10             the port goes away when the tenth command comes (back_s=0.5: and returns)
second_tag:after=3          another tag joins when the third command comes
wrong_baud:baud=921600      the chip stands at another speed, as a crashed host leaves it
rf_buffer:size=64           the chip cannot hold a longer answer of a tag, and says error 07
"""

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

from hwsim import linefaults
from hwsim.chips import CHIPS
from hwsim.ntag import Tag

if TYPE_CHECKING:
    from hwsim.field import Field
    from hwsim.pn532 import Pn532


class Fault:
    """Every hook, doing nothing; `done` takes the fault off the list."""

    done = False

    def start(self, chip: "Pn532") -> None:
        """The fault meets its chip."""

    def command(self, chip: "Pn532") -> None:
        """A command has come; called before it runs."""

    def exchange(self, rf: "Field", armed: list["Fault"]) -> None:
        """The chip is about to send data to the selected tag."""

    def line_in(self, data: bytes, random: Random) -> bytes:
        return data

    def line_out(self, data: bytes, random: Random) -> bytes:
        return data

    def loses_ack(self) -> bool:
        return False

    def loses_answer(self) -> bool:
        return False

    def cut(self, page: int, random: Random) -> int | None:
        """The mask of bits that get written before the power goes, or None."""
        return None


@dataclass
class Tear(Fault):
    at: int = 1
    page: int = -1
    rate: float = 0.0
    bits: str = "random"
    back: int = 0

    def __post_init__(self) -> None:
        if self.bits != "random":
            try:
                int(self.bits, 16)
            except ValueError:
                raise ValueError(f"tear: bits={self.bits!r} is no hex") from None

    def cut(self, page: int, random: Random) -> int | None:
        if self.page not in (-1, page):
            return None
        if self.rate:
            if random.random() >= self.rate:
                return None
        else:
            self.at -= 1
            if self.at > 0:
                return None
            self.done = True
        return random.getrandbits(32) if self.bits == "random" else int(self.bits, 16)


@dataclass
class TagLeaves(Fault):
    after: int = 0
    back: int = 0

    def exchange(self, rf: "Field", armed: list["Fault"]) -> None:
        if self.after > 0:
            self.after -= 1
            return
        self.done = True
        for tag in rf.leave():
            if self.back:
                armed.append(Return(tag, self.back))


@dataclass
class Return(Fault):
    """Not by name: brings a tag back that another fault took away."""

    tag: Tag
    after: int

    def command(self, chip: "Pn532") -> None:
        self.after -= 1
        if self.after <= 0:
            self.done = True
            chip.field.arrive(self.tag)


class Noise(linefaults.Noise, Fault):
    pass


class LostAnswer(linefaults.LostAnswer, Fault):
    pass


class Unplug(linefaults.Unplug, Fault):
    pass


@dataclass
class LostAck(Fault):
    at: int = 1

    def loses_ack(self) -> bool:
        self.at -= 1
        self.done = self.at <= 0
        return self.done


@dataclass
class SecondTag(Fault):
    after: int = 1
    tag: str = "ntag215"

    def __post_init__(self) -> None:
        if self.tag not in CHIPS:
            raise ValueError(f"no chip {self.tag!r}: known are {', '.join(CHIPS)}")

    def command(self, chip: "Pn532") -> None:
        self.after -= 1
        if self.after <= 0:
            self.done = True
            chip.field.arrive(Tag(CHIPS[self.tag], chip.faults.make_uid()))


@dataclass
class WrongBaud(Fault):
    baud: int = 921600
    done = True

    def start(self, chip: "Pn532") -> None:
        chip.stand_at(self.baud)


@dataclass
class RfBuffer(Fault):
    size: int = 64


_NAMES: dict[str, type[Fault]] = {
    "tear": Tear,
    "tag_leaves": TagLeaves,
    "noise": Noise,
    "lost_ack": LostAck,
    "lost_answer": LostAnswer,
    "unplug": Unplug,
    "second_tag": SecondTag,
    "wrong_baud": WrongBaud,
    "rf_buffer": RfBuffer,
}


class Faults:
    """The faults that are armed, and the one source of chance."""

    def __init__(self, seed: int = 0) -> None:
        self.random = Random(seed)
        self.armed: list[Fault] = []

    def add(self, name: str, args: Mapping[str, object]) -> Fault:
        """Make a fault and arm it; ValueError says which names and arguments there are."""
        kind = _NAMES.get(name)
        if kind is None:
            raise ValueError(f"no fault {name!r}: known are {', '.join(_NAMES)}")
        fault = kind(**linefaults.arguments(name, kind, args))
        self.armed.append(fault)
        return fault

    def make_uid(self) -> bytes:
        """A UID of NXP, from the seed."""
        return b"\x04" + self.random.randbytes(6)

    def command(self, chip: "Pn532") -> None:
        for fault in tuple(self.armed):
            fault.command(chip)
        self._clear()

    def exchange(self, rf: "Field") -> None:
        for fault in tuple(self.armed):
            fault.exchange(rf, self.armed)
        self._clear()

    def line_in(self, data: bytes) -> bytes:
        for fault in self.armed:
            data = fault.line_in(data, self.random)
        return data

    def line_out(self, data: bytes) -> bytes:
        for fault in self.armed:
            data = fault.line_out(data, self.random)
        return data

    def loses_ack(self) -> bool:
        return self._any([fault.loses_ack() for fault in self.armed])

    def loses_answer(self) -> bool:
        return self._any([fault.loses_answer() for fault in self.armed])

    def cut(self, tag: Tag, page: int, old: bytes, new: bytes) -> bytes | None:
        """What is left in the page where a fault cuts the tag's power while it is programmed, else None."""
        for fault in self.armed:
            mask = fault.cut(page, self.random)
            if mask is not None:
                if isinstance(fault, Tear) and fault.back:
                    self.armed.append(Return(tag, fault.back))
                self._clear()
                return torn(tag, page, old, new, mask)
        return None

    def rf_buffer_size(self, size: int) -> int:
        """The longest answer of a tag that the chip can hold."""
        return min([size, *(fault.size for fault in self.armed if isinstance(fault, RfBuffer))])

    def _any(self, fired: list[bool]) -> bool:
        self._clear()
        return any(fired)

    def _clear(self) -> None:
        self.armed = [fault for fault in self.armed if not fault.done]


def torn(tag: Tag, page: int, old: bytes, new: bytes, mask: int) -> bytes:
    """The page where only the bits of `mask` (32 bit, first byte highest) reached their new value.

    A page that the chip writes tearing-proof is wholly new where the mask has any bit, else wholly old.
    """
    if tag.is_tear_proof(page):
        return new if mask else old
    was, wanted = int.from_bytes(old, "big"), int.from_bytes(new, "big")
    return (was ^ ((was ^ wanted) & mask)).to_bytes(4, "big")
