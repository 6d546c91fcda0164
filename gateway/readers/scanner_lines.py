"""Bytes of a scanner to its messages: STX ... ETX, or ended by CR, LF, CR LF or a silence. No I/O, no clock.

GS (0x1D) and every other control character within a message stay: what they mean is for others to say.
"""

from dataclasses import dataclass
from typing import NamedTuple

LONGEST = 16_384  # bytes of one message: the longest QR code (4,296 characters) in base64, and more


@dataclass(frozen=True)
class Framing:
    """ends: what a message ends with; none: it ends when the line is silent. An empty message is none.

    begin: what it begins with, b"" nothing; what stands before it is dropped, where it is `strict`.
    """

    ends: tuple[bytes, ...]
    begin: bytes = b""
    strict: bool = True


FRAMINGS = {
    "any": Framing((b"\r\n", b"\r", b"\n")),
    "cr": Framing((b"\r",)),
    "lf": Framing((b"\n",)),
    "crlf": Framing((b"\r\n",)),
    "tab": Framing((b"\t",)),
    "stx": Framing((b"\x03",), b"\x02"),
    "either": Framing((b"\r\n", b"\r", b"\x03"), b"\x02", strict=False),
    "silence": Framing(()),
}
"""By the name that an operator writes: framing=crlf. any: CR, LF or CR LF. either: STX ... ETX or CR, mixed."""


class Line(NamedTuple):
    """One message without its frame; lost: bytes that were dropped before it, as none of any message."""

    data: bytes
    lost: int = 0


class Lines:
    """What has come so far: at most `longest` bytes wait. What is longer is dropped up to its end."""

    def __init__(self, framing: Framing, longest: int = LONGEST) -> None:
        self._framing = framing
        self._longest = longest
        self._tail = max([len(end) for end in framing.ends], default=1) - 1
        self._buffer = bytearray()
        self._lost = 0
        self._skipping = False  # the message is too long: all is dropped until its end

    @property
    def is_partial(self) -> bool:
        """A message has begun and not ended."""
        return bool(self._buffer) or self._skipping

    @property
    def lost(self) -> int:
        """Bytes that were dropped since the last message."""
        return self._lost

    def forget(self) -> int:
        """What was lost, which from now on is not lost any more."""
        lost, self._lost = self._lost, 0
        return lost

    def receive(self, data: bytes) -> list[Line]:
        """The messages that `data` ends."""
        self._buffer += data
        found: list[Line] = []
        while (line := self._next()) is not None:
            if line:
                found.append(Line(line, self.forget()))
        if len(self._buffer) > self._longest:
            self._drop(len(self._buffer) - self._tail)
            self._skipping = True
        return found

    def silence(self) -> list[Line]:
        """Nothing came for long enough: what waits is a message where silence ends it, else it is dropped."""
        if self._framing.ends or self._skipping:
            self._drop(len(self._buffer))
            self._skipping = False
            return []
        waiting = bytes(self._buffer)
        self._buffer.clear()
        return [Line(waiting, self.forget())] if waiting else []

    def _next(self) -> bytes | None:
        """The next message, b"" for what is none, None where none has ended."""
        begin = self._framing.begin
        if begin and self._framing.strict and not self._skipping:
            at = self._buffer.find(begin)
            self._drop(len(self._buffer) if at < 0 else at)
        found = [(self._buffer.find(end), -len(end)) for end in self._framing.ends]
        at, size = min([each for each in found if each[0] >= 0], default=(-1, 0))
        if at < 0:
            return None
        line = bytes(self._buffer[:at])
        del self._buffer[: at - size]
        if self._skipping or len(line) > self._longest:
            self._lost += len(line)
            self._skipping = False
            return b""
        inner = line.rpartition(begin)[2] if begin else line
        self._lost += max(0, len(line) - len(inner) - len(begin))  # a message before it had no end
        return inner

    def _drop(self, count: int) -> None:
        self._lost += count
        del self._buffer[:count]
