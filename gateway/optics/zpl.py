"""A label as ZPL II, for Zebra printers and those that speak their language.

ZPL II Programming Guide, "^GF - Graphic Field" (ASCII hexadecimal, whose dots are ours: ^BQ and ^BX encode anew, and
differ by firmware), "^A - Scalable/Bitmapped Font", "^CI - Change International Font/Encoding" (28: UTF-8),
"^FH - Field Hexadecimal Indicator", "^PW - Print Width", "^LL - Label Length".
"""

import numpy as np

from gateway.optics.label import ADVANCE, Label, Line, layout

HEADS = (152, 203, 300, 600)  # dpi that Zebra's print heads have
_ESCAPED = "^~_\\"  # what a field's data cannot hold as itself


def zpl(label: Label, module_dots: int, dpi: int) -> str:
    """One label format, ^XA to ^XZ, a module being `module_dots` dots wide; several in one file print in turn."""
    at = layout(label, module_dots, dpi / 25.4)
    dark = label.symbol.picture(module_dots) == 0
    quiet = label.symbol.quiet * module_dots
    rows = np.packbits(dark[quiet:-quiet, quiet:-quiet], axis=1)  # past the last column: light
    size = rows.size
    lines = [
        "^XA",
        "^CI28",
        f"^PW{round(at.width)}",
        f"^LL{round(at.height)}",
        "^LH0,0",
        f"^FO{quiet},{quiet}^GFA,{size},{size},{rows.shape[1]},{rows.tobytes().hex().upper()}^FS",
    ]
    lines += [_text(line, at.text) for line in at.lines]
    return "\n".join((*lines, "^XZ", ""))


def _text(line: Line, size: float) -> str:
    """A line in the printer's font 0, its letters no wider than laid out."""
    height = round(size)
    top = round(line.y - size)  # ^FO names the upper left corner
    width = round(
        size * ADVANCE / 0.5
    )  # font 0 is proportional: a figure takes about half its width
    return f"^FO{round(line.x)},{top}^A0N,{height},{width}^FH_^FD{_field(line.text)}^FS"


def _field(text: str) -> str:
    """A field's data: what would be a command, in UTF-8 and hex."""
    return "".join(
        each if each.isprintable() and each not in _ESCAPED else _hex(each) for each in text
    )


def _hex(letter: str) -> str:
    return "".join(f"_{byte:02X}" for byte in letter.encode())
