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
_DIGITS = "0123456789"


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
        if code.text is not None:
            code.form = TEXT
        _understand(code, aim, data, rule, hosts)
    except Malformed as why:
        code.fault = str(why)
    return code


def names(code: "Code", product: "Sequence[Any]") -> "bool | None":
    """Whether a code names the product of a stub's claim 1; None where the two cannot be compared.

    GS1: GTIN, and serial and batch where both state them: a GTIN alone names each of its items.
    """
    if code.link is not None:
        return gs1.link_names(code.link, product)
    if code.product is not None and code.product[0] == product[0] != _GS1:
        return list(code.product) == list(product)
    if code.gtin is None or product[0] != _GS1:
        return None
    if code.gtin != product[1] or code.serial not in (None, product[-1]):
        return False
    return len(product) < 4 or code.batch in (None, product[2])


def _understand(
    code: "Code", aim: "str", data: "bytes", rule: "Rule | None", hosts: "Sequence[str]"
) -> None:
    if mh10.is_message(data):
        code.form = ISO15434
        _message(code, data, rule)
    elif aims.is_gs1(aim) or data[:1] == b"\x1d":
        code.form = ELEMENTS
        code.elements = elements.parse(data, aim, rule)
        _identified(code)
    elif data[:8].lower().startswith((b"http://", b"https://")):
        code.form = LINK
        _link(code, data, rule, hosts)
    elif _is_gtin(aim, data):
        code.form = GTIN
        code.gtin = gs1.gtin(data[:13].decode())
    elif code.text is None:
        raise Malformed(_hidden(data))


def _link(code: "Code", data: "bytes", rule: "Rule | None", hosts: "Sequence[str]") -> None:
    if code.text is None:
        raise Malformed(_hidden(data))
    found = weblink.parse(code.text)
    code.link = code.text.partition("#")[0]
    for why in weblink.suspicions(found, hosts):
        code.fault = why
    if weblink.is_digital_link(found):
        code.gtin, code.batch, code.serial = gs1.parse_link(code.link)
        for ai, value in weblink.attributes(found):
            (rule or elements.check)(ai, value)
            code.elements.append((ai, value))
        code.product = _item(code)
    else:
        code.product = [_WEB_LINK, code.link]
    code.link, code.stub = printed.split(code.text)


def _message(code: "Code", data: "bytes", rule: "Rule | None") -> None:
    found = mh10.parse(data, rule)
    code.elements = found.items
    if found.format == mh10.AIS:
        _identified(code)
        return
    if found.format == mh10.DIS:
        code.serial = found.get(mh10.SERIAL)
        code.batch = found.get(mh10.LOT)
        unique = found.get(mh10.SERIAL_15459)
        if unique is not None:
            code.product = [_ISO15459, unique]


def _identified(code: "Code") -> None:
    """GTIN, batch and serial of element strings."""
    for ai, value in code.elements:
        if ai == "01":
            code.gtin = int(value)
        elif ai == "10":
            code.batch = value
        elif ai == "21":
            code.serial = value
    code.product = _item(code)


def _item(code: "Code") -> "list[Any] | None":
    if code.gtin is None or code.serial is None:
        return None
    if code.batch is None:
        return [_GS1, code.gtin, code.serial]
    return [_GS1, code.gtin, code.batch, code.serial]


def _is_gtin(aim: "str", data: "bytes") -> "bool":
    """EAN and UPC by their identifier; where none was told, 12 to 14 digits that end in their check digit."""
    if data.strip(_DIGITS.encode()):
        return False
    if aim:
        return aim in ("]E0", "]E3", "]E4")
    return 12 <= len(data) <= 14 and gs1.is_gtin(int(data))


def _shown(data: "bytes") -> "str | None":
    """`data` as text, None where it is no UTF-8 or holds what would not be seen as it is."""
    if _hidden(data):
        return None
    return data.decode()


def _hidden(data: "bytes") -> "str":
    """Why `data` cannot be shown as text, "" where it can."""
    for byte in data:
        if byte < 0x20 or byte == 0x7F:
            return f"control character {byte:#04x}"
    if not is_utf8(data):
        return "not UTF-8"
    for char in data.decode():
        code = ord(char)
        if (
            0x80 <= code < 0xA0
            or code in (0x061C, 0xFEFF)
            or 0x200B <= code <= 0x200F
            or 0x2028 <= code <= 0x202E
            or 0x2060 <= code <= 0x2069
        ):
            return f"U+{code:04X}, which changes how text is shown"
    return ""
