"""The demo at scale: three NATS nodes, PostgreSQL, a hub with two consumers, four gateways with simulated lines.

All of it is real and on loopback; only the tags and readers are simulated. On the way a gateway, a consumer and a NATS
node are killed (SIGKILL), and the gateway goes on where it stopped. In the end every event that a gateway holds is
looked for in PostgreSQL.
"""

import asyncio
import json
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gateway.hub.open import open_database
from gateway.journal import Journal
from gateway.model import DeviceTrouble
from gateway.throwaway.nats import Nats
from gateway.throwaway.postgres import Postgres

LINES = 4
CONSUMERS = 2

_KILLED_LINE, _KILLED_CONSUMER, _KILLED_NODE = 1, 1, 2  # numbered from 0
_READY_S = 60.0
_END_S = 10.0
_STOP_S = 300.0  # no line takes longer for what it has to do
_PAGE_ROWS = 5000
_LONGEST = 1 << 20  # bytes of a line that a program says

Tell = Callable[[str], None]


@dataclass
class ScaleSummary:
    """events: what the journals hold; stored, doubled, lost: of these, in PostgreSQL; acknowledged: confirmed."""

    lines: int = LINES
    tags: int = 0
    events: int = 0
    acknowledged: int = 0
    stored: int = 0
    doubled: int = 0
    lost: int = 0
    killed: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def is_whole(self) -> bool:
        """Whether every event is at the hub, once, and every gateway knows it."""
        return self.events == self.stored == self.acknowledged and not self.doubled + self.lost


class Program:
    """One of the site's programs, as a process that can be killed. `said`: its answers, one JSON object a line."""

    def __init__(self, name: str, *arguments: str, log: Path) -> None:
        self.name = name
        self.said: list[dict[str, Any]] = []
        self._command = (sys.executable, "-m", "gateway.cli.main", *arguments)
        self._log = log
        self._process: asyncio.subprocess.Process | None = None
        self._listener: asyncio.Task[None] | None = None
        self._heard = asyncio.Event()

    async def begin(self) -> None:
        """Start it, or start it again."""
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *self._command, stdout=asyncio.subprocess.PIPE, stderr=log, limit=_LONGEST
            )
        self._listener = asyncio.create_task(self._listen(self._process))

    async def ready(self) -> dict[str, Any]:
        """What it said when it was up. DeviceTrouble where it ends instead."""
        try:
            await asyncio.wait_for(self.heard(1), _READY_S)
        except TimeoutError:
            raise DeviceTrouble(f"{self.name} does not come up: see {self._log}") from None
        return self.said[0]

    async def heard(self, count: int) -> None:
        """Return when it has said so much, or has ended; DeviceTrouble where it ended without a word."""
        while len(self.said) < count and self._listener and not self._listener.done():
            self._heard.clear()
            await self._heard.wait()
        if not self.said:
            raise DeviceTrouble(f"{self.name} has ended: see {self._log}")

    async def through(self) -> None:
        """Wait until it has ended by itself; DeviceTrouble where it failed."""
        assert self._process is not None and self._listener is not None
        try:
            status = await asyncio.wait_for(self._process.wait(), _STOP_S)
        except TimeoutError:
            raise DeviceTrouble(f"{self.name} does not come to its end: see {self._log}") from None
        await self._listener
        if status:
            raise DeviceTrouble(f"{self.name} ended with status {status}: see {self._log}")

    async def kill9(self) -> None:
        """End it at once, as a power cut would."""
        assert self._process is not None and self._listener is not None
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()
        await self._listener

    async def end(self) -> None:
        """Ask it to end, and see to it that it does."""
        if self._process is None or self._listener is None:
            return
        if self._process.returncode is None:
            self._process.terminate()
            try:
                await asyncio.wait_for(self._process.wait(), _END_S)
            except TimeoutError:
                self._process.kill()
                await self._process.wait()
        await self._listener

    async def _listen(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        async for line in process.stdout:
            try:
                self.said.append(json.loads(line))
            except ValueError:
                break  # cut off by a kill
            self._heard.set()
        self._heard.set()


@dataclass
class Site:
    """Everything that is up. page: the hub's address."""

    folder: Path
    postgres: Postgres
    nats: Nats
    consumers: list[Program]
    page: str


@asynccontextmanager
async def site(folder: Path, tell: Tell) -> AsyncIterator[Site]:
    """Set it all up in `folder`; all of it ends with the context. DeviceTrouble where a server is missing."""
    async with AsyncExitStack() as stack:
        postgres, nats = Postgres(), Nats(3)
        for server, name in ((postgres, "PostgreSQL"), (nats, "three NATS nodes")):
            await asyncio.to_thread(server.__enter__)
            stack.push_async_callback(asyncio.to_thread, server.__exit__, None, None, None)
            tell(f"{name}: up")
        settings = folder / "hub.toml"
        servers = ", ".join(f'"{url}"' for url in nats.urls)
        settings.write_text(
            f'listen = "127.0.0.1:0"\ndatabase = "{postgres.url}"\n\n[nats]\nservers = [{servers}]\n'
        )
        hub = Program("the hub", "hub", "-c", str(settings), log=folder / "hub.log")
        consumers = [
            Program(
                f"consumer {n + 1}",
                *("hub", "consume", "-c", str(settings)),
                log=folder / f"consumer{n + 1}.log",
            )
            for n in range(CONSUMERS)
        ]
        for program in (hub, *consumers):
            await program.begin()
            stack.push_async_callback(program.end)
            await program.ready()
        page = str(hub.said[0]["url"])
        tell(f"hub {page}, {CONSUMERS} consumers: up")
        yield Site(folder, postgres, nats, consumers, page)


async def perform(on: Site, products: int, tell: Tell) -> ScaleSummary:
    """Each line commissions, updates and verifies `products` products; some of the site is killed on the way."""
    started = time.perf_counter()
    summary = ScaleSummary()
    lines = [_line(on, number, products) for number in range(LINES)]
    try:
        for line in lines:
            await line.begin()
        tell(f"{LINES} gateways: each with a simulated line and {products} products")
        victim = lines[_KILLED_LINE]
        await victim.heard(products // 2)
        await victim.kill9()
        tell(f"{victim.name}: killed after {len(victim.said)} of its tags")
        await on.consumers[_KILLED_CONSUMER].kill9()
        tell(f"{on.consumers[_KILLED_CONSUMER].name}: killed; the other one goes on")
        await asyncio.to_thread(on.nats.kill9, _KILLED_NODE)
        tell(f"NATS node {_KILLED_NODE + 1}: killed; the other two go on")
        await victim.begin()
        tell(f"{victim.name}: started again, goes on where it stopped")
        for line in lines:
            await line.through()
            tell(f"{line.name}: {line.said[-1]['acknowledged']} events confirmed")
        await asyncio.to_thread(on.nats.start, _KILLED_NODE)
    finally:
        for line in lines:
            await line.end()
    summary.killed = [
        victim.name,
        on.consumers[_KILLED_CONSUMER].name,
        f"NATS node {_KILLED_NODE + 1}",
    ]
    summary.tags = sum(int(line.said[-1]["verified"]) for line in lines)
    await _account(on, summary)
    summary.seconds = time.perf_counter() - started
    return summary


def _line(on: Site, number: int, products: int) -> Program:
    """A gateway with a simulated line, and products that no other line has."""
    name = f"line{number + 1}"
    rows = [f"09520123456788,L{number + 1}-{n + 1},{n:064x}" for n in range(products)]
    orders = on.folder / f"{name}.csv"
    orders.write_text("\n".join(["gtin,serial,digest", *rows]) + "\n")
    return Program(
        name,
        *("demo", "--json", "--no-stay", "--gateway", name, "--hub", ",".join(on.nats.urls)),
        *("--input", str(orders), "--state", str(on.folder / name)),
        log=on.folder / f"{name}.log",
    )


async def _account(on: Site, summary: ScaleSummary) -> None:
    """Look for every row of every journal in the hub's database."""
    database = await open_database(on.postgres.url)
    try:
        held = Counter(hash for (hash,) in await database.fetch("SELECT hash FROM events"))
    finally:
        await database.close()
    for number in range(LINES):
        records = Journal.open_readonly(on.folder / f"line{number + 1}" / "journal.db")
        seq, head = 0, records.head()
        while rows := records.after(seq, _PAGE_ROWS):
            seq = rows[-1].seq
            summary.lost += sum(row.hash not in held for row in rows)
            summary.stored += sum(row.hash in held for row in rows)
        summary.events += head
        summary.acknowledged += head - records.lag()
        records.close()
    summary.doubled = sum(count - 1 for count in held.values())
