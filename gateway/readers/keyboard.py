"""A scanner that types, as a keyboard of its own: read from evdev, grabbed so that nothing else gets its keys.

Linux, <linux/input.h>: struct input_event, EVIOCGRAB. Its path of /dev/input/by-id stays the same when it is plugged
again. This user must be in the group that owns it ("input").
"""

import asyncio
import errno
import fcntl
import logging
import os
import struct
from collections.abc import Callable

from gateway.model import CannotDo, ReaderBusy, ReaderGone
from gateway.readers.keymap import Keys

log = logging.getLogger(__name__)

_EVENT = struct.Struct("@llHHi")  # seconds, microseconds, type, code, value
_CHUNK = 64 * _EVENT.size
_EV_SYN, _EV_KEY = 0, 1
_SYN_DROPPED = 3
_RELEASE, _PRESS = 0, 1  # 2 is the repetition of a key that is held
_EVIOCGRAB = 0x40044590  # _IOW('E', 0x90, int)


class KeyboardLink:
    """See scanner_link.Link. ioctl: fcntl's, or what stands for it where the path is no device."""

    def __init__(self, path: str, ioctl: Callable[[int, int, int], object] = fcntl.ioctl) -> None:
        self._path = path
        self._ioctl = ioctl
        self._fd = -1
        self._keys = Keys()
        self._rest = b""  # of an event

    async def open(self) -> None:
        try:
            self._fd = os.open(self._path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as why:
            if why.errno in (errno.EACCES, errno.EPERM):
                raise ReaderBusy(
                    f"{self._path}: this user may not open it: add the user to its group (input)"
                ) from why
            raise self._gone(why) from why
        try:
            self._ioctl(self._fd, _EVIOCGRAB, 1)
        except OSError as why:
            await self.close()
            if why.errno == errno.EBUSY:
                raise ReaderBusy(
                    f"{self._path}: another program has grabbed it, close that first"
                ) from why
            raise ReaderGone(f"{self._path}: it is no keyboard ({why.strerror})") from why
        self._keys, self._rest = Keys(), b""

    async def receive(self, timeout_s: float) -> bytes:
        """What was typed; b"" also where keys came that are none of a message."""
        if self._fd < 0:
            raise ReaderGone(f"{self._path}: it is not open")
        loop = asyncio.get_running_loop()
        ready = asyncio.Event()
        loop.add_reader(self._fd, ready.set)
        try:
            async with asyncio.timeout(timeout_s):
                while True:
                    await ready.wait()
                    ready.clear()
                    if typed := self._read():
                        return typed
        except TimeoutError:
            return b""
        finally:
            if self._fd >= 0:
                loop.remove_reader(self._fd)

    async def send(self, data: bytes) -> None:
        raise CannotDo(f"{self._path}: a keyboard takes no commands: leave preset and on out")

    async def close(self) -> None:
        """Closing releases what was grabbed."""
        if self._fd >= 0:
            os.close(self._fd)
        self._fd = -1

    def _read(self) -> bytes:
        try:
            data = os.read(self._fd, _CHUNK)
        except BlockingIOError:
            return b""
        except OSError as why:
            raise self._gone(why) from why
        if not data:
            raise ReaderGone(f"{self._path}: the keyboard is gone: check the plug")
        data = self._rest + data
        whole = len(data) - len(data) % _EVENT.size
        self._rest = data[whole:]
        typed = b""
        for _, _, kind, code, value in _EVENT.iter_unpack(data[:whole]):
            if kind == _EV_SYN and code == _SYN_DROPPED:
                raise ReaderGone(f"{self._path}: keys were lost: it types faster than it is read")
            if kind == _EV_KEY and value == _PRESS:
                typed += self._keys.press(code)
            elif kind == _EV_KEY and value == _RELEASE:
                typed += self._keys.release(code)
        if typed:
            log.debug("%s < %s", self._path, typed.hex())
        return typed

    def _gone(self, why: OSError) -> ReaderGone:
        return ReaderGone(f"{self._path}: the keyboard is gone ({why.strerror}): check the plug")
