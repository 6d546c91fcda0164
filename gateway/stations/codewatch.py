"""A code reader under watch: what it sees and who triggers it go into its Cycle, and outcomes come out."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, replace
from math import inf

from gateway.config import CodesConfig
from gateway.model import DeviceTrouble, Look, ReaderBusy, ReaderGone, Wanted
from gateway.stations.codepost import CodePost
from gateway.stations.cycle import Cycle, Outcome
from gateway.stations.plc import Call
from gateway.stations.policy import match_list
from gateway.stations.readrate import GOOD

log = logging.getLogger(__name__)

Keep = Callable[[str], Awaitable[str | None]]

_COMMAND_S = 2.0  # for a reader to take a command
_WAITING = 16  # looks


@dataclass(frozen=True)
class Once:
    """A trigger of a station beside this one."""

    want: Wanted
    timeout_s: float
    outcome: "asyncio.Future[Outcome]"


Asker = Call | Once
Ended = list[tuple[Outcome, str | None]]  # each with the picture that was kept of it


class CodeWatch:
    """Within `watching`, `happened` tells outcomes. askers: by their trigger, until who tells them takes them out.

    is_free: whether what no trigger asked for counts, too.
    """

    def __init__(self, post: CodePost, rules: CodesConfig) -> None:
        self.askers: dict[int, Asker] = {}
        self.is_free = False
        self._post = post
        self._rules = rules
        match = match_list(rules)
        self._cycle = Cycle(rules, match)
        self._wanted = Wanted(max(rules.count, rules.most), match.expected, beyond=True)
        self._events: asyncio.Queue[tuple[float, Look | Asker | None]] = asyncio.Queue()
        self._room = asyncio.Semaphore(_WAITING)  # for looks among the events
        self._eye: asyncio.Task[None] | None = None
        self._is_triggered = False
        self._ahead_s = post.now() - post.ticks()  # of Unix seconds, as they were at the start

    @property
    def triggers(self) -> int:
        """How many have come since the start."""
        return self._cycle.triggers

    @property
    def is_busy(self) -> bool:
        """Whether a cycle runs."""
        return self._cycle.trigger > 0 or self._cycle.due_at is not None

    def now(self) -> float:
        """Unix seconds that run evenly since the start, also where the wall clock is set meanwhile."""
        return self._post.ticks() + self._ahead_s

    def ask(self, asker: Asker) -> None:
        """A trigger, or the end of one, now."""
        self._events.put_nowait((self.now(), asker))

    async def open(self) -> None:
        """Wait for the reader where that is not there yet; where it does not come, `happened` says so."""
        try:
            await self._post.reader.open()
        except (ReaderGone, ReaderBusy) as why:
            log.warning("%s: %s", self._post.name, why)

    @asynccontextmanager
    async def watching(self) -> AsyncGenerator[None, None]:
        """What the reader sees comes in; a device that is away comes back by itself."""
        looks = self._post.reader.looks()
        self._eye = asyncio.create_task(self._look(looks), name=f"{self._post.name} looks")
        self._eye.add_done_callback(lambda _: self._events.put_nowait((self.now(), None)))
        try:
            yield
        finally:
            self._eye.cancel()
            await asyncio.gather(self._eye, return_exceptions=True)
            if self._is_triggered:
                self._is_triggered = False
                await self._post.reader.release()

    async def happened(self) -> Ended:
        """Wait for what happens next: the outcomes that it brings, if any.

        Raises DeviceTrouble where nothing comes from the reader any more.
        """
        due_at = self._cycle.due_at
        try:
            async with asyncio.timeout(None if due_at is None else max(0.0, due_at - self.now())):
                at, event = await self._event()
        except TimeoutError:
            return await self._settled(self._cycle.tick(self.now(), self._trouble()))
        if isinstance(event, Look):
            self._room.release()
            counts = self.is_free or self._cycle.trigger
            return await self._settled(self._cycle.look(event)) if counts else []
        if event is None:
            return await self._blind()
        return await self._called(at, event)

    def forsaken(self) -> list[Asker]:
        """Who still waits, and will get no outcome: all is as at the start."""
        self._cycle.lost(self.now(), "")
        self._cycle.forget()
        found = list(self.askers.values())
        self.askers.clear()
        while not self._events.empty():
            _, event = self._events.get_nowait()
            if isinstance(event, Look):
                self._room.release()
            elif event is not None:
                found.append(event)
        return found

    async def _look(self, looks: AsyncGenerator[Look, None]) -> None:
        async with aclosing(looks):
            async for look in looks:
                age_s = max(0.0, self._post.now() - look.at)
                at = self.now() - age_s
                await self._room.acquire()
                self._events.put_nowait((at, look._replace(at=at)))

    async def _event(self) -> tuple[float, Look | Asker | None]:
        assert self._eye is not None
        if self._events.empty() and self._eye.done():
            return self.now(), None
        return await self._events.get()

    async def _blind(self) -> Ended:
        assert self._eye is not None
        if not self._eye.done():
            return []
        if self._cycle.trigger:
            return await self._settled(self._cycle.lost(self.now(), "the reader has ended"))
        self._eye.result()
        raise ReaderGone(f"{self._post.name}: the reader was closed")

    async def _called(self, at: float, asker: Asker) -> Ended:
        cycle = self._cycle
        ended = await self._settled(cycle.tick(at, self._trouble()))
        if isinstance(asker, Call) and asker.deed == "off":
            on = self.askers.get(cycle.trigger)
            if isinstance(on, Call) and on.client is asker.client:
                ended += await self._settled(cycle.trigger_off(at, self._trouble()))
            return ended
        want = None
        if isinstance(asker, Once):
            want, timeout_s = asker.want, asker.timeout_s
        else:
            timeout_s = inf if asker.deed == "on" else self._rules.timeout_s
        outcomes = cycle.trigger_on(at, timeout_s, want)
        self.askers[cycle.triggers] = asker
        if cycle.trigger == cycle.triggers:
            outcomes += await self._begun(replace(want, beyond=True) if want else self._wanted)
        return ended + await self._settled(outcomes)

    async def _begun(self, want: Wanted) -> list[Outcome]:
        """Have the reader look hard; where it cannot, the trigger is over."""
        self._is_triggered = True
        try:
            async with asyncio.timeout(_COMMAND_S):
                await self._post.reader.trigger(want)
        except DeviceTrouble as why:
            return self._cycle.lost(self.now(), str(why))
        except TimeoutError:
            text = f"the reader takes no trigger within {_COMMAND_S:g} s"
            return self._cycle.lost(self.now(), text)
        return []

    async def _settled(self, outcomes: list[Outcome]) -> Ended:
        """The reader looks lightly again where its trigger is over; of a cycle that failed a picture is kept."""
        if not outcomes:
            return []
        image = await self.keep(outcomes[0].word) if outcomes[0].word not in GOOD else None
        try:
            async with asyncio.timeout(_COMMAND_S):
                if self._is_triggered and not self._cycle.trigger:
                    self._is_triggered = False
                    await self._post.reader.release()
        except DeviceTrouble as why:
            log.warning("%s: %s", self._post.name, why)
        except TimeoutError:
            log.warning("%s: no answer from the reader within %g s", self._post.name, _COMMAND_S)
        return [(outcomes[0], image), *[(each, None) for each in outcomes[1:]]]

    async def keep(self, why: str) -> str | None:
        """Archive the last picture of the trigger: its file, None where none is kept."""
        if self._rules.archive is None:
            return None
        try:
            async with asyncio.timeout(_COMMAND_S):
                return await self._post.reader.keep(why)
        except DeviceTrouble as trouble:
            log.warning("%s: no picture is kept: %s", self._post.name, trouble)
        except TimeoutError:
            log.warning("%s: no picture is kept within %g s", self._post.name, _COMMAND_S)
        return None

    def _trouble(self) -> str:
        """Why the reader may have seen nothing; "" where it is well."""
        state = self._post.reader.state
        is_well = self._post.reader.is_open and not state.text
        return "" if is_well else f"the reader is {state.word}: {state.text}"
