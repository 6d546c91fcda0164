"""When a value counts: two-dimensional codes at once, one-dimensional ones after agreeing frames."""

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import replace

from gateway.optics.found import ONE_D, Found

_WITHIN = 10  # frames
_MOST = 256  # values that wait; more in ten frames is noise


class Agreement:
    """Sights of 1D values over frames: their misreads pass the check digit, and seldom come twice the same."""

    def __init__(self, frames: int = 2, expected: Iterable[bytes] = ()) -> None:
        self.frames = frames
        self.expected = frozenset(expected)
        self._sights: OrderedDict[tuple[str, bytes], list[int]] = OrderedDict()

    def feed(self, frame: int, founds: Iterable[Found]) -> tuple[Found, ...]:
        """What counts now of the founds of `frame`, whose number grows.

        A 1D value counts when `frames` different ones of the last ten have it, or when it is expected; each that counts
        has the frames that agree in `passes` where those are more.
        """
        counting = []
        for found in founds:
            if found.symbology not in ONE_D or found.data in self.expected:
                counting.append(found)
                continue
            agreed = self._sight(frame, (found.symbology, found.data))
            if agreed >= self.frames:
                counting.append(replace(found, passes=max(found.passes, agreed)))
        return tuple(counting)

    def _sight(self, frame: int, value: tuple[str, bytes]) -> int:
        seen = [each for each in self._sights.pop(value, []) if frame - _WITHIN < each < frame]
        self._sights[value] = [*seen, frame]
        while len(self._sights) > _MOST:
            self._sights.popitem(last=False)
        return len(seen) + 1
