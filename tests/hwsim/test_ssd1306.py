"""The simulated display under published drivers, and what of it they do not use."""

import struct
import zlib
from pathlib import Path

import cv2
import pytest

from hwsim import png
from hwsim.ssd1306 import Ssd1306
from tests import circuitpython

# What MicroPython's own driver sends, a command byte a write (micropython-lib, drivers/display/ssd1306, init_display).
MICROPYTHON = bytes.fromhex(
    "ae 2000 40 a1 a83f c8 d300 da12 d580 d9f1 db30 81ff a4 a6 ad30 8d14 af"
)
WHOLE = bytes.fromhex("21007f 220007")  # show()


@pytest.fixture
def display() -> Ssd1306:
    made = Ssd1306()
    for value in MICROPYTHON:
        made.write(bytes((0x80, value)))
    return made


def lit(display: Ssd1306) -> set[tuple[int, int]]:
    """(x, y) of the lit pixels."""
    return {
        (x, y) for y, row in enumerate(display.picture()) for x, pixel in enumerate(row) if pixel
    }


def show(display: Ssd1306, pixels: set[tuple[int, int]]) -> None:
    """As MicroPython's driver does: 1024 bytes in one write."""
    buffer = bytearray(1024)
    for x, y in pixels:
        buffer[y // 8 * 128 + x] |= 1 << y % 8
    for value in WHOLE:
        display.write(bytes((0x80, value)))
    display.write(b"\x40" + buffer)


SOME = {(0, 0), (127, 0), (0, 63), (127, 63), (5, 9), (64, 32)}


def test_micropythons_own_driver_draws_where_it_says(display: Ssd1306) -> None:
    assert not display.unknown and lit(display) == set()
    show(display, SOME)
    assert lit(display) == SOME
    show(display, {(1, 1)})
    assert lit(display) == {(1, 1)}


@pytest.mark.witness
def test_adafruits_driver_draws_inverts_turns_and_switches_off(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    module = circuitpython.driver(monkeypatch, "adafruit_ssd1306")
    display = Ssd1306()
    screen = module.SSD1306_I2C(128, 64, circuitpython.I2c(0x3C, display.write), addr=0x3C)
    assert not display.unknown
    for x, y in SOME:
        screen.pixel(x, y, 1)
    screen.show()
    assert lit(display) == SOME
    screen.invert(True)
    assert len(lit(display)) == 128 * 64 - len(SOME)
    screen.invert(False)
    screen.rotate(False)
    assert lit(display) == {(127 - x, 63 - y) for x, y in SOME}
    screen.rotate(True)
    screen.poweroff()
    assert lit(display) == set()
    screen.poweron()
    assert lit(display) == SOME
    assert not display.unknown


def test_nothing_shows_before_the_charge_pump_and_the_display_are_on() -> None:
    display = Ssd1306()
    display.write(b"\x40\xff")
    for command, count in ((b"\xaf", 0), (b"\x8d\x14", 8), (b"\xa5", 8192), (b"\xa4\xae", 0)):
        display.write(b"\x00" + command)
        assert len(lit(display)) == count


def test_pages_are_written_by_page_addressing_and_wrap_in_their_line(display: Ssd1306) -> None:
    display.write(b"\x00\x20\x02\xb3\x0e\x17")  # page 3, column 126
    display.write(b"\x40\x01\x02\x04")
    assert lit(display) == {(126, 24), (127, 25), (0, 26)}


def test_columns_are_filled_first_by_vertical_addressing(display: Ssd1306) -> None:
    display.write(b"\x00\x20\x01\x21\x0a\x0b\x22\x06\x07")
    display.write(b"\x40\x01\x01\x01\x01\x80")
    assert lit(display) == {(10, 55), (10, 56), (11, 48), (11, 56)}


def test_an_offset_and_a_start_line_move_the_picture(display: Ssd1306) -> None:
    show(display, {(3, 10)})
    display.write(b"\x00\x42")
    assert lit(display) == {(3, 8)}
    display.write(b"\x00\x40\xd3\x03")
    assert lit(display) == {(3, 7)}


def test_one_write_may_hold_single_commands_and_then_data(display: Ssd1306) -> None:
    display.write(b"\x80\x20\x80\x02\x80\xb0\x40\xff")
    assert lit(display) == {(0, y) for y in range(8)}


def test_a_command_that_it_does_not_have_is_noted(display: Ssd1306) -> None:
    display.write(b"\x00\xfe")
    assert display.unknown == [0xFE]


def test_a_reset_forgets_everything(display: Ssd1306) -> None:
    show(display, SOME)
    display.power_cycle()
    for value in MICROPYTHON:
        display.write(bytes((0x80, value)))
    assert lit(display) == set()


def test_a_picture_is_a_png_that_others_read(tmp_path: Path) -> None:
    path = tmp_path / "screen.png"
    rows = [[(x, y) in SOME for x in range(128)] for y in range(64)]
    png.save(rows, path)
    picture = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    assert picture is not None and picture.shape == (256, 512)
    seen = {(x, y) for y in range(64) for x in range(128) if picture[4 * y + 1, 4 * x + 2] > 100}
    assert seen == SOME
    header = path.read_bytes()[12:33]
    assert struct.unpack(">I", header[17:])[0] == zlib.crc32(header[:17])
    with pytest.raises(ValueError, match="no folder|No such file"):
        png.save(rows, tmp_path / "none" / "screen.png")
