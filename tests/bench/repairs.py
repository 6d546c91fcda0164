"""Repairs: torn tags go back to the station that wrote them, which must finish every one."""

import asyncio
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from edge import stub as stubs
from gateway.journal import Journal
from gateway.model import Target
from gateway.readers.pn532 import Pn532
from gateway.readers.reader import Reader
from gateway.stations import update, verify
from gateway.stations.commission import commission_one
from gateway.stations.orders import Order
from gateway.stations.post import Post
from gateway.stations.result import Result
from gateway.stations.station import Job, Station
from tests.bench.line import Line, line
from tests.bench.passports import LINK, NOW, PRODUCT, SERIAL, Issuer
from tests.bench.size import Size, folder
from tests.bench.table import Row, progress

_ORDER = Order({stubs.PRODUCT: PRODUCT, stubs.DIGEST: bytes(32), stubs.TOTALS: {41: 310_500}}, LINK)
_IDLE_S = 5.0


def rows(names: tuple[str, ...], size: Size) -> Iterator[Row]:
    """Quick: every fifth write of an update; full: every write, four times. The commissioning ditto."""
    step, times = (1, 4) if size.full else (5, 1)
    for name in names:
        with folder() as at:
            done, left = asyncio.run(_play(at, name, step, times, size.seed))
        yield Row(
            f"{name}: torn tags that the station could not finish",
            left,
            f"of {done:,}",
            at_most=0,
        )


async def _play(at: Path, name: str, step: int, times: int, seed: int) -> tuple[int, int]:
    """(torn, not repaired): one tag's life, torn at every `step`-th write of each act until an act ends whole."""
    issuer = Issuer()
    done = left = 0
    with line(name) as reader_line:
        reader = Reader("bench", Pn532(reader_line.port.path))
        async with reader, Journal(at / "journal.db") as journal:
            post = Post(
                "bench", reader, journal, issuer.trust, lambda: NOW, time.perf_counter, issuer.key
            )
            blank = reader_line.memory
            for turn in range(times):
                number = 1
                while await _torn(
                    post, reader_line, _commission(number + 1000 * turn), number, turn
                ):
                    left += not await _finished(post, reader_line)
                    done += 1
                    number += step
                    reader_line.memory = blank  # a new tag with the same UID: the next product
                number = 1
                while await _torn(post, reader_line, _inspect(number), number, turn + seed):
                    left += not await _finished(post, reader_line)
                    done += 1
                    number += step
                    progress(f"{name}: torn and repaired {done}")
                reader_line.memory = blank
    return done, left


def _commission(number: int) -> Job:
    product = [*PRODUCT[:2], f"{number}"]
    order = Order({**_ORDER.claims, stubs.PRODUCT: product}, LINK[: -len(SERIAL)] + f"{number}")
    return partial(commission_one, order=order)


def _inspect(number: int) -> Job:
    async def job(post: Post, target: Target) -> Result:
        return await update.update_one(post, target, {stubs.STEP: 1 + number % 7})

    return job


async def _torn(post: Post, at: Line, job: Job, number: int, seed: int) -> bool:
    """Do the job with the power cut in its write `number`; False where it has fewer writes."""
    at.arrive()
    at.tear(number, (number * 0x9E3779B1 ^ seed * 0x85EBCA6B) & 0xFFFFFFFF)
    result = await Station(post, 0).serve(job, _IDLE_S)
    if result is None or result.outcome not in ("torn", "commissioned", "updated"):
        raise RuntimeError(f"the bench's own tag was answered with {result}")
    return result.outcome == "torn"


async def _finished(post: Post, at: Line) -> bool:
    """Show the torn tag again: is it repaired, and verified green with its hints in order?"""
    at.arrive()
    first = await Station(post, 0).serve(verify.verify_one, _IDLE_S)
    at.arrive()
    second = await Station(post, 0).serve(verify.verify_one, _IDLE_S)
    assert first is not None and second is not None and post.journal is not None
    return (
        first.outcome == "repaired"
        and second.signal.colour == "green"
        and not second.hints_torn
        and not post.journal.open_intents()
    )
