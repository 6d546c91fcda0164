"""Sync at scale: a gateway with a full journal, three NATS nodes, a consumer, PostgreSQL; events a second.

Each is a process of its own on loopback: the nodes with sync_interval always, PostgreSQL with fsync, the journal on the
checkout's disk. Beside it stand the bare client, publishing the same batches with as many under way, and the bare COPY
of the same rows into such a table. What each of them costs is told as CPU time, which other load hardly changes.
"""

import asyncio
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import nats
import nats.js.api

from gateway.hub.batch import decode
from gateway.hub.open import open_database
from gateway.journal import Journal
from gateway.records import Row as JournalRow
from gateway.sync.batch import MOST_ROWS
from gateway.sync.jetstream import WINDOW
from gateway.throwaway.nats import Nats
from gateway.throwaway.postgres import Postgres
from tests.bench.passports import Issuer
from tests.bench.site import Process, wait_for
from tests.bench.size import ROOT, Size, folder
from tests.bench.table import Row, progress
from tests.bench.verdicts import Line, batches, fill, mean_body

_EVENTS = (
    *("journal", "received_ns", "seq", "at_ns", "kind", "station", "uid", "product", "body"),
    "hash",  # the last eight are a Row
)
_COPIED = 5000  # rows of a bare COPY
_COMMAND = (sys.executable, "-m", "gateway.cli.main", "hub", "consume")
_MUST_REACH = {256: 40_000}  # events a second, by the rows of a batch
_SMALL = 400  # bytes of a body
_TICKS = os.sysconf("SC_CLK_TCK")
_READY = '{"ready": "consumer"'


@dataclass
class Drained:
    """How a gateway's journal came to be confirmed. cpu_s: by whom. stored: rows in PostgreSQL then."""

    seconds: float
    cpu_s: dict[str, float]
    stored: int


def rows(size: Size) -> Iterator[Row]:
    """Quick: 60,000 events each; full: 600,000."""
    events = size.of(60_000, 600_000)
    with folder() as at:
        for name, issuer, sizes in (
            ("verdicts", None, (64, 256, MOST_ROWS)),
            ("verdicts with their stubs", Issuer(), (MOST_ROWS,)),
        ):
            progress(f"a journal of {events:,} events")
            full = at / "full.db"
            asyncio.run(fill(full, Line(events, issuer), events))
            for most_rows in sizes:
                yield from _measured(at, full, f"{name}, {most_rows} a batch", events, most_rows)
            full.unlink()


def _measured(at: Path, full: Path, name: str, events: int, most_rows: int) -> Iterator[Row]:
    journal = at / "journal.db"
    shutil.copyfile(full, journal)
    records = Journal.open_readonly(journal)
    body = mean_body(records)
    sent = [each.data for each in batches(records, "line1", most_rows)]
    records.close()
    progress(f"{name}: the limits")
    published = events / asyncio.run(_published(sent))
    copied = events / asyncio.run(_copied(sent))
    progress(f"{name}: end to end")
    found = _drained(at, journal, most_rows)
    journal.unlink()
    if found.stored != events:
        raise RuntimeError(f"of {events} events, {found.stored} are stored")
    most = events * (os.cpu_count() or 1) / sum(found.cpu_s.values())
    shares = ", ".join(f"{who} {s / events * 1e6:.1f}" for who, s in found.cpu_s.items())
    yield Row(
        f"{name}: confirmed, JetStream into PostgreSQL",
        events / found.seconds,
        "/s",
        peer=("nats-py, same batches", published),
        limit=("COPY, same rows", copied),
        at_least=_MUST_REACH.get(most_rows) if body < _SMALL else None,
        note=f"{events:,} events, bodies of {body:.0f} bytes, {sum(map(len, sent)) / events:.0f} on"
        f" the wire; load {os.getloadavg()[0]:.1f}",
    )
    yield Row(
        "  what it costs would allow, with all cores to themselves",
        most,
        "/s",
        note=f"CPU us an event: {shares}",
    )


def _drained(at: Path, journal: Path, most_rows: int) -> Drained:
    """Let a gateway bring its journal to PostgreSQL."""
    with ExitStack() as stack:
        servers, postgres = stack.enter_context(Nats()), stack.enter_context(Postgres())
        hub, gateway = at / "hub.toml", at / "tagwright.toml"
        urls = json.dumps(servers.urls)
        hub.write_text(f'database = "{postgres.url}"\n[nats]\nservers = {urls}\n')
        gateway.write_text(
            f'[gateway]\nname = "line1"\njournal = "{journal}"\n[hub]\nnats = {urls}\n'
        )
        log = at / "consumer.log"
        consumer = Process("consumer", [*_COMMAND, "-c", str(hub), "--no-clerk"], log)
        consumer.begin()
        stack.callback(consumer.end, 30.0)
        wait_for(lambda: _READY in log.read_text(), "a consumer that is ready")
        nodes = [pid for node in range(3) if (pid := servers.pid(node))]
        assert consumer.pid and postgres.pid
        who: dict[str, Callable[[], float]] = {
            "the consumer": lambda: _cpu_s([consumer.pid or 0]),
            "three NATS nodes": lambda: _cpu_s(nodes),
            "PostgreSQL": lambda: _cpu_s([postgres.pid or 0, *_children(postgres.pid or 0)]),
        }
        before = {name: cpu() for name, cpu in who.items()}
        done = subprocess.run(
            [sys.executable, "-m", "tests.bench.gateway_draining", str(gateway), str(most_rows)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
        said = json.loads(done.stdout)
        cpu_s = {"the gateway": float(said["cpu_s"])}
        cpu_s |= {name: cpu() - before[name] for name, cpu in who.items()}
        stored = asyncio.run(_counted(postgres.url))
        log.unlink()
        return Drained(said["seconds"], cpu_s, stored)


async def _published(sent: Sequence[bytes]) -> float:
    """Seconds that the bare client takes: nats-py into a stream of three copies, as many under way as ours."""
    with Nats() as servers:
        client = await nats.connect(servers.urls)
        stream = client.jetstream()
        await stream.add_stream(
            name="BARE",
            subjects=["bare"],
            num_replicas=3,
            storage=nats.js.api.StorageType.FILE,
        )
        waiting = iter(sent)

        async def publish() -> None:
            for data in waiting:
                await stream.publish("bare", data)

        started = time.perf_counter()
        await asyncio.gather(*(publish() for _ in range(WINDOW)))
        seconds = time.perf_counter() - started
        await client.close()
    return seconds


async def _copied(sent: Sequence[bytes]) -> float:
    """Seconds that the bare COPY takes, into a table like the ledger's; each of _COPIED rows is durable at its end."""
    rows = [(1, 0, *row) for data in sent for row in _items(data)]
    with Postgres() as postgres:
        await (await open_database(postgres.url)).close()
        connection = await asyncpg.connect(postgres.url)
        await connection.execute("CREATE TABLE copied (LIKE events, PRIMARY KEY (journal, seq))")
        started = time.perf_counter()
        for first in range(0, len(rows), _COPIED):
            await connection.copy_records_to_table(
                "copied", records=rows[first : first + _COPIED], columns=_EVENTS
            )
        seconds = time.perf_counter() - started
        await connection.close()
    return seconds


async def _counted(url: str) -> int:
    connection = await asyncpg.connect(url)
    found: int = await connection.fetchval("SELECT count(*) FROM events")
    await connection.close()
    return found


def _items(data: bytes) -> Iterator[JournalRow]:
    return (row for row in decode(data).rows if isinstance(row, JournalRow))


def _cpu_s(pids: Sequence[int]) -> float:
    """Seconds of CPU that these processes have used (Linux), and the children of them that have ended."""
    ticks = 0
    for pid in pids:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        ticks += sum(int(field) for field in fields[11:15])
    return ticks / _TICKS


def _children(pid: int) -> list[int]:
    return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
