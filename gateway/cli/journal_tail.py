"""`tagwright journal tail`: the last rows as a live table on a terminal, as lines in a pipe."""

import asyncio
import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import click

from gateway.cli.journal_options import NONE, journal_options, named_journal, open_records
from gateway.cli.journal_rows import LARGEST, line, pieces, shape, tag_of, what
from gateway.cli.output import Stopped, emit, json_option, play, rfc3339, say
from gateway.cli.page import Page
from gateway.cli.paint import is_terminal
from gateway.cli.table import Column, Table
from gateway.journal import Gap, Records, Row
from gateway.web.station.shown import shown

_LOOK_S = 0.25  # between two looks for new rows: another process writes them
_COLUMNS = (
    Column("row", 5, 7, rank=4, right=True),
    Column("UTC", 8, 8, rank=3),
    Column("kind", 8, 8, rank=2),
    Column("station", 6, 14, rank=5),
    Column("tag", 14, 24, rank=1),
    Column("product", 18, 36, rank=1),
    Column("what", 16, 200),
)
_WHAT = len(_COLUMNS) - 1

Show = Callable[[Row | Gap], None]


@click.command(cls=Page, done="done, or Ctrl-C ended --follow", no="", trouble=NONE)
@journal_options
@click.option(
    "-n",
    "count",
    type=click.IntRange(1, LARGEST),
    default=20,
    show_default=True,
    help="How many rows.",
)
@click.option("-f", "--follow", is_flag=True, help="Go on with rows as they come, until Ctrl-C.")
@json_option
def tail(config: Path | None, file: Path | None, count: int, follow: bool, as_json: bool) -> None:
    """Show the last rows, and the gaps between them.

    On a terminal: a table that fits it, times in UTC, coloured by outcome; in a pipe a line a row.

    \b
    Example:  tagwright journal tail -n 5 --json
              tagwright journal tail -f -c tagwright.toml
    """
    with open_records(config, file) as records, ExitStack() as stack:
        table = None
        show: Show = _line
        if as_json:
            show = _json
        elif is_terminal(sys.stdout):
            table = stack.enter_context(Table(_COLUMNS))
            show = _Day(table)
        rows = records.tail(count)
        last = rows[-1].seq if rows else 0
        for piece in pieces(records, rows[0].seq - 1) if rows else ():
            show(piece)
            last = piece.last if isinstance(piece, Gap) else piece.seq
        if not rows and not as_json:
            say(f"{named_journal(config, file)}: no rows yet")
        if not follow:
            return
        try:
            play(_followed(records, last, show, table, named_journal(config, file)))
        except Stopped:
            if table is not None:
                table.close()
                say("stopped")


async def _followed(
    records: Records, after: int, show: Show, table: Table | None, path: Path
) -> None:
    while True:
        for piece in pieces(records, after):
            show(piece)
            after = piece.last if isinstance(piece, Gap) else piece.seq
        if table is not None:
            table.foot(f"{_standing(records)}; following {path}, Ctrl-C ends")
        await asyncio.sleep(_LOOK_S)


def _standing(records: Records) -> str:
    counts = {
        "not yet at the hub": records.lag(),
        "tags to be finished": len(records.open_intents()),
        "set aside": len(records.aside()),
    }
    named = (f"{count} {name}" for name, count in counts.items() if count)
    return ", ".join([f"{records.head()} rows", *named])


class _Day:
    """Rows in a table, and a line where another day begins."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._day = ""

    def __call__(self, row: Row | Gap) -> None:
        if isinstance(row, Gap):
            self._table.line(f"rows {row.first} to {row.last}: {row.reason}", "dim")
            return
        day, _, time = rfc3339(row.at_ns / 1e9).partition("T")
        if day != self._day:
            self._table.line(day, "dim")
            self._day = day
        tone = shown(row)["colour"] or "dim"
        cells = (
            *(str(row.seq), time[:8], row.kind, row.station, tag_of(row).hex(), row.product),
            what(row) or shown(row)["outcome"],
        )
        self._table.row(cells, tone, toned=_WHAT)


def _json(row: Row | Gap) -> None:
    emit(shape(row))


def _line(row: Row | Gap) -> None:
    click.echo(line(row))
