"""One transaction of the ledger: batches of journals whose rows in `journals` it has locked.

A batch that goes on from what is held costs no look-up: its rows wait for one bulk insert. Any other is compared with
what is held, row by row.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import cbor2

from gateway.hub.batch import Batch, Item, Withheld
from gateway.hub.database import Session
from gateway.hub.settling import settle
from gateway.hub.spans import Fit, Span, Spans, ends
from gateway.records import Row

_EVENTS = (
    *("journal", "received_ns", "seq", "at_ns", "kind", "station", "uid", "product", "body"),
    "hash",  # the last eight are a Row
)
_GAPS = ("journal", "first", "last", "reason", "hash", "received_ns")
_WITHHELD = (None,) * 6  # at_ns to body
_LARGEST = (1 << 63) - 1
_MOST_EVICTED = 1000  # rows at once


@dataclass(slots=True)
class Held:
    """A journal as it is held. origin: the one that it continues; rows: how many are held, withheld ones among them."""

    number: int
    id: bytes
    gateway: str
    origin: bytes | None
    spans: Spans
    rows: int
    withheld: int


@dataclass(slots=True)
class Outcome:
    """What became of one batch."""

    stored: int = 0
    duplicates: int = 0
    conflicts: list[int] = field(default_factory=list)


class Taking:
    """now_ns: the time of receipt. What take() leaves to be inserted, flush() inserts."""

    def __init__(self, session: Session, now_ns: int) -> None:
        self._session = session
        self._now_ns = now_ns
        self._rows: list[Sequence[Any]] = []
        self._gaps: list[Sequence[Any]] = []
        self._odd: list[Sequence[Any]] = []

    async def take(self, held: Held, batch: Batch) -> Outcome:
        """Store what is new of a batch, and move what `held` says."""
        outcome = Outcome()
        held.gateway = batch.gateway
        if (held.origin, held.spans.start) != (batch.origin or (None, 0)):
            await self._set_apart(held, batch.rows, outcome)
            return outcome
        fit = held.spans.add(Span(batch.first, batch.last, batch.before, batch.hash))
        if fit is Fit.OVERLAPS:
            await self._settle(held, batch, outcome)
        else:
            await self._place(fit, held, batch.rows, batch.odd, outcome)
        return outcome

    async def flush(self) -> None:
        for table, columns, rows in (
            ("events", _EVENTS, self._rows),
            ("gaps", _GAPS, self._gaps),
            ("odd_rows", ("journal", "seq", "row"), self._odd),
        ):
            if rows:
                await self._session.copy(table, columns, rows)
                rows.clear()

    async def _settle(self, held: Held, batch: Batch, outcome: Outcome) -> None:
        """A batch of which something is held: what is new, what is the same, what contradicts."""
        await self.flush()
        about = (held.number, batch.first - 1, batch.last)
        found = await self._session.fetch(
            "SELECT seq, hash, at_ns IS NULL FROM events WHERE journal = $1 AND seq BETWEEN $2 AND $3",
            *about,
        )
        gaps = await self._session.fetch(
            "SELECT last, hash FROM gaps WHERE journal = $1 AND last BETWEEN $2 AND $3", *about
        )
        hashes = {seq: hash for seq, hash, _ in found}
        ends_of_gaps = {last: hash for last, hash in gaps if hash}
        settled = settle(held.spans, batch.before, batch.rows, hashes, ends_of_gaps)
        await self._evict(held)
        for before, run in settled.runs:
            span = Span(ends(run[0])[0], ends(run[-1])[1], before, run[-1].hash)
            await self._place(held.spans.add(span), held, run, batch.odd, outcome)
        late = [row for row in settled.late if held.spans.covers(row.seq)]  # the others come again
        if late:
            self._store(held, late, batch.odd, outcome)
            await self._tell_late(held, late)
        empty = {seq for seq, _, is_withheld in found if is_withheld}
        await self._fill(held, [row for row in settled.same if row.seq in empty], batch.odd)
        outcome.duplicates += len(settled.same)
        await self._set_apart(held, settled.conflicts, outcome)
        await self._set_apart(held, settled.unproven, Outcome())  # no contradiction of the sender's

    async def _place(
        self, fit: Fit, held: Held, items: Sequence[Item], odd: frozenset[int], outcome: Outcome
    ) -> None:
        if fit is Fit.FITS:
            await self._evict(held)
            self._store(held, items, odd, outcome)
        elif fit is Fit.FORKS:
            await self._set_apart(held, items, outcome)

    def _store(
        self, held: Held, items: Iterable[Item], odd: frozenset[int], outcome: Outcome
    ) -> None:
        about, before = (held.number, self._now_ns), len(self._rows)
        for item in items:
            if isinstance(item, Row):
                self._rows.append(about + (self._columns(held, item) if item.seq in odd else item))
            elif isinstance(item, Withheld):
                self._rows.append((*about, item.seq, *_WITHHELD, item.hash))
                held.withheld += 1
            else:
                self._gaps.append((held.number, *item, self._now_ns))
        held.rows += len(self._rows) - before
        outcome.stored += len(self._rows) - before

    def _columns(self, held: Held, row: Row) -> Row:
        """A row that the columns hold only nearly, as they do; the exact one is kept beside it."""
        self._odd.append((held.number, row.seq, _bytes_of(row)))
        return row._replace(
            at_ns=max(-_LARGEST, min(row.at_ns, _LARGEST)),
            kind=row.kind.replace("\0", "\ufffd"),
            station=row.station.replace("\0", "\ufffd"),
            product=row.product.replace("\0", "\ufffd"),
        )

    async def _fill(self, held: Held, rows: Sequence[Row | Withheld], odd: frozenset[int]) -> None:
        """Give rows that were withheld the content that came now."""
        filled = [row for row in rows if isinstance(row, Row)]
        if not filled:
            return
        stored = [self._columns(held, row) if row.seq in odd else row for row in filled]
        await self._session.execute_many(
            "UPDATE events SET at_ns = $3, kind = $4, station = $5, uid = $6, product = $7, body = $8"
            " WHERE journal = $1 AND seq = $2 AND at_ns IS NULL",
            [(held.number, *row[:7]) for row in stored],
        )
        held.withheld -= len(filled)
        await self._tell_late(held, filled)

    async def _tell_late(self, held: Held, rows: Iterable[Row | Withheld]) -> None:
        """Let the register come back to rows that the watermark has passed."""
        await self._session.execute_many(
            "INSERT INTO late_rows (journal, seq) VALUES ($1, $2) ON CONFLICT DO NOTHING",
            [(held.number, row.seq) for row in rows if row.seq <= held.spans.watermark],
        )

    async def _set_apart(self, held: Held, items: Iterable[Item], outcome: Outcome) -> None:
        """Keep what contradicts."""
        rows = [
            (held.number, ends(item)[1], item.hash, self._now_ns, _bytes_of(item)) for item in items
        ]
        outcome.conflicts += [row[1] for row in rows]
        await self._keep_apart(rows)

    async def _keep_apart(self, rows: Sequence[tuple[Any, ...]]) -> None:
        if rows:
            await self._session.execute_many(
                "INSERT INTO conflicts (journal, seq, hash, received_ns, row)"
                " VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
                rows,
            )

    async def _evict(self, held: Held) -> None:
        """Move what the journal's own history has contradicted out of the events."""
        if not held.spans.evicted:
            return
        await self.flush()
        for first, last in held.spans.evicted:
            while rows := await self._session.fetch(
                "SELECT e.seq, at_ns, kind, station, uid, product, body, hash, o.row FROM events e"
                " LEFT JOIN odd_rows o ON o.journal = e.journal AND o.seq = e.seq"
                " WHERE e.journal = $1 AND e.seq BETWEEN $2 AND $3 ORDER BY e.seq LIMIT $4",
                *(held.number, first, last, _MOST_EVICTED),
            ):
                items = [
                    Withheld(row[0], row[7]) if row[1] is None else Row(*row[:8]) for row in rows
                ]
                await self._keep_apart(
                    [
                        (held.number, item.seq, item.hash, self._now_ns, row[8] or _bytes_of(item))
                        for item, row in zip(items, rows, strict=True)
                    ]
                )
                for table in ("events", "odd_rows"):
                    await self._session.execute(
                        f"DELETE FROM {table} WHERE journal = $1 AND seq BETWEEN $2 AND $3",
                        *(held.number, first, items[-1].seq),
                    )
                held.rows -= len(items)
                held.withheld -= sum(isinstance(item, Withheld) for item in items)
            await self._session.execute(
                "DELETE FROM gaps WHERE journal = $1 AND last BETWEEN $2 AND $3",
                *(held.number, first, last),
            )
        held.spans.evicted.clear()


def _bytes_of(item: Item) -> bytes:
    """A row as it was sent; empty where it was not."""
    return cbor2.dumps(list(item)) if isinstance(item, Row) else b""
