"""A fleet: thousands of gateways connected at the same time, each sending one batch, until every batch is confirmed.

Over NATS: three nodes, PostgreSQL, two consumers. Over HTTPS: one hub with SQLite and a token. The gateways' transports
are real, each with a connection, a journal id and a name of its own; all of them live in one process.
"""

import asyncio
import json
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from gateway.hub.open import open_database
from tests.bench.fleet_client import memory
from tests.bench.https import up
from tests.bench.site import Process, Site, wait_for
from tests.bench.size import ROOT, Size, folder
from tests.bench.table import Row, progress

_SPARE = 200  # descriptors beside the connections
_COMMAND = (sys.executable, "-m", "gateway.cli.main")


def rows(size: Size) -> Iterator[Row]:
    """Quick: 300 gateways; full: 3,000."""
    wanted = size.of(300, 3_000)
    count, note = _descriptors(wanted)
    with folder() as at:
        yield from _nats(at, count, note)
    with folder() as at:
        yield from _https(at, count, note)


class _Fleet:
    """The process of the gateways; `step` begins one of its steps and returns what it says of it."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    @classmethod
    @contextmanager
    def of(cls, hub: dict[str, object], count: int) -> Iterator[Self]:
        command = [sys.executable, "-m", "tests.bench.fleet_client", json.dumps(hub), str(count)]
        pipe = subprocess.PIPE
        with subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True) as process:
            yield cls(process)
            process.communicate("\n")

    def step(self) -> dict[str, float]:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the gateways' process has ended")
        said: dict[str, float] = json.loads(line)
        return said


def _nats(at: Path, count: int, note: str) -> Iterator[Row]:
    with Site(at) as site:
        for each in site.consumers:
            wait_for(lambda each=each: b'"ready"' in each.log.read_bytes(), "a consumer")
        nodes = [pid for pid in map(site.nats.pid, range(3)) if pid is not None]
        with _Fleet.of({"nats": site.nats.urls}, count) as fleet:
            made = fleet.step()
            before = [memory(pid) for pid in nodes]
            progress(f"{count} gateways connect")
            connected = fleet.step()
            open_now = [_connections(site, node) for node in range(3)]
            grown = [memory(pid) - size for pid, size in zip(nodes, before, strict=True)]
            progress(f"{count} gateways send")
            sent = fleet.step()
        held = asyncio.run(_held(site.postgres.url))
    yield _all("JetStream", count, made, sent, held, sum(open_now), note)
    yield _seconds(connected, sent)
    yield _memory(connected, count)
    yield Row(
        "  memory of each connection in a nats-server",
        sum(grown) / max(1, sum(open_now)) / 1024,
        "KiB",
        note=f"connections of the nodes: {', '.join(map(str, open_now))}",
    )


def _https(at: Path, count: int, note: str) -> Iterator[Row]:
    (at / "token").write_text("bench-bench-bench-bench\n")
    (at / "hub.toml").write_text(
        'listen = "127.0.0.1:0"\ndatabase = "hub.db"\ntoken_file = "token"\n\n[ca]\n'
    )
    hub = Process("hub", [*_COMMAND, "hub", "-c", str(at / "hub.toml")], at / "hub.log")
    with up(hub) as url:
        assert hub.pid is not None
        table = {"url": url, "token_file": str(at / "token"), "ca": str(at / "ca" / "ca.pem")}
        with _Fleet.of(dict(table), count) as fleet:
            made = fleet.step()
            before, sockets = memory(hub.pid), _sockets(hub.pid)
            progress(f"{count} gateways connect")
            connected = fleet.step()
            open_now = _sockets(hub.pid) - sockets
            grown = memory(hub.pid) - before
            progress(f"{count} gateways send")
            sent = fleet.step()
        held = asyncio.run(_held(str(at / "hub.db")))
    yield _all("HTTPS", count, made, sent, held, open_now, note)
    yield _seconds(connected, sent)
    yield _memory(connected, count)
    yield Row("  memory of each connection in the hub", grown / max(1, open_now) / 1024, "KiB")


def _all(
    way: str,
    count: int,
    made: dict[str, float],
    sent: dict[str, float],
    held: tuple[int, int],
    open_now: int,
    note: str,
) -> Row:
    """Whether every batch is confirmed, and stands in the database."""
    journals, events = held
    missing = count - min(sent["confirmed"], journals) + abs(events - count * made["rows"])
    return Row(
        f"{count:,} gateways by {way}, a batch each: not confirmed",
        missing,
        "missing",
        at_most=0,
        note=f"{events:,} events in batches of {made['rows']} and {made['batch_bytes']:,} bytes, {open_now:,}"
        f" connections open before the first is sent{note}; load {os.getloadavg()[0]:.1f}",
    )


def _seconds(connected: dict[str, float], sent: dict[str, float]) -> Row:
    return Row(
        "  seconds from the first batch sent to the last one confirmed",
        sent["seconds"],
        "s",
        note=f"half of them within {sent['median_s']:.2f} s; {connected['seconds']:.1f} s to connect;"
        f" tries again: {connected['retries']} and {sent['retries'] - connected['retries']}",
    )


def _memory(connected: dict[str, float], count: int) -> Row:
    each = connected["bytes"] / count / 1024
    return Row("  memory of each gateway's transport and connection", each, "KiB")


def _descriptors(wanted: int) -> tuple[int, str]:
    """As many gateways as this process's children may have descriptors for, up to `wanted`, and what to say of it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < wanted + _SPARE:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if hard >= wanted + _SPARE:
        return wanted, ""
    return hard - _SPARE, f"; {wanted:,} need more file descriptors than the {hard:,} that may be"


def _connections(site: Site, node: int) -> int:
    return int((site.nats.look(node, "/varz") or {}).get("connections", 0))


def _sockets(pid: int) -> int:
    """How many sockets a process has open (Linux)."""
    return sum(
        str(each.readlink()).startswith("socket:") for each in Path(f"/proc/{pid}/fd").iterdir()
    )


async def _held(where: str) -> tuple[int, int]:
    """(journals, rows of them) that the hub holds without a gap."""
    database = await open_database(where)
    try:
        found = await database.fetch("SELECT count(*), sum(watermark) FROM journals")
        stored = await database.fetch("SELECT count(*) FROM events")
    finally:
        await database.close()
    journals, rows = found[0]
    if rows != stored[0][0]:
        raise RuntimeError(f"{stored[0][0]} rows stand, and {rows} are confirmed")
    return int(journals), int(rows)
