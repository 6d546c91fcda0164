"""The journal against kill -9, full disks, failed commits, two openers and tampering."""

import asyncio
import contextlib
import hashlib
import os
import random
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from edge import cbor
from gateway.clock import Clock
from gateway.journal import (
    ACKNOWLEDGED,
    Journal,
    JournalBusy,
    JournalFull,
    JournalTrouble,
    Row,
)

UID = bytes.fromhex("04a1b2c3d4e5f6")
OTHER = bytes.fromhex("04ffffffffffff")
PRODUCT = "09520123456788/A1"


async def filled(journal: Journal, count: int) -> list[Row]:
    return await asyncio.gather(
        *[journal.append("verdict", "line1", UID, PRODUCT, {"n": n}) for n in range(count)]
    )


def test_an_append_returns_its_row_and_the_file_holds_it(tmp_path: Path) -> None:
    async def play() -> None:
        clock = Clock(
            lambda: 1_790_000_000_000_000_000, lambda: 5_000_000_000, bytes(range(16)), lambda: 3
        )
        async with Journal(tmp_path / "j.db", clock=clock) as journal:
            first = await journal.append("intent", "line1", UID, PRODUCT, {"stub": b"\xd2", "b": 1})
            second = await journal.append("void", "line1", UID, PRODUCT, {"intent": first.seq})
            assert (first.seq, second.seq, journal.head()) == (1, 2, 2)
            assert first.content() == {"stub": b"\xd2", "b": 1}
            assert first.body == bytes.fromhex(  # RFC 8949, 4.2.1: sorted
                "a3616201647374756241d265636c6f636b841b01a0c4506c0000001b000000012a05f200"
                "50000102030405060708090a0b0c0d0e0f03"
            )
            hlc = 1_790_000_000_000 << 16
            assert first.clock() == (hlc, 5_000_000_000, bytes(range(16)), 3)
            assert (second.clock() or first)[0] == hlc + 1
            assert first.at_ns == 1_790_000_000_000_000_000
            identity = journal.id
        async with Journal(tmp_path / "j.db") as again:
            assert again.id == identity
            assert again.after(0, 10) == [first, second]
            assert again.tail(1) == [second]
            assert again.verify() is None

    asyncio.run(play())


def test_a_step_of_the_wall_clock_has_a_row_before_the_next_one(tmp_path: Path) -> None:
    wall_ns, boot_ns = [1_790_000_000_000_000_000], [0]

    async def play() -> None:
        clock = Clock(lambda: wall_ns[0], lambda: boot_ns[0], bytes(16), lambda: -1)
        async with Journal(tmp_path / "j.db", clock=clock) as journal:
            (first,) = await filled(journal, 1)
            wall_ns[0] -= 3_600_000_000_000
            rows = await filled(journal, 2)
            assert [row.seq for row in rows] == [3, 4]
            (step,) = journal.after(1, 1)
            assert (step.kind, step.station, step.uid, step.product) == ("clock", "", b"", "")
            before_ns, after_ns = 1_790_000_000_000_000_000, 1_789_996_400_000_000_000
            assert step.content() == {
                "before_ns": before_ns,
                "after_ns": after_ns,
                "error_ms": -1,
            }
            assert (first.at_ns, step.at_ns, rows[0].at_ns) == (before_ns, after_ns, after_ns)
            times = [(row.clock() or (0,))[0] for row in (first, step, *rows)]
            assert times == sorted(set(times))
        wall_ns[0] += 86_400_000_000_000  # while no gateway ran
        async with Journal(tmp_path / "j.db", clock=clock) as again:
            assert (await filled(again, 1))[0].seq == 6
            assert [row.kind for row in again.after(0, 9)].count("clock") == 2
            assert again.verify() is None

    asyncio.run(play())


def test_the_times_in_a_body_are_the_journals_own(tmp_path: Path) -> None:
    async def play() -> None:
        async with Journal(tmp_path / "j.db") as journal:
            with pytest.raises(ValueError, match="is the journal's own"):
                await journal.append("verdict", "line1", UID, PRODUCT, {"clock": 1})
            (row,) = await filled(journal, 1)
            assert row.seq == 1
            times = row.clock()
            assert times is not None
            assert (len(times.boot), times.hlc >> 16) == (16, row.at_ns // 1_000_000)

    asyncio.run(play())


def test_each_hash_covers_the_row_before_as_another_cbor_codec_says(tmp_path: Path) -> None:
    async def play() -> None:
        async with Journal(tmp_path / "j.db") as journal:
            before = journal.id
            for row in await filled(journal, 3):
                columns = (row.seq, row.at_ns, row.kind, row.station, row.uid, row.product)
                said = cbor.encode([*columns, row.body])
                assert row.hash == hashlib.sha256(before + said).digest()
                before = row.hash

    asyncio.run(play())


def test_two_journals_never_share_an_id(tmp_path: Path) -> None:
    async def play() -> None:
        async with Journal(tmp_path / "a.db") as a, Journal(tmp_path / "b.db") as b:
            assert len(a.id) == 16
            assert a.id != b.id

    asyncio.run(play())


def test_an_intent_is_open_until_a_result_or_void_names_it(tmp_path: Path) -> None:
    async def play() -> None:
        async with Journal(tmp_path / "j.db") as journal:
            mine = await journal.append("intent", "line1", UID, PRODUCT, {})
            other = await journal.append("intent", "line1", OTHER, PRODUCT, {})
            await journal.append("verdict", "line1", UID, PRODUCT, {"intent": mine.seq})
            assert journal.open_intents() == [mine, other]
            assert journal.open_intents(UID) == [mine]
            await journal.append("result", "line1", UID, PRODUCT, {"intent": mine.seq, "seq": 0})
            assert journal.open_intents() == [other]
            await journal.append("void", "line1", OTHER, PRODUCT, {"intent": other.seq})
            assert journal.open_intents() == []

    asyncio.run(play())


def test_an_intent_and_its_result_may_share_a_commit(tmp_path: Path) -> None:
    async def play() -> None:
        async with Journal(tmp_path / "j.db") as journal:
            await asyncio.gather(
                journal.append("intent", "line1", UID, PRODUCT, {}),
                journal.append("result", "line1", UID, PRODUCT, {"intent": 1}),
            )
            assert journal.open_intents() == []

    asyncio.run(play())


def test_the_known_seq_is_the_highest_of_the_results(tmp_path: Path) -> None:
    async def play() -> None:
        async with Journal(tmp_path / "j.db") as journal:
            assert journal.known_seq(PRODUCT) is None
            for kind, seq in (("result", 4), ("result", 2), ("verdict", 9), ("intent", 8)):
                last = await journal.append(kind, "line1", UID, PRODUCT, {"seq": seq})
            assert journal.known_seq(PRODUCT) == 4
            assert journal.last_for_product(PRODUCT) == last
            assert journal.last_for_uid(UID) == last
            assert journal.last_for_uid(OTHER) is None
            assert journal.last_for_product("") is None

    asyncio.run(play())


def test_what_waits_together_is_committed_together_in_order(tmp_path: Path) -> None:
    groups: list[int] = []

    async def play() -> None:
        async with Journal(tmp_path / "j.db", on_commit=lambda n, _: groups.append(n)) as journal:
            rows = await filled(journal, 300)
            assert [row.seq for row in rows] == list(range(1, 301))
            assert [row.content()["n"] for row in rows] == list(range(300))
            assert journal.verify() is None

    asyncio.run(play())
    assert groups == [300]


def test_growth_wakes_who_waits_for_it(tmp_path: Path) -> None:
    async def play() -> None:
        async with Journal(tmp_path / "j.db") as journal:
            waiting = asyncio.create_task(journal.grown_beyond(1))
            await filled(journal, 1)
            assert not waiting.done()
            await filled(journal, 1)
            await asyncio.wait_for(waiting, 5)

    asyncio.run(play())


def test_an_append_that_is_cancelled_harms_no_other(tmp_path: Path) -> None:
    async def play() -> None:
        async with Journal(tmp_path / "j.db") as journal:
            given_up = asyncio.create_task(journal.append("verdict", "line1", UID, "", {}))
            others = asyncio.create_task(filled(journal, 5))
            await asyncio.sleep(0)
            given_up.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await given_up
            assert len(await others) == 5
            assert journal.verify() is None

    asyncio.run(play())


def test_closing_waits_for_what_is_under_way(tmp_path: Path) -> None:
    async def play() -> None:
        async with Journal(tmp_path / "j.db") as journal:
            under_way = asyncio.create_task(filled(journal, 20))
            await asyncio.sleep(0)  # it runs, and makes 20 tasks
            await asyncio.sleep(0)  # they run, up to their commit
        assert [row.seq for row in await under_way] == list(range(1, 21))
        with pytest.raises(ValueError, match="closed"):
            await journal.append("verdict", "line1", UID, PRODUCT, {})

    asyncio.run(play())


def test_cursors_and_what_is_set_aside_outlive_the_process(tmp_path: Path) -> None:
    async def play() -> None:
        async with Journal(tmp_path / "j.db") as journal:
            await filled(journal, 9)
            await journal.move_cursor(ACKNOWLEDGED, 7)
            await journal.move_cursor("page", 9)
            await journal.move_cursor("page", 3)
            await journal.set_aside(5, "too long")
            assert journal.lag() == 2
        async with Journal(tmp_path / "j.db") as again:
            assert (again.cursor(ACKNOWLEDGED), again.cursor("page")) == (7, 3)
            assert again.cursor("none") == 0
            assert again.quarantined() == {5: "too long"}
            assert again.quarantined(6, 9) == {}

    asyncio.run(play())


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("noise", {}),
        ("result", {"intent": "1"}),
        ("result", {"seq": True}),
        ("result", {"seq": 1 << 63}),
        ("result", {"intent": -1}),
        ("void", {"x": {}.keys()}),
    ],
)
def test_our_own_mistakes_are_refused_before_anything_is_stored(
    tmp_path: Path, kind: str, body: dict[str, Any]
) -> None:
    async def play() -> None:
        async with Journal(tmp_path / "j.db") as journal:
            with pytest.raises(ValueError):
                await journal.append(kind, "line1", UID, PRODUCT, body)
            (row,) = await filled(journal, 1)
            assert row.seq == 1

    asyncio.run(play())


def test_a_name_that_is_no_text_is_refused_before_anything_is_stored(tmp_path: Path) -> None:
    async def play() -> None:
        async with Journal(tmp_path / "j.db") as journal:
            for station, product in (("\ud800", ""), ("line1", "\udfff")):
                with pytest.raises(ValueError, match="surrogates"):
                    await journal.append("verdict", station, UID, product, {})
            assert (await filled(journal, 1))[0].seq == 1

    asyncio.run(play())


def test_a_second_opener_is_told_who_holds_the_journal(tmp_path: Path) -> None:
    async def play() -> None:
        async with Journal(tmp_path / "j.db") as journal:
            with pytest.raises(JournalBusy, match=f"in use by process {os.getpid()}"):
                Journal(tmp_path / "j.db")
            elsewhere = await asyncio.create_subprocess_exec(
                sys.executable,
                "-c",
                "import sys; from gateway.journal import Journal; Journal(sys.argv[1])",
                str(tmp_path / "j.db"),
                stderr=asyncio.subprocess.PIPE,
            )
            _, said = await elsewhere.communicate()
            assert b"JournalBusy" in said
            await filled(journal, 1)
        Journal(tmp_path / "j.db").close()

    asyncio.run(play())


def test_records_are_read_while_the_gateway_writes(tmp_path: Path) -> None:
    async def play() -> None:
        async with Journal(tmp_path / "j.db") as journal:
            await filled(journal, 2)
            records = Journal.open_readonly(tmp_path / "j.db")
            await filled(journal, 1)
            assert records.id == journal.id
            assert records.head() == 3
            assert records.verify() is None
            records.close()

    asyncio.run(play())


def test_what_is_no_journal_is_named(tmp_path: Path) -> None:
    with pytest.raises(JournalTrouble, match=r"none\.db"):
        Journal.open_readonly(tmp_path / "none.db")
    assert not (tmp_path / "none.db").exists()
    with pytest.raises(JournalTrouble, match="nowhere"):
        Journal(tmp_path / "nowhere" / "j.db")
    (tmp_path / "text.db").write_text("this is a letter, not a database. " * 40)
    with pytest.raises(JournalTrouble, match=r"text\.db"):
        Journal(tmp_path / "text.db")
    with pytest.raises(JournalTrouble, match=r"text\.db"):
        Journal.open_readonly(tmp_path / "text.db")


def test_a_journal_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    Journal(tmp_path / "j.db").close()
    with contextlib.closing(sqlite3.connect(tmp_path / "j.db")) as file:
        file.execute("PRAGMA user_version = 99")
    with pytest.raises(JournalTrouble, match="schema 99"):
        Journal(tmp_path / "j.db")


def test_the_file_is_made_for_durability_and_for_shrinking(tmp_path: Path) -> None:
    Journal(tmp_path / "j.db").close()
    with contextlib.closing(sqlite3.connect(tmp_path / "j.db")) as file:
        assert file.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert file.execute("PRAGMA auto_vacuum").fetchone() == (2,)  # incremental
        assert file.execute("PRAGMA user_version").fetchone() == (2,)


@pytest.mark.parametrize(
    ("tampering", "first_bad"),
    [
        ("UPDATE events SET product = 'other' WHERE seq = 4", 4),
        ("UPDATE events SET body = x'a0' WHERE seq = 1", 1),
        ("DELETE FROM events WHERE seq = 3", 3),
        ("UPDATE events SET at_ns = at_ns + 1 WHERE seq = 6", 6),
        ("UPDATE journal SET id = randomblob(16)", 1),
    ],
)
def test_verify_names_the_first_row_that_was_touched(
    tmp_path: Path, tampering: str, first_bad: int
) -> None:
    async def play() -> None:
        async with Journal(tmp_path / "j.db") as journal:
            await filled(journal, 6)

    asyncio.run(play())
    with contextlib.closing(sqlite3.connect(tmp_path / "j.db")) as file, file:
        file.execute(tampering)
    records = Journal.open_readonly(tmp_path / "j.db")
    assert records.verify() == first_bad
    records.close()


def test_a_full_journal_says_so_and_still_takes_the_results_of_open_intents(tmp_path: Path) -> None:
    body = {"document": bytes(3000)}

    async def play() -> None:
        taken = 0
        async with Journal(tmp_path / "j.db", max_bytes=1 << 20) as journal:
            with pytest.raises(JournalFull, match="is full: free the disk or raise"):
                while True:
                    await journal.append("intent", "line1", UID, PRODUCT, body)
                    taken += 1
            assert taken > 100
            assert journal.head() == taken
            await journal.append("result", "line1", UID, PRODUCT, {"intent": taken} | body)
            await journal.move_cursor(ACKNOWLEDGED, taken)
            with pytest.raises(JournalFull):
                await journal.append("verdict", "line1", UID, PRODUCT, body)
            assert journal.verify() is None
            assert (tmp_path / "j.db").stat().st_size <= 1 << 20
        async with Journal(tmp_path / "j.db", max_bytes=2 << 20) as larger:
            row = await larger.append("verdict", "line1", UID, PRODUCT, body)
            assert row.seq == taken + 2
            assert larger.verify() is None

    asyncio.run(play())


def test_past_its_last_page_a_journal_refuses_even_results_and_loses_nothing(
    tmp_path: Path,
) -> None:
    async def play() -> None:
        async with Journal(tmp_path / "j.db", max_bytes=1 << 20) as journal:
            with pytest.raises(JournalFull):
                while True:
                    await journal.append("result", "line1", UID, PRODUCT, {"x": bytes(3000)})
            head = journal.head()
            assert journal.verify() is None
            await journal.append("result", "line1", UID, PRODUCT, {})  # what still fits is taken
            assert journal.head() == head + 1

    asyncio.run(play())


_FAILING = """
import asyncio, resource, sys
from gateway.journal import Journal, JournalFailed

async def play():
    async with Journal(sys.argv[1]) as journal:
        for n in range(20):
            await journal.append("verdict", "line1", b"", "", {"n": n})
        print(journal.head(), flush=True)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, -1))  # writes fail with EFBIG from there on
        together = [journal.append("verdict", "line1", b"", "", {"x": bytes(9000)}) for _ in range(30)]
        for outcome in await asyncio.gather(*together, return_exceptions=True):
            assert isinstance(outcome, JournalFailed), outcome
        resource.setrlimit(resource.RLIMIT_FSIZE, (-1, -1))
        try:
            await journal.append("verdict", "line1", b"", "", {})
        except JournalFailed as why:
            print(why, flush=True)

asyncio.run(play())
"""


def test_after_a_failed_commit_its_waiters_and_all_later_appends_fail(tmp_path: Path) -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            _FAILING.replace("(100_000, 100_000)", "(100_000, -1)"),
            tmp_path / "j.db",
        ],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    head, why = done.stdout.splitlines()
    assert "the disk refused a commit" in why
    records = Journal.open_readonly(tmp_path / "j.db")
    assert records.head() >= int(head)
    assert records.verify() is None
    records.close()


_WRITING = """
import asyncio, sys
from gateway.journal import Journal

async def play():
    async with Journal(sys.argv[1]) as journal:
        async def work(station):
            while True:
                intent = await journal.append("intent", station, station.encode(), "P", {"x": bytes(300)})
                print(intent.seq, flush=True)
                row = await journal.append("result", station, station.encode(), "P", {"intent": intent.seq})
                print(row.seq, flush=True)
        await asyncio.gather(*[work(f"s{n}") for n in range(8)])

asyncio.run(play())
"""


def test_a_killed_writer_loses_no_acknowledged_row(tmp_path: Path) -> None:
    points = random.Random(20261122)
    acknowledged: set[int] = set()
    for _ in range(5):
        writer = subprocess.Popen(
            [sys.executable, "-c", _WRITING, tmp_path / "j.db"], stdout=subprocess.PIPE, text=True
        )
        assert writer.stdout is not None
        with writer.stdout:
            for _ in range(points.randrange(1, 1500)):
                acknowledged.add(int(writer.stdout.readline()))
            writer.kill()
            whole_lines = [line for line in writer.stdout.read().split("\n")[:-1] if line]
        writer.wait()
        acknowledged |= {int(line) for line in whole_lines}
        records = Journal.open_readonly(tmp_path / "j.db")
        assert acknowledged <= set(range(1, records.head() + 1))
        assert records.verify() is None
        closed = {r.content()["intent"] for r in records.after(0, 1 << 20) if r.kind == "result"}
        intents = {r.seq for r in records.after(0, 1 << 20) if r.kind == "intent"}
        assert {r.seq for r in records.open_intents()} == intents - closed
        records.close()
