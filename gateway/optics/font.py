"""The letters of a label's picture: OpenCV's own font."""

import cv2

from edge.errors import Malformed
from gateway.optics.found import Gray
from gateway.optics.label import ADVANCE, Line

_FONT = cv2.FONT_HERSHEY_SIMPLEX
_CAPITALS = 0.7  # of a letter's size
_BLACK = 0
_HAS_ALL_LETTERS = int(cv2.__version__.split(".")[0]) >= 5  # before, its fonts were ASCII


def draw(picture: Gray, line: Line, size: float) -> None:
    """Write a line into the picture, letters `size` pixels high, never wider than its layout says.

    Raises Malformed for letters that this OpenCV has not.
    """
    if not line.text.isascii() and not _HAS_ALL_LETTERS:
        raise Malformed(f"{line.text!r}: OpenCV before 5 draws ASCII alone; make SVG or ZPL")
    scale = cv2.getFontScaleFromHeight(_FONT, max(1, round(_CAPITALS * size)), 1)
    thickness = max(1, round(size / 16))
    (width, _), _ = cv2.getTextSize(line.text, _FONT, scale, thickness)
    scale *= min(1.0, len(line.text) * ADVANCE * size / max(1, width))
    where = (round(line.x), round(line.y))
    cv2.putText(picture, line.text, where, _FONT, scale, _BLACK, thickness, cv2.LINE_8)
