"""A batch: consecutive journal rows as one CBOR map, with boundaries that outlive a crash.

    {1: version, 2: gateway, 3: journal id, 4: first seq, 5: last seq, 6: [row, ...], 7: hash before the first row}
    row: [seq, at_ns, kind, station, uid, product, body, hash], or [seq, hash] for one that was set aside

Deterministic CBOR (RFC 8949, 4.2.1). The same rows make the same bytes, so a resend is byte-identical; its
idempotency key is "JOURNAL/FIRST-LAST", the journal's id in hex.
"""

from collections.abc import Container, Sequence
from dataclasses import dataclass

from gateway.journal import ACKNOWLEDGED, Journal, Records, Row
from gateway.records import Encoder

VERSION = 1
BATCHED = "batched"  # the cursor up to which batch boundaries are fixed

_MOST_BYTES = 512 << 10  # a batch's bodies; one row that is larger travels alone
_ROW_OVERHEAD = 120  # bytes of a row beside its body


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows `first` to `last` of a journal, as the bytes that are sent; items: how many rows and gaps that is."""

    journal: bytes
    first: int
    last: int
    data: bytes
    items: int

    @property
    def key(self) -> str:
        return f"{self.journal.hex()}/{self.first}-{self.last}"

    def __len__(self) -> int:
        """How many rows and gaps it holds."""
        return self.items


def encode(
    gateway: str, journal: bytes, before: bytes, rows: Sequence[Row], withheld: Container[int]
) -> Batch:
    """The batch of consecutive `rows`; of those in `withheld` only seq and hash are sent.

    before: the hash of the row before the first, the journal's id where there is none.
    """
    said = [
        [r.seq, r.hash]
        if r.seq in withheld
        else [r.seq, r.at_ns, r.kind, r.station, r.uid, r.product, r.body, r.hash]
        for r in rows
    ]
    first, last = rows[0].seq, rows[-1].seq
    whole = {1: VERSION, 2: gateway, 3: journal, 4: first, 5: last, 6: said, 7: before}
    return Batch(journal, first, last, Encoder()(whole), len(said))


async def next_batch(journal: Journal, gateway: str, most_rows: int) -> Batch | None:
    """The batch behind what the hub has acknowledged, None where that is all.

    One that was begun before has its old boundaries; a new one's are durable before it is returned.
    """
    acknowledged, batched = journal.cursor(ACKNOWLEDGED), journal.cursor(BATCHED)
    if batched > acknowledged:
        rows = journal.after(acknowledged, batched - acknowledged)
    else:
        rows = _within_bytes(journal.after(acknowledged, most_rows))
        if not rows:
            return None
        await journal.move_cursor(BATCHED, rows[-1].seq)
    withheld = journal.quarantined(rows[0].seq, rows[-1].seq)
    return encode(gateway, journal.id, hash_at(journal, acknowledged), rows, withheld)


def hash_at(records: Records, seq: int) -> bytes:
    """The hash of row `seq`; the journal's id for 0."""
    return records.after(seq - 1, 1)[0].hash if seq else records.id


def _within_bytes(rows: list[Row]) -> list[Row]:
    size = 0
    for count, row in enumerate(rows):
        size += len(row.body) + _ROW_OVERHEAD
        if size > _MOST_BYTES and count:
            return rows[:count]
    return rows
