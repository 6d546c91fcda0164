"""What a code means, whatever it holds: a link (with a stub), GS1 element strings, an ISO/IEC 15434 message, or text.

Nothing that a code can hold is an error here: what is wrong is said in `Code.fault`, and its bytes are the reader's.
"""

from edge import aim as aims
from edge import elements, gs1, mh10, printed, weblink
from edge.cbor import is_utf8
from edge.errors import Malformed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from edge.elements import Rule

LONGEST = 8192  # bytes; the largest QR Code holds 7,089 digits

LINK, ELEMENTS, ISO15434, GTIN = "link", "elements", "iso15434", "gtin"
TEXT, BINARY = "text", "binary"

_GS1, _WEB_LINK, _ISO15459 = 0, 1, 3  # product schemes, as in a stub
_PLACES = ("00", "401", "402", "414", "417")  # keys of Digital Links that name no product
_LENGTHS = {
    "]E0": (13, 12),
    "]E3": (15, 18),
    "]E4": (8,),
    "]I1": (14,),
}  # of a GTIN, ]E3 with its add-on
# fmt: off
_HIDING = (
    (0x80, 0x9F),  # C1 controls
    (0x061C, 0x061C), (0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x2069),  # direction, or no width
    (0x2028, 0x2029), (0xFEFF, 0xFEFF), (0xFFF9, 0xFFFB), (0xE0000, 0xE007F),  # lines, byte order, annotation, tags
)
# fmt: on


class Code:
    """What one code says. fault: why it is refused, "" where nothing is wrong; what was understood before that stays.

    form: "link", "elements", "iso15434", "gtin", "text", "binary". link: without its fragment; stub: from the fragment.
    product: as claim 1 of a stub, None where no item is named. elements: (AI or data identifier, value).
    text: the message where it is UTF-8 that may be shown.
    """

    def __init__(self, form: "str", text: "str | None" = None, fault: "str" = "") -> None:
        self.form = form
        self.text = text
        self.fault = fault
        self.link: "str | None" = None
        self.stub: "bytes | None" = None
        self.product: "list[Any] | None" = None
        self.gtin: "int | None" = None
        self.batch: "str | None" = None
        self.serial: "str | None" = None
        self.elements: "list[tuple[str, str]]" = []


def understand(
    aim: "str", data: "bytes", rule: "Rule | None" = None, hosts: "Sequence[str]" = ()
) -> "Code":
    """What `data` means, which a reader sent under AIM identifier `aim` ("" where it told none); never raises.

    An identifier before the data counts as given. rule: stands in for `elements.check`, where a wider dictionary is at
    hand. hosts: links to these are trusted though they are in punycode.
    """
    if len(data) > LONGEST:
        return Code(BINARY, None, f"{len(data)} bytes, {LONGEST} at most")
    data = bytes(data)
    told, rest = aims.parse(data)
    if told and aim in ("", told):
        aim, data = told, rest
    code = Code(BINARY)
    try:
        code.text = _shown(data)
        code.form = TEXT
    except Malformed:
        pass
    try:
        _read(code, aim, data, rule or elements.check, hosts)
    except Malformed as why:
        code.fault = str(why)
    return code


def names(code: "Code", product: "Sequence[Any]") -> "bool | None":
    """Whether a code names the product of a stub's claim 1; None where the two cannot be compared.

    GS1: GTIN, and serial and batch where both state them: a GTIN alone names each of its items.
    """
    if code.link is not None:
        return gs1.link_names(code.link, product)
    if product[0] != _GS1:
        same = code.product is not None and code.product[0] == product[0]
        return list(code.product or ()) == list(product) if same else None
    if code.gtin is None:
        return None
    if code.gtin != product[1] or code.serial not in (None, product[-1]):
        return False
    return len(product) < 4 or code.batch in (None, product[2])


def _read(code: "Code", aim: "str", data: "bytes", rule: "Rule", hosts: "Sequence[str]") -> None:
    """Fill in what `data` says, as far as nothing is wrong; Malformed for the first that is."""
    if mh10.is_message(data):
        code.form = ISO15434
        _read_message(code, mh10.parse(data, rule))
    elif aims.is_gs1(aim) or (aim == "" and b"\x1d" in data):
        code.form = ELEMENTS
        code.elements = elements.parse(data, aim, rule)
        _identify(code)
    elif data[:8].lower() == b"https://" or data[:7].lower() == b"http://":  # portable: bytes
        code.form = LINK
        _read_link(code, _shown(data), rule, hosts)
    elif aim in _LENGTHS or (aim == "" and 12 <= len(data) <= 14 and _is_gtin(data)):
        code.form = GTIN
        code.gtin = _gtin(aim, _shown(data))
    elif aim == "" and data[:2] == b"01" and _is_gtin(data[2:16]):
        _guess(code, data, rule)
    else:
        _shown(data)


def _read_link(code: "Code", text: "str", rule: "Rule", hosts: "Sequence[str]") -> None:
    found = weblink.parse(text)
    code.link = text.partition("#")[0]
    suspicions = weblink.suspicions(found, hosts)
    if suspicions:
        raise Malformed("; ".join(suspicions))
    if weblink.is_digital_link(found):
        code.elements = gs1.link_elements(code.link)
        for ai, value in code.elements:
            rule(ai, value)
        _identify(code)
    elif not _is_place(found.path):
        code.product = [_WEB_LINK, code.link]
    _, code.stub = printed.split(text)


def _read_message(code: "Code", found: "mh10.Envelope") -> None:
    for format, items in found.parts:
        code.elements += items
        if format == mh10.AIS:
            _identify(code)
    if code.product is None:
        unique = found.unique()
        code.product = [_ISO15459, unique] if unique is not None else None
        code.serial = code.serial or found.get(mh10.DIS, "S")
        code.batch = code.batch or found.get(mh10.DIS, "1T")


def _guess(code: "Code", data: "bytes", rule: "Rule") -> None:
    """A reader that tells no symbology: a GTIN behind AI 01, and nothing that breaks the standard."""
    try:
        code.elements = elements.parse(data, "", rule)
    except Malformed:
        _shown(data)
        return
    code.form = ELEMENTS
    _identify(code)


def _identify(code: "Code") -> None:
    """GTIN, batch, serial, and with them the product, that element strings tell."""
    for ai, value in code.elements:
        if ai == "01":
            code.gtin = int(value)
        elif ai == "10":
            code.batch = value
        elif ai == "21":
            code.serial = value
    if code.gtin is not None and code.serial is not None:
        batch = [] if code.batch is None else [code.batch]
        code.product = [_GS1, code.gtin] + batch + [code.serial]


def _is_place(path: "str") -> "bool":
    """Whether a path ends as the Digital Link of a logistic unit, a consignment or a place does."""
    parts = path.split("/")
    for at in range(len(parts) - 1):
        if parts[at] in _PLACES:
            try:
                elements.check(parts[at], parts[at + 1])
            except Malformed:
                continue
            return True
    return False


def _is_gtin(data: "bytes") -> "bool":
    # portable: digits
    return len(data) > 0 and not data.strip(b"0123456789") and gs1.is_gtin(int(data.decode()))


def _gtin(aim: "str", digits: "str") -> "int":
    lengths = _LENGTHS.get(aim)
    if lengths is not None and len(digits) not in lengths:
        raise Malformed(f"{aim}: {len(digits)} characters, where {lengths[0]} belong")
    return gs1.gtin(digits[:13] if aim == "]E3" else digits)


def _shown(data: "bytes") -> "str":
    """`data` as text; Malformed where it is no UTF-8 or holds what is not seen as it is."""
    for byte in data:
        if byte < 0x20 or byte == 0x7F:
            raise Malformed(f"control character {byte:#04x}")
    if not is_utf8(data):
        raise Malformed("no UTF-8")
    text = data.decode()
    for char in text:
        number = ord(char)
        if number >= 0x80:
            for first, last in _HIDING:
                if first <= number <= last:
                    raise Malformed(f"U+{number:04X}, which changes how text is seen")
    return text
