"""Charts as SVG that a page holds inline: bars beside one another, with a title and a description for who cannot see.

Styled by classes alone (the pages' CSP takes no style attributes); a table beside the chart says the same in words.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from gateway.web.inert import inert

_WIDTH = 400  # user units; the page scales them
_ROW, _BAR, _TOP = 44, 14, 6
_PLOT, _FOOT = 160, 18  # of columns
_MOST = 200  # bars or columns


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar. value: its length, in any unit; said: the value as text. kind: a class, for its colour."""

    label: str
    value: float
    said: str
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of parts that stand on one another: (kind, value), from below; kind is a class, for its colour."""

    label: str
    parts: Sequence[tuple[str, float]]

    @property
    def height(self) -> float:
        return sum(value for _, value in self.parts)


def bars(id: str, title: str, desc: str, items: Sequence[Bar]) -> Markup:
    """Horizontal bars, each under its label and its value. id: of the chart, once in its page."""
    items = items[:_MOST]
    longest = max((abs(each.value) for each in items), default=0) or 1
    drawn = []
    for place, each in enumerate(items):
        y = _TOP + place * _ROW
        length = round(_WIDTH * abs(each.value) / longest, 1)
        drawn.append(
            Markup(
                '<text class="label" x="0" y="{}">{}</text><text class="value" x="{}" y="{}"'
                ' text-anchor="end">{}</text><rect class="track" x="0" y="{}" width="{}" height="{}" rx="3"/>'
                '<rect class="bar {}" x="0" y="{}" width="{}" height="{}" rx="3"/>'
            ).format(
                *(y + 12, inert(each.label, 60), _WIDTH, y + 12, inert(each.said, 40)),
                *(y + 18, _WIDTH, _BAR, each.kind, y + 18, length, _BAR),
            )
        )
    return _svg(id, "bars", title, desc, _TOP + len(items) * _ROW, drawn)


def columns(id: str, title: str, desc: str, items: Sequence[Column]) -> Markup:
    """Columns from left to right, each of parts; the first, the middle and the last carry their label."""
    items = items[-_MOST:]
    highest = max((each.height for each in items), default=0) or 1
    step = _WIDTH / max(len(items), 1)
    drawn = []
    for place, each in enumerate(items):
        y: float = _PLOT
        for kind, value in each.parts:
            high = round((_PLOT - _TOP) * value / highest, 2)
            y = round(y - high, 2)
            drawn.append(
                Markup('<rect class="bar {}" x="{}" y="{}" width="{}" height="{}"/>').format(
                    kind, round(place * step, 2), y, round(step * 0.8, 2), high
                )
            )
    for place in sorted({0, len(items) // 2, len(items) - 1} if items else ()):
        anchor = "start" if place == 0 else "end" if place == len(items) - 1 else "middle"
        x = {"start": 0.0, "end": float(_WIDTH)}.get(anchor, (place + 0.4) * step)
        drawn.append(
            Markup('<text class="label" x="{}" y="{}" text-anchor="{}">{}</text>').format(
                round(x, 1), _PLOT + 14, anchor, inert(items[place].label, 30)
            )
        )
    base = Markup('<path class="base" d="M0 {}.5H{}"/>').format(_PLOT, _WIDTH)
    return _svg(id, "columns", title, desc, _PLOT + _FOOT, [*drawn, base])


def _svg(id: str, kind: str, title: str, desc: str, height: int, drawn: Sequence[Markup]) -> Markup:
    return Markup(
        '<svg class="chart {kind}" role="img" viewBox="0 0 {width} {height}" aria-labelledby="{id}-title'
        ' {id}-desc"><title id="{id}-title">{title}</title><desc id="{id}-desc">{desc}</desc>{drawn}</svg>'
    ).format(
        kind=kind,
        width=_WIDTH,
        height=height,
        id=id,
        title=escape(inert(title)),
        desc=escape(inert(desc)),
        drawn=Markup("").join(drawn),
    )
