"""ISO/IEC 15434 messages: an envelope `[)>` of one format, its fields told by AIs or by ASC MH10 data identifiers.

ISO/IEC 15434, "Message format" (envelope, format 05, 06 and 12); data identifiers: ANSI MH10.8.2 as ISO/IEC 15418
refers to it. Format 05 holds GS1's AIs, 06 data identifiers (DI), 12 text element identifiers (TEI).
"""

from edge import elements
from edge.errors import Malformed, Truncated

TYPE_CHECKING = False
if TYPE_CHECKING:
    from edge.elements import Rule

HEADER = b"[)>\x1e"
EOT = 0x04
AIS, DIS, TEIS = "05", "06", "12"
FORMATS = (AIS, DIS, TEIS)

_RS, _GS = b"\x1e", b"\x1d"
_MOST_FIELDS = 64
_LONGEST_FIELD = 500  # characters
_CAPITALS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_DIGITS = "0123456789"

# A company by its data identifier, with what stands before it in a unique identifier: the issuing agency's code, which
# 18V holds itself (MIL-STD-130, table "Derive a UII from Data Identifier (DI) qualified data").
_COMPANIES = (("18V", ""), ("17V", "D"), ("12V", "UN"), ("7L", "LD"), ("3V", ""))
_PARTS = ("1P", "1T")  # part, else lot: the serial is unique in it
_WHOLE = (("25S", ""), ("18S", "D"))  # company and serial in one field


class Envelope:
    """A message. parts: [(format, fields)] in their order, fields being [(identifier, value)].

    format, items: of the first part, which most messages have alone.
    """

    def __init__(self, parts: "list[tuple[str, list[tuple[str, str]]]]") -> None:
        self.parts = parts

    @property
    def format(self) -> "str":
        return self.parts[0][0]

    @property
    def items(self) -> "list[tuple[str, str]]":
        return self.parts[0][1]

    def get(self, format: "str", identifier: "str") -> "str | None":
        """The value of a field; None where there is none."""
        for said, items in self.parts:
            for name, value in items:
                if said == format and name == identifier:
                    return value
        return None

    def unique(self) -> "str | None":
        """The ISO/IEC 15459 identifier of one item that the fields of format 06 add up to; None where they do not."""
        for name, agency in _WHOLE:
            value = self.get(DIS, name)
            if value is not None:
                return agency + value
        serial = self.get(DIS, "S")
        for name, agency in _COMPANIES:
            company = self.get(DIS, name)
            for part_name in _PARTS:
                part = self.get(DIS, part_name)
                if company is not None and part is not None and serial is not None:
                    return agency + company + part + serial
        return None


def is_message(data: "bytes") -> "bool":
    """Whether `data` begins as such a message, right or wrong."""
    return data[:3] == HEADER[:3]


def parse(data: "bytes", rule: "Rule | None" = None) -> "Envelope":
    """The message that `data` is; rule: for its AIs, see `elements.parse`.

    Raises Truncated without the trailer RS EOT; Malformed for another format, one that occurs twice, an identifier that
    is none or occurs twice, an empty or over-long field, and what is no printable ASCII.
    """
    if not data.startswith(HEADER):
        raise Malformed("ISO 15434: must begin with [)> and RS")
    formats = data[len(HEADER) :].split(_RS)
    if len(formats) < 2 or formats.pop() != bytes((EOT,)):
        raise Truncated("ISO 15434: must end with RS and EOT")
    parts: "list[tuple[str, list[tuple[str, str]]]]" = []
    for part in formats:
        format, mark, rest = part.partition(_GS)
        name = _text(format)
        if name not in FORMATS or not mark:
            raise Malformed(f"ISO 15434: format {name[:8]!r} must be {', '.join(FORMATS)}, and GS")
        if name in [said for said, _ in parts]:
            raise Malformed(f"ISO 15434: format {name} occurs twice")
        parts.append((name, elements.parse(rest, "", rule) if name == AIS else _fields(name, rest)))
    return Envelope(parts)


def encode(format: "str", items: "list[tuple[str, str]]") -> "bytes":
    """The message that holds these fields in one format; raises as `parse`."""
    space = " " if format == TEIS else ""
    body = "\x1d".join([name + space + value for name, value in items]).encode()
    if format == AIS:
        body = elements.encode(items)
    data = HEADER + format.encode() + _GS + body + _RS + bytes((EOT,))
    if parse(data).items != items:
        raise Malformed("ISO 15434: these fields would be read as others")
    return data


def _fields(format: "str", data: "bytes") -> "list[tuple[str, str]]":
    fields = data.split(_GS)
    if len(fields) > _MOST_FIELDS:
        raise Malformed(f"ISO 15434: {len(fields)} fields, {_MOST_FIELDS} at most")
    items: "list[tuple[str, str]]" = []
    for field in fields:
        text = _text(field)
        size = _di(text) if format == DIS else _tei(text)
        name = text[:size].rstrip(" ")
        if name in [said for said, _ in items]:
            raise Malformed(f"ISO 15434: {name} occurs twice")
        if len(text) == size:
            raise Malformed(f"ISO 15434: {name} is empty")
        items.append((name, text[size:]))
    return items


def _text(field: "bytes") -> "str":
    if len(field) > _LONGEST_FIELD:
        raise Malformed(f"ISO 15434: a field of {len(field)} characters, {_LONGEST_FIELD} at most")
    for byte in field:
        if not 0x20 <= byte < 0x7F:
            raise Malformed(f"ISO 15434: byte {byte:#04x} in a field")
    return bytes(field).decode()  # portable: ASCII, as just seen


def _di(text: "str") -> "int":
    """The size of the data identifier that a field begins with: a capital letter behind up to three digits."""
    at = 0
    while at < 3 and text[at : at + 1] != "" and text[at] in _DIGITS:
        at += 1
    if text[at : at + 1] == "" or text[at] not in _CAPITALS or text[0] == "0":
        raise Malformed(f"ISO 15434: {text[:8]!r} has no data identifier")
    return at + 1


def _tei(text: "str") -> "int":
    """The size of the text element identifier that a field begins with: three capital letters and a space."""
    if len(text) < 4 or text[:3].strip(_CAPITALS) or text[3] != " ":
        raise Malformed(f"ISO 15434: {text[:8]!r} has no text element identifier")
    return 4
