"""Electronic Product Codes: what the EPC bank of a RAIN tag says, as bytes, as URIs and as a GS1 Digital Link.

GS1 EPC Tag Data Standard (TDS) 2.3: 6 "EPC URI", 12 "EPC Tag URI", 14 "EPC Binary Encoding". The partitioned schemes
all read: header 8 bits, filter 3, partition 3, GS1 company prefix, reference, and a serial or zeros. The '+' schemes
are edge/epcplus.py's.
"""

from edge import epcplus, gs1
from edge.epcbits import digits, number, read_text, text_field, words
from edge.errors import DoesNotFit, Malformed, Truncated

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

ID_GS1_ORG = "https://id.gs1.org"
PLUS = ("sgtin+", "dsgtin+")

_PREFIX_BITS = (40, 37, 34, 30, 27, 24, 20)  # by partition; the prefix has 12 - partition digits
_DIGITS = "0123456789"
_PADDED, _NUMBER, _TEXT, _ZEROS = 0, 1, 2, 3  # what a field holds
_LONGEST_SERIAL = 20
_ESCAPED = '"%&/<>?'  # TDS table A-1: these stand as %XX in a URN


class _Row:
    """A partitioned scheme. body: bits of prefix and reference; width: digits or characters of both; tail: bits."""

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
        self.bits = 14 + self.body + self.tail
        self.parts = 3 if self.serial != _ZEROS else 2


_ROWS = {
    "sgtin-96": _Row(0x30, "sgtin", (44, 13, _PADDED), (38, _NUMBER)),
    "sgtin-198": _Row(0x36, "sgtin", (44, 13, _PADDED), (140, _TEXT)),
    "sscc-96": _Row(0x31, "sscc", (58, 17, _PADDED), (24, _ZEROS)),
    "grai-96": _Row(0x33, "grai", (44, 12, _PADDED), (38, _NUMBER)),
    "giai-96": _Row(0x34, "giai", (82, 25, _NUMBER), (0, _ZEROS)),
    "giai-202": _Row(0x38, "giai", (188, 30, _TEXT), (0, _ZEROS)),
}
_SCHEMES = {}
for _name in _ROWS:
    _SCHEMES[_ROWS[_name].header] = _name


class Epc:
    """One EPC. scheme: "sgtin-96" and so on; filter: 0 to 7.

    parts, as text: (company prefix, indicator and item, serial) of an SGTIN; (prefix, extension and serial) of an SSCC;
    (prefix, asset type, serial) of a GRAI; (prefix, asset reference) of a GIAI; (GTIN-14, serial) of an SGTIN+, and
    behind these (AI, YYMMDD) of a DSGTIN+.
    """

    def __init__(self, scheme: "str", filter: "int", parts: "tuple[str, ...]") -> None:
        self.scheme = scheme
        self.filter = filter
        self.parts = parts

    def __eq__(self, other: "object") -> "bool":
        return isinstance(other, Epc) and (self.scheme, self.filter, self.parts) == (
            other.scheme,
            other.filter,
            other.parts,
        )

    def __hash__(self) -> "int":
        return hash((self.scheme, self.filter, self.parts))

    def __repr__(self) -> "str":
        return f"Epc({self.tag_uri or self.uri})"

    @property
    def uri(self) -> "str":
        """The pure identity: urn:epc:id:..., and for the '+' schemes the GS1 Digital Link at id.gs1.org."""
        if self.scheme in PLUS:
            return _plus_link(self.parts)
        return f"urn:epc:id:{_ROWS[self.scheme].key}:{_urn(self.parts)}"

    @property
    def tag_uri(self) -> "str | None":
        """urn:epc:tag:..., with the filter; None for the '+' schemes, which have none."""
        if self.scheme in PLUS:
            return None
        return f"urn:epc:tag:{self.scheme}:{self.filter}.{_urn(self.parts)}"

    @property
    def gtin(self) -> "int | None":
        """The GTIN of an SGTIN; None for other keys."""
        if self.scheme in PLUS:
            return int(self.parts[0])
        if _ROWS[self.scheme].key != "sgtin":
            return None
        return int(_keyed(self.parts[1][:1] + self.parts[0] + self.parts[1][1:]))

    @property
    def product(self) -> "list[int | str] | None":
        """Claim 1 of a stub, [0, GTIN, serial]; None where the EPC names no product."""
        gtin = self.gtin
        return [0, gtin, self.parts[-1 if self.scheme not in PLUS else 1]] if gtin else None

    @property
    def link(self) -> "str | None":
        """The GS1 Digital Link at id.gs1.org; None for a value that no link can hold."""
        if self.scheme in PLUS:
            return _plus_link(self.parts)
        prefix, reference = self.parts[:2]
        key = _ROWS[self.scheme].key
        if key == "sgtin":
            try:
                return gs1.link(ID_GS1_ORG, self.gtin or 0, self.parts[2])
            except Malformed:
                return None
        if key == "sscc":
            return f"{ID_GS1_ORG}/00/{_keyed(reference[:1] + prefix + reference[1:])}"
        if key == "grai":
            return f"{ID_GS1_ORG}/8003/0{_keyed(prefix + reference)}{self.parts[2]}"
        return f"{ID_GS1_ORG}/8004/{gs1.percent_encoded(prefix + reference)}"

    def encode(self) -> "bytes":
        """The EPC in whole words, as it stands from word 2 of the EPC bank on; Malformed where a part is none."""
        if not 0 <= self.filter <= 7:
            raise Malformed(f"filter {self.filter} must be 0 to 7")
        if self.scheme in PLUS:
            return words(epcplus.fields(self.scheme, self.filter, self.parts))
        row = _ROWS.get(self.scheme)
        if row is None or len(self.parts) != row.parts:
            raise Malformed(f"no EPC scheme {self.scheme[:20]!r} with {len(self.parts)} parts")
        prefix = self.parts[0]
        if not 6 <= len(prefix) <= 12 or prefix.strip(_DIGITS):
            raise Malformed(f"GS1 company prefix {prefix[:30]!r} must be 6 to 12 digits")
        partition = 12 - len(prefix)
        fields = [
            (row.header, 8),
            (self.filter, 3),
            (partition, 3),
            (int(prefix), _PREFIX_BITS[partition]),
            _reference_field(row, partition, self.parts[1]),
        ]
        if row.serial == _NUMBER:
            fields.append((number(self.parts[2], row.tail, "serial"), row.tail))
        elif row.serial == _TEXT:
            fields.append(text_field(self.parts[2], row.tail, _LONGEST_SERIAL))
        else:
            fields.append((0, row.tail))
        return words(fields)


def decode(epc: "bytes") -> "Epc":
    """The EPC whose binary encoding `epc` begins with; what a longer PC word adds behind it is left alone (14.4).

    Raises Malformed for a header that is not known here and for a value that its scheme does not allow, Truncated.
    """
    scheme = _SCHEMES.get(epc[0]) if epc else None
    if scheme is None:
        return _decode_plus(epc)
    row = _ROWS[scheme]
    extra = 8 * len(epc) - row.bits
    if extra < 0:
        raise Truncated(f"{scheme}: {len(epc)} bytes, needs {(row.bits + 7) // 8}")
    value = int.from_bytes(epc, "big") >> extra
    tail = row.tail
    body = value >> tail
    partition = body >> row.body & 7
    if partition == 7:
        raise Malformed(f"{scheme}: partition 7 is reserved")
    bits = row.body - _PREFIX_BITS[partition]  # of the reference
    count = 12 - partition
    prefix = digits(body >> bits & (1 << _PREFIX_BITS[partition]) - 1, count)
    reference = body & (1 << bits) - 1
    parts: "tuple[str, ...]"
    if row.reference == _PADDED:
        parts = (prefix, digits(reference, row.width - count))
    elif row.reference == _TEXT:
        parts = (prefix, read_text(reference, bits, row.width - count))
    else:
        parts = (prefix, _short(reference, row.width - count))
    if row.serial == _NUMBER:
        parts += (str(value & (1 << tail) - 1),)
    elif row.serial == _TEXT:
        parts += (read_text(value & (1 << tail) - 1, tail, _LONGEST_SERIAL),)
    elif value & (1 << tail) - 1:
        raise Malformed(f"{scheme}: its last {tail} bits should be zero")
    return Epc(scheme, body >> row.body + 3 & 7, parts)


def from_uri(uri: "str", scheme: "str" = "", filter: "int" = 0) -> "Epc":
    """The EPC of a tag URI; of a pure identity URI or a GS1 Digital Link in `scheme`, with `filter`.

    Raises Malformed; what it returns can be encoded.
    """
    if uri.startswith(("https://", "http://")):
        gtin, _, serial = gs1.parse_link(uri)
        if scheme not in ("", "sgtin+") or serial is None:
            raise Malformed(f"{uri[:80]!r} is no SGTIN+")
        return sgtin_plus(gtin, serial, filter)
    names = uri.split(":")
    if len(names) < 5 or names[:2] != ["urn", "epc"] or names[2] not in ("id", "tag"):
        raise Malformed(f"{uri[:80]!r} is no EPC URI")
    texts = ":".join(names[4:]).split(".")
    if names[2] == "tag":
        scheme = names[3]
        filter = number(texts.pop(0), 3, "filter")
    row = _ROWS.get(scheme)
    if row is None or (names[2] == "id" and names[3] != row.key):
        raise Malformed(f"{uri[:80]!r} is no EPC of scheme {scheme[:20]!r}")
    last = row.parts - 1
    texts = texts[:last] + [".".join(texts[last:])]
    for text in texts:
        if text.strip(gs1.CSET82) or [char for char in text if char in _ESCAPED and char != "%"]:
            raise Malformed(f"{uri[:80]!r} has characters that must be escaped")
    return _made(scheme, filter, tuple([gs1.percent_decoded(text) for text in texts]))


def sgtin96(gtin: "int", serial: "str", prefix_digits: "int", filter: "int" = 1) -> "Epc":
    """SGTIN-96. serial: a number below 2 ** 38, no leading zeros; prefix_digits: of the company prefix. Malformed."""
    return _made("sgtin-96", filter, _split(gtin, prefix_digits) + (serial,))


def sgtin198(gtin: "int", serial: "str", prefix_digits: "int", filter: "int" = 1) -> "Epc":
    """SGTIN-198: any serial of AI 21; Malformed."""
    return _made("sgtin-198", filter, _split(gtin, prefix_digits) + (serial,))


def sgtin_plus(gtin: "int", serial: "str", filter: "int" = 0) -> "Epc":
    """SGTIN+: any serial of AI 21, no company prefix needed; Malformed."""
    return _made("sgtin+", filter, (gs1.gtin14(gtin), serial))


def dsgtin_plus(gtin: "int", serial: "str", ai: "str", date: "str", filter: "int" = 0) -> "Epc":
    """DSGTIN+. ai: which date, one of epcplus.DATES; date: YYMMDD; Malformed."""
    return _made("dsgtin+", filter, (gs1.gtin14(gtin), serial, ai, date))


def sscc96(sscc: "str", prefix_digits: "int", filter: "int" = 0) -> "Epc":
    """SSCC-96 of the 18 digits of AI 00; Malformed."""
    if len(sscc) != 18 or gs1.check_digit(sscc[:-1]) != sscc[-1]:
        raise Malformed(f"SSCC {sscc[:30]!r} must be 18 digits, the last of them its check digit")
    end = 1 + prefix_digits
    return _made("sscc-96", filter, (sscc[1:end], sscc[0] + sscc[end:-1]))


def grai96(grai: "str", serial: "str", prefix_digits: "int", filter: "int" = 0) -> "Epc":
    """GRAI-96. grai: 13 digits with the check digit, as AI 8003 has them behind its leading 0; Malformed."""
    if len(grai) != 13 or gs1.check_digit(grai[:-1]) != grai[-1]:
        raise Malformed(f"GRAI {grai[:30]!r} must be 13 digits, the last of them its check digit")
    return _made("grai-96", filter, (grai[:prefix_digits], grai[prefix_digits:-1], serial))


def giai96(prefix: "str", reference: "str", filter: "int" = 0) -> "Epc":
    """GIAI-96. reference: a number without leading zeros; Malformed."""
    return _made("giai-96", filter, (prefix, reference))


def giai202(prefix: "str", reference: "str", filter: "int" = 0) -> "Epc":
    """GIAI-202. reference: of GS1's set 82, with the prefix at most 30 characters; Malformed."""
    return _made("giai-202", filter, (prefix, reference))


def for_product(
    gtin: "int", serial: "str", epc_words: "int", company_prefixes: "Sequence[str]" = ()
) -> "Epc":
    """The EPC of a product on a chip with `epc_words` words for it, in the first scheme that holds it.

    SGTIN-96 where a known company prefix begins the GTIN and the serial is a plain number; else SGTIN+; else SGTIN-198.
    Raises Malformed for what is no GTIN or serial; DoesNotFit tells how many words it takes.
    """
    plus = sgtin_plus(gtin, serial)
    known = [each for each in company_prefixes if gs1.gtin14(gtin)[1:-1].startswith(each)]
    candidates = []
    if known:
        prefix_digits = max([len(each) for each in known])
        try:
            candidates.append(sgtin96(gtin, serial, prefix_digits))
        except Malformed:
            pass
        candidates += [plus, sgtin198(gtin, serial, prefix_digits)]
    else:
        candidates.append(plus)
    for epc in candidates:
        if len(epc.encode()) <= 2 * epc_words:
            return epc
    least = min([len(epc.encode()) for epc in candidates])
    raise DoesNotFit(
        f"an EPC with serial {serial!r} takes {least // 2} words and the chip has {epc_words}: "
        "take a shorter serial, a number where the company prefix is known, or another chip",
        least - 2 * epc_words,
    )


def _made(scheme: "str", filter: "int", parts: "tuple[str, ...]") -> "Epc":
    epc = Epc(scheme, filter, parts)
    epc.encode()
    return epc


def _decode_plus(epc: "bytes") -> "Epc":
    found = epcplus.read(epc)
    if found is None:
        raise Malformed(f"EPC header {epc[:1].hex() or 'missing'} is not known here")
    return Epc(*found)


def _split(gtin: "int", prefix_digits: "int") -> "tuple[str, str]":
    """(company prefix, indicator digit and item reference) of a GTIN."""
    if not gs1.is_gtin(gtin):
        raise Malformed(f"{gtin} is no GTIN")
    text = gs1.gtin14(gtin)
    end = 1 + prefix_digits
    return text[1:end], text[0] + text[end:-1]


def _keyed(text: "str") -> "str":
    return text + gs1.check_digit(text)


def _reference_field(row: "_Row", partition: "int", text: "str") -> "tuple[int, int]":
    bits = row.body - _PREFIX_BITS[partition]
    width = row.width - 12 + partition
    if row.reference == _TEXT:
        return text_field(text, bits, width)
    if row.reference == _NUMBER:
        return number(text, bits, "asset reference"), bits
    if len(text) != width or text.strip(_DIGITS):
        raise Malformed(f"reference {text[:30]!r} must be {width} digits")
    return int(text or "0"), bits


def _short(value: "int", longest: "int") -> "str":
    """A number without leading zeros."""
    text = str(value)
    if len(text) > longest:
        raise Malformed(f"{value} has more than {longest} digits")
    return text


def _urn(parts: "tuple[str, ...]") -> "str":
    text = ".".join(parts)
    for char in _ESCAPED:
        if char in text:
            return ".".join([_escaped(part) for part in parts])
    return text


def _escaped(part: "str") -> "str":
    return "".join([f"%{ord(char):02X}" if char in _ESCAPED else char for char in part])


def _plus_link(parts: "tuple[str, ...]") -> "str":
    link = f"{ID_GS1_ORG}/01/{parts[0]}/21/{gs1.percent_encoded(parts[1])}"
    return f"{link}?{parts[2]}={parts[3]}" if len(parts) == 4 else link
