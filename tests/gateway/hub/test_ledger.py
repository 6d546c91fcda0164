"""The ledger on both engines: each row once, whatever comes twice, late, in disorder or contradicts."""

import asyncio
import logging
import random
import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import cbor2
import pytest
from batches import JOURNAL, Said, batch, batches, gap, rows, withheld
from hypothesis import given, settings
from hypothesis import strategies as some

from gateway.hub.batch import decode
from gateway.hub.database import Database, StoreTrouble
from gateway.hub.ledger import Ledger, read_rows
from gateway.hub.open import open_database
from gateway.hub.receipt import Receipt
from gateway.hub.sqlite import SqliteDatabase
from gateway.records import Row
from gateway.throwaway.postgres import Postgres

NOW_NS = int(datetime(2026, 11, 22, tzinfo=UTC).timestamp()) * 10**9
OTHER = bytes(range(16, 32))
MINE = rows(30)
FORK = [*MINE[:10], *rows(20, 11, MINE[9][-1], station="elsewhere")]

Play = Callable[[Ledger, Database], Awaitable[None]]


def with_ledger(place: str | Path, play: Play, clock: Callable[[], int] = lambda: NOW_NS) -> None:
    async def all_of_it() -> None:
        database = await open_database(place)
        try:
            await play(Ledger(database, clock), database)
        finally:
            await database.close()

    asyncio.run(all_of_it())


async def take(ledger: Ledger, *data: bytes) -> list[Receipt]:
    return await ledger.take([decode(each) for each in data])


async def stored(database: Database, journal: bytes = JOURNAL) -> list[list[Any]]:
    """The rows that are held of a journal, as they were said."""
    ((number,),) = await database.fetch("SELECT number FROM journals WHERE id = $1", journal)
    found = await read_rows(database, number, 0, 1 << 40, 10_000)
    return [list(each) if isinstance(each, Row) else [each.seq, each.hash] for each in found]


async def counted(database: Database) -> tuple[int, int]:
    ((rows, withheld),) = await database.fetch("SELECT sum(rows), sum(withheld) FROM journals")
    return int(rows), int(withheld)


def part(said: Sequence[Said], first: int, last: int) -> bytes:
    return batch(said[first - 1 : last], said[first - 2][-1] if first > 1 else JOURNAL)


def test_a_batch_is_answered_by_what_is_held(database_place: str) -> None:
    async def play(ledger: Ledger, database: Database) -> None:
        assert await take(ledger, batch(MINE)) == [
            Receipt(JOURNAL, 30, stored=30, hash=MINE[29][-1])
        ]
        assert await stored(database) == MINE
        assert ledger.grown.is_set()
        assert await ledger.receipt(JOURNAL) == Receipt(JOURNAL, 30, hash=MINE[29][-1])
        assert await ledger.receipt(OTHER) == Receipt(OTHER, 0)

    with_ledger(database_place, play)


def test_the_same_again_changes_nothing(database_place: str) -> None:
    async def play(ledger: Ledger, database: Database) -> None:
        await take(ledger, part(MINE, 1, 20))
        (again,) = await take(ledger, part(MINE, 1, 20))
        assert (again.stored, again.duplicates, again.conflicts) == (0, 20, ())
        (more,) = await take(ledger, part(MINE, 11, 30))
        assert (more.stored, more.duplicates, more.watermark) == (10, 10, 30)
        assert await stored(database) == MINE
        assert await counted(database) == (30, 0)

    with_ledger(database_place, play)


def test_batches_of_many_journals_in_any_order_are_one_transaction(database_place: str) -> None:
    async def play(ledger: Ledger, database: Database) -> None:
        theirs = rows(30, before=OTHER)
        data = [*batches(MINE, [7, 3, 20]), *batches(theirs, [1, 9, 20], OTHER)] * 2
        random.Random(4).shuffle(data)
        found = await take(ledger, *data)
        assert [each.journal for each in found] == [decode(each).journal for each in data]
        assert {each.watermark for each in found} == {30}
        assert sum(each.stored for each in found) == sum(each.duplicates for each in found) == 60
        assert (await stored(database), await stored(database, OTHER)) == (MINE, theirs)

    with_ledger(database_place, play)


def test_the_watermark_waits_for_what_is_missing(database_place: str) -> None:
    async def play(ledger: Ledger, database: Database) -> None:
        (first,) = await take(ledger, part(MINE, 11, 20))
        assert (first.watermark, first.hash, first.missing) == (0, JOURNAL, ((1, 10),))
        assert b'"hash":""' in first.to_json()
        (second,) = await take(ledger, part(MINE, 1, 5))
        assert (second.watermark, second.missing) == (5, ((6, 10),))
        (third,) = await take(ledger, part(MINE, 4, 12))
        assert (third.watermark, third.stored, third.duplicates) == (20, 5, 4)
        assert await stored(database) == MINE[:20]

    with_ledger(database_place, play)


def test_another_content_under_a_known_number_is_kept_apart(
    database_place: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def play(ledger: Ledger, database: Database) -> None:
        await take(ledger, part(MINE, 1, 20))
        with caplog.at_level(logging.ERROR):
            (receipt,) = await take(ledger, part(FORK, 6, 15))
        assert (receipt.conflicts, receipt.duplicates) == ((11, 12, 13, 14, 15), 5)
        assert (receipt.forked, receipt.watermark, receipt.stored) == (True, 20, 0)
        assert f"journal {JOURNAL.hex()}: conflicts at [11" in caplog.text
        kept = await database.fetch("SELECT seq, hash, row, alarmed FROM conflicts ORDER BY seq")
        assert [(seq, hash, cbor2.loads(row), told) for seq, hash, row, told in kept] == [
            (each[0], each[-1], each, 0) for each in FORK[10:15]
        ]
        await take(ledger, part(FORK, 6, 15))
        assert len(await database.fetch("SELECT seq FROM conflicts")) == 5
        assert await stored(database) == MINE[:20]

    with_ledger(database_place, play)


def test_rows_that_continue_another_history_are_kept_apart(database_place: str) -> None:
    async def play(ledger: Ledger, database: Database) -> None:
        await take(ledger, part(MINE, 1, 14))
        (receipt,) = await take(ledger, part(FORK, 15, 17))
        assert (receipt.forked, receipt.conflicts, receipt.watermark) == (True, (15, 16, 17), 14)
        (mine,) = await take(ledger, part(MINE, 15, 30))
        assert (mine.forked, mine.watermark) == (False, 30)
        assert await stored(database) == MINE

    with_ledger(database_place, play)


def test_what_was_held_ahead_gives_way_to_the_journals_own_history(database_place: str) -> None:
    async def play(ledger: Ledger, database: Database) -> None:
        odd = rows(3, 25, FORK[23][-1], product="\0")
        data = batch(odd, FORK[23][-1])
        await take(ledger, part(FORK, 16, 20), data, part(MINE, 1, 8))
        (mine,) = await take(ledger, part(MINE, 7, 26))
        assert (mine.stored, mine.duplicates, mine.conflicts, mine.watermark) == (18, 2, (), 26)
        assert await stored(database) == MINE[:26]
        kept = await database.fetch("SELECT row FROM conflicts ORDER BY seq")
        assert [cbor2.loads(row) for (row,) in kept] == [*FORK[15:20], *odd]
        assert await counted(database) == (26, 0)
        assert await database.fetch("SELECT seq FROM odd_rows") == []

    with_ledger(database_place, play)


def test_a_withheld_row_counts_and_gets_its_content_later(database_place: str) -> None:
    async def play(ledger: Ledger, database: Database) -> None:
        said = [MINE[0], withheld(MINE[1]), withheld(MINE[2])]
        (receipt,) = await take(ledger, batch(said))
        assert (receipt.watermark, receipt.stored) == (3, 3)
        assert (await stored(database), await counted(database)) == (said, (3, 2))
        (filled,) = await take(ledger, part(MINE, 3, 3))
        assert (filled.stored, filled.duplicates) == (0, 1)
        assert await stored(database) == [MINE[0], withheld(MINE[1]), MINE[2]]
        assert await database.fetch("SELECT seq FROM late_rows") == [(3,)]
        (again,) = await take(ledger, batch(said))
        assert (again.duplicates, again.conflicts) == (3, ())
        assert await stored(database) == [MINE[0], withheld(MINE[1]), MINE[2]]
        assert await counted(database) == (3, 1)

    with_ledger(database_place, play)


def test_the_watermark_passes_a_gap_and_what_it_gave_up_may_come_late(database_place: str) -> None:
    async def play(ledger: Ledger, database: Database) -> None:
        (receipt,) = await take(ledger, batch([MINE[0], gap(MINE[1:9]), MINE[9]]))
        assert (receipt.watermark, receipt.stored) == (10, 2)
        assert await database.fetch("SELECT first, last, reason, hash FROM gaps") == [
            (2, 9, "dropped", MINE[8][-1])
        ]
        (late,) = await take(ledger, part(MINE, 4, 10))
        assert (late.stored, late.duplicates, late.conflicts) == (6, 1, ())
        assert [each[0] for each in await stored(database)] == [1, 4, 5, 6, 7, 8, 9, 10]
        told = await database.fetch("SELECT seq FROM late_rows ORDER BY seq")
        assert [seq for (seq,) in told] == [4, 5, 6, 7, 8, 9]
        (other,) = await take(ledger, part(FORK, 12, 13))
        assert other.watermark == 10

    with_ledger(database_place, play)


def test_of_a_gap_only_what_is_not_held_is_given_up(database_place: str) -> None:
    async def play(ledger: Ledger, database: Database) -> None:
        await take(ledger, part(MINE, 1, 5), part(MINE, 7, 7), part(MINE, 10, 12))
        (receipt,) = await take(ledger, batch([gap(MINE[:11]), MINE[11], MINE[12]]))
        assert (receipt.watermark, receipt.stored, receipt.conflicts) == (13, 1, ())
        found = await database.fetch("SELECT first, last, hash FROM gaps")
        assert found == [(6, 9, MINE[8][-1])]
        assert [each[0] for each in await stored(database)] == [1, 2, 3, 4, 5, 10, 11, 12, 13]
        kept = await database.fetch("SELECT seq, row FROM conflicts")  # no hash tells whose it is
        assert [(seq, cbor2.loads(row)) for seq, row in kept] == [(7, MINE[6])]

    with_ledger(database_place, play)


def test_rows_inside_a_gap_that_gives_way_are_stored_once(database_place: str) -> None:
    async def play(ledger: Ledger, database: Database) -> None:
        await take(ledger, part(MINE, 1, 10))
        await take(ledger, batch([gap(FORK[11:14]), *FORK[14:16]], FORK[10][-1]))
        await take(ledger, part(MINE, 11, 16))  # its rows 12 and 13 lie inside the copy's gap
        await take(ledger, part(MINE, 11, 16))
        (receipt,) = await take(ledger, part(MINE, 12, 30))
        assert (receipt.watermark, receipt.missing) == (30, ())
        assert await stored(database) == MINE

    with_ledger(database_place, play)


def test_a_journal_that_continues_another_begins_at_its_origin(database_place: str) -> None:
    async def play(ledger: Ledger, database: Database) -> None:
        await take(ledger, part(MINE, 1, 12))
        branch = rows(5, 11, MINE[9][-1], station="copy")
        (receipt,) = await take(ledger, batch(branch, MINE[9][-1], OTHER, origin=(JOURNAL, 10)))
        assert (receipt.watermark, receipt.stored, receipt.conflicts) == (15, 5, ())
        assert await stored(database, OTHER) == branch
        assert await ledger.receipt(OTHER, 9) == Receipt(OTHER, 9)
        strange = rows(2, 11, bytes(32))
        third = bytes(16)
        (forked,) = await take(ledger, batch(strange, bytes(32), third, origin=(JOURNAL, 10)))
        assert (forked.watermark, forked.forked) == (10, True)
        (elsewhere,) = await take(
            ledger, batch(rows(2, 16, branch[-1][-1]), branch[-1][-1], OTHER, origin=(third, 10))
        )
        assert (elsewhere.watermark, elsewhere.conflicts) == (15, (16, 17))

    with_ledger(database_place, play)


def test_a_journal_whose_origin_is_not_known_here_is_taken_as_it_comes(database_place: str) -> None:
    async def play(ledger: Ledger, database: Database) -> None:
        (receipt,) = await take(ledger, batch(FORK[12:], FORK[11][-1], OTHER, origin=(JOURNAL, 12)))
        assert (receipt.watermark, receipt.missing) == (30, ())
        third = bytes(16)
        made = rows(3, before=JOURNAL)
        (start,) = await take(ledger, batch(made, JOURNAL, third, origin=(OTHER, 0)))
        assert (start.watermark, start.hash) == (3, made[2][-1])

    with_ledger(database_place, play)


def test_a_receipt_can_be_asked_for_up_to_a_row(database_place: str) -> None:
    async def play(ledger: Ledger, database: Database) -> None:
        await take(ledger, batch([*MINE[:5], gap(MINE[5:9]), *MINE[9:20]]), part(MINE, 23, 24))

        async def upto(seq: int) -> tuple[int, bytes]:
            found = await ledger.receipt(JOURNAL, seq)
            assert (found.missing, found.stored) == ((), 0) or found.watermark == 20
            return found.watermark, found.hash

        assert await upto(99) == await upto(20) == (20, MINE[19][-1])
        assert await upto(19) == (19, MINE[18][-1])
        assert await upto(9) == (9, MINE[8][-1])
        assert await upto(8) == await upto(5) == (5, MINE[4][-1])
        assert await upto(0) == (0, b"")

    with_ledger(database_place, play)


def test_rows_that_no_column_can_hold_are_kept_exactly_and_block_nothing(
    database_place: str,
) -> None:
    async def play(ledger: Ledger, database: Database) -> None:
        said = rows(1)
        for seq, columns in enumerate(
            (
                {"product": "A\0B"},
                {"kind": "\0", "station": "s\0"},
                {"at_ns": (1 << 64) - 1},
                {"at_ns": -(1 << 64)},
                {"at_ns": -5},
                {"body": {"text": "\0"}},
            ),
            2,
        ):
            said += rows(1, seq, said[-1][-1], **columns)
        said += rows(1, 8, said[-1][-1])
        (receipt,) = await take(ledger, batch(said))
        assert (receipt.watermark, receipt.stored) == (8, 8)
        found = await stored(database)
        assert (found[1][5], found[2][2:4]) == ("A\ufffdB", ["\ufffd", "s\ufffd"])
        assert [found[n][1] for n in (3, 4)] == [(1 << 63) - 1, 1 - (1 << 63)]
        assert found[5:] == said[5:]
        exact = await database.fetch("SELECT seq, row FROM odd_rows ORDER BY seq")
        assert [(seq, cbor2.loads(row)) for seq, row in exact] == [
            (n, said[n - 1]) for n in (2, 3, 4, 5)
        ]
        (again,) = await take(ledger, batch(said))
        assert (again.duplicates, again.conflicts) == (8, ())

    with_ledger(database_place, play)


def test_more_spans_than_are_kept_ahead_are_left_for_later(
    database_place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.hub.spans.MOST_AHEAD", 2)

    async def play(ledger: Ledger, database: Database) -> None:
        found = await take(ledger, *(part(MINE, n, n) for n in (3, 5, 7)))
        assert [each.stored for each in found] == [1, 1, 0]
        assert [each.conflicts for each in found] == [(), (), ()]
        (whole,) = await take(ledger, batch(MINE))
        assert (whole.watermark, whole.stored, whole.duplicates) == (30, 28, 2)

    with_ledger(database_place, play)


def test_everything_outlives_a_restart(database_place: str) -> None:
    async def first(ledger: Ledger, database: Database) -> None:
        await take(ledger, part(MINE, 1, 5), part(MINE, 11, 15))

    async def second(ledger: Ledger, database: Database) -> None:
        assert (await ledger.receipt(JOURNAL)).missing == ((6, 10),)
        (receipt,) = await take(ledger, part(MINE, 6, 10))
        assert receipt.watermark == 15

    with_ledger(database_place, first)
    with_ledger(database_place, second)


def test_rows_of_two_months_are_one_journal(database_place: str) -> None:
    times = iter((NOW_NS, NOW_NS, NOW_NS + 10 * 86_400 * 10**9, NOW_NS + 45 * 86_400 * 10**9))

    async def play(ledger: Ledger, database: Database) -> None:
        for first in (1, 6, 11, 16):
            await take(ledger, part(MINE, first, first + 4))
        if database.engine == "postgres":
            found = await database.fetch(
                "SELECT inhrelid::regclass::text FROM pg_inherits"
                " WHERE inhparent = 'events'::regclass ORDER BY 1"
            )
            assert [name for (name,) in found] == [
                "events_2026_11",
                "events_2026_12",
                "events_2027_01",
            ]
        (again,) = await Ledger(database, lambda: NOW_NS).take([decode(batch(MINE[:20]))])
        assert (again.duplicates, again.watermark) == (20, 20)
        assert await stored(database) == MINE[:20]

    with_ledger(database_place, play, lambda: next(times))


def test_four_consumers_with_the_same_batches_store_each_row_once(postgres_url: str) -> None:
    theirs = rows(400, before=OTHER)
    mine = rows(400)
    data = [*batches(mine, [20] * 20), *batches(theirs, [20] * 20, OTHER)]

    async def consume(seed: int) -> int:
        dice = random.Random(seed)
        order = [decode(each) for each in data]
        dice.shuffle(order)
        database = await open_database(postgres_url)
        count = 0
        while order:
            group = [order.pop() for _ in range(min(dice.randint(1, 6), len(order)))]
            count += sum(each.stored for each in await Ledger(database).take(group))
        await database.close()
        return count

    async def all_of_it() -> None:
        counts = await asyncio.gather(*(consume(seed) for seed in range(4)))
        assert sum(counts) == 800
        database = await open_database(postgres_url)
        for journal, said in ((JOURNAL, mine), (OTHER, theirs)):
            receipt = await Ledger(database).receipt(journal)
            assert (receipt.watermark, receipt.missing) == (400, ())
            assert await stored(database, journal) == said
        assert await database.fetch("SELECT seq FROM conflicts") == []
        assert await counted(database) == (800, 0)
        await database.close()

    asyncio.run(all_of_it())


def test_a_server_killed_in_the_middle_loses_nothing_and_doubles_nothing(
    postgres: Postgres, postgres_url: str
) -> None:
    """Consumers go on by themselves when it is back: what they had not been told of, they take again."""
    said = rows(2000)
    data = batches(said, [10] * 200)
    confirmed: set[int] = set()

    async def all_of_it() -> None:
        up = asyncio.Event()
        up.set()
        far = {count: asyncio.Event() for count in (40, 90, 140)}

        async def consume(some: Sequence[bytes]) -> None:
            database = await open_database(postgres_url)
            ledger = Ledger(database)
            waiting = [decode(each) for each in some]
            while waiting:
                try:
                    await ledger.take(waiting[:1])
                except StoreTrouble:
                    await up.wait()
                    continue
                confirmed.add(waiting.pop(0).last)
                if len(confirmed) in far:
                    far[len(confirmed)].set()
            await database.close()

        async def kill() -> None:
            for reached in far.values():
                await reached.wait()
                up.clear()
                postgres.kill9()
                await asyncio.to_thread(postgres.start)
                up.set()

        killing = asyncio.create_task(kill())
        await asyncio.gather(consume(data[::2]), consume(data[1::2]), consume(data[::-1]))
        await killing
        database = await open_database(postgres_url)
        receipt = await Ledger(database).receipt(JOURNAL)
        assert (receipt.watermark, receipt.missing) == (2000, ())
        assert await stored(database) == said
        assert await counted(database) == (2000, 0)
        await database.close()

    try:
        asyncio.run(all_of_it())
    finally:
        postgres.start()


def test_a_connection_that_is_cut_in_a_transaction_is_trouble_and_nothing_is_half(
    postgres_url: str,
) -> None:
    class Cut(Ledger):
        """Ends its own connection after the rows were sent, before the commit."""

        async def _locked(self, session: Any, ids: Any) -> Any:
            held = await super()._locked(session, ids)
            if held:
                await session.fetch("SELECT pg_terminate_backend(pg_backend_pid())")
            return held

    async def play(ledger: Ledger, database: Database) -> None:
        with pytest.raises(StoreTrouble):
            await Cut(database).take([decode(batch(MINE))])
        assert await database.fetch("SELECT seq FROM events") == []
        (receipt,) = await take(ledger, batch(MINE))
        assert (receipt.watermark, receipt.stored) == (30, 30)

    with_ledger(postgres_url, play)


@settings(max_examples=60)
@given(some.data())
def test_whatever_comes_in_whatever_order_the_journal_is_held_exactly(
    data: some.DataObject,
) -> None:
    """Batches of the journal, of a copy that went its own way, with gaps and withheld rows, cut anywhere, again and
    again: when the journal's own have all come, it is held, and the copy's are nowhere among its rows."""

    def drawn(name: str) -> bytes:
        said = {"mine": MINE, "fork": FORK}[name]
        first = data.draw(some.integers(1, len(said)), "first")
        last = data.draw(some.integers(first, min(first + 8, len(said))), "last")
        cut = list(said[first - 1 : last])
        hides_fork = said is FORK and first < 11 < last  # a gap over row 11 would tell of neither
        if len(cut) > 2 and not hides_fork and data.draw(some.booleans(), "gap"):
            cut[1:-1] = [gap(cut[1:-1])]
        elif data.draw(some.booleans(), "withheld"):
            cut[-1] = withheld(cut[-1])
        return batch(cut, said[first - 2][-1] if first > 1 else JOURNAL)

    names = some.sampled_from(("mine", "mine", "fork"))
    coming = [drawn(data.draw(names)) for _ in range(data.draw(some.integers(0, 15), "count"))]
    prefix = part(MINE, 1, 11)  # the first whose row 11 follows on the watermark is the journal

    async def play(ledger: Ledger, database: Database) -> None:
        await take(ledger, prefix)
        for each in coming:
            (receipt,) = await take(ledger, each)
            assert receipt.watermark >= 11
            assert receipt.hash == MINE[receipt.watermark - 1][-1]
        end = await take(ledger, *batches(MINE, [4, 9, 5, 12]))
        assert (end[-1].watermark, end[-1].missing) == (30, ())
        assert await stored(database) == MINE
        assert await counted(database) == (30, 0)

    with TemporaryDirectory() as folder:
        with_ledger(Path(folder) / "hub.db", play)


def test_a_file_of_the_first_schema_is_taken_over_without_loss(tmp_path: Path) -> None:
    """As the first hub left it: rows, a withheld one, rows beyond a hole, a conflict, stubs (they follow from rows)."""
    path = tmp_path / "hub.db"
    make_first_schema(path)

    async def play(ledger: Ledger, database: Database) -> None:
        assert isinstance(database, SqliteDatabase)
        held = [*MINE[:3], withheld(MINE[3]), MINE[4], *MINE[7:9], MINE[11]]
        assert await stored(database) == held
        assert await counted(database) == (8, 1)
        receipt = await ledger.receipt(JOURNAL)
        assert (receipt.watermark, receipt.hash) == (5, MINE[4][-1])
        assert receipt.missing == ((6, 7), (10, 11))
        assert await database.fetch(
            "SELECT seq, hash, received_ns, row, alarmed FROM conflicts"
        ) == [(3, bytes(32), 7, b"row", 0)]
        assert (await ledger.receipt(OTHER)).watermark == 0
        (whole,) = await take(ledger, batch(MINE))
        assert (whole.watermark, whole.stored, whole.duplicates) == (30, 22, 8)
        assert await stored(database) == MINE

    with_ledger(path, play)


def make_first_schema(path: Path) -> None:
    file = sqlite3.connect(path)
    folder = files("gateway") / "hub" / "schema"
    file.executescript((folder / "0001.sql").read_text() + "PRAGMA user_version = 1;")
    file.execute("INSERT INTO journals VALUES (1, ?, 'gw', 5, 99)", (JOURNAL,))
    file.execute("INSERT INTO journals VALUES (2, ?, 'other', 0, 99)", (OTHER,))
    for said in (*MINE[:3], MINE[4], *MINE[7:9], MINE[11]):
        seq, at_ns, kind, station, uid, product, body, hash = said
        file.execute(
            "INSERT INTO events (journal, seq, hash, received_ns, at_ns, kind, station, uid, product,"
            " body, name) VALUES (1, ?, ?, 99, ?, ?, ?, ?, ?, ?, ?)",
            (seq, hash, at_ns, kind, station, uid, product, body, product),
        )
    file.execute(
        "INSERT INTO events (journal, seq, hash, received_ns, name) VALUES (1, 4, ?, 99, '')",
        (MINE[3][-1],),
    )
    file.execute("INSERT INTO stubs VALUES (?, 'x', 'x', x'', 0, x'00')", (bytes(32),))
    file.execute("INSERT INTO conflicts VALUES (1, 3, ?, 7, ?)", (bytes(32), b"row"))
    file.commit()
    file.close()
