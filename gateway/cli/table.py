"""A live table on a terminal: columns that fit its width, rows that scroll up, and a line below that is drawn over.

Widths are columns of the terminal: East Asian wide characters take two, combining marks none (UAX #11).
"""

import shutil
import sys
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import IO

import click

from gateway.cli.paint import paint, printable

_GAP = 2  # columns between two cells
_ELLIPSIS = "…"


@dataclass(frozen=True)
class Column:
    """least: below so many columns of the terminal it is left out, not cut; most: what it takes where there is room.

    Of those that do not fit the one of the highest rank is left out first.
    """

    name: str
    least: int
    most: int
    rank: int = 0
    right: bool = False


class Table:
    """Rows on a terminal as they come, under a heading, above a footer that is drawn over; `close` wipes the footer."""

    def __init__(self, columns: Sequence[Column], stream: IO[str] | None = None) -> None:
        self._columns = columns
        self._stream = stream or sys.stdout
        self._foot = ""
        self._head: list[int] = []

    def row(self, cells: Sequence[str], tone: str = "", toned: int = -1) -> None:
        """One row. tone: of the cell `toned`, of the whole row where that is -1. A new width gets a new heading."""
        widths = fit(self._columns, _width())
        if widths != self._head:
            names = [each.name for each in self._columns]
            self._write(paint(self._laid(names, widths), "dim", self._stream))
            self._head = widths
        self._write(self._laid(cells, widths, tone, toned))

    def line(self, text: str, tone: str = "") -> None:
        """A line that is no row."""
        self._write(paint(cut(printable(text), _width()), tone, self._stream))

    def foot(self, text: str) -> None:
        """How it stands now, in place of what the footer said."""
        shown = cut(printable(text), _width() - 1)
        if shown != self._foot:
            self._foot = shown
            self._draw()

    def close(self) -> None:
        """Leave the rows, and the cursor on a line of its own."""
        if self._foot:
            click.echo("\r\x1b[K", nl=False, file=self._stream)
            self._foot = ""

    def _write(self, line: str) -> None:
        before = "\r\x1b[K" if self._foot else ""
        click.echo(before + line, file=self._stream)
        if self._foot:
            self._draw()

    def _draw(self) -> None:
        click.echo(f"\r\x1b[K{paint(self._foot, 'dim', self._stream)}", nl=False, file=self._stream)

    def _laid(
        self, cells: Sequence[str], widths: Sequence[int], tone: str = "", toned: int = -1
    ) -> str:
        made = []
        for place, (column, width, cell) in enumerate(
            zip(self._columns, widths, cells, strict=True)
        ):
            if width:
                text = padded(cut(printable(cell), width), width, column.right)
                made.append(paint(text, tone, self._stream) if place == toned else text)
        laid = (" " * _GAP).join(made).rstrip()
        return paint(laid, tone, self._stream) if toned < 0 and tone else laid


def fit(columns: Sequence[Column], width: int) -> list[int]:
    """The width of each column on a terminal of `width`; 0 where there is no room for it.

    Each has its least, what is left goes to them in their order up to their most.
    """
    kept = list(range(len(columns)))
    while len(kept) > 1 and sum(columns[n].least + _GAP for n in kept) - _GAP > width:
        kept.remove(max(kept, key=lambda n: (columns[n].rank, n)))
    widths = [columns[n].least if n in kept else 0 for n in range(len(columns))]
    left = width - sum(each + _GAP for each in widths if each) + _GAP
    for n in kept:
        more = max(0, min(columns[n].most - widths[n], left))
        widths[n] += more
        left -= more
    return widths


def cut(text: str, width: int) -> str:
    """`text`, or as much of it as `width` columns hold with an ellipsis behind it."""
    if wide(text) <= width:
        return text
    taken = ""
    for each in text:
        if wide(taken + each) > width - 1:
            break
        taken += each
    return taken + _ELLIPSIS if width > 0 else ""


def padded(text: str, width: int, right: bool = False) -> str:
    """`text` with spaces up to `width` columns, before it where it stands at the right."""
    space = " " * max(0, width - wide(text))
    return space + text if right else text + space


def wide(text: str) -> int:
    """How many columns of a terminal `text` takes."""
    return sum(
        0 if unicodedata.combining(each) else 2 if unicodedata.east_asian_width(each) in "WF" else 1
        for each in text
    )


def _width() -> int:
    return shutil.get_terminal_size().columns
