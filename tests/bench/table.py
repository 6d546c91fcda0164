"""What a bench says: a figure of ours beside a peer's and the limit, and whether it reaches its bar."""

import json
import sys
from dataclasses import dataclass

import click

_WIDTHS = (63, 14, 28, 24, 10)
_HEADS = ("what", "ours", "peer", "limit", "must reach", "met?")

Named = tuple[str, float]  # whose figure, and the figure, in the row's unit


@dataclass(frozen=True)
class Row:
    """One line of the table. ours, peer, limit and the bar share `unit`; at most one of at_most and at_least is set."""

    what: str
    ours: float
    unit: str = ""
    peer: Named | None = None
    limit: Named | None = None
    at_most: float | None = None
    at_least: float | None = None
    note: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the bar is reached; None where there is none."""
        if self.at_most is not None:
            return self.ours <= self.at_most
        if self.at_least is not None:
            return self.ours >= self.at_least
        return None

    def as_dict(self, suite: str) -> dict[str, object]:
        """The row as one JSON object."""
        found: dict[str, object] = {"suite": suite, "what": self.what, "unit": self.unit}
        found["ours"] = round(self.ours, 3)
        for name, side in (("peer", self.peer), ("limit", self.limit)):
            found[name] = {"of": side[0], "is": round(side[1], 3)} if side else None
        return found | {
            "at_most": self.at_most,
            "at_least": self.at_least,
            "met": self.met,
            "note": self.note,
        }


class Printer:
    """Prints rows as they come, as a table or as JSON lines; `missed` names those below their bar."""

    def __init__(self, as_json: bool) -> None:
        self._as_json = as_json
        self.missed: list[str] = []

    def begin(self, suite: str, about: str) -> None:
        if not self._as_json:
            click.echo(f"\n{suite}: {about}\n")
            click.echo("  " + _line(_HEADS))

    def row(self, suite: str, row: Row) -> None:
        if row.met is False:
            self.missed.append(f"{suite}: {row.what}")
        if self._as_json:
            click.echo(json.dumps(row.as_dict(suite)))
            return
        sign = "<=" if row.at_most is not None else ">="
        bar = row.at_most if row.at_most is not None else row.at_least
        cells = (
            row.what,
            f"{number(row.ours)} {row.unit}",
            f"{number(row.peer[1])} {row.peer[0]}" if row.peer else "",
            f"{number(row.limit[1])} {row.limit[0]}" if row.limit else "",
            f"{sign} {number(bar)}" if bar is not None else "",
            {True: "yes", False: "NO", None: ""}[row.met],
        )
        click.echo("  " + _line(cells))
        if row.note:
            click.echo(f"      {row.note}")


def number(value: float) -> str:
    """Three figures and more: 0.123, 12.3, 1,234."""
    if value == int(value) or abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) < 10 else f"{value:.1f}"


def progress(text: str) -> None:
    """A line for the person who waits; none where nobody does."""
    if sys.stderr.isatty():
        click.echo(f"\r\x1b[K{text}", err=True, nl=False)


def _line(cells: tuple[str, ...]) -> str:
    padded = [f"{cell:{width}}" for cell, width in zip(cells, _WIDTHS, strict=False)]
    return " ".join([*padded, cells[-1]]).rstrip()
