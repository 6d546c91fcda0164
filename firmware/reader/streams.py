"""The ways to a gateway, as streams of bytes that never wait: USB serial, and TCP.

read() -> what has come, b"" for nothing; write(data) -> how many bytes were taken, 0 for none at the moment. Both
raise OSError where the other end is gone.
"""

import errno
import select
import sys

from reader.errors import DeviceTrouble

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Generator

_MOST = 512  # bytes at once
_PACKET = 64  # bytes of a USB packet: there is room for one, or for none
_CONNECT_MS = 5000
_STEP_MS = 20
_LATER = (errno.EAGAIN, errno.EINPROGRESS)


class UsbStream:
    """The serial line that MicroPython's prompt uses; Ctrl-C is a byte like any other from now on."""

    def __init__(self) -> None:
        from micropython import kbd_intr

        kbd_intr(-1)
        self._coming = select.poll()
        self._coming.register(sys.stdin, select.POLLIN)
        self._going = select.poll()
        self._going.register(sys.stdout, select.POLLOUT)

    def read(self) -> "bytes":
        data = bytearray()
        while len(data) < _MOST and self._coming.poll(0):
            byte = sys.stdin.buffer.read(1)  # more would be waited for
            if not byte:
                break
            data += byte
        return bytes(data)

    def write(self, data: "bytes") -> "int":
        sent = 0
        while sent < len(data) and self._going.poll(0):
            sys.stdout.buffer.write(data[sent : sent + _PACKET])
            sent += _PACKET
        return min(sent, len(data))

    def close(self) -> None:
        pass


class TcpStream:
    """closed: called when the stream is closed from here."""

    def __init__(self, connection: "socket.socket", closed: "Callable[[], object]") -> None:
        self._socket = connection
        self._closed = closed

    def read(self) -> "bytes":
        try:
            data = self._socket.recv(_MOST)
        except OSError as why:
            if why.errno in _LATER:
                return b""
            raise
        if not data:
            raise OSError(errno.ECONNRESET)
        return data

    def write(self, data: "bytes") -> "int":
        try:
            return self._socket.send(data)
        except OSError as why:
            if why.errno in _LATER:
                return 0
            raise

    def close(self) -> None:
        self._socket.close()
        self._closed()


def connect(gateway: "str", closed: "Callable[[], object]") -> "Generator[int, None, TcpStream]":
    """To "HOST:PORT"; yields ms to wait. DeviceTrouble where nobody answers. A name, unlike an address, is looked up
    by the network stack, which may hold all else for seconds."""
    import socket

    host, _, port = gateway.rpartition(":")
    connection = None
    try:
        address = socket.getaddrinfo(host, int(port), 0, socket.SOCK_STREAM)[0]
        connection = socket.socket(address[0], address[1], address[2])
        connection.setblocking(False)
        yield from _connect(connection, address[-1])
    except (OSError, ValueError):
        if connection is not None:
            connection.close()
        raise DeviceTrouble(f"no gateway at {gateway}")
    return TcpStream(connection, closed)


def _connect(connection: "socket.socket", address: "object") -> "Generator[int, None, None]":
    try:
        connection.connect(address)  # type: ignore[arg-type]
    except OSError as why:
        if why.errno not in _LATER:
            raise
    ready = select.poll()
    ready.register(connection, select.POLLOUT)
    left_ms = _CONNECT_MS
    while left_ms > 0:
        for _, events in ready.poll(0):
            if events & (select.POLLERR | select.POLLHUP):
                raise OSError(errno.ECONNREFUSED)
            return
        yield _STEP_MS
        left_ms -= _STEP_MS
    raise OSError(errno.ETIMEDOUT)
