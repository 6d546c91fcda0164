"""How far long work is: one bar on stderr, on a terminal alone; in a pipe nothing."""

import shutil
import sys
import time
from collections.abc import Callable
from typing import Any

import click

from gateway.cli.paint import is_terminal, printable

_BAR = 24  # columns
_BESIDE = 46  # columns that label, bar, percent and time left take
_LATE_S = 0.5  # work that is done sooner needs no bar


class Progress:
    """A bar of `total` steps, as a context manager; it shows when the work takes longer than `late_s`.

    is_wanted: False (with --json) keeps it away.
    """

    def __init__(
        self,
        label: str,
        total: int,
        is_wanted: bool = True,
        late_s: float = _LATE_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._label, self._total = label, total
        self._is_wanted = is_wanted and is_terminal(sys.stderr)
        self._clock, self._due = clock, clock() + late_s
        self._done = 0
        self._said = ""
        self._bar: Any = None

    def __enter__(self) -> "Progress":
        self.reach(0)
        return self

    def __exit__(self, *why: Any) -> None:
        if self._bar is not None:
            self._bar.__exit__(*why)
            self._bar = None

    @property
    def is_wanted(self) -> bool:
        """Whether somebody may see it."""
        return self._is_wanted

    def step(self, says: str = "") -> None:
        """One more is done; says: what, beside the bar."""
        self.reach(self._done + 1, says)

    def reach(self, done: int, says: str = "") -> None:
        """So many are done; it never goes back."""
        self._done = max(done, self._done)
        if not self._is_wanted or (self._bar is None and self._clock() < self._due):
            return
        if self._bar is None:
            self._bar = self._begun()
        room = shutil.get_terminal_size().columns - len(self._label) - _BESIDE
        self._said = printable(says)[: max(room, 0)]
        self._bar.update(self._done - self._bar.pos)

    def note(self, line: str) -> None:
        """A line that stays above the bar."""
        if self._is_wanted:
            click.echo(f"\r\x1b[K{printable(line)}", file=sys.stderr)

    def _begun(self) -> Any:
        bar: Any = click.progressbar(
            length=self._total,
            label=self._label,
            file=sys.stderr,
            width=_BAR,
            item_show_func=lambda _: self._said,
            update_min_steps=max(1, self._total // 1000),
        )
        return bar.__enter__()
