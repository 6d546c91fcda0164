"""A journal's rows and gaps: walked, as JSON, and as a line."""

from collections.abc import Iterator, Mapping
from typing import Any

from gateway.cli.output import rfc3339
from gateway.cli.paint import printable
from gateway.journal import Gap, Records, Row

_PAGE = 1000  # rows that are read at once
_NAMED = 4  # of a pallet's missing or unexpected tags, of a label's faults

LARGEST = (1 << 63) - 1
"""Of SQLite's integers."""


def pieces(records: Records, after: int = 0) -> Iterator[Row | Gap]:
    """Every row and gap behind `after`, in order."""
    while found := records.pieces(after, _PAGE):
        yield from found
        last = found[-1]
        after = last.last if isinstance(last, Gap) else last.seq


def shape(row: Row | Gap) -> dict[str, Any]:
    """What --json prints of it."""
    if isinstance(row, Gap):
        return row._asdict()
    return {
        "seq": row.seq,
        "at": rfc3339(row.at_ns / 1e9),
        "kind": row.kind,
        "station": row.station,
        "uid": row.uid,
        "product": row.product,
        "content": {name: _plain(name, value) for name, value in row.content().items()},
        "hash": row.hash,
    }


def line(row: Row | Gap) -> str:
    """The same for people, on one line."""
    if isinstance(row, Gap):
        return f"{row.first:8}  to {row.last}: {row.reason}"
    return printable(
        f"{row.seq:8}  {rfc3339(row.at_ns / 1e9)}  {row.kind:8} {row.station:12}"
        f"  {tag_of(row).hex():14}  {row.product:36}  {what(row)}"
    )


def tag_of(row: Row) -> bytes:
    """The UID or TID of a row, or else the EPC."""
    epc = row.content().get("epc")
    return row.uid or (epc if isinstance(epc, bytes) else b"")


def what(row: Row) -> str:
    """What happened: the reason, else outcome, act or zone, and what is missing; of an act, who wanted it."""
    content = row.content()
    if row.kind == "audit":
        return _act(content)
    said = str(content.get("reason") or content.get("outcome") or content.get("act") or "")
    if isinstance(zone := content.get("zone"), str):
        said = f"{content.get('act')}: {zone}"
    for which in ("missing", "unexpected", "faults"):
        if names := list(content.get(which) or ()):  # of a product: carrier -> why it is missing
            more = ", ..." if len(names) > _NAMED else ""
            said += f"; {which} {', '.join(map(str, names[:_NAMED]))}{more}"
    return said


def _act(content: Mapping[str, Any]) -> str:
    wanted = " ".join(str(content[key]) for key in ("act", "about") if content.get(key))
    said = f"{content.get('name') or 'somebody'}: {wanted}"
    if content.get("allowed") is False:
        said += ", refused"
    return f"{said}: {reason}" if (reason := content.get("reason")) else said


def _plain(name: str, value: Any) -> Any:
    """Points in time, which stand there as Unix seconds, as RFC 3339."""
    return rfc3339(value) if name.endswith("_at") and isinstance(value, float) else value
