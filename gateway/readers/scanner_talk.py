"""The talk with a scanner over one connection: what it is told, and what it says. No I/O, no clock."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from edge import aim
from gateway.readers.scanner_lines import LONGEST, Framing, Lines

_MOST_CODES = 64  # of one message
PAUSE_S = 1.0  # no scanner rests so long within a message; SSI's sends it again after 2 s
_GAP_S = 0.1  # where silence is the end; at 1,200 baud a character takes 8 ms


class Code(NamedTuple):
    """One code as the scanner tells it. aim: "]Q1", symbology: "QRCode"; "" where it does not say."""

    data: bytes
    aim: str = ""
    symbology: str = ""


class Said(NamedTuple):
    """What a scanner said. word: "read" (codes), "no_read" (its cycle ended without a code), "refused" (a command;
    text: why), "lost" (text: what could not be understood) or "alive" (it is there, and no more than that).

    answer: to be sent back.
    """

    word: str
    codes: tuple[Code, ...] = ()
    text: str = ""
    answer: bytes = b""


class Dialect(Protocol):
    """One for each connection."""

    def receive(self, data: bytes) -> list[Said]:
        """What it says with these bytes."""

    def silence(self) -> list[Said]:
        """Nothing came for long enough to end a message that is under way, or to give it up."""

    @property
    def is_partial(self) -> bool:
        """A message is under way."""

    @property
    def pause_s(self) -> float:
        """A silence so long ends it."""


def nothing(message: bytes) -> Said | None:
    """A maker that replies to no command: every message is a read or the no-read."""
    return None


@dataclass(frozen=True)
class Preset:
    """What a maker's scanners are told, and how they say what.

    on, off: begin and end a read cycle, b"" where it cannot be told. no_read: messages that say that it found none.
    reply: what a message is that is neither. late: after `off` the scanner tells the no-read of that cycle.
    code_ids: the maker's own identifier before a message -> (aim, symbology); AIM's needs no table.
    separator: between the codes of one message. ack: sent for each message. ping: it answers that with a reply.
    alive: what a message of its own begins with that only says that it is there (heartbeat).
    """

    framing: Framing
    on: bytes = b""
    off: bytes = b""
    no_read: tuple[bytes, ...] = ()
    reply: Callable[[bytes], Said | None] = nothing
    late: bool = False
    code_ids: Mapping[bytes, tuple[str, str]] = field(default_factory=dict)
    separator: bytes = b""
    ack: bytes = b""
    ping: bytes = b""
    alive: bytes = b""
    packets: bool = False  # SSI, not lines

    @property
    def commands(self) -> bytes:
        """All that the scanner is told; b"" where it need not listen."""
        return self.on + self.off + self.ack + self.ping


class Talk:
    """A Dialect of lines."""

    def __init__(self, preset: Preset) -> None:
        self._preset = preset
        self._lines = Lines(preset.framing)

    def receive(self, data: bytes) -> list[Said]:
        said: list[Said] = []
        for line in self._lines.receive(data):
            if line.lost:
                said.append(lost(line.lost))
            said.append(self._understand(line.data))
        if self._lines.lost >= LONGEST:
            said.append(lost(self._lines.forget()))
        return said

    def silence(self) -> list[Said]:
        said = [self._understand(line.data) for line in self._lines.silence()]
        return said or ([lost(self._lines.forget())] if self._lines.lost else [])

    @property
    def is_partial(self) -> bool:
        return self._lines.is_partial

    @property
    def pause_s(self) -> float:
        return PAUSE_S if self._preset.framing.ends else _GAP_S

    def _understand(self, message: bytes) -> Said:
        preset = self._preset
        if preset.alive and message.startswith(preset.alive):
            return Said("alive")
        said = preset.reply(message)
        if said is not None:
            return said if said.word != "read" else self._read(said.codes[0].data)
        return self._read(message)

    def _read(self, message: bytes) -> Said:
        preset = self._preset
        parts = message.split(preset.separator, _MOST_CODES) if preset.separator else [message]
        if aim.parse(message)[1] in preset.no_read:
            parts = []
        read = [part for part in parts[:_MOST_CODES] if aim.parse(part)[1] not in preset.no_read]
        found = [code(part, preset.code_ids) for part in read]  # some put ]A0 before a no-read, too
        codes = tuple([each for each in found if each.data])
        return Said("read" if codes else "no_read", codes, answer=preset.ack)


def lost(count: int) -> Said:
    return Said("lost", text=f"{count} bytes that are no message: check its framing and baud rate")


def code(message: bytes, code_ids: Mapping[bytes, tuple[str, str]]) -> Code:
    """A message without the identifier, AIM's or the maker's, that stands before it."""
    found, rest = aim.parse(message)
    if found:
        return Code(rest, found, aim.symbology(found))
    for size in (2, 1):
        if message[:size] in code_ids:
            return named(message[size:], *code_ids[message[:size]])
    return Code(message)


def named(data: bytes, found: str, symbology: str) -> Code:
    """UPC-A's twelve digits become the thirteen of EAN-13, as AIM's ]E0 has them."""
    if symbology == "UPCA":
        return Code(data.rjust(13, b"0") if data.isdigit() else data, "]E0", "EAN13")
    return Code(data, found, symbology)
