"""The EPC schemes SGTIN+ and DSGTIN+, which need no company prefix: GTIN, serial and a date as GS1 AIs have them.

GS1 EPC Tag Data Standard (TDS) 2.3, 14.6.1 "SGTIN+ and DSGTIN+" and 14.5 "Encoding/decoding methods".

    F7 | data toggle 1 bit | filter 3 | GTIN 14 x 4 | serial, variable
    FB | data toggle 1 bit | filter 3 | kind of date 4 | YY 7, MM 4, DD 5 | GTIN 14 x 4 | serial, variable

The data toggle tells that more AIs follow in the EPC bank (15.3): they are left alone here, and never written.
"""

from edge import gs1
from edge.epcbits import Bits, decimal, digits, read_bcd, read_value, value_fields
from edge.errors import Malformed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from edge.epcbits import Fields, Parts

SCHEMES = ("sgtin+", "dsgtin+")
DATES = ("11", "13", "15", "16", "17", "7006", "7007")  # AIs, by the kind of date

_SGTIN, _DSGTIN = 0xF7, 0xFB


def read(epc: "bytes") -> "tuple[str, int, Parts] | None":
    """(scheme, filter, parts of an Epc) of a '+' scheme, None for another header; Malformed, Truncated."""
    if not epc or epc[0] not in (_SGTIN, _DSGTIN):
        return None
    bits = Bits(epc)
    header = bits.take(8)
    bits.take(1)
    filter = bits.take(3)
    date = _read_date(bits) if header == _DSGTIN else ()
    gtin = read_bcd(bits, 14)
    if not gs1.is_gtin(int(gtin)):
        raise Malformed(f"{gtin} is no GTIN")
    parts = (gtin, read_value(bits)) + date
    return "dsgtin+" if date else "sgtin+", filter, parts


def fields(scheme: "str", filter: "int", parts: "Parts") -> "Fields":
    """The fields of an Epc of these schemes, header first; Malformed."""
    gtin, serial, *date = parts
    if not gs1.is_gtin(decimal(gtin, 14)):
        raise Malformed(f"{gtin} is no GTIN")
    if scheme == "sgtin+":
        head = [(_SGTIN, 8), (filter, 4)]
    else:
        head = [(_DSGTIN, 8), (filter, 4)] + _date_fields(date[0], date[1])
    return head + [(int(gtin, 16), 56)] + value_fields(serial)


def _read_date(bits: "Bits") -> "tuple[str, str]":
    kind = bits.take(4)
    if kind >= len(DATES):
        raise Malformed(f"kind of date {kind} is reserved")
    date = digits(bits.take(7), 2) + digits(bits.take(4), 2) + digits(bits.take(5), 2)
    return DATES[kind], _checked_date(date)


def _date_fields(ai: "str", date: "str") -> "Fields":
    if ai not in DATES:
        raise Malformed(f"AI {ai[:8]!r} is none of the dates {', '.join(DATES)}")
    _checked_date(date)
    return [(DATES.index(ai), 4), (int(date[:2]), 7), (int(date[2:4]), 4), (int(date[4:]), 5)]


def _checked_date(date: "str") -> "str":
    """Day 00 stands for the month's last (GS1 General Specifications, AI 17)."""
    if len(date) != 6 or date.strip("0123456789"):
        raise Malformed(f"date {date[:12]!r} must be YYMMDD")
    month, day = int(date[2:4]), int(date[4:])
    if not 1 <= month <= 12 or day > (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)[month - 1]:
        raise Malformed(f"date {date} is none")
    return date
