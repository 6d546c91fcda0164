"""What a journal remembers beside its rows: cursors, cuts of batches, branches, the quarantine; all of it durable."""

import os
import sqlite3
from abc import abstractmethod
from collections.abc import Iterable, Sequence
from contextlib import closing
from hashlib import sha256
from pathlib import Path

from gateway.records import CONFIRMED, SENT, JournalTrouble, Records, Value, connect

_ID = 16  # bytes of a journal's id
_BRANCH = b"tagwright branch\0"  # what is hashed with a row's hash for a branch's id
_RELEASE = "UPDATE quarantine SET replay = 1 WHERE sink = ? AND seq = ?"
MOVE = (
    "INSERT INTO cursors (name, seq) VALUES (?, ?)"
    " ON CONFLICT (name) DO UPDATE SET seq = excluded.seq"
)


class Marks(Records):
    """A journal's records, and what is noted beside them. Each note shares the next commit; JournalFailed as there."""

    async def move_cursor(self, name: str, seq: int) -> None:
        """Remember durably how far the reader called `name` has come; it may also move back."""
        await self._note((MOVE, [(name, seq)]))

    async def cut(self, batches: Sequence[tuple[int, int]]) -> None:
        """Remember durably the boundaries (first, last) of batches; those that overlap them are forgotten."""
        overlapping = [(last, first) for first, last in batches]
        await self._note(
            ("DELETE FROM cuts WHERE first <= ? AND last >= ?", overlapping),
            ("INSERT INTO cuts (first, last) VALUES (?, ?)", batches),
        )

    async def confirm(self, seq: int) -> None:
        """The system of record holds every row up to `seq`: CONFIRMED is there, and the cuts up to it are forgotten."""
        await self._note((MOVE, [(CONFIRMED, seq)]), ("DELETE FROM cuts WHERE last <= ?", [(seq,)]))

    async def branch(self, after: int) -> None:
        """Go on under a new id behind row `after`: for a journal that is a copy, whose id another one uses, too.

        The id comes from the first row behind `after`, so that all copies that have this row come to the same id, and
        the row is stored once; it is random where there is none. Cuts behind `after` are forgotten, and nothing behind
        it counts as sent or confirmed.
        """
        first = self.pieces(after, 1)
        named = sha256(_BRANCH + first[0].hash).digest() if first else os.urandom(_ID)
        await self._note(
            ("INSERT INTO branches (id, after) VALUES (?, ?)", [(named[:_ID], after)]),
            ("DELETE FROM cuts WHERE last > ?", [(after,)]),
            (
                "UPDATE cursors SET seq = min(seq, ?) WHERE name IN (?, ?)",
                [(after, CONFIRMED, SENT)],
            ),
        )

    async def set_aside(self, seq: int, reason: str, sink: str = CONFIRMED) -> None:
        """Mark a row that a sink refuses for what it says: it stays, and no longer blocks the head."""
        statement = (
            "INSERT OR REPLACE INTO quarantine (sink, seq, at_ns, reason) VALUES (?, ?, ?, ?)"
        )
        await self._note((statement, [(sink, seq, self._now_ns(), reason)]))

    async def release(self, seqs: Iterable[int], sink: str = CONFIRMED) -> None:
        """Mark rows in quarantine to be offered once more."""
        await self._note((_RELEASE, [(sink, seq) for seq in seqs]))

    async def replayed(self, seq: int, sink: str = CONFIRMED) -> None:
        """A row in quarantine was taken after all."""
        await self._note(("DELETE FROM quarantine WHERE sink = ? AND seq = ?", [(sink, seq)]))

    @abstractmethod
    async def _note(self, *statements: tuple[str, Sequence[tuple[Value, ...]]]) -> None:
        """Do it all in one transaction; returns once that is on disk."""

    @abstractmethod
    def _now_ns(self) -> int:
        """The wall clock."""


def request_replays(path: Path, seqs: Iterable[int], sink: str = CONFIRMED) -> list[int]:
    """As `release`, from any process, also while a gateway writes the journal; returns those that are in quarantine."""
    try:
        with closing(connect(path, "rw")) as file:
            file.execute("PRAGMA synchronous = FULL")
            file.execute("BEGIN IMMEDIATE")
            marked = [seq for seq in seqs if file.execute(_RELEASE, (sink, seq)).rowcount]
            file.execute("COMMIT")
    except sqlite3.Error as e:
        raise JournalTrouble(f"{path} cannot be marked: {e}") from e
    return marked
