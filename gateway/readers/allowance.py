"""An allowance: so much at once, and so much a second after that. For what a peer may make us do."""


class Allowance:
    """at_once, per_s: in whatever is spent. Times are of any clock that only runs forward, in seconds."""

    def __init__(self, at_once: float, per_s: float) -> None:
        self._most = self._left = at_once
        self._per_s = per_s
        self._at = 0.0

    def spend(self, count: float, now: float) -> float:
        """0: it is spent. Else it is not, and may be after so many seconds; never where `count` is above at_once."""
        self._left = min(self._most, self._left + (now - self._at) * self._per_s)
        self._at = now
        if count > self._left:
            return (count - self._left) / self._per_s
        self._left -= count
        return 0.0
