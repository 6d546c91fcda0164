"""The thread that takes pictures as they come, and goes back to the camera, with back-off, where it is lost."""

import math
import time
from collections.abc import Callable
from contextlib import closing
from threading import Event, Thread

from gateway.readers.camera_feed import Content, Feed, Lost, Picture
from gateway.readers.camera_inbox import Inbox
from gateway.readers.codeport import DeviceState

_BACK_OFF_S = (0.1, 0.2, 0.5, 1.0, 2.0)
_STEADY_S = 5.0  # a camera that delivered for so long is tried again at once


class Capture:
    """feed: opens the camera, Lost. is_still: each picture is another thing, and none may be missed."""

    def __init__(self, feed: Callable[[], Feed], inbox: Inbox, is_still: bool) -> None:
        self._feed = feed
        self._inbox = inbox
        self._put = inbox.hand if is_still else inbox.replace
        self._over = Event()
        self._moved_at = time.monotonic()
        self._number = 0
        self._is_open = False
        self._thread = Thread(target=self._run, name="capture", daemon=True)

    def start(self) -> None:
        """Take pictures from now on."""
        self._thread.start()

    def end(self, timeout_s: float) -> bool:
        """Leave the camera; whether that was done within `timeout_s`."""
        self._over.set()
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def still_for(self) -> float:
        """Seconds since a call of the camera's library last came back; for ever, where its thread has ended."""
        return time.monotonic() - self._moved_at if self._thread.is_alive() else math.inf

    def _run(self) -> None:
        failed = 0
        while not self._over.is_set():
            began = time.monotonic()
            try:
                with closing(self._feed()) as feed:
                    self._take(feed)
            except Lost as why:
                self._is_open = False
                self._inbox.put(DeviceState(why.word, str(why)))
            failed = 0 if time.monotonic() - began > _STEADY_S else failed + 1
            self._over.wait(_BACK_OFF_S[min(failed, len(_BACK_OFF_S)) - 1])
            self._moved_at = time.monotonic()

    def _take(self, feed: Feed) -> None:
        for content in feed:
            self._moved_at = time.monotonic()
            if self._over.is_set():
                return
            if not self._is_open:
                self._is_open = True
                self._inbox.put(DeviceState("open"))
            if content is not None:
                self._took(content)

    def _took(self, content: Content) -> None:
        self._number += 1
        self._put(Picture(self._number, time.time(), content))
        self._moved_at = time.monotonic()
