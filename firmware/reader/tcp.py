"""The way to a gateway by Wi-Fi: joins the network, connects by TCP; see reader.streams for what a stream is."""

import errno
import select

from reader.errors import DeviceTrouble

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Generator

    from reader.settings import Settings

_MOST = 512  # bytes at once
_JOIN_MS = 15000
_JOIN_STEP_MS = 50
_CONNECT_MS = 5000
_STEP_MS = 20
_LATER = (errno.EAGAIN, errno.EINPROGRESS)


def joined(settings: "Settings") -> "Generator[int, None, TcpStream]":
    """Join the network, connect to the gateway; yields ms to wait. DeviceTrouble where that fails."""
    try:
        import network
    except ImportError:
        raise DeviceTrouble("this board has no Wi-Fi")
    wlan = network.WLAN(network.WLAN.IF_STA)
    try:
        wlan.active(True)
        wlan.connect(settings.wifi_ssid, settings.wifi_password)
        left_ms = _JOIN_MS
        while not wlan.isconnected():
            if left_ms <= 0:
                raise DeviceTrouble(f"no Wi-Fi {settings.wifi_ssid}")
            yield _JOIN_STEP_MS
            left_ms -= _JOIN_STEP_MS
        return (yield from connect(settings.gateway, lambda: wlan.active(False)))
    except (DeviceTrouble, OSError) as why:
        wlan.active(False)
        raise DeviceTrouble(str(why) if type(why) is DeviceTrouble else "Wi-Fi fails")


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
