"""A part of a picture, cut out, turned or enlarged, that remembers where it came from."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from math import atan2, degrees, dist

import cv2
import numpy as np
import numpy.typing as npt

from gateway.optics.found import Corners, Found, Gray

Affine = npt.NDArray[np.float64]
"""Two rows, three columns: from pixels (x, y, 1) here to pixels of the whole picture."""


@dataclass(frozen=True)
class Crop:
    """pixels: the part; back: where its pixels lie in the picture."""

    pixels: Gray
    back: Affine

    def scaled(self, factor: float) -> "Crop":
        """The same part, enlarged or reduced."""
        if factor == 1:
            return self
        how = cv2.INTER_CUBIC if factor > 1 else cv2.INTER_AREA
        pixels = cv2.resize(self.pixels, None, fx=factor, fy=factor, interpolation=how)
        return Crop(np.asarray(pixels, np.uint8), _after(self.back, 1 / factor))

    def middle(self, side: int) -> "Crop":
        """The `side` x `side` pixels in its middle, fewer where it has fewer."""
        rows, columns = self.pixels.shape
        top, left = max((rows - side) // 2, 0), max((columns - side) // 2, 0)
        back = self.back.copy()
        back[:, 2] += back[:, :2] @ np.array((left, top))
        pixels = self.pixels[top : top + side, left : left + side]
        return Crop(np.ascontiguousarray(pixels), back)

    def placed(self, founds: Iterable[Found]) -> list[Found]:
        """What was found in `pixels`, with the corners and the orientation that it has in the picture."""
        placed = []
        for found in founds:
            corners, module = self.corners(found.corners), found.module_px
            if module is not None:
                module *= _width(corners) / max(_width(found.corners), 1e-6)
            placed.append(
                replace(
                    found,
                    corners=corners,
                    orientation_deg=orientation(corners),
                    module_px=module,
                )
            )
        return placed

    def corners(self, here: Corners) -> Corners:
        """Corners of this part as corners of the picture."""
        at = np.array(here, float).reshape(-1, 2) @ self.back[:, :2].T + self.back[:, 2]
        return tuple((round(x), round(y)) for x, y in at.tolist())


def whole(image: Gray) -> Crop:
    """All of a picture."""
    return Crop(image, np.eye(2, 3))


def box(image: Gray, left: float, top: float, right: float, bottom: float) -> Crop:
    """A rectangle of a picture, as far as the picture goes."""
    height, width = image.shape
    x0, y0 = max(int(left), 0), max(int(top), 0)
    x1, y1 = min(int(right) + 1, width), min(int(bottom) + 1, height)
    back = np.array(((1.0, 0.0, x0), (0.0, 1.0, y0)))
    return Crop(np.ascontiguousarray(image[y0:y1, x0:x1]), back)


def orientation(corners: Corners) -> float:
    """Degrees clockwise by which the symbol's upper edge is turned, -180 to 180; 0 without corners."""
    if len(corners) < 2:
        return 0.0
    (x0, y0), (x1, y1) = corners[0], corners[1]
    return round(degrees(atan2(y1 - y0, x1 - x0)), 1)


def _width(corners: Corners) -> float:
    """Pixels from the first corner to the second."""
    return dist(corners[0], corners[1]) if len(corners) > 1 else 0.0


def _after(back: Affine, scale: float) -> Affine:
    """`back` of a picture whose pixels are `scale` of the old ones; pixel centres stay where they are."""
    shift = (scale - 1) / 2
    moved = back.copy()
    moved[:, 2] += back[:, :2] @ np.array((shift, shift))
    moved[:, :2] *= scale
    return moved
