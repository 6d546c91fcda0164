"""A label as SVG, in exact millimetres: one path for the dark modules, text as text.

SVG 1.1 (Second Edition), W3C, "The viewBox attribute": a user unit is a millimetre here.
"""

from itertools import groupby
from xml.sax.saxutils import escape

from gateway.optics.label import Label, layout
from gateway.optics.symbol import Symbol

_DIGITS = 4  # behind the point: 0.1 um


def svg(label: Label, module_mm: float) -> str:
    """The label with modules of `module_mm`; the same label is the same text, and black on white."""
    at = layout(label, module_mm, 1.0)
    width, height = _number(at.width), _number(at.height)
    x, y = (_number(each) for each in at.symbol)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}mm" height="{height}mm"'
        f' viewBox="0 0 {width} {height}">',
        f"<title>{escape(label.symbol.text.partition('#')[0])}</title>",
        f'<rect width="{width}" height="{height}" fill="#fff"/>',
        f'<path transform="translate({x} {y}) scale({_number(at.module)})" fill="#000"'
        f' shape-rendering="crispEdges" d="{_path(label.symbol)}"/>',
    ]
    for line in at.lines:
        lines.append(
            f'<text x="{_number(line.x)}" y="{_number(line.y)}" font-family="monospace"'
            f' font-size="{_number(at.text)}" xml:space="preserve">{escape(line.text)}</text>'
        )
    return "\n".join((*lines, "</svg>", ""))


def _path(symbol: Symbol) -> str:
    """The dark modules, run by run, in modules."""
    runs = []
    for y, row in enumerate(symbol.rows):
        x = 0
        for is_dark, group in groupby(row):
            length = len(list(group))
            if is_dark:
                runs.append(f"M{x} {y}h{length}v1h-{length}z")
            x += length
    return "".join(runs)


def _number(value: float) -> str:
    return f"{value:.{_DIGITS}f}".rstrip("0").rstrip(".")
