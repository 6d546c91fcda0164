"""How large a symbol is printed: whole dots of a printer, and what scanners and phones need.

GS1 General Specifications, "GS1 symbol specification table 1 - Trade items scanned in general retail POS and not
general distribution", addendum 2 for GS1 Digital Link: an X-dimension of 0.396 to 0.990 mm for QR Code and Data Matrix.
DENSO WAVE, "Point for setting the module size": 4 printer dots a module and more. The distance is a rule of thumb of
the trade: ten times the symbol's width.
"""

import math

from gateway.optics.symbol import Symbol

LEAST_MM, MOST_MM = 0.396, 0.990
LEAST_DOTS = 4
_DISTANCES = 10
_SPARE = 0.05  # of a dot: what rounding of inches may cost
_LARGEST_VERSION = 13  # measured: what phones' decoders read at 0.4 mm modules
_MM_PER_INCH = 25.4


def dots(module_mm: float, dpi: int) -> int:
    """The least whole number of printer dots that makes a module of `module_mm` or more."""
    return max(1, math.ceil(module_mm * dpi / _MM_PER_INCH - _SPARE))


def in_mm(count: int, dpi: int) -> float:
    """The width of so many dots."""
    return count * _MM_PER_INCH / dpi


def size_mm(symbol: Symbol, module_mm: float) -> tuple[float, float]:
    """Width and height with the quiet zone."""
    quiet = 2 * symbol.quiet
    return (symbol.columns + quiet) * module_mm, (len(symbol.rows) + quiet) * module_mm


def distance_mm(symbol: Symbol, module_mm: float) -> float:
    """From how far it is read, about."""
    return _DISTANCES * symbol.columns * module_mm


def advice(symbol: Symbol, module_mm: float, module_dots: int | None) -> list[str]:
    """What speaks against printing it so, and what to do; nothing where all is well."""
    found = []
    if module_mm < LEAST_MM:
        found.append(
            f"modules of {module_mm:.3f} mm: GS1 asks for {LEAST_MM} mm at a till; give --module-mm {LEAST_MM} or more"
        )
    if module_mm > MOST_MM:
        found.append(f"modules of {module_mm:.3f} mm: GS1 allows {MOST_MM} mm at a till")
    if module_dots is not None and module_dots < LEAST_DOTS:
        found.append(
            f"{module_dots} dots a module: {LEAST_DOTS} and more print stably; use a finer printer or larger modules"
        )
    if symbol.symbology == "qr" and int(symbol.version) > _LARGEST_VERSION:
        found.append(
            f"version {symbol.version}: phones read version {_LARGEST_VERSION} and less with ease; leave claims out"
        )
    return found
