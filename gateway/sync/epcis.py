"""The EPCIS sink: sends what the journal holds to somebody else's EPCIS repository, in order, as EPCIS events.

A resend is harmless, for an event has its eventID from what it says: that it stands there already is success. An event
that is refused is found by halving, its row set aside for this sink alone, and all others go on.
"""

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from typing import Any, NamedTuple

from gateway.clock import UNSYNCED
from gateway.config import ConfigProblem, EpcisConfig
from gateway.epcis.places import Places, site
from gateway.epcis.station_map import rfc3339
from gateway.epcis.translator import Translator
from gateway.journal import Journal, JournalFull
from gateway.records import Gap, Row
from gateway.sync.answer import Later, Pause
from gateway.sync.epcis_repository import Repository, Smaller, Stored
from gateway.sync.http import Client

log = logging.getLogger(__name__)

SINK = "epcis"  # the cursor up to which the repository has every event

_MOST_ROWS = 512  # read at once
_LOOK_S = 5.0  # between looks for rows that are to be offered once more
_BEFORE_PALLET = 512  # rows that may stand between a pallet's


class Told(NamedTuple):
    """An event and the row that it follows from."""

    seq: int
    event: Mapping[str, Any]


class EpcisSink:
    """Keeps a repository up to date with one journal. gateway: its name in the events.

    pause, uniform, now: asyncio.sleep, random.uniform and time.time_ns, or a test's. trouble: why nothing is taken just
    now. Raises ConfigProblem where [epcis] has no url, or a file or time zone that cannot be used.
    """

    def __init__(
        self,
        journal: Journal,
        config: EpcisConfig,
        gateway: str,
        *,
        pause: Callable[[float], Awaitable[object]] = asyncio.sleep,
        uniform: Callable[[float, float], float] = random.uniform,
        now: Callable[[], int] = time.time_ns,
    ) -> None:
        if config.url is None:
            raise ConfigProblem("epcis.url is missing: name the repository, or leave [epcis] out")
        self.trouble: str | None = None
        self._journal = journal
        self._gateway = gateway
        self._places = Places(site(config))
        self._client = Client(
            config.url,
            table="epcis",
            token_file=config.token_file,
            ca=config.ca,
            cert=config.cert,
            key=config.key,
        )
        self._repository = Repository(self._client, config.url, pause)
        self._pause = pause
        self._pauses = Pause(uniform)
        self._now = now
        self._progress = asyncio.Event()

    async def run(self) -> None:
        """Send for ever; ends by being cancelled, or by JournalFailed. To be called once."""
        async with self._client:
            while (why := await self._repository.ask_limits()) is not None:
                await self._wait(why)
            translator = Translator(self._gateway, self._places)
            at = self._journal.cursor(SINK)
            while True:
                await self._replay()
                pieces = self._journal.pieces(at, _MOST_ROWS)
                if not pieces:
                    await self._look(at)
                    continue
                told = [each for row in pieces for each in _told(translator, row)]
                await self._bring(told)
                at = _last(pieces[-1])
                done = at if translator.since is None else translator.since - 1
                if done > self._journal.cursor(SINK):
                    await self._keep(partial(self._journal.move_cursor, SINK, done))
                self._progress.set()
                self._progress = asyncio.Event()

    async def confirmed(self, seq: int) -> None:
        """Return when the repository has every event of the rows up to `seq`, or they were set aside."""
        while self._journal.cursor(SINK) < seq:
            await self._progress.wait()

    async def _look(self, at: int) -> None:
        """Until there are more rows, or it is time to look for those that were released."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_LOOK_S):
                await self._journal.grown_beyond(at)

    async def _bring(self, told: list[Told]) -> bool:
        """Have events stored, or their rows set aside; whether all were stored."""
        waiting, is_whole = [told] if told else [], True
        while waiting:
            some = waiting.pop()
            created = rfc3339(self._now())
            outcome = await self._repository.capture([each.event for each in some], created)
            if isinstance(outcome, Later):
                waiting.append(some)
                await self._wait(outcome)
                continue
            self._works()
            if isinstance(outcome, Stored):
                continue
            if len(some) > 1:
                half = len(some) // 2
                waiting += [some[half:], some[:half]]
            elif isinstance(outcome, Smaller):
                is_whole = False
                await self._set_aside(some[0], "it is larger than the repository takes")
            elif not outcome.is_known:
                is_whole = False
                await self._set_aside(some[0], outcome.reason)
        return is_whole

    async def _replay(self) -> None:
        """Offer rows once more that were set aside and released."""
        for seq in self._journal.replays(SINK):
            if await self._bring(self._of_row(seq)):
                await self._keep(partial(self._journal.replayed, seq, SINK))

    def _of_row(self, seq: int) -> list[Told]:
        """The events of one row; a pallet's tags are looked for in the rows before it."""
        rows = self._journal.after(seq - 1, 1)
        if not rows or rows[0].seq != seq:
            return []
        tags = rows[0].content().get("tags", 0) if rows[0].kind == "pallet" else 0
        if tags:
            before = max(0, seq - tags - _BEFORE_PALLET - 1)
            rows = self._journal.after(before, seq - before)
        translator = Translator(self._gateway, self._places)
        told = [each for row in rows if row.seq <= seq for each in _told(translator, row)]
        return [each for each in told if each.seq == seq]

    async def _set_aside(self, told: Told, reason: str) -> None:
        log.error("row %d is set aside: %s", told.seq, reason)
        await self._keep(partial(self._journal.set_aside, told.seq, reason, SINK))

    async def _keep(self, note: Callable[[], Awaitable[None]]) -> None:
        """Have the journal keep what became of rows; one that is full for a while is waited for."""
        while True:
            try:
                await note()
            except JournalFull as why:
                await self._wait(Later(str(why)))
            else:
                return self._works()

    async def _wait(self, why: Later) -> None:
        if self.trouble != why.reason:
            log.warning("the EPCIS repository takes no events: %s", why.reason)
        self.trouble = why.reason
        await self._pause(self._pauses.next_s(why.at_least_s))

    def _works(self) -> None:
        if self.trouble is not None:
            log.warning("the EPCIS repository takes events again")
        self.trouble = None
        self._pauses.reset()


def _told(translator: Translator, row: Row | Gap) -> Iterator[Told]:
    if isinstance(row, Gap):
        return
    clock = row.clock()
    events = translator.events(
        row.seq,
        row.at_ns,
        row.kind,
        row.station,
        row.uid,
        row.product,
        row.content(),
        clock is None or clock.error_ms != UNSYNCED,
    )
    for event in events:
        yield Told(row.seq, event)


def _last(piece: Row | Gap) -> int:
    return piece.last if isinstance(piece, Gap) else piece.seq
