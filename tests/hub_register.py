"""Gateways whose journals reach a ledger, row by row as a test tells them, and what the register makes of that."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from hashlib import sha256
from typing import Any

import cbor2

from edge import stub
from gateway.hub.batch import Batch, Withheld
from gateway.hub.clerk import Clerk, registrars
from gateway.hub.clones import Travel
from gateway.hub.database import Database
from gateway.hub.ledger import Ledger
from gateway.hub.open import open_database
from gateway.hub.receipt import Receipt
from gateway.hub.register import Registrar
from gateway.records import Chain, Gap, Row

GTIN = "09520123456788"
UID = bytes.fromhex("04a1b2c3d4e5f6")
START_S = 1_790_000_000
TRUSTED = {"integrity": "valid", "binding": "match", "key": "trusted"}


class Source:
    """One gateway's journal. What is told is sent by `send`, in one batch."""

    def __init__(self, gateway: str) -> None:
        self.gateway = gateway
        self.id = sha256(gateway.encode()).digest()[:16]
        self.rows: list[Row] = []
        self._chain = Chain(self.id)
        self._sent = 0

    def tell(
        self,
        kind: str,
        uid: bytes = UID,
        product: str = "",
        at_s: float = 0,
        station: str = "line1",
        **said: Any,
    ) -> Row:
        """Add a row; at_s: seconds behind START_S."""
        seq, at_ns = len(self.rows) + 1, round((START_S + at_s) * 1e9)
        body = cbor2.dumps(said, canonical=True)
        return self.keep(seq, at_ns, kind, station, uid, product, body)

    def keep(self, *columns: Any) -> Row:
        """Add a row of these columns; body: any bytes."""
        self.rows.append(Row(*columns, self._chain.follow(*columns)))
        return self.rows[-1]

    def wrote(
        self, raw: bytes, uid: bytes = UID, serial: str = "A1", at_s: float = 0, **said: Any
    ) -> Row:
        """A result: a stub was put on a tag."""
        body = {"gtin": GTIN, "serial": serial, "stub": raw, "act": "commissioned"} | said
        return self.tell("result", uid, f"{GTIN}/{serial}", at_s, **body)

    def saw(
        self, raw: bytes, uid: bytes = UID, serial: str = "A1", at_s: float = 0, **said: Any
    ) -> Row:
        """A verdict on a stub that is trusted."""
        body = {"gtin": GTIN, "serial": serial, "stub": raw, "verdict": TRUSTED, "seen_seq": 0}
        return self.tell("verdict", uid, f"{GTIN}/{serial}", at_s, **(body | said))

    async def send(self, ledger: Ledger) -> Receipt:
        """Send what is new."""
        rows = tuple(self.rows[self._sent :])
        self._sent = len(self.rows)
        return await self.send_these(ledger, rows)

    async def send_these(self, ledger: Ledger, rows: Sequence[Row | Withheld | Gap]) -> Receipt:
        """Send these rows, which follow one another."""
        first = rows[0][0] if isinstance(rows[0], tuple) else rows[0].seq
        before = self.rows[first - 2].hash if first > 1 else self.id
        odd = frozenset(row.seq for row in rows if isinstance(row, Row) and "\0" in row.kind)
        batch = Batch(self.gateway, self.id, before, tuple(rows), odd=odd)
        (receipt,) = await ledger.take([batch])
        return receipt


def signed(
    seq: int, before: bytes = b"", serial: str = "A1", uid: bytes = UID, key: int = 0
) -> bytes:
    """The stub number `seq` of a product, behind the stub `before`. Its signature is none: nothing here checks it."""
    claims: dict[int, Any] = {
        stub.VERSION: 1,
        stub.PRODUCT: [stub.GS1, int(GTIN), serial],
        stub.ISSUED_AT: START_S + seq,
        stub.SEQ: seq,
        stub.CARRIER: [1, uid],
        stub.TOTALS: {41: 1000},
    }
    if before:
        claims[stub.PREV] = stub.link16(before)
    return stub.encode(claims, -19, bytes([key]) * 8, lambda message: bytes([key]) * 64)


@asynccontextmanager
async def hub(
    where: Any,
    travel: Travel | None = None,
    more: Sequence[Registrar] = (),
    most_rows: int | None = None,
) -> AsyncIterator[tuple[Database, Ledger, Clerk]]:
    """An empty hub's database, its ledger, and a clerk."""
    database = await open_database(where)
    try:
        clerk = Clerk(database, [*registrars(travel), *more], most_rows=most_rows)
        yield database, Ledger(database), clerk
    finally:
        await database.close()


async def alarmed(database: Database, is_open: bool = True) -> list[tuple[str, str]]:
    """(kind, subject) of the alarms that are open (or closed), in order."""
    state = "IS NULL" if is_open else "IS NOT NULL"
    rows = await database.fetch(
        f"SELECT kind, subject FROM alarms WHERE closed_ns {state} ORDER BY kind, subject"
    )
    return [(kind, subject) for kind, subject in rows]


TABLES = {
    "product_events": "name, at_ns, journal, seq",
    "products": "name, newest",
    "stubs": "sha256, name, product, uid, seq, prev, link, kid, issued_at, stub, written, at_ns,"
    " journal, row_seq",
    "tags": "uid, name, named_ns, place, at_ns, places, names",
    "tag_history": "uid, at_ns, journal, seq, name, place, act, timed",
    "alarms": "kind, cause, subject, text, at_ns, journal, seq",
    "clerk": "journal, seq, senseless",
}


async def everything(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    """All that the register holds, in an order that does not depend on when it came."""
    found = {}
    for table, columns in TABLES.items():
        where = "WHERE closed_ns IS NULL" if table == "alarms" else ""
        found[table] = sorted(await database.fetch(f"SELECT {columns} FROM {table} {where}"))
    return found


def encoded(source: Source) -> bytes:
    """All of a source's rows as the batch that a gateway sends."""
    whole = {1: 2, 2: source.gateway, 3: source.id, 4: 1, 5: len(source.rows), 7: source.id}
    return cbor2.dumps(whole | {6: [list(row) for row in source.rows]}, canonical=True)
