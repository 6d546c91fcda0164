"""Batches: their bytes, their boundaries, and that the hub reads them as they were meant."""

import asyncio
from pathlib import Path

from edge import cbor
from gateway.hub import batch as hub_batch
from gateway.journal import Gap, Journal, Row
from gateway.sync.batch import Batch, Branch, branch_of, branches, encode, pieces_for
from gateway.sync.cutter import Cutter
from gateway.sync.flight import Flight, Leg
from tests.sync_hub import fill

NAME = Branch(bytes(range(16)), 0, None, None)


def row(seq: int) -> Row:
    return Row(
        seq, 1_700_000_000_000_000_000, "verdict", "s", b"\x04", "p", b"\xa0", bytes([seq]) * 32
    )


def test_a_batch_is_the_deterministic_cbor_that_another_codec_makes() -> None:
    rows = [row(3), row(4), Gap(5, 9, "trimmed", bytes(32)), row(10)]
    batch = encode("gw", NAME, b"\x02" * 32, rows, {4})
    said = [list(rows[0]), [4, rows[1].hash], [5, 9, "trimmed", bytes(32)], list(rows[3])]
    whole = {1: 2, 2: "gw", 3: NAME.id, 4: 3, 5: 10, 6: said, 7: b"\x02" * 32}
    assert batch.data == cbor.encode(whole)
    assert batch.key == f"{NAME.id.hex()}/3-10"
    assert len(batch) == 4


def test_a_branch_names_the_journal_that_it_goes_on_from() -> None:
    older = bytes(16)
    batch = encode("gw", Branch(NAME.id, 2, None, (older, 2)), b"\x02" * 32, [row(3)], ())
    whole = {
        1: 2,
        2: "gw",
        3: NAME.id,
        4: 3,
        5: 3,
        6: [list(row(3))],
        7: b"\x02" * 32,
        8: [older, 2],
    }
    assert batch.data == cbor.encode(whole)


def test_the_hub_reads_what_the_gateway_wrote(tmp_path: Path) -> None:
    async def play() -> None:
        async with Journal(tmp_path / "j.db") as journal:
            await fill(journal, 5)
            await journal.set_aside(4, "no")
            cutter = Cutter(journal, "gw")
            batch = cutter.batch(Leg(1, 5))
            assert batch is not None
            found = hub_batch.decode(batch.data)
            rows = journal.after(0, 5)
            assert (found.journal, found.gateway, found.first, found.last) == (
                journal.id,
                "gw",
                1,
                5,
            )
            assert found.rows == (*rows[:3], hub_batch.Withheld(4, rows[3].hash), rows[4])
            await journal.branch(3)
            cutter.begin(3)
            batch = cutter.batch(Leg(4, 5))
            assert batch is not None
            found = hub_batch.decode(batch.data)
            assert found.origin == (journal.branches()[0][0], 3)
            assert found.journal == journal.id

    asyncio.run(play())


def test_a_journal_that_was_copied_before_its_first_row_is_read_by_the_hub(tmp_path: Path) -> None:
    async def play() -> None:
        async with Journal(tmp_path / "j.db") as journal:
            await fill(journal, 2)
            await journal.branch(0)
            batch = Cutter(journal, "gw").batch(Leg(1, 2))
            assert batch is not None
            found = hub_batch.decode(batch.data)
            assert found.origin == (journal.branches()[0][0], 0)
            assert list(found.rows) == journal.after(0, 2)

    asyncio.run(play())


def test_a_batch_resent_after_a_crash_is_byte_identical(tmp_path: Path) -> None:
    def made(journal: Journal) -> Batch:
        flight = Flight(0, journal.cuts(0))
        batch = Cutter(journal, "gw").batch(flight.start())
        assert batch is not None
        return batch

    async def play() -> None:
        async with Journal(tmp_path / "j.db") as journal:
            await fill(journal, 7)
            await journal.cut(Cutter(journal, "gw").cuts(Flight(0), 1))
            before = made(journal)
            await fill(journal, 7)
        async with Journal(tmp_path / "j.db") as journal:
            after = made(journal)
        assert (before.first, before.last) == (1, 7)
        assert after == before

    asyncio.run(play())


def test_large_rows_travel_in_smaller_batches(tmp_path: Path) -> None:
    async def play() -> None:
        async with Journal(tmp_path / "j.db") as journal:
            for _ in range(3):
                await journal.append("verdict", "s", b"", "", {"x": bytes(300_000)})
            assert Cutter(journal, "gw").cuts(Flight(0), 4) == [(1, 1), (2, 2)]

    asyncio.run(play())


def test_few_rows_wait_while_others_are_under_way_and_many_do_not(tmp_path: Path) -> None:
    async def play() -> None:
        async with Journal(tmp_path / "j.db") as journal:
            await fill(journal, 3)
            cutter = Cutter(journal, "gw")
            flight = Flight(0)
            assert cutter.cuts(flight, 4) == [(1, 3)]
            flight.add([(1, 3)])
            leg = flight.start()
            await fill(journal, 3)
            assert cutter.cuts(flight, 4) == []
            flight.take(leg)
            assert cutter.cuts(flight, 4) == [(4, 6)]
            flight.add([(4, 6)])
            await fill(journal, 600)
            assert cutter.cuts(flight, 4) == [(7, 518), (519, 606)]

    asyncio.run(play())


def test_a_batch_ends_where_the_journal_took_another_id(tmp_path: Path) -> None:
    async def play() -> None:
        async with Journal(tmp_path / "j.db") as journal:
            first = journal.id
            await fill(journal, 9)
            await journal.branch(4)
            assert branches(journal) == [
                Branch(first, 0, 4, None),
                Branch(journal.id, 4, None, (first, 4)),
            ]
            assert [branch_of(journal, seq).id == first for seq in (1, 4, 5, 99)] == [
                *(True, True, False, False)
            ]
            assert [each[0] for each in pieces_for(journal, 2, 100, 4)] == [3, 4]
            await journal.branch(2)
            assert [each[1:3] for each in branches(journal)] == [(0, 2), (2, None)]
            await journal.branch(0)
            assert branches(journal) == [Branch(journal.id, 0, None, (first, 0))]

    asyncio.run(play())
