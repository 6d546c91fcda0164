"""All portable code compiles for the handhelds' processors: mpy-cross refuses syntax that MicroPython lacks."""

import sys
from pathlib import Path

import pytest
from witness import ROOT

sys.path.insert(0, str(Path(__file__).parent))

import rom

MODULES = sorted([*(ROOT / "edge").glob("*.py"), *(ROOT / "firmware").rglob("*.py")])
ARCHITECTURES = ("armv7emsp", "xtensawin")  # Cortex-M with a float unit; ESP32 and ESP32-S3


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_every_module_compiles(architecture: str, tmp_path: Path) -> None:
    codes = rom.bytecodes(MODULES, tmp_path, f"-march={architecture}")
    assert len(codes) > 40
    assert [code for code in codes if isinstance(code, ValueError)] == []
    assert all(isinstance(code, bytes) and code.startswith(b"M\x06") for code in codes)


def test_syntax_that_micropython_lacks_is_refused(tmp_path: Path) -> None:
    source = tmp_path / "modern.py"
    source.write_text("def f(a, /):\n    match a:\n        case 1:\n            return 2\n")
    with pytest.raises(ValueError, match="SyntaxError"):
        rom.bytecode(source, tmp_path / "out.mpy")
