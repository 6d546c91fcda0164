"""Storage: bytes that an event takes in a journal, in JetStream, and at the hub in SQLite and PostgreSQL.

Verdicts in two sizes: as a station tells of a tag with a stub, and without the stub (about 300 bytes). Each product is
verified ten times, which is what the register's share depends on.
"""

import asyncio
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

from gateway.broker import Broker
from gateway.hub.app import clerk
from gateway.hub.batch import decode
from gateway.hub.database import Database
from gateway.hub.ledger import Ledger
from gateway.hub.open import open_database
from gateway.hub.settings import HubSettings
from gateway.hub.stream import ensure_stream
from gateway.jetstream import STREAM, connect
from gateway.journal import Journal
from gateway.sync.batch import Batch
from gateway.sync.jetstream import JetStream
from gateway.sync.port import Taken
from gateway.throwaway.nats import Nats
from gateway.throwaway.postgres import Postgres
from tests.bench.passports import Issuer
from tests.bench.size import Size, folder
from tests.bench.table import Row, progress
from tests.bench.verdicts import Line, batches, fill, mean_body

_NAME = "line1"
_TOGETHER = 32  # batches in one transaction
_LEDGER = ("journals", "events", "gaps", "conflicts", "odd_rows", "late_rows")
_SIZES = (
    "SELECT c.relname, pg_total_relation_size(c.oid) FROM pg_class c"
    " JOIN pg_namespace n ON n.oid = c.relnamespace"
    " WHERE c.relkind = 'r' AND n.nspname = 'public'"
)


def rows(size: Size) -> Iterator[Row]:
    """Quick: 10,000 events; full: 50,000."""
    events = size.of(10_000, 50_000)
    with Postgres() as postgres, Nats(3) as nats:
        for what, issuer in (("verdict with its stub", Issuer()), ("verdict without", None)):
            with folder() as at:
                line = Line(events, issuer)
                yield from asyncio.run(_measured(at, postgres, nats, line, events, what))


async def _measured(
    at: Path, postgres: Postgres, nats: Nats, line: Line, events: int, what: str
) -> list[Row]:
    path = at / "journal.db"
    await fill(path, line, events)
    records = Journal.open_readonly(path)
    body, whole = mean_body(records), list(batches(records, _NAME))
    records.close()
    sent = sum(len(batch.data) for batch in whole)
    progress(f"{what}: JetStream")
    stream = await _stream(nats, whole)
    progress(f"{what}: SQLite")
    sqlite = await _sqlite(at / "hub.db", whole)
    progress(f"{what}: PostgreSQL")
    tables = await _postgres(postgres.database(), whole)
    told = {
        "journal": (path.stat().st_size, f"{what}: {events:,} events, bodies of {body:.0f} bytes"),
        "batch on the wire": (sent, ""),
        "JetStream, each of three copies": (stream, ""),
        "hub, SQLite: ledger": (sqlite[0], ""),
        "hub, SQLite: register and EPCIS events besides": (sqlite[1] - sqlite[0], ""),
        "hub, PostgreSQL: ledger's events": (_sum(tables, ("events",)), ""),
        "hub, PostgreSQL: register": (_register(tables), ""),
        "hub, PostgreSQL: EPCIS events": (_sum(tables, ("epcis",)), ""),
    }
    return [
        Row(f"{where}, {body:.0f} B body", found / events, "B/event", note=note)
        for where, (found, note) in told.items()
    ]


async def _stream(nats: Nats, whole: Sequence[Batch]) -> int:
    """Bytes that the stream says it keeps of these batches, once."""
    broker = Broker(tuple(nats.urls))
    async with await connect(broker, "bench") as connection, JetStream(broker, _NAME) as transport:
        await ensure_stream(connection)
        await connection.api(f"STREAM.PURGE.{STREAM}")
        for batch in whole:
            if not isinstance(step := await transport.send(batch, 0), Taken):
                raise RuntimeError(f"the stream does not take a batch: {step}")
        said = await connection.api(f"STREAM.INFO.{STREAM}")
    return int(said["state"]["bytes"])


async def _sqlite(path: Path, whole: Sequence[Batch]) -> tuple[int, int]:
    """(bytes of the file with the ledger, and when the register has followed)."""
    database = await open_database(path)
    try:
        await _take(database, whole)
        taken = _size(path)
        await clerk(database, HubSettings()).settled()
        return taken, _size(path)
    finally:
        await database.close()


async def _postgres(url: str, whole: Sequence[Batch]) -> dict[str, int]:
    """Table -> bytes with its indexes, when the register has followed."""
    database = await open_database(url)
    try:
        await _take(database, whole)
        await clerk(database, HubSettings()).settled()
        return dict(await database.fetch(_SIZES))
    finally:
        await database.close()


async def _take(database: Database, whole: Sequence[Batch]) -> None:
    ledger = Ledger(database)
    for first in range(0, len(whole), _TOGETHER):
        await ledger.take([decode(batch.data) for batch in whole[first : first + _TOGETHER]])


def _size(path: Path) -> int:
    """Bytes of an SQLite file in use, all of it out of the log."""
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (free,) = database.execute("PRAGMA freelist_count").fetchone()
        (page,) = database.execute("PRAGMA page_size").fetchone()
    return path.stat().st_size - int(free) * int(page)


def _sum(tables: dict[str, int], prefixes: tuple[str, ...]) -> int:
    return sum(size for name, size in tables.items() if name.startswith(prefixes))


def _register(tables: dict[str, int]) -> int:
    return sum(tables.values()) - _sum(tables, (*_LEDGER, "epcis"))
