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
TRAILER = b"\x1e\x04"
AIS, DIS, TEIS = "05", "06", "12"

_GS = b"\x1d"
_MOST_FIELDS = 64
_LONGEST_FIELD = 500  # characters
_LONGEST_TEI = 3  # letters

# Those of which a station must know what they are; others are kept unread.
ITEM, SERIAL, LOT = "P", "S", "1T"
ITEM_15459, SERIAL_15459 = (
    "25P",
    "25S",
)  # issuing agency, company, then the item's or the item and serial
_CAPITALS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


class Envelope:
    """A message: its `format` ("05", "06", "12") and `items`, [(identifier, value)] in their order."""

    def __init__(self, format: "str", items: "list[tuple[str, str]]") -> None:
        self.format = format
        self.items = items

    def get(self, identifier: "str") -> "str | None":
        """The value of the one field with this identifier; None where there is none."""
        for name, value in self.items:
            if name == identifier:
                return value
        return None


def is_message(data: "bytes") -> "bool":
    """Whether `data` begins as such a message, right or wrong."""
    return data[:3] == HEADER[:3]


def parse(data: "bytes", rule: "Rule | None" = None) -> "Envelope":
    """The envelope that `data` is; rule: of format 05, see `elements.parse`.

    Raises Truncated without the trailer RS EOT, Malformed for more than one format, other formats, an identifier that
    is none or occurs twice, an empty or over-long field, and what is no printable ASCII.
    """
    if not data.startswith(HEADER):
        raise Malformed("ISO 15434: must begin with [)> and RS")
    if not data.endswith(TRAILER) or len(data) < len(HEADER) + len(TRAILER):
        raise Truncated("ISO 15434: must end with RS and EOT")
    body = data[len(HEADER) : -len(TRAILER)]
    if b"\x1e" in body or b"\x04" in body:
        raise Malformed("ISO 15434: more than one format in the envelope, which is not read here")
    head, mark, rest = body.partition(_GS)
    if head not in (b"05", b"06", b"12") or not mark:
        raise Malformed(f"ISO 15434: format {bytes(head[:8])!r} must be 05, 06 or 12, and GS")
    format = head.decode()
    if format == AIS:
        return Envelope(format, elements.parse(rest, "", rule))
    fields = rest.split(_GS)
    if len(fields) > _MOST_FIELDS:
        raise Malformed(f"ISO 15434: {len(fields)} fields, {_MOST_FIELDS} at most")
    items: "list[tuple[str, str]]" = []
    for field in fields:
        text = _text(field)
        name = _di(text) if format == DIS else _tei(text)
        if name in [said for said, _ in items]:
            raise Malformed(f"ISO 15434: {name} occurs twice")
        if len(text) == len(name):
            raise Malformed(f"ISO 15434: {name} is empty")
        items.append((name, text[len(name) :]))
    return Envelope(format, items)


def encode(format: "str", items: "list[tuple[str, str]]") -> "bytes":
    """The message that holds these fields; raises as `parse`."""
    body = "\x1d".join([name + value for name, value in items]).encode()
    if format == AIS:
        body = elements.encode(items)
    data = HEADER + format.encode() + _GS + body + TRAILER
    if parse(data).items != items:
        raise Malformed("ISO 15434: these fields would be read as others")
    return data


def _text(field: "bytes") -> "str":
    if len(field) > _LONGEST_FIELD:
        raise Malformed(f"ISO 15434: a field of {len(field)} characters, {_LONGEST_FIELD} at most")
    for byte in field:
        if not 0x20 <= byte < 0x7F:
            raise Malformed(f"ISO 15434: byte {byte:#04x} in a field")
    return bytes(field).decode()


def _di(text: "str") -> "str":
    """The data identifier that a field begins with: up to three digits and a capital letter."""
    for at in range(min(4, len(text))):
        if text[at] in _CAPITALS:
            if text[:1] == "0":
                break
            return text[: at + 1]
        if text[at] not in "0123456789":
            break
    raise Malformed(f"ISO 15434: {text[:8]!r} has no data identifier")


def _tei(text: "str") -> "str":
    """The text element identifier of a field: three capital letters, then a space that is part of neither."""
    name = text[:_LONGEST_TEI]
    if len(name) < _LONGEST_TEI or name.strip(_CAPITALS):
        raise Malformed(f"ISO 15434: {text[:8]!r} has no text element identifier")
    return name
