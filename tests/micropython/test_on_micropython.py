"""The portable code on real MicroPython: each case file and each module of edge in a process of its own.

Debian's build runs it as a handheld does: bytecode in ROM, 32-bit words and a heap of 64 kB.
"""

import re
import sys
from pathlib import Path

import pytest
from witness import ROOT, require

sys.path.insert(0, str(Path(__file__).parent))

from interpreters import HERE, Interpreter, cpython, debian, debian_loader, wasm

CASES = sorted(path.stem for path in (HERE / "cases").glob("*.py"))
MODULES = sorted(path.stem for path in (ROOT / "edge").glob("*.py") if path.stem != "__init__")

FOUND = [name for name, found in (("debian", debian_loader()), ("wasm", wasm())) if found]
MICROPYTHONS = FOUND or ["debian"]


@pytest.fixture(scope="session")
def interpreter(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Interpreter:
    if request.param == "cpython":
        return cpython()
    found = debian(tmp_path_factory.mktemp("rom")) if request.param == "debian" else wasm()
    require(found, "MicroPython (.ci/get-debs unpacks it; see tests/micropython/interpreters.py)")
    assert found
    return found


everywhere = pytest.mark.parametrize("interpreter", ["cpython", *MICROPYTHONS], indirect=True)
on_micropython = pytest.mark.parametrize("interpreter", MICROPYTHONS, indirect=True)
on_debian = pytest.mark.parametrize("interpreter", ["debian"], indirect=True)


@everywhere
@pytest.mark.parametrize("case", CASES)
def test_every_test_of_the_case_passes(case: str, interpreter: Interpreter) -> None:
    stated = re.findall(r"^def (test_\w+)", (HERE / "cases" / f"{case}.py").read_text(), re.M)
    done = interpreter.run_case(case)
    assert done.returncode == 0, done.stdout
    assert re.findall(r"^ok (\w+)$", done.stdout, re.M) == sorted(stated), done.stdout


@on_micropython
@pytest.mark.parametrize("module", MODULES)
def test_every_module_of_edge_is_imported(module: str, interpreter: Interpreter) -> None:
    done = interpreter.run(f"edge.{module}")
    assert (done.returncode, done.stdout) == (0, f"ok edge.{module}\n")


FAILING = {
    "no_test": ("def check():\n    pass\n", "no test in"),
    "wrong": ("def test_it():\n    assert 1 == 2\n", "AssertionError"),
    "broken": ("def test_it():\n    pass\n\nimport nothing_of_that_name\n", "nothing_of_that_name"),
    "stopped": ("import sys\n\ndef test_it():\n    sys.exit(3)\n", ""),
}


@everywhere
@pytest.mark.parametrize("kind", FAILING)
def test_a_run_that_proves_nothing_fails(
    tmp_path: Path, kind: str, interpreter: Interpreter
) -> None:
    source, said = FAILING[kind]
    case = tmp_path / f"{kind}.py"
    case.write_text(source)
    done = interpreter.run(str(case))
    assert done.returncode != 0
    assert said in done.stdout
    assert "ok test_it" not in done.stdout


@on_debian
def test_the_heap_of_64_kb_is_a_limit(tmp_path: Path, interpreter: Interpreter) -> None:
    case = tmp_path / "large.py"
    case.write_text("def test_it():\n    bytearray(65536)\n")
    done = interpreter.run(str(case))
    assert done.returncode == 1
    assert "MemoryError" in done.stdout


@on_debian
def test_words_have_32_bits(tmp_path: Path, interpreter: Interpreter) -> None:
    case = tmp_path / "words.py"
    case.write_text("import sys\n\ndef test_it():\n    assert sys.maxsize == 2**31 - 1\n")
    assert interpreter.run(str(case)).returncode == 0
