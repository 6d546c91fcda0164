"""A portion: what a clerk takes of one journal at once, between its cursor there and the watermark."""

from dataclasses import dataclass

from gateway.hub.batch import Withheld
from gateway.hub.database import Session
from gateway.hub.register import Entry, entry
from gateway.records import Row

_MOST_BYTES = 16 << 20  # of the bodies; a single row may have more
_MOST_LATE = 32  # rows, of any size

_SIZES = (
    "SELECT seq, coalesce(length(body), 0) FROM events WHERE journal = $1 AND seq > $2"
    " AND seq <= $3 ORDER BY seq LIMIT $4"
)
_COLUMNS = "l.seq, e.seq, e.at_ns, e.kind, e.station, e.uid, e.product, e.body, e.hash"
_ROWS = (  # one statement sees both a row's content and its mark as late, or neither
    f"SELECT {_COLUMNS} FROM events e"
    " LEFT JOIN late_rows l ON l.journal = e.journal AND l.seq = e.seq"
    " WHERE e.journal = $1 AND e.seq > $2 AND e.seq <= $3 ORDER BY e.seq"
)
_LATE = (
    f"SELECT {_COLUMNS} FROM late_rows l JOIN events e ON e.journal = l.journal AND e.seq = l.seq"
    " WHERE l.journal = $1 AND l.seq <= $2 ORDER BY l.seq LIMIT $3"
)


@dataclass(frozen=True, slots=True)
class Portion:
    """entries: in order of seq; end: the cursor behind them. late: numbers whose mark as late goes with them."""

    journal: int
    end: int
    entries: tuple[Entry, ...]
    late: tuple[int, ...]

    @property
    def senseless(self) -> int:
        """How many rows have come whose body is none."""
        return sum(isinstance(e.row, Row) and e.content is None for e in self.entries)


async def read(
    session: Session, journal: int, gateway: str, cursor: int, watermark: int, room: int
) -> Portion:
    """At most `room` rows of a journal: first those whose content came after the cursor had passed them."""
    late = await session.fetch(_LATE, journal, cursor, min(room, _MOST_LATE))
    end, rows = cursor, []
    if room > len(late) and watermark > cursor:
        end = await _end(session, journal, cursor, watermark, room - len(late))
        rows = await session.fetch(_ROWS, journal, cursor, end)
    entries = [_entry(journal, gateway, *columns) for _, *columns in (*late, *rows)]
    marked = tuple(columns[0] for columns in (*late, *rows) if columns[0] is not None)
    return Portion(journal, end, tuple(entries), marked)


async def _end(session: Session, journal: int, cursor: int, watermark: int, room: int) -> int:
    """The last seq of the rows behind the cursor for which there is room; the watermark where all have it."""
    size, end = 0, cursor
    sizes = await session.fetch(_SIZES, journal, cursor, watermark, room)
    for seq, length in sizes:
        size += length
        if size > _MOST_BYTES and end > cursor:
            return end
        end = seq
    return end if len(sizes) == room else watermark


def _entry(
    journal: int,
    gateway: str,
    seq: int,
    at_ns: int | None,
    kind: str,
    station: str,
    uid: bytes,
    product: str,
    body: bytes,
    hash: bytes,
) -> Entry:
    if at_ns is None:
        return entry(journal, gateway, Withheld(seq, hash))
    return entry(journal, gateway, Row(seq, at_ns, kind, station, uid, product, body, hash))
