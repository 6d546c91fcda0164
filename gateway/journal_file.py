"""The journal's file: one SQLite database (WAL, synchronous=FULL), locked for one writer, bounded in size.

No thread and no loop in here: journal.py calls `commit` from its one thread.
"""

import fcntl
import os
import sqlite3
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from gateway.records import Chain, JournalTrouble, Row, connect
from gateway.schema import SchemaTrouble, migrate

Value = int | str | bytes

CLOSING = ("result", "void")  # the kinds of rows that close an intent

_PAGE = 4096  # bytes
_WAL_PAGES = 4000  # between checkpoints; 1000, the default, costs a quarter of the events a second
_ROW_OVERHEAD = 400  # bytes that a row takes beside its body: columns, hash, B-trees
_LEAST = 1 << 20  # bytes; below this a journal cannot hold its own tables and the reserve


class JournalBusy(JournalTrouble):
    """Another process has this journal open for writing."""


class JournalFull(JournalTrouble):
    """The row does not fit below the journal's limit or on the disk. It was not stored; all others stand."""


class JournalFailed(JournalTrouble):
    """The disk refused a commit: whether its rows are on disk is unknown until the journal is opened anew."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A row before it has its number and hash, and what it does beside standing there."""

    at_ns: int
    kind: str
    station: str
    uid: bytes
    product: str
    body: bytes
    closes: int | None  # seq of the intent
    stub_seq: int | None


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
    """The file and its lock; `commit` runs on the writer's thread."""

    def __init__(self, path: Path, max_bytes: int) -> None:
        if max_bytes < _LEAST:
            raise ValueError(f"max_bytes is {max_bytes}, must be at least {_LEAST}")
        self.path = path
        self._limit = max_bytes - min(max_bytes // 8, 1 << 20)
        self._lock = _lock(path)
        try:
            self._file = _open(path, max_bytes)
            found = self._file.execute("SELECT seq, hash FROM events ORDER BY seq DESC LIMIT 1")
            genesis = self._file.execute("SELECT 0, id FROM journal").fetchone()
            head, self._hash = found.fetchone() or genesis
            self.head: int = head
        except (sqlite3.Error, SchemaTrouble) as e:
            os.close(self._lock)
            raise JournalTrouble(
                f"{path} cannot be used as a journal: {e}: is the disk full? Free some room, or name another file"
            ) from e

    def close(self) -> None:
        self._file.close()
        os.close(self._lock)

    def commit(self, drafts: list[Draft], notes: list[Note]) -> Committed:
        """One transaction, one fsync. Raises JournalFull (rolled back) or JournalFailed."""
        started = time.perf_counter()
        try:
            outcomes = self._number_rows(drafts)
            stored = [(d, o) for d, o in zip(drafts, outcomes, strict=True) if isinstance(o, Row)]
            self._file.execute("BEGIN IMMEDIATE")
            self._insert(stored)
            for note in notes:
                for statement, rows in note.statements:
                    self._file.executemany(statement, rows)
            self._file.execute("COMMIT")
        except sqlite3.Error as e:
            raise self._trouble(e) from e
        finally:
            if self._file.in_transaction:
                self._file.execute("ROLLBACK")
        if stored:
            last = stored[-1][1]
            self.head, self._hash = last.seq, last.hash
        return Committed(outcomes, self.head, time.perf_counter() - started)

    def _number_rows(self, drafts: list[Draft]) -> list[Row | JournalFull]:
        """Each draft's row with its seq and hash, or its refusal; a closing row may use the reserve."""
        (pages,) = self._file.execute("PRAGMA page_count").fetchone()
        room = self._limit - pages * _PAGE
        seq, chain = self.head, Chain(self._hash)
        outcomes: list[Row | JournalFull] = []
        for d in drafts:
            room -= len(d.body) + _ROW_OVERHEAD
            if room < 0 and d.kind not in CLOSING:
                outcomes.append(self._full())
                continue
            seq += 1
            content = (d.at_ns, d.kind, d.station, d.uid, d.product, d.body)
            outcomes.append(Row(seq, *content, chain.follow(seq, *content)))
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

    def _trouble(self, e: sqlite3.Error) -> JournalTrouble:
        if getattr(e, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL:
            return self._full()
        return JournalFailed(
            f"{self.path}: the disk refused a commit ({e}), so no more is taken:"
            " check the disk, then start again"
        )

    def _full(self) -> JournalFull:
        return JournalFull(
            f"{self.path} is full: free the disk or raise the journal's limit, then go on;"
            " nothing that was acknowledged is lost"
        )


def _open(path: Path, max_bytes: int) -> sqlite3.Connection:
    connection = connect(path, "rwc")
    connection.execute("PRAGMA auto_vacuum = INCREMENTAL")  # has no effect once the file is in WAL
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(f"PRAGMA wal_autocheckpoint = {_WAL_PAGES}")
    connection.execute(f"PRAGMA max_page_count = {max_bytes // _PAGE}")
    migrate(connection, files("gateway") / "schema")
    connection.execute("INSERT OR IGNORE INTO journal (only, id) VALUES (1, randomblob(16))")
    return connection


def _lock(path: Path) -> int:
    """Hold FILE.lock until the descriptor is closed or the process ends, however it ends."""
    lock_path = f"{path}.lock"
    try:
        lock = os.open(lock_path, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as e:
        raise JournalTrouble(f"{path} cannot be used as a journal: {e}") from e
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(lock, 20, 0).decode("ascii", "replace").strip() or "unknown"
        os.close(lock)
        raise JournalBusy(
            f"{path} is in use by process {holder}: stop that one, or name another journal"
        ) from None
    os.truncate(lock, 0)
    os.pwrite(lock, str(os.getpid()).encode(), 0)
    return lock
