"""The firmware's case files on CPython, on 32-bit MicroPython (heap 64 kB, code in ROM) and on npm's wasm build.

A case states in NOT_ON = ("cpython",) where it cannot run, and in HEAP = "96k" that what it holds beside the firmware's
modules needs more than 64 kB.
"""

import ast
import sys
from pathlib import Path

import pytest
from witness import ROOT

sys.path.insert(0, str(ROOT / "tests" / "micropython"))

from judge import ROOMY, judge_cases, judge_imports, not_on

CASES = sorted((Path(__file__).parent / "cases").glob("*.py"))
PAIRS = [
    pytest.param(runtime, case, id=f"{runtime}-{case.stem}")
    for runtime in ("cpython", "debian")
    for case in CASES
    if runtime not in not_on(case)
]
READER = ROOT / "firmware" / "reader"
ON_BOARDS_ALONE = {"machine", "network", "neopixel", "esp32", "rp2"}


@pytest.mark.parametrize(("runtime", "case"), PAIRS)
def test_every_test_of_the_case_passes(runtime: str, case: Path) -> None:
    judge_cases(runtime, [case])


def test_every_test_of_the_cases_passes_on_the_wasm_build() -> None:
    judge_cases("wasm", CASES)


def imported(path: Path) -> set[str]:
    """The modules that stand in import statements outside functions."""
    found = set()
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Import):
            found |= {each.name for each in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{each.name}" for each in node.names)}
    return found


def portable() -> list[str]:
    """The modules of reader/ that ask for no board, nor import one that does."""
    left = {f"reader.{path.stem}": imported(path) for path in READER.glob("[!_]*.py")}
    barred = ON_BOARDS_ALONE
    while barred:
        barred = {name for name in left if left[name] & barred}
        left = {name: wants for name, wants in left.items() if name not in barred}
    return sorted(left)


@pytest.mark.parametrize(
    "runtime", [ROOMY, "wasm"]
)  # all modules, each with names of its own, need 90 kB
def test_every_module_that_needs_no_board_is_imported(runtime: str) -> None:
    judge_imports(runtime, portable())
