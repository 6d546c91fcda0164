"""The variables of the circular product passport (CPP), of a passport's document and of a tag's totals side by side.

A document states them as {"variables": {"B1.1": {"value", "unit", "method", "list_version"}}}; a stub's totals by the
codes of stub.md. What is in another unit than the profile's is converted; what cannot be, is left to be shown as it is.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

# fmt: off
CODES = {
    "mass": 10, "A1.1": 11, "A1.2": 12, "A1.3": 13, "A1.4": 14, "A2.1": 21, "A2.2": 22, "A3.1": 31,
    "B1.1": 41, "B1.2": 42, "B1.3": 43, "B1.4": 44, "B1": 45, "B2.1": 46,
    "C1.1": 51, "C1.2": 52, "C1.3": 53, "C1.4": 54,
}  # variable -> code of a stub's total
# fmt: on
MATERIALS = ("A1.1", "A1.2", "A1.3", "A1.4", "A2.1", "A2.2", "A3.1")
PHASES = ("B1.1", "B1.2", "B1.3", "B1.4")
LIFE = ("C1.1", "C1.2", "C1.3", "C1.4")

_GRAMS, _TENTHS, _PLAIN = "grams", "tenths", "plain"
_UNITS = {
    "mg": (_GRAMS, "0.001"),
    "g": (_GRAMS, "1"),
    "kg": (_GRAMS, "1000"),
    "t": (_GRAMS, "1e6"),
    "0.1 a": (_TENTHS, "1"),
    "a": (_TENTHS, "10"),
    "years": (_TENTHS, "10"),
}
_LARGEST = Decimal(10) ** 18


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable. value: in grams or tenths of years, by what the passport says, else by the tag.

    source: "document", "tag" or "both"; on_tag: what the tag says, where that differs.
    """

    code: str
    value: Decimal
    source: str
    on_tag: Decimal | None = None
    method: str = ""
    list_version: str = ""


def variables(said: object, totals: Mapping[str, int]) -> dict[str, Variable] | None:
    """code -> Variable, of a document's member `variables` (None: it has none) and a stub's totals by their names.

    None where the member is not as described: it is then shown as it stands.
    """
    if said is None:
        published: dict[str, Variable] = {}
    elif isinstance(said, dict):
        read = {code: _read(code, each) for code, each in said.items()}
        published = {code: each for code, each in read.items() if each is not None}
        if len(published) != len(said):
            return None
    else:
        return None
    return {code: found for code in CODES if (found := _both(code, published, totals)) is not None}


def kind(code: str) -> str:
    """What a variable counts: "grams", "tenths" (of years) or "plain"."""
    if code == "B2.1":
        return _PLAIN
    return _TENTHS if code == "B1" or code in LIFE else _GRAMS


def _both(
    code: str, published: Mapping[str, Variable], totals: Mapping[str, int]
) -> Variable | None:
    found = published.get(code)
    total = totals.get(str(CODES[code]))
    if total is None:
        return found
    value = Decimal(total)
    if found is None:
        return Variable(code, value, "tag")
    if found.value == value:
        return Variable(code, value, "both", None, found.method, found.list_version)
    return Variable(code, found.value, "document", value, found.method, found.list_version)


def _read(code: str, said: Any) -> Variable | None:
    if code not in CODES or not isinstance(said, dict):
        return None
    if set(said) - {"value", "unit", "method", "list_version", "share"}:
        return None
    value = quantity(said.get("value"), said.get("unit"), kind(code))
    method, version = said.get("method", ""), said.get("list_version", "")
    if value is None or not isinstance(method, str) or not isinstance(version, str):
        return None
    return Variable(code, value, "document", None, method, version)


def quantity(value: object, unit: object, wanted: str) -> Decimal | None:
    """A value in grams or in tenths of years; None where it is no number, or in no such unit."""
    found = decimal(value)
    if found is None:
        return None
    if wanted == _PLAIN:
        return found if unit in (None, "", "1") else None
    counted, factor = _UNITS.get(unit, ("", "1")) if isinstance(unit, str) else ("", "1")
    return found * Decimal(factor) if counted == wanted else None


def decimal(value: object) -> Decimal | None:
    """A JSON number, of a size that can be shown."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        found = Decimal(str(value))
    except InvalidOperation:
        return None
    return found if abs(found) < _LARGEST else None
