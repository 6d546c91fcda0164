"""Demo: `tagwright demo` over the 1,226 real products, not paced; every row accounted for."""

import csv
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

from tests.bench.size import ROOT, Size, folder
from tests.bench.table import Row

_REAL = "boavizta-data-us.csv"
_ROWS = 1226
_COLUMNS = (
    "manufacturer,name,gwp_total,gwp_manufacturing_ratio,gwp_transport_ratio,gwp_use_ratio,"
    "gwp_eol_ratio,lifetime,weight"
)


def rows(size: Size) -> Iterator[Row]:
    """One run, of shared/data beside the checkout or in TAGWRIGHT_DATA; without it, of as many made-up rows."""
    with folder() as at:
        source = real() or generated(at / "generated.csv", _ROWS, size.seed)
        started = time.perf_counter()
        done = subprocess.run(
            [*command(at / "state"), "--input", str(source)], capture_output=True, check=False
        )
        seconds = time.perf_counter() - started
        if done.returncode:
            raise RuntimeError(f"the demo ended with {done.returncode}: {done.stderr.decode()}")
        told = json.loads(done.stdout.splitlines()[-1])
        accounted = results(at / "state", source)
    count = told["rows"]
    lost = sum(row not in accounted for row in range(1, count + 1))
    yield Row(
        f"the demo over {count:,} rows of {source.name}",
        seconds,
        "s",
        at_most=60,
        note=", ".join(
            f"{told[name]:,} {name}"
            for name in ("written", "refused", "verified", "torn", "repaired", "events")
        ),
    )
    yield Row("  rows without a line in the result file", lost, at_most=0)
    astray = count - told["written"] - told["refused"] + abs(told["written"] - told["verified"])
    yield Row("  rows neither refused nor written and verified", astray, at_most=0)
    yield Row("  events that the hub has not", told["events"] - told["acknowledged"], at_most=0)
    for act, spent in told["ms_per_tag"].items():
        limit = ("field and EEPROM", told["floor_ms"][act])
        yield Row(f"  median tag, {act}: wire, field and EEPROM", spent, "ms", limit=limit)


def real() -> Path | None:
    """The real products' file, where there is one."""
    data = os.environ.get("TAGWRIGHT_DATA")
    found = (Path(data) if data else ROOT.parent / "shared" / "data") / _REAL
    return found if found.exists() else None


def generated(path: Path, count: int, seed: int) -> Path:
    """Write so many made-up products to `path`; one in fifty cannot be an order."""
    random = Random(seed)
    lines = [_COLUMNS]
    for row in range(count):
        use = random.randint(10, 60) / 100
        share = f"{1 - use - 0.05:.4f}" if row % 50 else ""
        total, weight = random.randint(50, 900), random.randint(5, 90) / 10
        lines.append(f"Maker,Model {row},{total},{share},0.04,{use},0.01,4,{weight}")
    path.write_text("\n".join(lines) + "\n")
    return path


def command(state: Path) -> list[str]:
    """The demo as scripts run it, everything kept in `state`."""
    options = ["demo", "--json", "--no-stay", "--state", str(state)]
    return [sys.executable, "-m", "gateway.cli.main", *options]


def results(state: Path, source: Path) -> dict[int, str]:
    """Row -> its last outcome in the result file."""
    with (state / f"{source.stem}.result.csv").open(newline="") as file:
        return {int(line["row"]): line["outcome"] for line in csv.DictReader(file)}
