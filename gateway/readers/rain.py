"""A RAIN reader as a station sees it: the tags in its field one after the other, over any RainPort."""

import asyncio
import logging
import random
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Self, TypeVar

from edge import gen2, gen2chips
from edge import tid as tids
from gateway.model import (
    Capture,
    GpiChange,
    Inventory,
    ReaderBusy,
    ReaderGone,
    Sighting,
    TagGone,
    Target,
    by_tid,
)
from gateway.readers.port import SeveralTags
from gateway.readers.rainaway import BACK_OFF_S, Away
from gateway.readers.rainfield import Field, Present
from gateway.readers.rainport import RainLimits, RainPort
from gateway.readers.rainwords import lock_for_ever, read_epc, read_image, read_tid, write_plan

log = logging.getLogger(__name__)

GATHER_S = 0.2  # from the first new tag on: several rounds of a field with tens of tags
_OTHERS_S = 0.3  # a look at who else is there: several rounds, too

_LOOK = Inventory(session=0)  # every tag answers each round: one that is silent is gone

_T = TypeVar("_T")


@dataclass(frozen=True)
class Choice:
    """Which tags a station means. want: how to look. rssi_dbm: weaker ones are not there.

    tid: only this one, or, where it ends before its serial does, those that begin so.
    """

    want: Inventory = _LOOK
    rssi_dbm: float | None = None
    tid: bytes = b""


_ANY = Choice()


class RainReader:
    """One call at a time. A cancelled call ends within the access under way; a write ends with its plan.

    Many tags may be in the field: target() gives each once, the strongest first, and gives it again when it was
    not told to be gone(), or has been away. A tag is written first where it is the only one that was not served.
    """

    medium = "rain"

    def __init__(
        self,
        name: str,
        port: RainPort,
        clock: Callable[[], float] = time.time,
        choice: Choice = _ANY,
        *,
        ticks: Callable[[], float] = time.monotonic,
        chance: Callable[[], float] = random.random,
        gather_s: float = GATHER_S,
    ) -> None:
        """clock: Unix seconds for Capture.seen_at; ticks: seconds that only run forward; chance: 0 to 1."""
        self.name = name
        self._port = port
        self._clock = clock
        self._ticks = ticks
        self._gather_s = gather_s
        named = tids.identity(choice.tid)
        self._is_named, self._tid_meant = bool(named), named or choice.tid
        select = by_tid(self._tid_meant) if choice.tid else choice.want.select
        self._want = replace(choice.want, select=select)
        self._field = Field(choice.rssi_dbm)
        self._at_hand: Present | None = None
        self._given: Target | None = None
        self._is_open = False
        self._may_be_absent = bool(
            choice.tid
        )  # the tag that is meant: not seen yet, and no one was told
        self._away = Away(name, chance)

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def open(self) -> None:
        """ReaderGone or ReaderBusy at once; coming back later is target()'s business."""
        self._is_open = False
        await self._port.open()
        self._is_open = True

    async def close(self) -> None:
        """Leave the reader silent."""
        await self._port.close()
        self._is_open = False

    @property
    def want(self) -> Inventory:
        """How the station's options say to look."""
        return self._want

    @property
    def is_open(self) -> bool:
        """Whether the reader answered when it was last asked."""
        return self._is_open

    @property
    def limits(self) -> RainLimits | None:
        """What the reader can do; None while it is closed."""
        return self._port.limits if self._is_open else None

    async def target(self, timeout_s: float | None = None) -> Target | None:
        """The next tag in the field; None after `timeout_s` (None: wait for ever).

        A reader that is gone is reopened, with back-off; ReaderGone or ReaderBusy where `timeout_s` ends first.
        CannotDo where the reader has not what the options ask for.
        """
        until = None if timeout_s is None else time.monotonic() + timeout_s
        while True:
            try:
                await self._back()
                found = self._field.next(self._ticks()) or await self._ask(self._look(until))
                if found is not None and not (found.is_told and tids.identity(found.tid)):
                    found.tid = await self._of_tag(found, read_tid(self._port, found))
                if found is not None and not found.tid.startswith(self._tid_meant):
                    self._field.served(found)
                    continue
            except TagGone:
                continue
            except (ReaderGone, ReaderBusy) as why:
                if until is not None and time.monotonic() + BACK_OFF_S[0] >= until:
                    raise
                await self._pause(why)
                continue
            if found is not None:
                self._may_be_absent = False
                self._at_hand, self._given = found, Target(tids.identity(found.tid))
                return self._given
            if until is not None and time.monotonic() >= until:
                await self._tell_of_others()
                return None

    async def sightings(self, want: Inventory) -> AsyncGenerator[list[Sighting | GpiChange]]:
        """What the reader reports, for ever, also beyond its loss; the operator is told of that once. CannotDo."""
        while True:
            try:
                await self._back()
                async with aclosing(self._port.watch(want)) as reports:
                    async for report in reports:
                        yield report
            except (ReaderGone, ReaderBusy) as why:
                await self._lost()
                await self._pause(why)

    async def inventory(self, want: Inventory, duration_s: float) -> list[Sighting]:
        """Look for tags for so long: every report. ReaderGone, CannotDo."""
        return await self._ask(self._port.inventory(want, duration_s))

    async def read(self, target: Target, whole: bool = False) -> Capture:
        """The target's TID, EPC, and USER bank as far as its current stub needs it; whole: both slots.

        TagGone, TagRefused.
        """
        tag = self._tag(target)
        image = await self._of_tag(tag, self._read(tag, whole))
        return Capture(self.name, self.medium, target.uid, image, self._clock())

    async def capture(self, sighting: Sighting, whole: bool = False) -> Capture:
        """As read(), of one tag of many, which a sighting told; nothing of that but its EPC and TID is believed."""
        pc = sighting.pc or gen2.pc_word(len(sighting.epc) // gen2.WORD)
        tag = Present(sighting.epc, pc, sighting.tid, sighting.rssi_dbm, 0.0, 0.0)
        tag.is_changed = not sighting.pc
        if not tids.identity(tag.tid):
            tag.tid = await self._ask(read_tid(self._port, tag))
        image = await self._ask(self._read(tag, whole))
        return Capture(self.name, self.medium, tids.identity(tag.tid), image, self._clock())

    async def chip(self) -> gen2chips.Chip | None:
        """The chip of the tag at hand, by its TID; None where that does not tell."""
        return gen2chips.by_tid(self._at_hand.tid) if self._at_hand is not None else None

    async def single_out(self, target: Target) -> None:
        """SeveralTags where other tags are in the field that were not served, and none is named by its TID."""
        count = 1 if self._is_named else self._field.crowd()
        if count > 1:
            raise SeveralTags(
                f"{count} tags in the field: leave one, lower the power, "
                "or name one with tid= or a least rssi_dbm= in the reader's URL"
            )

    async def write(self, plan: Sequence[tuple[int, bytes]], password: int = 0) -> int:
        """The places of `plan` in its order, neighbours in one access; returns how many words.

        TagGone or TagRefused: `page` is the place at which it ended; those before it stand as planned.
        """
        tag = self._last()
        return await self._whole(self._of_tag(tag, write_plan(self._port, tag, plan, password)))

    async def lock(self, capture: Capture, password: int = 0) -> int:
        """Make EPC and USER bank read-only for ever; no word is written. Raises as write."""
        tag = self._last()
        await self._whole(self._of_tag(tag, lock_for_ever(self._port, tag, password)))
        return 0

    async def gone(self, target: Target) -> None:
        """The tag at hand was served: it is not given again before it has been away. Returns at once."""
        if self._at_hand is not None:
            self._field.served(self._at_hand)

    async def _look(self, until: float | None) -> Present | None:
        """Watch until a new tag is there, and a little longer for a stronger one; None where the time is up."""
        field, loop = self._field, asyncio.get_running_loop()
        field.look(self._ticks())
        async with aclosing(self._port.watch(self._want)) as reports:
            try:
                left_s = None if until is None else until - time.monotonic()
                async with asyncio.timeout(left_s) as limit:
                    gathered_at = None
                    async for report in reports:
                        field.note(
                            [each for each in report if isinstance(each, Sighting)], self._ticks()
                        )
                        if gathered_at is None and field.has_new():
                            gathered_at = loop.time() + self._gather_s
                            limit.reschedule(min(gathered_at, limit.when() or gathered_at))
                        if gathered_at is not None and loop.time() >= gathered_at:
                            break
            except TimeoutError:
                pass
        field.note([], self._ticks())
        return field.next(self._ticks())

    async def _tell_of_others(self) -> None:
        """Once, where the tag that is named was never seen, and others are there: the name may be wrong."""
        if not self._may_be_absent:
            return
        found = await self._ask(self._port.inventory(replace(self._want, select=None), _OTHERS_S))
        others = {each.tid or each.epc for each in self._field.heard(found)}
        if others and not any(each.tid.startswith(self._tid_meant) for each in found):
            self._may_be_absent = False
            log.warning(
                "%s: other tags are in the field (%d), but none whose TID begins with %s: hold that one to the reader, "
                "or correct tid= in the reader's URL",
                self.name,
                len(others),
                self._tid_meant.hex(),
            )

    def _tag(self, target: Target) -> Present:
        if target != self._given:
            raise ValueError("only the tag that target() gave last can be read")
        return self._last()

    def _last(self) -> Present:
        if self._at_hand is None:
            raise ValueError("target() gave no tag yet")
        return self._at_hand

    async def _read(self, tag: Present, whole: bool) -> gen2.Image:
        if tag.is_changed:
            self._field.changed(tag, await read_epc(self._port, tag))
        return await read_image(self._port, tag, whole)

    async def _ask(self, call: Awaitable[_T]) -> _T:
        try:
            return await call
        except ReaderGone:
            await self._lost()
            raise

    async def _of_tag(self, tag: Present, call: Awaitable[_T]) -> _T:
        try:
            return await self._ask(call)
        except TagGone:
            self._field.left(tag)
            raise

    async def _whole(self, call: Awaitable[_T]) -> _T:
        """Cancelled: it has come to its end before this does."""
        job = asyncio.ensure_future(call)
        try:
            return await asyncio.shield(job)
        except asyncio.CancelledError:
            await asyncio.wait([job])
            if not job.cancelled() and (why := job.exception()) is not None:
                log.info("%s: cancelled, and %s", self.name, why)
            raise

    async def _lost(self) -> None:
        if self._is_open:
            self._is_open = False
            await self._port.close()

    async def _back(self) -> None:
        """The reader open, as it was or again."""
        if self._is_open:
            return
        await self.open()
        self._away.back(time.monotonic())

    async def _pause(self, why: Exception) -> None:
        """Tell the operator once, not at every attempt, and wait for the next."""
        await asyncio.sleep(self._away.lost(why, time.monotonic()))
