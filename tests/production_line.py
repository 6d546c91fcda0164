"""A whole line for a test: a simulated PN532 on a pty, our driver, a journal, a key that is trusted."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from edge import gs1
from edge import stub as stubs
from edge.trust import Entry, TrustList
from gateway.journal import Journal
from gateway.keys import DeviceKey
from gateway.model import Target
from gateway.readers.registry import open_reader
from gateway.stations.commission import commission_one
from gateway.stations.orders import Order
from gateway.stations.post import Post
from gateway.stations.result import Result
from gateway.stations.station import Job, Station
from gateway.stations.update import update_one
from gateway.stations.verify import verify_one
from hwsim.clock import Clock
from hwsim.faults import Faults
from hwsim.field import Field
from hwsim.pn532 import Pn532
from hwsim.port import PtyPort

NOW = 1_790_000_000
BASE = "https://id.example.com"
GTIN = 9520123456788
UID = bytes.fromhex("04a1b2c3d4e5f6")
INSPECTED, SHIPPED = 1, 2  # steps
SECOND_UID = bytes.fromhex("04112233445566")


def order(serial: str = "A1", **more: object) -> Order:
    """A work order for one product of the test GTIN; more: fields of Order, or totals."""
    base = more.pop("base", BASE)
    claims: dict[int, object] = {
        stubs.PRODUCT: [0, GTIN, serial],
        stubs.DIGEST: bytes(range(32)),
        stubs.TOTALS: more.pop("totals", {41: 162640, 10: 1240}),
    }
    return Order(claims, gs1.link(base, GTIN, serial), **more)  # type: ignore[arg-type]


@dataclass
class Time:
    """Clocks that only the test moves."""

    now_s: float = NOW
    ticks_s: float = 0.0

    def now(self) -> float:
        return self.now_s

    def ticks(self) -> float:
        self.ticks_s += 0.001
        return self.ticks_s


@dataclass
class Line:
    """One reader and what a test does at it. Tags are shown and taken away by UID."""

    port: PtyPort
    post: Post
    folder: Path
    time: Time
    station: Station = field(init=False)

    def __post_init__(self) -> None:
        self.station = Station(self.post, dedupe_s=0)

    @property
    def journal(self) -> Journal:
        assert self.post.journal is not None
        return self.post.journal

    def kinds(self) -> list[str]:
        """The kinds of the journal's rows, in order."""
        return [row.kind for row in self.journal.after(0, 1000)]

    def last(self) -> dict[str, object]:
        """The body of the journal's newest row."""
        return self.journal.tail(1)[0].content()

    def show(self, uid: bytes = UID, chip: str = "ntag216") -> None:
        self.port.do({"do": "leave"})
        self.port.do({"do": "arrive", "uid": uid.hex(), "tag": chip})

    def take(self) -> None:
        self.port.do({"do": "leave"})

    def fault(self, name: str, **args: object) -> None:
        self.port.do({"do": "fault", "name": name, "args": args})

    def memory(self, uid: bytes = UID) -> bytes:
        return bytes.fromhex(str(self.port.do({"do": "memory", "uid": uid.hex()})["memory"]))

    def load(self, memory: bytes, uid: bytes = UID) -> None:
        self.port.do({"do": "load", "uid": uid.hex(), "memory": memory.hex()})

    def write_page(self, page: int, data: bytes, uid: bytes = UID) -> None:
        memory = bytearray(self.memory(uid))
        memory[4 * page : 4 * page + 4] = data
        self.load(bytes(memory), uid)

    async def serve(self, job: Job) -> Result:
        """Serve the tag that is shown, then take it away."""
        result = await self.station.serve(job, idle_s=10)
        assert result is not None
        self.take()
        await self.station.left()
        return result

    def distrust(self) -> None:
        """From now on the station's trust list does not name its own key."""
        self.station = Station(replace(self.post, trust=TrustList(2, NOW, NOW + 86400, ())), 0)

    def read_only(self) -> None:
        """From now on the station has no key."""
        self.station = Station(replace(self.post, key=None), 0)

    async def write_elsewhere(self, uid: bytes, what: Order) -> None:
        """Commission a tag at another station, of whose journal this one knows nothing."""
        self.show(uid)
        async with Journal(self.folder / "elsewhere.db") as journal:
            station = Station(replace(self.post, name="line 2", journal=journal), 0)
            result = await station.serve(commissioning(replace(what, overwrite=True)), idle_s=10)
            assert result is not None
            assert result.outcome == "commissioned"
            self.take()
            await station.left()

    async def update_elsewhere(self, changes: dict[int, object], uid: bytes = UID) -> Result:
        """Update a tag at another station, under a key that only its own trust list names."""
        key = DeviceKey.generate()
        assert self.post.trust is not None
        entries = (*self.post.trust.entries, Entry(key.kid, key.public))
        trusted = TrustList(2, NOW, NOW + 86400, entries)
        self.show(uid)
        async with Journal(self.folder / "elsewhere.db") as journal:
            post = replace(self.post, name="line 2", journal=journal, key=key, trust=trusted)
            station = Station(post, 0)
            result = await station.serve(updating(changes), idle_s=10)
            assert result is not None
            self.take()
            await station.left()
        return result

    async def verify(self, uid: bytes = UID) -> Result:
        """Show a tag and verify it."""
        self.show(uid)
        return await self.serve(verify_one)

    async def commission(self, what: Order, uid: bytes = UID, chip: str = "ntag216") -> Result:
        self.show(uid, chip)
        return await self.serve(commissioning(what))


def commissioning(what: Order) -> Job:
    """The job that puts this order onto the tag that is shown."""

    async def job(post: Post, target: Target) -> Result:
        return await commission_one(post, target, what)

    return job


def updating(changes: dict[int, object]) -> Job:
    """The job that updates the tag that is shown."""

    async def job(post: Post, target: Target) -> Result:
        return await update_one(post, target, changes)

    return job


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def line(tmp_path: Path) -> AsyncIterator[Line]:
    clock, faults, time = Clock(), Faults(1), Time()
    key = DeviceKey.generate()
    entry = Entry(key.kid, key.public)
    trusted = TrustList(1, NOW - 86400, NOW + 86400, (entry,))
    with PtyPort(Pn532(Field(clock, faults), clock, faults)) as port:
        reader = open_reader(f"pn532:{port.path}")
        async with Journal(tmp_path / "journal.db") as journal, reader:
            post = Post("line 1", reader, journal, trusted, time.now, time.ticks, key)
            yield Line(port, post, tmp_path, time)
