"""Deterministic CBOR: RFC 8949, section 4.2.1 "Core Deterministic Encoding Requirements", and nothing else.

Whatever `decode` accepts, `encode` turns into the same bytes again. Floats, undefined, other simple values and
indefinite lengths have no place here.
"""

import struct
from struct import unpack_from

from edge.errors import Malformed, Truncated

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

CEILING = 4096  # bytes of one item, unless the caller names another
DEPTH = 8  # arrays, maps and tags inside one another

_FORMAT = (">H", ">I", ">Q")  # of the argument after a head that ends in 25, 26, 27,
_LEAST = (1 << 8, 1 << 16, 1 << 32)  # and the least that needs it
_TOO_SHORT = getattr(struct, "error", ValueError)  # MicroPython has no struct.error

_TEXT = 0x60
_ARRAY = 0x80
_MAP = 0xA0
_TAG = 0xC0


class Tag:
    """A tagged item: `number` (0..2^64-1) says how `value` is meant."""

    def __init__(self, number: "int", value: "Any") -> None:
        self.number = number
        self.value = value

    def __eq__(self, other: "object") -> "bool":
        return isinstance(other, Tag) and (self.number, self.value) == (other.number, other.value)

    def __hash__(self) -> "int":
        return hash(self.number)

    def __repr__(self) -> "str":
        return f"Tag({self.number}, {self.value!r})"


def decode(data: "bytes", ceiling: "int" = CEILING) -> "Any":
    """The one item that `data` is: int, bytes, str, bool, None, list, dict (keys int, bytes, str) or Tag.

    Raises Truncated where the data ends inside the item, Malformed for anything that section 4.2.1 or this
    module's subset excludes: trailing bytes, more than `ceiling` bytes, more than DEPTH levels.
    """
    if len(data) > ceiling:
        raise Malformed(f"CBOR: {len(data)} bytes, where at most {ceiling} are read")
    if type(data) is not bytes:
        data = bytes(data)
    value, at = first(data)
    if at != len(data):
        raise Malformed(f"CBOR: {len(data) - at} bytes after the item, at offset {at}")
    return value


def first(data: "bytes", at: "int" = 0) -> "tuple[Any, int]":
    """(value, offset after it) of the item at `at`, whatever follows it. Raises as decode, but has no ceiling."""
    try:
        return item(data, at, DEPTH)
    except UnicodeError:
        raise Malformed("CBOR: a text that is not UTF-8")
    except (IndexError, _TOO_SHORT):
        raise Truncated(f"CBOR: ends inside an item, at offset {len(data)}")


def encode(value: "Any") -> "bytes":
    """The deterministic encoding of an int (-2^64..2^64-1), bytes, str, bool, None, list, tuple, dict or Tag.

    Raises ValueError for anything else, a key that is no int, bytes or str, and more than DEPTH levels.
    """
    return bytes(encoded(value))


def encoded(value: "Any") -> "bytearray":
    """`encode` without a copy."""
    out = bytearray()
    _put(out, value, DEPTH)
    return out


def head(major: "int", argument: "int") -> "bytes":
    """The shortest head: `major` is the major type in the upper three bits (0x00, 0x20 .. 0xE0)."""
    if argument < 24:
        return bytes((major | argument,))
    if argument < 0x100:
        return bytes((major | 24, argument))
    if argument < 0x10000:
        return bytes((major | 25, argument >> 8, argument & 0xFF))
    if argument < 0x100000000:
        return bytes((major | 26,)) + argument.to_bytes(4, "big")
    if argument >> 64:
        raise ValueError("CBOR: a number beyond 64 bits")
    return bytes((major | 27,)) + argument.to_bytes(8, "big")


def item(
    data: "bytes", at: "int", depth: "int"
) -> "tuple[Any, int]":  # portable: at most DEPTH levels
    """(value, offset after it) of the item at `at`, inside which `depth` levels may open.

    Raises Malformed; IndexError or struct's error (ValueError on MicroPython) where the data ends.
    """
    first = data[at]
    at += 1
    if first < 24:
        return first, at
    if first >= 0xE0:
        if 0xF4 <= first <= 0xF6:
            return (False, True, None)[first - 0xF4], at
        raise Malformed(f"CBOR: float, undefined or simple value {first:#04x}, before offset {at}")
    argument = first & 0x1F
    if argument > 23:
        if argument > 27:
            raise Malformed(f"CBOR: indefinite or reserved head {first:#04x}, before offset {at}")
        if argument == 24:
            argument = data[at]
            at += 1
            least = 24
        else:
            width = argument - 25
            argument = unpack_from(_FORMAT[width], data, at)[0]
            at += 2 << width
            least = _LEAST[width]
        if argument < least:
            raise Malformed(f"CBOR: a head longer than its number needs, before offset {at}")
    if first < 0x40:
        return (argument if first < 0x20 else -1 - argument), at
    if first < 0x80:
        end = at + argument
        if end > len(data):
            raise Truncated(f"CBOR: a string of {argument} bytes ends past the data, at {at}")
        return (data[at:end] if first < 0x60 else _text(data[at:end])), end
    if not depth:
        raise Malformed(f"CBOR: more than {DEPTH} levels, at offset {at}")
    if first >= 0xC0:
        value, at = item(data, at, depth - 1)
        return Tag(argument, value), at
    if argument > len(data) - at:
        raise Truncated(f"CBOR: {argument} entries cannot fit in the rest, at offset {at}")
    if first >= 0xA0:
        return _map(data, at, argument, depth - 1)
    items = []
    for _ in range(argument):
        value, at = item(data, at, depth - 1)
        items.append(value)
    return items, at


def _map(data: "bytes", at: "int", count: "int", depth: "int") -> "tuple[dict[Any, Any], int]":
    entries: "dict[Any, Any]" = {}
    before = b""
    for _ in range(count):
        start = at
        if data[at] >= 0x80:
            raise Malformed(f"CBOR: a key that is no integer or string, at offset {at}")
        key, at = item(data, at, 0)
        raw = data[start:at]
        if raw <= before:
            raise Malformed(f"CBOR: keys out of order or twice, before offset {at}")
        before = raw
        entries[key], at = item(data, at, depth)
    return entries, at


def is_utf8(raw: "bytes") -> "bool":
    """Whether `raw` is UTF-8 as RFC 3629 has it: no surrogates, nothing overlong, nothing past U+10FFFF."""
    at = 0
    size = len(raw)
    if raw and max(raw) < 0x80:  # as most are, and far faster to see
        return True
    while at < size:
        byte = raw[at]
        at += 1
        if byte < 0x80:
            continue
        if 0xC2 <= byte < 0xE0:
            more = 1
        elif 0xE0 <= byte < 0xF0:
            more = 2
        elif 0xF0 <= byte < 0xF5:
            more = 3
        else:
            return False
        if at + more > size:
            return False
        low, high = _SECOND.get(byte, (0x80, 0xBF))
        if not low <= raw[at] <= high:
            return False
        for place in range(at + 1, at + more):
            if raw[place] & 0xC0 != 0x80:
                return False
        at += more
    return True


# The first bytes after which the second byte has a narrower range (RFC 3629, section 4).
_SECOND = {0xE0: (0xA0, 0xBF), 0xED: (0x80, 0x9F), 0xF0: (0x90, 0xBF), 0xF4: (0x80, 0x8F)}


def _careful_text(raw: "bytes") -> "str":
    if not is_utf8(raw):
        raise UnicodeError
    return raw.decode()


def _decoder_is_strict() -> "bool":
    try:
        b"\xc0\x80".decode()  # portable: asks what this platform does
        return False
    except UnicodeError:
        return True


# MicroPython's decoder takes overlong forms and surrogates.
_text = bytes.decode if _decoder_is_strict() else _careful_text


def _put(out: "bytearray", value: "Any", depth: "int") -> None:  # portable: at most DEPTH levels
    if value is None:
        out.append(0xF6)
    elif value is True or value is False:
        out.append(0xF5 if value else 0xF4)
    elif isinstance(value, int):
        out.extend(head(0x20, -1 - value) if value < 0 else head(0x00, value))
    elif isinstance(value, bytes):
        out.extend(head(0x40, len(value)))
        out.extend(value)
    elif isinstance(value, str):
        raw = value.encode()
        if _text is _careful_text and not is_utf8(raw):
            raise ValueError("CBOR: text with surrogates")
        out.extend(head(_TEXT, len(raw)))
        out.extend(raw)
    elif not depth:
        raise ValueError(f"CBOR: more than {DEPTH} levels")
    elif isinstance(value, (list, tuple)):
        out.extend(head(_ARRAY, len(value)))
        for item in value:
            _put(out, item, depth - 1)
    elif isinstance(value, dict):
        out.extend(head(_MAP, len(value)))
        for raw, key in sorted([(_key(key), key) for key in value]):
            out.extend(raw)
            _put(out, value[key], depth - 1)
    elif isinstance(value, Tag):
        out.extend(head(_TAG, value.number))
        _put(out, value.value, depth - 1)
    else:
        raise ValueError(f"CBOR: nothing encodes a {type(value).__name__}")


def _key(key: "Any") -> "bytes":
    if key is True or key is False or not isinstance(key, (int, str, bytes)):
        raise ValueError("CBOR: a key that is no int, str or bytes")
    return encode(key)
