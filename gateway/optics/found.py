"""One code in one picture."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Gray = npt.NDArray[np.uint8]
"""A picture: rows, columns; 0 black."""

Corners = tuple[tuple[int, int], ...]
"""Four corners in pixels (x, y), from the symbol's own top left, clockwise."""

ONE_D = frozenset(("Code128", "EAN13", "EAN8", "UPCA", "UPCE"))
"""Symbologies whose misreads pass the check digit: one sight of them does not count."""


@dataclass(frozen=True)
class Found:
    """symbology, aim, data: as CodeRead has them. engine: "zxing", "zbar", "opencv", "dmtx"; how: the pass.

    unused_correction: share of the error correction that was not needed, None where the symbology has none.
    """

    data: bytes
    aim: str
    symbology: str
    corners: Corners
    orientation_deg: float
    engine: str
    how: str
    unused_correction: float | None = None
    module_px: float | None = None
    contrast: float | None = None
    passes: int = 1
