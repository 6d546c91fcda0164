"""The journal's file: one SQLite database (WAL, synchronous=FULL), locked for one writer, bounded in size.

No thread and no loop in here: journal.py calls all of it from its one thread.
"""

import os
import sqlite3
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from gateway.journal_disk import (
    MOST_BALLAST,
    Ballast,
    checkpoint,
    free_pages,
    is_full,
    size,
    vacuum_some,
)
from gateway.journal_marks import MOVE
from gateway.journal_open import lock, open_for_writing
from gateway.journal_room import (
    CAPTURES,
    CLASS_OF,
    DISK,
    LEVELS,
    PAGE,
    PASSPORTS,
    ROW_BYTES,
    TELEMETRY,
    Pressure,
    stored_room,
    used_bytes,
)
from gateway.journal_trim import Freed, floor, give_back, make_room
from gateway.records import COLUMNS, Chain, JournalTrouble, Row, Value
from gateway.schema import SchemaTrouble

CLOSING = ("result", "void")  # the kinds of rows that close an intent

_LEAST = 1 << 20  # bytes; below this a journal cannot hold its own tables and the reserve
_TRIM_ROWS = 2000  # that are given back in one transaction, while appends wait
_SPARE = 64 << 10  # bytes; with less than this left there is no room for passports


class JournalFull(JournalTrouble):
    """The row does not fit below the journal's limit or on the disk. It was not stored; all others stand."""


class JournalFailed(JournalTrouble):
    """The disk refused a commit: whether its rows are on disk is unknown until the journal is opened anew."""


class Act(NamedTuple):
    """What another device wrote down, in the words of Journal.append; upto: how far the cursor has come with it."""

    upto: int
    kind: str
    uid: bytes
    product: str
    body: Mapping[str, Any]


class Draft(NamedTuple):
    """A row before it has its number and hash, and what it does beside standing there."""

    at_ns: int
    kind: str
    station: str
    uid: bytes
    product: str
    body: bytes
    closes: int | None  # seq of the intent
    stub_seq: int | None
    is_remembered: bool | None  # of a result: whether the tag's stub stands in this row only
    cursor: tuple[str, int] | None = None  # moved there with the row


@dataclass(frozen=True, slots=True)
class Note:
    """What is kept beside the rows: a cursor, a row set aside. statements: (SQL, rows of values), in order."""

    statements: tuple[tuple[str, Sequence[tuple[Value, ...]]], ...]


@dataclass(frozen=True, slots=True)
class Committed:
    """outcomes: each draft's row, or its refusal, in order; head: the highest durable seq."""

    outcomes: list[Row | JournalFull]
    head: int
    seconds: float


class JournalFile:
    """The file and its lock; all but `pressure` and `dropped` is for the writer's thread.

    sinks: the cursors that trimming waits for, those of the file where None. captures, telemetry: percent of max_bytes.
    """

    def __init__(
        self,
        path: Path,
        max_bytes: int,
        captures: int = 60,
        telemetry: int = 25,
        sinks: Collection[str] | None = None,
    ) -> None:
        if max_bytes < _LEAST:
            raise ValueError(f"max_bytes is {max_bytes}, must be at least {_LEAST}")
        if not (captures >= 0 and telemetry >= 0 and captures + telemetry < 100):
            raise ValueError(
                f"captures {captures} % and telemetry {telemetry} % leave nothing to the passports"
            )
        self.path = path
        self._lock = lock(path)
        self._ballast = Ballast(path, min(max_bytes // 4, MOST_BALLAST))
        self._is_starved = False  # the disk, not the journal, is full
        self._has_failed = False
        try:
            self._file = open_for_writing(path, max_bytes, sinks)
            newest = self._file.execute(f"SELECT {COLUMNS} FROM events ORDER BY seq DESC LIMIT 1")
            found = newest.fetchone()
            self.last: Row | None = Row(*found) if found else None
            (identity,) = self._file.execute("SELECT id FROM journal").fetchone()
            self._hash: bytes = self.last.hash if self.last else identity
            self.head = self.last.seq if self.last else 0
            limit = max_bytes - min(max_bytes // 8, 1 << 20)
            quotas = {
                CAPTURES: max_bytes * captures // 100,
                TELEMETRY: max_bytes * telemetry // 100,
            }
            self._room = stored_room(self._file, limit, quotas)
            if self._room.is_stale(self.head) or not self._room.is_stored(self._file):
                self._store()
        except JournalTrouble:
            os.close(self._lock)
            raise
        except (sqlite3.Error, SchemaTrouble) as e:
            os.close(self._lock)
            raise JournalTrouble(
                f"{path} cannot be used as a journal: {e}: is the disk full? Free some room, or name another file"
            ) from e
        self._ballast.make()
        self._tell()

    def close(self) -> None:
        if not self._has_failed and self._room.counted != self.head:
            with suppress(JournalTrouble):  # what came since is counted anew, then
                self._store()
        self._file.close()
        self._ballast.give_up()
        os.close(self._lock)

    def commit(self, drafts: list[Draft], notes: list[Note]) -> Committed:
        """One transaction, one fsync. Raises JournalFull (rolled back) or JournalFailed.

        Where the disk is full the ballast is given up, and only rows that close an intent are taken until `has_room`.
        """
        started = time.perf_counter()
        try:
            outcomes = self._commit(drafts, notes)
        except JournalFull:
            if not self._ballast.is_needed():
                raise
            outcomes = self._commit_on_full_disk(drafts, notes)
        return Committed(outcomes, self.head, time.perf_counter() - started)

    def trim(self, after: int, before_ns: int | None) -> Freed:
        """Give back some of the oldest rows behind `after` that every sink has, older than before_ns."""
        if not self._is_starved:
            try:
                return self._trim(after, before_ns, _TRIM_ROWS)
            except JournalFull:
                if not self._ballast.is_needed():
                    raise
        self._shed()
        return self._trim(after, before_ns, _TRIM_ROWS // 10)

    def vacuum(self) -> int:
        """Give some free pages back to the disk; returns how many are left."""
        with self._judged():
            return vacuum_some(self._file)

    def size(self) -> int:
        """Bytes on the disk."""
        return size(self.path)

    def is_slack(self) -> bool:
        """Whether so many pages are free that the disk should have them back."""
        free = free_pages(self._file)
        return free > used_bytes(self._file) // PAGE // 8 or (self._is_starved and free > 0)

    def has_room(self) -> bool:
        """Whether rows of passports fit; makes the ballast again where the disk has room for it."""
        if self._ballast.make() and self._is_starved:
            self._is_starved = False
            self._tell()
        used = used_bytes(self._file)
        return not self._is_starved and not self._room.is_short(PASSPORTS, _SPARE, used)

    def _commit_on_full_disk(
        self, drafts: list[Draft], notes: list[Note]
    ) -> list[Row | JournalFull]:
        self._shed()
        if self._ballast.make():  # it was the log that filled the disk
            try:
                return self._commit(drafts, notes)
            except JournalFull:
                self._ballast.give_up()
        self._is_starved = True
        return self._commit(drafts, notes)

    def _trim(self, after: int, before_ns: int | None, most: int) -> Freed:
        with self._transaction():
            freed = give_back(self._file, after, floor(self._file, self.head), most, before_ns)
            self._room.leaves(freed.held)
            if freed.rows:
                self._room.store(self._file, self.head)
        self._tell()
        return freed

    def _shed(self) -> None:
        """Let go of what the disk can have at once: the ballast, and the log as far as it stands in the file."""
        self._ballast.give_up()
        with suppress(JournalFull), self._judged():
            checkpoint(self._file)

    def _commit(self, drafts: list[Draft], notes: list[Note]) -> list[Row | JournalFull]:
        with self._transaction():
            outcomes = self._number_rows(drafts)
            stored = [(d, o) for d, o in zip(drafts, outcomes, strict=True) if isinstance(o, Row)]
            self._insert(stored)
            for note in notes:
                for statement, rows in note.statements:
                    self._file.executemany(statement, rows)
            head = stored[-1][1].seq if stored else self.head
            if self._room.is_stale(head):
                self._room.store(self._file, head)
        if stored:
            last = stored[-1][1]
            self.head, self._hash = last.seq, last.hash
        self._tell()
        return outcomes

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """Commit at the end; the room is as before where that fails. Raises JournalFull or JournalFailed."""
        before = self._room.copy()
        try:
            with self._judged():
                self._file.execute("BEGIN IMMEDIATE")
                yield
                self._file.execute("COMMIT")
        except JournalTrouble:
            self._room = before
            raise
        finally:
            if self._file.in_transaction:
                self._file.execute("ROLLBACK")

    @contextmanager
    def _judged(self) -> Iterator[None]:
        """SQLite's errors as JournalFull or JournalFailed."""
        try:
            yield
        except sqlite3.Error as e:
            if is_full(e):
                raise self._full() from e
            self._has_failed = True
            raise JournalFailed(
                f"{self.path}: the disk refused a commit ({e}), so no more is taken:"
                " check the disk, then start again"
            ) from e

    def _number_rows(self, drafts: list[Draft]) -> list[Row | JournalFull]:
        """Each draft's row with its seq and hash, or its refusal; a row that closes an intent may use the reserve."""
        needs: dict[str, int] = {}
        for d in drafts:
            name = CLASS_OF[d.kind]
            needs[name] = needs.get(name, 0) + ROW_BYTES + len(d.body)
        is_short = self._is_starved or self._is_short(needs)
        used = used_bytes(self._file) if is_short else 0
        seq, chain = self.head, Chain(self._hash)
        outcomes: list[Row | JournalFull] = []
        stopped: set[str] = set()  # cursors that may not move past a row that was refused
        for d in drafts:
            if is_short:
                size, name = ROW_BYTES + len(d.body), CLASS_OF[d.kind]
                is_last_act = d.kind in CLOSING and d.cursor is None
                if (d.cursor is not None and d.cursor[0] in stopped) or (
                    not is_last_act and (self._is_starved or self._room.is_short(name, size, used))
                ):
                    outcomes.append(self._full())
                    stopped |= {d.cursor[0]} if d.cursor is not None else set()
                    continue
                used += size
                self._room.held[name] += size
            seq += 1
            content = (d.at_ns, d.kind, d.station, d.uid, d.product, d.body)
            outcomes.append(Row(seq, *content, chain.follow(seq, *content)))
        if not is_short:
            self._room.comes(needs)
        return outcomes

    def _insert(self, stored: list[tuple[Draft, Row]]) -> None:
        many = self._file.executemany
        many(
            "INSERT INTO events (seq, at_ns, kind, station, uid, product, body, hash)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [row for _, row in stored],
        )
        many(
            "INSERT INTO open_intents (seq, uid) VALUES (?, ?)",
            [(r.seq, r.uid) for d, r in stored if d.kind == "intent"],
        )
        many(
            "DELETE FROM open_intents WHERE seq = ?",
            [(d.closes,) for d, _ in stored if d.closes is not None],
        )
        many(
            "INSERT INTO known_stubs (product, seq) VALUES (?, ?)"
            " ON CONFLICT (product) DO UPDATE SET seq = max(seq, excluded.seq)",
            [(d.product, d.stub_seq) for d, _ in stored if d.stub_seq is not None],
        )
        many(
            "INSERT OR REPLACE INTO remembered (uid, seq) VALUES (?, ?)",
            [(r.uid, r.seq) for d, r in stored if d.is_remembered],
        )
        many(
            "DELETE FROM remembered WHERE uid = ?",
            [(r.uid,) for d, r in stored if d.is_remembered is False],
        )
        many(MOVE, [d.cursor for d, _ in stored if d.cursor is not None])

    def _is_short(self, needs: dict[str, int]) -> bool:
        """Whether some class may have too little room for what comes, though what may leave has left."""
        whole, used = sum(needs.values()), used_bytes(self._file)
        if not any(
            self._room.is_short(name, need, used + whole - need) for name, need in needs.items()
        ):
            return False
        for name, need in needs.items():
            make_room(self._file, self._room, self.head, name, need, whole - need)
        return True

    def _store(self) -> None:
        with self._transaction():
            self._room.store(self._file, self.head)

    def _tell(self) -> None:
        self.pressure = self._room.pressure(used_bytes(self._file))
        if self._is_starved:
            self.pressure = Pressure(max(LEVELS), self.pressure.shares | {DISK: 1.0})
        self.dropped = self._room.dropped

    def _full(self) -> JournalFull:
        if self._is_starved:
            return JournalFull(
                f"the disk of {self.path} is full, and only what was begun is taken to its end:"
                " free some room, then it goes on; nothing that was acknowledged is lost"
            )
        return JournalFull(
            f"{self.path} is full: free the disk or raise the journal's limit, then go on;"
            " nothing that was acknowledged is lost"
        )
