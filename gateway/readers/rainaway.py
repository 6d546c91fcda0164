"""A reader that is away: the operator is told once, and it is asked again at growing intervals (no I/O, no clock)."""

import logging
from collections.abc import Callable

log = logging.getLogger(__name__)

BACK_OFF_S = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)  # between attempts to reopen; half to all of it
_SOON_S = 10.0  # a reader that was lost so soon after it came back is asked less often still


class Away:
    """name: the reader's, in the log; chance: 0 to 1. now_s: seconds that only run forward."""

    def __init__(self, name: str, chance: Callable[[], float]) -> None:
        self._name = name
        self._chance = chance
        self._failed = 0
        self._back_s = 0.0
        self._trouble = ""  # why it is away, as the operator was told

    def lost(self, why: Exception, now_s: float) -> float:
        """Tell the operator, unless that is known; seconds until the next attempt."""
        if str(why) != self._trouble:
            text = str(why).removeprefix(f"{self._name}: ")
            log.warning("%s: %s; trying until it is back", self._name, text)
        self._trouble = str(why)
        if now_s - self._back_s > _SOON_S:
            self._failed = 0
        longest_s = BACK_OFF_S[min(self._failed, len(BACK_OFF_S) - 1)]
        self._failed += 1
        return longest_s * (1 + self._chance()) / 2

    def back(self, now_s: float) -> None:
        """It is open."""
        if self._trouble:
            log.warning("%s: the reader is back", self._name)
        self._trouble, self._back_s = "", now_s
