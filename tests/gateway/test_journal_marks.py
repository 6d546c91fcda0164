"""What a journal remembers beside its rows: cuts, confirmations, branches, the quarantine."""

import asyncio
import shutil
from pathlib import Path

import pytest

from gateway.journal import CONFIRMED, SENT, Journal, JournalTrouble
from gateway.journal_marks import request_replays


async def filled(journal: Journal, count: int) -> None:
    await asyncio.gather(
        *[journal.append("verdict", "line1", b"", "", {"n": n}) for n in range(count)]
    )


def test_cuts_outlive_the_process_and_replace_those_that_they_overlap(tmp_path: Path) -> None:
    async def play() -> None:
        async with Journal(tmp_path / "j.db") as journal:
            await filled(journal, 12)
            await journal.cut([(1, 4), (5, 8)])
            await journal.cut([(9, 12)])
            assert journal.cuts(0) == [(1, 4), (5, 8), (9, 12)]
            assert journal.cuts(4) == [(5, 8), (9, 12)]
            await journal.cut([(5, 6), (7, 8)])
        async with Journal(tmp_path / "j.db") as again:
            assert again.cuts(0) == [(1, 4), (5, 6), (7, 8), (9, 12)]
            await again.cut([(6, 9)])
            assert again.cuts(0) == [(1, 4), (6, 9)]

    asyncio.run(play())


def test_confirming_moves_the_cursor_and_forgets_the_cuts_up_to_it(tmp_path: Path) -> None:
    async def play() -> None:
        async with Journal(tmp_path / "j.db") as journal:
            await filled(journal, 9)
            await journal.cut([(1, 3), (4, 6), (7, 9)])
            await journal.move_cursor(SENT, 9)
            await journal.confirm(6)
            assert journal.cuts(0) == [(7, 9)]
            assert journal.cursors() == {CONFIRMED: 6, SENT: 9}
            assert journal.lag() == 3

    asyncio.run(play())


def test_a_copied_journal_goes_on_under_an_id_of_its_own(tmp_path: Path) -> None:
    async def play() -> None:
        async with Journal(tmp_path / "j.db") as journal:
            await filled(journal, 6)
            await journal.confirm(4)
            first = journal.id
            assert journal.origin is None
        shutil.copy(tmp_path / "j.db", tmp_path / "copy.db")
        async with Journal(tmp_path / "copy.db") as copy:
            assert copy.id == first
            await filled(copy, 2)
            await copy.cut([(3, 4), (5, 8)])
            await copy.move_cursor(SENT, 8)
            await copy.branch(4)
            branched = copy.id
            assert branched != first and len(branched) == 16
            assert copy.origin == (first, 4)
            assert copy.cuts(0) == [(3, 4)]
            assert (copy.cursor(SENT), copy.cursor(CONFIRMED)) == (4, 4)
            assert copy.hash_at(0) == first
            assert copy.verify() is None
        async with Journal(tmp_path / "copy.db") as again:
            assert (again.id, again.origin) == (branched, (first, 4))
            await again.branch(7)
            assert again.origin == (branched, 7)
            await again.branch(7)  # the one before it never sent a row
            assert again.origin == (branched, 7)
            assert again.id != branched
            assert again.verify() is None

    asyncio.run(play())


def test_each_sink_has_a_quarantine_of_its_own(tmp_path: Path) -> None:
    async def play() -> None:
        async with Journal(tmp_path / "j.db") as journal:
            await filled(journal, 5)
            await journal.set_aside(2, "too long")
            await journal.set_aside(2, "no GLN", "epcis")
            await journal.set_aside(4, "no GTIN", "epcis")
            assert journal.quarantined() == {2: "too long"}
            assert journal.quarantined(sink="epcis") == {2: "no GLN", 4: "no GTIN"}
            await journal.release([2, 3], "epcis")
            assert (journal.replays(), journal.replays("epcis")) == ([], [2])
            await journal.replayed(2, "epcis")
            assert journal.replays("epcis") == []
            assert journal.quarantined(sink="epcis") == {4: "no GTIN"}
            assert [each[:2] for each in journal.aside()] == [(CONFIRMED, 2), ("epcis", 4)]

    asyncio.run(play())


def test_a_row_that_is_refused_again_is_no_longer_to_be_replayed(tmp_path: Path) -> None:
    async def play() -> None:
        async with Journal(tmp_path / "j.db") as journal:
            await filled(journal, 1)
            await journal.set_aside(1, "no")
            await journal.release([1])
            assert journal.replays() == [1]
            await journal.set_aside(1, "no, again")
            assert journal.replays() == []

    asyncio.run(play())


def test_a_replay_may_be_asked_for_while_a_gateway_writes(tmp_path: Path) -> None:
    async def play() -> None:
        async with Journal(tmp_path / "j.db") as journal:
            await filled(journal, 3)
            await journal.set_aside(2, "no")
            assert request_replays(tmp_path / "j.db", [2, 3]) == [2]
            assert journal.replays() == [2]
            await filled(journal, 1)
            assert journal.verify() is None

    asyncio.run(play())
    with pytest.raises(JournalTrouble, match=r"none\.db"):
        request_replays(tmp_path / "none.db", [1])
