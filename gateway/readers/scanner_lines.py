"""Bytes of a scanner to its messages: STX ... ETX, or ended by CR, LF, CR LF or a silence. No I/O, no clock.

GS (0x1D) and every other control character within a message stay: what they mean is for others to say.
"""

from dataclasses import dataclass
from typing import NamedTuple

LONGEST = 16_384  # bytes of one message: the longest QR code (4,296 characters) in base64, and more


@dataclass(frozen=True)
class Framing:
    """begin: what a message begins with, b"" nothing; ends: what it ends with, the longest first.

    No ends: a message ends when the line is silent. An empty message is none.
    """

    ends: tuple[bytes, ...]
    begin: bytes = b""


FRAMINGS = {
    "any": Framing((b"\r\n", b"\r", b"\n")),
    "cr": Framing((b"\r",)),
    "lf": Framing((b"\n",)),
    "crlf": Framing((b"\r\n",)),
    "tab": Framing((b"\t",)),
    "stx": Framing((b"\x03",), b"\x02"),
    "silence": Framing(()),
}
"""By the name that an operator writes: framing=crlf."""


class Line(NamedTuple):
    """One message without its frame; lost: bytes that were dropped before it, as none of any message."""

    data: bytes
    lost: int = 0


class Lines:
    """What has come so far; at most `longest` bytes wait. What is longer is dropped up to its end."""

    def __init__(self, framing: Framing, longest: int = LONGEST) -> None:
        self._framing = framing
        self._longest = longest
        self._buffer = bytearray()
        self._lost = 0
        self._skipping = False  # the message is too long: until its end all is dropped

    @property
    def is_partial(self) -> bool:
        """A message has begun and not ended."""
        return bool(self._buffer) or self._skipping

    @property
    def lost(self) -> int:
        """Bytes that were dropped since the last message."""
        return self._lost

    def receive(self, data: bytes) -> list[Line]:
        """The messages that `data` ends."""
        found: list[Line] = []
        self._buffer += data
        while (line := self._next()) is not None:
            if line:
                found.append(Line(line, self._lost))
                self._lost = 0
        if len(self._buffer) > self._longest:
            keep = self._tail()
            self._drop(len(self._buffer) - keep)
            self._skipping = True
        return found

    def silence(self) -> list[Line]:
        """Nothing came for long enough: what waits is a message where silence ends it, else it is dropped."""
        waiting, self._skipping = bytes(self._buffer), False
        if self._framing.ends:
            self._drop(len(waiting))
            return []
        self._buffer.clear()
        if not waiting:
            return []
        line, self._lost = Line(waiting, self._lost), 0
        return [line]

    def clear(self) -> None:
        """A new connection: nothing came yet."""
        self._buffer.clear()
        self._lost, self._skipping = 0, False

    def _next(self) -> bytes | None:
        """The next message, b"" for what is none, None where none has ended."""
        begin = self._framing.begin
        if begin and not self._skipping:
            at = self._buffer.find(begin)
            self._drop(len(self._buffer) if at < 0 else at)
        ended = self._end()
        if ended is None:
            return None
        at, size = ended
        line = bytes(self._buffer[:at])
        del self._buffer[: at + size]
        if self._skipping or at > self._longest:
            self._skipping = False
            self._lost += len(line)
            return b""
        return line[line.rfind(begin) + len(begin) :] if begin else line

    def _end(self) -> tuple[int, int] | None:
        """Where the first end stands, and how long it is."""
        found = [(self._buffer.find(end), -len(end)) for end in self._framing.ends]
        at, size = min([each for each in found if each[0] >= 0], default=(-1, 0))
        return (at, -size) if at >= 0 else None

    def _tail(self) -> int:
        """How many of the last bytes may be the beginning of an end."""
        return max((len(end) for end in self._framing.ends), default=1) - 1

    def _drop(self, count: int) -> None:
        self._lost += count
        del self._buffer[:count]
