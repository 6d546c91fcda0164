"""The journal: every act of the gateway as one durable row in one SQLite file.

One thread writes, and all that came in during one commit shares the next (group commit): an append returns
once its group is fsynced. Reads go over a second connection and never wait for the writer. A tag write is
two rows: "intent" before it, and after it "result" or "void", whose body names the intent's seq as "intent".
"""

import asyncio
import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Self

from gateway.journal_file import (
    CLOSING,
    Committed,
    Draft,
    JournalBusy,
    JournalFailed,
    JournalFile,
    JournalFull,
    Note,
    Value,
)
from gateway.records import (
    ACKNOWLEDGED,
    CONFIRMED,
    SENT,
    Encoder,
    Gap,
    JournalTrouble,
    Records,
    Row,
)

__all__ = [
    "ACKNOWLEDGED",
    "CONFIRMED",
    "KINDS",
    "SENT",
    "Gap",
    "Journal",
    "JournalBusy",
    "JournalFailed",
    "JournalFull",
    "JournalTrouble",
    "Records",
    "Row",
]

KINDS = (
    *("intent", "result", "void", "verdict", "refused", "repair"),
    *("presence", "window", "pallet", "clock"),
)

_MOVE = (
    "INSERT INTO cursors (name, seq) VALUES (?, ?)"
    " ON CONFLICT (name) DO UPDATE SET seq = excluded.seq"
)
_STUB_SEQ = {"result": "seq", "verdict": "seen_seq"}  # what a row says of its product's newest stub
_LARGEST = (1 << 63) - 1  # SQLite's integers


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
        self._file = JournalFile(Path(path), max_bytes)
        try:
            super().__init__(path)
        except JournalTrouble:
            self._file.close()
            raise
        self._head = self._file.head
        self._encode = Encoder()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="journal")
        self._group = _Group()
        self._idle = asyncio.Event()
        self._idle.set()
        self._growth = asyncio.Event()
        self._refusal: BaseException | None = None

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
        self._refusal = ValueError(f"{self._file.path} is closed")
        self._thread.shutdown()
        super().close()
        self._file.close()

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
        (
            station + product
        ).encode()  # a lone surrogate is a ValueError here, not in its whole group
        draft = Draft(
            at_ns=self._clock(),
            kind=kind,
            station=station,
            uid=bytes(uid),
            product=product,
            body=self._encode(dict(body)),
            closes=_number(body, "intent") if kind in CLOSING else None,
            stub_seq=_number(body, _STUB_SEQ[kind]) if kind in _STUB_SEQ and product else None,
        )
        outcome: asyncio.Future[Row] = asyncio.get_running_loop().create_future()
        self._gather().drafts.append((draft, outcome))
        return await outcome

    async def move_cursor(self, name: str, seq: int) -> None:
        """Remember durably how far the reader called `name` has come; it may also move back."""
        await self._note((_MOVE, [(name, seq)]))

    async def cut(self, batches: Sequence[tuple[int, int]]) -> None:
        """Remember durably the boundaries (first, last) of batches; those that overlap them are forgotten."""
        overlapping = [(last, first) for first, last in batches]
        await self._note(
            ("DELETE FROM cuts WHERE first <= ? AND last >= ?", overlapping),
            ("INSERT INTO cuts (first, last) VALUES (?, ?)", batches),
        )

    async def confirm(self, seq: int) -> None:
        """The system of record holds every row up to `seq`: CONFIRMED is there, and the cuts up to it are forgotten."""
        await self._note(
            (_MOVE, [(CONFIRMED, seq)]), ("DELETE FROM cuts WHERE last <= ?", [(seq,)])
        )

    async def branch(self, after: int) -> None:
        """Go on under a new random id behind row `after`: for a journal that is a copy, whose id another one uses, too.

        Cuts behind that row are forgotten, and nothing behind it counts as sent or confirmed.
        """
        await self._note(
            ("INSERT INTO branches (id, after) VALUES (randomblob(16), ?)", [(after,)]),
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
        await self._note((statement, [(sink, seq, self._clock(), reason)]))

    async def release(self, seqs: Iterable[int], sink: str = CONFIRMED) -> None:
        """Mark rows in quarantine to be offered once more."""
        statement = "UPDATE quarantine SET replay = 1 WHERE sink = ? AND seq = ?"
        await self._note((statement, [(sink, seq) for seq in seqs]))

    async def replayed(self, seq: int, sink: str = CONFIRMED) -> None:
        """A row in quarantine was taken after all."""
        await self._note(("DELETE FROM quarantine WHERE sink = ? AND seq = ?", [(sink, seq)]))

    async def _note(self, *statements: tuple[str, Sequence[tuple[Value, ...]]]) -> None:
        outcome: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._gather().notes.append((Note(statements), outcome))
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
            self._file.commit,
            [draft for draft, _ in group.drafts],
            [note for note, _ in group.notes],
        )
        work.add_done_callback(partial(self._settle, group))

    def _settle(self, group: "_Group", work: "asyncio.Future[Committed]") -> None:
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
            if not isinstance(trouble, JournalFull):
                self._refusal = trouble
        if self._group.drafts or self._group.notes:
            self._flush()
        else:
            self._idle.set()


@dataclass(slots=True)
class _Group:
    """What shares one transaction, and who waits for it."""

    drafts: list[tuple[Draft, asyncio.Future[Row]]] = field(default_factory=list)
    notes: list[tuple[Note, asyncio.Future[None]]] = field(default_factory=list)

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


def _number(body: Mapping[str, Any], name: str) -> int | None:
    value = body.get(name)
    if value is None:
        return None
    if type(value) is not int or not 0 <= value <= _LARGEST:
        raise ValueError(f"body[{name!r}] is {value!r}, must be a seq")
    return value
