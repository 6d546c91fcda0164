"""Alarms: told once for each cause, closed, opened again, acknowledged, and kept when the register is made anew."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from gateway.hub import alarms
from gateway.hub.alarms import CONFLICT, FORK, TWO_PRODUCTS, Alarm
from gateway.hub.database import Database
from gateway.hub.open import open_database

FIRST = Alarm(TWO_PRODUCTS, "the cause", "tag", "what it is", 50)


@pytest.fixture(params=["sqlite", "postgres"])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """Where an empty database may be: a file, and a URL."""
    if request.param == "postgres":
        return request.getfixturevalue("postgres_url")
    return tmp_path / "hub.db"


def play(where: Any, scene: Callable[[Database], Awaitable[None]]) -> None:
    async def all_of_it() -> None:
        database = await open_database(where)
        try:
            await scene(database)
        finally:
            await database.close()

    asyncio.run(all_of_it())


async def sound(database: Database, *several: Alarm) -> None:
    async with database.transaction() as session:
        await alarms.sound(session, several)


async def close(database: Database, alarm: Alarm, at_ns: int) -> None:
    async with database.transaction() as session:
        await alarms.close(session, alarm.kind, {alarms.key(alarm.cause): at_ns})


async def listed(database: Database) -> list[dict[str, Any]]:
    return await alarms.listed(database, 1 << 62, 1000)


def test_a_cause_is_told_once(where: Any) -> None:
    async def scene(database: Database) -> None:
        await sound(database, FIRST, FIRST)
        await sound(database, FIRST)
        await sound(database, Alarm(FORK, FIRST.cause, "tag", "another kind", 50))
        found = await listed(database)
        assert [(each["kind"], each["text"]) for each in found] == [
            (FORK, "another kind"),
            (TWO_PRODUCTS, "what it is"),
        ]
        assert (await alarms.opened(database))[FORK] == 1

    play(where, scene)


def test_a_cause_may_be_of_any_length_and_any_text(where: Any) -> None:
    async def scene(database: Database) -> None:
        for cause in ("x" * 100_000, "x" * 100_001, "\ud800", "\0"):
            await sound(database, Alarm(CONFLICT, cause, "gw", "t", 1))
        assert len(await listed(database)) == 4

    play(where, scene)


def test_the_earliest_evidence_stands(where: Any) -> None:
    early = Alarm(FIRST.kind, FIRST.cause, "tag", "earlier", 40, 1, 7)
    late = Alarm(FIRST.kind, FIRST.cause, "tag", "later", 60, 1, 9)

    async def scene(database: Database) -> None:
        for each, text in ((late, "later"), (early, "earlier"), (late, "earlier")):
            await sound(database, each)
            (found,) = await listed(database)
            assert found["text"] == text

    play(where, scene)


def test_an_alarm_that_was_closed_is_opened_again_by_its_cause(where: Any) -> None:
    again = Alarm(FIRST.kind, FIRST.cause, "tag", "again", 90)

    async def scene(database: Database) -> None:
        await sound(database, FIRST)
        await close(database, FIRST, 60_000_000_000)
        await close(database, FIRST, 70_000_000_000)
        (found,) = await listed(database)
        assert found["closed_at"] == "1970-01-01T00:01:00.000Z"
        assert (await alarms.opened(database))[TWO_PRODUCTS] == 0
        await sound(database, again)
        (found,) = await listed(database)
        assert (found["closed_at"], found["text"]) == (None, "again")

    play(where, scene)


def test_what_a_person_acknowledged_is_kept_and_the_first_who_did_stands(where: Any) -> None:
    other = Alarm(TWO_PRODUCTS, "another", "tag 2", "t", 51)
    conflict = Alarm(CONFLICT, "kept", "gw", "t", 52)

    async def scene(database: Database) -> None:
        await sound(database, FIRST)
        await sound(database, other)
        await sound(database, conflict)
        numbers = {each["subject"]: each["number"] for each in await listed(database)}
        async with database.transaction() as session:
            assert await alarms.acknowledge(session, numbers["tag"], "Ann", 10**9)
            assert await alarms.acknowledge(session, numbers["tag"], "Bob", 2 * 10**9)
            assert not await alarms.acknowledge(session, 999, "Ann", 10**9)
            await alarms.forget(session)
        found = await listed(database)
        assert [each["subject"] for each in found] == ["gw", "tag"]
        assert found[1]["acknowledged_by"] == "Ann"
        assert found[1]["acknowledged_at"] == "1970-01-01T00:00:01.000Z"

    play(where, scene)
