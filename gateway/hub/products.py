"""What the hub answers from ledger and register: a product's stubs and history, a tag's, and how much there is."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from gateway.hub import alarms
from gateway.hub.database import Database
from gateway.hub.register import entry
from gateway.records import Row

_MOST_EVENTS = 1000
_MOST_JOURNALS = 10_000
_MOST_SIGHTINGS = 1000
_LATEST_JOURNALS = 10  # among which the last events are looked for

_STUBS = (
    "SELECT sha256, product, uid, seq, stub, written FROM stubs WHERE name = $1"
    " ORDER BY seq, issued_at, sha256 LIMIT $2"
)
_COLUMNS = (
    "j.id, j.gateway, e.received_ns, e.seq, e.at_ns, e.kind, e.station, e.uid, e.product, e.body,"
    " e.hash"
)
_EVENTS = (
    f"SELECT {_COLUMNS} FROM (SELECT at_ns, journal, seq FROM product_events WHERE name = $1"
    " ORDER BY at_ns DESC, journal DESC, seq DESC LIMIT $2) p"
    " JOIN events e ON e.journal = p.journal AND e.seq = p.seq"
    " JOIN journals j ON j.number = p.journal ORDER BY p.at_ns, p.journal, p.seq"
)
_BUSY = "SELECT number FROM journals ORDER BY received_ns DESC, number DESC LIMIT $1"
_LATEST = (
    f"SELECT {_COLUMNS} FROM events e JOIN journals j ON j.number = e.journal"
    " WHERE e.journal = $1 ORDER BY e.seq DESC LIMIT $2"
)
_JOURNALS = (
    "SELECT j.id, j.gateway, j.watermark, j.received_ns, j.rows, j.withheld,"
    " (SELECT count(*) FROM conflicts x WHERE x.journal = j.number),"
    " (SELECT count(*) FROM gaps g WHERE g.journal = j.number), coalesce(c.seq, 0)"
    " FROM journals j LEFT JOIN clerk c ON c.journal = j.number ORDER BY j.number LIMIT $1"
)
_COUNTS = (
    "SELECT (SELECT CAST(coalesce(sum(rows), 0) AS BIGINT) FROM journals),"
    " (SELECT CAST(coalesce(sum(stubs), 0) AS BIGINT) FROM clerk),"
    " (SELECT CAST(coalesce(sum(products), 0) AS BIGINT) FROM clerk),"
    " (SELECT count(*) FROM journals), (SELECT count(*) FROM conflicts),"
    " (SELECT CAST(coalesce(sum(j.watermark - coalesce(c.seq, 0)), 0) AS BIGINT) FROM journals j"
    " LEFT JOIN clerk c ON c.journal = j.number),"
    " (SELECT CAST(coalesce(sum(senseless), 0) AS BIGINT) FROM clerk),"
    " (SELECT count(*) FROM reports WHERE state = 'pending')"
)
_COUNTED = (
    *("events", "stubs", "products", "journals", "conflicts"),
    *("rows_to_register", "rows_without_sense", "reports_pending"),
)
_TAG = "SELECT name, place, at_ns FROM tags WHERE uid = $1"
_SIGHTINGS = (
    "SELECT h.at_ns, j.id, h.seq, h.name, h.place, h.act, h.timed FROM tag_history h"
    " JOIN journals j ON j.number = h.journal WHERE h.uid = $1"
    " ORDER BY h.at_ns DESC, h.journal DESC, h.seq DESC LIMIT $2"
)


@dataclass(frozen=True, slots=True)
class Event:
    """A row as the hub holds it; kind "withheld" where the gateway sent only its hash."""

    journal: bytes
    gateway: str
    seq: int
    received_ns: int
    at_ns: int
    kind: str
    station: str
    uid: bytes
    product: str
    name: str
    content: dict[str, Any]


@dataclass(frozen=True, slots=True)
class StoredStub:
    """A stub of a product; `seq` as the stub or its row says. written: by a gateway of this hub, not only seen."""

    sha256: bytes
    product: str
    uid: bytes
    seq: int
    raw: bytes
    written: bool


@dataclass(frozen=True, slots=True)
class JournalState:
    """How far one gateway's journal has come, and the register with it. gaps: runs that the gateway no longer has."""

    id: bytes
    gateway: str
    watermark: int
    received_ns: int
    rows: int
    withheld: int
    conflicts: int
    gaps: int
    registered: int


@dataclass(frozen=True, slots=True)
class TagState:
    """Where a tag was last seen, and the product that it was last said to bear; its sightings, newest first."""

    uid: bytes
    product: str
    place: str
    at_ns: int
    sightings: tuple["TagSighting", ...]


@dataclass(frozen=True, slots=True)
class TagSighting:
    """One sighting. act: "seen", "written" or "freed"; is_timed: by a gateway whose clock was synchronised."""

    at_ns: int
    journal: bytes
    seq: int
    product: str
    place: str
    act: str
    is_timed: bool


class Products:
    """Questions to a database; every answer is bounded. Raises StoreTrouble."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def stubs(self, name: str) -> list[StoredStub]:
        """The stubs of "GTIN14/SERIAL", or of another product's text, in order of seq."""
        rows = await self._database.fetch(_STUBS, name, _MOST_EVENTS)
        return [
            StoredStub(hash, product, uid, seq, raw, bool(written))
            for hash, product, uid, seq, raw, written in rows
        ]

    async def events(self, name: str, most: int = _MOST_EVENTS) -> list[Event]:
        """The newest events of a product by the gateways' time, oldest first."""
        return _events(await self._database.fetch(_EVENTS, name, most))

    async def latest(self, most: int) -> list[Event]:
        """The last events that arrived, newest first."""
        found: list[Event] = []
        for (number,) in await self._database.fetch(_BUSY, _LATEST_JOURNALS):
            found += _events(await self._database.fetch(_LATEST, number, most))
        found.sort(key=lambda each: (each.received_ns, each.seq), reverse=True)
        return found[:most]

    async def journals(self) -> list[JournalState]:
        """Each journal that has sent something."""
        return [JournalState(*row) for row in await self._database.fetch(_JOURNALS, _MOST_JOURNALS)]

    async def tag(self, uid: bytes) -> TagState | None:
        """The history of a UID or TID; None where nobody has seen it."""
        known = await self._database.fetch(_TAG, uid)
        if not known:
            return None
        ((name, place, at_ns),) = known
        rows = await self._database.fetch(_SIGHTINGS, uid, _MOST_SIGHTINGS)
        sightings = tuple(
            TagSighting(at, journal, seq, product, where, act, bool(timed))
            for at, journal, seq, product, where, act, timed in rows
        )
        return TagState(uid, name, place, at_ns, sightings)

    async def counts(self) -> dict[str, int]:
        """How many events, stubs, products with a stub, journals, conflicts, open alarms and the like are held."""
        (counted,) = await self._database.fetch(_COUNTS)
        is_open = await alarms.opened(self._database)
        return dict(zip(_COUNTED, counted, strict=True)) | {"alarms": sum(is_open.values())}


def _events(rows: Iterable[tuple[Any, ...]]) -> list[Event]:
    return [_event(*row) for row in rows]


def _event(
    journal: bytes,
    gateway: str,
    received_ns: int,
    seq: int,
    at_ns: int | None,
    kind: str,
    station: str,
    uid: bytes,
    product: str,
    body: bytes,
    hash: bytes,
) -> Event:
    if at_ns is None:
        return Event(
            journal, gateway, seq, received_ns, received_ns, "withheld", "", b"", "", "", {}
        )
    found = entry(0, gateway, Row(seq, at_ns, kind, station, uid, product, body, hash))
    said = found.content or {}
    return Event(
        journal, gateway, seq, received_ns, at_ns, kind, station, uid, product, found.name, said
    )
