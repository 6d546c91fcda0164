"""How far long work is: one bar on stderr, on a terminal alone; in a pipe nothing."""

import shutil
import sys
from typing import Any

import click

from gateway.cli.paint import is_terminal, printable

_BAR = 24  # columns
_BESIDE = 46  # columns that label, bar, percent and time left take


class Progress:
    """A bar of `total` steps, as a context manager; `is_wanted` False (with --json) keeps it away."""

    def __init__(self, label: str, total: int, is_wanted: bool = True) -> None:
        self._said = ""
        self._bar: Any = None
        if is_wanted and is_terminal(sys.stderr):
            self._bar = click.progressbar(
                length=total,
                label=label,
                file=sys.stderr,
                width=_BAR,
                item_show_func=lambda _: self._said,
                update_min_steps=max(1, total // 1000),
            )

    def __enter__(self) -> "Progress":
        if self._bar is not None:
            self._bar.__enter__()
        return self

    def __exit__(self, *why: Any) -> None:
        if self._bar is not None:
            self._bar.__exit__(*why)
            self._bar = None

    @property
    def is_shown(self) -> bool:
        """Whether somebody sees it."""
        return self._bar is not None

    def step(self, says: str = "") -> None:
        """One more is done; says: what, beside the bar."""
        if self._bar is not None:
            self.reach(self._bar.pos + 1, says)

    def reach(self, done: int, says: str = "") -> None:
        """So many are done; it never goes back."""
        if self._bar is None:
            return
        room = shutil.get_terminal_size().columns - len(self._bar.label) - _BESIDE
        self._said = printable(says)[: max(room, 0)]
        self._bar.update(max(0, done - self._bar.pos))

    def note(self, line: str) -> None:
        """A line that stays above the bar."""
        if self._bar is not None:
            click.echo(f"\r\x1b[K{printable(line)}", file=sys.stderr)
