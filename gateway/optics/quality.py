"""How well a code came out: a process indicator of this camera. No ISO/IEC 15415, 15416 or 29158 grade: those ask for
calibrated optics and light."""

import cv2
import numpy as np

from gateway.model import Quality
from gateway.optics.found import Found, Gray

_CONTRAST = (("A", 0.50), ("B", 0.35), ("C", 0.25), ("D", 0.15))
_CORRECTION = (
    ("A", 0.62),
    ("B", 0.50),
    ("C", 0.37),
    ("D", 0.25),
)  # ISO/IEC 15415, unused error correction
_MODULE = (("A", 2.5), ("B", 2.0), ("C", 1.5), ("D", 1.0))  # pixels


def of(image: Gray, found: Found) -> Quality:
    """Contrast (5th to 95th percentile of the light in the code's own area), and what the decoder told."""
    return Quality(
        contrast=found.contrast if found.contrast is not None else _contrast(image, found),
        unused_correction=found.unused_correction,
        module_px=found.module_px,
    )


def grade(quality: Quality, symbology: str) -> str:
    """ "A" to "F", the worst of what is known: contrast, unused error correction, pixels a module.

    A from contrast .50, correction .62, 2.5 pixels on; B .35, .50, 2.0; C .25, .37, 1.5; D .15, .25, 1.0.
    """
    known = [
        _letter(value, scale)
        for value, scale in (
            (quality.contrast, _CONTRAST),
            (quality.unused_correction, _CORRECTION),
            (quality.module_px, _MODULE),
        )
        if value is not None
    ]
    return max(known, default="F")


def _letter(value: float, scale: tuple[tuple[str, float], ...]) -> str:
    return next((letter for letter, least in scale if value >= least), "F")


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
