"""A bar code made straight: scanned along its own axis, averaged along its bars, in black and white."""

import cv2
import numpy as np

from gateway.optics.background import levelled_rows
from gateway.optics.crop import Crop
from gateway.optics.found import Gray
from gateway.optics.localise import Bars

_LONGEST = 3600  # columns of a strip
_TALL = 6  # rows that a band is repeated to: decoders ask for several that agree


def strip(image: Gray, bars: Bars, scale: float = 3.0) -> Crop:
    """The code of `bars` level, `scale` times enlarged across its bars and not along them, with its quiet zones."""
    length = float(np.linalg.norm(bars.across))
    half = bars.half_width * length * 1.12 + 24
    scale = min(scale, _LONGEST / (2 * half))
    columns, rows = round(2 * half * scale), max(round(2 * bars.half_height), 8)
    across, along = bars.across / length / scale, bars.along
    origin = bars.middle - across * (columns / 2) - along * (rows / 2)
    back = np.column_stack((across, along, origin))
    pixels = cv2.warpAffine(
        image,
        back,
        (columns, rows),
        flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return Crop(np.asarray(pixels, np.uint8), back)


def banded(level: Crop, rows: int) -> Crop:
    """`level` averaged over bands of so many rows, each of them then repeated."""
    return _tall(_bands(level, rows), level)


def sharpened(level: Crop, rows: int, window: int, sigma: float, sharpen: float) -> Crop:
    """The same in black and white, with defocus of about `sigma` pixels undone; window: as gateway.optics.background.

    Measured on 200 rendered bar codes: zxing reads 91 % and zbar 92 % in one pass, 41 and 37 % of plain strips.
    """
    return _tall(levelled_rows(_bands(level, rows), sigma, sharpen, window), level)


def _bands(level: Crop, rows: int) -> Gray:
    size = (level.pixels.shape[1], max(level.pixels.shape[0] // rows, 1))
    return np.asarray(cv2.resize(level.pixels, size, interpolation=cv2.INTER_AREA), np.uint8)


def _tall(bands: Gray, level: Crop) -> Crop:
    back = level.back.copy()
    back[:, 1] *= level.pixels.shape[0] / (bands.shape[0] * _TALL)
    return Crop(np.repeat(bands, _TALL, axis=0), back)
