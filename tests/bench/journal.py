"""Journal: durable events a second and the latency of one, against the disk's own fdatasync and plain SQLite."""

import asyncio
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from gateway.journal import Journal
from tests.bench.passports import PRODUCT, Issuer
from tests.bench.size import Size, folder
from tests.bench.table import Row

_IN_FLIGHT = 256
_ROUNDS = 5  # the best counts: others use the disk, too
_STRACE_EVENTS = 100
_SYNC = re.compile(r"(fsync|fdatasync)\(")
_TRACED = """
import asyncio, pathlib, sys
from tests.bench.journal import _alone
asyncio.run(_alone(pathlib.Path(sys.argv[1]), int(sys.argv[2])))
"""


def rows(size: Size) -> Iterator[Row]:
    """Quick: 5 rounds of 10,000 events; full: of 50,000. Everything on the checkout's disk."""
    events = size.of(10_000, 50_000)
    with folder() as at:
        disk_s = min(_fdatasync_s(at / f"raw{n}") for n in range(_ROUNDS))
        plain = max(_plain(at / f"plain{n}.db", events) for n in range(_ROUNDS))
        ours, groups = max(asyncio.run(_many(at / f"many{n}.db", events)) for n in range(_ROUNDS))
        alone_s, group = min(asyncio.run(_alone(at / f"one{n}.db")) for n in range(_ROUNDS))
        syncs = _counted_syncs(at)
    yield Row(
        f"durable events a second, {_IN_FLIGHT} in flight",
        ours,
        "/s",
        peer=(f"sqlite3, {_IN_FLIGHT} a COMMIT", plain),
        limit=("fdatasync a group", _IN_FLIGHT / disk_s),
        at_least=20_000,
        note=f"{groups:.0f} events a commit; the peer keeps no chain of hashes, and tells nobody",
    )
    yield Row(
        "latency of one event alone",
        alone_s * 1e3,
        "ms",
        limit=("fdatasync", disk_s * 1e3),
        note=f"median of {_STRACE_EVENTS}, best of {_ROUNDS} rounds",
    )
    yield Row("  commits an event, alone", group, at_most=1)
    if syncs is not None:
        yield Row("  fsync and fdatasync calls an event, alone (strace)", syncs, at_most=1)


async def _many(path: Path, events: int) -> tuple[float, float]:
    """(events a second, events a commit) with _IN_FLIGHT appends waiting at any time."""
    body = _body()
    commits = 0

    def count(rows: int, seconds: float) -> None:
        nonlocal commits
        commits += 1

    async with Journal(path, on_commit=count) as journal:

        async def station(number: int) -> None:
            for _ in range(events // _IN_FLIGHT):
                await journal.append("verdict", "bench", bytes(7), f"09520123456788/{number}", body)

        started = time.perf_counter()
        await asyncio.gather(*(station(number) for number in range(_IN_FLIGHT)))
        seconds = time.perf_counter() - started
        return journal.head() / seconds, journal.head() / commits


async def _alone(path: Path, events: int = _STRACE_EVENTS) -> tuple[float, float]:
    """(median seconds of one append, commits an append), one after the other."""
    body, took, commits = _body(), [], 0

    def count(rows: int, seconds: float) -> None:
        nonlocal commits
        commits += 1

    async with Journal(path, on_commit=count) as journal:
        for _ in range(events):
            started = time.perf_counter()
            await journal.append("verdict", "bench", bytes(7), "09520123456788/A1", body)
            took.append(time.perf_counter() - started)
    return median(took), commits / events


def _counted_syncs(at: Path) -> float | None:
    """fsync and fdatasync calls an append, by strace over two runs of different length; None without strace."""
    if shutil.which("strace") is None:
        return None
    counts = []
    for events in (1, 1 + _STRACE_EVENTS):
        log = at / f"strace{events}"
        program = [sys.executable, "-c", _TRACED, str(at / f"traced{events}.db"), str(events)]
        done = subprocess.run(
            ["strace", "-f", "-e", "trace=fsync,fdatasync", "-o", log, *program],
            capture_output=True,
            check=False,
        )
        if done.returncode:
            return None
        counts.append(len(_SYNC.findall(log.read_text())))
    return (counts[1] - counts[0]) / _STRACE_EVENTS


def _fdatasync_s(path: Path) -> float:
    """Median seconds of writing one page behind the end of a file, and fdatasync."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT)
    took = []
    for _ in range(_STRACE_EVENTS):
        started = time.perf_counter()
        os.write(file, bytes(4096))
        os.fdatasync(file)
        took.append(time.perf_counter() - started)
    os.close(file)
    return median(took)


def _plain(path: Path, events: int) -> float:
    """Events a second by sqlite3's executemany, as many a COMMIT as ours has in flight, as durable as ours."""
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = FULL")
    database.execute("CREATE TABLE events (seq INTEGER PRIMARY KEY, body BLOB)")
    body = repr(_body()).encode()
    started = time.perf_counter()
    for first in range(0, events, _IN_FLIGHT):
        database.execute("BEGIN IMMEDIATE")
        database.executemany(
            "INSERT INTO events VALUES (?, ?)",
            [(seq, body) for seq in range(first, first + _IN_FLIGHT)],
        )
        database.execute("COMMIT")
    seconds = time.perf_counter() - started
    database.close()
    return events / seconds


def _body() -> dict[str, object]:
    """What a verdict says."""
    return {
        "reader": "pn532:/dev/ttyUSB0",
        "state": "slots",
        "verdict": {"integrity": "valid", "key": "trusted", "binding": "match", "chain": "first"},
        "stub": Issuer().stub(0),
        "seq": 0,
        "slot": 0,
        "gtin": str(PRODUCT[1]),
        "serial": str(PRODUCT[2]),
        "elapsed_ms": 61.2,
    }
