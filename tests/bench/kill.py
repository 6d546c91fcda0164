"""Kill: the demo is ended by SIGKILL at random points and started again on the same folder until it is through.

Then everything is accounted for, from the files alone: what it had said, its journal, the tags, the hub.
"""

import json
import os
import selectors
import signal
import sqlite3
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from edge.carrier import carrier
from edge.type2 import Image
from edge.verify import verify_best
from gateway.journal import Journal
from gateway.keys import TrustStore, verifier
from tests.bench.demo import command, generated, results
from tests.bench.passports import KIND
from tests.bench.size import Size, folder
from tests.bench.table import Row, progress

_PRODUCTS = 40  # one cannot be an order; the 26th tag of a run is torn by the demo itself
_PHASES = ("start", "commission", "update", "verify", "sync")
_EARLY = ("start", "commission", "commission", "commission")
_EARLY_RUNS = 4  # of a folder: a quarter of the products, at most, is commissioned in each
_START_S = 1.2  # Python, keys, journal, hub, simulator, reader
_SOON_S = 0.03  # a tag takes about so long
_MOST_RUNS = 60  # on one folder, until the demo is through
_PATIENCE_S = 120.0
_CHUNK = 65536  # bytes
_WRITTEN = ("commissioned", "repaired")


@dataclass
class Account:
    """What one folder was told, and what was found in it in the end; all but the first four should be 0."""

    kills: int = 0
    said: int = 0  # event lines with a journal seq
    tags: int = 0
    rows: int = 0  # of the journal
    faults: Counter[str] = field(default_factory=Counter)


def rows(size: Size) -> Iterator[Row]:
    """Quick: 10 kills; full: 200. A folder is used until the demo is through there, then a new one."""
    wanted, random = size.of(10, 200), Random(size.seed)
    phases: Counter[str] = Counter()
    whole = Account()
    with folder() as at:
        source = generated(at / "products.csv", _PRODUCTS, size.seed)
        folders = 0
        while whole.kills < wanted:
            folders += 1
            found = _one_folder(
                at / f"state{folders}", source, wanted - whole.kills, random, phases
            )
            whole.kills += found.kills
            whole.said += found.said
            whole.tags += found.tags
            whole.rows += found.rows
            whole.faults += found.faults
            progress(f"{whole.kills} of {wanted} kills, in {folders} folders: {dict(whole.faults)}")
    by_phase = ", ".join(f"{phases[phase]} in {phase}" for phase in _PHASES)
    yield Row("kills", whole.kills, at_least=wanted, note=f"{by_phase}; {folders} folders")
    for fault, of in (
        ("acknowledged events that the journal has not", whole.said),
        ("journals whose chain is broken", folders),
        ("writes neither finished nor voided", folders),
        ("tags written that do not verify green", whole.tags),
        ("products on two tags", whole.tags),
        ("rows neither refused nor written once", folders * _PRODUCTS),
        ("journal rows that the hub has not once and unchanged", whole.rows),
        ("conflicts at the hub", whole.rows),
    ):
        yield Row(f"  {fault}", whole.faults[fault], f"of {of:,}", at_most=0)


def _one_folder(
    state: Path, source: Path, most: int, random: Random, phases: Counter[str]
) -> Account:
    """Kill the demo there, at most so often, until a run comes to its end; then look at everything."""
    account, said = Account(), []
    for number in range(_MOST_RUNS):
        phases_now = _EARLY if number < _EARLY_RUNS else _PHASES
        phase = random.choice(phases_now) if account.kills < most else None
        program = [*command(state), "--input", str(source)]
        lines, killed_in, status = _run(program, state.with_suffix(".log"), phase, random)
        said += [line for line in lines if line.get("journal_seq")]
        if killed_in is not None:
            account.kills += 1
            phases[killed_in] += 1
            continue
        if status != 0:
            why = state.with_suffix(".log").read_text()[-2000:]
            raise RuntimeError(f"the demo ended with status {status}: {why}")
        _look(state, source, said, lines[-1], account)
        return account
    raise RuntimeError(f"the demo is not through after {_MOST_RUNS} runs in {state}")


def _run(
    program: list[str], log: Path, phase: str | None, random: Random
) -> tuple[list[dict[str, Any]], str | None, int]:
    """(lines printed, phase it was killed in or None, exit status) of one demo, killed about `phase`."""
    with (
        log.open("wb") as errors,
        subprocess.Popen(program, stdout=subprocess.PIPE, stderr=errors) as demo,
    ):
        assert demo.stdout is not None
        trigger = _Trigger(phase, random)
        deadline = time.monotonic() + _PATIENCE_S
        printed = b""
        with selectors.DefaultSelector() as selector:
            selector.register(demo.stdout, selectors.EVENT_READ)
            while True:
                if selector.select(max(0.0, min(trigger.at_s, deadline) - time.monotonic())):
                    more = os.read(demo.stdout.fileno(), _CHUNK)
                    if not more:
                        break
                    printed += more
                    trigger.see(printed)
                if time.monotonic() >= min(trigger.at_s, deadline):
                    demo.send_signal(signal.SIGKILL)
                    trigger.at_s = deadline + _PATIENCE_S
        status = demo.wait()
    if time.monotonic() >= deadline:
        raise RuntimeError(f"the demo hung: {' '.join(program)}")
    lines = [json.loads(line) for line in printed.split(b"\n")[:-1]]
    return lines, trigger.phase if status == -signal.SIGKILL else None, status


class _Trigger:
    """When to kill: in the start at any time; else soon after a line of that phase, or one of the next lines."""

    def __init__(self, phase: str | None, random: Random) -> None:
        self.phase = phase
        self.at_s = time.monotonic() + random.uniform(0, _START_S)
        self._random = random
        self._lines = random.randrange(_PRODUCTS // 4 if phase == "commission" else _PRODUCTS)
        if phase != "start":
            self.at_s = float("inf")

    def see(self, printed: bytes) -> None:
        """All that the demo has printed so far."""
        if self.phase in (None, "start") or self.at_s != float("inf"):
            return
        act = b'"event": "' + ("verify" if self.phase == "sync" else self.phase).encode() + b'"'
        lines = self._lines if self.phase != "sync" else _PRODUCTS - 2
        if printed.count(act) > lines:
            delay_s = self._random.choice((0.0, self._random.uniform(0, _SOON_S)))
            self.at_s = time.monotonic() + delay_s


def _look(
    state: Path, source: Path, said: list[dict[str, Any]], summary: dict[str, Any], to: Account
) -> None:
    journal = Journal.open_readonly(state / "journal.db")
    kept = {row.seq: row for row in journal.after(0, 1 << 30)}
    faults = to.faults
    to.said, to.rows = len(said), len(kept)
    for line in said:
        row = kept.get(line["journal_seq"])
        if row is None or row.uid.hex() != line["uid"]:
            faults["acknowledged events that the journal has not"] += 1
    faults["journals whose chain is broken"] += journal.verify() is not None
    faults["writes neither finished nor voided"] += len(journal.open_intents())
    journal.close()
    outcomes = results(state, source)
    ended = sum(outcome in (*_WRITTEN, "refused") for outcome in outcomes.values())
    to.tags = sum(outcome in _WRITTEN for outcome in outcomes.values())
    unaccounted = abs(_PRODUCTS - ended) + abs(summary["written"] - to.tags)
    faults["rows neither refused nor written once"] += unaccounted
    _look_at_tags(state, to)
    _look_at_hub(state / "hub.db", {seq: row.hash for seq, row in kept.items()}, faults)


def _look_at_tags(state: Path, to: Account) -> None:
    """Every product on one tag, and each of those green, as whoever reads it would see it."""
    trust = TrustStore(state / "trust.cbor").load()
    products: Counter[str] = Counter()
    for name, memory in json.loads((state / "tags.json").read_text()).items():
        uid = bytes.fromhex(name)
        found = carrier(Image(bytes.fromhex(memory)), uid)
        if not found.stubs:
            continue
        _, verdict, stub = verify_best(
            found.stubs, trust, verifier, int(time.time()), KIND, uid, found.link
        )
        if verdict.is_green() and stub is not None:
            products[repr(stub.product)] += 1
    to.faults["tags written that do not verify green"] += abs(to.tags - sum(products.values()))
    to.faults["products on two tags"] += sum(count - 1 for count in products.values())


def _look_at_hub(path: Path, journal: dict[int, bytes], faults: Counter[str]) -> None:
    with sqlite3.connect(path) as hub:
        held = hub.execute("SELECT seq, hash FROM events WHERE at_ns IS NOT NULL").fetchall()
        (conflicts,) = hub.execute("SELECT count(*) FROM conflicts").fetchone()
    hub.close()
    name = "journal rows that the hub has not once and unchanged"
    faults[name] += len(set(journal.items()) ^ set(held)) + len(held) - len(set(held))
    faults["conflicts at the hub"] += conflicts
