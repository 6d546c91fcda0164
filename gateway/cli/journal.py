"""`tagwright journal`: what was recorded, and whether every chain in it holds."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from edge import stub
from edge.errors import Malformed
from gateway.cli.journal_options import NONE, journal_options, open_records
from gateway.cli.journal_tag import tag
from gateway.cli.journal_upkeep import missing, quarantine, status, trim, vacuum
from gateway.cli.output import Commands, answer_is_no, emit, json_option, rfc3339
from gateway.journal import Gap, Records, Row

_PAGE = 1000  # rows that are read at once
_NAMED = 4  # of a pallet's missing or unexpected tags, of a label's faults
_LARGEST = (1 << 63) - 1  # SQLite's integers


@click.group(cls=Commands)
def journal() -> None:
    """What was recorded, and whether it still holds.

    \b
    Example:  tagwright journal tail --journal journal.db
    """


for command in (status, trim, vacuum, quarantine, tag):
    journal.add_command(command)


@journal.command(no="", trouble=NONE)
@journal_options
@click.option(
    "-n",
    "count",
    type=click.IntRange(1, _LARGEST),
    default=20,
    show_default=True,
    help="How many rows.",
)
@json_option
def tail(config: Path | None, file: Path | None, count: int, as_json: bool) -> None:
    """Show the last rows, and the gaps between them.

    \b
    Example:  tagwright journal tail -n 5 --json
    """
    with open_records(config, file) as records:
        rows = records.tail(count)
        for piece in _pieces(records, rows[0].seq - 1) if rows else ():
            if as_json:
                emit(_shape(piece))
            else:
                click.echo(_line(piece))


@journal.command(no="", trouble=NONE)
@journal_options
@click.option(
    "--after", type=click.IntRange(0, _LARGEST), default=0, help="Only rows behind this seq."
)
@click.option(
    "--json", is_flag=True, expose_value=False, help="Nothing changes: it is JSON anyway."
)
def export(config: Path | None, file: Path | None, after: int) -> None:
    """Print every row as one JSON object a line, and in its place every gap: first, last, reason, hash.

    \b
    Example:  tagwright journal export -c tagwright.toml > journal.jsonl
    """
    with open_records(config, file) as records:
        for piece in _pieces(records, after):
            emit(_shape(piece))


@journal.command(no="a row is missing or was changed, or a stub does not follow", trouble=NONE)
@journal_options
@json_option
def verify(config: Path | None, file: Path | None, as_json: bool) -> None:
    """Recompute the chain of rows, and the chain of stubs on each tag.

    \b
    Example:  tagwright journal verify --journal journal.db
    """
    with open_records(config, file) as records:
        broken = records.verify()
        stubs = list(_stub_breaks(records))
        gone = missing(records)
        rows = records.head() - sum(gone.values())
    if as_json:
        ok = broken is None and not stubs
        emit({"rows": rows, "ok": ok, "broken": broken, "stubs": stubs, **gone})
    elif broken is not None:
        click.echo(f"row {broken} is missing or was changed; {rows} rows")
    elif stubs:
        click.echo(
            f"rows {', '.join(map(str, stubs))}: the stub does not follow from the one before"
        )
    else:
        told = "".join(f"; {count} rows {what} before" for what, count in gone.items() if count)
        click.echo(f"all {rows} rows follow from the one before, and so do all stubs{told}")
    if broken is not None or stubs:
        answer_is_no()


def _pieces(records: Records, after: int = 0) -> Iterator[Row | Gap]:
    while pieces := records.pieces(after, _PAGE):
        yield from pieces
        last = pieces[-1]
        after = last.last if isinstance(last, Gap) else last.seq


def _stub_breaks(records: Records) -> Iterator[int]:
    """The seq of each result row whose stub does not name the stub before it on the same tag."""
    newest: dict[bytes, stub.Stub] = {}
    for row in _pieces(records):
        raw = row.content().get("stub") if isinstance(row, Row) and row.kind == "result" else None
        if isinstance(row, Gap) or not isinstance(raw, bytes):
            continue
        try:
            found = stub.decode(raw)
        except Malformed:  # a mini record: it has no chain
            continue
        before = newest.get(row.uid)
        newest[row.uid] = found
        if (
            before is None or found.seq != before.seq + 1
        ):  # another history: a new tag, or one from elsewhere
            continue
        if found.prev != stub.link16(before.raw):
            yield row.seq


def _shape(row: Row | Gap) -> dict[str, Any]:
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


def _plain(name: str, value: Any) -> Any:
    """Points in time, which stand there as Unix seconds, as RFC 3339."""
    return rfc3339(value) if name.endswith("_at") and isinstance(value, float) else value


def _line(row: Row | Gap) -> str:
    if isinstance(row, Gap):
        return f"{row.first:8}  to {row.last}: {row.reason}"
    content = row.content()
    epc = content.get("epc")
    tag = row.uid or (epc if isinstance(epc, bytes) else b"")
    what = content.get("reason") or content.get("outcome") or content.get("act") or ""
    if isinstance(zone := content.get("zone"), str):
        what = f"{content.get('act')}: {zone}"
    for which in ("missing", "unexpected", "faults"):
        if names := list(content.get(which) or ()):  # of a product: carrier -> why it is missing
            more = ", ..." if len(names) > _NAMED else ""
            what += f"; {which} {', '.join(names[:_NAMED])}{more}"
    return (
        f"{row.seq:8}  {rfc3339(row.at_ns / 1e9)}  {row.kind:8} {row.station:12}  {tag.hex():14}"
        f"  {row.product:36}  {what}"
    )
