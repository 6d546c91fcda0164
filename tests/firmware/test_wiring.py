"""The pins and the settings: what the boards say, what the README says to solder, what the simulator has wired."""

import ast
import re
from pathlib import Path

import pytest
from witness import ROOT

from hwsim.handheld_boards import BOARDS

FIRMWARE = ROOT / "firmware"
README = (FIRMWARE / "README.md").read_text()
COLUMN = {"esp32s3": 2, "rp2350": 3}  # of the README's table

Pins = dict[str, int | tuple[int, ...]]


def pins(board: str) -> Pins:
    tree = ast.parse((FIRMWARE / "reader" / f"board_{board}.py").read_text())
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "PINS":
            found: Pins = ast.literal_eval(node.value)
            return found
    raise AssertionError(f"board_{board} has no PINS")


def flat(table: Pins) -> list[int]:
    """Every pin, each once."""
    found: list[int] = []
    for name, value in table.items():
        numbers = value if isinstance(value, tuple) else (value,)
        is_bus = name.endswith(("uart", "spi")) or name == "display"
        found += numbers[1:] if is_bus else numbers  # the first is the bus
    return found


def soldered(board: str) -> list[int]:
    """The numbers in the README's column, from above."""
    part = README.split("## Wiring")[1].split("## Flashing")[0]
    rows = [line.strip("| ").split(" | ") for line in part.splitlines() if line.startswith("|")]
    return [int(each) for row in rows[2:] for each in re.findall(r"\d+", row[COLUMN[board]])]


@pytest.mark.parametrize("board", COLUMN)
def test_no_pin_has_two_uses(board: str) -> None:
    used = flat(pins(board))
    assert len(used) == len(set(used))


@pytest.mark.parametrize("board", COLUMN)
def test_the_readme_says_to_solder_what_the_board_uses(board: str) -> None:
    assert soldered(board) == flat(pins(board))


def test_no_pin_is_taken_that_a_board_needs_itself() -> None:
    console, usb, flash = {43, 44}, {19, 20}, set(range(26, 38))
    assert not set(flat(pins("esp32s3"))) & ({0, 3, 45, 46} | console | usb | flash)
    assert set(flat(pins("rp2350"))) <= {*range(23), 26, 27, 28}


@pytest.mark.parametrize("board", COLUMN)
def test_the_simulated_board_is_wired_alike(board: str) -> None:
    simulated, table = BOARDS[board], pins(board)
    bus = {name: value for name, value in table.items() if isinstance(value, tuple)}
    assert (simulated.tag_tx, simulated.rain_tx) == (bus["tag uart"][1], bus["rain uart"][1])
    assert (simulated.tag_sck, simulated.tag_select) == (bus["tag spi"][1], bus["tag spi"][4])
    assert simulated.display_sda == bus["display"][1]
    assert simulated.lights == bus["lights"]
    assert simulated.buttons == {name: table[name] for name in ("trigger", "menu")}
    assert (simulated.tag_reset, simulated.buzzer) == (table["tag reset"], table["buzzer"])
    assert simulated.battery == table["battery"]


def test_the_readme_names_every_setting() -> None:
    part = README.split("## settings.json")[1].split("## First scan")[0]
    named = re.findall(r"^\| `(\w+)` \|", part, re.M)
    tree = ast.parse(Path(FIRMWARE / "reader" / "settings.py").read_text())
    (settings,) = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    stated = []
    for node in settings.body:
        if isinstance(node, ast.Assign):
            stated.append(ast.unparse(node.targets[0]))
        elif isinstance(node, ast.AnnAssign):
            stated.append(ast.unparse(node.target))
    stated.remove("trouble")  # what is wrong with the others
    assert named == stated
