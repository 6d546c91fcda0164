"""How often something may be done by everybody together: what a limit for each sender would be, where none is known."""

from collections import deque


class Pace:
    """At most `most` in any minute."""

    def __init__(self, most: int) -> None:
        self._times: deque[int] = deque(maxlen=most)

    def wait_s(self, now_ns: int) -> int:
        """0: it may be, and is counted. Else after how many seconds it may."""
        if self._times and now_ns < self._times[-1]:  # the clock was set back
            self._times.clear()
        since_ns = now_ns - self._times[0] if len(self._times) == self._times.maxlen else None
        if since_ns is not None and since_ns < 60 * 10**9:
            return 60 - since_ns // 10**9
        self._times.append(now_ns)
        return 0

    def give_back(self, now_ns: int) -> None:
        """What was counted at `now_ns` came to nothing."""
        if now_ns in self._times:  # not where the clock was set back
            self._times.remove(now_ns)
