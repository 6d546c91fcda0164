"""What every RAIN reader can do: an asyncio port over which gateway/readers/rain.py makes a station's reader."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Protocol

from gateway.model import GpiChange, Select, Sighting
from gateway.model import Inventory as Inventory

_BANKS = ("RESERVED", "EPC", "TID", "USER")


def words_of(bank: int, first: int, last: int) -> str:
    """Words of a tag as the errors of every port name them."""
    words = f"word {first}" if first == last else f"words {first} to {last}"
    return f"{words} of bank {_BANKS[bank]}"


@dataclass(frozen=True)
class RainLimits:
    """What the reader told of itself. block_write: whether it has the command; words: of one access at most."""

    model: str
    antennas: int
    power_dbm: tuple[float, float]  # least, most
    block_write: bool
    read_words: int
    write_words: int
    gpis: int = 0
    gpos: int = 0


class RainPort(Protocol):
    """One user at a time: watch() ends before an access begins. Any call may raise ReaderGone: then close and open.

    Accesses single out their tag by `select` and wait for it up to the port's own access time: TagGone after that.
    """

    @property
    def limits(self) -> RainLimits:
        """What the open reader can do."""

    async def open(self) -> None:
        """Connect, learn the limits, clear what a former user left. ReaderGone, ReaderBusy."""

    async def close(self) -> None:
        """Leave the reader silent. Never raises; closing twice is harmless."""

    def watch(self, want: Inventory) -> AsyncGenerator[list[Sighting | GpiChange], None]:
        """Look for tags until the generator is closed: what the reader reports, as it comes. CannotDo."""

    async def inventory(self, want: Inventory, duration_s: float) -> list[Sighting]:
        """Look for tags for so long: every report. CannotDo."""

    async def read(
        self, select: Select, bank: int, word: int, count: int, password: int = 0
    ) -> bytes:
        """2 * count bytes of one tag. TagGone; TagTooSmall, TagLocked, WrongPassword."""

    async def write(
        self,
        select: Select,
        bank: int,
        word: int,
        data: bytes,
        password: int = 0,
        block_words: int | None = None,
    ) -> None:
        """A run of whole words of one tag, chunked as reader and tag ask, in order, resumed where the tag came back.

        block_words: which the chip takes in one BlockWrite; 0: none; None: as its TID says, where `select` is by TID.
        TagGone or TagRefused: `page` is the place of the first word that is not known to stand as written.
        """

    async def lock(self, select: Select, mask: int, action: int, password: int = 0) -> None:
        """Gen2 Lock with 10 bits of mask and action each (edge.gen2.lock_payload)."""

    async def permalock(
        self, select: Select, word: int, count: int, block_words: int, password: int = 0
    ) -> None:
        """Lock USER words for ever, in whole blocks (Gen2 BlockPermalock). CannotDo where the reader lacks it."""

    async def kill(self, select: Select, password: int) -> None:
        """Kill one tag for ever; password 0 is refused by every tag."""

    async def set_gpo(self, port: int, level: bool) -> None:
        """Switch a general purpose output. CannotDo."""
