"""A RAIN station for a test: our reader straight over simulated tags, without a wire; a journal, a trusted key."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random

import pytest
from production_line import NOW, Time, commissioning, updating
from rain_port import FieldPort

from edge import tid
from edge.trust import Entry, TrustList
from gateway.journal import Journal
from gateway.keys import DeviceKey
from gateway.readers.rain import Choice, RainReader
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
from hwsim.rainfield import RainField


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
    wire = FieldPort(RainField(AirClock(), RainFaults(1), fading_db=0.0), seen_at=NOW, **port)
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
