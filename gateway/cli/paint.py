"""Colours and what else is for eyes: on a terminal alone, and none where NO_COLOR is set (no-color.org)."""

import os
import sys
from collections.abc import Iterable
from typing import IO

import click

from gateway.web.inert import inert

TONES = {"green": "green", "amber": "yellow", "red": "red", "dim": "bright_black"}


def is_terminal(stream: IO[str]) -> bool:
    """Whether lines may be drawn over on it: a terminal that is no "dumb" one."""
    return stream.isatty() and os.environ.get("TERM", "") != "dumb"


def is_coloured(stream: IO[str]) -> bool:
    """Whether colours go to it."""
    return is_terminal(stream) and not os.environ.get("NO_COLOR")


def paint(text: str, tone: str, stream: IO[str] | None = None, bold: bool = False) -> str:
    """`text` in a tone ("green", "amber", "red", "dim", "" for none) as `stream`, stdout by default, takes it."""
    if not is_coloured(stream or sys.stdout):
        return text
    return click.style(text, fg=TONES.get(tone), bold=bold or None)


def printable(text: str) -> str:
    """What a tag, a file or a peer said, as a line of a terminal: control and direction characters show as U+FFFD."""
    return inert(text)


def tally(counts: Iterable[tuple[str, int]]) -> str:
    """("green", 3), ("red", 1) -> "3 green, 1 red"; what there is none of is left out."""
    return ", ".join(f"{count} {name}" for name, count in counts if count)
