"""What the passes over one picture saw, and which of it counts."""

from collections.abc import Iterable
from dataclasses import replace

import cv2
import numpy as np

from gateway.optics.found import ONE_D, Corners, Found

_AGREE = 2  # passes or engines that must read the same 1D value
_GS = b"\x1d"


class Tally:
    """Values by symbology and bytes. The first sight of a value stands; of zbar's and zxing's, zxing's, which tells
    the AIM identifier."""

    def __init__(self, expected: Iterable[bytes] = ()) -> None:
        self._expected = frozenset(expected)
        self._first: dict[tuple[str, bytes], Found] = {}
        self._passes: dict[tuple[str, bytes], set[str]] = {}
        self._unreadable: list[Corners] = []

    def add(self, founds: Iterable[Found], unreadable: Iterable[Corners] = ()) -> None:
        """What one pass saw; `how` and `engine` tell passes apart."""
        for found in founds:
            value = found.symbology, found.data.replace(_GS, b"")
            first = self._first.get(value)
            if first is None or (first.engine == "zbar" and found.engine != "zbar"):
                self._first[value] = found
            self._passes.setdefault(value, set()).add(f"{found.engine} {found.how}")
        for corners in unreadable:
            if not any(_covers(each, corners) for each in self._unreadable):
                self._unreadable.append(corners)

    @property
    def found(self) -> tuple[Found, ...]:
        """What counts: 2D codes, 1D values that two passes or engines read or that were expected."""
        return tuple(
            replace(each, passes=len(self._passes[value]))
            for value, each in self._first.items()
            if self._counts(value)
        )

    @property
    def doubtful(self) -> tuple[Found, ...]:
        """1D values that one pass alone read."""
        return tuple(each for value, each in self._first.items() if not self._counts(value))

    @property
    def unreadable(self) -> int:
        """Places where a code was located and none was read."""
        return sum(
            not any(_covers(each.corners, corners) for each in self._first.values())
            for corners in self._unreadable
        )

    def covers(self, x: float, y: float) -> bool:
        """Whether a code that counts lies there."""
        return any(
            _inside(each.corners, x, y)
            for value, each in self._first.items()
            if self._counts(value)
        )

    def _counts(self, value: tuple[str, bytes]) -> bool:
        first = self._first[value]
        return (
            first.symbology not in ONE_D
            or first.data in self._expected
            or len(self._passes[value]) >= _AGREE
        )


def _covers(corners: Corners, other: Corners) -> bool:
    if not other:
        return False
    x, y = np.mean(np.array(other, float), axis=0)
    return _inside(corners, float(x), float(y))


def _inside(corners: Corners, x: float, y: float) -> bool:
    if len(corners) < 3:
        return False
    hull = cv2.convexHull(np.array(corners, np.int32))
    return cv2.pointPolygonTest(hull, (x, y), False) >= 0
