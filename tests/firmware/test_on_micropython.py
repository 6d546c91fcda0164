"""The firmware's case files on CPython, on 32-bit MicroPython (heap 64 kB, code in ROM) and on npm's wasm build.

A case states in NOT_ON = ("cpython",) where it cannot run.
"""

import sys
from pathlib import Path

import pytest
from witness import ROOT

sys.path.insert(0, str(ROOT / "tests" / "micropython"))

from judge import judge_cases

CASES = sorted((Path(__file__).parent / "cases").glob("*.py"))


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
@pytest.mark.parametrize("runtime", ["cpython", "debian"])
def test_every_test_of_the_case_passes(case: Path, runtime: str) -> None:
    judge_cases(runtime, [case])


def test_every_test_of_the_cases_passes_on_the_wasm_build() -> None:
    judge_cases("wasm", CASES)
