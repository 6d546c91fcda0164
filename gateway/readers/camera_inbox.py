"""What the one who looks at pictures has before him: the newest picture, what he was asked, how the camera is."""

from collections import deque
from threading import Condition

from gateway.readers.camera_feed import Picture
from gateway.readers.camera_wire import Asked
from gateway.readers.codeport import DeviceState

_News = Asked | DeviceState


class Inbox:
    """Between threads that put, and one that takes. It holds one picture."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._news: deque[_News] = deque()
        self._picture: Picture | None = None
        self.is_over = False

    def put(self, news: _News) -> None:
        """A command, or how the camera is."""
        with self._changed:
            self._news.append(news)
            self._changed.notify_all()

    def replace(self, picture: Picture) -> None:
        """The newest picture: one that nobody took is gone."""
        with self._changed:
            self._picture = picture
            self._changed.notify_all()

    def hand(self, picture: Picture) -> None:
        """A picture that must not be missed: return when the one before was taken, or all is over."""
        with self._changed:
            self._changed.wait_for(lambda: self._picture is None or self.is_over)
        self.replace(picture)

    def end(self) -> None:
        """It is over: wake who waits."""
        with self._changed:
            self.is_over = True
            self._changed.notify_all()

    def take(self, timeout_s: float) -> tuple[list[_News], Picture | None]:
        """All news and the picture, as soon as there is one of them, or after `timeout_s`."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._news or self._picture is not None or self.is_over, timeout_s
            )
            news, self._news = list(self._news), deque()
            picture, self._picture = self._picture, None
            self._changed.notify_all()
        return news, picture
