"""The portable code on real MicroPython: each case file and each module of edge in a process of its own.

Debian's build runs it as a handheld does: bytecode in ROM, 32-bit words and a heap of 64 kB.
"""

import sys
from pathlib import Path

import pytest
from witness import ROOT

sys.path.insert(0, str(Path(__file__).parent))

from interpreters import HERE, Run
from judge import found, judge_cases, judge_imports

CASES = sorted((HERE / "cases").glob("*.py"))
MODULES = sorted(f"edge.{path.stem}" for path in (ROOT / "edge").glob("[!_]*.py"))


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
@pytest.mark.parametrize("runtime", ["cpython", "debian"])
def test_every_test_of_the_case_passes(case: Path, runtime: str) -> None:
    judge_cases(runtime, [case])


def test_every_test_of_the_cases_passes_on_the_wasm_build() -> None:
    judge_cases("wasm", CASES)


@pytest.mark.parametrize("runtime", ["debian", "wasm"])
def test_every_module_of_edge_is_imported(runtime: str) -> None:
    without = "_viper" if runtime == "wasm" else None  # that build has no viper
    judge_imports(runtime, [name for name in MODULES if not without or without not in name])


FAILING = {
    "no_test": ("def check():\n    pass\n", "no test in"),
    "wrong": ("def test_it():\n    assert 1 == 2\n", "AssertionError"),
    "broken": ("def test_it():\n    pass\n\nimport nothing_of_that_name\n", "nothing_of_that_name"),
    "stopped": ("import sys\n\ndef test_it():\n    sys.exit(3)\n", ""),
}


@pytest.mark.parametrize("runtime", ["cpython", "debian", "wasm"])
def test_a_run_that_proves_nothing_fails(tmp_path: Path, runtime: str) -> None:
    for kind, (source, _) in FAILING.items():
        (tmp_path / f"{kind}.py").write_text(source)
    runs = found(runtime).runs([tmp_path / f"{kind}.py" for kind in FAILING])
    for run, (_, said) in zip(runs, FAILING.values(), strict=True):
        assert run.status
        assert said in run.said
        assert "ok test_it" not in run.said
    for kind in FAILING:
        with pytest.raises(pytest.fail.Exception, match=kind):
            judge_cases(runtime, [tmp_path / f"{kind}.py"])
    with pytest.raises(AssertionError, match="no case files"):
        judge_cases(runtime, [])


def run_source(source: str, tmp_path: Path) -> Run:
    case = tmp_path / "case.py"
    case.write_text(source)
    return found("debian").run(case)


def test_the_heap_of_64_kb_is_a_limit(tmp_path: Path) -> None:
    run = run_source("def test_it():\n    bytearray(65536)\n", tmp_path)
    assert run.status == 1
    assert "MemoryError" in run.said


def test_words_have_32_bits(tmp_path: Path) -> None:
    source = "import sys\n\ndef test_it():\n    assert sys.maxsize == 2**31 - 1\n"
    assert run_source(source, tmp_path).status == 0


FOLDERS = """
import os
from expect import folder

def test_each_is_empty_and_writable():
    first, second = folder(), folder()
    assert first != second
    for each in (first, second):
        assert os.listdir(each) == []
        with open(each + "/file", "wb") as file:
            file.write(b"12345")
        with open(each + "/file", "ab") as file:
            file.write(b"678")
        with open(each + "/file", "rb") as file:
            assert file.read() == b"12345678"
        assert os.stat(each + "/file")[6] == 8
        os.rename(each + "/file", each + "/other")
        os.remove(each + "/other")
        assert os.listdir(each) == []
"""


@pytest.mark.parametrize("runtime", ["cpython", "debian", "wasm"])
def test_a_case_is_given_folders_to_write_in(runtime: str, tmp_path: Path) -> None:
    case = tmp_path / "writing.py"
    case.write_text(FOLDERS)
    judge_cases(runtime, [case])


UNCLOSED = """
import os
from expect import folder

def test_what_is_not_closed_is_lost():
    name = folder() + "/file"
    with open(name, "wb") as file:
        file.write(b"12345")
    kept = open(name, "ab")
    kept.write(b"678")
    assert os.stat(name)[6] == 5
    kept.close()
    assert os.stat(name)[6] == 8
"""


def test_the_folder_on_debian_lies_on_littlefs(tmp_path: Path) -> None:
    run = run_source(UNCLOSED, tmp_path)
    assert run.status == 0, run.said
