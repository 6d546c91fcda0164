"""Dot-peened Data Matrix: dots on a lattice, redrawn as the modules that they stand for.

The finder pattern (ISO/IEC 16022, "Finder pattern": a solid left and lower border, an alternating right and upper
one, light around them) says where on the lattice the symbol is, which way up, and what a dot looks like.
"""

from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from gateway.optics import zxing
from gateway.optics.background import Level, levelled
from gateway.optics.crop import Crop
from gateway.optics.found import Found
from gateway.optics.lattice import LARGEST, REDUCED, Plane, Vectors, lattices

_SIZES = (10, 12, 14, 16, 18, 20, 22, 24, 26)  # modules a side of the square symbols of one region
_LEAST = 0.35  # fit of a finder pattern; 1 is a perfect one
_FITS = 3  # the best of a lattice that are tried
_THRESHOLDS = (0.0, -0.15, 0.15)  # of the contrast, about the middle between dots and none
_OUTSIDE = -0.3  # what stands for marks beyond the picture


def read(crop: Crop) -> list[Found]:
    """The dot-peened symbol in the middle of `crop`, placed in the picture: at most one. 9 ms for 250 x 250 pixels."""
    crop = crop.middle(LARGEST)
    for lattice in lattices(crop.pixels):
        for bright in (False, True):
            points = lattice.points(bright)
            marks = lattice.marks(points, bright)
            for fit in _fits(marks):
                found = _decoded(fit, marks, points)
                if found:
                    return crop.placed([found])
    return []


def merged(crop: Crop, sigma: float, window: int = 11) -> Crop:
    """Dots blurred until they touch, reduced and in black and white: for dots that almost touch as they are."""
    plane = crop.pixels.astype(np.float32)
    band = cv2.GaussianBlur(plane, (0, 0), sigma) - cv2.GaussianBlur(plane, (0, 0), 6 * sigma)
    gray = np.asarray(cv2.convertScaleAbs(band, alpha=2, beta=128), np.uint8)
    small = Crop(gray, crop.back).scaled(1.2 / sigma)
    level = Level(window=window, smooth=0, sharpen=0)
    return Crop(levelled(small.pixels, level), small.back)


class _Fit(NamedTuple):
    """Where a symbol of `size` modules may be in the marks, turned a quarter `turns` times; with a border of one."""

    score: float
    turns: int
    top: int
    left: int
    size: int


def _fits(marks: Plane) -> list[_Fit]:
    """The best places for a finder pattern."""
    found = []
    for turns in range(4):
        turned = np.pad(np.rot90(marks, turns), 1, constant_values=_OUTSIDE)
        sums = _Sums(turned)
        found += [sums.best(turns, size) for size in _SIZES if size + 2 <= min(turned.shape)]
    return [fit for fit in sorted(found, reverse=True)[:_FITS] if fit.score >= _LEAST]


class _Sums:
    """Sums along any part of a row or column, of the marks and of the marks against a chequered board."""

    def __init__(self, marks: Plane) -> None:
        rows, columns = np.ogrid[: marks.shape[0], : marks.shape[1]]
        self._board = ((rows + columns) % 2 * 2 - 1).astype(np.float32)
        chequered = np.asarray(marks * self._board, np.float32)
        self._down = np.pad(np.cumsum(marks, axis=0), ((1, 0), (0, 0)))
        self._along = np.pad(np.cumsum(marks, axis=1), ((0, 0), (1, 0)))
        self._chequered_down = np.pad(np.cumsum(chequered, axis=0), ((1, 0), (0, 0)))
        self._chequered_along = np.pad(np.cumsum(chequered, axis=1), ((0, 0), (1, 0)))
        self._shape = marks.shape

    def best(self, turns: int, size: int) -> _Fit:
        """The place where a symbol of `size` fits best, among all."""
        tops, lefts = self._shape[0] - size - 1, self._shape[1] - size - 1

        def at(sums: Plane, down: int, along: int) -> Plane:
            """`sums` so far from the upper left corner of each place."""
            return sums[1 + down : 1 + down + tops, 1 + along : 1 + along + lefts]

        def column(sums: Plane, along: int) -> Plane:
            return at(sums, size, along) - at(sums, 0, along)

        def row(sums: Plane, down: int) -> Plane:
            return at(sums, down, size) - at(sums, down, 0)

        solid = column(self._down, 0) + row(self._along, size - 1)
        # of the chequered board: dark where the upper left corner is, and one below the upper right
        both = row(self._chequered_along, 0) + column(self._chequered_down, size - 1)
        alternating = both * self._board[1 : 1 + tops, 1 : 1 + lefts]
        quiet = column(self._down, -1) + column(self._down, size)
        quiet = quiet + row(self._along, -1) + row(self._along, size)
        score = (solid + alternating - 0.5 * quiet) / (6 * size)
        top, left = np.unravel_index(int(np.argmax(score)), score.shape)
        return _Fit(float(score[top, left]), turns, int(top) + 1, int(left) + 1, size)


def _decoded(fit: _Fit, marks: Plane, points: Vectors) -> Found | None:
    part = np.s_[fit.top : fit.top + fit.size, fit.left : fit.left + fit.size]
    inside = np.pad(np.rot90(marks, fit.turns), 1, constant_values=_OUTSIDE)[part]
    dark = float(np.concatenate((inside[:, 0], inside[-1])).mean())
    light = float(np.concatenate((inside[0, 1::2], inside[::2, -1])).mean())
    for threshold in _THRESHOLDS:
        modules = inside > (dark + light) / 2 + threshold * (dark - light)
        found = zxing.read_modules(_finder(modules), "datamatrix", "dots")
        if found:
            return _placed(found, fit, points)
    return None


def _finder(modules: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """`modules` with the finder pattern as it must be."""
    count = np.arange(len(modules))
    modules[0], modules[:, -1] = count % 2 == 0, count % 2 == 1
    modules[:, 0], modules[-1] = True, True
    return modules


def _placed(found: Found, fit: _Fit, points: Vectors) -> Found:
    """`found` with its corners, half a module outside its outermost dots, in pixels of the crop."""
    turned = np.rot90(points, fit.turns)
    top, left, last = fit.top - 1, fit.left - 1, fit.size - 1
    # a place beyond the lattice is one step from the last
    down, along = turned[1, 0] - turned[0, 0], turned[0, 1] - turned[0, 0]
    first = turned[0, 0] + (top - 0.5) * down + (left - 0.5) * along
    size = last + 1
    corners = (first, first + size * along, first + size * (along + down), first + size * down)
    pixels = tuple((round(x / REDUCED), round(y / REDUCED)) for x, y in corners)
    return Found(
        data=found.data,
        aim=found.aim,
        symbology=found.symbology,
        corners=pixels,
        orientation_deg=0.0,
        engine=found.engine,
        how=found.how,
        unused_correction=found.unused_correction,
        module_px=float(np.linalg.norm(along)) / REDUCED,
    )
