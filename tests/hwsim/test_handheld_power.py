"""The simulated handheld's flash and power: what stands after a start, and what starts it."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.handheld_sim import BOARD_FIRMWARE, HandheldSim, handheld

FIRMWARE = ("--firmware", str(BOARD_FIRMWARE))


@pytest.fixture
def board() -> Iterator[HandheldSim]:
    with handheld(*FIRMWARE) as sim:
        assert sim.read_until(b"\n").startswith(b"up 1 ")
        yield sim


def write(board: HandheldSim, text: str) -> None:
    board.ask("f = open('/note', 'w')")
    board.ask(f"f.write({text!r}), f.close()")


def read(board: HandheldSim) -> object:
    return board.ask("open('/note').read()")


def test_what_is_on_the_flash_outlives_a_loss_of_power_and_the_display_does_not(
    board: HandheldSim,
) -> None:
    write(board, "kept")
    board.ask("bus = machine.I2C(0, scl=Pin(9), sda=Pin(8))")
    board.ask("bus.writeto(0x3c, b'\\x00\\x8d\\x14\\xaf\\xa5')")
    assert board.do("screen")["lit"] == 8192
    board.do("power", off_ms=1)
    assert board.do("screen")["lit"] == 0
    assert board.read_until(b"\n").startswith(b"up 1 ")
    assert read(board) == "kept"
    assert board.ask("'bus' in globals()") is False
    assert board.event("restart")["cause"] == "power"


def test_power_lost_in_any_flash_write_leaves_the_old_file_or_the_new(board: HandheldSim) -> None:
    first, second = "first" * 200, "second" * 200
    write(board, first)
    before = board.do("stats")["stats"]["flash_writes"]
    write(board, second)
    count = board.do("stats")["stats"]["flash_writes"] - before
    assert count >= 3
    seen = []
    for cut in range(1, count + 1):
        write(board, first)
        board.do("fault", name="power", args={"write": cut, "share": 100})
        board.write(f"f = open('/note', 'w')\nf.write({second!r}), f.close()\n".encode())
        assert b"up 1 " in board.read_until(b"up 1 ") and board.read_until(b"\n")
        seen.append(read(board))
    assert {*seen} <= {first, second} and seen[0] == first
    stats = board.end()
    assert stats["restarts"] == {"power": count}


def test_a_watchdog_that_is_not_fed_starts_the_board_anew(board: HandheldSim) -> None:
    board.ask("watchdog = machine.WDT(timeout=150)")
    for _ in range(3):
        assert board.ask("time.sleep_ms(60) and None") is None  # fed between
    board.write(b"while True: pass\n")
    assert board.read_until(b"\n").startswith(b"up 3 ")
    assert board.event("restart")["cause"] == "watchdog"


def test_the_firmware_may_start_the_board_anew(board: HandheldSim) -> None:
    board.write(b"machine.reset()\n")
    assert board.read_until(b"\n").startswith(b"up 2 ")


def test_a_button_ends_a_deep_sleep_and_so_does_its_time(board: HandheldSim) -> None:
    board.ask("import esp32")
    board.ask("esp32.wake_on_ext0(pin=Pin(4, Pin.IN), level=esp32.WAKEUP_ALL_LOW)")
    board.write(b"machine.deepsleep()\n")
    assert board.event("restart")["cause"] == "deepsleep"
    board.do("press", button="menu")
    assert board.do("stats")["stats"]["running"] is False
    board.do("press", button="trigger")
    assert board.read_until(b"\n").startswith(b"up 4 ")
    board.write(b"machine.deepsleep(20)\n")
    assert board.read_until(b"\n").startswith(b"up 4 ")


def test_a_light_sleep_ends_with_its_time_or_a_button(board: HandheldSim) -> None:
    board.ask("start = time.ticks_ms()")
    board.ask("machine.lightsleep(50)")
    assert board.ask("time.ticks_diff(time.ticks_ms(), start)") >= 50
    board.write(b"machine.lightsleep(30000)\n")
    board.do("press", button="menu", ms=5)
    assert board.read_until(b"\n") == b"null\n"


def test_tags_stay_where_they_are_and_the_reader_chip_sleeps_after_a_loss_of_power() -> None:
    wake = "5555555555" + "0000ff03fdd414011700"
    with handheld(*FIRMWARE, "--tag", "ntag215") as board:
        for _ in range(2):
            board.read_until(b"\n")
            board.ask("uart = machine.UART(1, 115200, tx=Pin(17), rx=Pin(18))")
            board.ask("uart.write(bytes.fromhex('0000ff02fed4022a00'))")
            board.ask("time.sleep_ms(20)")
            assert board.ask("uart.any()") == 0  # it sleeps
            board.ask(f"uart.write(bytes.fromhex('{wake}'))")
            board.ask("time.sleep_ms(50)")
            assert board.ask("uart.any()") == 15
            board.do("power", off_ms=0)
        assert len(board.do("tags")["tags"]) == 1


def test_a_flash_file_is_kept_from_one_run_to_the_next(tmp_path: Path) -> None:
    flash = tmp_path / "flash.bin"
    with handheld(*FIRMWARE, "--flash", str(flash)) as board:
        board.read_until(b"\n")
        write(board, "kept")
        board.end()
    assert flash.stat().st_size == 1 << 20
    with handheld(*FIRMWARE, "--flash", str(flash)) as board:
        board.read_until(b"\n")
        assert read(board) == "kept"


def test_settings_and_files_lie_on_the_flash_from_the_start(tmp_path: Path) -> None:
    trust = tmp_path / "trust.cbor"
    trust.write_bytes(bytes(range(256)) * 5)
    given = tmp_path / "settings.json"
    given.write_text('{"name": "hand-1", "volume": 50}')
    options = ("--settings", str(given), "--setting", 'name="hand-2"')
    with handheld(*FIRMWARE, *options, "--put", f"data/deep/trust={trust}") as board:
        board.read_until(b"\n")
        board.ask("import json")
        assert board.ask("json.load(open('settings.json'))") == {"name": "hand-2", "volume": 50}
        assert board.ask("len(open('/data/deep/trust', 'rb').read())") == 1280
        write(board, "mine")
        board.ask("import os")
        board.ask("os.remove('/data/deep/trust')")
        board.do("power", off_ms=0)
        board.read_until(b"\n")
        board.ask("import os")
        assert board.ask("os.listdir('/data/deep')") == []  # it is not put there again


def test_an_option_changes_one_setting_on_a_kept_flash(tmp_path: Path) -> None:
    flash = ("--flash", str(tmp_path / "flash.bin"))
    wanted: dict[str, object] = {}
    for option in ({"name": "hand-1"}, {"volume": 0}, {"name": "hand-2"}):
        wanted |= option
        ((name, value),) = option.items()
        with handheld(*FIRMWARE, *flash, "--setting", f"{name}={json.dumps(value)}") as board:
            board.read_until(b"\n")
            assert board.ask("__import__('json').load(open('settings.json'))") == wanted
            board.end()


def test_the_other_board_has_its_own_pins_and_file_system() -> None:
    with handheld(*FIRMWARE, "--board", "rp2350", "--bus", "spi") as board:
        board.read_until(b"\n")
        assert board.ask("__import__('json').load(open('settings.json'))") == {
            "board": "rp2350",
            "bus": "spi",
        }
        assert board.ask("__import__('rp2').bootsel_button()") == 0
        board.ask("bus = machine.SPI(0, baudrate=1000000, firstbit=machine.SPI.LSB, sck=Pin(18))")
        board.ask("nss = Pin(17, Pin.OUT, value=1)")
        sam = "010000ff03fdd414011700"
        board.ask("nss(0), nss(1)")  # wakes it
        board.ask(f"nss(0), bus.write(bytes.fromhex('{sam}')), nss(1)")
        board.ask("both = bytearray(b'\\x03' + bytes(6))")
        board.ask("nss(0), bus.write_readinto(both, both), nss(1)")
        assert board.ask("both[1:].hex()") == "0000ff00ff00"
