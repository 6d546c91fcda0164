"""`tagwright journal`: what was recorded, and whether every chain in it holds."""

import sys
from collections.abc import Iterator
from pathlib import Path

import click

from edge import stub
from edge.errors import Malformed
from gateway.cli.journal_options import NONE, journal_options, open_records
from gateway.cli.journal_rows import LARGEST, pieces, shape
from gateway.cli.journal_tag import tag
from gateway.cli.journal_tail import tail
from gateway.cli.journal_upkeep import missing, quarantine, status, trim, vacuum
from gateway.cli.output import Commands, answer_is_no, emit, json_option
from gateway.cli.progress import Progress
from gateway.journal import Gap, Records, Row


@click.group(cls=Commands)
def journal() -> None:
    """What was recorded, and whether it still holds.

    \b
    Example:  tagwright journal tail --journal journal.db
    """


for command in (tail, status, trim, vacuum, quarantine, tag):
    journal.add_command(command)


@journal.command(no="", trouble=NONE)
@journal_options
@click.option(
    "--after", type=click.IntRange(0, LARGEST), default=0, help="Only rows behind this seq."
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
        is_wanted = not sys.stdout.isatty()  # else the rows themselves are seen
        with Progress("rows", records.head() - after, is_wanted) as bar:
            for piece in pieces(records, after):
                emit(shape(piece))
                bar.reach((piece.last if isinstance(piece, Gap) else piece.seq) - after)


@journal.command(no="a row is missing or was changed, or a stub does not follow", trouble=NONE)
@journal_options
@json_option
def verify(config: Path | None, file: Path | None, as_json: bool) -> None:
    """Recompute the chain of rows, and the chain of stubs on each tag.

    \b
    Example:  tagwright journal verify --journal journal.db
    """
    with open_records(config, file) as records:
        with Progress("rows", records.head()) as bar:
            broken = records.verify(bar.reach)
            bar.reach(records.head())
        with Progress("stubs", records.head()) as bar:
            stubs = list(_stub_breaks(records, bar))
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


def _stub_breaks(records: Records, bar: Progress) -> Iterator[int]:
    """The seq of each result row whose stub does not name the stub before it on the same tag."""
    newest: dict[bytes, stub.Stub] = {}
    for row in pieces(records):
        bar.reach(row.last if isinstance(row, Gap) else row.seq)
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
