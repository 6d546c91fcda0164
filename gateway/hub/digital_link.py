"""What a GS1 Digital Link identifies: GTIN with its qualifiers, read from the path of a request as it came.

GS1 Digital Link Standard: URI Syntax 1.7, "Key qualifiers"; GS1-Conformant Resolver Standard 1.2, "Walking up the
tree" (the levels of links that a request selects) and "EPC binary strings" (compressed as /eh... and /ex...).
"""

import binascii
import re
from base64 import urlsafe_b64decode
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from edge import epc, gs1
from edge.errors import DoesNotFit, Malformed

LONGEST = 512  # characters of a path; four qualifiers percent-encoded throughout are 300

_CPV, _LOT, _SERIAL, _TPX = "22", "10", "21", "235"
_ORDER = (_CPV, _LOT, _SERIAL)
_LONGEST_TPX = 28
_KEYS = frozenset({"01", *_ORDER, _TPX})
_HEX = re.compile(r"(?:[0-9a-fA-F]{2}){8,64}")
_BASE64 = re.compile(r"[A-Za-z0-9_-]{11,86}")


@dataclass(frozen=True, slots=True)
class ProductKey:
    """A GTIN of 14 digits, and what narrows it: variant (CPV), lot, serial, or a third party's serial (TPX)."""

    gtin: str
    cpv: str | None = None
    lot: str | None = None
    serial: str | None = None
    tpx: str | None = None

    @property
    def path(self) -> str:
        """ "01/GTIN14/22/../10/../21/..", each value percent-encoded one way."""
        return self._level(_CPV, _LOT, _SERIAL, _TPX)

    @property
    def anchors(self) -> tuple[str, ...]:
        """The levels that it belongs to, the narrowest first: what a link or a passport may be registered at.

        A serial's own level names no variant or lot: GTIN and serial alone identify the item.
        """
        if self.tpx is not None:
            return self._level(_TPX), self._level()
        found = []
        if self.serial is not None:
            found.append(self._level(_SERIAL))
        if self.cpv is not None and self.lot is not None:
            found.append(self._level(_CPV, _LOT))
        if self.lot is not None:
            found.append(self._level(_LOT))
        if self.cpv is not None:
            found.append(self._level(_CPV))
        return (*found, self._level())

    @property
    def granularity(self) -> str:
        """ "item", "batch" or "model" (EN 18223)."""
        if self.serial is not None or self.tpx is not None:
            return "item"
        return "model" if self.lot is None else "batch"

    def _level(self, *ais: str) -> str:
        held = {_CPV: self.cpv, _LOT: self.lot, _SERIAL: self.serial, _TPX: self.tpx}
        parts = [f"01/{self.gtin}"]
        for ai in ais:
            value = held[ai]
            if value is not None:
                parts.append(f"{ai}/{gs1.percent_encoded(value)}")
        return "/".join(parts)


def parse(path: str) -> ProductKey:
    """The key in "01/GTIN[/22/..][/10/..][/21/..]" or "01/GTIN/235/..", percent-encoded, a slash behind it or not.

    GTIN-8, -12, -13 become 14 digits. Raises Malformed: a wrong check digit, an unknown qualifier, a wrong order.
    """
    if len(path) > LONGEST:
        raise Malformed(f"a Digital Link has at most {LONGEST} characters")
    parts = path.removesuffix("/").split("/")
    if parts[0] != "01" or len(parts) % 2:
        raise Malformed("a Digital Link is 01/GTIN, and behind it pairs of qualifier and value")
    gtin = gs1.gtin14(gs1.gtin(_decoded(parts[1])))
    found: dict[str, str] = {}
    lowest = 0
    for ai, coded in zip(parts[2::2], parts[3::2], strict=True):
        value = _decoded(coded)
        if ai == _TPX and len(parts) == 4 and 0 < len(value) <= _LONGEST_TPX:
            if value.strip(gs1.CSET82):
                raise Malformed("AI 235 must be characters of GS1's set 82")
        elif ai in _ORDER[lowest:] and gs1.is_serial(value):
            lowest = _ORDER.index(ai) + 1
        else:
            raise Malformed(
                f"{ai[:8]!r} with {value[:30]!r} cannot stand behind AI 01 there: the order is 22, 10, 21,"
                " each 1 to 20 characters of GS1's set 82"
            )
        found[ai] = value
    return ProductKey(gtin, found.get(_CPV), found.get(_LOT), found.get(_SERIAL), found.get(_TPX))


def parse_uri(uri: str) -> ProductKey | None:
    """The key that an https or http URI names; None where it is no GS1 Digital Link with AI 01.

    Raises Malformed where it is meant as one ("/01/" and digits) and is wrong.
    """
    scheme, separator, rest = uri.partition("://")
    path = rest.partition("#")[0].partition("?")[0]
    at = re.search(r"/01/\d{8,14}(?:/|$)", path)
    if not separator or scheme.lower() not in ("https", "http") or at is None:
        return None
    return parse(path[at.start() + 1 :])


def decompress(text: str) -> ProductKey:
    """The key in an EPC binary string, "eh" and hex or "ex" and base64url. Raises Malformed.

    GS1 Digital Link URI: Compression for EPC binary strings, "eh" and "ex".
    """
    coded = text[2:]
    if text.startswith("eh") and _HEX.fullmatch(coded):
        raw = bytes.fromhex(coded)
    elif text.startswith("ex") and _BASE64.fullmatch(coded):
        try:
            raw = urlsafe_b64decode(coded + "=" * (-len(coded) % 4))
        except (binascii.Error, ValueError) as e:
            raise Malformed("what stands behind 'ex' is no base64url") from e
    else:
        raise Malformed("a compressed Digital Link is 'eh' and hex, or 'ex' and base64url")
    raw += bytes(len(raw) % 2)  # an EPC fills words of 16 bits
    try:
        product = epc.decode(raw).product
    except DoesNotFit as e:
        raise Malformed(str(e)) from e
    if product is None:
        raise Malformed("the EPC names no product: this resolver knows AI 01")
    return ProductKey(gs1.gtin14(int(product[1])), serial=str(product[2]))


def without_keys(query_keys: list[str]) -> None:
    """Raises Malformed where a query names what belongs in the path."""
    for key in query_keys:
        if key in _KEYS:
            raise Malformed(f"AI {key} belongs in the path, not in the query")


def _decoded(text: str) -> str:
    gs1.percent_decoded(text)  # raises Malformed for a percent sign that stands alone
    try:
        return unquote_to_bytes(text).decode("ascii")
    except UnicodeDecodeError:
        raise Malformed(f"{text[:30]!r} has characters beyond ASCII") from None
