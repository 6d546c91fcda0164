"""The hub's database on PostgreSQL (14 or later), through a pool of connections.

A server that goes away is StoreTrouble for what was under way; the next call connects again. A commit whose answer
was lost may stand: whoever repeats it must bear that.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from importlib.resources import files
from typing import Any, Self
from urllib.parse import urlsplit

import asyncpg

from gateway.hub.database import Database, Session, StoreTrouble, Value

_CONNECT_S = 10.0
_ANSWER_S = 60.0  # for one statement
_CONNECTIONS = 8
_MIGRATION = 0x7461677772696768  # "tagwrigh": the advisory lock of whoever migrates
_SERVER = {  # a client that is gone, or cut off, gives its locks back soon
    "application_name": "tagwright",
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
    "idle_in_transaction_session_timeout": "60s",
}


class PostgresDatabase(Database):
    """An open pool. Raises StoreTrouble."""

    engine = "postgres"
    locking = " FOR UPDATE"
    skip_locked = " FOR UPDATE SKIP LOCKED"

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
        self._pool = pool

    @classmethod
    async def open(cls, url: str, connections: int = _CONNECTIONS) -> Self:
        """Connect to `url` and migrate the database. connections: at most, at once."""
        with _troubles():
            pool = await asyncpg.create_pool(
                url,
                min_size=0,
                max_size=connections,
                reset=_as_it_is,
                timeout=_CONNECT_S,
                command_timeout=_ANSWER_S,
                server_settings=_SERVER,
            )
        database = cls(pool)
        async with AsyncExitStack() as undo:
            undo.callback(pool.terminate)
            try:
                await database.fetch("SELECT 1")
            except StoreTrouble as e:
                where = urlsplit(url).netloc.rpartition("@")[2] or "its socket"  # no password
                raise StoreTrouble(f"{e} (at {where}): start it, or mend `database`") from e
            await database._migrate()
            undo.pop_all()
        return database

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Session]:
        async with self._connection() as connection:
            transaction = connection.transaction()
            with _troubles():
                await transaction.start()
            async with AsyncExitStack() as undo:
                undo.push_async_callback(_undone, connection, transaction)
                yield _PostgresSession(connection)
                undo.pop_all()
            with _troubles():
                await transaction.commit()

    async def fetch(self, sql: str, *values: Value) -> list[tuple[Any, ...]]:
        async with self._connection() as connection:
            return await _PostgresSession(connection).fetch(sql, *values)

    async def close(self) -> None:
        try:
            await asyncio.wait_for(self._pool.close(), _CONNECT_S)
        except (TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
            self._pool.terminate()

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[Any]:
        with _troubles():
            connection = await self._pool.acquire()
        try:
            yield connection
        finally:
            with _troubles():
                await self._pool.release(connection)

    async def _migrate(self) -> None:
        """Every script above the database's version, in one transaction; one migrates, the others wait."""
        folder = files("gateway") / "hub" / "schema_postgres"
        scripts = {int(f.name[:4]): f for f in folder.iterdir() if f.name.endswith(".sql")}
        async with self.transaction() as session:
            await session.fetch("SELECT pg_advisory_xact_lock($1)", _MIGRATION)
            ((encoding,),) = await session.fetch("SHOW server_encoding")
            if encoding != "UTF8":
                raise StoreTrouble(f"the database's encoding is {encoding}: make it with UTF8")
            await session.execute(
                "CREATE TABLE IF NOT EXISTS schema_version (version BIGINT NOT NULL)"
            )
            found = await session.fetch("SELECT version FROM schema_version")
            version = found[0][0] if found else 0
            if version > max(scripts):
                raise StoreTrouble(
                    f"the database has schema {version}, this Tagwright knows {max(scripts)}:"
                    " use a newer Tagwright"
                )
            for number in sorted(each for each in scripts if each > version):
                await session.execute(scripts[number].read_text())
            await session.execute("DELETE FROM schema_version")
            await session.execute("INSERT INTO schema_version VALUES ($1)", max(scripts))


class _PostgresSession(Session):
    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def fetch(self, sql: str, *values: Value) -> list[tuple[Any, ...]]:
        with _troubles():
            return [tuple(found) for found in await self._connection.fetch(sql, *values)]

    async def execute(self, sql: str, *values: Value) -> None:
        with _troubles():
            await self._connection.execute(sql, *values)

    async def execute_many(self, sql: str, rows: Iterable[Sequence[Value]]) -> None:
        with _troubles():
            await self._connection.executemany(sql, rows)

    async def copy(
        self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Value]]
    ) -> None:
        with _troubles():
            async with _while_it_lasts(self._connection):
                await self._connection.copy_records_to_table(table, records=rows, columns=columns)


async def _undone(connection: Any, transaction: Any) -> None:
    """Roll back; where that is no longer possible, the connection's end undoes it."""
    try:
        with _troubles():
            await transaction.rollback()
    except StoreTrouble:
        with suppress(asyncpg.InterfaceError):  # one that is closed has left the pool already
            connection.terminate()


@asynccontextmanager
async def _while_it_lasts(connection: Any) -> AsyncIterator[None]:
    """TimeoutError when the connection is lost: asyncpg 0.32 lets a COPY that has no room to send wait on for ever."""
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(_ANSWER_S) as limit:

        def lost(_: object) -> None:
            with suppress(RuntimeError):  # it was over just before
                limit.reschedule(loop.time())

        connection.add_termination_listener(lost)
        try:
            yield
        finally:
            with suppress(asyncpg.InterfaceError):  # it is no longer the pool's
                connection.remove_termination_listener(lost)


async def _as_it_is(_: Any) -> None:
    """What a connection is given back with: our transactions leave nothing behind."""


@contextmanager
def _troubles() -> Iterator[None]:
    """What asyncpg raises is StoreTrouble."""
    try:
        yield
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as e:
        raise StoreTrouble(f"the hub's PostgreSQL: {str(e) or type(e).__name__}") from e
    except asyncpg.InternalClientError as e:
        raise StoreTrouble(f"the hub's PostgreSQL left in the middle of something: {e}") from e
