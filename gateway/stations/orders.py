"""Work orders: what goes onto which product's tag, one row of a CSV job file each.

A job file is UTF-8 CSV (RFC 4180) with a header, in one of two shapes, told apart by the column `gtin`:

work orders   gtin, serial, digest (64 hex digits) and, as wanted, batch, link, operator, carriers ("nfc,qr": what the
              product must carry before it is done), sector ("battery") and total_10 .. total_54 (stub.md, "Totals":
              grams, tenths of years)
products      manufacturer, name, gwp_total, gwp_manufacturing_ratio, gwp_transport_ratio, gwp_use_ratio,
              gwp_eol_ratio, lifetime and, as known, weight; other columns go into the passport as reported.
              The GTIN comes from GS1's test prefix, the serial is R and the row's number

Row 1 is the first row after the header. A row that cannot be an order is told by an OrderError with the row, the
column and the reason, and the rest of the file goes on. Nothing else is raised for what a file holds.
"""

import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from edge import gs1, stub, weblink
from edge.errors import Malformed
from gateway.stations import carriers, passport

_LARGEST_FILE = 64 << 20  # bytes
_LONGEST_CELL = 4096  # characters
_MOST_COLUMNS = 128
_ORDER_COLUMNS = ("gtin", "serial", "digest", "batch", "link", "operator", "carriers", "sector")
_TOTAL = re.compile(r"total_([1-9][0-9])")
_WHOLE = re.compile(r"[0-9]{1,18}")
_HEX_DIGEST = re.compile(r"[0-9a-fA-F]{64}")

Claims = dict[int, Any]
_Rows = Iterator[list[str] | csv.Error]


class OrderError(Exception):
    """Row `row` (0: the file itself) cannot be an order: `column` names the cell, if it is one; `reason` says why."""

    def __init__(self, row: int, column: str, reason: str) -> None:
        where = f"row {row}" if row else "job file"
        super().__init__(f"{where}, {column}: {reason}" if column else f"{where}: {reason}")
        self.row = row
        self.column = column
        self.reason = reason


@dataclass(frozen=True)
class Order:
    """What to write: `claims` without issued_at, seq, prev and carrier, which the station knows; `link` the URI.

    document: the passport that the digest is of, where the order brought one. row: 0 for an order of its own.
    overwrite: what another product or program left on the tag may go. lock: make the tag read-only afterwards.
    carriers: as the order lists them, a tag's medium and codes.
    """

    claims: Claims
    link: str
    row: int = 0
    document: bytes | None = field(default=None, repr=False)
    overwrite: bool = False
    lock: bool = False
    carriers: tuple[str, ...] = ()

    @property
    def product(self) -> str:
        """The product's name in the journal; see `product_name`."""
        return product_name(self.claims[stub.PRODUCT])

    @property
    def digest(self) -> bytes | None:
        """SHA-256 of the passport document, if the claims have it."""
        found = self.claims.get(stub.DIGEST)
        return found if isinstance(found, bytes) else None


def product_name(product: object) -> str:
    """The journal's name of a product claim, see edge.stub.product_name; "" for what is none."""
    return stub.product_name(product) if isinstance(product, list | tuple) else ""


def gtin_serial(product: object) -> tuple[str, str]:
    """(GTIN in 14 digits, serial) of a GS1 product claim; ("", "") for the other schemes."""
    if not isinstance(product, list | tuple) or product[0] != 0:
        return "", ""
    return gs1.gtin14(product[1]), str(product[-1])


def orders(raw: bytes, base: str, hosts: Sequence[str] = ()) -> Iterator[Order | OrderError]:
    """Yield each row's Order, or the OrderError that refuses it; base: where links begin, "https://id.example.com".

    hosts: those that links may name, () for any. A link that fails the pre-flight (edge.weblink.faults) is refused.
    Raises OrderError with row 0 where the file as a whole is none (too large, no such columns), or `base` fails.
    """
    rows = _rows(raw)
    header = _header(rows)
    wrong = weblink.faults(base, hosts)
    if wrong:
        raise OrderError(0, "", f"links would begin with {base}: {'; '.join(wrong)}")
    if "gtin" in header:
        return _each(rows, header, partial(_work_order, base=base, hosts=hosts))
    return _each(rows, header, partial(_product_order, base=base))


def _each(
    rows: _Rows, header: list[str], order: Callable[[int, Mapping[str, str]], "Order"]
) -> Iterator[Order | OrderError]:
    number = 0
    for row in rows:
        if row == []:
            continue  # an empty line
        number += 1
        try:
            yield order(number, _cells(number, row, header))
        except OrderError as why:
            yield why


def _work_order(number: int, cells: Mapping[str, str], base: str, hosts: Sequence[str]) -> Order:
    try:
        gtin = gs1.gtin(cells["gtin"].strip())
    except Malformed as why:
        raise OrderError(number, "gtin", str(why)) from why
    serial, batch = cells["serial"].strip(), cells.get("batch", "").strip()
    if not serial:
        raise OrderError(number, "serial", "empty")
    if not _HEX_DIGEST.fullmatch(cells["digest"].strip()):
        raise OrderError(number, "digest", "not 64 hex digits")
    claims: Claims = {
        stub.PRODUCT: [0, gtin, batch, serial] if batch else [0, gtin, serial],
        stub.DIGEST: bytes.fromhex(cells["digest"].strip()),
    }
    totals = {}
    for column, cell in cells.items():
        code = _TOTAL.fullmatch(column)
        if code and cell.strip():
            if not _WHOLE.fullmatch(cell.strip()):
                raise OrderError(number, column, f"not a whole number: {cell[:24]!r}")
            totals[int(code[1])] = int(cell)
    if totals:
        claims[stub.TOTALS] = totals
    if cells.get("operator", "").strip():
        claims[stub.OPERATOR] = cells["operator"].strip()
    sector = _sector(number, cells)
    if sector is not None:
        claims[stub.SECTOR] = sector
    link = _own_link(number, cells, claims, hosts) or _link(
        number, base, gtin, serial, batch or None
    )
    return _checked(Order(claims, link, number, carriers=_carriers(number, cells)))


def _sector(number: int, cells: Mapping[str, str]) -> list[Any] | None:
    sector = cells.get("sector", "").strip().lower()
    if sector and sector not in carriers.SECTORS:
        known = ", ".join(carriers.SECTORS)
        raise OrderError(number, "sector", f"no sector profile {sector[:24]!r}: {known}")
    return [carriers.SECTORS[sector], {}] if sector else None


def _own_link(number: int, cells: Mapping[str, str], claims: Claims, hosts: Sequence[str]) -> str:
    link = cells.get("link", "").strip()
    wrong = weblink.faults(link, hosts, stub.ITEM, claims[stub.PRODUCT]) if link else []
    if wrong:
        raise OrderError(number, "link", f"{link[:80]!r}: {'; '.join(wrong)}")
    return link


def _carriers(number: int, cells: Mapping[str, str]) -> tuple[str, ...]:
    try:
        return carriers.listed(cells.get("carriers", ""))
    except ValueError as why:
        raise OrderError(number, "carriers", str(why)) from why


def _product_order(number: int, cells: Mapping[str, str], base: str) -> Order:
    try:
        found = passport.passport(cells, f"R{number}")
        totals = found.totals
    except passport.Unfit as why:
        raise OrderError(number, why.column, why.reason) from why
    claims: Claims = {
        stub.PRODUCT: [0, found.gtin, found.serial],
        stub.DIGEST: found.digest,
        stub.TOTALS: totals,
    }
    link = _link(number, base, found.gtin, found.serial, None)
    return _checked(Order(claims, link, number, found.document))


def _checked(order: Order) -> Order:
    try:
        stub.check({**order.claims, stub.VERSION: 1, stub.ISSUED_AT: 0, stub.SEQ: 0})
    except Malformed as why:
        raise OrderError(order.row, "", str(why)) from why
    return order


def _link(number: int, base: str, gtin: int, serial: str, batch: str | None) -> str:
    try:
        return gs1.link(base, gtin, serial, batch)
    except Malformed as why:
        raise OrderError(number, "serial", str(why)) from why


def _cells(number: int, row: list[str] | csv.Error, header: list[str]) -> dict[str, str]:
    if isinstance(row, csv.Error):
        raise OrderError(number, "", f"no CSV: {row}")
    if len(row) != len(header):
        raise OrderError(number, "", f"{len(row)} cells under {len(header)} columns")
    for column, cell in zip(header, row, strict=True):
        fault = _fault(cell)
        if fault:
            raise OrderError(number, column, fault)
    return dict(zip(header, row, strict=True))


def _fault(cell: str) -> str:
    if len(cell) > _LONGEST_CELL:
        return f"{len(cell)} characters, {_LONGEST_CELL} at most"
    if "\0" in cell:
        return "a NUL byte"
    if any("\udc80" <= letter <= "\udcff" for letter in cell):
        return "not UTF-8"
    return ""


def _header(rows: _Rows) -> list[str]:
    first = next((row for row in rows if row != []), None)
    if first is None:
        raise OrderError(0, "", "empty")
    if isinstance(first, csv.Error):
        raise OrderError(0, "", f"no CSV: {first}")
    if len(first) > _MOST_COLUMNS or any(_fault(cell) for cell in first):
        raise OrderError(0, "", "the header is no UTF-8 text: save the file as CSV, UTF-8")
    header = [cell.strip() for cell in first]
    twice = sorted({column for column in header if header.count(column) > 1})
    if twice:
        raise OrderError(0, twice[0], "stands twice in the header")
    _check_columns(header)
    return header


def _check_columns(header: list[str]) -> None:
    needed = _ORDER_COLUMNS[:3] if "gtin" in header else passport.COLUMNS
    missing = [column for column in needed if column not in header]
    if missing:
        raise OrderError(
            0, missing[0], "this column is missing; `tagwright job run --help` lists them"
        )
    if "gtin" not in header:
        return
    for column in header:
        total = _TOTAL.fullmatch(column)
        known = total and int(total[1]) in stub.TOTAL_CODES
        if not known and column not in _ORDER_COLUMNS:
            raise OrderError(0, column, "no such column; `tagwright job run --help` lists them")


def _rows(raw: bytes) -> _Rows:
    if len(raw) > _LARGEST_FILE:
        raise OrderError(0, "", f"larger than {_LARGEST_FILE >> 20} MiB: split it")
    text = raw.decode("utf-8-sig", "surrogateescape")
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    return _parsed(reader)


def _parsed(reader: Iterator[list[str]]) -> _Rows:
    while True:
        try:
            yield next(reader)
        except StopIteration:
            return
        except csv.Error as why:
            yield why
