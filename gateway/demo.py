"""The demo: a whole station on simulated devices. Commission, update, verify, bind; sync to a hub; nothing is faked.

The parts are those of a real line: the PN532 driver on a serial port, a camera over HTTP, the journal, the uplink, the
hub. Only the devices are simulated, as processes of their own. Everything is kept in one folder, so that a demo that
was killed goes on where it stopped.
"""

import random
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from pathlib import Path

from edge import printed
from edge import stub as stubs
from gateway.demo_passports import complete
from gateway.demo_stage import Progress, Stage, Summary, Tell
from gateway.model import Target
from gateway.stations import labels, update, verify
from gateway.stations.bind import BindStation
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
_LABELLED = 100  # products that pass the camera, at most: one takes a tenth of a second
_DRAWN = 3  # labels that are kept as pictures


async def perform(on: Stage, raw: bytes, name: str, limit: int | None, tell: Tell) -> Summary:
    """Commission, update, verify and bind the rows of `raw` (CSV; `limit`: the first so many); await the receipts.

    Raises OrderError where the file as a whole cannot be used.
    """
    started = time.perf_counter()
    found = list(orders(raw, LINK))[:limit]
    items = [complete(each) if isinstance(each, Order) else each for each in found]
    on.summary.rows = len(items)
    await _publish(on, items[:_LABELLED])
    products = await _commission(on, items, name, tell)
    tags = list(products)
    await _update(on, tags, tell)
    await _verify(on, tags, tell)
    await _bind(on, products, tell)
    on.summary.events, on.summary.acknowledged = await on.behind.synced()
    on.summary.seconds = time.perf_counter() - started
    return on.summary


async def _publish(on: Stage, items: list[Order | OrderError]) -> None:
    """A passport is public before a tag says that it is."""
    for item in items:
        if on.behind.publish and isinstance(item, Order) and item.document is not None:
            await on.behind.publish(item.document)


async def _commission(
    on: Stage, items: list[Order | OrderError], name: str, tell: Tell
) -> dict[bytes, Order]:
    """Pass 1: the job. A torn tag is shown again at once, as an operator would. Returns what each UID carries."""
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
        ended = [(item, results.lines[item.row]) for item in items if item.row in results.lines]
    products = {
        bytes.fromhex(line.uid): item
        for item, line in ended
        if line.outcome in WRITTEN and isinstance(item, Order)
    }
    summary.written = len(products)
    summary.refused = len(ended) - summary.written
    return products


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


async def _bind(on: Stage, products: Mapping[bytes, Order], tell: Tell) -> None:
    """Pass 4: products pass with their printed labels up, the first so many; tag and label must name each both."""
    shown = list(products.items())[:_LABELLED]
    on.summary.labelled = len(shown)
    tell(Progress("bind", 0, len(shown)))
    station = BindStation(on.post, on.eye, requires=("qr",), dedupe_s=0)
    for number, (uid, order) in enumerate(shown, 1):
        text = labels.label(order, on.post.seal(), printed.BASE32)
        if number == 1:
            on.scanned = _current(on, order).replace(LINK, on.behind.page, 1)
        if number <= _DRAWN:
            _draw(on.behind.folder / "labels" / f"{order.row}.png", text)
        await on.lens.show(text)
        await on.conveyor.arrive(uid)
        result = await station.serve(_IDLE_S)
        assert result is not None
        await on.conveyor.leave()
        on.summary.bound += result.outcome == "bound"
        tell(Progress("bind", number, len(shown), result))
    await on.lens.clear()


def _current(on: Stage, order: Order) -> str:
    """The text of a label that says what the product's tag says by now."""
    row = on.behind.journal.last_result(order.product)
    held = stubs.decode(row.content()["stub"]).claims if row is not None else {}
    claims = {claim: value for claim, value in held.items() if claim != stubs.CARRIER}
    return labels.label(
        replace(order, claims=claims or order.claims), on.post.seal(), printed.BASE32
    )


def _draw(path: Path, text: str) -> None:
    """Keep a label as a picture, for a phone to look at."""
    from gateway.optics.label import Label, readable
    from gateway.optics.png import png
    from gateway.optics.symbol import symbol

    path.parent.mkdir(exist_ok=True)
    path.write_bytes(png(Label(symbol(text, "qr"), readable(text)), 5, 300))


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
