"""Finds the interpreters that run the portable code.

Debian's MicroPython, 32 bit as on a handheld, lies where `.ci/get-debs` unpacked it: TAGWRIGHT_MICROPYTHON_ROOT, else
.cache/mpy. The stand-in is npm's @micropython/micropython-webassembly-pyscript under node: TAGWRIGHT_MICROPYTHON_NPM,
else .cache/mpy-npm (`npm install --prefix .cache/mpy-npm ...@1.27.0`). Its heap has no limit.
"""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import rom
from witness import ROOT

HERE = ROOT / "tests" / "micropython"
HEAP = "64k"

_DEADLINE_S = 60
_WASM = Path("node_modules/@micropython/micropython-webassembly-pyscript")


@dataclass(frozen=True)
class Interpreter:
    """One way to run `run.py`: `command` stands before FILE; `cases` is where it sees the case files."""

    name: str
    command: tuple[str, ...]
    cases: str

    def run_case(self, name: str) -> subprocess.CompletedProcess[str]:
        """Run cases/`name`.py in a process of its own."""
        return self.run(f"{self.cases}/{name}.py")

    def run(self, file: str) -> subprocess.CompletedProcess[str]:
        """Run any file of the host, or import a module (dotted name), in a process of its own."""
        return subprocess.run(
            [*self.command, file],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_DEADLINE_S,
            check=False,
        )


def cpython() -> Interpreter:
    command = (sys.executable, "-B", str(HERE / "run.py"), str(ROOT))
    return Interpreter("cpython", command, str(HERE / "cases"))


def debian(folder: Path) -> Interpreter | None:
    """Debian's MicroPython with a heap of 64 kB; its ROM image is written into `folder`."""
    loader = debian_loader()
    if loader is None:
        return None
    image = folder / "rom.img"
    rom.build(image)
    boot = ("-X", f"heapsize={HEAP}", str(HERE / "in_rom.py"), str(image))
    return Interpreter("micropython", (*loader, *boot), "/rom/cases")


def debian_loader() -> tuple[str, ...] | None:
    """The bare command of the unpacked MicroPython; options and a file may follow."""
    base = os.environ.get("TAGWRIGHT_MICROPYTHON_ROOT") or ROOT / ".cache" / "mpy"
    root = Path(base).resolve() / "root"
    program = root / "usr" / "bin" / "micropython"
    for loader in sorted(root.glob("usr/lib/*-linux-gnu/ld-linux*.so.2")):
        if program.is_file():
            return (str(loader), "--library-path", str(loader.parent), str(program))
    return None


def wasm() -> Interpreter | None:
    """npm's MicroPython under node, which reads the sources."""
    base = os.environ.get("TAGWRIGHT_MICROPYTHON_NPM") or ROOT / ".cache" / "mpy-npm"
    build = Path(base).resolve() / _WASM
    node = shutil.which("node")
    if node is None or not (build / "micropython.mjs").is_file():
        return None
    command = (node, str(HERE / "under_node.mjs"), str(build), str(ROOT))
    return Interpreter("micropython-wasm", command, str(HERE / "cases"))
