"""The journal: every act of the gateway as one durable row in one SQLite file (WAL, synchronous=FULL).

One thread writes, and all that came in during one commit shares the next (group commit): an append returns
once its group is fsynced. Reads go over a second connection and never wait for the writer. A tag write is
two rows: "intent" before it, and after it "result" or "void", whose body names the intent's seq as "intent".
"""

import asyncio
import fcntl
import os
import sqlite3
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Any, Self

from gateway.records import ACKNOWLEDGED, Chain, Encoder, JournalTrouble, Records, Row, connect
from gateway.schema import SchemaTrouble, migrate

__all__ = [
    "ACKNOWLEDGED",
    "KINDS",
    "Journal",
    "JournalBusy",
    "JournalFailed",
    "JournalFull",
    "JournalTrouble",
    "Records",
    "Row",
]

KINDS = ("intent", "result", "void", "verdict", "refused", "repair")

_CLOSING = ("result", "void")
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


class Journal(Records):
    """The one writer of a journal file, and its reader; used from one event loop, closed by `async with`.

    path: made where it is missing. max_bytes: the file's ceiling, of which an eighth, at most 1 MiB, is
    kept for the results of intents that stand already. clock: wall clock in ns. on_commit: called on the
    loop with (rows, seconds) after each group.
    Raises JournalBusy where another process writes the file, JournalTrouble where it cannot be used.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        max_bytes: int = 4 << 30,
        clock: Callable[[], int] = time.time_ns,
        on_commit: Callable[[int, float], None] | None = None,
    ) -> None:
        self._clock = clock
        self._on_commit = on_commit
        self._writer = _Writer(Path(path), max_bytes)
        try:
            super().__init__(path)
        except JournalTrouble:
            self._writer.close()
            raise
        self._head = self._writer.head
        self._encode = Encoder()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="journal")
        self._group = _Group()
        self._idle = asyncio.Event()
        self._idle.set()
        self._growth = asyncio.Event()
        self._refusal: JournalFailed | ValueError | None = None

    @staticmethod
    def open_readonly(path: str | os.PathLike[str]) -> Records:
        """The records of a journal, also while a gateway writes it. JournalTrouble where there is none."""
        return Records(path)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._idle.wait()
        self.close()

    def close(self) -> None:
        """Close the file. What no append has returned for may be lost; a later append is a ValueError."""
        self._refusal = ValueError(f"{self._writer.path} is closed")
        self._thread.shutdown()
        super().close()
        self._writer.close()

    def head(self) -> int:
        """The highest durable seq, 0 where there is none."""
        return self._head

    async def grown_beyond(self, seq: int) -> None:
        """Return when the head is higher than `seq`."""
        while self._head <= seq:
            await self._growth.wait()

    async def append(
        self, kind: str, station: str, uid: bytes, product: str, body: Mapping[str, Any]
    ) -> Row:
        """Store one act; returns its row once that is on disk.

        kind: one of KINDS; uid b"" and product "" where there is none; body: CBOR types.
        Raises JournalFull (nothing stored, later appends may work) or JournalFailed (this and every later
        append). A caller that is cancelled meanwhile does not know: the row may stand.
        """
        if kind not in KINDS:
            raise ValueError(f"{kind!r} is no kind of row: {', '.join(KINDS)}")
        draft = _Draft(
            at_ns=self._clock(),
            kind=kind,
            station=station,
            uid=bytes(uid),
            product=product,
            body=self._encode(dict(body)),
            closes=_number(body, "intent") if kind in _CLOSING else None,
            stub_seq=_number(body, "seq") if kind == "result" and product else None,
        )
        outcome: asyncio.Future[Row] = asyncio.get_running_loop().create_future()
        self._gather().drafts.append((draft, outcome))
        return await outcome

    async def move_cursor(self, name: str, seq: int) -> None:
        """Remember durably how far the reader called `name` has come; it may also move back."""
        await self._note("INSERT OR REPLACE INTO cursors (name, seq) VALUES (?, ?)", name, seq)

    async def set_aside(self, seq: int, reason: str) -> None:
        """Mark a row that the hub refuses for what it says: it stays, and no longer blocks the head."""
        await self._note(
            "INSERT OR REPLACE INTO quarantine (seq, at_ns, reason) VALUES (?, ?, ?)",
            seq,
            self._clock(),
            reason,
        )

    async def _note(self, statement: str, *values: int | str) -> None:
        outcome: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._gather().notes.append((_Note(statement, values), outcome))
        await outcome

    def _gather(self) -> "_Group":
        """The group that is open; the first to join it starts its commit, at the end of the loop's turn."""
        if self._refusal is not None:
            raise self._refusal
        if self._idle.is_set():
            self._idle.clear()
            asyncio.get_running_loop().call_soon(self._flush)
        return self._group

    def _flush(self) -> None:
        group, self._group = self._group, _Group()
        if self._refusal is not None:
            group.fail(self._refusal)
            self._idle.set()
            return
        work = asyncio.get_running_loop().run_in_executor(
            self._thread,
            self._writer.commit,
            [draft for draft, _ in group.drafts],
            [note for note, _ in group.notes],
        )
        work.add_done_callback(partial(self._settle, group))

    def _settle(self, group: "_Group", work: "asyncio.Future[_Committed]") -> None:
        """Back on the loop: tell the waiters, and start the next group where one has gathered."""
        trouble = work.exception()
        if trouble is None:
            done = work.result()
            self._head = done.head
            group.tell(done.outcomes)
            self._growth.set()
            self._growth = asyncio.Event()
            if self._on_commit is not None:
                self._on_commit(len(done.outcomes), done.seconds)
        else:
            group.fail(trouble)
        if isinstance(trouble, JournalFailed):
            self._refusal = trouble
        if self._group.drafts or self._group.notes:
            self._flush()
        else:
            self._idle.set()


@dataclass(frozen=True, slots=True)
class _Draft:
    at_ns: int
    kind: str
    station: str
    uid: bytes
    product: str
    body: bytes
    closes: int | None  # seq of the intent
    stub_seq: int | None


@dataclass(frozen=True, slots=True)
class _Note:
    """What is kept beside the rows: a cursor, a row set aside."""

    statement: str
    values: tuple[int | str, ...]


@dataclass(frozen=True, slots=True)
class _Committed:
    outcomes: list[Row | JournalFull]
    head: int
    seconds: float


@dataclass(slots=True)
class _Group:
    """What shares one transaction, and who waits for it."""

    drafts: list[tuple[_Draft, asyncio.Future[Row]]] = field(default_factory=list)
    notes: list[tuple[_Note, asyncio.Future[None]]] = field(default_factory=list)

    def tell(self, outcomes: list[Row | JournalFull]) -> None:
        for (_, waiter), outcome in zip(self.drafts, outcomes, strict=True):
            if waiter.done():  # its caller was cancelled
                continue
            if isinstance(outcome, Row):
                waiter.set_result(outcome)
            else:
                waiter.set_exception(outcome)
        for _, note_waiter in self.notes:
            if not note_waiter.done():
                note_waiter.set_result(None)

    def fail(self, trouble: BaseException) -> None:
        waiters: list[asyncio.Future[Any]] = [waiter for _, waiter in self.drafts]
        waiters += [waiter for _, waiter in self.notes]
        for waiter in waiters:
            if not waiter.done():
                waiter.set_exception(trouble)


class _Writer:
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
            raise JournalTrouble(f"{path} cannot be used as a journal: {e}") from e

    def close(self) -> None:
        self._file.close()
        os.close(self._lock)

    def commit(self, drafts: list[_Draft], notes: list[_Note]) -> _Committed:
        """One transaction, one fsync. Raises JournalFull (rolled back) or JournalFailed."""
        started = time.perf_counter()
        try:
            outcomes = self._number_rows(drafts)
            stored = [(d, o) for d, o in zip(drafts, outcomes, strict=True) if isinstance(o, Row)]
            self._file.execute("BEGIN IMMEDIATE")
            self._insert(stored)
            for note in notes:
                self._file.execute(note.statement, note.values)
            self._file.execute("COMMIT")
        except sqlite3.Error as e:
            raise self._trouble(e) from e
        if stored:
            last = stored[-1][1]
            self.head, self._hash = last.seq, last.hash
        return _Committed(outcomes, self.head, time.perf_counter() - started)

    def _number_rows(self, drafts: list[_Draft]) -> list[Row | JournalFull]:
        """Each draft's row with its seq and hash, or its refusal; a closing row may use the reserve."""
        (pages,) = self._file.execute("PRAGMA page_count").fetchone()
        room = self._limit - pages * _PAGE
        seq, chain = self.head, Chain(self._hash)
        outcomes: list[Row | JournalFull] = []
        for d in drafts:
            room -= len(d.body) + _ROW_OVERHEAD
            if room < 0 and d.kind not in _CLOSING:
                outcomes.append(self._full())
                continue
            seq += 1
            content = (d.at_ns, d.kind, d.station, d.uid, d.product, d.body)
            outcomes.append(Row(seq, *content, chain.follow(seq, *content)))
        return outcomes

    def _insert(self, stored: list[tuple[_Draft, Row]]) -> None:
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
        if self._file.in_transaction:
            self._file.execute("ROLLBACK")
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


def _number(body: Mapping[str, Any], name: str) -> int | None:
    value = body.get(name)
    if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
        raise ValueError(f"body[{name!r}] is {value!r}, must be a seq")
    return value
