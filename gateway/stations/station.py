"""A station: each tag at its reader is counted once, its torn write is finished first, then the job is done."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable

from gateway.model import CannotDo, DeviceTrouble, ReaderBusy, ReaderGone, TagRefused, Target
from gateway.readers.port import SeveralTags
from gateway.stations import repair
from gateway.stations.post import Post
from gateway.stations.result import AMBER, RED, Result, Signal

log = logging.getLogger(__name__)

Job = Callable[[Post, Target], Awaitable[Result]]

DEDUPE_S = 2.0  # a tag that is back sooner is the same showing
_AT_ONCE = 3  # how often a torn tag is served again without having been taken away: pages wear out
_PAUSE_S = 0.2  # between two looks at a reader on which two tags lie
_REMEMBERED = 4096  # UIDs; the oldest are forgotten


class Station:
    """One reader's loop. A tag is served again when it was away for `dedupe_s`, or at once where it was torn."""

    def __init__(self, post: Post, dedupe_s: float = DEDUPE_S) -> None:
        self.post = post
        self._dedupe_s = dedupe_s
        self._last_seen: dict[bytes, float] = {}  # UID -> ticks
        self._present: Target | None = None  # served, and not yet known to have left
        self._torn_uid = b""
        self._torn_times = 0
        self._trouble = ""  # as the operator was told

    async def run(self, job: Job) -> AsyncIterator[Result]:
        """Serve every tag that shows up, for ever; yields a Result each."""
        for row in self.post.journal.open_intents() if self.post.journal else ():
            log.warning("tag %s is torn: show it again (%s)", row.uid.hex(), row.product)
        while True:
            result = await self.serve(job)
            if result is not None:
                yield result

    async def serve(self, job: Job, idle_s: float | None = None) -> Result | None:
        """Wait for the next tag and serve it; None when no new tag came for `idle_s` (None: wait for ever).

        Returns once the outcome is durable; that the tag leaves is awaited by the next call. Raises ReaderGone or
        ReaderBusy where the reader is not back within `idle_s`, CannotDo where it has not what its URL asks for.
        """
        try:
            with self.post.turn.waiting():
                async with asyncio.timeout(idle_s):
                    target = await self._next_target(idle_s)
        except TimeoutError:
            return None
        return await self._serve(target, job)

    async def left(self) -> None:
        """Wait until the tag served last has left."""
        while self._present is not None:
            try:
                await self.post.reader.gone(self._present)
            except (ReaderGone, ReaderBusy) as why:
                log.warning("%s", why)  # target() waits for it to come back
            except DeviceTrouble as why:
                log.warning("%s", why)
                await asyncio.sleep(_PAUSE_S)
                continue
            self._remember(self._present.uid)
            self._present = None

    async def _next_target(self, idle_s: float | None) -> Target:
        while True:
            await self.left()
            try:
                target = await self.post.reader.target(idle_s)
            except (ReaderGone, ReaderBusy, CannotDo):
                raise
            except DeviceTrouble as why:
                if str(why) != self._trouble:
                    log.warning("%s", why)
                self._trouble = str(why)
                await asyncio.sleep(_PAUSE_S)
                continue
            self._trouble = ""
            if target is None:
                continue
            last = self._last_seen.get(target.uid)
            if not target.uid or last is None or self.post.ticks() - last >= self._dedupe_s:
                return target
            self._present = target

    async def _serve(self, target: Target, job: Job) -> Result:
        try:
            result = await self._repaired(target) or await job(self.post, target)
        except (
            SeveralTags
        ) as why:  # nothing was done, and the reader gives none before they have changed
            return Result("gone", target.uid, Signal(AMBER, str(why)))
        except TagRefused as why:
            result = Result("refused", target.uid, Signal(RED, f"it cannot be read: {why}"))
        except DeviceTrouble as why:
            signal = Signal(AMBER, f"gone too soon: show the tag again ({why})")
            result = Result("gone", target.uid, signal)
        if result.hints_torn and self.post.may_write:
            await self._mend(target)
        self._settle(target, result)
        log.info("%s %s: %s", target.uid.hex(), result.outcome, result.signal.sentence)
        return result

    async def _repaired(self, target: Target) -> Result | None:
        """The outcome of finishing this tag's torn write; None where there is none, or it was void."""
        if self.post.journal is None or not self.post.may_write:
            return None
        for row in self.post.journal.open_intents(target.uid):
            result = await repair.repair_one(self.post, target, row)
            if result.outcome != "voided":
                return result
        return None

    async def _mend(self, target: Target) -> None:
        try:
            await repair.mend_hints(self.post, target)
        except DeviceTrouble as why:
            log.warning("%s: hints not mended: %s", target.uid.hex(), why)

    def _settle(self, target: Target, result: Result) -> None:
        """Remember whom to wait for: not a torn tag that is back in the field already, unless it always tears."""
        again = result.outcome in ("gone", "torn")
        self._torn_times = self._torn_times + 1 if again and target.uid == self._torn_uid else 0
        self._torn_uid = target.uid if again else b""
        if again and self._torn_times < _AT_ONCE:
            self._last_seen.pop(target.uid, None)
            return
        self._torn_times = 0
        self._remember(target.uid)
        self._present = target

    def _remember(self, uid: bytes) -> None:
        self._last_seen.pop(uid, None)
        self._last_seen[uid] = self.post.ticks()
        while len(self._last_seen) > _REMEMBERED:
            del self._last_seen[next(iter(self._last_seen))]
