"""What another device wrote down: each row and how far its log has come are on disk together or not at all."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from gateway.journal import Act, Journal, JournalFull

LOG = "handheld/01/02"


def acts(first: int, last: int, kind: str = "verdict", size: int = 0) -> Sequence[Act]:
    return [Act(n, kind, b"tag", "", {"n": n, "x": bytes(size)}) for n in range(first, last + 1)]


def test_rows_and_cursor_come_together(tmp_path: Path) -> None:
    async def play() -> None:
        async with Journal(tmp_path / "j.db") as journal:
            stored, *_ = await asyncio.gather(
                journal.take(LOG, "hand/ada", acts(5, 9)),
                journal.append("verdict", "gate", b"", "", {}),
                journal.take("another", "hand/bob", acts(1, 2)),
            )
            assert [row.content()["n"] for row in stored] == [5, 6, 7, 8, 9]
            assert {row.station for row in stored} == {"hand/ada"}
            assert (journal.cursor(LOG), journal.cursor("another")) == (9, 2)
            assert journal.verify() is None
            assert await journal.take(LOG, "hand/ada", []) == []
        async with Journal(tmp_path / "j.db") as again:
            assert (again.cursor(LOG), again.head()) == (9, 8)

    asyncio.run(play())


def test_its_results_close_and_spend_nothing_of_the_gateways_own(tmp_path: Path) -> None:
    async def play() -> None:
        async with Journal(tmp_path / "j.db") as journal:
            own = await journal.append("intent", "gate", b"tag", "p", {})
            await journal.take(LOG, "hand/ada", [Act(1, "result", b"tag", "p", {"seq": 4})])
            assert [row.seq for row in journal.open_intents()] == [own.seq]
            assert journal.known_seq("p") == 4

    asyncio.run(play())


@pytest.mark.parametrize("kind", ["handheld", "result"])
def test_where_one_does_not_fit_none_behind_it_is_stored(tmp_path: Path, kind: str) -> None:
    """Nor does a result use what is kept for the results of the gateway's own intents."""

    async def play() -> None:
        async with Journal(tmp_path / "j.db", max_bytes=1 << 20) as journal:
            with pytest.raises(JournalFull):
                while True:
                    await journal.append("bind", "", b"", "", {"x": bytes(40_000)})
            sizes = [10_000, 10_000, 10_000, 200_000, 10, 10]
            mixed = [Act(n, kind, b"", "", {"x": bytes(size)}) for n, size in enumerate(sizes, 1)]
            before = journal.head()
            with pytest.raises(JournalFull):
                await journal.take(LOG, "hand/ada", mixed)
            stored = journal.head() - before
            assert journal.cursor(LOG) == stored < 4
            with pytest.raises(JournalFull):
                for _ in range(99):
                    await journal.take(LOG, "hand/ada", acts(9, 12, kind, 9_000))
            assert journal.verify() is None

    asyncio.run(play())


def test_what_can_be_no_row_is_refused_whole(tmp_path: Path) -> None:
    async def play() -> None:
        async with Journal(tmp_path / "j.db") as journal:
            for wrong in (
                Act(2, "nonsense", b"", "", {}),
                Act(2, "verdict", b"", "\ud800", {}),
                Act(2, "verdict", b"", "", {"clock": 1}),
            ):
                with pytest.raises(ValueError, match=r".+"):
                    await journal.take(LOG, "hand/ada", [*acts(1, 1), wrong])
            assert (journal.head(), journal.cursor(LOG)) == (0, 0)

    asyncio.run(play())
