"""A receipt as the gateway reads it: what the hub says it holds of one journal. Pure.

    {"journal": hex, "watermark": n, "hash": hex, "stored": n, "duplicates": n, "conflicts": [seq, ...],
     "missing": [[first, last], ...], "forked": bool, "refused": sentence or null}

The same over every transport; only journal and watermark must stand.
"""

import json
from dataclasses import dataclass
from typing import Any

MOST = 64 << 10  # bytes of a receipt

_MOST_NAMED = 4096  # conflicts, and ranges that are missing
_LARGEST = (1 << 63) - 1
_LONGEST_REASON = 300  # characters of a peer's sentence that are kept


@dataclass(frozen=True, slots=True)
class Receipt:
    """The hub holds every row of `journal` up to `watermark`, durably; `hash` is that row's (b"": not told).

    Equal hashes at the watermark prove equal rows up to it, since each hash covers the row before. So a `hash` that is
    not our journal's own, or a watermark beyond its head, says that another journal goes under the same id.
    stored, duplicates, conflicts: of what this answers; conflicts: seqs under which the hub holds other content.
    missing: ranges that it lacks below the highest row that it holds. forked: a batch does not continue what it holds.
    refused: why it takes nothing from this gateway; with `missing` as the range of one batch: why it refuses that one.
    """

    journal: bytes
    watermark: int
    stored: int = 0
    duplicates: int = 0
    conflicts: tuple[int, ...] = ()
    missing: tuple[tuple[int, int], ...] = ()
    forked: bool = False
    refused: str | None = None
    hash: bytes = b""


def receipt_from_json(data: bytes) -> Receipt | None:
    """The receipt in `data`, None where that is none."""
    said = parsed(data)
    if not isinstance(said, dict):
        return None
    journal, hash = _unhex(said.get("journal"), 16), _unhex(said.get("hash", ""), 32)
    watermark, stored, duplicates = (
        _number(said.get(name, 0)) for name in ("watermark", "stored", "duplicates")
    )
    conflicts, missing = said.get("conflicts", []), said.get("missing", [])
    forked, refused = said.get("forked", False), said.get("refused")
    if (
        not journal
        or hash is None
        or watermark is None
        or "watermark" not in said
        or not isinstance(conflicts, list)
        or not isinstance(missing, list)
        or not isinstance(refused, str | None)
    ):
        return None
    return Receipt(
        journal,
        watermark,
        stored or 0,
        duplicates or 0,
        tuple(n for n in conflicts[:_MOST_NAMED] if _number(n) is not None),
        tuple((each[0], each[1]) for each in missing[:_MOST_NAMED] if _is_range(each)),
        forked is True,
        refused if refused is None else refused[:_LONGEST_REASON],
        hash,
    )


def error_of(data: bytes) -> str | None:
    """The sentence of a refusal in the hub's form, {"error": sentence}; None where the body is another's."""
    said = parsed(data)
    sentence = said.get("error") if isinstance(said, dict) else None
    return sentence[:_LONGEST_REASON] if isinstance(sentence, str) else None


def parsed(data: bytes) -> Any:
    """What the JSON in `data` says, None where it is no JSON."""
    try:
        return json.loads(data)
    except (ValueError, RecursionError):  # what json.loads raises for text that is no JSON
        return None


def _number(value: Any) -> int | None:
    return value if type(value) is int and 0 <= value <= _LARGEST else None


def _unhex(value: Any, size: int) -> bytes | None:
    """The bytes, b"" where nothing is said, None for what is no hex of that size."""
    if value == "":
        return b""
    try:
        found = bytes.fromhex(value) if isinstance(value, str) else b""
    except ValueError:
        return None
    return found if len(found) == size else None


def _is_range(value: Any) -> bool:
    return (
        isinstance(value, list)
        and len(value) == 2
        and all(_number(each) is not None for each in value)
        and value[0] <= value[1]
    )
