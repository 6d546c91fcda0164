"""The EPC schemes that divide a GS1 key at its company prefix (GCP): SGTIN, SSCC, GRAI and GIAI of TDS 1.x.

GS1 EPC Tag Data Standard (TDS) 2.3, 14.3 and 14.4, the coding and partition tables of 14.6.1, 14.6.2, 14.6.4, 14.6.5.

    header 8 bits | filter 3 | partition 3 | company prefix 20 to 40 | reference | serial, or zeros
"""

from edge.epcbits import decimal, digits, number, read_text, text_field
from edge.errors import Malformed, Truncated

TYPE_CHECKING = False
if TYPE_CHECKING:
    from edge.epcbits import Fields, Parts

_PREFIX_BITS = (40, 37, 34, 30, 27, 24, 20)  # by partition; the prefix has 12 - partition digits
_PADDED, _NUMBER, _TEXT, _NOTHING = 0, 1, 2, 3  # what a field holds
_LONGEST_SERIAL = 20  # characters


class _Row:
    """body: bits of prefix and reference, digits or characters of both, what the reference holds; tail: bits, what."""

    def __init__(
        self,
        header: "int",
        key: "str",
        body: "tuple[int, int, int]",
        tail: "tuple[int, int]",
    ) -> None:
        self.header = header
        self.key = key
        self.body, self.width, self.reference = body
        self.tail, self.serial = tail
        self.parts = 2 if self.serial == _NOTHING else 3


_ROWS = {
    "sgtin-96": _Row(0x30, "sgtin", (44, 13, _PADDED), (38, _NUMBER)),
    "sgtin-198": _Row(0x36, "sgtin", (44, 13, _PADDED), (140, _TEXT)),
    "sscc-96": _Row(0x31, "sscc", (58, 17, _PADDED), (24, _NOTHING)),
    "grai-96": _Row(0x33, "grai", (44, 12, _PADDED), (38, _NUMBER)),
    "giai-96": _Row(0x34, "giai", (82, 25, _NUMBER), (0, _NOTHING)),
    "giai-202": _Row(0x38, "giai", (188, 30, _TEXT), (0, _NOTHING)),
}
_SCHEMES = {_ROWS[name].header: name for name in _ROWS}


def key_of(scheme: "str") -> "tuple[str, int] | None":
    """("sgtin", "sscc", "grai" or "giai"; how many parts), None for another scheme."""
    row = _ROWS.get(scheme)
    return (row.key, row.parts) if row is not None else None


def read(epc: "bytes") -> "tuple[str, int, Parts] | None":
    """(scheme, filter, parts of an Epc), None for another header; Malformed, Truncated.

    What a longer PC word adds behind the scheme's bits is left alone (14.4, step 3).
    """
    scheme = _SCHEMES.get(epc[0]) if epc else None
    if scheme is None:
        return None
    row = _ROWS[scheme]
    extra = 8 * len(epc) - 14 - row.body - row.tail
    if extra < 0:
        raise Truncated(f"{scheme} ends {-extra} bits too early")
    value = int.from_bytes(epc, "big") >> extra
    body = value >> row.tail
    head = body >> row.body
    partition = head & 7
    if partition == 7:
        raise Malformed(f"{scheme}: partition 7 is reserved")
    prefix_digits = 12 - partition
    bits = row.body - _PREFIX_BITS[partition]  # of the reference
    prefix = digits(body >> bits & (1 << _PREFIX_BITS[partition]) - 1, prefix_digits)
    reference = _read(row.reference, body & (1 << bits) - 1, bits, row.width - prefix_digits)
    tail = value & (1 << row.tail) - 1
    if row.serial != _NOTHING:
        serial = _read(row.serial, tail, row.tail, _LONGEST_SERIAL)
        return scheme, head >> 3 & 7, (prefix, reference, serial)
    if tail:
        raise Malformed(f"{scheme}: its last {row.tail} bits should be zero")
    return scheme, head >> 3 & 7, (prefix, reference)


def fields(scheme: "str", filter: "int", parts: "Parts") -> "Fields":
    """The fields of an Epc of these schemes, header first; Malformed."""
    row = _ROWS.get(scheme)
    if row is None or len(parts) != row.parts:
        raise Malformed(f"no EPC scheme {scheme[:20]!r} with {len(parts)} parts")
    prefix = parts[0]
    partition = 12 - len(prefix)
    if not 0 <= partition <= 6:
        raise Malformed(f"GS1 company prefix {prefix[:30]!r} must be 6 to 12 digits")
    prefix_bits = _PREFIX_BITS[partition]
    found = [
        (row.header, 8),
        (filter, 3),
        (partition, 3),
        (decimal(prefix, len(prefix)), prefix_bits),
        _field(row.reference, parts[1], row.body - prefix_bits, row.width - len(prefix)),
    ]
    if row.serial == _NOTHING:
        found.append((0, row.tail))
    else:
        found.append(_field(row.serial, parts[2], row.tail, _LONGEST_SERIAL))
    return found


def _read(holds: "int", value: "int", bits: "int", width: "int") -> "str":
    if holds == _NUMBER:
        return str(value)
    if holds == _PADDED:
        return digits(value, width)
    return read_text(value, bits, width)


def _field(holds: "int", text: "str", bits: "int", width: "int") -> "tuple[int, int]":
    if holds == _NUMBER:
        return number(text, bits), bits
    if holds == _PADDED:
        return decimal(text, width), bits
    return text_field(text, bits, width)
