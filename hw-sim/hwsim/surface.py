"""What a camera sees behind and around codes: belts, metal, cardboard, plastic, with print and edges on them."""

import cv2
import numpy as np
import numpy.typing as npt

Picture = npt.NDArray[np.uint8]
"""Rows and columns of gray; 0 black."""
Plane = npt.NDArray[np.float32]
"""The same in the making: 0 to 255, and beyond."""

KINDS = ("belt", "metal", "card", "plastic")


def grain(rng: np.random.Generator, rows: int, columns: int) -> Plane:
    """White noise of mean 0 and deviation 1."""
    bytes_ = np.frombuffer(rng.bytes(rows * columns), np.uint8).reshape(rows, columns)
    return np.asarray(cv2.LUT(bytes_, _NORMAL), np.float32)


def uneven(rng: np.random.Generator, rows: int, columns: int, cells: int) -> Plane:
    """Smooth changes of mean 0 and deviation about 1, `cells` of them across."""
    coarse = rng.standard_normal((max(2, cells * rows // columns), cells)).astype(np.float32)
    return np.asarray(
        cv2.resize(coarse, (columns, rows), interpolation=cv2.INTER_CUBIC), np.float32
    )


def surface(rng: np.random.Generator, kind: str, rows: int, columns: int, level: float) -> Plane:
    """A material of mean `level`, without light and shadow."""
    plane = np.full((rows, columns), level, np.float32)
    if kind == "metal":
        lines = cv2.blur(grain(rng, rows, max(8, columns // 8)), (31, 1))
        lines = cv2.resize(lines, (columns, rows), interpolation=cv2.INTER_LINEAR)
        plane += 45 * np.asarray(lines, np.float32)
    elif kind == "belt":
        half = grain(rng, rows // 2 + 1, columns // 2 + 1)
        plane += 9 * np.asarray(cv2.resize(half, (columns, rows)), np.float32)
    elif kind == "card":
        plane += 3 * uneven(rng, rows, columns, 90) + 2 * uneven(rng, rows, columns, 24)
    else:
        plane += 2 * uneven(rng, rows, columns, 12)
    return plane


def clutter(rng: np.random.Generator, bare: Plane, pieces: int) -> Plane:
    """`bare` with parts' edges, screws, cables and words on it."""
    plane = np.clip(bare, 0, 255).astype(np.uint8)
    rows, columns = plane.shape
    for _ in range(pieces):
        x, y = int(rng.integers(columns)), int(rng.integers(rows))
        ink = float(np.clip(bare[y, x] + rng.choice((-1, 1)) * rng.uniform(15, 70), 5, 250))
        what = rng.integers(4)
        if what == 0:
            turned = ((x, y), (rng.uniform(80, 500), rng.uniform(60, 300)), rng.uniform(0, 90))
            corners = cv2.boxPoints(turned).astype(np.int32)
            cv2.fillConvexPoly(plane, corners, ink, cv2.LINE_AA)
        elif what == 1:
            radius = int(rng.integers(8, 40))
            cv2.circle(plane, (x, y), radius, ink, -1, cv2.LINE_AA)
            cv2.line(plane, (x - radius, y), (x + radius, y), ink - 20, 3, cv2.LINE_AA)
        elif what == 2:
            end = (int(rng.integers(columns)), int(rng.integers(rows)))
            cv2.line(plane, (x, y), end, ink, int(rng.integers(2, 12)), cv2.LINE_AA)
        else:
            words = "".join(chr(each) for each in rng.integers(48, 91, int(rng.integers(4, 14))))
            size = rng.uniform(0.6, 2)
            cv2.putText(plane, words, (x, y), cv2.FONT_HERSHEY_SIMPLEX, size, ink, 2, cv2.LINE_AA)
    return plane.astype(np.float32)


def _normal() -> npt.NDArray[np.float32]:
    """256 quantiles of the normal distribution."""
    steps = np.linspace(-6, 6, 24001)
    density = np.exp(-(steps**2) / 2)
    share = np.cumsum(density) / density.sum()
    return np.interp((np.arange(256) + 0.5) / 256, share, steps).astype(np.float32)


_NORMAL = _normal()
