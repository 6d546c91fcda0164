"""What every room relies on in a database, on both engines; and what is SQLite's own."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from gateway.hub.database import Database, StoreTrouble
from gateway.hub.open import open_database
from gateway.hub.sqlite import SqliteDatabase

Play = Callable[[Database], Awaitable[None]]


def with_database(place: str | Path, play: Play) -> None:
    async def all_of_it() -> None:
        database = await open_database(place)
        try:
            async with database.transaction() as session:
                await session.execute("CREATE TABLE kept (n BIGINT PRIMARY KEY, said TEXT)")
            await play(database)
        finally:
            await database.close()

    asyncio.run(all_of_it())


def test_what_is_written_is_read_by_numbered_placeholders(database_place: str) -> None:
    async def play(database: Database) -> None:
        async with database.transaction() as session:
            await session.execute("INSERT INTO kept (said, n) VALUES ($2, $1)", 1, "one")
            await session.execute_many("INSERT INTO kept VALUES ($1, $2)", [(2, "two"), (3, None)])
            await session.copy("kept", ("n", "said"), [(4, "four"), (5, "five")])
            made = await session.fetch("INSERT INTO kept VALUES ($1, $2) RETURNING n", 6, "six")
            assert made == [(6,)]
            assert len(await session.fetch("SELECT n FROM kept")) == 6
        assert await database.fetch("SELECT said FROM kept WHERE n >= $1 ORDER BY n", 3) == [
            (None,),
            ("four",),
            ("five",),
            ("six",),
        ]

    with_database(database_place, play)


def test_any_takes_a_list(database_place: str) -> None:
    async def play(database: Database) -> None:
        async with database.transaction() as session:
            await session.copy("kept", ("n", "said"), [(n, str(n)) for n in range(9)])
        query = "SELECT n FROM kept WHERE n = ANY($1) AND said = ANY($2) ORDER BY n"
        assert await database.fetch(query, [1, 2, 3, 99], ["2", "3", "x"]) == [(2,), (3,)]
        assert await database.fetch(query, [], ["2"]) == []

    with_database(database_place, play)


def test_an_exception_undoes_the_transaction(database_place: str) -> None:
    async def play(database: Database) -> None:
        with pytest.raises(ZeroDivisionError):
            async with database.transaction() as session:
                await session.execute("INSERT INTO kept VALUES (1, 'x')")
                raise ZeroDivisionError
        assert await database.fetch("SELECT n FROM kept") == []
        async with database.transaction() as session:
            await session.execute("INSERT INTO kept VALUES (1, 'x')")

    with_database(database_place, play)


def test_one_that_is_cancelled_undoes_its_transaction(database_place: str) -> None:
    async def play(database: Database) -> None:
        inside = asyncio.Event()

        async def write() -> None:
            async with database.transaction() as session:
                await session.execute("INSERT INTO kept VALUES (1, 'x')")
                inside.set()
                await asyncio.Event().wait()

        task = asyncio.create_task(write())
        await inside.wait()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        async with database.transaction() as session:
            assert await session.fetch("SELECT n FROM kept") == []

    with_database(database_place, play)


def test_what_an_engine_refuses_is_trouble(database_place: str) -> None:
    async def play(database: Database) -> None:
        async with database.transaction() as session:
            await session.execute("INSERT INTO kept VALUES (1, 'x')")
        for sql, values in (
            ("INSERT INTO kept VALUES (1, 'x')", ()),
            ("INSERT INTO nowhere VALUES (1)", ()),
            ("INSERT INTO kept (n) VALUES ($1)", (1 << 63,)),
        ):
            with pytest.raises(StoreTrouble):
                async with database.transaction() as session:
                    await session.execute(sql, *values)
        with pytest.raises(StoreTrouble):
            async with database.transaction() as session:
                await session.copy("kept", ("n", "said"), [(2, "y"), (1, "x")])
        with pytest.raises(StoreTrouble):
            await database.fetch("SELECT nothing FROM kept")
        assert await database.fetch("SELECT n FROM kept") == [(1,)]

    with_database(database_place, play)


def test_readers_see_what_is_committed_and_wait_for_no_writer(database_place: str) -> None:
    async def play(database: Database) -> None:
        async with database.transaction() as session:
            await session.execute("INSERT INTO kept VALUES (1, 'x')")
            found = await asyncio.gather(*(database.fetch("SELECT n FROM kept") for _ in range(9)))
            assert found == [[]] * 9
        assert await database.fetch("SELECT n FROM kept") == [(1,)]

    with_database(database_place, play)


def test_writers_take_turns(database_place: str) -> None:
    async def play(database: Database) -> None:
        async with database.transaction() as session:
            await session.execute("INSERT INTO kept VALUES (1, '0')")

        async def add() -> None:
            async with database.transaction() as session:
                query = f"SELECT said FROM kept WHERE n = 1{database.locking}"
                ((said,),) = await session.fetch(query)
                await session.execute("UPDATE kept SET said = $1", str(int(said) + 1))

        await asyncio.gather(*(add() for _ in range(20)))
        assert await database.fetch("SELECT said FROM kept") == [("20",)]

    with_database(database_place, play)


def test_a_reader_of_the_file_writes_nothing(tmp_path: Path) -> None:
    async def play(database: Database) -> None:
        with pytest.raises(StoreTrouble, match="read"):
            await database.fetch("INSERT INTO kept VALUES (1, 'x') RETURNING n")

    with_database(tmp_path / "hub.db", play)


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "hub.db").write_text("no database at all, just text " * 50)
    with pytest.raises(StoreTrouble, match=r"hub\.db"):
        asyncio.run(open_database(tmp_path / "hub.db"))
    with pytest.raises(StoreTrouble, match="none"):
        asyncio.run(open_database(tmp_path / "none" / "hub.db"))


def test_a_disk_that_refuses_is_trouble_and_then_goes_on(tmp_path: Path) -> None:
    async def play(database: Database) -> None:
        assert isinstance(database, SqliteDatabase)
        async with database.transaction() as session:
            ((pages,),) = await session.fetch("PRAGMA page_count")
            await session.execute(f"PRAGMA max_page_count = {pages + 2}")
        with pytest.raises(StoreTrouble, match="disk"):
            async with database.transaction() as session:
                await session.execute("INSERT INTO kept VALUES (1, $1)", "x" * 100_000)
        async with database.transaction() as session:
            await session.execute("PRAGMA max_page_count = 1000000")
            await session.execute("INSERT INTO kept VALUES (1, $1)", "x" * 100_000)
        assert await database.fetch("SELECT n FROM kept") == [(1,)]

    with_database(tmp_path / "hub.db", play)
