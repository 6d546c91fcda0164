"""The square lattice that marks lie on, found in their spectrum: dots that touch nothing have no edges to follow.

The spectrum of marks on a lattice has peaks at two waves, a right angle apart; the phase of the picture at these
tells where the marks are.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from gateway.optics.found import Gray

Plane = npt.NDArray[np.float32]
Vectors = npt.NDArray[np.float64]

REDUCED = 0.5  # the picture's size while it is searched
_CELLS = (6.0, 18.0)  # pixels of a picture from mark to mark
_SIZE = 256  # of the spectrum
LARGEST = round(_SIZE / REDUCED)  # pixels a side of a picture that is searched whole
_ANGLES = np.radians(np.arange(0, 90, 1.5))
_LENGTHS = 48
_AROUND = (17, 17)  # pixels of the reduced picture, that light and contrast are made even over
_LATTICES = 2  # the strongest; the diagonal of the right one is often among them


@dataclass(frozen=True)
class Lattice:
    """plane: the reduced picture, its light and contrast made even. waves: two rows, cycles a pixel of it (x, y).

    phase: cycles of each wave at the middle of the plane, of bright marks.
    """

    plane: Plane
    waves: Vectors
    phase: Vectors

    def points(self, bright: bool) -> Vectors:
        """Where marks may be: rows, columns, (x, y) in pixels of `plane`, as far as it goes."""
        phase = self.phase if bright else self.phase + 0.5
        middle = np.array(self.plane.shape[::-1]) / 2
        corners = np.array(((-1, -1), (1, -1), (-1, 1), (1, 1))) * middle
        cycles = corners @ self.waves.T + phase
        low, high = np.floor(cycles.min(axis=0)), np.ceil(cycles.max(axis=0))
        grid = np.stack(
            np.meshgrid(np.arange(low[0], high[0] + 1), np.arange(low[1], high[1] + 1)), axis=-1
        )
        return np.asarray((grid - phase) @ np.linalg.inv(self.waves).T + middle)

    def marks(self, points: Vectors, bright: bool) -> Plane:
        """How much of a mark is at each of `points`, -1 to 1."""
        cell = 1 / float(np.linalg.norm(self.waves[0]))
        smooth = cv2.GaussianBlur(self.plane, (0, 0), max(0.25 * cell, 0.6))
        at = points.astype(np.float32)
        found = cv2.remap(smooth, at[..., 0], at[..., 1], cv2.INTER_LINEAR, borderValue=0)
        found = found if bright else -found
        full = float(np.percentile(np.abs(found), 90)) + 1e-6
        return np.asarray(np.clip(found / full, -1, 1), np.float32)


def lattices(image: Gray) -> Iterator[Lattice]:
    """The likeliest lattices of `image`, a crop that holds little but the marks: its upper left LARGEST pixels."""
    if min(image.shape) < 4 * _CELLS[1]:
        return
    reduced = cv2.resize(image, None, fx=REDUCED, fy=REDUCED, interpolation=cv2.INTER_AREA)
    plane = _even(np.asarray(reduced[:_SIZE, :_SIZE], np.float32))
    rows, columns = plane.shape
    windowed = plane * np.sqrt(np.outer(np.hanning(rows), np.hanning(columns)))
    windowed = np.asarray(windowed, np.float32)
    for wave in _waves(windowed):
        first, one = _refined(windowed, wave)
        second, other = _refined(windowed, np.array((-wave[1], wave[0])))
        phase = np.angle(np.array((one, other))) / (2 * np.pi)
        yield Lattice(plane, np.stack((first, second)), phase)


def _even(plane: Plane) -> Plane:
    away = plane - cv2.blur(plane, _AROUND)
    contrast = np.sqrt(np.maximum(cv2.blur(away * away, _AROUND), 0)) + 2
    return np.asarray(np.clip(away / contrast, -2.5, 2.5), np.float32)


def _waves(windowed: Plane) -> list[Vectors]:
    """The strongest pairs of waves at a right angle; the first of each pair."""
    rows, columns = windowed.shape
    padded = np.pad(windowed, ((0, _SIZE - rows), (0, _SIZE - columns)))
    transform = cv2.dft(padded, flags=cv2.DFT_COMPLEX_OUTPUT)
    spectrum = np.fft.fftshift(cv2.magnitude(transform[..., 0], transform[..., 1]))
    spectrum = np.asarray(cv2.GaussianBlur(spectrum, (0, 0), 1), np.float32)
    least, most = (_SIZE / (cell * REDUCED) for cell in reversed(_CELLS))
    lengths = np.geomspace(least, most, _LENGTHS)
    x, y = np.outer(np.cos(_ANGLES), lengths), np.outer(np.sin(_ANGLES), lengths)
    one, other = (
        cv2.remap(
            spectrum,
            (_SIZE / 2 + across).astype(np.float32),
            (_SIZE / 2 + down).astype(np.float32),
            cv2.INTER_LINEAR,
        )
        for across, down in ((x, y), (-y, x))
    )
    strength = np.asarray(np.sqrt(one * other) * np.sqrt(lengths), np.float32)
    found = []
    for _ in range(_LATTICES):
        angle, length = np.unravel_index(int(np.argmax(strength)), strength.shape)
        found.append(np.array((x[angle, length], y[angle, length])) / _SIZE)
        cv2.circle(strength, (int(length), int(angle)), 5, 0, -1)
    return found


def _refined(windowed: Plane, wave: Vectors) -> tuple[Vectors, complex]:
    """The wave near `wave` that is strongest, and the picture's sum over it, about its middle."""
    rows, columns = windowed.shape
    x, y = np.arange(columns) - columns / 2, np.arange(rows) - rows / 2
    step, total = 0.5 / max(rows, columns), 0j
    for _ in range(4):
        near = np.array((-1, -0.5, 0, 0.5, 1)) * step
        across = 2 * np.pi * np.outer(x, wave[0] + near)
        parts = np.hstack((np.cos(across), np.sin(across))).astype(np.float32)
        # OpenCV's, for numpy's would wake a thread on each core for so little
        lines = np.asarray(cv2.gemm(windowed, parts, 1, np.zeros((rows, 10), np.float32), 0))
        turned = lines[:, : len(near)] - 1j * lines[:, len(near) :]
        down = np.exp(-2j * np.pi * np.outer(wave[1] + near, y))
        sums = np.einsum("kr,rl->kl", down, turned)
        best = np.unravel_index(int(np.argmax(np.abs(sums))), sums.shape)
        wave = wave + near[[best[1], best[0]]]
        total, step = complex(sums[best]), step / 2
    return wave, total
