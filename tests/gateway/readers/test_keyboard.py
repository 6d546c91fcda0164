"""Keyboard scanners: key codes to bytes, and events from a pipe that stands where the device would."""

import asyncio
import errno
import os
import re
import struct
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

import pytest
from production_line import anyio_backend
from witness import require

from gateway.config import CodesConfig
from gateway.model import CannotDo, ReaderBusy, ReaderGone, Wanted
from gateway.readers import keymap
from gateway.readers.keyboard import KeyboardLink
from gateway.readers.keymap import Keys
from gateway.readers.scanner import Scanner, open_scanner
from gateway.readers.scanner_options import Options
from gateway.readers.scanner_presets import PRESETS

__all__ = ["anyio_backend"]

HEADER = Path("/usr/include/linux/input-event-codes.h")
LINK = "https://id.example.com/01/09520123456788/21/A1?x=%41&y=[1]{2}~`|\\\"'<>;:+*^$#@!()_-"
GS, RS, EOT = "\x1d", "\x1e", "\x04"
PATIENCE_S = 20.0
SHIFT, CTRL, ALT = keymap.LEFT_SHIFT, keymap.LEFT_CTRL, keymap.LEFT_ALT

# The US layout as HID Usage Tables 1.4, "Keyboard/Keypad Page (0x07)" names it: what a key has, and what with Shift.
US = {
    **{name: (name.lower(), name) for name in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"},
    **{digit: (digit, sign) for digit, sign in zip("1234567890", "!@#$%^&*()", strict=True)},
    "MINUS": ("-", "_"),
    "EQUAL": ("=", "+"),
    "LEFTBRACE": ("[", "{"),
    "RIGHTBRACE": ("]", "}"),
    "BACKSLASH": ("\\", "|"),
    "SEMICOLON": (";", ":"),
    "APOSTROPHE": ("'", '"'),
    "GRAVE": ("`", "~"),
    "COMMA": (",", "<"),
    "DOT": (".", ">"),
    "SLASH": ("/", "?"),
    "SPACE": (" ", " "),
}


def header() -> dict[str, int]:
    require(HEADER.exists(), f"{HEADER} (linux-libc-dev)")
    found = re.findall(r"^#define\s+KEY_(\w+)\s+(\d+)\b", HEADER.read_text(), re.MULTILINE)
    return {name: int(code) for name, code in found}


@pytest.mark.witness
def test_key_codes_are_those_of_the_kernel() -> None:
    codes = header()
    for name, (plain, shifted) in US.items():
        keys = Keys()
        assert keys.press(codes[name]) == plain.encode(), name
        keys.press(codes["RIGHTSHIFT"])
        assert keys.press(codes[name]) == shifted.encode(), name
        keys.release(codes["RIGHTSHIFT"])
        assert keys.press(codes[name]) == plain.encode(), name
    for number in range(10):
        assert Keys().press(codes[f"KP{number}"]) == b"%d" % number
    signs = {"KPSLASH": b"/", "KPASTERISK": b"*", "KPMINUS": b"-", "KPPLUS": b"+", "KPDOT": b"."}
    for name, sign in signs.items():
        assert Keys().press(codes[name]) == sign
    for name in ("ENTER", "KPENTER", "TAB"):
        assert Keys().press(codes[name]) == b"\r"
    held = ("LEFTCTRL", "RIGHTCTRL", "LEFTSHIFT", "RIGHTSHIFT", "LEFTALT", "RIGHTALT", "CAPSLOCK")
    assert [Keys().press(codes[name]) for name in held] == [b""] * 7


CODES_OF = {
    character: (code, shift)
    for code, characters in keymap._KEYS.items()
    for shift, character in enumerate(characters)
}


def typed(text: str, control: str = "ctrl") -> Iterator[tuple[int, int]]:
    """(key code, 1 press or 0 release) as a scanner types it; control characters with Ctrl, or Alt and the keypad."""
    for character in text:
        if character >= " ":
            code, shift = CODES_OF[character]
            held = [SHIFT] if shift and character != " " else []
        elif control == "ctrl":
            code, shift = CODES_OF[chr(ord(character) + 64).lower()]
            held = [CTRL, SHIFT] if shift else [CTRL]
        else:
            digits = {digit: code for code, digit in keymap._KEYPAD.items()}
            yield ALT, 1
            for digit in f"{ord(character):04}":
                yield digits[digit], 1
                yield digits[digit], 0
            yield ALT, 0
            continue
        yield from ((key, 1) for key in held)
        yield code, 1
        yield code, 0
        yield from ((key, 0) for key in held)


def bytes_of(strokes: Iterator[tuple[int, int]]) -> bytes:
    keys = Keys()
    return b"".join(
        keys.press(code) if pressed else keys.release(code) for code, pressed in strokes
    )


@pytest.mark.parametrize("control", ["ctrl", "alt"])
def test_what_a_scanner_types_is_what_the_code_holds(control: str) -> None:
    text = f"]d2010952012345678810LOT{GS}21A{RS}{EOT}" + LINK
    assert bytes_of(typed(text, control)) == text.encode()


def test_every_control_character_may_be_typed_with_ctrl() -> None:
    text = "".join(map(chr, range(1, 32)))
    assert bytes_of(typed(text)) == text.encode()


def test_caps_lock_changes_letters_alone() -> None:
    keys = Keys()
    keys.press(keymap.CAPS_LOCK)
    assert keys.press(30) + keys.press(2) == b"A1"
    keys.press(SHIFT)
    assert keys.press(30) + keys.press(2) == b"a!"


def test_an_alt_code_beyond_a_byte_and_keys_without_a_character_bring_nothing() -> None:
    keys = Keys()
    keys.press(ALT)
    for code in (79, 80, 81, 75):  # 1234
        assert keys.press(code) == b""
    assert keys.release(ALT) == b""
    assert keys.release(ALT) == b""
    assert [keys.press(code) for code in (0, 1, 59, 103, 240, 0x2FF)] == [b""] * 6


class Pipe:
    """A FIFO at the device's path; what the driver asks of the device is kept."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.asked: list[tuple[int, int]] = []
        self.fault = 0
        self._fd = -1
        os.mkfifo(path)

    def plug(self) -> None:
        self._fd = os.open(self.path, os.O_RDWR | os.O_NONBLOCK)

    def pull(self) -> None:
        os.close(self._fd)
        self._fd = -1

    def ioctl(self, fd: int, request: int, argument: int) -> int:
        self.asked.append((request, argument))
        if self.fault:
            raise OSError(self.fault, os.strerror(self.fault))
        return 0

    def event(self, kind: int, code: int, value: int) -> bytes:
        return struct.pack("@llHHi", 1, 2, kind, code, value)

    def write(self, data: bytes) -> None:
        os.write(self._fd, data)

    def type(self, text: str, end: int = keymap.ENTER) -> None:
        strokes = [*typed(text), (end, 1), (end, 0)]
        for code, pressed in strokes:
            # MSC_SCAN, the key, SYN_REPORT: as the kernel reports a stroke
            self.write(self.event(4, 4, 0x70000 + code) + self.event(1, code, pressed))
            self.write(self.event(0, 0, 0))


@pytest.fixture
def pipe(tmp_path: Path) -> Iterator[Pipe]:
    made = Pipe(tmp_path / "usb-Scanner-event-kbd")
    made.plug()
    yield made
    if made._fd >= 0:
        made.pull()


@asynccontextmanager
async def scanning(pipe: Pipe) -> AsyncIterator[Scanner]:
    link = KeyboardLink(str(pipe.path), pipe.ioctl)
    scanner = Scanner("gun", link, Options(PRESETS["generic"]), CodesConfig())
    await scanner.open()
    try:
        yield scanner
    finally:
        await scanner.close()


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not true():
            await asyncio.sleep(0.005)


@pytest.mark.anyio
async def test_a_keyboard_scanner_is_grabbed_and_read(pipe: Pipe) -> None:
    async with scanning(pipe) as scanner, aclosing(scanner.looks()) as looks:
        assert pipe.asked == [(0x40044590, 1)]  # EVIOCGRAB
        pipe.type(f"]d2010952012345678810LOT{GS}21A")
        pipe.type("second", keymap.TAB)
        async with asyncio.timeout(PATIENCE_S):
            first, second = (await anext(looks)).codes[0], (await anext(looks)).codes[0]
        assert (first.data, first.aim) == (b"010952012345678810LOT\x1d21A", "]d2")
        assert (second.data, second.aim, second.reader) == (b"second", "", "gun")
        await scanner.trigger(Wanted())  # by hand, which is no fault
        await scanner.release()


@pytest.mark.anyio
async def test_a_repeating_key_and_half_an_event_change_nothing(pipe: Pipe) -> None:
    async with scanning(pipe) as scanner, aclosing(scanner.looks()) as looks:
        for _ in range(3):
            pipe.write(pipe.event(1, 30, 2))
        event = pipe.event(1, 31, 1)
        pipe.write(event[:7])
        pipe.write(event[7:])
        pipe.type("")
        async with asyncio.timeout(PATIENCE_S):
            assert (await anext(looks)).codes[0].data == b"s"


@pytest.mark.anyio
async def test_a_keyboard_that_is_pulled_and_plugged_comes_back(pipe: Pipe) -> None:
    async with scanning(pipe) as scanner, aclosing(scanner.looks()) as looks:
        pipe.type("one")
        async with asyncio.timeout(PATIENCE_S):
            assert (await anext(looks)).codes[0].data == b"one"
        pipe.fault = errno.ENODEV  # the path is there, the device is not
        pipe.pull()
        await until(lambda: scanner.state.word == "gone")
        pipe.fault = 0
        pipe.plug()
        await until(lambda: scanner.is_open)
        pipe.type("two")
        async with asyncio.timeout(PATIENCE_S):
            assert (await anext(looks)).codes[0].data == b"two"


@pytest.mark.anyio
async def test_lost_keys_never_make_a_shorter_code(pipe: Pipe) -> None:
    async with scanning(pipe) as scanner, aclosing(scanner.looks()) as looks:
        pipe.write(pipe.event(1, 30, 1) + pipe.event(0, 3, 0))  # SYN_DROPPED
        await until(lambda: "keys were lost" in scanner.state.text)
        await until(lambda: scanner.is_open)
        pipe.type("whole")
        async with asyncio.timeout(PATIENCE_S):
            assert (await anext(looks)).codes[0].data == b"whole"


@pytest.mark.anyio
async def test_what_another_program_has_grabbed_is_busy(pipe: Pipe) -> None:
    pipe.fault = errno.EBUSY
    with pytest.raises(ReaderBusy, match="another program has grabbed it"):
        await KeyboardLink(str(pipe.path), pipe.ioctl).open()


@pytest.mark.anyio
async def test_what_is_no_keyboard_or_not_there_is_gone(pipe: Pipe, tmp_path: Path) -> None:
    with pytest.raises(ReaderGone, match="it is no keyboard"):
        await open_scanner(f"keyboard:{pipe.path}", "gun", CodesConfig()).open()
    with pytest.raises(ReaderGone, match="check the plug"):
        await open_scanner(f"keyboard:{tmp_path}/none", "gun", CodesConfig()).open()


@pytest.mark.anyio
async def test_a_keyboard_takes_no_commands(pipe: Pipe) -> None:
    link = KeyboardLink(str(pipe.path), pipe.ioctl)
    scanner = Scanner("gun", link, Options(PRESETS["keyence"]), CodesConfig())
    await scanner.open()
    with pytest.raises(CannotDo, match="leave preset"):
        await scanner.trigger(Wanted())
    await scanner.close()
