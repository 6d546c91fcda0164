"""A station: tags show up at its reader, each is counted once, its torn write is finished first, then the job is done."""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable

from gateway.model import TagGone, Target
from gateway.stations import repair
from gateway.stations.post import Post
from gateway.stations.result import AMBER, Result, Signal

log = logging.getLogger(__name__)

Job = Callable[[Post, Target], Awaitable[Result]]

DEDUPE_S = 2.0  # a tag that is back sooner is the same showing
_WAIT_S = 1.0  # one blocking wait at the reader; a station that is to end does so after it
_REMEMBERED = 4096  # UIDs; the oldest are forgotten


class Station:
    """One reader's loop. A tag is served again when it was away for `dedupe_s`, or at once where it was torn."""

    def __init__(self, post: Post, dedupe_s: float = DEDUPE_S) -> None:
        self.post = post
        self._dedupe_s = dedupe_s
        self._last_seen: dict[bytes, float] = {}  # UID -> ticks
        self._present: Target | None = None

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

        Returns once the outcome is durable; that the tag leaves is awaited by the next call.
        """
        if self._present is not None:
            await self.post.reader.gone(self._present)
            self._last_seen[self._present.uid] = self.post.ticks()
            self._present = None
        until = None if idle_s is None else self.post.ticks() + idle_s
        while until is None or self.post.ticks() < until:
            target = await self.post.reader.target(
                _WAIT_S if idle_s is None else min(_WAIT_S, idle_s)
            )
            if target is None or self._is_known(target):
                continue
            return await self._serve(target, job)
        return None

    async def _serve(self, target: Target, job: Job) -> Result:
        try:
            result = await self._first_repair(target) or await job(self.post, target)
        except TagGone as why:
            signal = Signal(AMBER, f"gone too soon: show the tag again ({why})")
            result = Result("gone", target.uid, signal)
        if result.outcome in ("gone", "torn"):
            self._last_seen.pop(target.uid, None)
        else:
            self._remember(target)
            self._present = target
        log.info("%s %s: %s", target.uid.hex(), result.outcome, result.signal.sentence)
        return result

    async def _first_repair(self, target: Target) -> Result | None:
        """The outcome of finishing this tag's torn write; None where there is none, or it was void."""
        if self.post.journal is None:
            return None
        for row in self.post.journal.open_intents(target.uid):
            result = await repair.repair_one(self.post, target, row)
            if result.outcome != "voided":
                return result
        return None

    def _is_known(self, target: Target) -> bool:
        last = self._last_seen.get(target.uid)
        if last is None or self.post.ticks() - last >= self._dedupe_s:
            return False
        self._remember(target)
        return True

    def _remember(self, target: Target) -> None:
        self._last_seen.pop(target.uid, None)
        self._last_seen[target.uid] = self.post.ticks()
        while len(self._last_seen) > _REMEMBERED:
            del self._last_seen[next(iter(self._last_seen))]
