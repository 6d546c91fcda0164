"""What the bits of an EPC hold: digits, 7-bit text, and the six encodings of the '+' schemes.

GS1 EPC Tag Data Standard (TDS) 2.3, 14.3 "EPC Binary coding tables", 14.4 "Decoding Procedure" and 14.5
"Encoding/decoding methods for new EPC schemes". A field is here a value and its width in bits.
"""

from edge.errors import Malformed, Truncated
from edge.gs1 import CSET82

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeAlias

    Fields: TypeAlias = "list[tuple[int, int]]"
    Parts: TypeAlias = "tuple[str, ...]"

_DIGITS = "0123456789"
_UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_LOWER = "abcdefghijklmnopqrstuvwxyz"

_INTEGER, _SEVEN, _CODE_40 = 0, 4, 5  # encoding indicators
_ALPHABETS = {  # encoding indicator: characters by their value, bits of one
    1: (_DIGITS + "ABCDEF", 4),
    2: (_DIGITS + "abcdef", 4),
    3: (_UPPER + _LOWER + _DIGITS + "-_", 6),  # RFC 4648 section 5
}
_URN_CODE_40 = "\0" + _UPPER + "-.:" + _DIGITS
_LONGEST = 20  # characters of AI 21
_INTEGER_BITS = bytes([0] + [len(bin(10**digits - 1)) - 2 for digits in range(1, _LONGEST + 1)])


class Bits:
    """Reads fields from the left."""

    def __init__(self, data: "bytes") -> None:
        self._value = int.from_bytes(data, "big")
        self._left = 8 * len(data)

    def take(self, width: "int") -> "int":
        """The next `width` bits; Truncated where there are fewer."""
        if width > self._left:
            raise Truncated(f"the EPC ends {width - self._left} bits too early")
        self._left -= width
        return self._value >> self._left & (1 << width) - 1


def words(fields: "Fields") -> "bytes":
    """The fields side by side, then zero bits up to whole 16-bit words."""
    value = bits = 0
    for field, width in fields:
        value = value << width | field
        bits += width
    pad = -bits % 16
    return (value << pad).to_bytes((bits + pad) // 8, "big")


def digits(value: "int", count: "int") -> "str":
    """`value` in exactly `count` digits; Malformed where it has more."""
    text = str(value) if value else ""
    if len(text) > count:
        raise Malformed(f"{value} has more than {count} digits")
    return "0" * (count - len(text)) + text


def decimal(text: "str", count: "int") -> "int":
    """The value of exactly `count` digits; Malformed."""
    if len(text) != count or text.strip(_DIGITS):
        raise Malformed(f"{text[:30]!r} must be {count} digits")
    return int(text) if text else 0


def number(text: "str", bits: "int") -> "int":
    """A number below 2 ** bits, written without leading zeros; Malformed."""
    if not text or text.strip(_DIGITS) or (text[0] == "0" and text != "0"):
        raise Malformed(f"{text[:30]!r} must be a number without leading zeros")
    if len(text) > bits or int(text) >> bits:
        raise Malformed(f"{text[:30]} must be below {1 << bits}")
    return int(text)


def read_text(value: "int", width: "int", longest: "int") -> "str":
    """Text of 7-bit characters from the left of a field, ended by zero bits (14.4.2 "String" decoding).

    Raises Malformed where it is empty, too long, not of GS1's set 82, or bits are set behind its end.
    """
    codes = []
    left = width
    while left >= 7:
        code = value >> left - 7 & 0x7F
        if not code:
            break
        codes.append(code)
        left -= 7
    if value & (1 << left) - 1:
        raise Malformed("bits are set behind the end of a text")
    return _checked(bytes(codes).decode(), longest)  # portable: 7 bits each


def text_field(text: "str", width: "int", longest: "int") -> "tuple[int, int]":
    """The field that read_text() reads; Malformed."""
    value = 0
    for char in _checked(text, longest):
        value = value << 7 | ord(char)
    return value << width - 7 * len(text), width


def read_bcd(bits: "Bits", count: "int") -> "str":
    """`count` digits of four bits each (14.5.4); Malformed, Truncated."""
    text = f"{bits.take(4 * count):x}"
    if text.strip(_DIGITS):
        raise Malformed(f"{text} should be decimal digits")
    return "0" * (count - len(text)) + text


def read_value(bits: "Bits") -> "str":
    """A variable-length alphanumeric value of AI 21 (14.5.6): encoding, length, characters.

    Raises Malformed for an encoding that is reserved, a length of 0 or above 20, or a character outside set 82.
    """
    encoding = bits.take(3)
    length = bits.take(5)
    if not 0 < length <= _LONGEST:
        raise Malformed(f"a serial of {length} characters")
    if encoding == _INTEGER:
        return digits(bits.take(_INTEGER_BITS[length]), length)
    if encoding == _SEVEN:
        text = "".join([chr(bits.take(7)) for _ in range(length)])
    elif encoding == _CODE_40:
        text = _read_code_40(bits, length)
    elif encoding in _ALPHABETS:
        alphabet, width = _ALPHABETS[encoding]
        text = "".join([alphabet[bits.take(width)] for _ in range(length)])
    else:
        raise Malformed(f"encoding indicator {encoding} is reserved")
    return _checked(text, _LONGEST)


def value_fields(text: "str") -> "Fields":
    """The fields that read_value() reads, in the encoding that takes the fewest bits; Malformed."""
    _checked(text, _LONGEST)
    encoding, value, width = _SEVEN, text_field(text, 7 * len(text), _LONGEST)[0], 7 * len(text)
    for shorter in (3, _CODE_40, 2, 1, _INTEGER):
        found = _encoded(shorter, text)
        if found is not None and found[1] <= width:
            encoding = shorter
            value, width = found
    return [(encoding, 3), (len(text), 5), (value, width)]


def _encoded(encoding: "int", text: "str") -> "tuple[int, int] | None":
    """The field of `text` in one encoding; None where that has not its characters."""
    if encoding == _INTEGER:
        return None if text.strip(_DIGITS) else (int(text), _INTEGER_BITS[len(text)])
    if encoding == _CODE_40:
        return _code_40(text)
    alphabet, width = _ALPHABETS[encoding]
    if text.strip(alphabet):
        return None
    value = 0
    for char in text:
        value = value << width | alphabet.index(char)
    return value, width * len(text)


def _code_40(text: "str") -> "tuple[int, int] | None":
    if text.strip(_URN_CODE_40):
        return None
    value = 0
    for at in range(0, len(text), 3):
        group = text[at : at + 3] + "\0\0"
        first, second, third = [_URN_CODE_40.index(char) for char in group[:3]]
        value = value << 16 | 1600 * first + 40 * second + third + 1
    return value, 16 * ((len(text) + 2) // 3)


def _read_code_40(bits: "Bits", length: "int") -> "str":
    text = ""
    while len(text) < length:
        group = bits.take(16) - 1
        if not 0 <= group < 64000:
            raise Malformed(f"{group + 1:#06x} is no URN Code 40")
        text += (
            _URN_CODE_40[group // 1600] + _URN_CODE_40[group // 40 % 40] + _URN_CODE_40[group % 40]
        )
    if text[length:].strip("\0"):
        raise Malformed("URN Code 40 goes on behind its length")
    return text[:length]


def _checked(text: "str", longest: "int") -> "str":
    if not 0 < len(text) <= longest or text.strip(CSET82):
        raise Malformed(f"{text[:30]!r} must be 1 to {longest} characters of GS1's set 82")
    return text
