"""A label: a symbol, and the text beside or below it that a person reads and keys in.

GS1 General Specifications, "Human readable interpretation (HRI) rules": application identifiers in parentheses, each
element string on its own line where there is room. The text never stands in the quiet zone.
"""

from dataclasses import dataclass
from typing import Literal, NamedTuple

from edge import gs1
from edge.errors import Malformed
from gateway.optics.symbol import Symbol

Where = Literal["below", "right", "none"]

ADVANCE = 0.6  # of the text's size: the width of a letter, in the fonts that labels are set in
_PITCH = 1.25  # of the text's size: from line to line
_LONGEST_LINE = 40  # characters; a longer text is broken
MOST_LINES = 16


@dataclass(frozen=True)
class Label:
    """lines: what stands beside the symbol, `where`; text_mm: size of the letters."""

    symbol: Symbol
    lines: tuple[str, ...] = ()
    where: Where = "below"
    text_mm: float = 2.5


class Line(NamedTuple):
    """A line of text: where it begins (x), its baseline (y), and what it says."""

    x: float
    y: float
    text: str


class Layout(NamedTuple):
    """A label in one unit of length, from its upper left corner. symbol: its first module; text: the letters' size."""

    width: float
    height: float
    module: float
    symbol: tuple[float, float]
    text: float
    lines: tuple[Line, ...]


def layout(label: Label, module: float, mm: float) -> Layout:
    """Lay a label out in a unit of which a module takes `module`, and a millimetre `mm`."""
    quiet = label.symbol.quiet * module
    width = label.symbol.columns * module + 2 * quiet
    height = len(label.symbol.rows) * module + 2 * quiet
    lines = () if label.where == "none" else label.lines
    size = label.text_mm * mm
    if not lines:
        return Layout(width, height, module, (quiet, quiet), size, ())
    text_width = max(len(line) for line in lines) * ADVANCE * size
    text_height = len(lines) * _PITCH * size
    gap = max(quiet, size / 2)
    if label.where == "below":
        left, top = gap, height
        width, height = max(width, left + text_width + gap), height + text_height + gap
    else:
        left, top = width + size / 2, gap
        width, height = left + text_width + gap, max(height, top + text_height + gap)
    placed = tuple(
        Line(left, top + (number * _PITCH + 1) * size, line) for number, line in enumerate(lines)
    )
    return Layout(width, height, module, (quiet, quiet), size, placed)


def readable(link: str) -> tuple[str, ...]:
    """What a person reads of a link: GTIN, batch and serial with their AIs, and the host; else the link itself."""
    host = link.partition("//")[2].partition("/")[0].partition("?")[0]
    try:
        gtin, batch, serial = gs1.parse_link(link)
    except Malformed:
        return broken(link.partition("//")[2].partition("#")[0])
    lines = [f"(01) {gs1.gtin14(gtin)}"]
    if batch is not None:
        lines.append(f"(10) {batch}")
    if serial is not None:
        lines.append(f"(21) {serial}")
    return (*lines, *broken(host))


def broken(text: str) -> tuple[str, ...]:
    """A long text in lines of at most 40 characters; "" is none."""
    return tuple(text[at : at + _LONGEST_LINE] for at in range(0, len(text), _LONGEST_LINE))
