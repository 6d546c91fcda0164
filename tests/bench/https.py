"""HTTPS: a gateway with a full journal and an embedded hub; events a second until all of them are confirmed.

Gateway and hub are processes of their own, with mutual TLS, a real journal and SQLite on the checkout's disk. Beside
it stand what HTTPS alone can do, the same bytes posted to an application that answers at once, and SQLite alone.
"""

import asyncio
import json
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from gateway.hub.batch import decode
from gateway.identity import AUTHORITY, IDENTITY
from gateway.journal import Journal
from gateway.records import Row as JournalRow
from gateway.sync.http import WINDOW, Client
from tests.bench.passports import Issuer
from tests.bench.site import Process, wait_for
from tests.bench.size import ROOT, Size, folder
from tests.bench.table import Row, progress
from tests.bench.verdicts import Line, batches, fill, mean_body

_NAME = "line1"
_LIMIT_EVENTS = 50_000  # of the limits
_SETTLE_S = 1800.0
_TOGETHER = 4  # batches in one transaction, as the uplink has under way
_COMMAND = (sys.executable, "-m", "gateway.cli.main")
_EVENTS = "journal, received_ns, seq, at_ns, kind, station, uid, product, body, hash"


def rows(size: Size) -> Iterator[Row]:
    """Quick: 50,000 events; full: 500,000."""
    events = size.of(50_000, 500_000)
    with folder() as at:
        journal = at / "journal.db"
        progress(f"a journal of {events:,} events")
        asyncio.run(fill(journal, Line(events, Issuer()), events))
        records = Journal.open_readonly(journal)
        body = mean_body(records)
        some = []
        for batch in batches(records, _NAME):
            some.append(batch.data)
            if batch.last >= _LIMIT_EVENTS:
                break
        records.close()
        stored = _plain(at / "plain.db", some)
        with _hub(at) as (url, hub):
            _enrol(at, url)
            posted = _posted(at, some)
            hub_cpu_s = -_cpu_s(hub)
            said = _drained(at, url, journal)
            hub_cpu_s += _cpu_s(hub)
            lag, load = events - _registered(at / "hub.db"), os.getloadavg()[0]
            started, clerk_cpu_s = time.perf_counter(), -_cpu_s(hub)
            wait_for(
                lambda: _registered(at / "hub.db") >= events, "a register that is whole", _SETTLE_S
            )
            settled_s, clerk_cpu_s = time.perf_counter() - started, clerk_cpu_s + _cpu_s(hub)
    yield Row(
        "events confirmed, a gateway and an embedded hub over HTTPS",
        said["confirmed"] / said["seconds"],
        "/s",
        peer=("SQLite alone, the same rows", stored),
        limit=("posted, answered at once", posted),
        at_least=10_000,
        note=f"{events:,} events, bodies of {body:.0f} bytes; CPU s: gateway {said['cpu_s']:.1f}, hub"
        f" {hub_cpu_s:.1f} in {said['seconds']:.1f} s; load {load:.1f}",
    )
    yield Row("  of these not yet in the register when confirmed", lag / events * 100, "%")
    yield Row(
        "  seconds from there until the register is whole",
        settled_s,
        "s",
        note=f"{clerk_cpu_s:.1f} s of CPU for {lag:,} events",
    )


@contextmanager
def _hub(at: Path) -> Iterator[tuple[str, int]]:
    """An embedded hub with a CA; its URL and process."""
    (at / "hub.toml").write_text('listen = "127.0.0.1:0"\ndatabase = "hub.db"\n\n[ca]\n')
    hub = Process("hub", [*_COMMAND, "hub", "-c", str(at / "hub.toml")], at / "hub.log")
    with up(hub) as url:
        assert hub.pid is not None
        yield url, hub.pid


@contextmanager
def up(hub: Process) -> Iterator[str]:
    """A hub while the context lasts; what it says is its URL."""
    hub.begin()
    try:
        wait_for(lambda: b'"ready"' in hub.log.read_bytes() or not hub.is_up, "a hub that listens")
        if not hub.is_up:
            raise RuntimeError(f"the hub ended: {hub.last_words()}")
        ready = next(line for line in hub.log.read_text().splitlines() if '"ready"' in line)
        yield str(json.loads(ready)["url"])
    finally:
        hub.end(10.0)


def _enrol(at: Path, url: str) -> None:
    """As people do it: a token at the hub, and with it a certificate at the gateway."""
    told = _ran("hub", "token", _NAME, "-c", str(at / "hub.toml"))
    _ran("enrol", "--hub", url, "--token", told.strip(), "--out", str(at / "identity"))


def _ran(*words: str) -> str:
    done = subprocess.run([*_COMMAND, *words], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout


def _drained(at: Path, url: str, journal: Path) -> dict[str, float]:
    """What a gateway's process says when all is confirmed."""
    config = at / "tagwright.toml"
    hub = f'[hub]\nurl = "{url}"\nidentity = "{at / "identity"}"\n'
    config.write_text(f'[gateway]\nname = "{_NAME}"\njournal = "{journal}"\n\n{hub}')
    command = [sys.executable, "-m", "tests.bench.gateway_draining", str(config)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as gateway:
        assert gateway.stdout is not None
        said: dict[str, float] = json.loads(gateway.stdout.readline())
    return said


def _posted(at: Path, bodies: list[bytes]) -> float:
    """Events a second that the bare client posts, as many at once as the uplink, to who answers at once."""
    command = [sys.executable, "-m", "tests.bench.answering", str(at / "ca")]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True) as answering:
        assert answering.stdout is not None and answering.stdin is not None
        url = json.loads(answering.stdout.readline())["url"]
        seconds = asyncio.run(_post(url, at / "identity", bodies))
        answering.stdin.close()
    return sum(len(decode(body).rows) for body in bodies) / seconds


async def _post(url: str, identity: Path, bodies: list[bytes]) -> float:
    """Seconds that it takes."""
    left = list(bodies)
    async with Client(url, ca=identity / AUTHORITY, cert=identity / IDENTITY) as client:

        async def post() -> None:
            while left:
                answer = await client.request("POST", "/v1/batches", left.pop())
                if answer.status != 200:
                    raise RuntimeError(f"{answer.status}: {answer.body!r}")

        started = time.perf_counter()
        await asyncio.gather(*(post() for _ in range(WINDOW)))
        return time.perf_counter() - started


def _plain(path: Path, bodies: list[bytes]) -> float:
    """Rows a second that SQLite takes alone, as durable and in the same table as the hub's."""
    batches = [[row for row in decode(body).rows if isinstance(row, JournalRow)] for body in bodies]
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = FULL")
        database.execute(f"CREATE TABLE events ({_EVENTS}, PRIMARY KEY (journal, seq))")
        started = time.perf_counter()
        for first in range(0, len(batches), _TOGETHER):
            database.execute("BEGIN IMMEDIATE")
            database.executemany(
                f"INSERT INTO events ({_EVENTS}) VALUES (1, 0, ?, ?, ?, ?, ?, ?, ?, ?)",
                [row for batch in batches[first : first + _TOGETHER] for row in batch],
            )
            database.execute("COMMIT")
        return sum(map(len, batches)) / (time.perf_counter() - started)


def _registered(path: Path) -> int:
    """How many rows the hub's clerk has entered."""
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as database:
        found: int = database.execute("SELECT coalesce(sum(seq), 0) FROM clerk").fetchone()[0]
        return found


def _cpu_s(pid: int) -> float:
    """Seconds of CPU that a process has used (Linux)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
