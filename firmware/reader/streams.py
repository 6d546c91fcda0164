"""The ways to a gateway, as streams of bytes that never wait: USB serial here, TCP in reader.tcp.

read() -> what has come, b"" for nothing; write(data) -> how many bytes were taken, 0 for none at the moment. Both
raise OSError where the other end is gone.
"""

import select
import sys

_MOST = 512  # bytes at once
_PACKET = 64  # bytes of a USB packet: there is room for one, or for none


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
