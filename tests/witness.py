"""Programs and vectors that are not ours: needed on CI, welcome elsewhere."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def require(found: object, what: str) -> None:
    """Skip the test where `what` is missing; fail it where TAGWRIGHT_WITNESS=all asks for every witness."""
    if found:
        return
    if os.environ.get("TAGWRIGHT_WITNESS") == "all":
        pytest.fail(
            f"{what} is missing, and TAGWRIGHT_WITNESS=all makes it mandatory", pytrace=False
        )
    pytest.skip(f"{what} is missing")


def vectors(folder: str) -> Path:
    """The folder of foreign vectors: TAGWRIGHT_VECTORS, else ../shared/vectors; skips where neither is."""
    base = Path(os.environ.get("TAGWRIGHT_VECTORS") or ROOT.parent / "shared" / "vectors")
    found = base / folder
    if not found.is_dir():
        pytest.skip(f"no foreign vectors in {found}: set TAGWRIGHT_VECTORS")
    return found
