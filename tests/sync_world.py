"""A world for the model of sync: gateways, one hub, and between them a network that does what it is told.

Everything in it is real but the network, the time, and the threads: work for one is done at once, so that a run is the
same each time.
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from concurrent import futures
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, Self

from edge.errors import Malformed
from gateway.clock import Clock
from gateway.hub.batch import Batch as HubBatch
from gateway.hub.batch import decode
from gateway.hub.database import Database, Session, StoreTrouble, Value
from gateway.hub.ledger import Ledger
from gateway.hub.receipt import Receipt as HubReceipt
from gateway.hub.sqlite import SqliteDatabase
from gateway.journal import CONFIRMED, Journal, Row
from gateway.sync.answer import Answer, Later, Step, Taken, judge
from gateway.sync.batch import Batch
from gateway.sync.port import OnReceipt
from gateway.sync.receipt import Receipt, receipt_from_json
from gateway.sync.uplink import Uplink

WINDOW = 3

_CALM = 40  # turns of the loop without work: everyone waits for the world
_MOST_TURNS = 100_000


class Loop(asyncio.SelectorEventLoop):
    """A loop that waits for the work of threads; worked: whether there was any."""

    worked = False

    def run_in_executor(  # type: ignore[override]
        self, executor: Executor | None, func: Callable[..., Any], *args: Any
    ) -> asyncio.Future[Any]:
        self.worked = True
        with ThreadPoolExecutor(1) as own:
            work = (executor or own).submit(func, *args)
            futures.wait([work])
        return asyncio.wrap_future(work, loop=self)


class Crashing(Database):
    """The hub's database, whose transactions fail where they are told to: before the commit, or after it."""

    engine, locking, skip_locked = "sqlite", "", ""

    def __init__(self, real: Database) -> None:
        self.real = real
        self.fails: str | None = None  # "before", "after"

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Session]:
        fails, self.fails = self.fails, None
        async with self.real.transaction() as session:
            yield session
            if fails == "before":
                raise StoreTrouble("the hub was killed")
        if fails == "after":
            raise StoreTrouble("the hub was killed after the commit")

    async def fetch(self, sql: str, *values: Value) -> list[tuple[Any, ...]]:
        return await self.real.fetch(sql, *values)

    async def close(self) -> None:
        await self.real.close()


@dataclass(eq=False)
class Request:
    """A batch that a gateway has sent, and that waits for the world to decide."""

    gateway: "Gateway"
    batch: Batch
    attempt: int
    answer: "asyncio.Future[Step]"


class Wire:
    """The transport of one gateway: all that is sent lies in the world's `requests`."""

    window = WINDOW

    def __init__(self, gateway: "Gateway", world: "World") -> None:
        self.on_receipt: OnReceipt = lambda receipt: None
        self.heard: set[bytes] = set()
        self._gateway = gateway
        self._world = world

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None: ...

    async def send(self, batch: Batch, attempt: int) -> Step:
        self.heard.add(batch.journal)
        answer: asyncio.Future[Step] = asyncio.get_running_loop().create_future()
        request = Request(self._gateway, batch, attempt, answer)
        self._world.requests.append(request)
        try:
            return await answer
        finally:
            if request in self._world.requests:
                self._world.requests.remove(request)

    async def ask(self, journal: bytes, upto: int | None = None) -> Receipt | Later:
        self.heard.add(journal)
        if self._world.deaf:
            self._world.deaf -= 1
            return Later("the network is away")
        return read(await self._world.ledger.receipt(journal, upto))


@dataclass(eq=False)
class Gateway:
    """A gateway: its journal's file, and while it runs the journal, the uplink and its task."""

    path: Path
    random: Random
    max_bytes: int
    wire: Wire = field(init=False)
    journal: Journal = field(init=False)
    uplink: Uplink = field(init=False)
    task: "asyncio.Task[None]" = field(init=False)


class World:
    """All of it. Its methods run on `loop`, through `do`, which returns when everyone waits for the world again."""

    def __init__(self, folder: Path) -> None:
        self.loop = Loop()
        self.requests: list[Request] = []
        self.strays: list[Batch] = []  # copies on their way
        self.stream: list[tuple[str, Batch]] = []
        self.told: list[Receipt] = []  # receipts on their way
        self.waits: list[asyncio.Future[None]] = []  # for time to pass
        self.deaf = 0  # how many of the next questions are lost
        self.poison: set[bytes] = set()  # hashes of rows that the hub does not take
        self.acknowledged: dict[bytes, Row] = {}
        self.gateways: list[Gateway] = []
        self._seen: set[str] = set()  # ids of messages, as a stream remembers them
        self.folder = folder
        self._time_ns = 1_700_000_000_000_000_000
        self._count = 0
        self.do(self._open())

    async def _open(self) -> None:
        self._database = Crashing(SqliteDatabase(self.folder / "hub.db"))
        self.ledger = Ledger(self._database, self.now_ns)

    def do(self, act: Any) -> Any:
        async def calm() -> Any:
            outcome = await act
            turns = 0
            for _ in range(_MOST_TURNS):
                turns = 0 if self.loop.worked else turns + 1
                self.loop.worked = False
                if turns > _CALM:
                    return outcome
                await asyncio.sleep(0)
            raise AssertionError("it never comes to rest")

        outcome = self.loop.run_until_complete(calm())
        for gateway in self.gateways:
            if gateway.task.done():
                gateway.task.result()
        return outcome

    def now_ns(self) -> int:
        self._time_ns += 1_000_000
        return self._time_ns

    async def pass_time(self) -> None:
        waits, self.waits = self.waits, []
        for wait in waits:
            if not wait.done():
                wait.set_result(None)

    async def _pause(self, _: float) -> None:
        wait: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.waits.append(wait)
        await wait

    async def start(self, path: Path, max_bytes: int = 1 << 30) -> Gateway:
        """A gateway over the journal at `path`."""
        gateway = Gateway(path, Random(len(self.gateways)), max_bytes)
        await self._run(gateway)
        self.gateways.append(gateway)
        return gateway

    async def _run(self, gateway: Gateway) -> None:
        clock = Clock(self.now_ns, self.now_ns, bytes(16), lambda: 0)
        gateway.wire = Wire(gateway, self)
        gateway.journal = Journal(gateway.path, max_bytes=gateway.max_bytes, clock=clock)
        gateway.uplink = Uplink(
            gateway.journal,
            gateway.wire,
            gateway.path.stem,
            pause=self._pause,
            look=self._pause,
            uniform=gateway.random.uniform,
        )
        gateway.task = asyncio.create_task(gateway.uplink.run())

    async def kill(self, gateway: Gateway) -> None:
        """The gateway ends, whatever it does, and starts anew."""
        await self._end(gateway)
        await self._run(gateway)

    async def clone(self, gateway: Gateway) -> Gateway:
        """A second gateway begins with a copy of this one's card."""
        path = self.folder / f"gateway{len(self.gateways)}.db"
        with sqlite3.connect(gateway.path) as card, sqlite3.connect(path) as copy:
            card.backup(copy)
        card.close()
        copy.close()
        return await self.start(path)

    async def append(
        self, gateway: Gateway, count: int, size: int, is_poison: bool, kind: str = "verdict"
    ) -> None:
        bodies = []
        for _ in range(count):
            self._count += 1
            bodies.append({"n": self._count, "x": bytes(size)})
        append = gateway.journal.append
        rows = await asyncio.gather(*[append(kind, "s", b"", "", body) for body in bodies])
        self.acknowledged |= {row.hash: row for row in rows}
        if is_poison:
            self.poison.add(rows[-1].hash)

    async def take(self, batches: list[Batch]) -> list[HubReceipt]:
        """What the hub makes of batches, in one transaction. Raises StoreTrouble, Malformed."""
        return await self.ledger.take([self._decode(each) for each in batches])

    def _decode(self, batch: Batch) -> HubBatch:
        found = decode(batch.data)
        for row in found.rows:
            if isinstance(row, Row) and row.hash in self.poison:
                raise Malformed(f"row {row.seq} is not to our taste")
        return found

    async def answer(self, batch: Batch) -> Step:
        """As over HTTP."""
        try:
            (receipt,) = await self.take([batch])
        except Malformed as why:
            return judge(batch, Answer(400, f'{{"error": "{why}"}}'.encode()))
        except StoreTrouble as why:
            return judge(batch, Answer(503, f'{{"error": "{why}"}}'.encode()))
        return judge(batch, Answer(200, receipt.to_json()))

    async def enqueue(self, request: Request) -> None:
        """As a stream takes a message: one whose id it knows is dropped, and acknowledged all the same."""
        id = f"{request.batch.key}#{request.attempt}"
        if id not in self._seen:
            self._seen.add(id)
            self.stream.append((id, request.batch))
        request.answer.set_result(Taken())

    async def consume(self, places: list[int]) -> None:
        """Take these messages out of the stream in one transaction, and tell; where the hub fails, they stay."""
        taken = [self.stream[place] for place in dict.fromkeys(places)]
        good: list[Batch] = []
        refused: list[Receipt] = []
        for _, batch in taken:
            try:
                self._decode(batch)
                good.append(batch)
            except Malformed as why:
                held = read(await self.ledger.receipt(batch.journal))
                rows = ((batch.first, batch.last),)
                refused.append(
                    Receipt(batch.journal, held.watermark, missing=rows, refused=str(why))
                )
        try:
            receipts = await self.take(good)
        except StoreTrouble:
            return
        self.stream = [each for each in self.stream if each not in taken]
        self.told += [read(each) for each in receipts] + refused

    async def tell(self, place: int) -> None:
        """One receipt arrives, at everyone who listens for its journal."""
        receipt = self.told.pop(place)
        for gateway in self.gateways:
            if receipt.journal in gateway.wire.heard:
                gateway.wire.on_receipt(receipt)

    async def hear(self, gateway: Gateway, receipt: Receipt) -> None:
        """A receipt comes that nobody has asked for."""
        gateway.wire.on_receipt(receipt)

    async def settle(self, request: Request, step: Step) -> None:
        """The world decides what comes of a batch."""
        request.answer.set_result(step)

    async def lose_stream(self) -> None:
        self.stream.clear()
        self._seen.clear()

    async def crash(self, when: str) -> None:
        self._database.fails = when

    async def back_up(self) -> None:
        with sqlite3.connect(self.folder / "hub.db") as hub, sqlite3.connect(self._saved) as copy:
            hub.backup(copy)
        hub.close()
        copy.close()

    async def restore(self) -> None:
        """The hub goes back to its backup."""
        await self._database.close()
        for end in ("", "-wal", "-shm"):
            Path(f"{self.folder / 'hub.db'}{end}").unlink(missing_ok=True)
        if self._saved.exists():
            (self.folder / "hub.db").write_bytes(self._saved.read_bytes())
        await self._open()

    @property
    def _saved(self) -> Path:
        return self.folder / "backup.db"

    async def held(self) -> list[bytes]:
        """The hash of each row that the hub holds below a watermark."""
        found = await self._database.fetch(
            "SELECT hash FROM events e JOIN journals j ON j.number = e.journal WHERE seq <= watermark"
        )
        return [hash for (hash,) in found]

    async def withheld(self) -> int:
        """How many of these have no content."""
        found = await self._database.fetch(
            "SELECT count(*) FROM events e JOIN journals j ON j.number = e.journal"
            " WHERE seq <= watermark AND at_ns IS NULL"
        )
        return int(found[0][0])

    async def gaps(self) -> list[str]:
        """The reasons of the gaps that the hub was told of."""
        return [reason for (reason,) in await self._database.fetch("SELECT reason FROM gaps")]

    def unconfirmed(self) -> bool:
        """Whether a gateway waits for the hub."""
        return any(g.journal.lag() or g.journal.replays() for g in self.gateways)

    def set_aside(self) -> bool:
        """Whether rows stand in a quarantine."""
        return any(gateway.journal.quarantined() for gateway in self.gateways)

    def confirmed(self) -> set[bytes]:
        """The hashes of the rows that gateways have and take for confirmed."""
        found = set()
        for gateway in self.gateways:
            cursor = gateway.journal.cursor(CONFIRMED)
            found |= {row.hash for row in gateway.journal.after(0, cursor) if row.seq <= cursor}
        return found

    def stored(self) -> set[bytes]:
        """The hashes of the rows that some gateway has."""
        return {row.hash for g in self.gateways for row in g.journal.after(0, g.journal.head())}

    async def trim(self, gateway: Gateway) -> None:
        """Give back everything that may be."""
        await gateway.journal.trim(0)

    async def release(self) -> None:
        """The hub has learnt to take what it refused, and everyone is told to offer it again."""
        self.poison.clear()
        for gateway in self.gateways:
            await gateway.journal.release(list(gateway.journal.quarantined()))

    async def _end(self, gateway: Gateway) -> None:
        gateway.task.cancel()
        await asyncio.gather(gateway.task, return_exceptions=True)
        gateway.journal.close()

    def close(self) -> None:
        async def end() -> None:
            for gateway in self.gateways:
                await self._end(gateway)
            await self._database.close()
            self.gateways.clear()

        self.do(end())
        self.loop.close()


def read(receipt: HubReceipt) -> Receipt:
    """A receipt as it comes over the wire."""
    found = receipt_from_json(receipt.to_json())
    assert found is not None
    return found
