"""A ledger: journal rows of a station that must not wait for the disk, written in their order and told when durable.

The reader goes on while a group commit is under way; it is held back where the disk falls behind, and no row is lost.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Any, Self

from gateway.journal import Row
from gateway.stations.post import Post
from gateway.stations.result import Result

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
        self._is_closing = False

    async def __aenter__(self) -> Self:
        self._writer = asyncio.create_task(self._run(), name="ledger")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, why: BaseException | None, at: TracebackType | None
    ) -> None:
        self._is_closing = True
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
        while self._waiting or not self._is_closing:
            if not self._waiting:
                self._some.clear()
                await self._some.wait()
                continue
            count = min(len(self._waiting), _AT_ONCE)
            entries = [self._waiting.popleft() for _ in range(count)]
            rows = await asyncio.gather(
                *[e.post.record(e.kind, e.uid, e.product, e.body) for e in entries]
            )
            if len(self._waiting) < self._most_waiting:
                self._room.set()
            for entry, row in zip(entries, rows, strict=True):
                self._told(entry, row)

    def _told(self, entry: Entry, row: Row | None) -> None:
        if entry.result is not None:
            self._tell(entry.post.name, replace(entry.result, journal_seq=row.seq if row else None))
