"""A RainPort straight over simulated tags, without a wire: for what is not about the wire."""

import asyncio
from collections.abc import AsyncGenerator

from edge import gen2
from gateway.model import (
    CannotDo,
    GpiChange,
    Inventory,
    LowPower,
    ReaderGone,
    Select,
    Sighting,
    TagGone,
    TagLocked,
    TagRefused,
    TagTooSmall,
    WrongPassword,
)
from gateway.readers.rainport import RainLimits
from hwsim import gen2tag
from hwsim.gen2tag import RainTag
from hwsim.rainfield import Heard, RainField

_ROUND_S = 0.05
_EMPTY_ROUND_S = 3.0  # long enough for a tag to count as gone
_TID_WORDS = 6
_REFUSALS = {
    gen2tag.MEMORY_OVERRUN: (TagTooSmall, "its memory ends before"),
    gen2tag.MEMORY_LOCKED: (TagLocked, "the tag is locked at"),
    gen2tag.INSUFFICIENT_POWER: (LowPower, "not enough power to write"),
}


class FieldPort:
    """A RainPort on a simulated field. Time is virtual: `ticks` runs while it looks."""

    def __init__(
        self,
        tags: RainField,
        tells_tid: bool = True,
        seen_at: float = 0.0,
        tells_pc: bool = True,
    ) -> None:
        self.tags = tags
        self.seen_at = seen_at  # Unix seconds of every sighting
        self.tells_tid = tells_tid
        self.tells_pc = tells_pc
        self.ticks_s = 0.0
        self.is_plugged = True
        self.opened = 0
        self.looks = 0
        self.writes: list[tuple[int, bytes]] = []
        self.limits = RainLimits("simulated", 4, (10.0, 30.0), True, 32, 32)

    def ticks(self) -> float:
        return self.ticks_s

    async def open(self) -> None:
        self._plugged()
        self.opened += 1

    async def close(self) -> None:
        pass

    async def watch(self, want: Inventory) -> AsyncGenerator[list[Sighting | GpiChange], None]:
        self.looks += 1
        while True:
            self._plugged()
            seen = self._round(want)
            self.ticks_s += _ROUND_S if seen else _EMPTY_ROUND_S
            if seen:
                yield seen
            await asyncio.sleep(0)

    async def inventory(self, want: Inventory, duration_s: float) -> list[Sighting]:
        self._plugged()
        return self._round(want)

    async def read(
        self, select: Select, bank: int, word: int, count: int, password: int = 0
    ) -> bytes:
        place = gen2.place(bank, word)
        tag = self._single(select, place, password)
        return self._answer(tag.read(bank, word, count), place)

    async def write(
        self,
        select: Select,
        bank: int,
        word: int,
        data: bytes,
        password: int = 0,
        block_words: int | None = None,
    ) -> None:
        tag = self._single(select, gen2.place(bank, word), password)
        self.writes.append((gen2.place(bank, word), data))
        heard = self._heard(tag, gen2.place(bank, word))
        for at in range(len(data) // 2):
            place = gen2.place(bank, word + at)
            if not self.tags.still_there(heard):
                raise TagGone("the tag left", place)
            self._answer(tag.write(bank, word + at, data[2 * at : 2 * at + 2]), place)

    async def lock(self, select: Select, mask: int, action: int, password: int = 0) -> None:
        tag = self._single(select, 0, password)
        if not self.tags.still_there(self._heard(tag, 0)):
            raise TagGone("the tag left", 0)
        self._answer(tag.lock(mask, action), 0)

    async def permalock(
        self, select: Select, word: int, count: int, block_words: int, password: int = 0
    ) -> None:
        raise CannotDo("a field without a reader cannot do that")

    async def kill(self, select: Select, password: int) -> None:
        raise CannotDo("a field without a reader cannot do that")

    async def set_gpo(self, port: int, level: bool) -> None:
        raise CannotDo("a field without a reader cannot do that")

    def _plugged(self) -> None:
        if not self.is_plugged:
            raise ReaderGone("unplugged")

    def _round(self, want: Inventory) -> list[Sighting | GpiChange]:
        self.tags.command()
        found: list[Sighting | GpiChange] = []
        for antenna in want.antennas or range(1, self.tags.antennas + 1):
            for heard in self.tags.heard(antenna, want.power_dbm or 30.0):
                if want.select is None or _matches(heard.tag, want.select):
                    found.append(self._sighting(heard, antenna))
        return found

    def _sighting(self, heard: Heard, antenna: int) -> Sighting:
        tag = heard.tag
        known = tag.tid[: 2 * _TID_WORDS] if self.tells_tid else b""
        pc = tag.pc if self.tells_pc else 0
        return Sighting(tag.epc, known, antenna, heard.rssi_dbm, self.seen_at, pc=pc)

    def _single(self, select: Select, place: int, password: int) -> RainTag:
        self._plugged()
        self.tags.command()
        found = [tag for tag in self.tags.present if _matches(tag, select)]
        if not found or not self.tags.still_there(self._heard(found[0], place)):
            raise TagGone("no such tag answers", place)
        tag = found[0]
        tag.singulate()
        if password and tag.access(password) is None:
            raise WrongPassword("the tag did not take the access password", place)
        return tag

    def _heard(self, tag: RainTag, place: int) -> Heard:
        for antenna in self.tags.antennas_of(tag):
            heard = self.tags.look(tag, antenna)
            if heard is not None:
                return heard
        raise TagGone("the tag is out of reach", place)

    def _answer(self, answer: bytes | int | None, place: int) -> bytes:
        if answer is None:
            raise TagGone("the tag left", place)
        if isinstance(answer, int):
            kind, why = _REFUSALS.get(answer, (TagRefused, "refused"))
            raise kind(f"{why} word {gen2.word_of(place)} of bank {gen2.bank_of(place)}", place)
        return answer


def _matches(tag: RainTag, select: Select) -> bool:
    return tag.matches(select.bank, select.bit, 8 * len(select.mask), select.mask)
