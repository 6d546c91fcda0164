"""A product row becomes a passport document: canonical JSON, its SHA-256, and the totals that stand on the tag.

The columns are those of the Boavizta environmental footprint data: gwp_total in kg CO2e, four phase shares that sum
to one, lifetime in years, weight in kg. Document: UTF-8 JSON, keys sorted, no spaces, no floats; its bytes are what
is published. Totals are the variables of the circular product passport guideline (stub.md, "Totals"): grams, and
tenths of years. Halves are rounded to even.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from functools import cached_property

from edge import gs1

SHARES = (
    ("B1.1", "gwp_manufacturing_ratio"),
    ("B1.2", "gwp_transport_ratio"),
    ("B1.3", "gwp_use_ratio"),
    ("B1.4", "gwp_eol_ratio"),
)
SUM_COLUMN = "gwp_*_ratio"  # what a refusal names when the shares are wrong together
TOLERANCE = Decimal("0.02")  # how far from one the sum of the shares may be, inclusive
TOTAL_OF = {"mass": 10, "B1.1": 41, "B1.2": 42, "B1.3": 43, "B1.4": 44, "B1": 45, "C1.1": 51}
COLUMNS = ("manufacturer", "name", "gwp_total", *(column for _, column in SHARES), "lifetime")

_TEST_PREFIX = "952"  # GS1's prefix for examples; no product in a shop has it
_LARGEST_KG_CO2E = Decimal(1_000_000)
_LONGEST_YEARS = Decimal(50)
_HEAVIEST_KG = Decimal(10_000)
_NUMBER = re.compile(r"[+-]?[0-9]{1,12}(\.[0-9]{1,24})?([eE][+-]?[0-9]{1,2})?")
_LIST_VERSION = "cpp-2021.1"
_METHOD = {
    "B1": "use phase in years as assumed by the manufacturer's product carbon footprint report",
    "B1.x": "life-cycle total of the manufacturer's product carbon footprint report x share of the phase",
    "C1.1": "life in years as stated by the manufacturer's product carbon footprint report",
    "mass": "product mass as stated by the manufacturer",
}


class Unfit(Exception):
    """A row cannot become a passport: `column` names the cell, `reason` says why."""

    def __init__(self, column: str, reason: str) -> None:
        super().__init__(f"{column}: {reason}")
        self.column = column
        self.reason = reason


@dataclass(frozen=True)
class Passport:
    """A passport document as it is published, and the product that it is for."""

    gtin: int
    serial: str
    document: bytes

    @cached_property
    def digest(self) -> bytes:
        """SHA-256 of the document, 32 bytes."""
        return hashlib.sha256(self.document).digest()

    @cached_property
    def totals(self) -> dict[int, int]:
        """Variable code -> integer, read back from the document's own variables."""
        return totals(json.loads(self.document)["variables"])


def passport(cells: Mapping[str, str], serial: str) -> Passport:
    """The passport of one row (column -> cell); raises Unfit with the first column that is wrong."""
    for column in ("manufacturer", "name"):
        if not cells[column].strip():
            raise Unfit(column, "empty")
    gtin = example_gtin(cells["manufacturer"], cells["name"])
    document = {
        "product": {
            "gtin": gs1.gtin14(gtin),
            "serial": serial,
            "manufacturer": cells["manufacturer"],
            "name": cells["name"],
        },
        "reported": {column: cell for column, cell in cells.items() if cell},
        "schema": "tagwright.org/passport/1",
        "variables": _variables(cells),
    }
    return Passport(gtin, serial, canonical(document))


def example_gtin(manufacturer: str, name: str) -> int:
    """A GTIN under the test prefix: the same for the same model, with a right check digit."""
    model = hashlib.sha256(f"{manufacturer}\0{name}".encode()).digest()
    item = int.from_bytes(model[:8], "big") % 10**9
    twelve = f"{_TEST_PREFIX}{item:09d}"
    return int(twelve + gs1.check_digit(twelve))


def totals(variables: Mapping[str, Mapping[str, object]]) -> dict[int, int]:
    """What the tag may say of these variables; raises Unfit for one without a method and a list version."""
    found = {}
    for name, variable in variables.items():
        for needed in ("method", "list_version"):
            if not variable.get(needed):
                raise Unfit(name, f"a variable without a {needed} does not go on a tag")
        value = variable["value"]
        if isinstance(value, bool) or not isinstance(value, int):
            raise Unfit(name, "not a whole number")
        found[TOTAL_OF[name]] = value
    return found


def canonical(document: object) -> bytes:
    """Deterministic JSON: keys sorted, no spaces, UTF-8."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode()


def _variables(cells: Mapping[str, str]) -> dict[str, dict[str, object]]:
    total = _within(cells, "gwp_total", Decimal(0), _LARGEST_KG_CO2E, "kg")
    shares = {name: _share(cells, column) for name, column in SHARES}
    whole = sum(shares.values(), Decimal(0))
    if abs(whole - 1) > TOLERANCE:
        raise Unfit(SUM_COLUMN, f"the four shares sum to {_plain(whole)}, not 1 within {TOLERANCE}")
    years = _within(cells, "lifetime", Decimal(0), _LONGEST_YEARS, "years")
    found = {
        name: _variable("g", total * share * 1000, "B1.x") | {"share": _plain(share)}
        for name, share in shares.items()
    }
    found["B1"] = _variable("0.1 a", years * 10, "B1")
    found["C1.1"] = _variable("0.1 a", years * 10, "C1.1")
    if cells.get("weight", "").strip():
        mass = _within(cells, "weight", Decimal(0), _HEAVIEST_KG, "kg")
        found["mass"] = _variable("g", mass * 1000, "mass")
    return found


def _variable(unit: str, value: Decimal, method: str) -> dict[str, object]:
    whole = int(value.quantize(Decimal(1), ROUND_HALF_EVEN))
    return {"unit": unit, "value": whole, "method": _METHOD[method], "list_version": _LIST_VERSION}


def _share(cells: Mapping[str, str], column: str) -> Decimal:
    value = _number(cells, column)
    if not 0 <= value <= 1:
        raise Unfit(column, f"{cells[column].strip()} is not a share between 0 and 1")
    return value


def _within(
    cells: Mapping[str, str], column: str, above: Decimal, most: Decimal, unit: str
) -> Decimal:
    value = _number(cells, column)
    if not above < value <= most:
        raise Unfit(
            column, f"{cells[column].strip()} {unit} is not above {above} and at most {most}"
        )
    return value


def _number(cells: Mapping[str, str], column: str) -> Decimal:
    cell = cells[column].strip()
    if not cell:
        raise Unfit(column, "empty")
    if not _NUMBER.fullmatch(cell):
        raise Unfit(column, f"not a number: {cell[:24]!r}")
    return Decimal(cell)


def _plain(value: Decimal) -> str:
    return f"{value.normalize():f}"
