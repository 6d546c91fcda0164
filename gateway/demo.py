"""The demo: a whole station on simulated devices. Commission, update, verify; sync to a hub; nothing is faked.

The parts are those of a real line: the PN532 driver on a serial port, the journal, the uplink, the hub. Only the
device at the other end of the port is simulated, as a process of its own. Everything is kept in one folder, so that a
demo that was killed goes on where it stopped.
"""

import random
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from edge import stub as stubs
from gateway.backstage import Backend, Backstage, backstage
from gateway.conveyor import Conveyor
from gateway.model import Target
from gateway.readers.registry import open_reader
from gateway.stations import update, verify
from gateway.stations.job import WRITTEN, JobRun
from gateway.stations.orders import Order, OrderError, orders
from gateway.stations.post import Post
from gateway.stations.result import Result
from gateway.stations.resultfile import ResultFile
from gateway.stations.station import Job, Station

LINK = "https://id.example.com"
INSPECTED = 1  # claim 10, step

_TEAR_EVERY = 50  # tags; one in so many is torn away in mid-write
_FIRST_TORN = 4
_CHIPS = ("ntag216", "ntag216", "ntag215")  # with room for two slots, and for one
_IDLE_S = 15.0  # no simulated tag takes longer to be seen


@dataclass
class Summary:
    """What a demo did; `milliseconds` holds, by act, each tag's (all, floor): wire + RF + EEPROM, RF + EEPROM."""

    rows: int = 0
    written: int = 0
    updated: int = 0
    verified: int = 0
    refused: int = 0
    torn: int = 0
    repaired: int = 0
    acknowledged: int = 0
    events: int = 0
    seconds: float = 0.0
    milliseconds: dict[str, list[tuple[float, float]]] = field(default_factory=dict)

    def count(self, act: str, spent_ms: dict[str, float]) -> None:
        """Note what one tag cost."""
        floor = spent_ms["rf_ms"] + spent_ms["eeprom_ms"]
        self.milliseconds.setdefault(act, []).append((floor + spent_ms["uart_ms"], floor))

    def medians(self) -> dict[str, tuple[float, float]]:
        """act -> the median tag's (ms, floor ms)."""
        return {
            act: (median(each[0] for each in found), median(each[1] for each in found))
            for act, found in self.milliseconds.items()
        }


@dataclass(frozen=True)
class Progress:
    """One step of a demo: `act` commission, update or verify; done of total; result None at its start."""

    act: str
    done: int
    total: int
    result: Result | None = None


Tell = Callable[[Progress], None]


@dataclass
class Stage:
    """The parts of a running demo."""

    post: Post
    conveyor: Conveyor
    behind: Backstage
    results: Path | None = None  # FILE.result.csv of the job
    summary: Summary = field(default_factory=Summary)


@asynccontextmanager
async def stage(
    folder: Path,
    paced: bool = False,
    at: Backend = Backend(),  # noqa: B008
) -> AsyncIterator[Stage]:
    """Set the stage in `folder`: backstage, simulator, reader. All of it ends with the context.

    Raises DeviceTrouble where the simulator does not start or another demo uses the folder.
    """
    async with AsyncExitStack() as stack:
        behind = await stack.enter_async_context(backstage(folder, at))
        conveyor = Conveyor(folder / "tags.json", paced, (behind.lock,))
        await stack.enter_async_context(conveyor.simulator)
        reader = open_reader(f"pn532:{conveyor.path}")
        stack.push_async_callback(reader.close)
        await reader.open()
        post = Post(
            "demo",
            reader,
            behind.journal,
            behind.trusted,
            time.time,
            time.perf_counter,
            behind.key,
        )
        yield Stage(post, conveyor, behind)


async def perform(on: Stage, raw: bytes, name: str, limit: int | None, tell: Tell) -> Summary:
    """Commission, update and verify the rows of `raw` (CSV; `limit`: the first so many), then wait for the receipts.

    Raises OrderError where the file as a whole cannot be used.
    """
    started = time.perf_counter()
    items = list(orders(raw, LINK))[:limit]
    on.summary.rows = len(items)
    tags = await _commission(on, items, name, tell)
    await _update(on, tags, tell)
    await _verify(on, tags, tell)
    on.summary.events, on.summary.acknowledged = await on.behind.synced()
    on.summary.seconds = time.perf_counter() - started
    return on.summary


async def _commission(
    on: Stage, items: list[Order | OrderError], name: str, tell: Tell
) -> list[bytes]:
    """Pass 1: the job. A torn tag is shown again at once, as an operator would. Returns the UIDs written."""
    tell(Progress("commission", 0, len(items)))
    summary, journal = on.summary, on.post.journal
    assert journal is not None
    waiting = [row.uid for row in journal.open_intents()]
    shown, served = b"", 0
    with ResultFile.beside(on.behind.folder / name) as results:
        on.results = results.path
        known = {line.uid: line for line in results.lines.values() if line.outcome in WRITTEN}
        job = JobRun(on.post, items, results, dedupe_s=0, idle_s=_IDLE_S)
        done = sum(1 for _ in known) + sum(
            line.outcome == "refused" for line in results.lines.values()
        )
        shown = await _show_next(on, waiting, served)
        async for result in job.run():
            if result.uid and result.pages_written:
                summary.count("commission", await on.conveyor.spent_ms())
            summary.torn += result.outcome == "torn"
            summary.repaired += result.outcome == "repaired"
            done += result.outcome in (*WRITTEN, "refused", "duplicate", "already")
            tell(Progress("commission", done, len(items), result))
            if result.uid == shown:
                served += 1
                await on.conveyor.leave()
                if result.outcome in ("torn", "gone"):
                    waiting.append(shown)
                shown = await _show_next(on, waiting, served)
        await on.conveyor.leave()
        lines = [results.lines[item.row] for item in items if item.row in results.lines]
    summary.written = sum(line.outcome in WRITTEN for line in lines)
    summary.refused = len(lines) - summary.written
    return [bytes.fromhex(line.uid) for line in lines if line.outcome in WRITTEN]


async def _show_next(on: Stage, waiting: list[bytes], served: int) -> bytes:
    """Put the next tag at the reader: one that was torn, else a new one. Returns its UID."""
    if waiting:
        uid = waiting.pop(0)
        await on.conveyor.arrive(uid)
        return uid
    uid = b"\x04" + random.randbytes(6)
    await on.conveyor.arrive(uid, _CHIPS[served % len(_CHIPS)])
    if served % _TEAR_EVERY == _FIRST_TORN:
        await on.conveyor.tear_write(random.randint(1, 40))
    await on.conveyor.spent_ms()
    return uid


async def _update(on: Stage, tags: list[bytes], tell: Tell) -> None:
    """Pass 2: each tag is inspected, which is the second stub of its chain."""

    async def job(post: Post, target: Target) -> Result:
        return await update.update_one(post, target, {stubs.STEP: INSPECTED})

    async for result in _pass(on, "update", tags, job, tell):
        on.summary.updated += result.outcome in ("updated", "repaired", "already")
        on.summary.torn += result.outcome == "torn"
        on.summary.repaired += result.outcome == "repaired"


async def _verify(on: Stage, tags: list[bytes], tell: Tell) -> None:
    """Pass 3: each tag is verified as whoever receives it would."""
    async for result in _pass(on, "verify", tags, verify.verify_one, tell):
        on.summary.verified += result.signal.colour == "green"


async def _pass(
    on: Stage,
    act: str,
    tags: list[bytes],
    job: Job,
    tell: Tell,
) -> AsyncIterator[Result]:
    tell(Progress(act, 0, len(tags)))
    station = Station(on.post, dedupe_s=0)
    for number, uid in enumerate(tags, 1):
        await on.conveyor.arrive(uid)
        await on.conveyor.spent_ms()
        while True:
            result = await station.serve(job, _IDLE_S)
            assert result is not None
            on.summary.count(act, await on.conveyor.spent_ms())
            await on.conveyor.leave()
            tell(Progress(act, number, len(tags), result))
            yield result
            if result.outcome not in ("torn", "gone"):
                break
            await on.conveyor.arrive(uid)
