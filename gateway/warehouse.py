"""The warehouse scene of the demo: products get RAIN tags at an encoder, then pallets of them pass a dock door.

The parts are those of a real warehouse: the LLRP driver on TCP, stations, journal, uplink, hub. Only the reader at the
other end of the connection and its tags are simulated, as a process of their own.
"""

import asyncio
import csv
import hashlib
import io
import time
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from gateway.backstage import Backstage, backstage
from gateway.config import PalletConfig, PresenceConfig, ReaderConfig, WindowConfig
from gateway.demo import LINK
from gateway.readers.registry import open_reader
from gateway.simulator import Simulator
from gateway.stations.dock import Dock
from gateway.stations.floor import Floor
from gateway.stations.job import WRITTEN, JobRun
from gateway.stations.ledger import Ledger
from gateway.stations.orders import orders
from gateway.stations.post import Post
from gateway.stations.result import GREEN, Result
from gateway.stations.resultfile import ResultFile

ENCODER, DOOR, LORRY = 1, 2, 3  # antennas
CHIPS = ("monzax8k", "ucodedna", "m781", "m730")  # two slots, one slot, bare signature, EPC alone

_BARRIER = 1  # the input that the light barrier at the door is on
_GTIN = "09520123456788"  # GS1's prefix for examples
_PREFIX = "9520123"
_TEAR_EVERY, _FIRST_TORN = 20, 4  # one tag in so many is torn away in mid-write
_AT_ENCODER_DBM, _AT_DOOR_DBM, _FAR_DBM = -35.0, -48.0, -62.0
_IDLE_S = 15.0  # no simulated tag takes longer to be seen
_PASS_S = 1.5  # a pallet stands in the door
_MOVE_S = 0.5
_DEPART_S = 1.0
_ANSWER_S = 60.0


@dataclass(frozen=True)
class Step:
    """One thing that happened: `scene` encode, pallet or move; result: one tag's, or a whole pallet's."""

    scene: str
    result: Result
    done: int = 0
    total: int = 0


Tell = Callable[[Step], None]


@dataclass
class Summary:
    """What the scene did; chips: tags written by chip; pallets: each pallet's sentence; moves: by act."""

    rows: int = 0
    written: int = 0
    torn: int = 0
    repaired: int = 0
    chips: Counter[str] = field(default_factory=Counter)
    pallets: list[Result] = field(default_factory=list)
    verified: int = 0  # tags of the last pallet that are green
    empty_windows: int = 0
    moves: Counter[str] = field(default_factory=Counter)
    sightings: int = 0
    events: int = 0
    acknowledged: int = 0
    seconds: float = 0.0


@dataclass
class Warehouse:
    """The parts of a running scene."""

    behind: Backstage
    simulator: Simulator
    summary: Summary = field(default_factory=Summary)

    @property
    def url(self) -> str:
        """Of the reader."""
        return f"llrp://127.0.0.1:{self.simulator.ready['port']}"

    @asynccontextmanager
    async def post(self, name: str, antennas: str) -> AsyncIterator[Post]:
        """A post at some of the reader's antennas; one at a time, for a reader has one client."""
        reader = open_reader(f"{self.url}?antenna={antennas}", name)
        await reader.open()
        try:
            yield Post(
                name,
                reader,
                self.behind.journal,
                self.behind.trusted,
                time.time,
                time.perf_counter,
                self.behind.key,
                company_prefixes=(_PREFIX,),
            )
        finally:
            await reader.close()


@asynccontextmanager
async def warehouse(folder: Path) -> AsyncIterator[Warehouse]:
    """Set the scene in `folder`; all of it ends with the context. Raises as backstage."""
    async with AsyncExitStack() as stack:
        behind = await stack.enter_async_context(backstage(folder))
        tags = ("--tags", "0", "--shelf", str(folder / "rain-tags.json"))
        simulator = Simulator("llrp", *tags, inherit=(behind.lock,))
        await stack.enter_async_context(simulator)
        yield Warehouse(behind, simulator)


async def perform(on: Warehouse, count: int, tell: Tell) -> Summary:
    """Encode `count` products; let a pallet pass that is not as it was advised, and one that is; load it; sync."""
    started = time.perf_counter()
    on.summary.rows = count
    advice = on.behind.folder / "despatch.csv"
    raw = _orders(count)
    advice.write_bytes(raw)
    tags = await _encode(on, raw, tell)
    await _pallets(on, tags, advice, tell)
    await _load(on, tags, tell)
    on.summary.events, on.summary.acknowledged = await on.behind.synced()
    on.summary.seconds = time.perf_counter() - started
    return on.summary


def _orders(count: int) -> bytes:
    """So many work orders, which are the despatch advice, too."""
    file = io.StringIO(newline="")
    rows = csv.writer(file)
    rows.writerow(("gtin", "serial", "digest", "total_41"))
    for number in range(1, count + 1):
        passport = f"the passport of unit {number}".encode()
        rows.writerow((_GTIN, number, hashlib.sha256(passport).hexdigest(), 162_640 + number))
    return file.getvalue().encode()


async def _encode(on: Warehouse, raw: bytes, tell: Tell) -> list[str]:
    """Each order onto a new tag; a torn tag is shown again. Returns the TIDs, in hex."""
    summary, tell_sim = on.summary, on.simulator.tell
    items = list(orders(raw, LINK))
    tags: list[str] = []
    with ResultFile.beside(on.behind.folder / "encoder.csv") as results:
        async with on.post("encoder", str(ENCODER)) as post:
            job = JobRun(post, items, results, dedupe_s=0, idle_s=_IDLE_S)
            shown = await _show(on, 0)
            served = 0
            async for result in job.run():
                summary.torn += result.outcome == "torn"
                summary.repaired += result.outcome == "repaired"
                tell(Step("encode", result, len(results.lines), len(items)))
                if not result.uid or not shown.startswith(result.uid.hex()):
                    continue
                await tell_sim("leave", tid=shown)
                if result.outcome in WRITTEN:
                    summary.chips[CHIPS[served % len(CHIPS)]] += 1
                    tags.append(shown)
                if result.outcome in ("torn", "gone"):
                    await tell_sim("arrive", tid=shown, antenna=ENCODER, rssi_dbm=_AT_ENCODER_DBM)
                    continue
                served += 1
                shown = await _show(on, served)
            await tell_sim("leave")
    summary.written = len(tags)
    return tags


async def _show(on: Warehouse, served: int) -> str:
    """A new tag at the encoder; its TID in hex."""
    chip = CHIPS[served % len(CHIPS)]
    found = await on.simulator.tell("arrive", tag=chip, antenna=ENCODER, rssi_dbm=_AT_ENCODER_DBM)
    if served % _TEAR_EVERY == _FIRST_TORN:
        await on.simulator.tell("fault", name="tear", args={"at": 9 + served})
    return str(found["tid"])


async def _pallets(on: Warehouse, tags: list[str], advice: Path, tell: Tell) -> None:
    """Three passages: one tag is missing, one is a copy, one a stranger; nothing at all; all as it was advised."""
    rules = ReaderConfig(
        name="door",
        url=on.url,
        job="pallet",
        window=WindowConfig(gpi=_BARRIER),
        pallet=PalletConfig(expected=advice, population=max(1, len(tags))),
    )
    async with on.post("door", str(DOOR)) as post:
        dock = Dock(post, rules)
        async with aclosing(dock.run()) as results:
            copy = await _copy_of(on, tags[1])
            await _arrive(on, [copy, *tags[1:]], DOOR, _AT_DOOR_DBM)
            await on.simulator.tell(
                "arrive", tag="ucode9", antenna=DOOR, rssi_dbm=_AT_DOOR_DBM
            )  # of whom nobody told
            await _passage(on, results, tell)
            await on.simulator.tell("leave")
            await _passage(on, results, tell)
            await _arrive(on, tags, DOOR, _AT_DOOR_DBM)
            await _passage(on, results, tell)
            await on.simulator.tell("leave")
        on.summary.sightings += dock.sightings


async def _passage(on: Warehouse, results: AsyncGenerator[Result, None], tell: Tell) -> None:
    """The light barrier goes high and low; then the answers, up to the pallet's own or the empty window's."""
    summary = on.summary
    barrier = asyncio.create_task(_barrier(on))
    green = 0
    async with asyncio.timeout(_ANSWER_S):
        async for result in results:
            green += result.outcome == "verified" and result.signal.colour == GREEN
            if result.outcome == "pallet":
                summary.pallets.append(result)
                summary.verified = green
            elif result.outcome == "empty":
                summary.empty_windows += 1
            tell(Step("pallet", result))
            if result.outcome in ("pallet", "empty"):
                break
    await barrier


async def _barrier(on: Warehouse) -> None:
    await asyncio.sleep(_MOVE_S)  # until the dock watches
    await on.simulator.tell("gpi", port=_BARRIER, level=True)
    await asyncio.sleep(_PASS_S)
    await on.simulator.tell("gpi", port=_BARRIER, level=False)


async def _load(on: Warehouse, tags: list[str], tell: Tell) -> None:
    """The pallet goes from the door into the lorry, and the lorry drives off: arrived, moved, departed."""
    rules = ReaderConfig(
        name="yard",
        url=on.url,
        job="presence",
        presence=PresenceConfig(
            zones={str(DOOR): "door", str(LORRY): "lorry"}, depart_s=_DEPART_S, tid=True
        ),
    )
    moves = on.summary.moves

    def count(_: str, result: Result) -> None:
        moves[result.outcome] += 1
        tell(Step("move", result))

    async with on.post("yard", f"{DOOR},{LORRY}") as post, Ledger(count) as ledger:
        floor = Floor({"yard": post}, {"yard": rules}, ledger, time.time)
        async with asyncio.TaskGroup() as tasks:
            watching = [tasks.create_task(work) for work in (floor.watch("yard"), floor.time())]
            await _arrive(on, tags, DOOR, _AT_DOOR_DBM)
            await _until(lambda: moves["arrived"] >= len(tags))
            await on.simulator.tell("leave")
            await _arrive(on, tags, DOOR, _FAR_DBM)
            await _arrive(on, tags, LORRY, _AT_DOOR_DBM)
            await _until(lambda: moves["moved"] >= len(tags))
            await on.simulator.tell("leave")
            await _until(lambda: moves["departed"] >= len(tags))
            for task in watching:
                task.cancel()
        on.summary.sightings += floor.sightings["yard"]


async def _arrive(on: Warehouse, tags: list[str], antenna: int, rssi_dbm: float) -> None:
    for tid in tags:
        await on.simulator.tell("arrive", tid=tid, antenna=antenna, rssi_dbm=rssi_dbm)


async def _copy_of(on: Warehouse, tid: str) -> str:
    """A new tag with the EPC and the USER bank of that one; its TID in hex."""
    memory = await on.simulator.tell("memory", tid=tid)
    copy = (await on.simulator.tell("arrive", tag=memory["chip"], antenna=ENCODER))["tid"]
    banks = {bank: memory[bank] for bank in ("epc", "user") if bank in memory}
    await on.simulator.tell("load", tid=copy, memory=banks)
    await on.simulator.tell("leave", tid=copy)
    return str(copy)


async def _until(holds: Callable[[], bool]) -> None:
    """Wait for what the tags in the yard do next; TimeoutError after a minute."""
    async with asyncio.timeout(_ANSWER_S):
        while not holds():
            await asyncio.sleep(_MOVE_S / 10)
