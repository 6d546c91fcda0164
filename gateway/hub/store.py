"""The hub's embedded store: one SQLite file (WAL, synchronous=FULL) with every row and stub, each stored once.

A row is known by (journal, seq). The same again is a duplicate and changes nothing; another content under the
same number is a conflict, which is kept apart and said in the receipt.
"""

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import Any

import cbor2

from edge import gs1, stub
from edge.errors import Malformed
from gateway.hub.batch import Batch, Withheld, content
from gateway.records import Row, connect
from gateway.schema import SchemaTrouble, migrate

_WRITTEN = ("result", "repair")  # kinds of rows whose stub was read back from a tag and was right


class StoreTrouble(Exception):
    """The hub's file or disk is at fault; the text says what."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the hub holds after a batch: every row of the journal up to `watermark`.

    conflicts: seqs of this batch under which it holds other content.
    """

    journal: bytes
    watermark: int
    stored: int
    duplicates: int
    conflicts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Event:
    """A row as the hub holds it; kind "withheld" where the gateway sent only its hash."""

    journal: bytes
    gateway: str
    seq: int
    at_ns: int
    kind: str
    station: str
    uid: bytes
    product: str
    name: str
    content: dict[str, Any]


@dataclass(frozen=True, slots=True)
class StoredStub:
    """A stub that was written to a tag; `seq` as the stub or its row says."""

    sha256: bytes
    product: str
    uid: bytes
    seq: int
    raw: bytes


@dataclass(frozen=True, slots=True)
class JournalState:
    """How far one gateway's journal has come."""

    id: bytes
    gateway: str
    watermark: int
    received_ns: int
    rows: int
    withheld: int
    conflicts: int


class Store:
    """The store; safe to use from several threads. clock: wall clock in ns. Raises StoreTrouble."""

    def __init__(self, path: Path, clock: Callable[[], int] = time.time_ns) -> None:
        self._clock = clock
        self._turn = threading.Lock()
        try:
            self._file = connect(path, "rwc")
            self._file.execute("PRAGMA auto_vacuum = INCREMENTAL")
            self._file.execute("PRAGMA journal_mode = WAL")
            self._file.execute("PRAGMA synchronous = FULL")
            migrate(self._file, files("gateway") / "hub" / "schema", newest=1)
        except (sqlite3.Error, SchemaTrouble) as e:
            raise StoreTrouble(f"{path} cannot be used as the hub's database: {e}") from e

    def close(self) -> None:
        self._file.close()

    def take(self, batch: Batch) -> Receipt:
        """Store a batch durably, in one transaction."""
        now_ns = self._clock()
        with self._transaction():
            journal = self._journal(batch, now_ns)
            held = self._held(journal, batch)
            if held.get(batch.first - 1, batch.before) != batch.before:  # a fork
                self._conflict(journal, batch.first - 1, batch.before, b"", now_ns)
            stored, conflicts = 0, []
            for row in batch.rows:
                if row.seq not in held:
                    self._add(journal, row, now_ns)
                    stored += 1
                elif held[row.seq] != row.hash:
                    self._conflict(journal, row.seq, row.hash, _bytes_of(row), now_ns)
                    conflicts.append(row.seq)
                elif isinstance(row, Row):
                    self._fill(journal, row, now_ns)
            watermark = self._raise_watermark(journal)
        duplicates = len(batch.rows) - stored - len(conflicts)
        return Receipt(batch.journal, watermark, stored, duplicates, tuple(conflicts))

    def stubs(self, name: str) -> list[StoredStub]:
        """The stubs of "GTIN14/SERIAL", or of another product's text, in order of seq."""
        query = (
            "SELECT sha256, product, uid, seq, stub FROM stubs WHERE name = ? ORDER BY seq, rowid"
        )
        return [StoredStub(*found) for found in self._ask(query, name)]

    def events(self, name: str, most: int = 1000) -> list[Event]:
        """The newest events of a product, oldest first."""
        query = f"{_EVENTS} WHERE name = ? AND name <> '' ORDER BY e.number DESC LIMIT ?"
        return [_event(*found) for found in reversed(self._ask(query, name, most))]

    def latest(self, most: int) -> list[Event]:
        """The last events that arrived, newest first."""
        return [
            _event(*found) for found in self._ask(f"{_EVENTS} ORDER BY e.number DESC LIMIT ?", most)
        ]

    def journals(self) -> list[JournalState]:
        """Each journal that has sent something."""
        query = (
            "SELECT id, gateway, watermark, received_ns,"
            " (SELECT count(*) FROM events WHERE journal = j.number),"
            " (SELECT count(*) FROM events WHERE journal = j.number AND at_ns IS NULL),"
            " (SELECT count(*) FROM conflicts WHERE journal = j.number)"
            " FROM journals j ORDER BY number"
        )
        return [JournalState(*found) for found in self._ask(query)]

    def counts(self) -> dict[str, int]:
        """How many events, stubs, products with a stub, journals and conflicts are held."""
        query = (
            "SELECT (SELECT count(*) FROM events), (SELECT count(*) FROM stubs),"
            " (SELECT count(DISTINCT name) FROM stubs), (SELECT count(*) FROM journals),"
            " (SELECT count(*) FROM conflicts)"
        )
        names = ("events", "stubs", "products", "journals", "conflicts")
        return dict(zip(names, self._ask(query)[0], strict=True))

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._turn:
            try:
                self._file.execute("BEGIN IMMEDIATE")
                yield
                self._file.execute("COMMIT")
            except sqlite3.Error as e:
                raise StoreTrouble(f"the hub's disk refuses a batch: {e}") from e
            finally:
                if self._file.in_transaction:
                    self._file.execute("ROLLBACK")

    def _ask(self, query: str, *values: int | str) -> list[tuple[Any, ...]]:
        with self._turn:
            try:
                return self._file.execute(query, values).fetchall()
            except sqlite3.Error as e:
                raise StoreTrouble(f"the hub's database cannot be read: {e}") from e

    def _journal(self, batch: Batch, now_ns: int) -> int:
        (number,) = self._file.execute(
            "INSERT INTO journals (id, gateway, watermark, received_ns) VALUES (?, ?, 0, ?)"
            " ON CONFLICT (id) DO UPDATE SET gateway = excluded.gateway,"
            " received_ns = excluded.received_ns RETURNING number",
            (batch.journal, batch.gateway, now_ns),
        ).fetchone()
        return int(number)

    def _held(self, journal: int, batch: Batch) -> dict[int, bytes]:
        return dict(
            self._file.execute(
                "SELECT seq, hash FROM events WHERE journal = ? AND seq BETWEEN ? AND ?",
                (journal, batch.first - 1, batch.last),
            ).fetchall()
        )

    def _add(self, journal: int, row: Row | Withheld, now_ns: int) -> None:
        self._file.execute(
            "INSERT INTO events (journal, seq, hash, received_ns, name) VALUES (?, ?, ?, ?, '')",
            (journal, row.seq, row.hash, now_ns),
        )
        if isinstance(row, Row):
            self._fill(journal, row, now_ns)

    def _fill(self, journal: int, row: Row, now_ns: int) -> None:
        """Give a held number its content, unless it has it."""
        said = content(row.body)
        name = _name(row.product, said)
        changed = self._file.execute(
            "UPDATE events SET received_ns = ?, at_ns = ?, kind = ?, station = ?, uid = ?, product = ?,"
            " body = ?, name = ? WHERE journal = ? AND seq = ? AND at_ns IS NULL",
            (
                *(now_ns, row.at_ns, row.kind, row.station, row.uid, row.product, row.body, name),
                *(journal, row.seq),
            ),
        ).rowcount
        raw = said.get("stub")
        if changed and row.kind in _WRITTEN and isinstance(raw, bytes):
            name, seq = _stub_names(raw, name, said)
            self._file.execute(
                "INSERT OR IGNORE INTO stubs (sha256, name, product, uid, seq, stub)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                (sha256(raw).digest(), name, row.product, row.uid, seq, raw),
            )

    def _conflict(self, journal: int, seq: int, hash: bytes, row: bytes, now_ns: int) -> None:
        self._file.execute(
            "INSERT OR IGNORE INTO conflicts (journal, seq, hash, received_ns, row) VALUES (?, ?, ?, ?, ?)",
            (journal, seq, hash, now_ns, row),
        )

    def _raise_watermark(self, journal: int) -> int:
        """The end of the unbroken run of rows from 1 on; also where a late batch has closed a gap."""
        (watermark,) = self._file.execute(
            "SELECT watermark FROM journals WHERE number = ?", (journal,)
        ).fetchone()
        beyond = self._file.execute(
            "SELECT seq FROM events WHERE journal = ? AND seq > ? ORDER BY seq",
            (journal, watermark),
        )
        for (seq,) in beyond:
            if seq != watermark + 1:
                break
            watermark = seq
        self._file.execute(
            "UPDATE journals SET watermark = ? WHERE number = ?", (watermark, journal)
        )
        return int(watermark)


_EVENTS = (
    "SELECT j.id, j.gateway, e.seq, e.at_ns, e.received_ns, e.kind, e.station, e.uid, e.product, e.name,"
    " e.body FROM events e JOIN journals j ON j.number = e.journal"
)


def _event(
    journal: bytes,
    gateway: str,
    seq: int,
    at_ns: int | None,
    received_ns: int,
    kind: str | None,
    station: str | None,
    uid: bytes | None,
    product: str | None,
    name: str,
    body: bytes | None,
) -> Event:
    return Event(
        journal,
        gateway,
        seq,
        received_ns if at_ns is None else at_ns,
        kind or "withheld",
        station or "",
        uid or b"",
        product or "",
        name,
        content(body) if body else {},
    )


def _name(product: str, said: dict[str, Any]) -> str:
    """ "GTIN14/SERIAL" where the row says both, else its product as it stands."""
    gtin, serial = said.get("gtin"), said.get("serial")
    if isinstance(gtin, str) and isinstance(serial, str) and gtin and serial:
        return f"{gtin}/{serial}"
    return product


def _stub_names(raw: bytes, name: str, said: dict[str, Any]) -> tuple[str, int]:
    """(name, seq) as the signed stub says; a mini record says neither, so the row's stand."""
    try:
        found = stub.decode(raw)
    except Malformed:
        seq = said.get("seq")
        return name, seq if type(seq) is int and 0 <= seq < 1 << 53 else 0
    if found.product[0] == stub.GS1:
        name = f"{gs1.gtin14(found.product[1])}/{found.product[-1]}"
    return name, found.seq


def _bytes_of(row: Row | Withheld) -> bytes:
    if isinstance(row, Withheld):
        return b""
    return cbor2.dumps(
        [row.seq, row.at_ns, row.kind, row.station, row.uid, row.product, row.body, row.hash]
    )
