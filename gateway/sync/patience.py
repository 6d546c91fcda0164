"""How long the uplink waits for a confirmation, and what it then sends again. Pure: it counts looks, not seconds.

What was taken may still lie in a queue, so little is sent again at first: one batch, and twice as many each time that
this, and nothing else, has helped.
"""

from collections.abc import Sequence

from gateway.sync.flight import Leg

_LOOKS = 3  # without progress before the hub is asked; twice as many each time
_MOST_LOOKS = 120
_IDLE_LOOKS = 60  # between questions whether the hub still has what it had, while nothing happens


class Patience:
    def __init__(self) -> None:
        self._confirmed = -1
        self._looks = 0
        self._limit = _LOOKS
        self._idle = _IDLE_LOOKS  # the first look asks
        self._suspects: list[Leg] = []
        self._resent = 0  # up to there
        self._most = 1

    def is_over(self, confirmed: int, is_owed: bool) -> bool:
        """At a look: whether nothing was confirmed for so long that the hub is to be asked.

        is_owed: something was taken that is not confirmed.
        """
        self._idle = 0 if is_owed else self._idle + 1
        if self._idle > _IDLE_LOOKS:
            self._idle = 0
            return True
        if not is_owed or confirmed != self._confirmed:
            self._confirmed, self._looks, self._limit = confirmed, 0, _LOOKS
            return False
        self._looks += 1
        if self._looks < self._limit:
            return False
        self._looks, self._limit = 0, min(self._limit * 2, _MOST_LOOKS)
        return True

    def suspect(self, legs: Sequence[Leg], missing: Sequence[tuple[int, int]]) -> list[Leg]:
        """Of `legs`, all that were taken, in order, those to send again; missing: ranges that the hub lacks."""
        lacking = [
            leg
            for leg in legs
            if any(leg.first <= last and first <= leg.last for first, last in missing)
        ]
        if lacking:  # what lies behind them has arrived, so these are lost
            self._suspects = []
            return lacking
        self._suspects, self._most = list(legs), 1
        return self._next()

    def confirmed(self, seq: int) -> list[Leg]:
        """The hub now holds every row up to `seq`: what else to send again, since what was sent again has helped."""
        if self._suspects and seq == self._resent:
            self._most *= 2
            return self._next()
        self._suspects = []
        return []

    def _next(self) -> list[Leg]:
        found, self._suspects = self._suspects[: self._most], self._suspects[self._most :]
        self._resent = found[-1].last if found else 0
        return found
