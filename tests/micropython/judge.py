"""What each runner of case files asserts: every test that a file states has run and passed."""

import ast
import re
from pathlib import Path
from typing import Any

import pytest
from interpreters import HEAP, Interpreter, Run, cpython, debian, wasm
from witness import require

ROOMY = "debian, 256 kB"
RUNTIMES = {
    "cpython": cpython,
    "debian": debian,
    ROOMY: lambda: debian("256k"),
    "wasm": wasm,
}
_DEBIAN = "Debian's MicroPython (.ci/get-debs unpacks it; see tests/micropython/interpreters.py)"
_HOW = {
    "debian": _DEBIAN,
    ROOMY: _DEBIAN,
    "wasm": "npm's MicroPython (see tests/micropython/interpreters.py)",
    "cpython": "",
}


def found(runtime: str) -> Interpreter:
    """The interpreter, or the test is skipped, which TAGWRIGHT_WITNESS=all forbids."""
    interpreter = RUNTIMES[runtime]()
    require(interpreter, _HOW[runtime])
    assert interpreter
    return interpreter


def judge_cases(runtime: str, files: list[Path]) -> None:
    """Fails with the words of those files of which not each test passed, and where there is no file."""
    interpreter = found(runtime)
    files = [file for file in files if runtime not in not_on(file)]
    assert files, "no case files: nothing was proved"
    if runtime == "debian":
        heaps = [debian(stated(file, "HEAP", HEAP)) for file in files]
        runs = [heap.run(file) for heap, file in zip(heaps, files, strict=True) if heap]
    else:
        runs = interpreter.runs(files)
    failed = []
    for file, run in zip(files, runs, strict=True):
        tests = re.findall(r"^def (test_\w+)", file.read_text(), re.M)
        passed = re.findall(r"^ok (\w+)$", run.said, re.M)
        if run.status or not tests or passed != sorted(tests):
            failed.append(f"{file.name} on {interpreter.name}: status {run.status}\n{run.said}")
    if failed:
        pytest.fail("\n".join(failed), pytrace=False)


def judge_imports(runtime: str, names: list[str]) -> None:
    """Each module is imported, alone, without a word."""
    interpreter = found(runtime)
    assert names, "no modules: nothing was proved"
    runs = zip(names, interpreter.runs(names), strict=True)
    wrong = [run.said or name for name, run in runs if run != Run(0, f"ok {name}\n")]
    if wrong:
        pytest.fail("\n".join(wrong), pytrace=False)


def not_on(file: Path) -> tuple[str, ...]:
    """A case may state at module level where it cannot run: NOT_ON = ("cpython",)"""
    return tuple(stated(file, "NOT_ON", ()))


def stated(file: Path, name: str, otherwise: Any) -> Any:
    """The value of a constant at module level of a case."""
    for node in ast.parse(file.read_text()).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name:
            return ast.literal_eval(node.value)
    return otherwise
