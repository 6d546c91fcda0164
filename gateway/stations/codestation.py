"""A code station: what a camera or scanner sees, by its trigger, as outcomes that are durable before they are told."""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from math import inf

from gateway.config import CodesConfig
from gateway.model import DeviceTrouble, Look, ReaderBusy, ReaderGone, Wanted
from gateway.records import JournalTrouble, Row
from gateway.stations import coderow, plc
from gateway.stations.codejob import Answer, Judged, answer, judge
from gateway.stations.codepost import CodePost
from gateway.stations.cycle import Cycle, Outcome
from gateway.stations.plc import Call, Plc
from gateway.stations.policy import match_list
from gateway.stations.readrate import GOOD, ReadRate
from gateway.stations.result import Result

log = logging.getLogger(__name__)

_COMMAND_S = 2.0  # for a reader to take a command
_WAITING = 16  # looks


@dataclass(frozen=True)
class _Once:
    """A trigger of a station beside this one."""

    want: Wanted
    timeout_s: float
    outcome: "asyncio.Future[Outcome]"


Check = Callable[[Outcome, Sequence[Judged]], Awaitable[tuple[Answer, Row | None] | None]]

_Event = Look | Call | _Once | None
_Ended = list[tuple[Outcome, str | None]]  # each with the picture that was kept of it


class CodeStation:
    """One code reader's loop. `run` it for ever, or ask `once`; both at the same time are fine. rate: of its triggers.

    plc: where triggers come from, and are answered, while it is run. check: what the codes of a trigger are held
    against besides, once they are durable; its answer stands for the cycle's, and its row for the cycle's.
    """

    def __init__(
        self,
        post: CodePost,
        rules: CodesConfig,
        plc: Plc | None = None,
        check: Check | None = None,
    ) -> None:
        self.post = post
        self.check = check
        self.rules = rules
        self.rate = ReadRate()
        self._plc = plc
        match = match_list(rules)
        self._cycle = Cycle(rules, match)
        self._wanted = Wanted(max(rules.count, rules.most), match.expected)
        self._events: asyncio.Queue[tuple[float, _Event]] = asyncio.Queue()
        self._room = asyncio.Semaphore(_WAITING)  # for looks among the events
        self._askers: dict[int, Call | _Once] = {}  # by their trigger
        self._drives = asyncio.Lock()
        self._is_run = False
        self._is_triggered = False
        self._eye: asyncio.Task[None] | None = None
        self._anchor = (0.0, 0.0)

    async def run(self) -> AsyncIterator[Result]:
        """Serve every trigger, for ever; yields a Result for each, in their order, when it is durable.

        A device that is away is waited for: what is triggered meanwhile is answered "no_read". Raises DeviceTrouble
        where it cannot be mended, OSError where the PLC's address cannot be had, JournalTrouble.
        """
        self._is_run = True
        try:
            async with self._drives, self._listening(), self._watching():
                while True:
                    for outcome, image in await self._happened():
                        yield await self._finished(outcome, image)
        finally:
            self._is_run = False
            if not self._drives.locked():
                self._forsake()

    async def once(self, want: Wanted, timeout_s: float) -> Outcome:
        """Trigger the reader now; what it saw, durable. Where the device is away that is "no_read", with the reason.

        want.count codes end it, whatever was read before; `timeout_s` at the latest. Raises JournalTrouble, and
        ReaderGone where the station ends meanwhile.
        """
        asked = _Once(want, timeout_s, asyncio.get_running_loop().create_future())
        asked.outcome.add_done_callback(_noticed)
        if self._is_run:
            self._ask(asked)
            return await asked.outcome
        async with self._drives:
            await self._open()
            try:
                async with self._watching():
                    self._ask(asked)
                    while not asked.outcome.done():
                        for outcome, image in await self._happened():
                            await self._finished(outcome, image)
            finally:
                if not self._is_run:
                    self._forsake()
        return asked.outcome.result()

    @property
    def triggers(self) -> int:
        """How many have come since the start."""
        return self._cycle.triggers

    def _ask(self, event: Call | _Once) -> None:
        self._events.put_nowait((self._now(), event))

    def _now(self) -> float:
        """Unix seconds that run evenly during a trigger, also where the wall clock is set meanwhile."""
        ticks = self.post.ticks()
        if not self._cycle.trigger:
            self._anchor = (self.post.now(), ticks)
        return self._anchor[0] + ticks - self._anchor[1]

    async def _happened(self) -> _Ended:
        """Wait for what happens next: the outcomes that it brings."""
        due_at = self._cycle.due_at
        try:
            async with asyncio.timeout(None if due_at is None else max(0.0, due_at - self._now())):
                at, event = await self._event()
        except TimeoutError:
            return await self._settled(self._cycle.tick(self._now(), self._trouble()))
        if isinstance(event, Look):
            self._room.release()
            is_wanted = self._is_run or self._cycle.trigger
            return await self._settled(self._cycle.look(event)) if is_wanted else []
        if event is None:
            return await self._blind()
        return await self._called(at, event)

    async def _event(self) -> tuple[float, _Event]:
        assert self._eye is not None
        if self._events.empty() and self._eye.done():
            return self._now(), None
        return await self._events.get()

    async def _blind(self) -> _Ended:
        """Nothing comes from the reader any more."""
        assert self._eye is not None
        if not self._eye.done():
            return []
        if self._cycle.trigger:
            return await self._settled(self._cycle.lost(self._now(), "the reader has ended"))
        self._eye.result()
        raise ReaderGone(f"{self.post.name}: the reader was closed")

    async def _called(self, at: float, event: Call | _Once) -> _Ended:
        cycle = self._cycle
        ended = await self._settled(cycle.tick(at, self._trouble()))
        if isinstance(event, Call) and event.deed == "off":
            asker = self._askers.get(cycle.trigger)
            if isinstance(asker, Call) and asker.client is event.client:
                ended += await self._settled(cycle.trigger_off(at, self._trouble()))
            return ended
        want = None
        if isinstance(event, _Once):
            want, timeout_s = event.want, event.timeout_s
        else:
            timeout_s = inf if event.deed == "on" else self.rules.timeout_s
        outcomes = cycle.trigger_on(at, timeout_s, want)
        self._askers[cycle.triggers] = event
        if cycle.trigger == cycle.triggers:
            outcomes += await self._begun(want or self._wanted)
        return ended + await self._settled(outcomes)

    async def _begun(self, want: Wanted) -> list[Outcome]:
        """Have the reader look hard; where it cannot, the trigger is over."""
        self._is_triggered = True
        try:
            async with asyncio.timeout(_COMMAND_S):
                await self.post.reader.trigger(want)
        except DeviceTrouble as why:
            return self._cycle.lost(self._now(), str(why))
        except TimeoutError:
            text = f"the reader takes no trigger within {_COMMAND_S:g} s"
            return self._cycle.lost(self._now(), text)
        return []

    async def _settled(self, outcomes: list[Outcome]) -> _Ended:
        """The reader looks lightly again where its trigger is over; of a cycle that failed a picture is kept."""
        if not outcomes:
            return []
        image, reader = None, self.post.reader
        try:
            async with asyncio.timeout(_COMMAND_S):
                if self.rules.archive is not None and outcomes[0].word not in GOOD:
                    image = await reader.keep(outcomes[0].word)
                if self._is_triggered and not self._cycle.trigger:
                    self._is_triggered = False
                    await reader.release()
        except DeviceTrouble as why:
            log.warning("%s: %s", self.post.name, why)
        except TimeoutError:
            log.warning("%s: no answer from the reader within %g s", self.post.name, _COMMAND_S)
        return [(outcomes[0], image), *[(each, None) for each in outcomes[1:]]]

    async def _finished(self, outcome: Outcome, image: str | None) -> Result:
        """Record an outcome, and tell who asked for it when that is durable."""
        judged = [judge(each, self.post) for each in outcome.codes]
        found = answer(outcome, judged)
        elapsed_s = self._now() - outcome.started_at
        body = coderow.body(self.post.name, outcome, judged, found, image, elapsed_s)
        asker = self._askers.pop(outcome.trigger, None)
        try:
            row = await self.post.record(found.product, body)
            if self.check is not None and (checked := await self.check(outcome, judged)):
                found, row = checked
        except JournalTrouble as why:
            _failed(asker, why)
            raise
        self.rate.add(outcome.word)
        if isinstance(asker, _Once) and not asker.outcome.done():
            asker.outcome.set_result(outcome)
        elif isinstance(asker, Call):
            asker.client.answer(_line(found, judged))
        elif asker is None and self._plc is not None:
            self._plc.tell(_line(found, judged))
        log.info("%s %s: %s", self.post.name, found.outcome, found.signal.sentence)
        return _result(found, row.seq if row else None, self._now() - outcome.started_at)

    def _trouble(self) -> str:
        """Why the reader may have seen nothing; "" where it is well."""
        reader = self.post.reader
        return "" if reader.is_open else f"the reader is {reader.state.word}: {reader.state.text}"

    def _forsake(self) -> None:
        """Whoever still waits is told that no answer comes."""
        self._cycle.lost(self._now(), "")
        why = ReaderGone(f"{self.post.name}: the station has ended")
        while not self._events.empty():
            _, event = self._events.get_nowait()
            if isinstance(event, Look):
                self._room.release()
            else:
                _failed(event, why)
        for asker in self._askers.values():
            _failed(asker, why)
        self._askers.clear()

    async def _open(self) -> None:
        try:
            await self.post.reader.open()
        except (ReaderGone, ReaderBusy) as why:
            log.warning("%s: %s", self.post.name, why)

    @asynccontextmanager
    async def _watching(self) -> AsyncGenerator[None, None]:
        """What the reader sees comes in as events; a device that is away comes back by itself."""
        looks = self.post.reader.looks()
        self._eye = asyncio.create_task(self._look(looks), name=f"{self.post.name} looks")
        self._eye.add_done_callback(lambda _: self._events.put_nowait((self._now(), None)))
        try:
            yield
        finally:
            self._eye.cancel()
            await asyncio.gather(self._eye, return_exceptions=True)
            if self._is_triggered:
                self._is_triggered = False
                await self.post.reader.release()

    async def _look(self, looks: AsyncGenerator[Look, None]) -> None:
        async with aclosing(looks):
            async for look in looks:
                await self._room.acquire()
                self._events.put_nowait((look.at, look))

    @asynccontextmanager
    async def _listening(self) -> AsyncGenerator[None, None]:
        if self._plc is None:
            yield
            return
        await self._plc.open(self._ask)
        try:
            yield
        finally:
            await self._plc.close()


def _failed(asker: Call | _Once | None, why: Exception) -> None:
    """Tell who asked that nothing could be answered."""
    if isinstance(asker, _Once) and not asker.outcome.done():
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


def _line(found: Answer, judged: list[Judged]) -> str:
    """What a PLC is answered."""
    if found.outcome not in ("read", "verified", "passed"):
        return plc.word(found.outcome)
    return plc.texts([each.read.data for each in judged]) or plc.word("refused")
