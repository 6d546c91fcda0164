"""A whole line for a test: a simulated PN532 on a pty, our driver, a journal, a key that is trusted."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hwsim.clock import Clock
from hwsim.faults import Faults
from hwsim.field import Field
from hwsim.pn532 import Pn532
from hwsim.port import PtyPort

from edge import gs1
from edge import stub as stubs
from edge.trust import Entry, TrustList
from gateway.journal import Journal
from gateway.keys import DeviceKey
from gateway.readers.registry import open_reader
from gateway.stations.commission import commission_one
from gateway.stations.orders import Order
from gateway.stations.post import Post
from gateway.stations.result import Result
from gateway.stations.station import Job, Station

NOW = 1_790_000_000
BASE = "https://id.example.com"
GTIN = 9520123456788
UID = bytes.fromhex("04a1b2c3d4e5f6")
SECOND_UID = bytes.fromhex("04112233445566")


def order(serial: str = "A1", **more: object) -> Order:
    """A work order for one product of the test GTIN; more: fields of Order, or totals."""
    claims: dict[int, object] = {
        stubs.PRODUCT: [0, GTIN, serial],
        stubs.DIGEST: bytes(range(32)),
        stubs.TOTALS: more.pop("totals", {41: 162640, 10: 1240}),
    }
    return Order(claims, gs1.link(BASE, GTIN, serial), **more)  # type: ignore[arg-type]


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
        return result

    async def commission(self, what: Order, uid: bytes = UID, chip: str = "ntag216") -> Result:
        self.show(uid, chip)
        return await self.serve(commissioning(what))


def commissioning(what: Order) -> Job:
    async def job(post: Post, target: object) -> Result:
        return await commission_one(post, target, what)  # type: ignore[arg-type]

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
