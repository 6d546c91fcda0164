"""Deterministic CBOR read by someone who knows what must stand there (RFC 8949, section 4.2.1).

A reader is a callable (data, at) -> (value, offset behind it). It raises Malformed("must be ...") where
something else stands there, and IndexError or TOO_SHORT where the data ends; its caller names the place.
Strings may run past the end of the data: the offset tells.
"""

import struct
from struct import unpack_from

from edge import cbor
from edge.errors import Malformed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Reader = Callable[[bytes, int], tuple[Any, int]]

TOO_SHORT = getattr(struct, "error", ValueError)  # MicroPython has no struct.error

# An unsigned integer's first byte: format of what follows, the least value that needs it, bytes in all.
LONG = {
    0x18: (">B", 24, 2),
    0x19: (">H", 1 << 8, 3),
    0x1A: (">I", 1 << 16, 5),
    0x1B: (">Q", 1 << 32, 9),
}
NO_INTEGER = (">B", 256, 0)  # what `LONG.get` answers for any other first byte: no value is its


def long(data: "bytes", at: "int") -> "tuple[int, int]":
    """An unsigned integer of 24 or more, in its shortest form."""
    form, least, width = LONG.get(data[at], NO_INTEGER)
    value = unpack_from(form, data, at + 1)[0]
    if value < least:
        raise Malformed("must be an unsigned integer, in its shortest form")
    return value, at + width


def number(low: "int", high: "int") -> "Reader":
    """The reader of an unsigned integer from `low` to `high`."""

    def read(data: "bytes", at: "int") -> "tuple[int, int]":
        value = data[at]
        if value < 24:
            at += 1
            least = low
        else:
            form, least, width = LONG.get(value, NO_INTEGER)
            value = unpack_from(form, data, at + 1)[0]
            at += width
        if not low <= value <= high or value < least:
            raise Malformed(f"must be {low} to {high}, in the shortest form")
        return value, at

    return read


def octets(size: "int") -> "Reader":
    """The reader of a byte string of `size` bytes."""
    head = cbor.head(0x40, size)
    skip = len(head)
    whole = skip + size

    def read(data: "bytes", at: "int") -> "tuple[bytes, int]":
        start = at + skip
        if data[at:start] != head:
            raise Malformed(f"must be {size} bytes")
        return data[start : at + whole], at + whole

    return read


def short_octets(data: "bytes", at: "int") -> "tuple[bytes, int]":
    """A byte string of at most 255 bytes."""
    size = data[at] - 0x40
    at += 1
    if not 0 <= size < 24:
        size, at = _size(data, at, size)
    return data[at : at + size], at + size


def text(data: "bytes", at: "int") -> "tuple[str, int]":
    """A text of 1 to 255 bytes of UTF-8; UnicodeError for what is none, where the platform knows."""
    size = data[at] - 0x60
    at += 1
    if not 0 < size < 24:
        size, at = _size(data, at, size)
    return data[at : at + size].decode(), at + size  # portable: stub.py asks is_utf8


def _size(data: "bytes", at: "int", stated: "int") -> "tuple[int, int]":
    """(size, where the string begins) of a string whose head, before `at`, does not state a short size."""
    if stated != 24:
        raise Malformed("must be a string of the right kind, not empty, of at most 255 bytes")
    if data[at] < 24:
        raise Malformed("must state its length in the shortest form")
    return data[at], at + 1
