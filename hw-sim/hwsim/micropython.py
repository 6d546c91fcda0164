"""Finds the MicroPython that a simulated handheld runs: its unix port, with 32-bit words as on a board if possible.

TAGWRIGHT_MICROPYTHON_ROOT is a folder with Debian's packages unpacked in root/; without it .cache/mpy of the
checkout is looked at, then the PATH.
"""

import os
import shutil
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]


class NoMicroPython(ValueError):
    """There is none; says how to get it."""


def find(program: str | None = None) -> list[str]:
    """The command that starts it; options and a file may follow. program: take this one."""
    if program is not None:
        path = shutil.which(program)
        if path is None:
            raise NoMicroPython(f"--micropython {program}: there is no such program")
        return [path]
    root = Path(os.environ.get("TAGWRIGHT_MICROPYTHON_ROOT") or CHECKOUT / ".cache" / "mpy")
    unpacked = root.resolve() / "root" / "usr" / "bin" / "micropython"
    for loader in sorted(root.resolve().glob("root/usr/lib/*-linux-gnu/ld-linux*.so.2")):
        if unpacked.is_file():
            return [str(loader), "--library-path", str(loader.parent), str(unpacked)]
    path = shutil.which("micropython")
    if path is None:
        raise NoMicroPython(
            "there is no MicroPython: in a checkout `./run tagwright sim handheld` gets it,"
            " on Debian 13 `apt install micropython`"
        )
    return [path]
