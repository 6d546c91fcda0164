"""The benches' scripts run on the MicroPython that they are for: a bench that nobody runs for a while still starts."""

import subprocess
import sys
from pathlib import Path

import pytest
from witness import ROOT, require

sys.path.insert(0, str(Path(__file__).parent))

from interpreters import HERE, debian_loader

SCRIPT = HERE.parent / "bench" / "handheld_verify.py"


@pytest.mark.witness
@pytest.mark.parametrize("what", ["verify", "heap"])
def test_signatures_are_timed_and_weighed(what: str) -> None:
    loader = debian_loader()
    require(loader, "Debian's 32-bit MicroPython")
    assert loader is not None
    done = subprocess.run(
        [*loader, str(SCRIPT), str(ROOT), what, "1"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert int(done.stdout) > 0
