"""Carriers: which codes a product must carry beside its tag, and whether a code that was read is one of them.

A battery is marked with a QR code from 18 February 2027 on, which a tag does not replace (Regulation (EU) 2023/1542,
Article 13(6) and Annex VI, part C).
"""

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from edge import stub
from gateway.model import CodeRead

TAGS = ("nfc", "rain")
CODES = ("qr", "datamatrix")

SECTORS = {"battery": 1}
"""Sector profile -> its id, the first item of a stub's claim 12."""

_REQUIRED = {1: ("qr",)}  # by sector profile: the codes that its law asks for
_BETWEEN = re.compile(r"[,;+\s]+")
_LETTERS = {"Q": "qr", "d": "datamatrix"}  # of AIM identifiers
_SYMBOLOGIES = {"QRCode": "qr", "DataMatrix": "datamatrix"}


def listed(cell: str) -> tuple[str, ...]:
    """The carriers that a cell of a job file lists, as "nfc,qr"; ValueError for another word, or two kinds of tag."""
    words = tuple(each for each in _BETWEEN.split(cell.strip().lower()) if each)
    for each in words:
        if each not in (*TAGS, *CODES):
            raise ValueError(f"{each[:24]!r} is no carrier: write {', '.join((*TAGS, *CODES))}")
    if all(each in words for each in TAGS):
        raise ValueError("one tag a product: nfc or rain")
    return tuple(dict.fromkeys(words))


def codes(
    claims: Mapping[int, Any], carriers: Collection[str], requires: Collection[str]
) -> tuple[str, ...]:
    """The codes that a product must carry: as its order lists, its station requires, or its sector's law asks."""
    sector: Sequence[Any] = claims.get(stub.SECTOR, ())
    by_law = _REQUIRED.get(sector[0], ()) if sector else ()
    return tuple(each for each in CODES if each in (*carriers, *requires, *by_law))


def carrier(read: CodeRead) -> str:
    """Which carrier a code is, by its AIM identifier, else its symbology; "" for others, and where neither is told."""
    if len(read.aim) == 3:
        return _LETTERS.get(read.aim[1], "")
    return _SYMBOLOGIES.get(read.symbology, "")
