"""A batch as the hub reads it: bytes from the network in, checked values out. Written by gateway/sync/batch.py.

{1: version, 2: gateway, 3: journal id, 4: first seq, 5: last seq, 6: [row, ...], 7: hash before the first row}
row: [seq, at_ns, kind, station, uid, product, body, hash], or [seq, hash] for one that the gateway withholds
"""

from dataclasses import dataclass
from typing import Any

import cbor2

from edge import cbor
from edge.errors import Malformed
from gateway.records import Chain, Row

CEILING = 4 << 20  # bytes of a batch

_VERSION = 1
_MOST_ROWS = 4096
_LARGEST = (1 << 63) - 1  # SQLite's integers
_LONGEST_TEXT = 512  # characters of a name of ours
_LONGEST_UID = 64  # bytes
_HASH = 32  # bytes
_COLUMNS = (int, int, str, str, bytes, str, bytes, bytes)


@dataclass(frozen=True, slots=True)
class Withheld:
    """A row of which the gateway sends only the hash, since the hub refused what it says."""

    seq: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class Batch:
    """Consecutive rows of one journal. before: the hash of the row before the first, the journal's id for row 1."""

    gateway: str
    journal: bytes
    before: bytes
    rows: tuple[Row | Withheld, ...]

    @property
    def first(self) -> int:
        return self.rows[0].seq

    @property
    def last(self) -> int:
        return self.rows[-1].seq

    @property
    def key(self) -> str:
        return f"{self.journal.hex()}/{self.first}-{self.last}"


def decode(data: bytes) -> Batch:
    """The batch in `data`, every row following from the one before. Raises Malformed and nothing else."""
    whole = cbor.decode(data, CEILING)
    if type(whole) is not dict or set(whole) != {1, 2, 3, 4, 5, 6, 7}:
        raise Malformed("a batch is a map with the keys 1 to 7")
    if whole[1] != _VERSION or type(whole[1]) is not int:
        raise Malformed(f"batch version {whole[1]!r} is not known, only {_VERSION}")
    if type(whole[2]) is not str or not 0 < len(whole[2]) <= _LONGEST_TEXT:
        raise Malformed("key 2 must be the gateway's name")
    if type(whole[3]) is not bytes or len(whole[3]) != 16:
        raise Malformed("key 3 must be the journal's id, 16 bytes")
    first, last, rows = whole[4], whole[5], whole[6]
    if type(first) is not int or type(last) is not int or not 1 <= first <= last <= _LARGEST:
        raise Malformed("keys 4 and 5 must be the first and last seq")
    if type(rows) is not list or len(rows) != last - first + 1 or len(rows) > _MOST_ROWS:
        raise Malformed(f"key 6 must be the rows {first} to {last}, at most {_MOST_ROWS}")
    before = whole[7]
    if type(before) is not bytes or (before != whole[3] if first == 1 else len(before) != _HASH):
        raise Malformed("key 7 must be the hash before the first row, the journal's id for row 1")
    read = tuple(_row(first + place, columns) for place, columns in enumerate(rows))
    _check_chain(before, read)
    return Batch(whole[2], whole[3], before, read)


def content(body: bytes) -> dict[str, Any]:
    """The body of a row: a CBOR map with text keys. Raises Malformed and nothing else."""
    try:
        found = cbor2.loads(body)
    except (
        cbor2.CBORDecodeError,
        TypeError,  # cbor2 5.9 lets these four out of tags that it knows (35, 17, 100 and 5, 22)
        ValueError,
        ArithmeticError,
        RuntimeError,
    ) as e:
        raise Malformed(f"a body is not CBOR: {e}") from e
    if not isinstance(found, dict) or not all(isinstance(name, str) for name in found):
        raise Malformed("a body must be a map with text keys")
    return found


def _row(seq: int, columns: Any) -> Row | Withheld:
    if type(columns) is list and [type(each) for each in columns] == [int, bytes]:
        if columns[0] == seq and len(columns[1]) == _HASH:
            return Withheld(*columns)
    elif type(columns) is list and tuple(type(each) for each in columns) == _COLUMNS:
        row = Row(*columns)
        if (
            row.seq == seq
            and 0 <= row.at_ns <= _LARGEST
            and max(len(row.kind), len(row.station), len(row.product)) <= _LONGEST_TEXT
            and len(row.uid) <= _LONGEST_UID
            and len(row.hash) == _HASH
        ):
            content(row.body)
            return row
    raise Malformed(f"row {seq} is not of the form that the protocol states")


def _check_chain(before: bytes, rows: tuple[Row | Withheld, ...]) -> None:
    chain = Chain(before)
    for row in rows:
        if isinstance(row, Withheld):
            chain.last = row.hash
            continue
        columns = (row.at_ns, row.kind, row.station, row.uid, row.product, row.body)
        if chain.follow(row.seq, *columns) != row.hash:
            raise Malformed(f"row {row.seq} does not follow from the row before: it was changed")
