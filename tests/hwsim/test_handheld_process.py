"""`python -m hwsim handheld` as a person uses it: what it says, and what it refuses in a line."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from witness import ROOT

from hwsim import handheld_rom, handheld_wires
from hwsim.__main__ import main
from tests.handheld_sim import BOARD_FIRMWARE, handheld

FIRMWARE = ("--firmware", str(BOARD_FIRMWARE))
BOARD = Path(handheld_wires.__file__).parent / "board"


def refused(*options: str, **environment: str) -> str:
    done = CliRunner().invoke(main, ["handheld", *options], env=environment)
    assert (done.exit_code, done.stdout) == (2, ""), done
    assert done.stderr.count("\n") == 1, done.stderr
    return done.stderr


def firmware(folder: Path, text: str) -> tuple[str, str]:
    (folder / "main.py").write_text(text)
    return "--firmware", str(folder)


def test_without_micropython_it_says_how_to_get_it(tmp_path: Path) -> None:
    text = refused(*FIRMWARE, PATH=str(tmp_path), TAGWRIGHT_MICROPYTHON_ROOT=str(tmp_path))
    assert "./run tagwright sim handheld" in text and "apt install micropython" in text


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--micropython", "no-such-program"), "no such program"),
        (("--micropython", "true"), "no MicroPython"),
        (("--firmware", str(BOARD)), "no main.py"),
        (("--setting", "name=hand"), "KEY=JSON"),
        (("--put", "trust"), "PATH=FILE"),
        (("--put", "trust=/nowhere/trust"), "/nowhere/trust"),
        (("--tag", "ntag999"), "known are ntag213"),
        (("--rain-tag", "monza:xyz"), "hex"),
        (("--fault", "flood"), "known are tear"),
        (("--fault", "power:write=soon"), "soon"),
        (("--heap", "much"), "--heap"),
        (("--heap", "64"), "64k"),
        (("--screen", "/nowhere/screen.png"), "no folder /nowhere"),
        (("--settings", __file__), __file__),
        (("--board", "esp8266"), "rp2350"),
        (("--bus", "i2c"), "spi"),
    ],
)
def test_a_wrong_option_is_one_line(options: tuple[str, ...], says: str) -> None:
    assert says in refused(*options)


def test_a_module_that_does_not_compile_is_named_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("x = 1\nmatch x:\n")
    text = refused(*firmware(tmp_path, ""))
    assert "broken.py: line 2: SyntaxError" in text


def test_a_firmware_that_fails_shows_its_traceback_on_usb_and_as_an_event(tmp_path: Path) -> None:
    with handheld(*firmware(tmp_path, "import time\ntime.sleep_ms(300)\n1 / 0\n")) as sim:
        assert b"ZeroDivisionError" in sim.read_until(b"ZeroDivisionError: divide by zero")
        assert 'File "main.py", line 3' in sim.event("exit")["text"]
        sim.do("power", off_ms=0)
        assert sim.event("restart")["cause"] == "power"


def test_a_heap_that_is_too_small_ends_the_board_and_not_the_simulator(tmp_path: Path) -> None:
    with handheld(*firmware(tmp_path, "x = bytearray(30000)\n"), "--heap", "24k") as sim:
        assert "MemoryError" in sim.event("exit")["text"]
        assert sim.do("led") == {"led": [0, 0, 0]}
    with handheld(*firmware(tmp_path, ""), "--heap", "2k") as sim:
        assert "MemoryError" in sim.event("exit")["text"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_by_signal_with_its_stats_and_takes_its_link_away(
    tmp_path: Path, number: int
) -> None:
    link = tmp_path / "hand"
    with handheld(*FIRMWARE, "--link", str(link)) as sim:
        assert sim.ready["path"] == str(link) and link.is_symlink()
        assert sim.read_until(b"\n").startswith(b"up 1")
        sim.process.send_signal(number)
        stats = sim.line()["stats"]
        assert stats["restarts"] == {} and stats["heap_at_start"] > 0
        assert sim.process.wait(20) == 0
    assert not link.is_symlink()


def test_a_scenario_presses_its_buttons(tmp_path: Path) -> None:
    scenario = tmp_path / "hand.toml"
    scenario.write_text(
        f"[handheld]\nfirmware = {json.dumps(str(BOARD_FIRMWARE))}\nevents = true\n"
        '[[event]]\ndo = "arrive"\ntag = "ntag213"\n'
        '[[event]]\nafter_ms = 50\ndo = "power"\noff_ms = 1\n'
    )
    process = subprocess.Popen(
        [sys.executable, "-m", "hwsim", "up", str(scenario)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT / "hw-sim")},
    )
    assert process.stdout is not None
    with process, process.stdout as lines:
        assert json.loads(lines.readline())["ready"] == "handheld"
        assert {"event": "restart", "cause": "power"} in (json.loads(line) for line in lines)
        process.terminate()


def test_the_screen_is_kept_as_a_picture(tmp_path: Path) -> None:
    path = tmp_path / "screen.png"
    with handheld(*FIRMWARE, "--screen", str(path)) as sim:
        sim.read_until(b"\n")
        sim.ask("bus = machine.I2C(0, scl=Pin(9), sda=Pin(8))")
        sim.ask("bus.writeto(0x3c, b'\\x00\\x8d\\x14\\xaf\\xa5')")
        sim.event("screen")
        assert path.read_bytes().startswith(b"\x89PNG")


def test_the_board_and_the_host_mean_the_same_places_of_the_shared_memory() -> None:
    found = {}
    for path in BOARD.glob("*.py"):
        for name, value in re.findall(r"^_(\w+) = const\((\d+)\)", path.read_text(), re.M):
            if hasattr(handheld_wires, name):
                found.setdefault(name, set()).add(int(value))
    found["FLASH_SIZE"] = {40}
    assert {"BELL", "LEVELS", "EDGES", "MILLIVOLTS", "FEEDS", "WATCHDOG_MS"} <= set(found)
    assert found == {name: {getattr(handheld_wires, name)} for name in found}


def test_bytecode_lies_in_the_image_where_mpremote_would_put_it(tmp_path: Path) -> None:
    romfs = pytest.importorskip("mpremote.romfs")
    theirs = romfs.VfsRomWriter()
    ours: dict[str, bytes] = {"boot.py": b"", "a.mpy": b"x" * 200, "z.mpy": b"y" * 20_000}
    theirs.mkfile("boot.py", ours["boot.py"])
    theirs.opendir("deep")
    theirs.mkfile("a.mpy", ours["a.mpy"])
    theirs.closedir()
    theirs.mkfile("z.mpy", ours["z.mpy"])
    tree = {"deep/a.mpy": ours["a.mpy"], "boot.py": b"", "z.mpy": ours["z.mpy"]}
    assert handheld_rom.packed(tree) == theirs.finalise()
