"""A camera's process: `python -m gateway.readers.camera_process`, started and ended by gateway.readers.camera alone.

A thread takes pictures and keeps the newest, another listens to the daemon, and this one looks. Its stdin's end ends
it; so does the kernel where the daemon is gone; and where the camera's library does not come back, it ends itself.
"""

import ctypes
import math
import os
import resource
import signal
import sys
import time
import traceback
from collections.abc import Callable
from functools import partial
from threading import Thread
from typing import BinaryIO

from edge.errors import Malformed
from gateway.readers.camera_address import address
from gateway.readers.camera_capture import Capture
from gateway.readers.camera_feed import Picture
from gateway.readers.camera_health import Health
from gateway.readers.camera_inbox import Inbox
from gateway.readers.camera_looker import Looker
from gateway.readers.camera_source import pictures
from gateway.readers.camera_wire import LONGEST, Asked, Kept, Spec, Told, line, parse
from gateway.readers.codeport import DeviceState

_BEAT_S = 0.5
_WAIT_S = 0.25
_HUNG_S = 30.0  # every call of a camera's library was given less
_LEAVE_S = 1.0
_MEMORY = 1 << 30  # bytes of data; a picture of 40 megapixels and its crops take a quarter
_PDEATHSIG = 1  # prctl(2), PR_SET_PDEATHSIG


def main() -> None:
    """Look until the daemon ends it."""
    out = _own_stdout()
    spec = parse(Spec, sys.stdin.buffer.readline(LONGEST + 1))
    _end_with(spec.parent)
    resource.setrlimit(resource.RLIMIT_DATA, (_MEMORY, _MEMORY))
    inbox = Inbox()
    Thread(target=_hear, args=(sys.stdin.buffer, inbox), name="commands", daemon=True).start()
    status = 1
    try:
        Sight(spec, inbox, partial(_say, out)).run()
        status = 0
    finally:
        if status:
            traceback.print_exc()
        sys.stderr.flush()
        os._exit(status)  # what a thread holds in C shall not keep it


class Ended(Exception):
    """No pictures are taken any more, and why stands before this on stderr."""


class Sight:
    """What looks: at each picture, until the inbox is over. say: tells the daemon."""

    def __init__(self, spec: Spec, inbox: Inbox, say: Callable[[Told], None]) -> None:
        at = address(spec.source)
        is_still = at.kind == "path"
        self._shown = at.shown
        self._inbox = inbox
        self._tell = say
        self._said_at = -math.inf
        self._looker = Looker(spec, is_still)
        self._health = Health(at.shown, is_still)
        self._capture = Capture(partial(pictures, at), inbox, is_still)

    def run(self) -> None:
        """Return when all is over and the camera is left, or when its library hangs; Ended where its thread did."""
        self._capture.start()
        while not self._inbox.is_over:
            news, picture = self._inbox.take(_WAIT_S)
            for each in news:
                self._hear(each)
            if picture is not None:
                self._look(picture)
            if time.monotonic() - self._said_at > _BEAT_S:
                self._say(Told())
            if (still_s := self._capture.still_for()) == math.inf:
                raise Ended("the thread that takes pictures has ended")
            if still_s > _HUNG_S:
                why = f"{self._shown}: a call of its driver hangs; it is started anew"
                self._say(Told(state=DeviceState("stalled", why)))
                return
        self._capture.end(_LEAVE_S)

    def _hear(self, news: Asked | DeviceState) -> None:
        if isinstance(news, DeviceState):
            self._say(Told(state=self._health.source(news)))
            return
        if news.trigger is not None:
            self._looker.trigger(news.trigger)
        if news.release:
            self._looker.release()
        if news.keep is not None:
            try:
                kept = self._looker.keep(news.keep)
            except OSError as why:
                kept = Kept(news.keep.id, None)
                self._say(Told(bad=f"no picture is archived: {why}"))
            self._say(Told(kept=kept))

    def _look(self, picture: Picture) -> None:
        now = time.monotonic()
        try:
            look = self._looker.look(picture)
        except Malformed as why:
            state = self._health.bad(now, str(why))
            if self._health.shall_tell(now):
                self._say(Told(bad=f"a picture is left out: {why}"))
        else:
            state = self._health.good()
            self._say(Told(look=look))
        if state is not None:
            self._say(Told(state=state))

    def _say(self, told: Told) -> None:
        self._said_at = time.monotonic()
        self._tell(told)


def _own_stdout() -> BinaryIO:
    """What leads to the daemon; what C libraries print goes to stderr from now on."""
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return out


def _end_with(parent: int) -> None:
    """Have the kernel end this process with its parent, which would not reach it where a C call keeps all threads."""
    ctypes.CDLL(None).prctl(_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(0)


def _hear(daemon: BinaryIO, inbox: Inbox) -> None:
    """Put the daemon's commands into the inbox; at its end, this process's own, soon."""
    while data := daemon.readline(LONGEST + 1):
        inbox.put(parse(Asked, data))
    inbox.end()
    time.sleep(_LEAVE_S + _WAIT_S)
    os._exit(0)


def _say(out: BinaryIO, told: Told) -> None:
    try:
        out.write(line(told))
        out.flush()
    except BrokenPipeError:
        os._exit(0)


if __name__ == "__main__":
    main()
