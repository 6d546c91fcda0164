"""The journal: every act of the gateway as one durable row in one SQLite file.

One thread writes, and all that came in during one commit shares the next (group commit): an append returns
once its group is fsynced. Reads go over a second connection and never wait for the writer. A tag write is
two rows: "intent" before it, and after it "result" or "void", whose body names the intent's seq as "intent".
"""

import asyncio
import os
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, ParamSpec, Self, TypeVar

from gateway.clock import Clock, Moment
from gateway.journal_file import (
    CLOSING,
    Act,
    Committed,
    Draft,
    JournalFailed,
    JournalFile,
    JournalFull,
    Note,
)
from gateway.journal_marks import Marks
from gateway.journal_open import JournalBusy
from gateway.journal_room import CLASS_OF, Pressure
from gateway.records import (
    ACKNOWLEDGED,
    CLOCK,
    CONFIRMED,
    SENT,
    Encoder,
    Gap,
    JournalTrouble,
    Records,
    Row,
    Value,
)

__all__ = [
    "ACKNOWLEDGED",
    "CONFIRMED",
    "KINDS",
    "SENT",
    "Act",
    "Gap",
    "Journal",
    "JournalBusy",
    "JournalFailed",
    "JournalFull",
    "JournalTrouble",
    "Records",
    "Row",
]

KINDS = tuple(CLASS_OF)

P = ParamSpec("P")
T = TypeVar("T")

_STUB_SEQ = {"result": "seq", "verdict": "seen_seq"}  # what a row says of its product's newest stub
_LARGEST = (1 << 63) - 1  # SQLite's integers
_DAY_NS = 86_400_000_000_000
_CALM = 0.6  # the share of each class that is reached by giving back from the lowest level on
_LOOK_S = 1.0  # whether there is room again


class Journal(Marks):
    """The one writer of a journal file, and its reader; used from one event loop, closed by `async with`.

    path: made where it is missing. max_bytes: the file's ceiling, of which an eighth, at most 1 MiB, is
    kept for the results of intents that stand already; captures_percent and telemetry_percent: their quotas of it.
    sinks: the cursors behind which nothing is trimmed; None: those of the file, CONFIRMED in a new one.
    on_commit: called on the loop with (rows, seconds) after each group.
    Raises JournalBusy where another process writes the file, JournalTrouble where it cannot be used.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        max_bytes: int = 4 << 30,
        captures_percent: int = 60,
        telemetry_percent: int = 25,
        sinks: Collection[str] | None = None,
        clock: Clock | None = None,
        on_commit: Callable[[int, float], None] | None = None,
    ) -> None:
        self._clock = clock or Clock()
        self._on_commit = on_commit
        self._file = JournalFile(Path(path), max_bytes, captures_percent, telemetry_percent, sinks)
        try:
            super().__init__(path)
        except JournalTrouble:
            self._file.close()
            raise
        newest = self._file.last
        if newest is not None and (times := newest.clock()) is not None:
            self._clock.resume(newest.at_ns, times)
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
        has_failed = isinstance(self._refusal, JournalFailed)
        self._refusal = ValueError(f"{self._file.path} is closed")
        self._thread.shutdown()
        if has_failed:  # whoever closes last would sync what failed to be synced; a reader may not
            self._file.close()
            super().close()
        else:
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

        kind: one of KINDS; uid b"" and product "" where there is none; body: CBOR types, without the key "clock",
        which the journal puts there. A row of kind "clock" comes before it where the wall clock was set meanwhile.
        Raises JournalFull (nothing stored, later appends may work) or JournalFailed (this and every later
        append). A caller that is cancelled meanwhile does not know: the row may stand.
        """
        _check(kind, station, product, body)
        draft = self._draft(self._moment(), kind, station, uid, product, body)
        outcome: asyncio.Future[Row] = asyncio.get_running_loop().create_future()
        self._gather().drafts.append((draft, outcome))
        return await outcome

    async def take(self, cursor: str, station: str, acts: Sequence[Act]) -> list[Row]:
        """Store what another device wrote down, and with each act how far `cursor` has come; returns their rows.

        Row and cursor are on disk together or not at all, in the order of the acts. They close no intent of this
        gateway, and what is remembered of a tag stays. Raises JournalFull where one did not fit (those before it
        stand, none behind it does: see `cursor`), else as append, whose words these are.
        """
        for act in acts:
            _check(act.kind, station, act.product, act.body)
        drafts = [
            self._draft(self._moment(), act.kind, station, act.uid, act.product, act.body)._replace(
                cursor=(cursor, act.upto), is_remembered=None
            )
            for act in acts
        ]
        loop = asyncio.get_running_loop()
        outcomes: list[asyncio.Future[Row]] = [loop.create_future() for _ in drafts]
        self._gather().drafts.extend(zip(drafts, outcomes, strict=True))
        done = await asyncio.gather(*outcomes, return_exceptions=True)
        found = [each for each in done if isinstance(each, Row)]
        if len(found) < len(done):
            raise next(each for each in done if not isinstance(each, Row))
        return found

    def pressure(self) -> Pressure:
        """How full the journal is."""
        return self._file.pressure

    def dropped(self) -> dict[str, int]:
        """Class -> how many of its rows were dropped since the file was made."""
        return self._file.dropped

    async def trim(self, keep_days: float) -> int:
        """Give back what every sink has and is older than that; returns how many rows. The disk: see `vacuum`."""
        before_ns = self._now_ns() - int(keep_days * _DAY_NS)
        return await self._give_back(before_ns, lambda: False)

    async def relieve(self) -> int:
        """From the lowest level of pressure on give back what every sink has, however young; returns how many rows."""
        if not self.pressure().level:
            return 0
        return await self._give_back(None, lambda: max(self.pressure().shares.values()) < _CALM)

    async def vacuum(self) -> int:
        """Give free pages back to the disk; returns how many bytes."""
        before = await self._on_thread(self._file.size)
        while await self._on_thread(self._file.vacuum):
            pass
        return before - await self._on_thread(self._file.size)

    async def tidy(self) -> None:
        """What is due at any time: the reserve for a full disk, room, pages that the disk should have back."""
        await self._on_thread(self._file.has_room)
        await self.relieve()
        if await self._on_thread(self._file.is_slack):
            await self.vacuum()
            await self._on_thread(self._file.has_room)

    async def room(self) -> None:
        """Return when rows of passports fit again."""
        while True:
            with suppress(JournalFull):
                await self.tidy()
            if await self._on_thread(self._file.has_room):
                return
            with suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_S):
                    await self._growth.wait()

    async def _give_back(self, before_ns: int | None, is_enough: Callable[[], bool]) -> int:
        rows, after = 0, 0
        while not is_enough():
            freed = await self._on_thread(self._file.trim, after, before_ns)
            if not freed.rows:
                break
            rows, after = rows + freed.rows, freed.last
        return rows

    async def _on_thread(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Between two groups, on the writer's thread."""
        if self._refusal is not None:
            raise self._refusal
        try:
            return await asyncio.get_running_loop().run_in_executor(
                self._thread, partial(work, *args, **kwargs)
            )
        except JournalFailed as why:
            self._refusal = why
            raise

    def _now_ns(self) -> int:
        return self._clock.moment().at_ns

    def _moment(self) -> Moment:
        """The time of the next row; a step of the wall clock since the last one gets a row of its own before it."""
        moment = self._clock.moment()
        step = self._clock.step(moment)
        if step is None:
            return moment
        self._gather().drafts.append(
            (self._draft(moment, "clock", "", b"", "", step._asdict()), None)
        )
        return self._clock.moment()

    def _draft(
        self,
        moment: Moment,
        kind: str,
        station: str,
        uid: bytes,
        product: str,
        body: Mapping[str, Any],
    ) -> Draft:
        times = [moment.hlc, moment.boot_ns, moment.boot, moment.error_ms]
        return Draft(
            at_ns=moment.at_ns,
            kind=kind,
            station=station,
            uid=bytes(uid),
            product=product,
            body=self._encode({**body, CLOCK: times}),
            closes=_number(body, "intent") if kind in CLOSING else None,
            stub_seq=_number(body, _STUB_SEQ[kind]) if kind in _STUB_SEQ and product else None,
            is_remembered=is_remembered(body) if kind == "result" and uid else None,
        )

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

    drafts: list[tuple[Draft, asyncio.Future[Row] | None]] = field(default_factory=list)
    notes: list[tuple[Note, asyncio.Future[None]]] = field(default_factory=list)

    def tell(self, outcomes: list[Row | JournalFull]) -> None:
        for (_, waiter), outcome in zip(self.drafts, outcomes, strict=True):
            if waiter is None or waiter.done():  # its caller was cancelled
                continue
            if isinstance(outcome, Row):
                waiter.set_result(outcome)
            else:
                waiter.set_exception(outcome)
        for _, note_waiter in self.notes:
            if not note_waiter.done():
                note_waiter.set_result(None)

    def fail(self, trouble: BaseException) -> None:
        waiters: list[asyncio.Future[Any] | None] = [waiter for _, waiter in self.drafts]
        waiters += [waiter for _, waiter in self.notes]
        for waiter in waiters:
            if waiter is not None and not waiter.done():
                waiter.set_exception(trouble)


def _check(kind: str, station: str, product: str, body: Mapping[str, Any]) -> None:
    if kind not in CLASS_OF:
        raise ValueError(f"{kind!r} is no kind of row: {', '.join(KINDS)}")
    if CLOCK in body:
        raise ValueError(f"body[{CLOCK!r}] is the journal's own")
    named = station + product
    named.encode()  # a lone surrogate is a ValueError here, not in its whole group


def is_remembered(body: Mapping[str, Any]) -> bool:
    """Whether a result says that the tag's stub stands in this row only, the tag having its EPC alone."""
    return body.get("profile") == "epc" or "from_memory" in body


def _number(body: Mapping[str, Any], name: str) -> int | None:
    value = body.get(name)
    if value is None:
        return None
    if type(value) is not int or not 0 <= value <= _LARGEST:
        raise ValueError(f"body[{name!r}] is {value!r}, must be a seq")
    return value
