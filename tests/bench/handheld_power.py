"""Power lost at every write of flash and tag, in random runs of the handheld's stores and entries.

On real 32-bit MicroPython with LittleFS in memory, see tests/micropython/power_cuts.py. Each run is one start with one
or two deeds: verify, an entry on two slots or one, a blank tag, a trust list, orders, an update up to its being
confirmed, an acknowledgement.
"""

import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.bench.size import ROOT, Size
from tests.bench.table import Row

# power_cuts is tests/micropython's; what it imports comes first, for MicroPython's stack is small.
_CASE = """
from edge import stub, plan
import power_cuts

def test_it():
    power_cuts.campaign({seed}, {runs}, {boot!r})
"""
_HEAP = "heapsize=700k"  # the world beside the handheld lies there, too
_RUNS = 5  # of one process: then a new flash
_WHAT = {
    "lost": "acknowledged records lost",
    "corrupt": "corrupt mounts or stores",
    "unrepairable": "torn tags unrepaired",
}


def rows(size: Size) -> Iterator[Row]:
    """Quick: 20 runs, some minutes. Full: 200."""
    runs = size.of(20, 200)
    parts = [min(_RUNS, runs - at) for at in range(0, runs, _RUNS)]
    seeds = [size.seed * 1000 + number for number in range(len(parts))]
    with ThreadPoolExecutor(2) as pool:
        found = sum(pool.map(_campaign, seeds, parts), Counter())
    for word, what in _WHAT.items():
        yield Row(
            f"{runs} runs, power lost at every write: {what}",
            found[word],
            f"of {found['writes']:,}",
            at_most=0,
        )


def _campaign(seed: int, runs: int) -> Counter[str]:
    """How many writes were cut, and what was wrong after them, by the first word that says so."""
    boot = (ROOT / "firmware" / "boot.py").read_text()
    with tempfile.TemporaryDirectory() as folder:
        case = Path(folder) / "case.py"
        case.write_text(_CASE.format(seed=seed, runs=runs, boot=boot))
        done = subprocess.run([*_command(), str(case)], capture_output=True, text=True, check=False)
    said = [line.split(" ") for line in done.stdout.splitlines()]
    writes = [int(words[1]) for words in said if words[0] == "run"]
    if done.returncode or len(writes) != runs:
        raise RuntimeError(f"seed {seed}: {done.stdout}{done.stderr}")
    found = Counter(words[1].rstrip(":") for words in said if words[0] == "wrong")
    if found:
        print(done.stdout, file=sys.stderr)
    found["writes"] = sum(writes)
    return found


def _command() -> list[str]:
    sys.path[:0] = [str(ROOT / "tests" / "micropython"), str(ROOT / "tests")]
    from interpreters import debian

    micropython = debian()
    if micropython is None:
        raise RuntimeError("MicroPython is missing: see tests/micropython/interpreters.py")
    return [_HEAP if each.startswith("heapsize=") else each for each in micropython.command]
