"""Benches: ours, a peer and the limit in one run. `python -m tests.bench --help`; figures stand here, not in tests."""

import sys
from pathlib import Path

_FIRMWARE = str(Path(__file__).parents[2] / "firmware")  # a device's root, no part of the package
if _FIRMWARE not in sys.path:
    sys.path.append(_FIRMWARE)
