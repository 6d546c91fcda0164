"""A batch as the hub reads it: bytes from the network in, checked values out. Written by gateway/sync/batch.py.

    {1: version, 2: gateway, 3: journal id, 4: first seq, 5: last seq, 6: [item, ...], 7: hash before the first,
     8: [origin's journal id, seq]}                                        8: only where the journal continues another
    item: [seq, at_ns, kind, station, uid, product, body, hash], [seq, hash] for a row that the gateway withholds, or
          [first, last, reason, hash] for rows that it no longer has (version 2)
Deterministic CBOR (RFC 8949, 4.2.1), and so read by one walk: a row's hash covers the very bytes that it is sent as.
"""

from dataclasses import dataclass
from hashlib import sha256
from struct import error
from typing import Any

import cbor2

from edge.errors import Malformed, Truncated
from gateway.hub.items import BYTES, TEXT, number, string, unsigned
from gateway.hub.walk import Item, Walk, Withheld, changed
from gateway.records import Gap

__all__ = ["CEILING", "Batch", "Item", "Withheld", "content", "decode"]

CEILING = 4 << 20  # bytes of a batch

_MOST_KEYS = 24  # that one byte can say
_VERSIONS = (1, 2)
_MOST_ITEMS = 4096
_LARGEST = (1 << 63) - 1  # SQLite's and PostgreSQL's integers
_LONGEST_TEXT = 512  # characters of a name of ours
_ID = 16
_HASH = 32


@dataclass(frozen=True, slots=True)
class Batch:
    """Consecutive rows and gaps of one journal.

    before: the hash before the first row; for row 1 the id that the journal began under.
    origin: the journal that this one continues, and the seq behind which. odd: seqs of rows that no column holds as
    they are: U+0000 in a text, a time beyond 64 bit.
    """

    gateway: str
    journal: bytes
    before: bytes
    rows: tuple[Item, ...]
    origin: tuple[bytes, int] | None = None
    odd: frozenset[int] = frozenset()

    @property
    def first(self) -> int:
        return self.rows[0][0] if isinstance(self.rows[0], tuple) else self.rows[0].seq

    @property
    def last(self) -> int:
        item = self.rows[-1]
        return item.last if isinstance(item, Gap) else item.seq

    @property
    def hash(self) -> bytes:
        """Of the last row."""
        return self.rows[-1].hash

    @property
    def key(self) -> str:
        return f"{self.journal.hex()}/{self.first}-{self.last}"


class Newer(Malformed):
    """A batch of a later version: nothing is wrong with its rows, and a newer hub will take them."""


def decode(data: bytes) -> Batch:
    """The batch in `data`, every row following from the one before. Raises Malformed (Newer) and nothing else."""
    if len(data) > CEILING:
        raise Malformed(f"a batch has at most {CEILING} bytes: send fewer rows")
    try:
        return _batch(data)
    except (IndexError, error) as e:
        raise Truncated("the batch ends before its end") from e
    except UnicodeDecodeError as e:
        raise Malformed("a text that is not UTF-8") from e


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


def _batch(data: bytes) -> Batch:
    keys, at = data[0] - 0xA0, 1
    if not 7 <= keys < _MOST_KEYS:
        raise Malformed("a batch is a map with the keys 1 to 7, or 1 to 8")
    version, at = number(data, _key(data, at, 1))
    if version > max(_VERSIONS):
        raise Newer(f"batch version {version} is not known, only 1 and 2: use a newer hub")
    if keys > 8:
        raise Malformed("a batch is a map with the keys 1 to 7, or 1 to 8")
    if version not in _VERSIONS or (keys == 8 and version == 1):
        raise Malformed(f"batch version {version} is not known, only 1 and 2")
    gateway, at = string(data, _key(data, at, 2), TEXT)
    if not 0 < len(gateway) <= _LONGEST_TEXT or "\0" in gateway:
        raise Malformed("key 2 must be the gateway's name")
    journal, at = string(data, _key(data, at, 3), BYTES)
    if len(journal) != _ID:
        raise Malformed("key 3 must be the journal's id, 16 bytes")
    first, at = number(data, _key(data, at, 4))
    last, at = number(data, _key(data, at, 5))
    if not 1 <= first <= last <= _LARGEST:
        raise Malformed("keys 4 and 5 must be the first and last seq")
    count, at = unsigned(data, _key(data, at, 6), 0x80)
    if not 0 < count <= min(_MOST_ITEMS, last - first + 1):
        raise Malformed(f"key 6 must be the rows {first} to {last}, at most {_MOST_ITEMS} items")
    walk = Walk(data, at, first)
    for _ in range(count):
        walk.item(last, version)
    if walk.seq != last + 1:
        raise Malformed(f"key 6 must be the rows {first} to {last}, but it ends at {walk.seq - 1}")
    before, at = string(data, _key(data, walk.at, 7), BYTES)
    origin = None
    if keys == 8:
        origin, at = _origin(data, _key(data, at, 8), first)
    if len(before) != (_HASH if first > 1 else _ID) or (
        first == 1 and not origin and before != journal
    ):
        raise Malformed(
            "key 7 must be the hash before the first row; for row 1 the id that the journal began with"
        )
    if at != len(data):
        raise Malformed(f"{len(data) - at} bytes behind the batch")
    if walk.unproven is not None and sha256(before + walk.unproven).digest() != walk.rows[0].hash:
        raise changed(first)
    return Batch(gateway, journal, before, tuple(walk.rows), origin, frozenset(walk.odd))


def _origin(data: bytes, at: int, first: int) -> tuple[tuple[bytes, int], int]:
    if data[at] != 0x82:
        raise Malformed("key 8 must be the origin: its journal's id and seq")
    older, at = string(data, at + 1, BYTES)
    seq, at = number(data, at)
    if len(older) != _ID or not seq < first:
        raise Malformed("key 8 must be the origin: its journal's id, and a seq before the first")
    return (older, seq), at


def _key(data: bytes, at: int, key: int) -> int:
    if data[at] != key:
        raise Malformed(f"the map's key {key} does not stand where it must")
    return at + 1
