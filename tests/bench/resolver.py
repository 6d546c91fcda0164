"""Look-ups at the resolver: 500 a second, open loop, over PostgreSQL; what many passports cost more than few.

The hub is a process of its own on one core; PostgreSQL and the client share the other. Each look-up is of a random
item: 60 % go on to a link by language, 25 % get the passport as JSON, 15 % the linkset.
"""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from gateway.hub import resolver
from gateway.hub.digital_link import parse
from gateway.hub.open import open_database
from gateway.throwaway.postgres import Postgres
from tests.bench import lookups
from tests.bench.lookups import Measured
from tests.bench.size import ROOT, Size
from tests.bench.table import Row, progress

_RATE = 500.0  # look-ups a second
_FEW = 10_000
_ROUNDS = 3  # the best counts: others use the machine, too
_BARE = 2_000  # queries
_TICK_HZ = os.sysconf("SC_CLK_TCK")


def rows(size: Size) -> Iterator[Row]:
    """Quick: 10 k and 100 k passports, 8 s a round; full: 10 k and 1 M, 20 s. --count: so many passports."""
    many = size.of(100_000, 1_000_000)
    total = int(_RATE * (20 if size.full else 8))
    cores = sorted(os.sched_getaffinity(0))
    with Postgres({"shared_buffers": "256MB"}) as server:
        others = {cores[-1]}
        assert server.pid is not None
        os.sched_setaffinity(server.pid, others)  # what it starts from now on stays there, too
        os.sched_setaffinity(0, others)
        try:
            places = {count: server.database() for count in (_FEW, many)}
            loaded_s = {count: _load(where, count) for count, where in places.items()}
            bare_us = {count: _bare_us(where, count) for count, where in places.items()}
            best: dict[int, _Round] = {}
            for turn in range(_ROUNDS):
                for count, where in places.items():
                    progress(f"{count:,} passports, round {turn + 1} of {_ROUNDS}")
                    with _Hub(where, cores[0]) as hub:
                        asyncio.run(lookups.look_up(hub.url, count, _RATE, int(_RATE), size.seed))
                        found = _round(hub, server.pid, count, total, size.seed + turn)
                    best[count] = min(best.get(count, found), found, key=lambda each: each.cost_us)
                    best[count].p99_ms = min(best[count].p99_ms, found.p99_ms)
        finally:
            os.sched_setaffinity(0, set(cores))
    few, full = best[_FEW], best[many]
    yield Row(
        f"p99 of a look-up, {many:,} passports, {_RATE:.0f}/s",
        full.p99_ms,
        "ms",
        limit=("bare query", bare_us[many] / 1000),
        at_most=10,
        note=f"median {full.median_ms:.2f} ms; {_FEW:,} passports: p99 {few.p99_ms:.2f} ms;"
        f" loaded in {loaded_s[many]:.0f} s",
    )
    yield Row(
        "  CPU of hub and PostgreSQL a look-up",
        full.cost_us,
        "us",
        limit=("bare query", bare_us[many]),
        note=f"hub {full.hub_us:.0f} us, PostgreSQL {full.server_us:.0f} us;"
        f" {_FEW:,} passports: hub {few.hub_us:.0f} us, PostgreSQL {few.server_us:.0f} us",
    )
    yield Row(
        f"  cost with {many:,} over cost with {_FEW:,}",
        full.cost_us / few.cost_us,
        "times",
        at_most=1.3,
    )
    yield Row("  answered wrongly", few.wrong + full.wrong, f"of {2 * total:,}", at_most=0)


@dataclass
class _Round:
    """One run at the rate. hub_us, server_us: CPU a look-up."""

    p99_ms: float
    median_ms: float
    hub_us: float
    server_us: float
    wrong: int

    @property
    def cost_us(self) -> float:
        return self.hub_us + self.server_us


def _round(hub: "_Hub", server: int, count: int, total: int, seed: int) -> _Round:
    before = _cpu_s(hub.pid), _family_s(server)
    found: Measured = asyncio.run(lookups.look_up(hub.url, count, _RATE, total, seed))
    hub_s, server_s = _cpu_s(hub.pid) - before[0], _family_s(server) - before[1]
    each = 1e6 / total
    return _Round(
        found.quantile(0.99) * 1000,
        found.quantile(0.5) * 1000,
        hub_s * each,
        server_s * each,
        found.wrong,
    )


def _load(where: str, count: int) -> float:
    """Seconds that it took to put so many passports there."""

    async def play() -> None:
        database = await open_database(where)
        await lookups.load(database, count)
        await database.close()

    progress(f"loading {count:,} passports")
    began = time.monotonic()
    asyncio.run(play())
    return time.monotonic() - began


def _bare_us(where: str, count: int) -> float:
    """Microseconds of the look-up's query alone, one after the other, by the clock."""

    async def play() -> float:
        database = await open_database(where)
        step = max(count // _BARE, 1)
        asked = [parse(lookups.anchor(item)).anchors for item in range(0, step * _BARE, step)]
        for _ in range(2):  # the first time fills caches
            began = time.perf_counter()
            for anchors in asked:
                await database.fetch(resolver.LEVELS, anchors)
            took = time.perf_counter() - began
        await database.close()
        return took / len(asked) * 1e6

    return asyncio.run(play())


def _cpu_s(pid: int) -> float:
    said = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(said[11]) + int(said[12])) / _TICK_HZ


def _family_s(pid: int) -> float:
    """CPU of a process and of those that it started and has not yet buried."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return sum(_cpu_s(int(each)) for each in (str(pid), *children))


class _Hub:
    """The resolver, alone on a core."""

    def __init__(self, where: str, core: int) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.resolver_hub", where, str(core)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
        )
        self.pid = self._process.pid

    def __enter__(self) -> Self:
        assert self._process.stdout is not None
        self.url: str = json.loads(self._process.stdout.readline())["url"]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, why: BaseException | None, at: TracebackType | None
    ) -> None:
        self._process.communicate()
