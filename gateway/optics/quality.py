"""How well a code came out: a process indicator of this camera. No ISO/IEC 15415, 15416 or 29158 grade: those ask for
calibrated optics and light."""

import cv2
import numpy as np

from gateway.model import Quality
from gateway.optics.found import Found, Gray
from gateway.optics.grade import grade as grade


def of(image: Gray, found: Found) -> Quality:
    """Contrast (5th to 95th percentile of the light in the code's own area), and what the decoder told."""
    return Quality(
        contrast=found.contrast if found.contrast is not None else _contrast(image, found),
        unused_correction=found.unused_correction,
        module_px=found.module_px,
    )


def _contrast(image: Gray, found: Found) -> float | None:
    corners = np.array(found.corners, np.int32).reshape(-1, 2)
    if len(corners) < 3:
        return None
    height, width = image.shape
    left, top, wide, high = cv2.boundingRect(corners)
    right, bottom = min(left + wide, width), min(top + high, height)
    left, top = max(left, 0), max(top, 0)
    if right - left < 2 or bottom - top < 2:
        return None
    inside = np.zeros((bottom - top, right - left), np.uint8)
    cv2.fillConvexPoly(inside, corners - (left, top), 1)
    light = image[top:bottom, left:right][inside > 0]
    if light.size < 16:
        return None
    dark, bright = np.percentile(light, (5, 95))
    return float(bright - dark) / 255
