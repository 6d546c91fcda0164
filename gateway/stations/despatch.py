"""A despatch advice: which tags are to be on a pallet, as a CSV with a header (UTF-8, RFC 4180), a tag a row.

Columns: epc (hex, an EPC URI or a GS1 Digital Link), or gtin and serial; others are left alone. One row that is wrong
makes the file as a whole of no use: whoever checks a pallet against half a list finds what is not so.
"""

import csv
import io
import re

from edge import epc as epcs
from edge import gen2, gs1
from edge.errors import Malformed
from gateway.stations.orders import OrderError, product_name

_LARGEST_FILE = 16 << 20  # bytes
_MOST_ROWS = 100_000
_HEX = re.compile(r"([0-9a-fA-F]{4}){1,31}")  # whole words; an EPC has at most 31


def epc_of(epc: bytes, pc: int = 0) -> epcs.Epc | None:
    """The EPC in these words; None for no known scheme, and where the PC word says that they are no EPC."""
    try:
        return epcs.decode(epc) if gen2.is_epc(pc) else None
    except Malformed:
        return None


def name_of(epc: bytes, pc: int = 0) -> str:
    """What a tag is called on a list: "GTIN14/SERIAL", another EPC's pure identity URI, else its words in hex."""
    found = epc_of(epc, pc)
    return epc.hex() if found is None else _name(found)


def expected(raw: bytes) -> frozenset[str]:
    """The names of the tags in a despatch advice; raises OrderError with the first row (0: the file) that is wrong."""
    if len(raw) > _LARGEST_FILE:
        raise OrderError(0, "", f"larger than {_LARGEST_FILE >> 20} MiB")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as why:
        raise OrderError(0, "", f"not UTF-8 at byte {why.start}") from why
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    names = set()
    try:
        columns = [cell.strip().lower() for cell in next(rows, [])]
        wanted = ("epc",) if "epc" in columns else ("gtin", "serial")
        for column in wanted:
            if column not in columns:
                raise OrderError(0, column, "this column is missing: write epc, or gtin and serial")
        places = [columns.index(column) for column in wanted]
        for number, row in enumerate((row for row in rows if row), 1):
            if number > _MOST_ROWS:
                raise OrderError(number, "", f"more than {_MOST_ROWS} rows")
            if len(row) != len(columns):
                raise OrderError(number, "", f"{len(row)} cells under {len(columns)} columns")
            names.add(_row(number, wanted, [row[place].strip() for place in places]))
    except csv.Error as why:
        raise OrderError(0, "", f"no CSV: {why}") from why
    return frozenset(names)


def _row(number: int, columns: tuple[str, ...], cells: list[str]) -> str:
    try:
        if len(columns) == 1:
            return _named(cells[0])
        product = [0, gs1.gtin(cells[0]), cells[1]]
    except Malformed as why:
        raise OrderError(number, columns[0], str(why)) from why
    if not gs1.is_serial(cells[1]):
        raise OrderError(number, columns[1], f"{cells[1][:24]!r} is no serial number of AI 21")
    return product_name(product)


def _named(text: str) -> str:
    if _HEX.fullmatch(text):
        return name_of(bytes.fromhex(text))
    scheme = "sgtin-198" if text.startswith("urn:epc:id:sgtin:") else ""
    if text.startswith("urn:epc:id:") and not scheme:
        return text
    return _name(epcs.from_uri(text, scheme))


def _name(epc: epcs.Epc) -> str:
    return product_name(epc.product) if epc.product is not None else epc.uri
