"""The hub's database on a real PostgreSQL: what every room relies on, and what it answers when the server goes."""

import asyncio

import pytest

from gateway.hub.database import Database, StoreTrouble
from gateway.hub.open import open_database
from gateway.throwaway.postgres import Postgres

PATIENCE_S = 30.0  # far below the minute that a statement has


def test_a_server_that_is_killed_is_trouble_and_then_goes_on(
    postgres: Postgres, postgres_url: str
) -> None:
    async def play() -> None:
        database = await open_database(postgres_url)
        async with database.transaction() as session:
            await session.execute("CREATE TABLE kept (n BIGINT)")
        with pytest.raises(StoreTrouble):
            async with database.transaction() as session:
                await session.execute("INSERT INTO kept VALUES (1)")
                postgres.kill9()
                await session.execute("INSERT INTO kept VALUES (2)")
        with pytest.raises(StoreTrouble, match="PostgreSQL"):
            await database.fetch("SELECT 1")
        postgres.start()
        assert await database.fetch("SELECT n FROM kept") == []
        async with database.transaction() as session:
            await session.execute("INSERT INTO kept VALUES (3)")
        assert await database.fetch("SELECT n FROM kept") == [(3,)]
        await database.close()

    try:
        asyncio.run(play())
    finally:
        postgres.start()


def test_a_server_that_is_killed_while_it_takes_no_more_rows_holds_nobody(
    postgres: Postgres, postgres_url: str
) -> None:
    more_than_sockets_take = [(n, bytes(1 << 20)) for n in range(32)]

    async def copy(database: Database) -> None:
        async with database.transaction() as session:
            await session.copy("kept", ("n", "image"), more_than_sockets_take)

    async def play() -> None:
        database, onlooker = [await open_database(postgres_url) for _ in range(2)]
        async with database.transaction() as session:
            await session.execute("CREATE TABLE kept (n BIGINT, image BYTEA)")
        with pytest.raises(StoreTrouble):
            async with database.transaction() as holder:
                await holder.execute("LOCK TABLE kept IN SHARE MODE")
                copying = asyncio.create_task(copy(database))
                while not await onlooker.fetch("SELECT 1 FROM pg_locks WHERE NOT granted"):
                    await asyncio.sleep(0)
                await onlooker.close()  # no idle connection is left, whose end is learnt by its use
                postgres.kill9()
                with pytest.raises(StoreTrouble):
                    async with asyncio.timeout(PATIENCE_S):
                        await copying
        postgres.start()
        await copy(database)
        assert await database.fetch("SELECT count(*) FROM kept") == [(32,)]
        await database.close()

    try:
        asyncio.run(play())
    finally:
        postgres.start()


def test_many_that_open_an_empty_database_at_once_migrate_it_once(postgres_url: str) -> None:
    async def play() -> None:
        opened = await asyncio.gather(*[open_database(postgres_url) for _ in range(4)])
        for database in opened:
            assert await database.fetch("SELECT count(*) FROM schema_version") == [(1,)]
            await database.close()

    asyncio.run(play())


def test_a_server_that_is_not_there_is_named_without_its_password() -> None:
    with pytest.raises(StoreTrouble, match=r"127\.0\.0\.1:1\): start it, or mend") as why:
        asyncio.run(open_database("postgresql://hub:secret@127.0.0.1:1/tagwright"))
    assert "secret" not in str(why.value)


def test_a_database_of_a_newer_tagwright_is_refused(postgres_url: str) -> None:
    async def play() -> None:
        database = await open_database(postgres_url)
        async with database.transaction() as session:
            await session.execute("UPDATE schema_version SET version = 9999")
        await database.close()
        with pytest.raises(StoreTrouble, match="schema 9999.*newer"):
            await open_database(postgres_url)

    asyncio.run(play())


def test_a_url_where_nobody_answers_is_trouble(postgres: Postgres) -> None:
    async def play() -> None:
        with pytest.raises(StoreTrouble):
            await open_database(postgres.url.replace("/postgres", "/none"))
        with pytest.raises(StoreTrouble):
            await open_database("postgresql://nobody@127.0.0.1:1/x")

    asyncio.run(play())
