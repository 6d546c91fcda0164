"""The handheld's USB serial port: a pseudo terminal whose other end is the board's stdin and stdout.

What the board says while nobody has the port open is lost, as with USB's "data terminal ready". What it says before
anybody had it open is kept for the first, a few kB of it.
"""

import os
import select
import socket
import tty
from pathlib import Path

_CHUNK = 4096


class UsbPort:
    """path: what programs open. board: the child's end, its stdin and stdout."""

    def __init__(self, link: Path | None = None) -> None:
        if link is not None and link.exists() and not link.is_symlink():
            raise FileExistsError(f"{link} is there and is no symlink: name another")
        self.master, slave = os.openpty()
        tty.setraw(slave)
        os.set_blocking(self.master, False)
        self.path = os.ttyname(slave)
        os.close(slave)
        self._first: bytes | None = b""  # what was said before anybody had the port open
        self._link = link
        if link is not None:
            fresh = link.with_name(link.name + ".new")
            fresh.unlink(missing_ok=True)
            fresh.symlink_to(self.path)
            fresh.replace(link)
            self.path = str(link)
        self._mine, self.board = socket.socketpair()
        self._mine.setblocking(False)
        self._poll = select.poll()
        self._poll.register(self.master, select.POLLIN)

    @property
    def waiting(self) -> list[int]:
        """What can be waited for in select. A board that reads nothing stops its host, as USB does."""
        from_host = [self.master] if self._has_room and self.open else []
        return [self._mine.fileno(), *from_host]

    @property
    def open(self) -> bool:
        """Has a program opened the port?"""
        return not any(mask & select.POLLHUP for _, mask in self._poll.poll(0))

    @property
    def _has_room(self) -> bool:
        return bool(select.select((), (self._mine,), (), 0)[1])

    def serve(self) -> None:
        """Carry what has come, both ways; nothing waits here."""
        if self._first and self.open:
            self.say(b"")
        said = _received(self._mine)
        while said:
            self.say(said)
            said = _received(self._mine)
        if not self._has_room:
            return
        try:
            data = os.read(self.master, _CHUNK)
        except OSError:
            return  # nothing, or nobody
        if data:
            self._mine.send(data)

    def say(self, data: bytes) -> None:
        """Bytes to who has the port open; lost where nobody has, or nobody reads."""
        if self.open:
            data, self._first = (self._first or b"") + data, None
            try:
                os.write(self.master, data)
            except OSError:
                pass
        elif self._first is not None:
            self._first = (self._first + data)[:_CHUNK]

    def power_cycle(self) -> None:
        """What is under way to the board is gone; a new board gets a new end."""
        self._mine.close()
        self.board.close()
        self._mine, self.board = socket.socketpair()
        self._mine.setblocking(False)

    def close(self) -> None:
        if self._link is not None:
            self._link.unlink(missing_ok=True)
        self._mine.close()
        self.board.close()
        os.close(self.master)


def _received(end: socket.socket) -> bytes:
    try:
        return end.recv(_CHUNK)
    except (BlockingIOError, ConnectionError):
        return b""
