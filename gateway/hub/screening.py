"""What a report's text may not hold: data about people, links and markup, by the table of screening_patterns.py.

A text is looked at as it reads: in its usual letters and digits, without invisible characters. What a pattern finds
may be wrong; the sender is told what was found and says it otherwise. Nothing that is refused is kept.
"""

import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from re import Match

from gateway.hub.screening_patterns import DATES, IBAN_LENGTHS, PATTERNS

_LONGEST_SAID = 60  # characters of what was found


@dataclass(frozen=True, slots=True)
class Found:
    """kind: what it is called, a key of texts ("email"); said: the words that were found."""

    kind: str
    said: str


def screened(text: str) -> list[Found]:
    """What stands in `text` that may not, the first of each kind."""
    found: dict[str, Found] = {}
    readable = DATES.sub(lambda date: "·" * len(date[0]), as_it_reads(text))
    for named, pattern in PATTERNS:
        kind = named.removesuffix("~")
        check = _CHECKS.get(kind, _any)
        for each in pattern.finditer(readable):
            said = check(each)
            if said:
                found.setdefault(kind, Found(kind, said[:_LONGEST_SAID]))
                readable = readable[: each.start()] + " " * len(each[0]) + readable[each.end() :]
    return list(found.values())


def as_it_reads(text: str) -> str:
    """`text` in its usual letters and digits (NFKC), spaces of one kind, without what is invisible."""
    usual = unicodedata.normalize("NFKC", text)
    return "".join(_readable(usual))


def is_luhn(digits: str) -> bool:
    """Whether the last digit checks the others (ISO/IEC 7812-1, Annex B)."""
    doubled = (int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits)))
    return sum(each - 9 if each > 9 else each for each in doubled) % 10 == 0


def is_iban(compact: str) -> bool:
    """Whether the check digits are right (ISO 13616-1; ISO 7064, MOD 97-10). compact: A-Z and 0-9 alone."""
    return int("".join(str(int(char, 36)) for char in compact[4:] + compact[:4])) % 97 == 1


def _readable(text: str) -> Iterator[str]:
    for char in text:
        kind = unicodedata.category(char)
        if kind in ("Zs", "Zl", "Zp") or char in "\r\n\t":
            yield " "
        elif kind == "Pd":
            yield "-"
        elif kind == "Nd":
            yield str(unicodedata.digit(char))
        elif kind not in ("Cf", "Cc", "Mn"):
            yield char


def _any(found: Match[str]) -> str:
    return found[0].strip()


def _iban(found: Match[str]) -> str:
    """An IBAN of its country's length at the start of what was found."""
    compact = "".join(char for char in found[0].upper() if char.isascii() and char.isalnum())
    length = IBAN_LENGTHS.get(compact[:2], 0)
    return compact[:length] if 0 < length <= len(compact) and is_iban(compact[:length]) else ""


def _card(found: Match[str]) -> str:
    return found[0] if is_luhn("".join(char for char in found[0] if char.isdigit())) else ""


_CHECKS: dict[str, Callable[[Match[str]], str]] = {"iban": _iban, "card": _card}
