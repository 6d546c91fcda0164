"""Items of deterministic CBOR (RFC 8949, 4.2.1 "Core Deterministic Encoding Requirements") at a place in bytes.

Each returns the value and the place behind it. A longer head than the value needs, another type and a length beyond the
end are Malformed; past the end is IndexError, which the decoder that walks turns into Truncated.
"""

from typing import Literal, overload

from edge.errors import Malformed, Truncated

BYTES: Literal[0x40] = 0x40
TEXT: Literal[0x60] = 0x60

_WIDTHS = {24: 1, 25: 2, 26: 4, 27: 8}
_LEAST = {24: 24, 25: 1 << 8, 26: 1 << 16, 27: 1 << 32}  # what needs a head of that width


def unsigned(data: bytes, at: int, major: int) -> tuple[int, int]:
    """The argument of the head at `at`, which must be of the major type `major` (its bits in place, e.g. 0x80)."""
    short = data[at] - major
    if 0 <= short < 24:
        return short, at + 1
    width = _WIDTHS.get(short)
    if width is None:
        raise Malformed(
            f"CBOR: head {data[at]:#04x} at byte {at} is not of the type that belongs there"
        )
    end = at + 1 + width
    value = int.from_bytes(data[at + 1 : end])
    if value < _LEAST[short]:
        raise Malformed(f"CBOR: a head at byte {at} is longer than it needs to be, or cut off")
    return value, end


def number(data: bytes, at: int) -> tuple[int, int]:
    """An integer from 0 on."""
    return unsigned(data, at, 0)


def signed(data: bytes, at: int) -> tuple[int, int]:
    """An integer, -2^64 to 2^64 - 1."""
    if data[at] & 0xE0 == 0x20:
        value, at = unsigned(data, at, 0x20)
        return -1 - value, at
    return unsigned(data, at, 0)


@overload
def string(data: bytes, at: int, major: Literal[0x40]) -> tuple[bytes, int]: ...
@overload
def string(data: bytes, at: int, major: Literal[0x60]) -> tuple[str, int]: ...
def string(data: bytes, at: int, major: int) -> tuple[bytes | str, int]:
    """A byte string (BYTES), or a text (TEXT): UnicodeDecodeError where that is not UTF-8."""
    size = data[at] - major
    at += 1
    if not 0 <= size < 24:
        size, at = unsigned(data, at - 1, major)
    end = at + size
    if end > len(data):
        raise Truncated(f"CBOR: a string of {size} bytes at byte {at} runs past the end")
    return (data[at:end].decode() if major == TEXT else data[at:end]), end
