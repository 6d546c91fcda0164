"""What leaves a journal: what is confirmed by age and pressure, what is over its quota; and what never does."""

import asyncio
import contextlib
import random
import sqlite3
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import pytest

from edge.stub import link16
from gateway.clock import Clock
from gateway.journal import CONFIRMED, Gap, Journal, JournalFull, Records, Row
from gateway.journal_room import CAPTURES, PASSPORTS, TELEMETRY
from gateway.readers.port import TagReader
from gateway.stations.commission import Known, known
from gateway.stations.post import Post

UID = bytes.fromhex("04a1b2c3d4e5f6")
DAY_NS = 86_400_000_000_000
MB = 1 << 20


async def filled(journal: Journal, count: int, kind: str = "verdict", size: int = 0) -> list[Row]:
    body = {"x": bytes(size)}
    return await asyncio.gather(
        *[journal.append(kind, "line1", b"", "", body) for _ in range(count)]
    )


def consecutive(pieces: Sequence[Row | Gap], after: int = 0) -> list[int]:
    """The seqs of the rows; fails where a piece does not follow from the one before."""
    found = []
    for piece in pieces:
        first, last = (piece.first, piece.last) if isinstance(piece, Gap) else (piece.seq,) * 2
        assert first == after + 1 and last >= first, pieces
        after = last
        found += [piece.seq] if isinstance(piece, Row) else []
    return found


def whole(records: Records) -> list[int]:
    """The seqs of all rows of a journal that has no hole up to its head, and whose chain holds."""
    assert records.verify() is None
    pieces = records.pieces(0, 1 << 30)
    last = pieces[-1]
    assert (last.last if isinstance(last, Gap) else last.seq) == records.head()
    return consecutive(pieces)


def gaps(records: Records) -> list[tuple[int, int, str]]:
    return [gap[:3] for gap in records.gaps()]


def test_what_is_old_and_confirmed_is_given_back_and_the_chain_goes_on(tmp_path: Path) -> None:
    now = [100 * DAY_NS]

    async def play() -> None:
        clock = Clock(lambda: now[0], lambda: 0, bytes(16), lambda: 0)
        async with Journal(tmp_path / "j.db", clock=clock) as journal:
            rows = await filled(journal, 10)
            now[0] += 31 * DAY_NS
            rows += (await filled(journal, 10))[:0]
            assert [row.kind for row in journal.tail(11)][:2] == ["clock", "verdict"]
            assert await journal.trim(30) == 0  # nothing is confirmed
            await journal.confirm(6)
            assert await journal.trim(30) == 6
            assert gaps(journal) == [(1, 6, "trimmed")]
            assert journal.hash_at(6) == rows[5].hash
            with pytest.raises(LookupError, match="hash of row 5"):
                journal.hash_at(5)
            with pytest.raises(LookupError):
                journal.hash_at(99)
            await journal.confirm(18)
            assert await journal.trim(30) == 4  # the others are young
            assert gaps(journal) == [(1, 10, "trimmed")]
            assert whole(journal) == list(range(11, 22))
        async with Journal(tmp_path / "j.db", clock=clock) as again:
            assert whole(again) == list(range(11, 22))
            assert (await filled(again, 1))[0].seq == 22

    asyncio.run(play())


def test_a_wall_clock_that_jumps_costs_no_row_that_a_hub_has_not(tmp_path: Path) -> None:
    now = [20_000 * DAY_NS]
    clock = Clock(lambda: now[0], lambda: 0, bytes(16), lambda: 0)

    async def play() -> None:
        async with Journal(tmp_path / "j.db", max_bytes=4 * MB, clock=clock) as journal:
            await filled(journal, 10)
            await journal.confirm(4)
            now[0] += 3650 * DAY_NS
            await filled(journal, 1)
            assert await journal.trim(30) == 4  # all of it looks old: what is confirmed may go
            now[0] -= 2 * 3650 * DAY_NS
            await filled(journal, 1)
            await journal.confirm(journal.head())
            assert await journal.trim(30) == 0  # all of it looks young
            while not journal.pressure().level:
                await filled(journal, 50, size=1000)
                await journal.confirm(journal.head())
            assert await journal.relieve() > 10  # until room is short
            whole(journal)

    asyncio.run(play())


def test_of_a_gap_around_a_seq_the_part_behind_it_is_told(tmp_path: Path) -> None:
    async def play() -> None:
        async with Journal(tmp_path / "j.db") as journal:
            rows = await filled(journal, 9)
            await journal.confirm(5)
            await journal.trim(0)
            assert journal.pieces(0, 3) == [Gap(1, 5, "trimmed", rows[4].hash), *rows[5:7]]
            assert journal.pieces(3, 2) == [Gap(4, 5, "trimmed", rows[4].hash), rows[5]]
            assert journal.pieces(5, 1) == [rows[5]]
            assert journal.pieces(9, 5) == []
            assert journal.gaps(5) == []

    asyncio.run(play())


def test_the_newest_row_stays_so_that_the_chain_and_the_clock_have_an_end(tmp_path: Path) -> None:
    async def play() -> None:
        async with Journal(tmp_path / "j.db") as journal:
            rows = await filled(journal, 5)
            await journal.confirm(5)
            assert await journal.trim(0) == 4
            assert journal.tail(3) == rows[4:]
        async with Journal(tmp_path / "j.db") as again:
            (row,) = await filled(again, 1)
            assert row.seq == 6
            assert (row.clock() or (0,))[0] > (rows[4].clock() or (0,))[0]
            assert whole(again) == [5, 6]

    asyncio.run(play())


def test_trimming_waits_for_the_slowest_sink(tmp_path: Path) -> None:
    async def play() -> None:
        async with Journal(tmp_path / "j.db", sinks={CONFIRMED, "epcis"}) as journal:
            await filled(journal, 9)
            await journal.confirm(8)
            assert await journal.trim(0) == 0
            await journal.move_cursor("epcis", 3)
            assert await journal.trim(0) == 3
        async with Journal(tmp_path / "j.db") as again:  # as it was
            assert again.sinks == {CONFIRMED, "epcis"}
            assert await again.trim(0) == 0
        async with Journal(tmp_path / "j.db", sinks={CONFIRMED}) as alone:
            assert alone.sinks == {CONFIRMED}
            assert await alone.trim(0) == 5

    asyncio.run(play())


def test_open_intents_the_quarantine_and_stubs_that_stand_here_only_stay(tmp_path: Path) -> None:
    async def play() -> None:
        async with Journal(tmp_path / "j.db") as journal:

            async def result(uid: bytes, **body: Any) -> int:
                return (await journal.append("result", "line1", uid, "P", body)).seq

            first = await journal.append("intent", "line1", UID, "P", {})
            remembered = [await result(b"e1", profile="epc"), await result(b"e2", from_memory=True)]
            old = await result(b"e1", profile="epc")
            await filled(journal, 2)
            await result(b"e2", profile="user")  # e2 has its stub on the tag now
            refused = (await filled(journal, 1))[0].seq
            await journal.set_aside(refused, "no")
            await filled(journal, 3)
            await journal.confirm(journal.head())
            await journal.trim(0)
            assert whole(journal) == [first.seq, old, refused, journal.head()]
            assert old not in remembered
            row = journal.remembered(b"e1")
            assert row is not None and row.seq == old
            await journal.append("void", "line1", UID, "P", {"intent": first.seq})
            await journal.replayed(refused)
            await journal.confirm(journal.head())
            await journal.trim(0)
            assert whole(journal) == [old, journal.head()]
            assert gaps(journal) == [(1, 3, "trimmed"), (5, journal.head() - 1, "trimmed")]

    asyncio.run(play())


def test_a_stub_that_a_tag_has_lost_is_not_remembered_again(tmp_path: Path) -> None:
    async def play() -> None:
        async with Journal(tmp_path / "j.db") as journal:
            body = {"profile": "epc", "stub": b"old"}
            refused = await journal.append("result", "line1", UID, "P", body)
            await journal.set_aside(refused.seq, "no")
            assert journal.remembered(UID) == refused
            await journal.append("result", "line1", UID, "P", {"act": "formatted"})
            await filled(journal, 1)
            await journal.confirm(journal.head())
            await journal.trim(0)
            assert whole(journal) == [refused.seq, journal.head()]
            assert journal.remembered(UID) is None

    asyncio.run(play())


def test_what_stations_ask_of_a_product_outlives_its_rows(tmp_path: Path) -> None:
    async def play() -> None:
        async with Journal(tmp_path / "j.db") as journal:
            post = Post("line1", cast(TagReader, None), journal, None, time.time, time.monotonic)
            said = {"stub": b"first", "seq": 0, "slot": 1, "digest": bytes(32)}
            await journal.append("result", "line1", b"old", "P", said)
            row = await journal.append("result", "line1", UID, "P", said | {"stub": b"2", "seq": 1})
            await filled(journal, 2)
            before = known(post, "P")
            assert before == Known(UID, False, link16(b"2"), 1)
            await journal.confirm(journal.head())
            assert await journal.trim(0) == 3
            assert known(post, "P") == before
            kept = journal.last_result("P")
            assert kept is not None
            assert (kept.seq, kept.at_ns, kept.uid) == (row.seq, row.at_ns, UID)
            content = {name: kept.content().get(name) for name in ("seq", "slot", "digest")}
            assert content == {"seq": 1, "slot": 1, "digest": bytes(32)}
            third = await journal.append("result", "line1", b"new", "P", said | {"seq": 2})
            assert journal.last_result("P") == third

    asyncio.run(play())


def test_telemetry_over_its_quota_drops_its_oldest_and_nothing_else(tmp_path: Path) -> None:
    async def play() -> None:
        async with Journal(tmp_path / "j.db", max_bytes=4 * MB) as journal:
            passports = [row.seq for row in await filled(journal, 10, "result", 300)]
            captures = [row.seq for row in await filled(journal, 10, "verdict", 300)]
            while not journal.dropped()[TELEMETRY]:
                telemetry = await filled(journal, 50, "presence", 1000)
            seqs = whole(journal)
            assert set(passports + captures) <= set(seqs)
            assert seqs[-1] == telemetry[-1].seq
            (gap,) = journal.gaps()
            assert (gap.first, gap.reason) == (21, "dropped")
            assert gap.last - gap.first + 1 == journal.dropped()[TELEMETRY] < 100
            assert journal.pressure().level == 95
            assert journal.pressure().shares[TELEMETRY] <= 1
            for _ in range(30):
                await filled(journal, 50, "presence", 1000)
            assert len(journal.gaps()) == 1  # runs merge
            assert set(passports + captures) <= set(whole(journal))
        records = Journal.open_readonly(tmp_path / "j.db")
        assert records.dropped()[TELEMETRY] == sum(g.last - g.first + 1 for g in records.gaps())
        assert 0.9 < records.pressure().shares[TELEMETRY] <= 1
        records.close()

    asyncio.run(play())


def test_what_is_confirmed_goes_before_anything_is_dropped(tmp_path: Path) -> None:
    async def play() -> None:
        async with Journal(tmp_path / "j.db", max_bytes=4 * MB) as journal:
            for _ in range(100):
                await filled(journal, 50, "verdict", 1000)
                await journal.confirm(journal.head())
            assert journal.dropped() == {PASSPORTS: 0, CAPTURES: 0, TELEMETRY: 0}
            assert {gap.reason for gap in journal.gaps()} == {"trimmed"}
            assert (tmp_path / "j.db").stat().st_size <= 4 * MB
            whole(journal)

    asyncio.run(play())


def test_what_is_in_a_batch_is_dropped_last_and_the_ends_of_batches_stay_known(
    tmp_path: Path,
) -> None:
    async def play() -> None:
        async with Journal(tmp_path / "j.db", max_bytes=4 * MB) as journal:
            rows = await filled(journal, 100, "presence", 1000)
            await journal.cut([(1, 40), (41, 80)])
            for _ in range(60):
                await filled(journal, 50, "presence", 1000)
            assert set(range(1, 81)) <= set(whole(journal))
            (gap,) = journal.gaps()
            assert gap.first == 81
            await journal.cut([(81, journal.head())])
            await filled(journal, 60, "presence", 1000)
            assert gaps(journal)[:2] == [
                (1, 40, "dropped"),
                (41, journal.gaps()[1].last, "dropped"),
            ]
            assert 41 < journal.gaps()[1].last < 80
            assert journal.hash_at(40) == rows[39].hash
            whole(journal)

    asyncio.run(play())


def test_a_gap_never_swallows_where_a_sink_stands(tmp_path: Path) -> None:
    async def play() -> None:
        async with Journal(tmp_path / "j.db", max_bytes=4 * MB) as journal:
            await journal.move_cursor("epcis", 30)
            rows = await filled(journal, 50, "presence", 1000)
            while len(journal.gaps()) < 2:
                await filled(journal, 50, "presence", 1000)
            assert gaps(journal)[0] == (1, 30, "dropped")
            assert journal.hash_at(30) == rows[29].hash
            whole(journal)

    asyncio.run(play())


def test_passports_fill_what_is_left_then_stop_and_go_on_when_there_is_room(tmp_path: Path) -> None:
    async def play() -> None:
        async with Journal(tmp_path / "j.db", max_bytes=2 * MB) as journal:
            with pytest.raises(JournalFull, match="is full: free the disk or raise"):
                while True:
                    await filled(journal, 20, "intent", 900)
            stood = journal.head()
            assert journal.dropped()[PASSPORTS] == 0
            assert journal.pressure().shares[PASSPORTS] > 0.95
            room = asyncio.create_task(journal.room())
            closing = [
                journal.append("void", "line1", b"", "", {"intent": row.seq})
                for row in journal.open_intents()
            ]
            await asyncio.gather(*closing)
            assert not room.done()
            await journal.confirm(stood)
            await asyncio.wait_for(room, 30)
            (row,) = await filled(journal, 1, "intent", 900)
            assert whole(journal)[-1] == row.seq

    asyncio.run(play())


def test_what_is_dropped_leaves_the_quarantine(tmp_path: Path) -> None:
    async def play() -> None:
        async with Journal(tmp_path / "j.db", max_bytes=2 * MB) as journal:
            await filled(journal, 3, "presence", 1000)
            await journal.set_aside(2, "no")
            while not journal.dropped()[TELEMETRY]:
                await filled(journal, 50, "presence", 1000)
            assert journal.quarantined() == {}

    asyncio.run(play())


def test_what_a_hub_refuses_without_end_stops_nobody(tmp_path: Path) -> None:
    async def play() -> None:
        async with Journal(tmp_path / "j.db", max_bytes=2 * MB) as journal:
            refused = []
            while not journal.dropped()[CAPTURES]:
                for row in await filled(journal, 50, "verdict", 1000):
                    await journal.set_aside(row.seq, "no")
                    refused.append(row.seq)
                await journal.confirm(journal.head())
            dropped = journal.dropped()[CAPTURES]
            assert [*journal.quarantined()] == refused[dropped:]
            assert whole(journal) == refused[dropped:]

    asyncio.run(play())


def test_from_seventy_percent_on_what_is_confirmed_goes_however_young(tmp_path: Path) -> None:
    async def play() -> None:
        async with Journal(tmp_path / "j.db", max_bytes=4 * MB) as journal:
            while journal.pressure().level < 70:
                assert await journal.relieve() == 0
                await filled(journal, 50, "verdict", 1000)
                await journal.confirm(journal.head())
            assert await journal.relieve() > 0
            assert 0 < journal.pressure().shares[CAPTURES] < 0.7
            assert journal.pressure().level == 0
            whole(journal)

    asyncio.run(play())


def test_the_room_is_reckoned_the_same_after_a_crash(tmp_path: Path) -> None:
    async def play() -> None:
        async with Journal(tmp_path / "j.db") as journal:
            for _ in range(10):
                await filled(journal, 500, "verdict", 100)
            await filled(journal, 30, "presence", 70)
            await journal.confirm(2000)
            await journal.trim(0)
            records = Journal.open_readonly(tmp_path / "j.db")
            assert records.pressure() == journal.pressure()
            records.close()
            with contextlib.closing(sqlite3.connect(tmp_path / "j.db")) as live:
                live.execute("VACUUM INTO ?", (str(tmp_path / "crashed.db"),))
            shares = journal.pressure().shares
        async with Journal(tmp_path / "crashed.db") as again:
            for name in (CAPTURES, TELEMETRY):
                assert again.pressure().shares[name] == shares[name]

    asyncio.run(play())


@pytest.mark.parametrize(
    ("tampering", "first_bad"),
    [
        ("DELETE FROM gaps", 1),
        ("UPDATE gaps SET last = last - 1", 6),
        ("UPDATE gaps SET hash = randomblob(32)", 7),
        ("UPDATE gaps SET last = last + 1", 8),
        ("DELETE FROM events WHERE seq = 9", 9),
        ("INSERT INTO gaps VALUES (30, 40, 'dropped', x'00')", 30),
    ],
)
def test_verify_names_the_first_row_or_gap_that_was_touched(
    tmp_path: Path, tampering: str, first_bad: int
) -> None:
    async def play() -> None:
        async with Journal(tmp_path / "j.db") as journal:
            await filled(journal, 12)
            await journal.confirm(6)
            await journal.trim(0)

    asyncio.run(play())
    with contextlib.closing(sqlite3.connect(tmp_path / "j.db")) as file, file:
        file.execute(tampering)
    records = Journal.open_readonly(tmp_path / "j.db")
    assert records.verify() == first_bad
    records.close()


_TRIMMING = """
import asyncio, sys
from gateway.journal import Journal

async def play():
    async with Journal(sys.argv[1], max_bytes=4 << 20) as journal:
        async def write(kind):
            while True:
                row = await journal.append(kind, "line1", b"", "", {"x": bytes(700)})
                if kind == "intent":
                    await journal.append("result", "line1", b"", "", {"intent": row.seq})
        async def keep():
            while True:
                await journal.confirm(max(0, journal.head() - 300))
                await journal.trim(0)
                await journal.vacuum()
                print(journal.cursor("acknowledged"), flush=True)
        await asyncio.gather(*map(write, ["verdict", "presence", "presence", "intent"]), keep())

asyncio.run(play())
"""


def test_a_trim_that_is_torn_leaves_each_row_or_its_gap(tmp_path: Path) -> None:
    points = random.Random(20261123)
    for _ in range(6):
        trimmer = subprocess.Popen(
            [sys.executable, "-c", _TRIMMING, tmp_path / "j.db"], stdout=subprocess.PIPE, text=True
        )
        assert trimmer.stdout is not None
        with trimmer.stdout:
            for _ in range(points.randrange(1, 25)):
                confirmed = int(trimmer.stdout.readline())
            trimmer.kill()
        trimmer.wait()
        records = Journal.open_readonly(tmp_path / "j.db")
        assert records.cursor(CONFIRMED) >= confirmed
        whole(records)
        assert all(
            gap.last <= records.cursor(CONFIRMED) or gap.reason == "dropped"
            for gap in records.gaps()
        )
        records.close()
