"""What a handheld waits for between a tag in its field and the verdict on its screen, in virtual time, exactly.

The firmware runs whole, in no time: the clock goes on by what the loop sleeps, by what passes on the wire at 115200
baud and on the air (hwsim/clock.py), by the PN532's own firmware, and by what the display takes on its bus. What the
processor and the flash take is counted elsewhere (handheld_scan.py).
"""

from collections.abc import Generator
from pathlib import Path
from typing import Any

from hwsim.clock import FIELD_ON_US
from hwsim.clock import Clock as SimClock
from hwsim.faults import Faults
from hwsim.field import Field
from hwsim.ntag import Tag, by_memory
from hwsim.pn532 import Pn532 as Chip
from reader.clock import Clock
from reader.device import Device
from reader.settings import Settings
from reader.state import State
from tests import handheld_tags as tags

_CHIP_US = 2500.0  # of the PN532's firmware for a command: 2-3 ms (nfcpy, issue 131)
_ACK = 6  # bytes; it comes before that
_DOZE_MS = 10  # reader/board_any.py: the longest sleep
_PAGES = 8  # of the display, reader/parts.py
_PAGE_US = (2 + 4 + 2 + 128) * 9 / 0.4  # two writes of it on I2C: 400 kHz, 9 bits a byte
_HEAD = b"\xd4\x42\x3a\x00"  # InCommunicateThru, FAST_READ from page 0 on
_PATIENCE_MS = 3000


class Board:
    """A board of which only time is real. lines: what has passed between it and the chip since they were cleared."""

    rain_port = None
    tag_reset = None

    def __init__(self) -> None:
        self.us = 0.0
        self.lines: list[str] = []
        self.presses: list[tuple[str, str]] = []
        self.display = Display(self)
        self.tag_port = Wire(self)
        self.usb = self

    def ticks(self) -> int:
        return int(self.us / 1000)

    def buttons(self) -> list[tuple[str, str]]:
        found, self.presses = self.presses, []
        return found

    def read(self) -> bytes:
        return b""

    def write(self, data: bytes) -> int:
        return len(data)

    def nothing(self, *rest: int) -> None:
        """What costs no time to speak of."""

    feed = buzzer = led = battery_mv = nothing

    def sleep(self, ms: int) -> None:
        self.us += 1000 * min(ms, _DOZE_MS)


class Display:
    """turn() takes what the bus does."""

    def __init__(self, board: Board) -> None:
        self.canvas = self
        self._board = board
        self._page = _PAGES
        self.stands_us = 0.0  # since when there is no more to send

    def __getattr__(self, name: str) -> Any:
        """Whatever is drawn."""
        return lambda *rest: 0

    def show(self) -> None:
        self._page = 0

    def turn(self) -> bool:
        if self._page < _PAGES:
            self._page += 1
            self._board.us += _PAGE_US
            self.stands_us = self._board.us
        return self.is_due

    @property
    def is_due(self) -> bool:
        return self._page < _PAGES


class Wire:
    """The UART to a simulated chip."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._clock = SimClock()
        self.field = Field(self._clock, Faults(1))
        self._chip = Chip(self.field, self._clock)
        self._come: list[tuple[float, bytes]] = []
        self.head_us = 0.0  # that the first pages of a tag take
        self._arrives: tuple[float, Tag] | None = None

    def arrive(self, tag: Tag) -> None:
        """Into the field, from which it has its power a while later."""
        self._arrives = self._board.us + FIELD_ON_US, tag

    def write(self, data: bytes) -> None:
        self._clock.idle(max(0.0, self._board.us - self._clock.now_us))
        if self._arrives is not None and self._arrives[0] <= self._clock.now_us:
            self.field.arrive(self._arrives[1])
            self._arrives = None
        said = self._chip.answers(data)
        own_us = _CHIP_US if any(len(each) > _ACK for _, each in said) else 0.0
        self._clock.idle(own_us)
        if _HEAD in data:
            self.head_us = self._clock.now_us - self._board.us
        self._come += [(at + own_us * (len(each) > _ACK), each) for at, each in said]
        answer = b"".join([each for _, each in said])
        self._board.lines += [f"> {data.hex()}", f"< {answer.hex()}"]

    def read(self, most: int) -> bytes:
        found = b""
        while self._come and self._come[0][0] <= self._board.us:
            found += self._come.pop(0)[1]
        assert len(found) <= most
        return found


class Hand:
    """A handheld with its trust list in `folder`, and no tag in its field."""

    def __init__(self, folder: Path) -> None:
        self.board = Board()
        (folder / "list").write_bytes(tags.trust_list())
        settings = Settings()
        settings.root = tags.public(tags.ROOT)
        clock = Clock(self.board.ticks, lambda later, earlier: later - earlier)
        self.device = Device(
            self.board,  # type: ignore[arg-type]
            settings,
            clock,
            State(str(folder)),
            lambda size: bytes(size),
            str(folder),
        )
        _turned(self.device.kit.trust.install(str(folder / "list")))
        clock.set(tags.NOW)
        self.device.begin("")
        self.pause(1000)

    def pause(self, ms: float) -> None:
        """So much time passes."""
        until = self.board.us + 1000 * ms
        while self.board.us < until:
            self._turn()

    def press(self) -> None:
        self.board.presses = [("down", "trigger"), ("up", "trigger")]
        self._turn()

    def scan(self, tag: tags.Tag) -> float:
        """ms from now, when the tag comes into the field, until its green verdict stands on the screen."""
        board, chip = self.board, self.board.tag_port
        began_us = board.us
        chip.arrive(by_memory(tag.memory))
        while self.device.app.state != "verdict" or board.display.is_due:
            self._turn()
            if board.us > began_us + 1000 * _PATIENCE_MS:
                raise RuntimeError(f"no verdict in {_PATIENCE_MS} ms")
        result = self.device.app.last
        assert result is not None and result.verdict is not None and result.verdict.is_green()
        chip.field.leave(tag.uid)
        return (board.display.stands_us - began_us) / 1000

    def _turn(self) -> None:
        self.board.sleep(self.device.turn())


def _turned(work: Generator[Any, None, Any]) -> None:
    for _ in work:
        pass
