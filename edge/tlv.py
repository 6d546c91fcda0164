"""TLV blocks of a Type 2 tag's NDEF area: NFC Forum Type 2 Tag, "TLV blocks"."""

from edge.errors import Malformed, Truncated

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Iterator

NULL = 0x00
LOCK_CONTROL = 0x01
MEMORY_CONTROL = 0x02
NDEF = 0x03
PROPRIETARY = 0xFD
TERMINATOR = 0xFE

_LONG = 0xFF  # the length stands in the two bytes that follow
_MOST_BLOCKS = 64  # more than any tag needs; the rest is noise or an attack


def blocks(area: "bytes") -> "Iterator[tuple[int, bytes]]":
    """Yield (T, V) of each TLV in `area` up to the Terminator; NULL TLVs are left out.

    area: the bytes from page 4 on, right after the CC (NFC Forum T2T, "TLV blocks").
    Raises Truncated where L runs past the end; blocks yielded before that stand.
    """
    for kind, _, at, end in spans(area, len(area)):
        yield kind, area[at:end]


def spans(area: "bytes | memoryview", size: "int") -> "Iterator[tuple[int, int, int, int]]":
    """Yield (T, offset of T, offset of V, end of V) of each TLV of an area of `size` bytes; no NULL, no Terminator.

    `area` may hold only the first bytes of it: Truncated where a header is not in what there is, or where L
    runs past `size`. An area without Terminator just ends. Malformed for more than 64 blocks.
    """
    at = 0
    count = 0
    while at < size:
        if at >= len(area):
            raise Truncated(f"TLV: ends at offset {at} of {size}")
        kind = area[at]
        if kind == TERMINATOR:
            return
        if kind == NULL:
            at += 1
            continue
        value, end = _extent(area, at)
        if end > size:
            raise Truncated(
                f"TLV: type {kind:02x} at offset {at} runs past the area's {size} bytes"
            )
        count += 1
        if count > _MOST_BLOCKS:
            raise Malformed(f"TLV: more than {_MOST_BLOCKS} blocks")
        yield kind, at, value, end
        at = end


def header(kind: "int", length: "int") -> "bytes":
    """T and L for a value of `length` bytes (at most 65534): two bytes up to 254, else four."""
    if length < _LONG:
        return bytes((kind, length))
    if length > 0xFFFE:
        raise ValueError(f"TLV: {length} bytes")
    return bytes((kind, _LONG, length >> 8, length & 0xFF))


def _extent(area: "bytes | memoryview", at: "int") -> "tuple[int, int]":
    if at + 1 < len(area) and area[at + 1] != _LONG:
        return at + 2, at + 2 + area[at + 1]
    if at + 3 >= len(area):
        raise Truncated(f"TLV: the header at offset {at} is cut")
    length = area[at + 2] << 8 | area[at + 3]
    if length == 0xFFFF:
        raise Malformed(f"TLV: the reserved length FFFF at offset {at}")
    return at + 4, at + 4 + length
