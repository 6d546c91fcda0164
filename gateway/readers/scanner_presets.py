"""What makers' scanners are told and what they say: a row for each."""

import re
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from gateway.readers.scanner_lines import FRAMINGS, Framing, Lines


class Said(NamedTuple):
    """What a scanner said: a word, and what belongs to it.

    read: data, aim ("" where it tells none); no_read: its cycle ended without a code; refused: text says what;
    alive: nothing but that it is there; lost: text says what could not be understood. answer: to be sent back.
    """

    word: str
    data: bytes = b""
    aim: str = ""
    text: str = ""
    answer: bytes = b""


class Dialect(Protocol):
    """The talk with one scanner over one connection. No I/O, no clock."""

    def trigger(self) -> bytes:
        """What begins a read cycle, b"" where it cannot be told."""

    def release(self) -> bytes:
        """What ends it."""

    def receive(self, data: bytes) -> list[Said]:
        """What it says."""

    def silence(self) -> list[Said]:
        """Nothing came for long enough to end, or to give up, a message under way."""

    @property
    def is_partial(self) -> bool:
        """A message is under way."""


@dataclass(frozen=True)
class Preset:
    """on, off: the trigger's bytes; no_read: messages that say so; ok, refused: patterns of replies to commands.

    strict: replies count only as a whole message. says_no_read: after off it tells the no-read.
    """

    framing: Framing
    on: bytes = b""
    off: bytes = b""
    no_read: tuple[bytes, ...] = ()
    ok: re.Pattern[bytes] | None = None
    refused: re.Pattern[bytes] | None = None
    says_no_read: bool = False


PRESETS = {
    "generic": Preset(FRAMINGS["any"]),
    "keyence": Preset(
        FRAMINGS["any"],
        b"LON\r",
        b"LOFF\r",
        (b"ERROR",),
        re.compile(rb"OK,(LON|LOFF)"),
        re.compile(rb"ER,(?P<what>[A-Z]+),(?P<code>[0-9]{2})"),
        says_no_read=True,
    ),
    "cognex": Preset(FRAMINGS["any"], b"||>TRIGGER ON\r\n", b"||>TRIGGER OFF\r\n"),
    "honeywell": Preset(FRAMINGS["any"], b"\x16T\r", b"\x16U\r"),
    "datalogic": Preset(FRAMINGS["any"]),
}

_AIM = re.compile(rb"\][A-Za-z][0-9A-Za-z]")


class Talk:
    """A Dialect of messages in lines."""

    def __init__(self, preset: Preset) -> None:
        self._preset = preset
        self._lines = Lines(preset.framing)

    def trigger(self) -> bytes:
        return self._preset.on

    def release(self) -> bytes:
        return self._preset.off

    def receive(self, data: bytes) -> list[Said]:
        return [self._understand(line.data) for line in self._lines.receive(data)]

    def silence(self) -> list[Said]:
        said = [self._understand(line.data) for line in self._lines.silence()]
        if self._lines.lost:
            said.append(Said("lost", text=f"{self._lines.lost} bytes that no message ends"))
        return said

    @property
    def is_partial(self) -> bool:
        return self._lines.is_partial

    def _understand(self, message: bytes) -> Said:
        preset = self._preset
        if message in preset.no_read:
            return Said("no_read")
        if preset.ok is not None and preset.ok.fullmatch(message):
            return Said("alive")
        if preset.refused is not None and preset.refused.fullmatch(message):
            return Said("refused", text=message.decode("ascii"))
        if _AIM.match(message):
            return Said("read", message[3:], message[:3].decode("ascii"))
        return Said("read", message)
