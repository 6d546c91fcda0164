"""A live table on a terminal: columns that fit its width, rows that scroll up, and a line below that is drawn over.

Widths are columns of the terminal: East Asian wide characters take two, combining marks none (UAX #11).
"""

import logging
import shutil
import sys
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import IO, Any

import click

from gateway.cli.paint import paint, printable

_GAP = 2  # columns between two cells
_ELLIPSIS = "…"
_WIPE = "\r\x1b[K"


LIVE: "list[Table]" = []
"""The tables that are drawn now."""


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


class LogLines(logging.StreamHandler[Any]):
    """A log's lines on stderr, above the footer of a live table."""

    def emit(self, record: logging.LogRecord) -> None:
        for each in LIVE:
            each.hide()
        super().emit(record)
        for each in LIVE:
            each.draw()


class Table:
    """Rows on a terminal as they come, under a heading, above a footer that is drawn over; `close` wipes the footer.

    A context manager, which closes it.
    """

    def __init__(self, columns: Sequence[Column], stream: IO[str] | None = None) -> None:
        self._columns = columns
        self._stream = stream or sys.stdout
        self._foot = ""
        self._head: list[int] = []

    def __enter__(self) -> "Table":
        LIVE.append(self)
        return self

    def __exit__(self, *_: object) -> None:
        LIVE.remove(self)
        self.close()

    def row(self, cells: Sequence[str], tone: str = "", toned: int = -1) -> None:
        """One row. tone: of the cell `toned`, of the whole row where that is -1. A new width gets a new heading."""
        self.heading()
        self._write(self._laid(cells, self._head, tone, toned))

    def heading(self) -> None:
        """The names of the columns, where they do not stand there as wide as the terminal is now."""
        widths = fit(self._columns, _width())
        if widths != self._head:
            names = [each.name for each in self._columns]
            self._write(paint(self._laid(names, widths), "dim", self._stream))
            self._head = widths

    def line(self, text: str, tone: str = "") -> None:
        """A line that is no row."""
        self.heading()
        self._write(paint(cut(printable(text), _width()), tone, self._stream))

    def foot(self, text: str) -> None:
        """How it stands now, in place of what the footer said."""
        shown = cut(printable(text), _width() - 1)
        if shown != self._foot:
            self._foot = shown
            self.draw()

    def close(self) -> None:
        """Leave the rows, and the cursor at the beginning of a line."""
        self.hide()
        self._foot = ""

    def hide(self) -> None:
        """Wipe the footer, so that another line may stand there."""
        if self._foot:
            click.echo(_WIPE, nl=False, file=self._stream)

    def draw(self) -> None:
        """The footer, once more."""
        if self._foot:
            shown = paint(self._foot, "dim", self._stream)
            click.echo(f"{_WIPE}{shown}", nl=False, file=self._stream)

    def _write(self, line: str) -> None:
        self.hide()
        click.echo(line, file=self._stream)
        self.draw()

    def _laid(
        self, cells: Sequence[str], widths: Sequence[int], tone: str = "", toned: int = -1
    ) -> str:
        made = []
        last = max(place for place, width in enumerate(widths) if width)
        for place, (column, width, cell) in enumerate(
            zip(self._columns, widths, cells, strict=True)
        ):
            if width:
                text = cut(printable(cell), width)
                if place < last or column.right:
                    text = padded(text, width, column.right)
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
