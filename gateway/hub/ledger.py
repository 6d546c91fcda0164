"""The ledger: every row that gateways have sent, each stored once. It is the truth; the register follows from it.

A row is known by its journal and seq. The same again is a duplicate and changes nothing; another content under the same
number is a conflict, which is kept apart, alarmed and said in the receipt.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from gateway.hub.batch import Batch, Withheld
from gateway.hub.database import Database, Session
from gateway.hub.receipt import Receipt
from gateway.hub.spans import spans_of
from gateway.hub.taking import Held, Outcome, Taking
from gateway.records import Row

log = logging.getLogger(__name__)

_JOURNAL = (
    "number, id, gateway, origin_id, origin_seq, watermark, watermark_hash, ahead, rows, withheld"
)


class Ledger:
    """The ledger in `database`; any number of them share one. clock: wall clock in ns.

    grown: set after each commit that stored something. Everything here raises StoreTrouble, and nothing is stored then,
    or everything was and only the answer is lost: take() may always be called again.
    """

    def __init__(self, database: Database, clock: Callable[[], int] = time.time_ns) -> None:
        self.grown = asyncio.Event()
        self._database = database
        self._clock = clock
        self._months: set[str] = set()

    async def take(self, batches: Sequence[Batch]) -> list[Receipt]:
        """Store batches durably, in one transaction; a receipt for each, in their order."""
        now_ns = self._clock()
        await self._make_room(now_ns)
        ids = sorted({batch.journal for batch in batches})
        while True:
            async with self._database.transaction() as session:
                held = await self._locked(session, ids)
                if len(held) == len(ids):
                    outcomes = await _take(session, now_ns, held, batches)
                    break
            await self._introduce([each for each in batches if each.journal not in held], now_ns)
        self.grown.set()
        for batch, outcome in zip(batches, outcomes, strict=True):
            if outcome.conflicts:
                log.error("journal %s: conflicts at %s", batch.journal.hex(), outcome.conflicts[:9])
        return [
            _receipt(held[batch.journal], outcome)
            for batch, outcome in zip(batches, outcomes, strict=True)
        ]

    async def receipt(self, journal: bytes, upto: int | None = None) -> Receipt:
        """What is held of a journal, watermark 0 where it is not known.

        upto: the same, as if no row behind that were held: the watermark is then the highest row, or end of a gap, at
        or before `upto`.
        """
        found = await self._database.fetch(
            f"SELECT {_JOURNAL} FROM journals WHERE id = $1", journal
        )
        if not found:
            return Receipt(journal, 0)
        held = _held(*found[0])
        if upto is None or upto >= held.spans.watermark:
            return _receipt(held, Outcome())
        seq, hash = await self._at_or_before(held.number, upto)
        return Receipt(journal, seq or min(held.spans.start, upto), hash=hash)

    async def _at_or_before(self, number: int, seq: int) -> tuple[int, bytes]:
        """The highest row, or end of a gap, up to `seq`, with its hash; (0, b"") where there is none."""
        rows = await self._database.fetch(
            "SELECT seq, hash FROM events WHERE journal = $1 AND seq <= $2 ORDER BY seq DESC LIMIT 1",
            *(number, seq),
        )
        gaps = await self._database.fetch(
            "SELECT last, hash FROM gaps WHERE journal = $1 AND last <= $2 ORDER BY last DESC LIMIT 1",
            *(number, seq),
        )
        found: tuple[int, bytes] = max([(0, b""), *rows, *gaps])
        return found

    async def _locked(self, session: Session, ids: Sequence[bytes]) -> dict[bytes, Held]:
        """The journals of these ids that are known, locked in order of id."""
        found = await session.fetch(
            f"SELECT {_JOURNAL} FROM journals WHERE id = ANY($1) ORDER BY id{self._database.locking}",
            list(ids),
        )
        return {row[1]: _held(*row) for row in found}

    async def _introduce(self, batches: Iterable[Batch], now_ns: int) -> None:
        """Make the journals of these batches known, each behind its origin."""
        origins = {batch.journal: (batch.gateway, batch.origin) for batch in batches}
        rows = []
        for id, (gateway, origin) in sorted(origins.items()):
            older, start = origin or (None, 0)
            hash = await self._hash_at(older, start) if older else id
            rows.append((id, gateway, older, start, hash, now_ns))
        async with self._database.transaction() as session:
            await session.execute_many(
                "INSERT INTO journals (id, gateway, origin_id, origin_seq, watermark, watermark_hash,"
                " highest, received_ns) VALUES ($1, $2, $3, $4, $4, $5, $4, $6) ON CONFLICT DO NOTHING",
                rows,
            )

    async def _hash_at(self, journal: bytes, seq: int) -> bytes:
        """The hash of a row that is held, b"" where none is."""
        found = await self.receipt(journal, seq)
        return found.hash if found.watermark == seq > 0 else b""

    async def _make_room(self, now_ns: int) -> None:
        """PostgreSQL keeps events by the month of their receipt (UTC)."""
        if self._database.engine != "postgres":
            return
        first = datetime.fromtimestamp(now_ns // 10**9, UTC).replace(
            day=1, hour=0, minute=0, second=0
        )
        month = first.strftime("%Y_%m")
        if month in self._months:
            return
        behind = first.replace(year=first.year + first.month // 12, month=first.month % 12 + 1)
        async with self._database.transaction() as session:
            ends_ns = (int(each.timestamp()) * 10**9 for each in (first, behind))
            await session.fetch("SELECT events_month($1, $2, $3)", month, *ends_ns)
        self._months.add(month)


async def read_rows(
    session: Session | Database, number: int, after: int, upto: int, most: int
) -> list[Row | Withheld]:
    """The rows behind `after`, up to `upto`, of the journal with this number; at most `most`."""
    found = await session.fetch(
        "SELECT seq, at_ns, kind, station, uid, product, body, hash FROM events"
        " WHERE journal = $1 AND seq > $2 AND seq <= $3 ORDER BY seq LIMIT $4",
        *(number, after, upto, most),
    )
    return [Withheld(row[0], row[7]) if row[1] is None else Row(*row) for row in found]


async def _take(
    session: Session, now_ns: int, journals: dict[bytes, Held], batches: Sequence[Batch]
) -> list[Outcome]:
    taking, outcomes = Taking(session, now_ns), [Outcome()] * len(batches)
    places = sorted(range(len(batches)), key=lambda n: (batches[n].journal, batches[n].first))
    for place in places:
        outcomes[place] = await taking.take(journals[batches[place].journal], batches[place])
    await taking.flush()
    await session.execute_many(
        "UPDATE journals SET gateway = $2, watermark = $3, watermark_hash = $4, highest = $5, ahead = $6,"
        " rows = $7, withheld = $8, received_ns = $9 WHERE number = $1",
        [
            (
                *(each.number, each.gateway, each.spans.watermark, each.spans.hash),
                *(each.spans.highest, each.spans.ahead_json(), each.rows, each.withheld, now_ns),
            )
            for each in journals.values()
        ],
    )
    return outcomes


def _held(
    number: int,
    id: bytes,
    gateway: str,
    origin: bytes | None,
    start: int,
    watermark: int,
    hash: bytes,
    ahead: str,
    *counts: Any,
) -> Held:
    return Held(number, id, gateway, origin, spans_of(start, watermark, hash, ahead), *counts)


def _receipt(held: Held, outcome: Outcome) -> Receipt:
    conflicts = tuple(outcome.conflicts)
    return Receipt(
        journal=held.id,
        watermark=held.spans.watermark,
        stored=outcome.stored,
        duplicates=outcome.duplicates,
        conflicts=conflicts,
        missing=held.spans.missing,
        forked=bool(conflicts),
        hash=held.spans.hash,
    )
