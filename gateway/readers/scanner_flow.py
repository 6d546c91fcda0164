"""How much a scanner sends: more than any scanner does is a flood, and its connection is ended. No I/O, no clock."""

from gateway.model import ReaderGone

_WINDOW_S = 1.0
_MOST_BYTES = 262_144  # in one window: the longest QR codes, 60 of them
_MOST_MESSAGES = 400  # in one window: the fastest fixed readers decode 60 to 300 a second


class Flood(ReaderGone):
    """It sends more than can be meant; the text says how much."""


class Flow:
    """What came in the window that runs. since: monotonic seconds of the connection."""

    def __init__(self, since: float) -> None:
        self._since = since
        self._bytes = self._messages = 0
        self.is_steady = False  # it has stood for a window, and did not flood in it

    def take(self, now: float, count: int, messages: int) -> None:
        """`count` bytes came, and that many messages of them. Flood."""
        if now - self._since >= _WINDOW_S:
            self._since, self._bytes, self._messages = now, 0, 0
            self.is_steady = True
        self._bytes += count
        self._messages += messages
        if self._bytes > _MOST_BYTES or self._messages > _MOST_MESSAGES:
            self.is_steady = False
            raise Flood(
                f"it floods: {self._messages} messages, {self._bytes} bytes within {_WINDOW_S:g} s:"
                " check what it is, and its settings"
            )
