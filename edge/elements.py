"""GS1 element strings: Application Identifiers (AI) and their values, as GS1-128, Data Matrix and QR Code hold them.

GS1 General Specifications, sections "GS1 Application Identifiers in numerical order", "Predefined length table" and
"Processing of data from a GS1 symbology using GS1 Application Identifiers". FNC1 is GS, 0x1D. Here stand the AIs
that a station needs; where another is met, UnknownAI says so, and a caller with a wider dictionary may decide.
"""

from edge import aim as aims
from edge.errors import Malformed
from edge.gs1 import CSET82, check_digit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Rule = Callable[[str, str], None]  # (AI, value): raises Malformed
    Row = tuple[str, int, int, Callable[[str, str], None] | None]

GS = 0x1D

_DIGITS = "0123456789"
_CSET39 = "#-/" + _DIGITS + "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_MOST = 64  # element strings of one message: there are not so many AIs that belong together

# Its first two digits tell how many an AI has (and no AI begins otherwise).
_SIZES = (
    ("00 01 02 03 10 11 12 13 15 16 17 20 21 22 30 37 90 91 92 93 94 95 96 97 98 99", 2),
    ("23 24 25 40 41 42 71", 3),
    ("31 32 33 34 35 36 39 43 70 72 80 81 82", 4),
)
# Values of predefined length, by the same two digits: no separator is needed behind them.
_PREDEFINED = (("00", 18), ("01 02 03", 14), ("11 12 13 15 16 17", 6), ("20", 2), ("41", 13))
_MEASURES = "31 32 33 34 35 36"  # 6 digits; the AI's fourth digit, 0 to 5, places the decimal point


class UnknownAI(Malformed):
    """An AI that is not among those of this module."""


def parse(data: "bytes", aim: "str" = "", rule: "Rule | None" = None) -> "list[tuple[str, str]]":
    """[(AI, value)] of a message in its order; a GS before the first is a reader's word for FNC1.

    aim: the AIM identifier, if any, must be one of GS1's. rule: stands in for `check`. Raises UnknownAI, and Malformed
    for whatever else breaks the standard; an AI that occurs twice does, even with one value.
    """
    if aim and not aims.is_gs1(aim):
        raise Malformed(f"{aim} says that no element strings follow")
    found: "dict[str, str]" = {}
    pairs = split(data)
    for ai, value in pairs:
        if ai in found:
            raise Malformed(f"AI {ai} occurs twice")
        (rule or check)(ai, value)
        found[ai] = value
    return pairs


def encode(pairs: "Sequence[tuple[str, str]]") -> "bytes":
    """The message that holds these AIs and values, GS where one is needed, FNC1 in first position left to the symbol.

    Raises as `parse`.
    """
    out = []
    for ai, value in pairs:
        check(ai, value)
        out.append(ai + value)
        if _predefined(ai) == 0:
            out.append("\x1d")
    message = "".join(out)
    data = (message[:-1] if message.endswith("\x1d") else message).encode()
    parse(data)
    return data


def split(data: "bytes") -> "list[tuple[str, str]]":
    """[(AI, value)] as their lengths and separators divide them; values are not looked at beyond their characters."""
    for byte in data:
        if byte != GS and not 0x20 < byte < 0x7F:
            raise Malformed(f"element string: byte {byte:#04x} stands in no AI's value")
    text = bytes(data).decode()  # portable: ASCII, as just seen
    pairs: "list[tuple[str, str]]" = []
    at = 1 if text.startswith("\x1d") else 0
    if at == len(text):
        raise Malformed("element string: empty")
    while at < len(text):
        if len(pairs) == _MOST:
            raise Malformed(f"element string: more than {_MOST} AIs")
        size = _size(text[at : at + 2])
        ai = text[at : at + size]
        at += size
        if len(ai) < size or ai.strip(_DIGITS):
            raise Malformed(f"element string: {ai!r} is no AI")
        length = _predefined(ai)
        end = at + length if length else text.find("\x1d", at)
        if not length and end < 0:
            end = len(text)
        value = text[at:end]
        if not value or len(value) < length or "\x1d" in value:
            raise Malformed(f"AI {ai}: {value[:20]!r} ends too soon")
        pairs.append((ai, value))
        at = end + 1 if text[end : end + 1] == "\x1d" else end
    return pairs


def check(ai: "str", value: "str") -> None:
    """Raises Malformed with the reason where `value` may not stand behind `ai`, UnknownAI for one that is not here."""
    row = _row(ai)
    if row is None:
        raise UnknownAI(f"unknown AI {ai[:4]}")
    kind, least, most, more = row
    allowed = _DIGITS if kind == "N" else CSET82 if kind == "X" else _CSET39
    if not least <= len(value) <= most:
        lengths = str(least) if least == most else f"{least} to {most}"
        raise Malformed(f"AI {ai}: {value[:30]!r} must be {lengths} characters")
    for char in value:
        if char not in allowed:
            raise Malformed(f"AI {ai}: {char!r} cannot stand there")
    if more is not None:
        more(ai, value)


def day(yymmdd: "str", this_year: "int") -> "str":
    """The day that six digits mean, YYYY-MM-DD; day 00 is the month's last.

    The century is the one that brings the year next to `this_year`, 49 years back to 50 ahead (General Specifications,
    "Determination of century in dates"). Raises Malformed for what is no day.
    """
    _date("", yymmdd)
    year = this_year - this_year % 100 + int(yymmdd[:2])
    ahead = year - this_year
    year += 100 if ahead < -49 else -100 if ahead > 50 else 0
    month, last = int(yymmdd[2:4]), int(yymmdd[4:6])
    return f"{year:04d}-{month:02d}-{last or _days(year, month):02d}"


def _size(pair: "str") -> "int":
    if "\x1d" in pair:
        raise Malformed("element string: a separator where an AI must be")
    for pairs, size in _SIZES:
        if len(pair) == 2 and pair in pairs and " " not in pair:
            return size
    raise UnknownAI(f"unknown AI {pair}")


def _predefined(ai: "str") -> "int":
    """How long a value of predefined length is, 0 for the others."""
    pair = ai[:2]
    if pair in _MEASURES:
        return 6
    for pairs, size in _PREDEFINED:
        if pair in pairs:
            return size
    return 0


def _row(ai: "str") -> "Row | None":
    if len(ai) == 4 and ai[:2] in _MEASURES and ai[2:3] in _DIGITS and ai[3] in "012345":
        return ("N", 6, 6, None) if ai[:3] in _MEASURED else None
    if len(ai) == 2 and "91" <= ai <= "99":
        return ("X", 1, 90, None)  # company internal
    return _ROWS.get(ai)


def _key(ai: "str", value: "str") -> None:
    right = check_digit(value[:-1])
    if value[-1] != right:
        raise Malformed(f"AI {ai}: the check digit of {value} should be {right}")


def _grai(ai: "str", value: "str") -> None:
    if value[0] != "0" or value[:14].strip(_DIGITS):
        raise Malformed(f"AI {ai}: {value[:14]!r} must be 0 and 13 digits")
    _key(ai, value[:14])


def _itip(ai: "str", value: "str") -> None:
    _key(ai, value[:14])
    if not 0 < int(value[14:16]) <= int(value[16:]):
        raise Malformed(f"AI {ai}: piece {value[14:16]} of {value[16:]}")


def _prefix(ai: "str", value: "str") -> None:
    if len(value) < 4 or value[:4].strip(_DIGITS):
        raise Malformed(f"AI {ai}: {value!r} must begin with a GS1 Company Prefix")


def _component_serial(ai: "str", value: "str") -> None:
    if value.startswith("0"):
        raise Malformed(f"AI {ai}: {value} must not begin with 0")


def _date(ai: "str", value: "str") -> None:
    month, last = value[2:4], value[4:6]
    if len(value) != 6 or value.strip(_DIGITS) or not 1 <= int(month) <= 12:
        raise Malformed(f"AI {ai}: {value[:10]!r} is no day, YYMMDD")
    if int(last) > _days(2000 + int(value[:2]), int(month)):
        raise Malformed(f"AI {ai}: {value} is no day, YYMMDD")


def _time(ai: "str", value: "str") -> None:
    _date(ai, value[:6])
    if value[4:6] == "00" or value[6:8] > "23" or value[8:] > "59":
        raise Malformed(f"AI {ai}: {value} is no time, YYMMDDhhmm")


def _days(year: "int", month: "int") -> "int":
    if month == 2:
        return 29 if year % 4 == 0 else 28
    return 30 if month in (4, 6, 9, 11) else 31


# fmt: off
_MEASURED = (
    "310", "311", "312", "313", "314", "315", "316", "330", "331", "332", "333", "334", "335", "336", "337",
)  # metric: net weight, length, width, height, area, volumes; then the same of a logistic unit, and kg per m2

_ROWS = {
    "00": ("N", 18, 18, _key),  # SSCC
    "01": ("N", 14, 14, _key),  # GTIN
    "02": ("N", 14, 14, _key),  # GTIN of what a logistic unit contains
    "03": ("N", 14, 14, _key),  # GTIN of a made-to-order item
    "10": ("X", 1, 20, None),  # batch or lot
    "11": ("N", 6, 6, _date),  # production
    "12": ("N", 6, 6, _date),  # due
    "13": ("N", 6, 6, _date),  # packaging
    "15": ("N", 6, 6, _date),  # best before
    "16": ("N", 6, 6, _date),  # sell by
    "17": ("N", 6, 6, _date),  # expiration
    "20": ("N", 2, 2, None),  # internal product variant
    "21": ("X", 1, 20, None),  # serial
    "22": ("X", 1, 20, None),  # consumer product variant
    "235": ("X", 1, 28, None),  # third-party controlled serialised extension of a GTIN (TPX)
    "240": ("X", 1, 30, None),  # additional product identification
    "241": ("X", 1, 30, None),  # customer part number
    "242": ("N", 1, 6, None),  # made-to-order variation
    "243": ("X", 1, 20, None),  # packaging component
    "250": ("X", 1, 30, None),  # secondary serial
    "251": ("X", 1, 30, None),  # reference to source entity
    "254": ("X", 1, 20, None),  # GLN extension component
    "30": ("N", 1, 8, None),  # variable count
    "37": ("N", 1, 8, None),  # count of contained items
    "400": ("X", 1, 30, None),  # customer's purchase order
    "401": ("X", 1, 30, _prefix),  # GINC
    "402": ("N", 17, 17, _key),  # GSIN
    "403": ("X", 1, 30, None),  # routing code
    "410": ("N", 13, 13, _key),  # GLN: ship to
    "411": ("N", 13, 13, _key),  # bill to
    "412": ("N", 13, 13, _key),  # purchased from
    "413": ("N", 13, 13, _key),  # ship for
    "414": ("N", 13, 13, _key),  # of a physical location
    "415": ("N", 13, 13, _key),  # of the invoicing party
    "416": ("N", 13, 13, _key),  # of the place of production or service
    "417": ("N", 13, 13, _key),  # of a party
    "7003": ("N", 10, 10, _time),  # expiration, date and time
    "8003": ("X", 14, 30, _grai),
    "8004": ("X", 1, 30, _prefix),  # GIAI
    "8006": ("N", 18, 18, _itip),  # a piece of a trade item (ITIP)
    "8010": ("Y", 5, 30, _prefix),  # component or part
    "8011": ("N", 1, 12, _component_serial),
    "8020": ("X", 1, 25, None),  # payment slip reference
    "90": ("X", 1, 30, None),  # agreed between trading partners
}  # AI: digits (N), character set 82 (X) or 39 (Y); least and most characters; what else must hold
# fmt: on
