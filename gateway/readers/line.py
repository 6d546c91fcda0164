"""A serial line: bytes out, bytes in until a deadline. pyserial opens and sets it; reading is one poll and one read."""

import errno
import logging
import os
import select
import termios
import weakref
from math import ceil
from time import monotonic

from serial import Serial, SerialException

from gateway.model import ReaderBusy, ReaderGone

log = logging.getLogger(__name__)

_CHUNK = 4096  # bytes: more than any frame, and what the tty holds
_SEND_S = 1.0  # a line that takes no byte for that long is stuck (RTS/CTS is off)
_HELD = (errno.EAGAIN, errno.EBUSY)


class SerialLine:
    """Exclusively opened, 8N1, raw. Every fault of the device is ReaderGone; deadlines are of `time.monotonic`.

    secret: while it is set, the log tells how many bytes pass, and not which.
    """

    def __init__(self, path: str) -> None:
        self.secret = False
        self._path = path
        self._serial: Serial | None = None
        self._fd = -1
        self._data = select.poll()
        self._data_or_stop = select.poll()
        self._stop_r, self._stop_w = os.pipe()
        os.set_blocking(self._stop_r, False)
        os.set_blocking(self._stop_w, False)
        self._data_or_stop.register(self._stop_r, select.POLLIN)
        weakref.finalize(self, _close_all, self._stop_r, self._stop_w)

    def open(self, baud: int) -> None:
        """ReaderBusy where another program holds the lock of this line, or this user may not open it."""
        try:
            self._serial = Serial(self._path, baud, exclusive=True)
        except SerialException as why:
            if why.errno == errno.EACCES:
                raise ReaderBusy(
                    f"{self._path}: this user may not open it: add the user to its group (dialout)"
                ) from why
            if why.errno in _HELD:
                raise ReaderBusy(
                    f"{self._path}: another program uses it, close that first"
                ) from why
            raise self._unopened(why.errno) from why
        except (OSError, termios.error) as why:
            raise self._unopened(why.args[0]) from why
        self._fd = self._serial.fileno()
        self._data.register(self._fd, select.POLLIN)
        self._data_or_stop.register(self._fd, select.POLLIN)
        try:
            self._serial.set_low_latency_mode(True)
        except (ValueError, NotImplementedError, OSError) as why:
            log.debug("%s: no low-latency mode: %s", self._path, why)

    def close(self) -> None:
        """Never raises; closing twice is harmless."""
        if self._serial is None:
            return
        self._data.unregister(self._fd)
        self._data_or_stop.unregister(self._fd)
        try:
            self._serial.close()
        except (OSError, termios.error) as why:
            log.debug("%s: on close: %s", self._path, why)
        self._serial, self._fd = None, -1

    @property
    def is_open(self) -> bool:
        return self._serial is not None

    def set_baud(self, baud: int) -> None:
        """After all that was sent has left at the old rate."""
        try:
            termios.tcdrain(self._fd)
            self._opened().baudrate = baud
        except (OSError, termios.error, ValueError) as why:
            raise self._gone(why) from why

    def send(self, data: bytes) -> None:
        self._log(">", data)
        try:
            sent = os.write(self._fd, data)
            while sent < len(data):
                _, ready, _ = select.select([], [self._fd], [], _SEND_S)
                if not ready:
                    raise self._gone("takes no more bytes")
                sent += os.write(self._fd, data[sent:])
        except OSError as why:
            raise self._gone(why) from why

    def receive(self, deadline: float) -> bytes:
        """What has come, as soon as something has; nothing at the deadline."""
        return self._read() if self._data.poll(_left_ms(deadline)) else b""

    def receive_or_stop(self, deadline: float) -> bytes:
        """As receive(), and nothing also at once after stop()."""
        for fd, _ in self._data_or_stop.poll(_left_ms(deadline)):
            if fd == self._fd:
                return self._read()
            os.read(self._stop_r, _CHUNK)
        return b""

    def drain(self) -> None:
        """Drop what has come."""
        while self._data.poll(0):
            self._read()

    def stop(self) -> None:
        """From any thread: end the running receive_or_stop(), or the next one."""
        try:
            os.write(self._stop_w, b"x")
        except BlockingIOError:
            return

    def _read(self) -> bytes:
        try:
            data = os.read(self._fd, _CHUNK)
        except OSError as why:
            raise self._gone(why) from why
        if not data:
            raise self._gone("end of file")
        self._log("<", data)
        return data

    def _log(self, way: str, data: bytes) -> None:
        shown = f"{len(data)} bytes with a secret" if self.secret else data.hex()
        log.debug("%s %s %s", self._path, way, shown)

    def _opened(self) -> Serial:
        if self._serial is None:
            raise self._gone("not open")
        return self._serial

    def _unopened(self, number: int | None) -> ReaderGone:
        reason = "no such port" if number == errno.ENOENT else "it is no serial port"
        text = (
            f"{self._path}: {reason}: check the plug; `ls /dev/serial/by-id/` tells what is there"
        )
        return ReaderGone(text)

    def _gone(self, why: object) -> ReaderGone:
        return ReaderGone(f"{self._path}: the reader is gone ({why}): check the plug")


def _left_ms(deadline: float) -> int:
    return max(0, ceil((deadline - monotonic()) * 1000))


def _close_all(*fds: int) -> None:
    for fd in fds:
        os.close(fd)
