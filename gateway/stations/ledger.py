"""A ledger: journal rows of a station that must not wait for the disk, written in their order and told when durable.

The reader goes on while a group commit is under way; it is held back where the disk falls behind, and no row is lost.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Any, Self

from gateway.journal import JournalFull, Row
from gateway.stations.post import Post
from gateway.stations.result import Result

log = logging.getLogger(__name__)

MOST_WAITING = 8192  # rows; whoever writes more waits in room()

_AT_ONCE = 512  # rows of one commit


@dataclass(frozen=True)
class Entry:
    """A row to be, and the answer to tell once it is durable; result None: nobody is told."""

    post: Post
    kind: str
    uid: bytes
    product: str
    body: dict[str, Any]
    result: Result | None = None


class Ledger:
    """`async with`: at its end all that was written is durable. tell: called with (reader, Result)."""

    def __init__(
        self, tell: Callable[[str, Result], None], most_waiting: int = MOST_WAITING
    ) -> None:
        self._tell = tell
        self._most_waiting = most_waiting
        self._waiting: deque[Entry] = deque()
        self._some = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self._closing = asyncio.Event()

    async def __aenter__(self) -> Self:
        self._writer = asyncio.create_task(self._run(), name="ledger")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, why: BaseException | None, at: TracebackType | None
    ) -> None:
        self._closing.set()
        self._some.set()
        await asyncio.wait([self._writer])
        trouble = self._writer.exception()
        if trouble is not None and kind is None:
            raise trouble

    def write(self, entry: Entry) -> None:
        """Put an entry in line; never waits."""
        self._waiting.append(entry)
        self._some.set()
        if len(self._waiting) >= self._most_waiting:
            self._room.clear()

    async def room(self) -> None:
        """Return at once, or when the disk has caught up."""
        await self._room.wait()

    async def written(self) -> None:
        """For ever; raises JournalTrouble where a row could not be stored."""
        await asyncio.shield(self._writer)

    async def _run(self) -> None:
        while self._waiting or not self._closing.is_set():
            if not self._waiting:
                self._some.clear()
                await self._some.wait()
                continue
            count = min(len(self._waiting), _AT_ONCE)
            entries = [self._waiting.popleft() for _ in range(count)]
            await self._write(entries)
            if len(self._waiting) < self._most_waiting:
                self._room.set()

    async def _write(self, entries: list[Entry]) -> None:
        """Store and tell them; where the journal is full, wait until it has room. Raises where that is of no use."""
        waited_for = 0
        while entries:
            outcomes = await asyncio.gather(
                *[e.post.record(e.kind, e.uid, e.product, e.body) for e in entries],
                return_exceptions=True,
            )
            left, full = [], None
            for entry, outcome in zip(entries, outcomes, strict=True):
                if isinstance(outcome, JournalFull):
                    left.append(entry)
                    full = outcome
                elif isinstance(outcome, BaseException):
                    raise outcome
                else:
                    self._told(entry, outcome)
            if full is not None:
                if self._closing.is_set() or waited_for == len(left):
                    raise full
                log.error("%s", full)
                await self._room_in(left[0].post)
                waited_for = len(left)
            entries = left

    async def _room_in(self, post: Post) -> None:
        """Return when the journal has room again, or when the ledger is to end."""
        assert post.journal is not None
        waits = [
            asyncio.ensure_future(each) for each in (post.journal.room(), self._closing.wait())
        ]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in waits:
                each.cancel()
            await asyncio.gather(*waits, return_exceptions=True)

    def _told(self, entry: Entry, row: Row | None) -> None:
        if entry.result is not None:
            self._tell(entry.post.name, replace(entry.result, journal_seq=row.seq if row else None))
