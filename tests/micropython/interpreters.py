"""Finds the interpreters that run the portable code.

Debian's MicroPython, 32 bit as on a handheld, lies where `.ci/get-debs` unpacked it: TAGWRIGHT_MICROPYTHON_ROOT, else
.cache/mpy. The stand-in is npm's @micropython/micropython-webassembly-pyscript under node: TAGWRIGHT_MICROPYTHON_NPM,
else .cache/mpy-npm (`npm install --prefix .cache/mpy-npm ...@1.27.0`). Its heap has no limit.
"""

import atexit
import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import rom
from witness import ROOT

HERE = ROOT / "tests" / "micropython"
HEAP = "64k"

_DEADLINE_S = 60
_WASM = Path("node_modules/@micropython/micropython-webassembly-pyscript")
_ENDED = re.compile(r"^ended (\d+)\n", re.M)


@dataclass(frozen=True)
class Run:
    """How one run of run.py ended, and what it said."""

    status: int
    said: str


@dataclass(frozen=True)
class Interpreter:
    """One way to run `run.py`: `command` stands before FILE."""

    name: str
    command: tuple[str, ...]
    in_rom: bool = False
    many: bool = False  # takes FILE..., starts anew for each, says `ended STATUS` after each

    def run(self, file: Path | str) -> Run:
        """Run a file of the host, or import a module (dotted name), in a process of its own."""
        return self.runs([file])[0]

    def runs(self, files: "list[Path | str] | list[Path] | list[str]") -> list[Run]:
        """One run for each, none knows of another."""
        seen = [self._seen(file) for file in files]
        if not self.many:
            return [self._process(file) for file in seen]
        run = self._process(*seen)
        parts = _ENDED.split(run.said)
        ended = [
            Run(int(status), said) for said, status in zip(parts[::2], parts[1::2], strict=False)
        ]
        missing = len(files) - len(ended)
        return ended + [Run(run.status or 1, parts[-1])] * missing

    def _seen(self, file: Path | str) -> str:
        if self.in_rom and isinstance(file, Path) and file.is_relative_to(ROOT):
            return f"/rom/{file.relative_to(ROOT).as_posix()}"
        return str(file)

    def _process(self, *files: str) -> Run:
        done = subprocess.run(
            [*self.command, *files],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_DEADLINE_S,
            check=False,
        )
        return Run(done.returncode, done.stdout)


def cpython() -> Interpreter:
    return Interpreter("cpython", (sys.executable, "-B", str(HERE / "run.py"), str(ROOT)))


def debian(heap: str = HEAP) -> Interpreter | None:
    """Debian's MicroPython with all portable code in a ROM image."""
    loader = debian_loader()
    if loader is None:
        return None
    boot = ("-X", f"heapsize={heap}", str(HERE / "in_rom.py"), str(_image()))
    return Interpreter("micropython", (*loader, *boot), in_rom=True)


@cache
def _image() -> Path:
    folder = tempfile.mkdtemp(prefix="tagwright-rom-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    image = Path(folder) / "rom.img"
    rom.build(image)
    return image


def debian_loader() -> tuple[str, ...] | None:
    """The bare command of the unpacked MicroPython; options and a file may follow."""
    base = os.environ.get("TAGWRIGHT_MICROPYTHON_ROOT") or ROOT / ".cache" / "mpy"
    root = Path(base).resolve() / "root"
    program = root / "usr" / "bin" / "micropython"
    for loader in sorted(root.glob("usr/lib/*-linux-gnu/ld-linux*.so.2")):
        if program.is_file():
            return (str(loader), "--library-path", str(loader.parent), str(program))
    return None


def plain(file: Path) -> str:
    """What a file says that Debian's MicroPython runs as it is, with the heap that it takes by itself."""
    loader = debian_loader()
    assert loader
    return Interpreter("micropython", loader).run(file).said


def wasm() -> Interpreter | None:
    """npm's MicroPython under node, which reads the sources; one process runs many files, each in a new instance."""
    base = os.environ.get("TAGWRIGHT_MICROPYTHON_NPM") or ROOT / ".cache" / "mpy-npm"
    build = Path(base).resolve() / _WASM
    node = shutil.which("node")
    if node is None or not (build / "micropython.mjs").is_file():
        return None
    command = (node, str(HERE / "under_node.mjs"), str(build), str(ROOT))
    return Interpreter("micropython-wasm", command, many=True)
