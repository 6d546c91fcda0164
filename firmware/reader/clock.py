"""The handheld's time: ms since start, and Unix seconds as far as they are known.

A board without a battery-backed clock knows no date until a gateway tells it. Until then `now` is a lower bound:
the last time that was known, and how long the board has run since; `synced` says which it is.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


class Clock:
    """ticks: a counter of ms that wraps; difference(later, earlier): ms between two of its values."""

    def __init__(
        self,
        ticks: "Callable[[], int]",
        difference: "Callable[[int, int], int]",
        known: "int" = 0,
    ) -> None:
        """known: Unix seconds, the last time that was known before this start."""
        self.synced = False
        self._ticks = ticks
        self._difference = difference
        self._last = ticks()
        self._ms = 0
        self._base = known

    def ms(self) -> "int":
        """Since the start; never wraps. To be asked once in six days at least."""
        ticks = self._ticks()
        self._ms += self._difference(ticks, self._last)
        self._last = ticks
        return self._ms

    def now(self) -> "int":
        """Unix seconds, a lower bound unless `synced`."""
        return self._base + self.ms() // 1000

    def set(self, now: "int") -> None:
        """A gateway says that it is `now`."""
        self._base = now - self.ms() // 1000
        self.synced = True
