"""GS1 identifiers as EPCIS events spell them: EPC URNs and Digital Links, and the one canonical form of each.

GS1 CBV 2.0, "EPCIS event hash ID", rules on URIs: the canonical Digital Link at id.gs1.org, without query, with no more
qualifiers than the finest level of identification takes. GS1 TDS 2.0, "EPC URI".
"""

import re
from functools import lru_cache
from typing import NamedTuple

from edge import gs1
from edge.errors import Malformed

_HOST = "https://id.gs1.org"
_ALIASES = {  # words of Digital Link URI Syntax 1.2 and before
    "gtin": "01",
    "itip": "8006",
    "cpid": "8010",
    "gln": "414",
    "party": "417",
    "gsrnp": "8017",
    "gsrn": "8018",
    "gcn": "255",
    "sscc": "00",
    "gdti": "253",
    "ginc": "401",
    "gsin": "402",
    "grai": "8003",
    "giai": "8004",
    "cpv": "22",
    "lot": "10",
    "ser": "21",
}
_CHAR = r"(?:[^/%]|%[0-9A-Fa-f]{2})"
_KEYS = {  # AI -> (what its value is, where its check digit stands from 0 on, None for none)
    "00": (re.compile(r"[0-9]{18}"), 17),
    "01": (re.compile(r"[0-9]{14}|[0-9]{13}|[0-9]{12}|[0-9]{8}"), -1),
    "253": (re.compile(rf"[0-9]{{13}}{_CHAR}{{0,17}}"), 12),
    "255": (re.compile(r"[0-9]{13,25}"), 12),
    "401": (re.compile(rf"[0-9]{{4}}{_CHAR}{{0,26}}"), None),
    "402": (re.compile(r"[0-9]{17}"), 16),
    "414": (re.compile(r"[0-9]{13}"), 12),
    "417": (re.compile(r"[0-9]{13}"), 12),
    "8003": (re.compile(rf"0[0-9]{{13}}{_CHAR}{{0,16}}"), 13),
    "8004": (re.compile(rf"[0-9]{{4}}{_CHAR}{{0,26}}"), None),
    "8006": (re.compile(r"[0-9]{18}"), 13),
    "8010": (re.compile(rf"[0-9]{{4}}{_CHAR}{{0,26}}"), None),
    "8017": (re.compile(r"[0-9]{18}"), 17),
    "8018": (re.compile(r"[0-9]{18}"), 17),
}
_QUALIFIERS = {  # the finest level first; the others may stand before it
    "01": ("21", "10", "235", "22"),
    "8006": ("21", "10", "22"),
    "414": ("254",),
    "8010": ("8011",),
}
_VALUES = {  # of qualifiers
    "10": re.compile(rf"{_CHAR}{{1,20}}"),
    "21": re.compile(rf"{_CHAR}{{1,20}}"),
    "22": re.compile(rf"{_CHAR}{{1,20}}"),
    "235": re.compile(rf"{_CHAR}{{1,28}}"),
    "254": re.compile(rf"{_CHAR}{{1,20}}"),
    "8011": re.compile(r"[0-9]{1,12}"),
}
_COARSE = ("22",)  # qualifiers that are left out
_PLAIN = re.compile(r"https://id\.gs1\.org/01/[0-9]{14}(/(21|10)/[^/?#]{1,20})?")

_URN = re.compile(r"urn:epc:(id|class|idpat):([a-z]+):(.+)")
_UNSAFE = str.maketrans({char: f"%{ord(char):02X}" for char in "!()*+,:"})


class Gs1Key(NamedTuple):
    """A GS1 key: its AI and value, and at most one (AI, value) of a qualifier; values as they stand in a URI."""

    ai: str
    value: str
    qualifier: tuple[str, str] | None = None

    @property
    def link(self) -> str:
        """Its canonical Digital Link."""
        tail = "" if self.qualifier is None else f"/{self.qualifier[0]}/{self.qualifier[1]}"
        return f"{_HOST}/{self.ai}/{self.value}{tail}"


def canonical(uri: str) -> str:
    """The canonical Digital Link of what a URI identifies; every other URI as it stands."""
    if _PLAIN.fullmatch(uri):
        return uri
    return _canonical(uri)


@lru_cache(maxsize=1024)  # of places, mostly
def _canonical(uri: str) -> str:
    found = key(uri)
    return uri if found is None else found.link


def key(uri: str) -> Gs1Key | None:
    """The GS1 key that an EPC URN or a Digital Link names, at its finest level; None for any other URI."""
    if uri.startswith("urn:epc:"):
        return _of_urn(uri)
    if uri.startswith(("https://", "http://")):
        return _of_link(uri)
    return None


def fault(uri: str) -> str:
    """What is wrong with the check digit in a URI; "" where it is right, or none is called for."""
    found = key(uri)
    if found is None:
        return ""
    place = _KEYS[found.ai][1]
    if place is None:
        return ""
    digits = found.value[: place + 1] if place >= 0 else found.value
    right = gs1.check_digit(digits[:-1])
    if digits[-1] == right:
        return ""
    return f"the check digit of AI {found.ai} {digits} should be {right}"


def gtin_link(gtin14: str, serial: str) -> str:
    """The canonical Digital Link of one item."""
    return f"{_HOST}/01/{gtin14}/21/{gs1.percent_encoded(serial)}"


def _of_link(uri: str) -> Gs1Key | None:
    """GS1 Digital Link URI Syntax, "Semantics": the key is the last one whose tail is its own qualifiers."""
    path = uri.partition("#")[0].partition("?")[0].rstrip("/").split("/")[3:]
    for at in range(len(path) - 2, -1, -2):
        ai = _ALIASES.get(path[at], path[at])
        if ai not in _KEYS:
            continue
        value = path[at + 1]
        if not _KEYS[ai][0].fullmatch(value):
            return None
        tail = path[at + 2 :]
        found = {_ALIASES.get(n, n): v for n, v in zip(tail[::2], tail[1::2], strict=True)}
        allowed = _QUALIFIERS.get(ai, ())
        if any(n not in allowed or not _VALUES[n].fullmatch(v) for n, v in found.items()):
            return None
        finest = next((n for n in allowed if n in found and n not in _COARSE), None)
        if ai == "01":
            value = value.zfill(14)
        return Gs1Key(ai, value, None if finest is None else (finest, found[finest]))
    return None


def _of_urn(uri: str) -> Gs1Key | None:
    match = _URN.fullmatch(uri)
    if match is None:
        return None
    kind, scheme, rest = match.groups()
    parts = rest.split(".")
    try:
        if kind == "idpat":
            if parts.pop() != "*":
                return None
            return _made(scheme, parts, "")
        if scheme in ("sscc", "gsrn", "gsrnp", "gsin", "pgln"):
            return _made(scheme, parts, "")
        if scheme in ("giai", "ginc"):
            prefix, _, reference = rest.partition(".")
            return _made(scheme, [prefix, reference], "")
        parts = rest.split(".", 4 if scheme == "itip" else 2)
        return _made(scheme, parts[:-1], parts[-1].translate(_UNSAFE))
    except (ValueError, Malformed):  # too few parts, or no digits
        return None


def _made(scheme: str, parts: list[str], serial: str) -> Gs1Key | None:
    """The key that (company prefix, reference, ...) and a serial make; ValueError, Malformed where they make none."""
    prefix, reference, *more = parts
    both = prefix + reference
    if scheme in ("giai", "ginc"):
        value = (prefix + reference.translate(_UNSAFE)) if reference else ""
        return _right(Gs1Key("8004" if scheme == "giai" else "401", value))
    if scheme == "cpi":
        return _right(Gs1Key("8010", both.translate(_UNSAFE), _pair("8011", serial)))
    if scheme in ("sgtin", "lgtin", "upui", "itip"):
        gtin = _checked(reference[:1] + prefix + reference[1:], 13)
        if scheme == "itip":
            return _right(Gs1Key("8006", gtin + "".join(more), _pair("21", serial)))
        qualifier = {"sgtin": "21", "lgtin": "10", "upui": "235"}[scheme]
        return _right(Gs1Key("01", gtin, _pair(qualifier, serial)))
    if scheme == "sscc":
        return _right(Gs1Key("00", _checked(reference[:1] + prefix + reference[1:], 17)))
    if scheme in ("sgln", "pgln"):
        ai = "414" if scheme == "sgln" else "417"
        return _right(Gs1Key(ai, _checked(both, 12), _pair("254", "" if serial == "0" else serial)))
    if scheme in ("gsrn", "gsrnp"):
        return _right(Gs1Key("8018" if scheme == "gsrn" else "8017", _checked(both, 17)))
    if scheme == "gsin":
        return _right(Gs1Key("402", _checked(both, 16)))
    appended = {"grai": ("8003", "0"), "gdti": ("253", ""), "sgcn": ("255", "")}.get(scheme)
    if appended is None:
        return None
    ai, filler = appended
    return _right(Gs1Key(ai, filler + _checked(both, 12) + serial))


def _pair(ai: str, value: str) -> tuple[str, str] | None:
    return (ai, value) if value else None


def _checked(digits: str, length: int) -> str:
    if len(digits) != length:
        raise ValueError(f"{digits!r} has not {length} digits")
    return digits + gs1.check_digit(digits)


def _right(key: Gs1Key) -> Gs1Key | None:
    if key.qualifier is not None and not _VALUES[key.qualifier[0]].fullmatch(key.qualifier[1]):
        return None
    return key if _KEYS[key.ai][0].fullmatch(key.value) else None
