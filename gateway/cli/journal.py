"""`tagwright journal`: what was recorded, and whether every chain in it holds."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from edge import stub
from edge.errors import Malformed
from gateway.cli.at_reader import journal_path
from gateway.cli.output import TROUBLE, Commands, Failure, answer_is_no, emit, json_option, rfc3339
from gateway.config import load
from gateway.journal import Journal, JournalTrouble, Records, Row

_PAGE = 1000  # rows that are read at once
_NAMED = 4  # of a pallet's missing or unexpected tags
_LARGEST = (1 << 63) - 1  # SQLite's integers

_HELP = "The journal's file [default: journal.db in the user's state folder]."

_FILE = click.Path(path_type=Path, dir_okay=False)


def _journal_options(command: Any) -> Any:
    command = click.option("--journal", "file", type=_FILE, help=_HELP)(command)
    return click.option(
        "-c", "--config", type=_FILE, help="The gateway's TOML, which names the journal."
    )(command)


@click.group(cls=Commands)
def journal() -> None:
    """What was recorded: intents, results, verdicts, refusals.

    \b
    Example:  tagwright journal tail --journal journal.db
    """


@journal.command()
@_journal_options
@click.option("-n", "count", type=click.IntRange(1, _LARGEST), default=20, show_default=True)
@json_option
def tail(config: Path | None, file: Path | None, count: int, as_json: bool) -> None:
    """Show the last rows.

    \b
    Example:  tagwright journal tail -n 5 --json
    """
    with _records(config, file) as records:
        for row in records.tail(count):
            if as_json:
                emit(_shape(row))
            else:
                click.echo(_line(row))


@journal.command()
@_journal_options
@click.option(
    "--after", type=click.IntRange(0, _LARGEST), default=0, help="Only rows behind this seq."
)
@click.option(
    "--json", is_flag=True, expose_value=False, help="Nothing changes: it is JSON anyway."
)
def export(config: Path | None, file: Path | None, after: int) -> None:
    """Print every row as one JSON object a line.

    \b
    Example:  tagwright journal export -c tagwright.toml > journal.jsonl
    """
    with _records(config, file) as records:
        for row in _each(records, after):
            emit(_shape(row))


@journal.command()
@_journal_options
@json_option
def verify(config: Path | None, file: Path | None, as_json: bool) -> None:
    """Recompute the chain of rows, and the chain of stubs on each tag.

    \b
    Example:  tagwright journal verify --journal journal.db
    """
    with _records(config, file) as records:
        rows = records.head()
        broken = records.verify()
        stubs = list(_stub_breaks(records))
    if as_json:
        emit({"rows": rows, "ok": broken is None and not stubs, "broken": broken, "stubs": stubs})
    elif broken is not None:
        click.echo(f"row {broken} is missing or was changed; {rows} rows")
    elif stubs:
        click.echo(
            f"rows {', '.join(map(str, stubs))}: the stub does not follow from the one before"
        )
    else:
        click.echo(f"all {rows} rows follow from the one before, and so do all stubs")
    if broken is not None or stubs:
        answer_is_no()


@contextmanager
def _records(config: Path | None, file: Path | None) -> Iterator[Records]:
    path = file or (load(config).gateway.journal if config else journal_path(None))
    try:
        records = Journal.open_readonly(path)
    except JournalTrouble as why:
        raise Failure(f"{why}: name it with --journal", TROUBLE) from why
    try:
        yield records
    finally:
        records.close()


def _each(records: Records, after: int = 0) -> Iterator[Row]:
    while rows := records.after(after, _PAGE):
        yield from rows
        after = rows[-1].seq


def _stub_breaks(records: Records) -> Iterator[int]:
    """The seq of each result row whose stub does not name the stub before it on the same tag."""
    newest: dict[bytes, stub.Stub] = {}
    for row in _each(records):
        raw = row.content().get("stub") if row.kind == "result" else None
        if not isinstance(raw, bytes):
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


def _shape(row: Row) -> dict[str, Any]:
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


def _line(row: Row) -> str:
    content = row.content()
    epc = content.get("epc")
    tag = row.uid or (epc if isinstance(epc, bytes) else b"")
    what = content.get("reason") or content.get("outcome") or content.get("act") or ""
    if isinstance(zone := content.get("zone"), str):
        what = f"{content.get('act')}: {zone}"
    for which in ("missing", "unexpected"):
        if names := content.get(which):
            more = ", ..." if len(names) > _NAMED else ""
            what += f"; {which} {', '.join(names[:_NAMED])}{more}"
    return (
        f"{row.seq:8}  {rfc3339(row.at_ns / 1e9)}  {row.kind:8} {row.station:12}  {tag.hex():14}"
        f"  {row.product:36}  {what}"
    )
