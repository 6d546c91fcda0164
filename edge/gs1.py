"""GS1 identifiers: check digits, GTINs and Digital Link URIs with AI 01, 10 and 21.

GS1 General Specifications, "Check digit calculations" and "GS1 AI encodable character set 82";
GS1 Digital Link Standard: URI Syntax, release 1.2 and later.
"""

from edge.errors import Malformed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

_DIGITS = "0123456789"
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
UNRESERVED = _DIGITS + _LETTERS + "-._~"  # RFC 3986 section 2.3: these need no percent
_URI = UNRESERVED + ":/?#[]@!$&'()*+,;=%"
_PLAIN = _DIGITS + _LETTERS + "-./"  # of a host and a path, but nothing that could end either
_HOST = _DIGITS + _LETTERS + "-.:[]"  # no user part; ports and IPv6 are the resolver's affair
CSET82 = _DIGITS + _LETTERS + "!\"%&'()*+,-./:;<=>?_"
_LONGEST_VALUE = 20  # characters of AI 10, 21 and 22
_LONGEST_URI = 2048  # characters; no tag here holds more
_LARGEST_GTIN = 99999999999999

# What may follow AI 01 in the path, in this order: CPV, batch, serial. 235 (TPX) stands alone.
_QUALIFIERS = ("22", "10", "21")
_TPX = "235"
_LONGEST_TPX = 28
_MOST_ATTRIBUTES = 32

# What a pair of digits adds to the sum that a right check digit makes a multiple of ten: the tens of each
# pair weigh 3, the units 1.
_PAIR = bytes([3 * (pair // 10) + pair % 10 for pair in range(100)])


def check_digit(digits: "str") -> "str":
    """The GS1 check digit that belongs behind `digits` (all but the check digit itself).

    Raises Malformed where a character is no digit.
    """
    if not digits or digits.strip(_DIGITS):
        raise Malformed(f"{digits!r} must be digits only")
    total = 0
    weight = 3
    for at in range(len(digits) - 1, -1, -1):
        total += weight * int(digits[at])
        weight = 4 - weight
    return str(-total % 10)


def gtin(text: "str") -> "int":
    """The number of a GTIN-8, -12, -13 or -14; Malformed for another length or check digit."""
    if text.strip(_DIGITS) or len(text) not in (8, 12, 13, 14):
        raise Malformed(f"GTIN {text[:20]!r} must be 8, 12, 13 or 14 digits")
    number = int(text)
    if not is_gtin(number):
        raise Malformed(f"GTIN {text}: the check digit should be {check_digit(text[:-1])}")
    return number


def is_gtin(number: "int") -> "bool":
    """Whether `number` has at most 14 digits, the last of which is the right check digit."""
    if not 0 < number <= _LARGEST_GTIN:
        return False
    high, low = number // 100000000, number % 100000000
    total = _PAIR[high // 10000] + _PAIR[high // 100 % 100] + _PAIR[high % 100]
    total += _PAIR[low // 1000000] + _PAIR[low // 10000 % 100]
    return (total + _PAIR[low // 100 % 100] + _PAIR[low % 100]) % 10 == 0


def gtin14(number: "int") -> "str":
    """The 14 digits of a GTIN."""
    return f"{number:014d}"


def is_serial(text: "str") -> "bool":
    """Whether `text` may be a serial (AI 21) or batch (AI 10): 1 to 20 characters of set 82."""
    return 0 < len(text) <= _LONGEST_VALUE and not text.strip(CSET82)


def is_uri(text: "str") -> "bool":
    """Whether `text` is http or https, a host and what may stand in a URI; no more is asked."""
    return not text.strip(_URI) and _host_end(text) > 0


def link(
    base: "str", gtin: "int", serial: "str | None" = None, batch: "str | None" = None
) -> "str":
    """The GS1 Digital Link of a product below `base`, "https://host[/path]".

    Raises Malformed for a base that is not https or has a query, and for what is no GTIN, serial or batch.
    """
    base = base[:-1] if base.endswith("/") else base
    if not base.startswith("https://") or not is_uri(base) or "?" in base or "#" in base:
        raise Malformed(f"base {base!r} must be https://host[/path]")
    if not is_gtin(gtin):
        raise Malformed(f"{gtin} is no GTIN")
    uri = f"{base}/01/{gtin14(gtin)}"
    for ai, value in (("10", batch), ("21", serial)):
        if value is not None:
            if not is_serial(value):
                raise Malformed(
                    f"AI {ai} {value[:30]!r} must be 1 to 20 characters of GS1's set 82"
                )
            if value in (
                ".",
                "..",
            ):  # a browser would drop such a path segment, however it is written
                raise Malformed(f"AI {ai} {value!r} cannot stand in a link")
            uri += f"/{ai}/{percent_encoded(value)}"
    return uri


def parse_link(uri: "str") -> "tuple[int, str | None, str | None]":
    """(GTIN, batch, serial) that a GS1 Digital Link names; its other attributes are left alone.

    Raises Malformed for anything that is not one with AI 01 as its key: the GTIN has 14 digits here, scheme
    and AIs are spelled one way, and what may not stand in the query is refused as the standard does.
    """
    number, found, _ = _read(uri)
    return number, found.get("10"), found.get("21")


def link_elements(uri: "str") -> "list[tuple[str, str]]":
    """[(AI, value)] of a GS1 Digital Link: key and qualifiers as in its path, then the attributes of its query.

    The values of attributes are not looked at. Raises as `parse_link`.
    """
    number, found, pairs = _read(uri)
    path = [(ai, found[ai]) for ai in _QUALIFIERS + (_TPX,) if ai in found]
    return [("01", gtin14(number))] + path + pairs


def link_names(uri: "str", product: "Sequence[Any]") -> "bool | None":
    """Whether a link names the product of a stub's claim; None where the two cannot be compared.

    GS1: GTIN, and serial and batch where both state them. Web link: the same URI, fragments aside.
    """
    if product[0] == 1:
        named: "str" = product[1]
        return uri.partition("#")[0] == named.partition("#")[0]
    if product[0] != 0:
        return None
    if _is_plain_link(uri, product):
        return True
    try:
        number, batch, serial = parse_link(uri)
    except Malformed:
        return None
    if number != product[1] or serial not in (None, product[-1]):
        return False
    return len(product) < 4 or batch in (None, product[2])


def percent_encoded(text: "str") -> "str":
    """ASCII text as it stands in a URI's path: all but RFC 3986's unreserved characters as %XX."""
    return "".join([char if char in UNRESERVED else f"%{ord(char):02X}" for char in text])


def percent_decoded(text: "str") -> "str":
    """What percent_encoded() was given; Malformed where a percent sign has no two hex digits."""
    first, *rest = text.split("%")
    for piece in rest:
        code = piece[:2]
        if len(code) < 2 or code.strip("0123456789abcdefABCDEF"):
            raise Malformed(f"{text[:30]!r} has a percent sign without two hex digits")
        first += chr(int(code, 16)) + piece[2:]
    return first


def _is_plain_link(uri: "str", product: "Sequence[Any]") -> "bool":
    """Whether `uri` is the link that `link` makes of GTIN and serial below a plain base: most are."""
    tail = f"/01/{product[1]:014d}/21/{product[-1]}"
    base = uri[8 : -len(tail)]
    return (
        len(uri) <= _LONGEST_URI
        and uri.endswith(tail)
        and uri.startswith("https://")
        and not base.strip(_PLAIN)
        and base[:1] not in ("", "/")
        and not product[-1].strip(UNRESERVED)
    )


def _read(uri: "str") -> "tuple[int, dict[str, str], list[tuple[str, str]]]":
    """(GTIN, qualifiers, attributes) of a Digital Link."""
    if len(uri) > _LONGEST_URI or uri.strip(_URI):
        raise Malformed("not a URI")
    end = _host_end(uri)
    if not end:
        raise Malformed("not a URI of http or https")
    path, _, query = uri[end:].partition("#")[0].partition("?")
    gtin_text, found = _key_and_qualifiers(path.split("/"))
    pairs = _attributes(query, found)
    if len(gtin_text) != 14:
        raise Malformed(f"AI 01 {gtin_text[:20]!r} must be 14 digits")
    return gtin(gtin_text), found, pairs


def _attributes(query: "str", path: "Mapping[str, str]") -> "list[tuple[str, str]]":
    """What a query says by AI, decoded; names that are no digits, or stand alone, are no AIs."""
    found: "list[tuple[str, str]]" = []
    for part in query.replace(";", "&").split("&"):
        name, equals, value = part.partition("=")
        ai = percent_decoded(name)
        if ai in ("01", _TPX) + _QUALIFIERS and not (ai == "10" and _TPX in path):
            raise Malformed(f"AI {ai} belongs in the path, not in the query")
        if not ai or ai.strip(_DIGITS) or not equals:
            continue
        if not value:
            raise Malformed(f"AI {ai[:8]} has no value")
        if ai in [said for said, _ in found]:
            raise Malformed(f"AI {ai[:8]} occurs twice")
        if len(found) == _MOST_ATTRIBUTES:
            raise Malformed(f"more than {_MOST_ATTRIBUTES} AIs in the query")
        found.append((ai, percent_decoded(value.replace("+", " "))))
    return found


def _host_end(uri: "str") -> "int":
    """The offset behind scheme and host, 0 where they are not right (a scheme in mixed case, say)."""
    for scheme in ("https://", "http://", "HTTPS://", "HTTP://"):
        if uri.startswith(scheme):
            host = uri[len(scheme) :].partition("#")[0].partition("?")[0].partition("/")[0]
            return len(scheme) + len(host) if host and not host.strip(_HOST) else 0
    return 0


def _key_and_qualifiers(parts: "list[str]") -> "tuple[str, dict[str, str]]":
    """Walk the path by pairs from the right to AI 01: what stands before it is the resolver's own."""
    found: "dict[str, str]" = {}
    below = len(_QUALIFIERS)  # of the qualifier to the right: they ascend
    at = len(parts) - 2
    while at >= 1:
        ai, value = parts[at], percent_decoded(parts[at + 1])
        if ai == "01":
            return value, found
        if ai == _TPX and not found and 0 < len(value) <= _LONGEST_TPX:
            below = 0
        elif ai in _QUALIFIERS[:below] and is_serial(value):
            below = _QUALIFIERS.index(ai)
        else:
            raise Malformed(f"{ai[:8]!r} with {value[:30]!r} cannot stand behind AI 01 there")
        found[ai] = value
        at -= 2
    raise Malformed("no AI 01 in the path")
