"""Journals that are copies, and hubs that have lost something: what was acknowledged is held once all the same."""

import asyncio
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.journal import CONFIRMED, SENT, Gap, Journal
from gateway.records import Records
from gateway.sync.answer import Later
from gateway.sync.common import Common, common
from gateway.sync.receipt import Receipt
from tests.sync_hub import Hub, fill, sending, serving, settled


def copied(path: Path, to: Path) -> Path:
    """What a copy of the card would be, taken at this moment."""
    with closing(sqlite3.connect(path)) as card, closing(sqlite3.connect(to)) as copy:
        card.backup(copy)
    return to


async def synced(journal: Journal, hub: Hub, more: int = 0) -> None:
    await fill(journal, more)
    async with sending(journal, hub.url) as uplink:
        await settled(uplink, journal)


async def assert_held_once(hub: Hub, *journals: Journal) -> None:
    """The hub holds each row of these journals, and none twice."""
    held = Counter(await hub.hashes())
    assert set(held.values()) == {1}
    assert set(held) == {row.hash for each in journals for row in each.after(0, 10_000)}


def test_a_copied_journal_goes_on_under_its_own_id(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def play() -> None:
        async with serving(tmp_path) as hub, Journal(tmp_path / "j.db") as journal:
            await synced(journal, hub, 3)
            async with Journal(copied(tmp_path / "j.db", tmp_path / "copy.db")) as copy:
                assert copy.id == journal.id
                await synced(journal, hub, 2)
                await synced(copy, hub, 4)
                assert copy.id != journal.id
                assert copy.origin == (journal.id, 3)
                await synced(journal, hub, 2)
                await synced(copy, hub, 1)
                await assert_held_once(hub, journal, copy)
                found = {id: watermark for id, watermark, _, _ in await hub.journals()}
                assert found == {journal.id: 7, copy.id: 8}
        assert "copied or restored" in caplog.text

    asyncio.run(play())


def test_whoever_comes_second_is_the_copy(tmp_path: Path) -> None:
    async def play() -> None:
        async with serving(tmp_path) as hub, Journal(tmp_path / "j.db") as journal:
            first = journal.id
            await synced(journal, hub, 3)
            async with Journal(copied(tmp_path / "j.db", tmp_path / "copy.db")) as copy:
                await synced(copy, hub, 4)
                await synced(journal, hub, 2)
                assert copy.id == first
                assert journal.origin == (first, 3)
                await assert_held_once(hub, journal, copy)

    asyncio.run(play())


def test_rows_that_both_have_and_neither_knows_to_be_confirmed_are_held_once(
    tmp_path: Path,
) -> None:
    async def play() -> None:
        async with serving(tmp_path) as hub, Journal(tmp_path / "j.db") as journal:
            await synced(journal, hub, 3)
            await fill(journal, 1500)
            async with Journal(copied(tmp_path / "j.db", tmp_path / "copy.db")) as copy:
                await synced(journal, hub, 700)
                await synced(copy, hub, 2)
                assert copy.origin == (journal.id, 1503)
                await assert_held_once(hub, journal, copy)

    asyncio.run(play())


def test_cards_that_were_cloned_before_their_first_row_each_have_all_their_rows(
    tmp_path: Path,
) -> None:
    async def play() -> None:
        Journal(tmp_path / "j.db").close()
        for name in ("one", "other"):
            copied(tmp_path / "j.db", tmp_path / f"{name}.db")
        async with (
            serving(tmp_path) as hub,
            Journal(tmp_path / "j.db") as journal,
            Journal(tmp_path / "one.db") as one,
            Journal(tmp_path / "other.db") as other,
        ):
            for each in (journal, one, other):
                await synced(each, hub, 5)
            await assert_held_once(hub, journal, one, other)
            assert len({journal.id, one.id, other.id}) == 3

    asyncio.run(play())


def test_copies_of_a_copy_that_nobody_had_found_out_share_what_they_share(tmp_path: Path) -> None:
    async def play() -> None:
        async with serving(tmp_path) as hub, Journal(tmp_path / "j.db") as journal:
            await fill(journal, 2)
            async with Journal(copied(tmp_path / "j.db", tmp_path / "one.db")) as one:
                await fill(one, 3)
                async with Journal(copied(tmp_path / "one.db", tmp_path / "other.db")) as other:
                    for each in (journal, one, other):
                        await synced(each, hub, 2)
                    await assert_held_once(hub, journal, one, other)
                    assert other.origin == (one.id, 5)

    asyncio.run(play())


def test_a_journal_out_of_a_backup_goes_on_behind_what_it_has(tmp_path: Path) -> None:
    async def play() -> None:
        async with serving(tmp_path) as hub:
            async with Journal(tmp_path / "j.db") as journal:
                await synced(journal, hub, 5)
                backup = copied(tmp_path / "j.db", tmp_path / "backup.db")
                await synced(journal, hub, 5)
            async with Journal(backup) as restored:
                await synced(restored, hub, 2)
                assert restored.origin == (journal_id(tmp_path), 5)
                found = {id: watermark for id, watermark, _, _ in await hub.journals()}
                assert found == {journal_id(tmp_path): 10, restored.id: 7}

    asyncio.run(play())


def test_a_hub_that_lost_everything_is_sent_all_branches_again(tmp_path: Path) -> None:
    async def play() -> None:
        async with Journal(tmp_path / "j.db") as journal:
            async with serving(tmp_path) as hub:
                await synced(journal, hub, 5)
                async with Journal(copied(tmp_path / "j.db", tmp_path / "copy.db")) as copy:
                    await synced(copy, hub, 3)
                await synced(journal, hub, 4)
                assert journal.origin is not None
            lose(tmp_path)
            async with serving(tmp_path) as hub:
                await synced(journal, hub, 1)
                await assert_held_once(hub, journal)
                older, seq = journal.origin
                assert [each[:3] for each in await hub.journals()][:2] == [
                    (journal.id, 10, 5),
                    (older, seq, 5),
                ]

    asyncio.run(play())


def test_a_hub_that_lost_what_was_given_back_here_is_told_of_the_gap(tmp_path: Path) -> None:
    async def play() -> None:
        async with Journal(tmp_path / "j.db") as journal:
            async with serving(tmp_path) as hub:
                await synced(journal, hub, 6)
            assert await journal.trim(0) == 5
            lose(tmp_path)
            async with serving(tmp_path) as hub:
                await synced(journal, hub, 2)
                assert await hub.journals() == [(journal.id, 8, 3, 0)]
                gaps = await hub.database.fetch("SELECT first, last, reason FROM gaps")
                assert gaps == [(1, 5, "trimmed")]

    asyncio.run(play())


def test_a_hub_that_went_back_into_what_was_given_back_is_told_of_the_rest(tmp_path: Path) -> None:
    async def play() -> None:
        async with Journal(tmp_path / "j.db") as journal:
            async with serving(tmp_path) as hub:
                await synced(journal, hub, 4)
                copied(tmp_path / "hub.db", tmp_path / "saved.db")
                await synced(journal, hub, 4)
            assert await journal.trim(0) == 7
            lose(tmp_path)
            (tmp_path / "saved.db").rename(tmp_path / "hub.db")
            async with serving(tmp_path) as hub:
                await synced(journal, hub, 2)
                assert await hub.journals() == [(journal.id, 10, 7, 0)]
                gaps = await hub.database.fetch("SELECT first, last, reason FROM gaps")
                assert gaps == [(5, 7, "trimmed")]
                assert len(journal.branches()) == 1

    asyncio.run(play())


def test_a_restart_after_the_hub_went_back_into_what_was_given_back_blocks_nothing(
    tmp_path: Path,
) -> None:
    async def play() -> None:
        async with Journal(tmp_path / "j.db") as journal:
            async with serving(tmp_path) as hub:
                await synced(journal, hub, 4)
                copied(tmp_path / "hub.db", tmp_path / "saved.db")
                await synced(journal, hub, 4)
            assert await journal.trim(0) == 7
            lose(tmp_path)
            (tmp_path / "saved.db").rename(tmp_path / "hub.db")
            for cursor in (CONFIRMED, SENT):  # as an uplink leaves them that was killed on the way
                await journal.move_cursor(cursor, 4)
            async with serving(tmp_path) as hub:
                await synced(journal, hub, 2)
                assert await hub.journals() == [(journal.id, 10, 7, 0)]

    asyncio.run(play())


def test_rows_that_were_given_back_on_both_sides_of_a_new_id_leave_a_gap_that_is_told(
    tmp_path: Path,
) -> None:
    async def play() -> None:
        async with Journal(tmp_path / "j.db") as journal:
            async with serving(tmp_path) as hub:
                await synced(journal, hub, 3)
                async with Journal(copied(tmp_path / "j.db", tmp_path / "copy.db")) as copy:
                    await synced(copy, hub, 1)
                await synced(journal, hub, 4)
                assert journal.origin is not None
            assert await journal.trim(0) == 6
            lose(tmp_path)
            async with serving(tmp_path) as hub:
                await synced(journal, hub, 2)
                assert await hub.journals() == [(journal.id, 9, 3, 0)]
                gaps = await hub.database.fetch("SELECT first, last, reason FROM gaps")
                assert gaps == [(4, 6, "trimmed")]
                await synced(journal, hub, 1)
                assert (await hub.journals())[0][1] == 10

    asyncio.run(play())


def lose(folder: Path) -> None:
    """The hub loses its database."""
    for end in ("", "-wal", "-shm"):
        (folder / f"hub.db{end}").unlink(missing_ok=True)


def journal_id(folder: Path) -> bytes:
    with closing(Records(folder / "j.db")) as records:
        return records.id


class History:
    """Rows by number, each with a hash that stands for all before, and runs of them that are not known one by one."""

    def __init__(self, names: list[str], gaps: list[tuple[int, int]]) -> None:
        self._names = names
        self._gaps = [Gap(first, last, "dropped", self.hash(last)) for first, last in gaps]

    def hash(self, seq: int) -> bytes:
        return "".join(self._names[:seq]).encode().ljust(32)

    def head(self) -> int:
        return len(self._names)

    def branches(self) -> list[tuple[bytes, int]]:
        return [(bytes(16), 0)]

    def gaps(self, seq: int = 0, limit: int = -1) -> list[Gap]:
        found = [each for each in self._gaps if each.last > seq]
        return found if limit < 0 else found[:limit]

    def known(self, seq: int) -> bool:
        return not any(gap.first <= seq < gap.last for gap in self._gaps)

    def is_row(self, seq: int) -> bool:
        return not any(gap.first <= seq <= gap.last for gap in self._gaps)

    def hash_at(self, seq: int) -> bytes:
        if not self.known(seq):
            raise LookupError
        return self.hash(seq)

    async def ask(self, journal: bytes, upto: int | None) -> Receipt | Later:
        seq = self.head() if upto is None else min(upto, self.head())
        while seq and not self.known(seq):
            seq -= 1
        return Receipt(journal, seq, hash=self.hash(seq) if seq else b"")


RUNS = st.lists(st.tuples(st.integers(0, 3), st.integers(1, 4)), max_size=4)


def spread(runs: list[tuple[int, int]], head: int) -> list[tuple[int, int]]:
    found, at = [], 0
    for skip, length in runs:
        first, at = at + skip + 1, at + skip + length + 1
        if at <= head:
            found.append((first, at))
    return found


@given(st.integers(0, 12), st.integers(0, 12), st.integers(0, 12), RUNS, RUNS)
def test_what_is_in_common_is_the_last_row_that_both_hold_alike(
    shared: int,
    ours: int,
    theirs: int,
    our_runs: list[tuple[int, int]],
    runs: list[tuple[int, int]],
) -> None:
    own = History(["c"] * shared + ["o"] * ours, spread(our_runs, shared + ours))
    hub = History(["c"] * shared + ["t"] * theirs, spread(runs, shared + theirs))
    found = asyncio.run(common(own, hub.ask))  # type: ignore[arg-type]
    assert isinstance(found, Common)
    assert found.seq <= own.head()
    if found.forked:
        both = [seq for seq in range(1, shared + 1) if own.is_row(seq) and hub.is_row(seq)]
        assert max(both, default=0) <= found.seq <= shared
    elif own.known(found.seq):
        assert found.seq <= shared
        assert hub.head() == found.seq or not hub.known(hub.head())


def test_what_is_missing_of_an_older_branch_counts_before_what_is_there_of_a_newer_one() -> None:
    class Twice(History):
        def branches(self) -> list[tuple[bytes, int]]:
            return [(bytes(16), 0), (b"\x01" * 16, 5)]

    async def ask(journal: bytes, upto: int | None) -> Receipt | Later:
        seq = 3 if journal == bytes(16) else 8
        return Receipt(journal, seq, hash=own.hash(seq))

    own = Twice(["c"] * 8, [])
    assert asyncio.run(common(own, ask)) == Common(3, own.hash(3), False)  # type: ignore[arg-type]


def test_a_hub_that_contradicts_itself_is_asked_again_later() -> None:
    async def ask(journal: bytes, upto: int | None) -> Receipt | Later:
        return Receipt(journal, 8, hash=b"x" * 32)

    own = History(["c"] * 8, [])
    assert isinstance(asyncio.run(common(own, ask)), Later)  # type: ignore[arg-type]
