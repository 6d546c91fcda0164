"""The journal and its disk: room that goes back, a disk that is full, one that fails, and an older journal."""

import asyncio
import contextlib
import json
import logging
import shutil
import sqlite3
import subprocess
import sys
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from witness import require

from gateway.clock import Clock
from gateway.journal import CONFIRMED, Journal, JournalTrouble, Row
from gateway.journal_disk import Ballast, free_pages
from gateway.journal_room import CAPTURES, DISK, Pressure
from gateway.journal_tidy import keep_tidy
from gateway.records import Chain, Encoder

MB = 1 << 20
UID = bytes.fromhex("04a1b2c3d4e5f6")


async def filled(journal: Journal, count: int, size: int = 1000, kind: str = "verdict") -> None:
    body = {"x": bytes(size)}
    await asyncio.gather(
        *[journal.append(kind, "line1", UID, f"P/{n}", body) for n in range(count)]
    )


def on_disk(path: Path) -> int:
    """Bytes that the journal takes, with its log."""
    return sum(each.stat().st_blocks * 512 for each in [path, Path(f"{path}-wal")])


def test_trim_and_vacuum_give_the_disk_back(tmp_path: Path) -> None:
    async def play() -> None:
        async with Journal(tmp_path / "j.db", max_bytes=64 * MB) as journal:
            for _ in range(20):
                await filled(journal, 500)
            await journal.vacuum()
            assert on_disk(tmp_path / "j.db") > 10 * MB
            await journal.confirm(journal.head())
            assert await journal.trim(0) == 9999
            freed = await journal.vacuum()
            assert freed > 10 * MB
            assert on_disk(tmp_path / "j.db") < 200_000
            assert (tmp_path / "j.db-wal").stat().st_size == 0
            await filled(journal, 10)
            assert journal.verify() is None

    asyncio.run(play())


def test_rows_that_stay_in_between_cost_little_room(tmp_path: Path) -> None:
    async def play() -> None:
        async with Journal(tmp_path / "j.db", max_bytes=64 * MB) as journal:
            for _ in range(300):
                together = (filled(journal, 15, 400), filled(journal, 1, 400, "intent"))
                await asyncio.gather(*together)
            await filled(journal, 1)
            await journal.confirm(journal.head())
            assert await journal.trim(0) == 4500
            await journal.vacuum()
            assert len(journal.open_intents()) == 300
            assert (tmp_path / "j.db").stat().st_size < 1200 * 300

    asyncio.run(play())
    with contextlib.closing(sqlite3.connect(tmp_path / "j.db")) as file:
        assert free_pages(file) == 0


def test_a_reader_that_stands_in_the_log_holds_up_no_append(tmp_path: Path) -> None:
    async def play() -> None:
        async with Journal(tmp_path / "j.db") as journal:
            await filled(journal, 100)
            with contextlib.closing(sqlite3.connect(tmp_path / "j.db")) as reader:
                reader.execute("BEGIN")
                reader.execute("SELECT count(*) FROM events").fetchone()
                await journal.confirm(100)
                assert await asyncio.wait_for(journal.trim(0), 5) == 99
                await asyncio.wait_for(journal.vacuum(), 5)
                await asyncio.wait_for(filled(journal, 1), 5)
                assert reader.execute("SELECT count(*) FROM events").fetchone() == (100,)

    asyncio.run(play())


def test_the_ballast_is_of_real_blocks_and_there_while_a_writer_is(tmp_path: Path) -> None:
    async def play() -> None:
        async with Journal(tmp_path / "j.db", max_bytes=16 * MB):
            stat = (tmp_path / "j.db.ballast").stat()
            assert stat.st_size == 4 * MB
            assert stat.st_blocks * 512 >= 4 * MB

    asyncio.run(play())
    assert not (tmp_path / "j.db.ballast").exists()


def test_a_ballast_that_a_killed_writer_left_is_made_anew(tmp_path: Path) -> None:
    (tmp_path / "j.db.ballast").write_bytes(bytes(100))
    ballast = Ballast(tmp_path / "j.db", MB)
    assert not (tmp_path / "j.db.ballast").exists()
    assert ballast.make() and ballast.make()
    assert (tmp_path / "j.db.ballast").stat().st_size == MB
    ballast.give_up()
    ballast.give_up()
    assert not (tmp_path / "j.db.ballast").exists()


_ON_A_FULL_DISK = """
import asyncio, json, os, sys
from pathlib import Path
from gateway.journal import Journal, JournalFull

async def play(folder):
    async with Journal(folder / "j.db", max_bytes=64 << 20) as journal:
        begun = await journal.append("intent", "line1", b"u1", "P/1", {})
        acknowledged = 1
        try:
            while True:
                together = [
                    journal.append("verdict", "line1", b"uid%d" % n, f"P/{n}", {"x": bytes(500)}) for n in range(50)
                ]
                done = await asyncio.gather(*together, return_exceptions=True)
                acknowledged += sum(not isinstance(each, BaseException) for each in done)
                for each in done:
                    if isinstance(each, BaseException):
                        raise each
        except JournalFull as why:
            print(why, file=sys.stderr)
        (folder / "others").write_bytes(bytes(max(0, os.statvfs(folder).f_bavail * 4096 - (6 << 20))))
        refused = False
        try:
            await journal.append("intent", "line1", b"u2", "P/2", {})
        except JournalFull:
            refused = True
        shares = journal.pressure().shares
        closed = await journal.append("result", "line1", b"u1", "P/1", {"intent": begun.seq})
        room = asyncio.create_task(journal.room())
        waits = not (await asyncio.wait([room], timeout=0.2))[0]
        head = journal.head()
        await journal.confirm(head)
        (folder / "others").unlink()
        await asyncio.wait_for(room, 30)
        after = await journal.append("intent", "line1", b"u2", "P/2", {})
        print(json.dumps({
            "acknowledged": acknowledged, "closed": closed.seq, "refused": refused, "waits": waits,
            "disk": shares.get("disk"), "after": after.seq, "broken": journal.verify(),
            "gaps": [gap[:3] for gap in journal.gaps()], "ballast": (folder / "j.db.ballast").exists(),
        }))

asyncio.run(play(Path(sys.argv[1])))
"""


def test_on_a_full_disk_what_was_begun_ends_and_all_goes_on_when_there_is_room(
    tmp_path: Path,
) -> None:
    mount = 'mount -t tmpfs -o size=24m none "$1" && shift && exec "$@"'
    namespace = ["unshare", "-m", "sh", "-c", mount, "sh", str(tmp_path)]
    probe = None
    if shutil.which("unshare"):
        probe = subprocess.run([*namespace, "true"], capture_output=True, check=False)
    require(
        probe is not None and probe.returncode == 0, "no right to mount a small disk (unshare -m)"
    )
    done = subprocess.run(
        [*namespace, sys.executable, "-c", _ON_A_FULL_DISK, str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "the disk of" in done.stderr and "is full" in done.stderr
    found = json.loads(done.stdout)
    head = found["acknowledged"] + 1
    assert found == {
        "acknowledged": head - 1,
        "closed": head,
        "refused": True,
        "waits": True,
        "disk": 1.0,
        "after": head + 1,
        "broken": None,
        "gaps": [[1, head - 1, "trimmed"]],
        "ballast": True,
    }


_FAILING = """
import asyncio, sys
from gateway.journal import Journal, JournalFailed

async def play():
    async with Journal(sys.argv[1]) as journal:
        while True:
            try:
                row = await journal.append("verdict", "line1", b"", "", {})
                print(row.seq, flush=True)
            except JournalFailed as why:
                print(why, file=sys.stderr)
                break
        for work in (journal.append("verdict", "line1", b"", "", {}), journal.confirm(1), journal.trim(0)):
            try:
                await work
            except JournalFailed:
                print("refused", flush=True)

asyncio.run(play())
"""


def test_a_failed_fsync_is_never_tried_again(tmp_path: Path) -> None:
    strace = shutil.which("strace")
    trace = ["-f", "-o", str(tmp_path / "trace"), "-e", "trace=fdatasync,fsync"]
    probe = strace and subprocess.run([strace, *trace, "true"], capture_output=True, check=False)
    require(probe and probe.returncode == 0, "strace")
    Journal(tmp_path / "j.db").close()
    done = subprocess.run(
        [
            *(str(strace), *trace, "-e", "inject=fdatasync:error=EIO:when=20"),
            *(sys.executable, "-c", _FAILING, str(tmp_path / "j.db")),
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "the disk refused a commit" in done.stderr
    *acknowledged, first, second, third = done.stdout.split()
    assert (first, second, third) == ("refused",) * 3
    calls = [line.split(" ", 1)[1] for line in (tmp_path / "trace").read_text().splitlines()]
    (failed,) = (n for n, call in enumerate(calls) if "INJECTED" in call)
    assert not [call for call in calls[failed + 1 :] if "sync" in call]
    records = Journal.open_readonly(tmp_path / "j.db")
    assert records.head() in (len(acknowledged), len(acknowledged) + 1)  # unknown, as is said
    assert records.verify() is None
    records.close()


def test_what_a_log_holds_is_in_the_file_before_anything_is_appended(tmp_path: Path) -> None:
    """After a failed fsync the log may stand in memory only; what follows must not hang on it."""

    async def play() -> None:
        async with Journal(tmp_path / "j.db") as journal:
            await filled(journal, 30)
            for suffix in ("", "-wal"):
                shutil.copy(tmp_path / f"j.db{suffix}", tmp_path / f"k.db{suffix}")
        assert (tmp_path / "k.db-wal").stat().st_size > 30_000
        async with Journal(tmp_path / "k.db") as journal:
            for suffix in ("", "-wal"):
                shutil.copy(tmp_path / f"k.db{suffix}", tmp_path / f"l.db{suffix}")
        (tmp_path / "l.db-wal").unlink()
        records = Journal.open_readonly(tmp_path / "l.db")
        assert records.head() == 30
        assert records.verify() is None
        records.close()

    asyncio.run(play())


def older_journal(path: Path) -> bytes:
    """A journal of schema 1 as Tagwright 0.3 left it: rows, cursors, one row aside; its id."""
    identity, encode = bytes(range(16)), Encoder()
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as file:
        file.execute("PRAGMA auto_vacuum = INCREMENTAL")
        file.execute("PRAGMA journal_mode = WAL")
        file.executescript((files("gateway") / "schema" / "0001.sql").read_text())
        file.execute("PRAGMA user_version = 1")
        file.execute("INSERT INTO journal (only, id) VALUES (1, ?)", (identity,))
        chain = Chain(identity)
        bodies: list[tuple[str, bytes, dict[str, Any]]] = [
            ("intent", b"e1", {"stub": b"s1"}),
            ("result", b"e1", {"profile": "epc", "stub": b"s1", "intent": 1}),
            ("result", b"e2", {"from_memory": "s", "stub": b"s2"}),
            ("result", b"e2", {"profile": "user", "stub": b"s3"}),
            *[("verdict", b"", {"n": n}) for n in range(6)],
        ]
        for seq, (kind, uid, body) in enumerate(bodies, 1):
            content = (1_790_000_000_000_000_000, kind, "line1", uid, "P", encode(body))
            row = Row(seq, *content, chain.follow(seq, *content))
            file.execute("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
        file.execute("INSERT INTO cursors VALUES ('acknowledged', 4), ('batched', 9)")
        file.execute("INSERT INTO quarantine VALUES (5, 7, 'too long')")
    return identity


def test_an_older_journal_is_brought_up_and_kept_as_it_was(tmp_path: Path) -> None:
    identity = older_journal(tmp_path / "j.db")
    with pytest.raises(JournalTrouble, match="schema 1, this Tagwright reads 2: start the gateway"):
        Journal.open_readonly(tmp_path / "j.db")

    async def play() -> None:
        async with Journal(tmp_path / "j.db") as journal:
            assert (journal.id, journal.origin, journal.head()) == (identity, None, 10)
            assert journal.cursors() == {CONFIRMED: 4}
            assert journal.cuts(0) == [(5, 9)]
            assert journal.quarantined() == {5: "too long"}
            assert journal.sinks == {CONFIRMED}
            assert journal.tail(1)[0].clock() is None
            assert journal.pressure().shares[CAPTURES] > 0
            await journal.confirm(10)
            await journal.trim(0)
            assert [row.seq for row in journal.after(0, 99)] == [2, 5, 10]
            await journal.append("verdict", "line1", b"", "", {})
            assert journal.verify() is None

    asyncio.run(play())
    with contextlib.closing(sqlite3.connect(tmp_path / "j.db.schema1")) as kept:
        assert kept.execute("PRAGMA user_version").fetchone() == (1,)
        assert kept.execute("SELECT count(*) FROM events").fetchone() == (10,)
        assert kept.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert not list(tmp_path.glob("*.part"))


class Rounds:
    """A pause that ends after so many rounds."""

    def __init__(self, count: int) -> None:
        self.left = count

    async def __call__(self, seconds: float) -> None:
        self.left -= 1
        if not self.left:
            raise asyncio.CancelledError


async def kept_tidy(journal: Journal, rounds: int, told: list[Pressure]) -> None:
    with contextlib.suppress(asyncio.CancelledError):
        await keep_tidy(journal, 30, told=told.append, pause=Rounds(rounds))


def test_pressure_is_told_at_each_crossing_and_what_is_dropped(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)

    async def play() -> None:
        told: list[Pressure] = []
        async with Journal(tmp_path / "j.db", max_bytes=4 * MB) as journal:

            async def tidy_while_filling(pause: int) -> None:
                await filled(journal, 20)
                if journal.dropped()[CAPTURES]:
                    raise asyncio.CancelledError

            with contextlib.suppress(asyncio.CancelledError):
                await keep_tidy(
                    journal, 30, told=told.append, pause=lambda s: tidy_while_filling(0)
                )
            assert [each.level for each in told] == [70, 85, 95]
            await kept_tidy(journal, 1, told)
            await journal.confirm(journal.head())
            await kept_tidy(journal, 2, told)
            assert journal.pressure().level == 0

    asyncio.run(play())
    text = caplog.text
    assert "the journal's room for captures is full to 7" in text
    assert "the oldest are dropped" in text
    assert "ERROR" in text


def test_a_gateway_whose_hub_keeps_up_tells_nothing_and_trims_by_age(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    now = [1_790_000_000_000_000_000]
    clock = Clock(lambda: now[0], lambda: 0, bytes(16), lambda: 0)

    async def play() -> None:
        told: list[Pressure] = []
        async with Journal(tmp_path / "j.db", max_bytes=4 * MB, clock=clock) as journal:
            for _ in range(100):
                await filled(journal, 50)
                await journal.confirm(journal.head())
                await kept_tidy(journal, 1, told)
            assert journal.gaps()[0].reason == "trimmed"
            assert len(journal.after(0, 9999)) > 100  # what is young stays while there is room
            now[0] += 40 * 86_400_000_000_000
            await kept_tidy(journal, 1, told)
            assert len(journal.after(0, 9999)) == 1
        assert told == []

    asyncio.run(play())
    assert caplog.records == []
    assert (tmp_path / "j.db").stat().st_size < MB


def test_a_full_disk_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    class Starved(Journal):
        def pressure(self) -> Pressure:
            return Pressure(95, {CAPTURES: 0.1, DISK: 1.0})

    async def play() -> None:
        async with Starved(tmp_path / "j.db") as journal:
            await kept_tidy(journal, 1, [])

    asyncio.run(play())
    assert "the disk is full" in caplog.text
