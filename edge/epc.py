"""Electronic Product Codes: what the EPC bank of a RAIN tag says, as bytes, as URIs and as a GS1 Digital Link.

GS1 EPC Tag Data Standard (TDS) 2.3: 6 "EPC URI", 12 "EPC Tag URI", 14 "EPC Binary Encoding"; the bits are
edge/epcgcp.py's and edge/epcplus.py's. Not here, and Malformed: SGLN, GSRN, GDTI, CPI, ITIP, the '++' schemes.
"""

from edge import epcgcp, epcplus, gs1
from edge.epcbits import number, words
from edge.errors import DoesNotFit, Malformed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from edge.epcbits import Parts

ID_GS1_ORG = "https://id.gs1.org"

_ESCAPED = '"%&/<>?'  # stand as %XX in a URN (TDS annex A, table A-1)


class Epc:
    """One EPC. scheme: "sgtin-96" and so on; filter: 0 to 7.

    parts, as text: (company prefix, indicator and item, serial) of an SGTIN; (prefix, extension and serial) of an SSCC;
    (prefix, asset type, serial) of a GRAI; (prefix, asset reference) of a GIAI; (GTIN-14, serial) of an SGTIN+, and
    behind these (AI, YYMMDD) of a DSGTIN+.
    """

    def __init__(self, scheme: "str", filter: "int", parts: "Parts") -> None:
        self.scheme = scheme
        self.filter = filter
        self.parts = parts

    def __eq__(self, other: "object") -> "bool":
        return isinstance(other, Epc) and self._all() == other._all()

    def __hash__(self) -> "int":
        return hash(self._all())

    def __repr__(self) -> "str":
        return f"Epc{self._all()}"

    @property
    def uri(self) -> "str":
        """The pure identity: urn:epc:id:..., and for the '+' schemes the GS1 Digital Link without a date."""
        key = epcgcp.key_of(self.scheme)
        if key is None:
            return f"{ID_GS1_ORG}/01/{self.parts[0]}/21/{gs1.percent_encoded(self.parts[1])}"
        return f"urn:epc:id:{key[0]}:{_urn(self.parts)}"

    @property
    def tag_uri(self) -> "str | None":
        """urn:epc:tag:..., with the filter; None for the '+' schemes, which have none."""
        if self.scheme in epcplus.SCHEMES:
            return None
        return f"urn:epc:tag:{self.scheme}:{self.filter}.{_urn(self.parts)}"

    @property
    def product(self) -> "list[int | str] | None":
        """Claim 1 of a stub, [0, GTIN, serial]; None where the EPC names no product."""
        if self.scheme in epcplus.SCHEMES:
            return [0, int(self.parts[0]), self.parts[1]]
        if not self.scheme.startswith("sgtin-"):
            return None
        prefix, item, serial = self.parts
        gtin = int(_with_check_digit(item[0] + prefix + item[1:]))
        return [0, gtin, serial] if gtin else None

    @property
    def link(self) -> "str | None":
        """The GS1 Digital Link at id.gs1.org, with the date of a DSGTIN+; None for a serial that no link can hold."""
        product = self.product
        if product is not None:
            try:
                link = gs1.link(ID_GS1_ORG, int(product[1]), str(product[2]))
            except Malformed:
                return None
            return f"{link}?{self.parts[2]}={self.parts[3]}" if len(self.parts) == 4 else link
        prefix, reference = self.parts[:2]
        if self.scheme == "sscc-96":
            return f"{ID_GS1_ORG}/00/{_with_check_digit(reference[0] + prefix + reference[1:])}"
        if self.scheme == "grai-96":
            return f"{ID_GS1_ORG}/8003/0{_with_check_digit(prefix + reference)}{self.parts[2]}"
        if self.scheme.startswith("giai-"):
            return f"{ID_GS1_ORG}/8004/{gs1.percent_encoded(prefix + reference)}"
        return None

    def encode(self) -> "bytes":
        """The EPC in whole words, as it stands from word 2 of the EPC bank on; Malformed where a part is none."""
        if not 0 <= self.filter <= 7:
            raise Malformed(f"filter {self.filter} must be 0 to 7")
        scheme = epcplus if self.scheme in epcplus.SCHEMES else epcgcp
        return words(scheme.fields(self.scheme, self.filter, self.parts))

    def _all(self) -> "tuple[str, int, Parts]":
        return self.scheme, self.filter, self.parts


def decode(epc: "bytes") -> "Epc":
    """The EPC whose binary encoding `epc` begins with: zeros up to a whole word, or more data, may follow it.

    Raises Malformed for a header that is not known here and for a value that its scheme does not allow, Truncated.
    """
    found = epcgcp.read(epc) or epcplus.read(epc)
    if found is None:
        raise Malformed(f"EPC header {epc[:1].hex() or 'missing'} is not known here")
    return Epc(*found)


def from_uri(uri: "str", scheme: "str" = "", filter: "int" = 0) -> "Epc":
    """The EPC of a tag URI; of a pure identity URI in `scheme` with `filter`; of a GS1 Digital Link in a '+' scheme.

    Raises Malformed; what it returns can be encoded.
    """
    if uri.startswith(("https://", "http://")):
        return _from_link(uri, scheme, filter)
    start, _, rest = uri.partition("urn:epc:")
    kind, _, rest = rest.partition(":")
    name, _, rest = rest.partition(":")
    if start or kind not in ("id", "tag"):
        raise Malformed(f"{uri[:80]!r} is no EPC URI")
    if kind == "tag":
        scheme = name
        digit, _, rest = rest.partition(".")
        filter = number(digit, 3)
    key = epcgcp.key_of(scheme)
    if key is None or (kind == "id" and name != key[0]):
        raise Malformed(f"{uri[:80]!r} is no EPC of scheme {scheme[:20]!r}")
    if [char for char in rest if char not in gs1.CSET82 or char in _ESCAPED.replace("%", "")]:
        raise Malformed(f"{uri[:80]!r} has characters that should be escaped")
    texts = rest.split(".", key[1] - 1)
    return _made(scheme, filter, tuple([gs1.percent_decoded(text) for text in texts]))


def sgtin96(gtin: "int", serial: "str", prefix_digits: "int", filter: "int" = 1) -> "Epc":
    """SGTIN-96. serial: a number below 2 ** 38, no leading zeros; prefix_digits: of the company prefix. Malformed."""
    return _made("sgtin-96", filter, _divided(gtin, prefix_digits) + (serial,))


def sgtin198(gtin: "int", serial: "str", prefix_digits: "int", filter: "int" = 1) -> "Epc":
    """SGTIN-198: any serial of AI 21; Malformed."""
    return _made("sgtin-198", filter, _divided(gtin, prefix_digits) + (serial,))


def sgtin_plus(gtin: "int", serial: "str", filter: "int" = 0) -> "Epc":
    """SGTIN+: any serial of AI 21, no company prefix needed; Malformed."""
    return _made("sgtin+", filter, (gs1.gtin14(gtin), serial))


def dsgtin_plus(gtin: "int", serial: "str", ai: "str", date: "str", filter: "int" = 0) -> "Epc":
    """DSGTIN+. ai: which date, one of epcplus.DATES; date: YYMMDD; Malformed."""
    return _made("dsgtin+", filter, (gs1.gtin14(gtin), serial, ai, date))


def sscc96(sscc: "str", prefix_digits: "int", filter: "int" = 0) -> "Epc":
    """SSCC-96 of the 18 digits of AI 00; Malformed."""
    body = _without_check_digit(sscc, 18)
    end = 1 + prefix_digits
    return _made("sscc-96", filter, (body[1:end], body[0] + body[end:]))


def grai96(grai: "str", serial: "str", prefix_digits: "int", filter: "int" = 0) -> "Epc":
    """GRAI-96. grai: the 13 digits that AI 8003 has behind its leading 0; Malformed."""
    body = _without_check_digit(grai, 13)
    return _made("grai-96", filter, (body[:prefix_digits], body[prefix_digits:], serial))


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

    SGTIN-96 where a company prefix of the GTIN is known and the serial is a plain number; else SGTIN+; else SGTIN-198.
    Raises Malformed for what is no GTIN or serial; DoesNotFit tells how many words it takes.
    """
    candidates = [sgtin_plus(gtin, serial)]
    known = [
        len(prefix) for prefix in company_prefixes if gs1.gtin14(gtin)[1:-1].startswith(prefix)
    ]
    if known:
        candidates.append(sgtin198(gtin, serial, max(known)))
        try:
            candidates.insert(0, sgtin96(gtin, serial, max(known)))
        except Malformed:
            pass
    for epc in candidates:
        if len(epc.encode()) <= 2 * epc_words:
            return epc
    least = min([len(epc.encode()) for epc in candidates])
    raise DoesNotFit(
        f"an EPC with serial {serial!r} takes {least // 2} words and the chip has {epc_words}: "
        "take a shorter serial, a number where the company prefix is known, or another chip",
        least - 2 * epc_words,
    )


def _made(scheme: "str", filter: "int", parts: "Parts") -> "Epc":
    epc = Epc(scheme, filter, parts)
    epc.encode()
    return epc


def _from_link(uri: "str", scheme: "str", filter: "int") -> "Epc":
    gtin, _, serial = gs1.parse_link(uri)
    dates = []
    for attribute in uri.partition("#")[0].partition("?")[2].split("&"):
        ai, _, date = attribute.partition("=")
        if ai in epcplus.DATES:
            dates.append((ai, date))
    wanted = scheme or ("dsgtin+" if dates else "sgtin+")
    if serial is not None and wanted == "sgtin+":
        return sgtin_plus(gtin, serial, filter)
    if serial is not None and wanted == "dsgtin+" and len(dates) == 1:
        return dsgtin_plus(gtin, serial, dates[0][0], dates[0][1], filter)
    raise Malformed(f"{uri[:80]!r} is no EPC of scheme {wanted[:20]!r}")


def _divided(gtin: "int", prefix_digits: "int") -> "tuple[str, str]":
    """(company prefix, indicator digit and item reference) of a GTIN."""
    if not gs1.is_gtin(gtin):
        raise Malformed(f"{gtin} is no GTIN")
    text = gs1.gtin14(gtin)
    end = 1 + prefix_digits
    return text[1:end], text[0] + text[end:-1]


def _with_check_digit(text: "str") -> "str":
    return text + gs1.check_digit(text)


def _without_check_digit(text: "str", length: "int") -> "str":
    if len(text) != length or gs1.check_digit(text[:-1]) != text[-1]:
        raise Malformed(f"{text[:30]!r} must be {length} digits, the last of them its check digit")
    return text[:-1]


def _urn(parts: "Parts") -> "str":
    text = ".".join(parts)
    for char in _ESCAPED:
        if char in text:
            return "".join([f"%{ord(each):02X}" if each in _ESCAPED else each for each in text])
    return text
