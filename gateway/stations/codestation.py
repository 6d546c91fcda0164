"""A code station: what a camera or scanner sees, by its trigger, as outcomes that are durable before they are told."""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

from gateway.config import CodesConfig
from gateway.model import ReaderGone, Wanted
from gateway.records import JournalTrouble, Row
from gateway.stations import coderow, plc
from gateway.stations.codejob import Answer, Judged, answer, judge
from gateway.stations.codepost import CodePost
from gateway.stations.codewatch import Asker, CodeWatch, Ended, Keep, Once
from gateway.stations.cycle import READ, Outcome
from gateway.stations.plc import Call, Plc
from gateway.stations.readrate import ReadRate
from gateway.stations.result import RED, Result, Signal

log = logging.getLogger(__name__)

_GOOD = ("read", "verified", "passed")  # outcomes of which a PLC is told the codes

Check = Callable[[Outcome, Sequence[Judged], Keep], Awaitable[tuple[Answer, Row | None] | None]]


class CodeStation:
    """One code reader's loop. `run` it for ever, or ask `once`; both at the same time are fine. rate: of its triggers.

    plc: where triggers come from, and are answered, while it is run. check: what the codes of a trigger are held
    against besides, once they are durable; its answer stands for the cycle's, and its row for the cycle's.
    """

    def __init__(
        self, post: CodePost, rules: CodesConfig, plc: Plc | None = None, check: Check | None = None
    ) -> None:
        self.post = post
        self.check = check
        self.rules = rules
        self.rate = ReadRate()
        self._plc = plc
        self._watch = CodeWatch(post, rules)
        self._drives = asyncio.Lock()

    @property
    def triggers(self) -> int:
        """How many have come since the start."""
        return self._watch.triggers

    async def run(self) -> AsyncIterator[Result]:
        """Serve every trigger, for ever; yields a Result for each, in their order, when it is durable.

        A device that is away is waited for: what is triggered meanwhile is answered "no_read". Raises DeviceTrouble
        where it cannot be mended, ConfigProblem where no PLC can be listened to, JournalTrouble.
        """
        self._watch.is_free = True
        try:
            async with self._drives, self._watch.watching(), self._listening():
                while True:
                    for outcome, image in await self._next():
                        yield await self._finished(outcome, image)
        finally:
            self._watch.is_free = False
            if not self._drives.locked():
                self._forsake()

    async def once(self, want: Wanted, timeout_s: float) -> Outcome:
        """Trigger the reader now; what it saw, durable. Where the device is away that is "no_read", with the reason.

        want.count codes end it, whatever was read before; `timeout_s` at the latest. Raises JournalTrouble, and
        ReaderGone where the station ends meanwhile.
        """
        asked = Once(want, timeout_s, asyncio.get_running_loop().create_future())
        asked.outcome.add_done_callback(_noticed)
        if self._watch.is_free:
            self._watch.ask(asked)
            return await asked.outcome
        async with self._drives:
            await self._watch.open()
            try:
                async with self._watch.watching():
                    self._watch.ask(asked)
                    while not asked.outcome.done():
                        for outcome, image in await self._watch.happened():
                            await self._finished(outcome, image)
            finally:
                if not self._watch.is_free:
                    self._forsake()
        return asked.outcome.result()

    async def _next(self) -> Ended:
        """What happens next; a cycle that runs is waited for by whoever ends the station."""
        if self._watch.is_busy:
            return await self._watch.happened()
        with self.post.turn.waiting():
            return await self._watch.happened()

    async def _finished(self, outcome: Outcome, image: str | None) -> Result:
        """Record an outcome, and tell who asked for it when that is durable."""
        judged = [judge(each, self.post) for each in outcome.codes]
        found = answer(outcome, judged)
        if self._plc is not None:
            found = _speakable(found, judged)
        if outcome.word == READ and found.signal.colour == RED:
            image = await self._watch.keep(found.outcome)
        elapsed_s = self._watch.now() - outcome.started_at
        body = coderow.body(self.post.name, outcome, judged, found, image, elapsed_s)
        try:
            row = await self.post.record(found.product, body)
            if self.check is not None and (
                checked := await self.check(outcome, judged, self._watch.keep)
            ):
                found, row = checked
        except JournalTrouble as why:
            _failed(self._watch.askers.pop(outcome.trigger, None), why)
            raise
        asker = self._watch.askers.pop(outcome.trigger, None)
        self.rate.add(outcome.word)
        if isinstance(asker, Once) and not asker.outcome.done():
            asker.outcome.set_result(outcome)
        elif isinstance(asker, Call):
            asker.client.answer(_line(found, judged))
        elif asker is None and self._plc is not None:
            self._plc.tell(_line(found, judged))
        log.info("%s %s: %s", self.post.name, found.outcome, found.signal.sentence)
        return _result(found, row.seq if row else None, self._watch.now() - outcome.started_at)

    def _forsake(self) -> None:
        """Whoever still waits is told that no answer comes."""
        why = ReaderGone(f"{self.post.name}: the station has ended")
        for asker in self._watch.forsaken():
            _failed(asker, why)

    @asynccontextmanager
    async def _listening(self) -> AsyncGenerator[None, None]:
        if self._plc is None:
            yield
            return
        await self._plc.open(self._watch.ask)
        try:
            yield
        finally:
            await self._plc.close()


def _failed(asker: Asker | None, why: Exception) -> None:
    """Tell who asked that nothing could be answered."""
    if isinstance(asker, Once) and not asker.outcome.done():
        asker.outcome.set_exception(why)
    elif isinstance(asker, Call) and asker.deed != "off":
        asker.client.answer(plc.ERROR)


def _noticed(outcome: "asyncio.Future[Outcome]") -> None:
    """Who asked may have gone meanwhile: a failure that nobody takes is none."""
    if not outcome.cancelled():
        outcome.exception()


def _result(found: Answer, seq: int | None, elapsed_s: float) -> Result:
    telling = found.telling
    return Result(
        found.outcome,
        b"",
        found.signal,
        product=found.product,
        verdict=telling.verdict if telling else None,
        stub=telling.stub if telling else None,
        seq=telling.stub.seq if telling and telling.stub else None,
        link=telling.code.link if telling else None,
        elapsed_s=elapsed_s,
        journal_seq=seq,
    )


def _speakable(found: Answer, judged: list[Judged]) -> Answer:
    """A code that a PLC could take for another answer is refused: people are told what the PLC is."""
    if found.outcome not in _GOOD or plc.texts([each.read.data for each in judged]) is not None:
        return found
    text = "refused: what this code holds could be taken for another answer by a PLC"
    return replace(found, outcome="refused", signal=Signal(RED, text))


def _line(found: Answer, judged: list[Judged]) -> str:
    """What a PLC is answered."""
    if found.outcome not in _GOOD:
        return plc.word(found.outcome)
    return plc.texts([each.read.data for each in judged]) or plc.word("refused")
