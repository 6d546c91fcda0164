"""Presence: what a sighting and a pallet cost, and 20 simulated readers at 1,100 reads/s into one gateway process.

The gateway is `tagwright run` as an operator starts it, with journal and metrics; the readers are processes of their
own. What they sent and what the gateway counted are compared when the last tag has been taken away.
"""

import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, Self

import httpx2

from gateway.config import PresenceConfig
from gateway.journal import Journal
from gateway.model import Sighting
from gateway.stations.presence import Presence
from tests.bench import pallets
from tests.bench.size import ROOT, Size, folder
from tests.bench.table import Row, progress

_READERS = 20
_PROCESSES = 2  # that simulate them
_RATE = 1_100  # reads a second and reader: what the fastest readers do
_TAGS = 50  # before each reader
_MOVES = 5  # of them go from one zone to the other each second, and some seconds later that is told
_ROUNDS = 5  # the best counts: others use the machine, too
_BATCHES, _BATCH = 400, 100  # of sightings, in one round
_NOW = 1_790_000_000.0
_WARM_S = 10.0  # until caches, the tags and SQLite's pages are there
_LEAST_S = 5.0  # of measuring behind that
_PATIENCE_S = 60.0
_FLAT_MIB = (
    8  # SQLite fills two page caches of 2 MiB, and a burst after a stall is held until it is read
)
_TICK_HZ = os.sysconf("SC_CLK_TCK")
_MIB = 1 << 20
_MAIN = "from gateway.cli.main import main; main()"
_CONFIG = """
[metrics]
listen = "127.0.0.1:{port}"
"""
_READER = """
[[reader]]
name = "dock{number}"
url = "llrp://127.0.0.1:{port}"
job = "presence"
[reader.presence]
zones = {{ 1 = "in{number}", 2 = "in{number}", 3 = "out{number}", 4 = "out{number}" }}
"""


def rows(size: Size) -> Iterator[Row]:
    """Quick: 15 s, full: 60 s of 22,000 reads a second, the first 10 s of them to warm up. --count: so many seconds."""
    yield Row(
        f"one sighting, {_READERS * _TAGS:,} tags before {_READERS} readers",
        min(_sighting_us(size.seed) for _ in range(_ROUNDS)),
        "us",
        at_most=3,
        note="presence alone, without a duplicate window: each is smoothed and weighed between zones",
    )
    yield from pallets.rows()
    seconds = max(size.of(15, 60) - _WARM_S, _LEAST_S)
    with folder() as at, ExitStack() as stack:
        sims = [stack.enter_context(_Readers(n)) for n in range(_PROCESSES)]
        gateway = stack.enter_context(_Gateway(at, [port for sim in sims for port in sim.ports]))
        found = _measure(gateway, sims, seconds)
    rate = found.measured / found.seconds
    what = f"{_READERS} readers x {_RATE:,} reads/s for {_WARM_S + seconds:.0f} s"
    yield Row(
        f"{what}: sent and not counted",
        found.sent - found.counted,
        f"of {found.sent:,}",
        at_most=0,
        note=f"{found.rows:,} movements durable, {found.present:,} tags present at the end",
    )
    yield Row("  sightings a second", rate, "/s", at_least=0.95 * _READERS * _RATE)
    yield Row(
        "  CPU of the gateway",
        100 * found.cpu_s / found.seconds,
        "% of a core",
        at_most=60,
        note=f"{found.cpu_s / found.measured * 1e6:.1f} us a sighting, from the socket to the zone",
    )
    growth = (found.rss_end - found.rss_warm) / _MIB
    yield Row(
        f"  memory that grew in {seconds:.0f} s, after {_WARM_S:.0f} s",
        growth,
        "MiB",
        at_most=_FLAT_MIB,
        note=f"{found.rss_warm / _MIB:.1f} MiB, then {found.rss_end / _MIB:.1f} MiB; one byte a sighting"
        f" would be {found.measured / _MIB:.1f} MiB",
    )
    yield Row("  rows counted that the journal has not", found.lost_rows, at_most=0)


@dataclass
class _Found:
    """One run. measured, cpu_s, seconds: behind the warm-up alone."""

    sent: int = 0
    counted: int = 0
    measured: int = 0
    cpu_s: float = 0.0
    seconds: float = 0.0
    rss_warm: int = 0  # bytes
    rss_end: int = 0
    rows: int = 0
    present: int = 0
    lost_rows: int = 0


def _measure(gateway: "_Gateway", sims: "list[_Readers]", seconds: float) -> _Found:
    found = _Found()
    gateway.until(lambda page: page.sum("reader_up") == _READERS, "all readers are up")
    gateway.until(lambda page: page.sum("sightings_total") > 0, "tags are seen")
    _wait(_WARM_S, "warming up", sims)
    found.rss_warm = gateway.rss()
    before, cpu_s, began = gateway.page(), gateway.cpu_s(), time.monotonic()
    _wait(seconds, "measuring", sims)
    found.seconds = time.monotonic() - began
    found.cpu_s = gateway.cpu_s() - cpu_s
    after = gateway.page()
    found.measured = int(after.sum("sightings_total") - before.sum("sightings_total"))
    found.rss_end = gateway.rss()
    for sim in sims:
        sim.take_away()
    last = -1.0
    while last != (last := gateway.page().sum("sightings_total")):
        _wait(1.0, "the last reports", [])
    page = gateway.page()
    found.counted, found.present = int(last), int(page.sum("present_tags"))
    found.rows = int(page.sum("events_total"))
    gateway.stop()
    found.sent = sum(sim.stop() for sim in sims)
    records = Journal.open_readonly(gateway.journal)
    found.lost_rows = max(0, found.rows - records.head()) + int(records.verify() is not None)
    records.close()
    return found


def _sighting_us(seed: int) -> float:
    """Microseconds of CPU a sighting, in steady state: every tag is known, and two zones hear it."""
    random = Random(seed)
    floor = Presence({f"r{n}": PresenceConfig(duplicate_s=0) for n in range(_READERS)})
    tags = [(random.randbytes(12), random.randbytes(12)) for _ in range(_READERS * _TAGS)]
    reports = []
    for number in range(2 * _BATCHES):
        reader = number % _READERS
        mine = tags[reader * _TAGS : (reader + 1) * _TAGS]
        at = _NOW + number * _BATCH / (_READERS * _RATE)
        report = [
            Sighting(epc, tid, 1 + random.randrange(2), random.gauss(-60, 3), at)
            for epc, tid in random.choices(mine, k=_BATCH)
        ]
        reports.append((f"r{reader}", report))
    for reader_name, report in reports[:_BATCHES]:
        floor.sights(reader_name, report)
    started = time.process_time()
    for reader_name, report in reports[_BATCHES:]:
        floor.sights(reader_name, report)
    return (time.process_time() - started) / (_BATCHES * _BATCH) * 1e6


class _Process:
    """A program of ours, ended by SIGTERM at the end of the context at the latest."""

    def __init__(self, program: list[str], **streams: Any) -> None:
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(ROOT / "hw-sim"), str(ROOT)]),
        }
        self._process = subprocess.Popen(program, env=environment, **streams)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.terminate()
            self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()


class _Readers(_Process):
    """Half of the readers, with their tags."""

    def __init__(self, number: int) -> None:
        count = _READERS // _PROCESSES
        options = ("--readers", count, "--rate", _RATE, "--tags", _TAGS, "--seed", 1000 * number)
        super().__init__(
            [sys.executable, "-m", "hwsim", "llrp", "--control", *map(str, options)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self.ports: list[int] = self._answer()["ports"]
        self._tags = [
            [each["tid"] for each in self._do("tags", reader=number)["tags"]]
            for number in range(count)
        ]
        self._antennas = dict.fromkeys((tid for tags in self._tags for tid in tags), 1)
        self._random = Random(number)

    def move(self) -> None:
        """Some tags of each reader go to the other zone."""
        for number, tags in enumerate(self._tags):
            for tid in self._random.sample(tags, _MOVES):
                old = self._antennas[tid]
                self._antennas[tid] = new = (old + 1) % 4 + 1  # 1 and 3, or 2 and 4
                self._do("leave", reader=number, tid=tid, antenna=old)
                self._do("arrive", reader=number, tid=tid, antenna=new, rssi_dbm=-45.0)

    def take_away(self) -> None:
        """No tag is before any reader from now on."""
        for number in range(len(self._tags)):
            self._do("leave", reader=number)

    def stop(self) -> int:
        """End; returns how many tag reports were sent."""
        self._process.terminate()
        return int(self._answer()["stats"]["sightings"])

    def _do(self, deed: str, **more: object) -> dict[str, Any]:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"do": deed, **more}).encode() + b"\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer


class _Gateway(_Process):
    """`tagwright run` with one floor of all readers."""

    def __init__(self, at: Path, ports: list[int]) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self._port = free.getsockname()[1]
        self.journal = at / "journal.db"
        config = at / "gateway.toml"
        config.write_text(
            _CONFIG.format(port=self._port)
            + "".join(_READER.format(number=n, port=port) for n, port in enumerate(ports))
        )
        self._log = at / "gateway.log"
        with self._log.open("wb") as log:
            super().__init__(
                [sys.executable, "-c", _MAIN, "run", "-c", str(config)],
                stdout=subprocess.DEVNULL,
                stderr=log,
            )

    def until(self, is_so: "Callable[[_Page], bool]", what: str) -> None:
        """Return when the page of metrics says so."""
        deadline = time.monotonic() + _PATIENCE_S
        while time.monotonic() < deadline:
            try:
                if is_so(self.page()):
                    return
            except httpx2.HTTPError:
                if self._process.poll() is not None:
                    break
            time.sleep(0.1)
        raise RuntimeError(
            f"not so within {_PATIENCE_S:.0f} s: {what}: {self._log.read_text()[-2000:]}"
        )

    def page(self) -> "_Page":
        return _Page(httpx2.get(f"http://127.0.0.1:{self._port}/metrics", timeout=10.0).text)

    def cpu_s(self) -> float:
        """Seconds of CPU, user and system, of all its threads."""
        said = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(said[11]) + int(said[12])) / _TICK_HZ

    def rss(self) -> int:
        """Bytes resident."""
        said = Path(f"/proc/{self._process.pid}/status").read_text()
        return int(re.findall(r"VmRSS:\s+([0-9]+) kB", said)[0]) << 10

    def stop(self) -> None:
        """As an operator does it; all is durable then."""
        self._process.terminate()
        if self._process.wait(_PATIENCE_S):
            raise RuntimeError(f"the gateway ended badly: {self._log.read_text()[-2000:]}")


@dataclass
class _Page:
    """The gateway's metrics."""

    text: str = field(repr=False)

    def sum(self, name: str) -> float:
        """Of all samples of tagwright_NAME."""
        found = re.findall(rf"^tagwright_{name}(?:{{[^}}]*}})? ([0-9.e+-]+)$", self.text, re.M)
        return sum(map(float, found))


def _wait(seconds: float, what: str, sims: list[_Readers]) -> None:
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        progress(f"{what}: {left:.0f} s")
        for sim in sims:
            sim.move()
        time.sleep(min(1.0, max(0.0, until - time.monotonic())))
    progress("")
