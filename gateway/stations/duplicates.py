"""The duplicate window: a value that was read a moment ago is the same showing, not another one."""

MOST = 4096  # values that are remembered; those unseen for longest are forgotten


class Duplicates:
    """Values and when each was last seen. window_s: a value unseen for so long is new; 0: every one is new."""

    def __init__(self, window_s: float) -> None:
        self.window_s = window_s
        self._seen_at: dict[bytes, float] = {}  # in the order of their last sight

    def knows(self, value: bytes, at: float) -> bool:
        """Whether it was seen within the window before `at`, Unix seconds; a clock that was set back forgets."""
        seen_at = self._seen_at.get(value)
        return seen_at is not None and 0 <= at - seen_at < self.window_s

    def saw(self, value: bytes, at: float) -> bool:
        """Note a sight, from which the window runs anew; returns whether it was known."""
        known = self.knows(value, at)
        self._seen_at.pop(value, None)
        self._seen_at[value] = at
        if len(self._seen_at) > MOST:
            del self._seen_at[next(iter(self._seen_at))]
        return known
