"""A RAIN station for a test: our reader straight over simulated tags, without a wire; a journal, a trusted key."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random

import pytest
from production_line import NOW, Time, commissioning, updating

from edge import gen2, gen2chips, tid
from edge.trust import Entry, TrustList
from gateway.journal import Journal
from gateway.keys import DeviceKey
from gateway.model import (
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
from gateway.readers.rain import Choice, RainReader
from gateway.readers.rainport import RainLimits
from gateway.stations.orders import Order
from gateway.stations.post import Post
from gateway.stations.result import Result
from gateway.stations.station import Job, Station
from gateway.stations.verify import verify_one
from hwsim import gen2tag
from hwsim.air import AirClock
from hwsim.gen2chips import by_name
from hwsim.gen2tag import RainTag
from hwsim.rainfaults import RainFaults
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

    def __init__(self, tags: RainField, tells_tid: bool = True) -> None:
        self.tags = tags
        self.tells_tid = tells_tid
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
        self, select: Select, bank: int, word: int, data: bytes, password: int = 0
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
        raise NotImplementedError

    async def kill(self, select: Select, password: int) -> None:
        raise NotImplementedError

    async def set_gpo(self, port: int, level: bool) -> None:
        raise NotImplementedError

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
        return Sighting(tag.epc, known, antenna, heard.rssi_dbm, NOW, pc=tag.pc)

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


@dataclass
class RainLine:
    """One reader and what a test does at it. A tag is named by its number; it is made where it is new."""

    port: FieldPort
    post: Post
    folder: Path
    time: Time
    tags: dict[int, RainTag] = field(default_factory=dict)
    station: Station = field(init=False)

    def __post_init__(self) -> None:
        self.station = Station(self.post, dedupe_s=0)

    @property
    def journal(self) -> Journal:
        assert self.post.journal is not None
        return self.post.journal

    @property
    def reader(self) -> RainReader:
        assert isinstance(self.post.reader, RainReader)
        return self.post.reader

    def tag(self, number: int = 1, chip: str = "monzax8k") -> RainTag:
        if number not in self.tags:
            self.tags[number] = gen2tag.make(by_name(chip), Random(number))
        return self.tags[number]

    def id(self, number: int = 1) -> bytes:
        return tid.identity(self.tag(number).tid)

    def kinds(self) -> list[str]:
        return [row.kind for row in self.journal.after(0, 1000)]

    def last(self) -> dict[str, object]:
        return self.journal.tail(1)[0].content()

    def add(self, number: int = 1, chip: str = "monzax8k", rssi_dbm: float = -50.0) -> None:
        """Put a tag into the field, beside those that are there."""
        self.port.tags.arrive(self.tag(number, chip), 1, rssi_dbm)

    def show(self, number: int = 1, chip: str = "monzax8k") -> None:
        self.take()
        self.add(number, chip)

    def take(self) -> None:
        self.port.tags.leave()

    def fault(self, name: str, **args: object) -> None:
        self.port.tags.faults.add(name, args)

    async def serve(self, job: Job) -> Result:
        """Serve the tag that is shown, then take it away for long enough."""
        result = await self.station.serve(job, idle_s=10)
        assert result is not None
        self.take()
        await self.station.left()
        assert await self.reader.target(0.001) is None
        return result

    async def commission(self, what: Order, number: int = 1, chip: str = "monzax8k") -> Result:
        self.show(number, chip)
        return await self.serve(commissioning(what))

    async def update(self, changes: dict[int, object], number: int = 1) -> Result:
        self.show(number)
        return await self.serve(updating(changes))

    async def verify(self, number: int = 1) -> Result:
        self.show(number)
        return await self.serve(verify_one)

    async def verify_elsewhere(self, number: int = 1) -> Result:
        """Verify a tag where nobody wrote it, and nobody may."""
        self.show(number)
        station = Station(replace(self.post, key=None, journal=None), 0)
        result = await station.serve(verify_one, idle_s=10)
        assert result is not None
        self.take()
        await station.left()
        assert await self.reader.target(0.001) is None
        return result

    def at(self, **changes: object) -> None:
        """From now on the station's post is another in this."""
        self.post = replace(self.post, **changes)  # type: ignore[arg-type]
        self.station = Station(self.post, 0)


@asynccontextmanager
async def rain_station(
    folder: Path, choice: Choice | None = None, **port: bool
) -> AsyncIterator[RainLine]:
    """A line whose tags are heard steadily."""
    time, key = Time(), DeviceKey.generate()
    trusted = TrustList(1, NOW - 86400, NOW + 86400, (Entry(key.kid, key.public),))
    wire = FieldPort(RainField(AirClock(), RainFaults(1), fading_db=0.0), **port)
    reader = RainReader(
        "rain", wire, time.now, choice or Choice(), ticks=wire.ticks, chance=lambda: 0.0, gather_s=0
    )
    async with Journal(folder / "journal.db") as journal, reader:
        post = Post("line 1", reader, journal, trusted, time.now, time.ticks, key)
        yield RainLine(wire, post, folder, time)


@pytest.fixture
async def rain(tmp_path: Path) -> AsyncIterator[RainLine]:
    async with rain_station(tmp_path) as line:
        yield line


def _matches(tag: RainTag, select: Select) -> bool:
    return tag.matches(select.bank, select.bit, 8 * len(select.mask), select.mask)


__all__ = ["FieldPort", "RainLine", "gen2chips", "rain", "rain_station"]
