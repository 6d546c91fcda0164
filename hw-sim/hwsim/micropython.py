"""Finds the MicroPython that a simulated handheld runs: its unix port, with 32-bit words as on a board if possible.

TAGWRIGHT_MICROPYTHON_ROOT is a folder with Debian's packages unpacked in root/; without it .cache/mpy of the
checkout is looked at, then the PATH.
"""

import os
import shutil
import subprocess
from pathlib import Path

_DEADLINE_S = 10
_ARCHITECTURES = ("", "x86", "x64")  # py/persistentcode.h, MP_NATIVE_ARCH_NONE and on

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


def bytecode_options(command: list[str]) -> list[str]:
    """What mpy-cross needs to compile for the MicroPython of `command`; NoMicroPython where that does not run."""
    question = "import sys; print(sys.implementation._mpy >> 10 & 15)"
    try:
        answer = subprocess.run(
            [*command, "-c", question], capture_output=True, timeout=_DEADLINE_S, check=True
        ).stdout.split()
        architecture = _ARCHITECTURES[int(answer[0])]
    except (OSError, subprocess.SubprocessError, ValueError, IndexError):
        raise NoMicroPython(f"{command[-1]} is no MicroPython that a handheld can run") from None
    return ["-msmall-int-bits=31", *([f"-march={architecture}"] if architecture else [])]
