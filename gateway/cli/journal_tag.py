"""`tagwright journal tag`: what a handheld sent of the tag that it read last."""

import json
from pathlib import Path

import click

from gateway.cli.journal_options import NONE, journal_options, open_records
from gateway.cli.output import TROUBLE, Failure
from gateway.cli.page import Page
from gateway.exported import flipper, lines, parsed
from gateway.journal import Gap, Records

_PAGE = 1000  # rows that are read at once
_LARGEST = (1 << 63) - 1  # SQLite's integers


@click.command(cls=Page, no="", trouble=f"{NONE}, or the row holds no tag")
@click.argument(
    "seq",
    type=click.IntRange(1, _LARGEST),
    required=False,
    help="The row that holds it [default: the newest such].",
)
@journal_options
@click.option(
    "--as",
    "shape",
    type=click.Choice(["lines", "json", "flipper"]),
    default="lines",
    show_default=True,
    help="Lines to read, the JSON as it came, or a Flipper Zero's .nfc file.",
)
def tag(seq: int | None, config: Path | None, file: Path | None, shape: str) -> None:
    """Print a tag that a handheld sent: MENU, long. SEQ: its row; the newest such row unless said.

    \b
    Example:  tagwright journal tag -c tagwright.toml --as flipper > tag.nfc
    """
    with open_records(config, file) as records:
        at, text = _sent(records, seq)
    try:
        found = parsed(text)
        shapes = {
            "lines": lines,
            "json": lambda _: [json.dumps(json.loads(text))],
            "flipper": flipper,
        }
        said = list(shapes[shape](found))
    except ValueError as why:
        raise Failure(f"row {at}: {why}", TROUBLE) from None
    for line in said:
        click.echo(line)


def _sent(records: Records, seq: int | None) -> tuple[int, str]:
    """The row and its text. Failure where there is none."""
    newest, after = None, 0 if seq is None else seq - 1
    while pieces := records.pieces(after, _PAGE if seq is None else 1):
        for piece in pieces:
            after = piece.last if isinstance(piece, Gap) else piece.seq
            content = {} if isinstance(piece, Gap) else piece.content()
            text = content.get("text")
            if content.get("outcome") == "export" and isinstance(text, str):
                newest = after, text
        if seq is not None:
            break
    if newest is None or (seq is not None and newest[0] != seq):
        what = f"row {seq} is no tag" if seq is not None else "no tag"
        raise Failure(f"{what} that a handheld sent: there, press MENU for a second", TROUBLE)
    return newest
