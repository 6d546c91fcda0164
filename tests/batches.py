"""Batches made by hand, as a gateway makes them: cbor2 and hashlib only, nothing of the code that reads them."""

from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Any

import cbor2

JOURNAL = bytes(range(16))
UID = bytes.fromhex("04a1b2c3d4e5f6")
AT_NS = 1_790_000_000_000_000_000

Said = list[Any]  # an item of a batch


def cbor(value: Any) -> bytes:
    return cbor2.dumps(value, canonical=True)


def follow(before: bytes, columns: Sequence[Any]) -> bytes:
    """The hash of a row, of the row before and all its columns."""
    return sha256(before + cbor(list(columns))).digest()


def rows(count: int, first: int = 1, before: bytes = JOURNAL, **other: Any) -> list[Said]:
    """Chained rows with bodies {"n": seq}. other: columns for all of them, `body` any value."""
    made: list[Said] = []
    for seq in range(first, first + count):
        columns = {
            "seq": seq,
            "at_ns": AT_NS + seq,
            "kind": "verdict",
            "station": "line1",
            "uid": UID,
            "product": "09520123456788/A1",
            "body": {"n": seq},
        } | other
        columns["body"] = cbor(columns["body"])
        before = follow(before, list(columns.values()))
        made.append([*columns.values(), before])
    return made


def gap(items: Sequence[Said], reason: str = "dropped") -> Said:
    """The gap that stands for these rows."""
    return [items[0][0], items[-1][0], reason, items[-1][-1]]


def withheld(item: Said) -> Said:
    return [item[0], item[-1]]


def batch(
    items: Sequence[Said],
    before: bytes = JOURNAL,
    journal: bytes = JOURNAL,
    gateway: str = "gw",
    origin: tuple[bytes, int] | None = None,
    version: int = 2,
    **other: Any,
) -> bytes:
    """The bytes of a batch; other: keys as _1=, _2= ..., to be wrong in."""
    first = items[0][0]
    last = items[-1][1] if len(items[-1]) == 4 else items[-1][0]
    whole: dict[int, Any] = {
        1: version,
        2: gateway,
        3: journal,
        4: first,
        5: last,
        6: list(items),
        7: before,
    }
    if origin is not None:
        whole[8] = list(origin)
    return cbor(whole | {int(key[1:]): value for key, value in other.items()})


def batches(
    items: Sequence[Said],
    sizes: Iterable[int],
    journal: bytes = JOURNAL,
    before: bytes | None = None,
) -> list[bytes]:
    """The items cut into batches of these sizes."""
    made, before = [], journal if before is None else before
    at = 0
    for size in sizes:
        part = items[at : at + size]
        made.append(batch(part, before, journal))
        before, at = part[-1][-1], at + size
    return made
