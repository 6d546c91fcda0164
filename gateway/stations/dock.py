"""A dock: one reader before which pallets are verified as a whole, one after the other.

What lies on a pallet is read with its words in the inventory round, while the window is open or until no new tag comes;
tags of which that brought too little are then read singly, while nobody watches for the next pallet.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, replace
from pathlib import Path

from gateway.config import PalletConfig, ReaderConfig
from gateway.model import DeviceTrouble, GpiChange, ReaderBusy, ReaderGone, Sighting
from gateway.stations.despatch import expected
from gateway.stations.floor import TICK_S, passage_entry, rain_reader
from gateway.stations.orders import OrderError
from gateway.stations.pallet import Advice, Item, Pallet, capture, is_enough, item
from gateway.stations.post import Post
from gateway.stations.result import Result
from gateway.stations.verify import Seen, understand
from gateway.stations.window import EMPTY, Gathering, Passage, Window

log = logging.getLogger(__name__)

_AT_ONCE = 16  # tags judged before other tasks have their turn: about 8 ms


@dataclass(frozen=True)
class Answer:
    """A pallet's answer: each tag's, the whole's, and all that was found out."""

    results: tuple[Result, ...]
    summary: Result
    pallet: Pallet


class Dock:
    """rules: of a reader whose job is "pallet". sightings: how many were taken."""

    def __init__(self, post: Post, rules: ReaderConfig) -> None:
        self._post = post
        self._reader = rain_reader(post)
        self._pallet = rules.pallet or PalletConfig()
        self._gpi = rules.window.gpi if rules.window else None
        self._window = Window(rules.window) if rules.window else Gathering(self._pallet)
        self._want = replace(
            self._reader.want,
            tid=True,
            user_words=self._pallet.user_words,
            population=self._pallet.population,
            gpi=self._gpi,
        )
        self._watch: asyncio.Task[None] | None = None
        self._passed: list[Passage] = []
        self.sightings = 0

    async def run(self) -> AsyncGenerator[Result, None]:
        """For ever: the results of each pallet's tags, then the pallet's. CannotDo."""
        try:
            while True:
                passage = await self._next()
                if passage.outcome == EMPTY:
                    yield await self._empty(passage)
                    continue
                answer = await self._answer(passage)
                for result in answer.results:
                    yield result
                yield answer.summary
        finally:
            await self._rest()

    async def _next(self) -> Passage:
        """The next pallet."""
        while not self._passed:
            if self._watch is None:
                self._window.resume(self._post.now())
                self._watch = asyncio.create_task(self._see(), name=f"{self._post.name}: watch")
            if self._window.is_open:
                await asyncio.wait([self._watch], timeout=TICK_S)
            else:
                with self._post.turn.waiting():
                    await asyncio.wait([self._watch], timeout=TICK_S)
            if self._watch.done():
                self._watch.result()
            now = self._post.now()
            if not self._reader.is_open:
                self._passed += self._window.lost(now)
            self._passed += self._window.tick(now)
        return self._passed.pop(0)

    async def _see(self) -> None:
        async with aclosing(self._reader.sightings(self._want)) as reports:
            async for report in reports:
                for each in report:
                    if isinstance(each, GpiChange):
                        self._passed += self._window.gpi(each)
                    else:
                        self._window.sights([each])
                        self.sightings += 1

    async def _rest(self) -> None:
        """Let the reader be, so that single tags can be read."""
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.wait([self._watch])
            self._watch = None

    async def _empty(self, passage: Passage) -> Result:
        assert self._gpi is not None  # without an input a passage begins with a tag
        entry = passage_entry(self._post, self._gpi, passage)
        row = await self._post.record(entry.kind, entry.uid, entry.product, entry.body)
        assert entry.result is not None
        return replace(entry.result, journal_seq=row.seq if row else None)

    async def _answer(self, passage: Passage) -> Answer:
        started = self._post.ticks()
        items = await judged_at_once(self._post, passage.tags)
        poor = [n for n, each in enumerate(items) if not each.is_whole]
        if poor and self._pallet.reread_s and self._reader.is_open:
            await self._rest()
            try:
                async with asyncio.timeout(self._pallet.reread_s):
                    for n in poor:
                        items[n] = await read_singly(self._post, items[n])
            except TimeoutError:
                log.warning("%s: no time to read %d tags singly", self._post.name, len(poor))
            except (ReaderGone, ReaderBusy) as why:
                log.warning("%s: %s", self._post.name, why)
        pallet = Pallet(tuple(items), passage, advice(self._pallet.expected))
        return await recorded(self._post, pallet, started)


def advice(path: Path | None) -> Advice | None:
    """What the despatch advice says now, or why it says nothing."""
    if path is None:
        return None
    try:
        return Advice(expected(path.read_bytes()))
    except OSError as why:
        return Advice(fault=f"cannot read {path}: {why.strerror}")
    except OrderError as why:
        return Advice(fault=str(why))


async def judged_at_once(post: Post, tags: tuple[Sighting, ...]) -> list[Item]:
    """Each tag by the words that its sightings brought."""
    items = []
    for n, sighting in enumerate(tags):
        if n % _AT_ONCE == 0:
            await asyncio.sleep(0)
        seen = understand(post, capture(post.name, sighting))
        items.append(item(sighting, seen, is_enough(seen)))
    return items


async def read_singly(post: Post, poor: Item) -> Item:
    """The same tag, read by itself; as it was where it does not answer. ReaderGone, ReaderBusy."""
    try:
        seen = await _read(post, poor.sighting)
    except (ReaderGone, ReaderBusy):
        raise
    except DeviceTrouble as why:
        log.info("%s: %s", poor.sighting.epc.hex(), why)
        return poor
    return item(poor.sighting, seen, True)


async def recorded(post: Post, pallet: Pallet, started: float) -> Answer:
    """Put a pallet into the journal, all of its rows in one commit, and answer; started: ticks."""
    elapsed_s = post.ticks() - started
    body = pallet.body() | {"reader": post.name, "elapsed_ms": round(elapsed_s * 1000, 1)}
    rows = await asyncio.gather(
        *[post.record("verdict", *each.row(pallet.digest)) for each in pallet.items],
        post.record("pallet", b"", "", body),
    )
    seqs = [row.seq if row else None for row in rows]
    results = tuple(
        replace(each.result(), journal_seq=seq)
        for each, seq in zip(pallet.items, seqs[:-1], strict=True)
    )
    summary = Result(
        "pallet", b"", pallet.signal, elapsed_s=post.ticks() - started, journal_seq=seqs[-1]
    )
    return Answer(results, summary, pallet)


async def _read(post: Post, sighting: Sighting) -> Seen:
    reader = rain_reader(post)
    seen = understand(post, await reader.capture(sighting))
    if seen.verdict is None or seen.verdict.is_green():
        return seen
    return understand(post, await reader.capture(sighting, whole=True))
