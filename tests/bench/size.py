"""How much a run measures."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


@dataclass(frozen=True)
class Size:
    """full: the long campaign; count: how many, where the user says so; seed: of every random choice."""

    full: bool = False
    count: int | None = None
    seed: int = 1

    def of(self, quick: int, full: int) -> int:
        """The count that the user asked for, else this suite's own."""
        return self.count or (full if self.full else quick)


@contextmanager
def folder() -> Iterator[Path]:
    """A folder on the checkout's disk, for /tmp may be memory; TAGWRIGHT_BENCH names another place."""
    home = Path(os.environ.get("TAGWRIGHT_BENCH") or ROOT / ".cache" / "bench")
    home.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=home) as found:
        yield Path(found)
