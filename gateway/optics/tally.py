"""What the passes over one picture saw, and which of it counts."""

from collections.abc import Iterable
from dataclasses import replace

import cv2
import numpy as np

from gateway.optics.found import ONE_D, Corners, Found

_ENGINES = 2  # that must read the same 1D value,
_ZXING = 3  # or passes of zxing alone; zbar alone is wrong in one of ten
_GS = b"\x1d"
_Value = tuple[str, bytes]


class Tally:
    """Values by symbology and bytes. The first sight of a value stands; of zbar's and zxing's, zxing's, which tells
    the AIM identifier.

    A 1D value counts when two engines or three passes of zxing read it, and more than twice as many as read another
    value in the same place; or when it is expected.
    """

    def __init__(self, expected: Iterable[bytes] = ()) -> None:
        self._expected = frozenset(expected)
        self._first: dict[_Value, Found] = {}
        self._sights: dict[_Value, set[tuple[str, str]]] = {}
        self._unreadable: list[Corners] = []

    def add(self, founds: Iterable[Found], unreadable: Iterable[Corners] = ()) -> None:
        """What one pass saw; `how` and `engine` tell passes apart."""
        for found in founds:
            value = _value(found)
            first = self._first.get(value)
            if first is None or (first.engine == "zbar" and found.engine != "zbar"):
                self._first[value] = found
            self._sights.setdefault(value, set()).add((found.engine, found.how))
        for corners in unreadable:
            if not any(_covers(each, corners) for each in self._unreadable):
                self._unreadable.append(corners)

    @property
    def found(self) -> tuple[Found, ...]:
        """What counts."""
        return tuple(
            replace(each, passes=len(self._sights[value]))
            for value, each in self._first.items()
            if self._counts(value)
        )

    @property
    def doubtful(self) -> tuple[Found, ...]:
        """1D values that too few passes read."""
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

    def _counts(self, value: _Value) -> bool:
        first = self._first[value]
        if first.symbology not in ONE_D or first.data in self._expected:
            return True
        sights = self._sights[value]
        engines = [engine for engine, _ in sights]
        if len(set(engines)) < _ENGINES and engines.count("zxing") < _ZXING:
            return False
        rivals = (
            len(self._sights[other])
            for other, each in self._first.items()
            if other != value and each.symbology in ONE_D and _touch(each.corners, first.corners)
        )
        return len(sights) > 2 * max(rivals, default=0)


def _value(found: Found) -> _Value:
    """What makes two sights one: zbar loses FNC1, and of Code 128 the upper half of Latin-1 (FNC4)."""
    data = found.data.replace(_GS, b"")
    if found.symbology == "Code128":
        data = bytes(each & 0x7F for each in data)
    return found.symbology, data


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


def _touch(one: Corners, other: Corners) -> bool:
    """Whether the rectangles around both overlap."""
    return all(
        max(each[axis] for each in one) >= min(each[axis] for each in other)
        and max(each[axis] for each in other) >= min(each[axis] for each in one)
        for axis in (0, 1)
    )
