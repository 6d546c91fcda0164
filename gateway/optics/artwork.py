"""Artwork: a label as the file that is printed, SVG, PNG or ZPL, and how large it comes out."""

from dataclasses import dataclass
from typing import Literal

from edge.errors import DoesNotFit
from gateway.optics import printsize
from gateway.optics.label import Label, layout
from gateway.optics.png import png
from gateway.optics.svg import svg
from gateway.optics.zpl import HEADS, zpl

Format = Literal["svg", "png", "zpl"]

_MOST_PIXELS = 64_000_000  # of a picture
_MM_PER_INCH = 25.4


@dataclass(frozen=True)
class Artwork:
    """data: the file. module_mm: as it comes out; dots: a module's at `dpi`, None where nothing was rounded to dots.

    size_mm: of the whole label, width and height.
    """

    label: Label
    data: bytes
    module_mm: float
    dots: int | None
    dpi: int | None
    size_mm: tuple[float, float]

    def as_dict(self) -> dict[str, object]:
        """What a user is told, as `code make --json` prints it."""
        symbol = self.label.symbol
        return {
            "symbology": symbol.symbology,
            "version": symbol.version,
            "level": symbol.level,
            "modules": [symbol.columns, len(symbol.rows)],
            "quiet_zone": symbol.quiet,
            "module_mm": round(self.module_mm, 4),
            "dots": self.dots,
            "dpi": self.dpi,
            "symbol_mm": _rounded(printsize.size_mm(symbol, self.module_mm)),
            "least_mm": _rounded(printsize.size_mm(symbol, printsize.LEAST_MM)),
            "label_mm": _rounded(self.size_mm),
            "distance_mm": round(printsize.distance_mm(symbol, self.module_mm)),
            "advice": printsize.advice(symbol, self.module_mm, self.dots),
        }


def artwork(label: Label, format: Format, module_mm: float, dpi: int | None) -> Artwork:
    """Draw a label with modules of `module_mm`, or of the least whole dots at `dpi` that are as wide.

    dpi: the printer's; None for exact millimetres, which SVG alone can have. Raises DoesNotFit beyond 64 megapixels,
    ValueError for a ZPL resolution that no print head has.
    """
    if dpi is None:
        if format != "svg":
            raise ValueError(f"{format} needs the printer's dpi")
        return _artwork(label, svg(label, module_mm).encode(), module_mm, None, None)
    dots = printsize.dots(module_mm, dpi)
    module_mm = printsize.in_mm(dots, dpi)
    if format == "svg":
        return _artwork(label, svg(label, module_mm).encode(), module_mm, dots, dpi)
    at = layout(label, dots, dpi / _MM_PER_INCH)
    pixels = round(at.width) * round(at.height)
    if pixels > _MOST_PIXELS:
        why = (
            f"a label of {round(at.width)} x {round(at.height)} dots: take smaller modules, or SVG"
        )
        raise DoesNotFit(why, pixels - _MOST_PIXELS)
    if format == "zpl":
        if dpi not in HEADS:
            raise ValueError(f"{dpi} dpi: Zebra's print heads have {', '.join(map(str, HEADS))}")
        return _artwork(label, zpl(label, dots, dpi).encode(), module_mm, dots, dpi)
    return _artwork(label, png(label, dots, dpi), module_mm, dots, dpi)


def _artwork(
    label: Label, data: bytes, module_mm: float, dots: int | None, dpi: int | None
) -> Artwork:
    at = layout(label, module_mm, 1.0)
    return Artwork(label, data, module_mm, dots, dpi, (at.width, at.height))


def _rounded(size: tuple[float, float]) -> list[float]:
    return [round(size[0], 2), round(size[1], 2)]
