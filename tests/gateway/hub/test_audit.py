"""The audit: a chain that shows each change, on both engines, from one process and from several."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from gateway.hub import audit
from gateway.hub.access import ANYONE, TOKEN, Caller, caller
from gateway.hub.audit import Audit
from gateway.hub.database import Database, StoreTrouble
from gateway.hub.open import open_database
from gateway.keys import DeviceKey

KEY = DeviceKey.generate()
NOW_NS = 1_790_000_000 * 10**9

Play = Callable[[Database], Awaitable[None]]


def play(place: str | Path, act: Play) -> None:
    async def all_of_it() -> None:
        database = await open_database(place)
        try:
            await act(database)
        finally:
            await database.close()

    asyncio.run(all_of_it())


async def faults(database: Database, key: DeviceKey = KEY) -> list[str]:
    return [each async for each in audit.faults(database, [key.card])]


async def change(database: Database, sql: str) -> None:
    async with database.transaction() as session:
        await session.execute(sql)


def test_acts_are_one_chain_in_their_order(database_place: str) -> None:
    async def act(database: Database) -> None:
        kept = Audit(database, KEY, clock_ns=lambda: NOW_NS)
        for place in range(3):
            await kept.record(TOKEN, "PUT", f"/things/{place}", "201")
        rows = await audit.acts(database, "hub", 0)
        assert [(row.seq, row.subject) for row in rows] == [
            (1, "/things/0"),
            (2, "/things/1"),
            (3, "/things/2"),
        ]
        assert rows[0].as_json()["kid"] == KEY.kid.hex()
        assert await audit.acts(database, "hub", 2) == rows[2:]
        assert await audit.nodes(database) == [("hub", 3, rows[2].hash)]
        assert await faults(database) == []

    play(database_place, act)


def test_acts_at_once_share_transactions_and_lose_nothing(database_place: str) -> None:
    async def act(database: Database) -> None:
        one = Audit(database, KEY)
        other = await open_database(database_place)
        two = Audit(other, KEY)  # another process of the same hub, on the same chain
        work = [
            each.record(TOKEN, "PUT", f"{name}{place}", "201")
            for place in range(100)
            for name, each in (("a", one), ("b", two))
        ]
        await asyncio.gather(*work)
        rows = await audit.acts(database, "hub", 0)
        assert sorted(row.subject for row in rows) == sorted(
            f"{name}{place}" for place in range(100) for name in "ab"
        )
        assert await faults(database) == []
        await other.close()

    play(database_place, act)


def test_who_gives_up_while_others_are_written_takes_no_act_with_him(tmp_path: Path) -> None:
    async def act(database: Database) -> None:
        kept = Audit(database, KEY)

        def recorded(name: str) -> asyncio.Task[None]:
            return asyncio.create_task(kept.record(TOKEN, "PUT", name, "201"))

        one = recorded("a")
        while not kept._turn.locked():
            await asyncio.sleep(0)
        two, three = recorded("b"), recorded("c")
        await one  # b and c are written together now
        three.cancel()
        await asyncio.gather(recorded("d"), two)
        assert [row.subject for row in await audit.acts(database, "hub", 0)] == ["a", "b", "c", "d"]

    play(tmp_path / "hub.db", act)


@pytest.mark.parametrize(
    ("sql", "sentence"),
    [
        ("UPDATE audit SET outcome = '500' WHERE seq = 3", "row 3 was changed"),
        ("UPDATE audit SET at_ns = at_ns + 1 WHERE seq = 1", "row 1 was changed"),
        ("UPDATE audit SET evidence = hash WHERE seq = 2", "row 2 was changed"),
        ("DELETE FROM audit WHERE seq = 2", "row 2 is missing"),
        ("DELETE FROM audit WHERE seq = 1", "row 1 is missing"),
        ("DELETE FROM audit WHERE seq = 5", "ends at row 4, where row 5 was the last"),
        ("DELETE FROM audit", "ends at row 0"),
        ("DELETE FROM audit_heads", "ends at row 5, where row 0"),
        ("UPDATE audit SET signature = hash WHERE seq = 4", "row 4 is not signed by the hub"),
        ("UPDATE audit SET kid = hash WHERE seq = 4", "row 4 is signed by an unknown key"),
        ("UPDATE audit SET node = 'other' WHERE seq = 5", "ends at row 4"),
    ],
)
def test_a_row_that_was_touched_is_found(tmp_path: Path, sql: str, sentence: str) -> None:
    async def act(database: Database) -> None:
        kept = Audit(database, KEY, clock_ns=lambda: NOW_NS)
        for place in range(5):
            await kept.record(TOKEN, "PUT", f"/things/{place}", "201")
        await change(database, sql)
        assert sentence in (await faults(database))[0]

    play(tmp_path / "hub.db", act)


def test_a_chain_made_anew_by_another_key_is_found(tmp_path: Path) -> None:
    async def act(database: Database) -> None:
        await Audit(database, DeviceKey.generate()).record(TOKEN, "PUT", "/a", "201")
        assert "unknown key" in (await faults(database))[0]

    play(tmp_path / "hub.db", act)


def test_each_hub_has_its_own_chain(tmp_path: Path) -> None:
    async def act(database: Database) -> None:
        for node in ("hub1", "hub2", "hub1"):
            await Audit(database, KEY, node).record(TOKEN, "PUT", "/a", "201")
        assert [(node, seq) for node, seq, _ in await audit.nodes(database)] == [
            ("hub1", 2),
            ("hub2", 1),
        ]
        assert await faults(database) == []

    play(tmp_path / "hub.db", act)


def test_nobody_can_fill_the_disk_by_being_refused(tmp_path: Path) -> None:
    now = [NOW_NS]

    async def act(database: Database) -> None:
        kept = Audit(database, KEY, clock_ns=lambda: now[0])
        await asyncio.gather(*[kept.refused(ANYONE, "GET", f"/{n}", "no") for n in range(1000)])
        known = caller("line1", ["gateway"])
        await kept.refused(known, "GET", "/own", "no")  # no crowd hides it
        assert await database.fetch("SELECT count(*) FROM audit") == [(601,)]
        now[0] += 60 * 10**9
        await kept.refused(ANYONE, "GET", "/next", "no")
        rows = await audit.acts(database, "hub", 600)
        assert [row.outcome for row in rows] == [
            "refused: no",
            "refused: 400 more of strangers",
            "refused: no",
        ]
        await asyncio.gather(*[kept.refused(known, "GET", f"/{n}", "no") for n in range(1000)])
        await kept.settle()
        last = (await audit.acts(database, "hub", 603))[-1]
        assert (last.seq, last.caller, last.role) == (1204, "line1", "gateway")
        assert last.outcome == "refused: 400 more of line1"
        assert await faults(database) == []

    play(tmp_path / "hub.db", act)


def test_what_was_only_counted_is_kept_at_the_end(tmp_path: Path) -> None:
    async def act(database: Database) -> None:
        kept = Audit(database, KEY, clock_ns=lambda: NOW_NS)
        for _ in range(603):
            await kept.refused(ANYONE, "GET", "/", "no")
        await kept.settle()
        await kept.settle()
        rows = await audit.acts(database, "hub", 600)
        assert [row.outcome for row in rows] == ["refused: 3 more of strangers"]

    play(tmp_path / "hub.db", act)


def test_a_disk_that_refuses_is_told_and_loses_nothing_else(tmp_path: Path) -> None:
    async def act(database: Database) -> None:
        kept = Audit(database, KEY)
        await change(database, "ALTER TABLE audit RENAME TO away")
        answers = await asyncio.gather(
            *[kept.record(TOKEN, "PUT", "/a", "201") for _ in range(3)], return_exceptions=True
        )
        assert all(isinstance(each, StoreTrouble) for each in answers)
        await change(database, "ALTER TABLE away RENAME TO audit")
        await kept.record(TOKEN, "PUT", "/b", "201")
        assert [row.subject for row in await audit.acts(database, "hub", 0)] == ["/b"]
        assert await faults(database) == []

    play(tmp_path / "hub.db", act)


def test_whoever_stops_waiting_stops_nobody_else(tmp_path: Path) -> None:
    async def act(database: Database) -> None:
        kept = Audit(database, KEY)
        work = [asyncio.create_task(kept.record(TOKEN, "PUT", f"/{n}", "201")) for n in range(6)]
        await asyncio.sleep(0)
        work[0].cancel()
        work[3].cancel()
        await asyncio.gather(*work, return_exceptions=True)
        kept_of = {row.subject for row in await audit.acts(database, "hub", 0)}
        assert kept_of >= {"/1", "/2", "/4", "/5"}
        assert await faults(database) == []

    play(tmp_path / "hub.db", act)


@settings(max_examples=30)
@given(some.text(max_size=40), some.text(max_size=700), some.binary(max_size=20_000))
def test_any_text_is_kept(
    tmp_path_factory: pytest.TempPathFactory, name: str, subject: str, evidence: bytes
) -> None:
    async def act(database: Database) -> None:
        who = Caller("manager", name, frozenset(), evidence)
        await Audit(database, KEY).record(who, "PUT", subject + "\ud800\0", "201")
        assert await faults(database) == []

    play(tmp_path_factory.mktemp("hub") / "hub.db", act)


def test_any_text_is_kept_by_postgresql_too(postgres_url: str) -> None:
    async def act(database: Database) -> None:
        await Audit(database, KEY).record(TOKEN, "PUT", "/\0\ud800\U0001f600", "201")
        assert await faults(database) == []

    play(postgres_url, act)
