"""MagicRF M100 frames (M100&QM100 firmware manual): "BB type command length(2) parameters sum 7E", no stuffing."""

from dataclasses import dataclass

COMMAND, RESPONSE, NOTICE = 0, 1, 2
ERROR = 0xFF  # the command of a response that says what went wrong

_HEADER, _END = 0xBB, 0x7E
_LARGEST = 512  # parameter bytes; a longer length field is noise


class BadCommand(Exception):
    """The parameters are none of the command's."""


@dataclass(frozen=True)
class Frame:
    """One frame, its checksum right."""

    type: int
    command: int
    parameters: bytes


def frame(type: int, command: int, parameters: bytes = b"") -> bytes:
    """The bytes of one frame."""
    body = bytes((type, command)) + len(parameters).to_bytes(2, "big") + parameters
    return bytes((_HEADER,)) + body + bytes((sum(body) & 0xFF, _END))


class Frames:
    """Bytes in, frames out, by their length; what is no frame is skipped byte by byte."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def receive(self, data: bytes) -> list[Frame]:
        """The frames that end in `data`."""
        self._buffer += data
        frames = []
        while (found := self._next()) is not None:
            frames.append(found)
        return frames

    def _next(self) -> Frame | None:
        buffer = self._buffer
        while True:
            start = buffer.find(_HEADER)
            del buffer[: start if start >= 0 else len(buffer)]
            if len(buffer) < 5:
                return None
            end = 5 + (buffer[3] << 8 | buffer[4])
            if end - 5 <= _LARGEST:
                if len(buffer) < end + 2:
                    return None
                if buffer[end] == sum(buffer[1:end]) & 0xFF and buffer[end + 1] == _END:
                    found = Frame(buffer[1], buffer[2], bytes(buffer[5:end]))
                    del buffer[: end + 2]
                    return found
            del buffer[:1]


def need(given: bytes, size: int) -> None:
    """BadCommand where there are fewer parameters."""
    if len(given) < size:
        raise BadCommand
