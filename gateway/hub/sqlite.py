"""The hub's embedded database: one SQLite file (WAL, synchronous=FULL), one thread that writes, a few that read.

SQL is the rooms' common text (database.py): $1, $2, ... are SQLite's named parameters, and `= ANY($1)` with a
sequence becomes IN (...).
"""

import asyncio
import re
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, asynccontextmanager
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Self, TypeVar

from gateway.hub.database import Database, Session, StoreTrouble, Value
from gateway.records import connect
from gateway.schema import SchemaTrouble, migrate

_T = TypeVar("_T")

_READERS = 4  # connections that read at once
_NAMES = tuple(str(number) for number in range(1, 100))
_ANY = re.compile(r"=\s*ANY\(\$(\d+)\)")


class SqliteDatabase(Database):
    """An open file. Raises StoreTrouble."""

    engine = "sqlite"
    locking = ""  # there is one writer
    skip_locked = ""

    def __init__(self, path: Path) -> None:
        """Open and migrate the file, which is made where it is missing."""
        self._path = path
        try:
            self._writer = connect(path, "rwc")
            self._writer.execute("PRAGMA auto_vacuum = INCREMENTAL")
            self._writer.execute("PRAGMA journal_mode = WAL")
            self._writer.execute("PRAGMA synchronous = FULL")
            migrate(self._writer, files("gateway") / "hub" / "schema")
            self._idle = [connect(path, "ro") for _ in range(_READERS)]
        except (sqlite3.Error, SchemaTrouble) as e:
            raise StoreTrouble(f"{path} cannot be used as the hub's database: {e}") from e
        self._turn = asyncio.Lock()
        self._writing = ThreadPoolExecutor(1, thread_name_prefix="hub-writer")
        self._reading = ThreadPoolExecutor(_READERS, thread_name_prefix="hub-reader")

    @classmethod
    async def open(cls, path: Path) -> Self:
        return await asyncio.to_thread(cls, path)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Session]:
        async with self._turn:
            session = _SqliteSession(self._writer, self._write)
            with ExitStack() as undo:  # submitted before whatever comes next in that thread
                undo.callback(self._writing.submit, self._undo)
                await self._write(self._begin)
                yield session
                undo.pop_all()
            await self._write(self._commit)

    async def fetch(self, sql: str, *values: Value) -> list[tuple[Any, ...]]:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._reading, self._read, sql, values)

    async def close(self) -> None:
        await asyncio.to_thread(self._reading.shutdown)
        await asyncio.to_thread(self._writing.shutdown)
        for connection in (*self._idle, self._writer):
            connection.close()

    def _read(self, sql: str, values: Sequence[Value]) -> list[tuple[Any, ...]]:
        connection = self._idle.pop()  # there are as many as threads
        try:
            return connection.execute(*_bound(sql, values)).fetchall()
        except (sqlite3.Error, OverflowError) as e:
            raise StoreTrouble(f"the hub's database cannot be read: {e}") from e
        finally:
            self._idle.append(connection)

    async def _write(self, act: Callable[..., _T], *values: Any) -> _T:
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._writing, act, *values)
        except (sqlite3.Error, OverflowError) as e:
            raise StoreTrouble(f"the hub's disk refuses to store: {e}") from e

    def _begin(self) -> None:
        self._writer.execute("BEGIN IMMEDIATE")

    def _commit(self) -> None:
        try:
            self._writer.execute("COMMIT")
        finally:
            self._undo()

    def _undo(self) -> None:
        if self._writer.in_transaction:
            self._writer.execute("ROLLBACK")


class _SqliteSession(Session):
    """A transaction of the writer's thread; `write` runs a function there."""

    def __init__(self, connection: sqlite3.Connection, write: Callable[..., Any]) -> None:
        self._connection = connection
        self._write = write

    async def fetch(self, sql: str, *values: Value) -> list[tuple[Any, ...]]:
        found: list[tuple[Any, ...]] = await self._write(self._all, sql, values)
        return found

    async def execute(self, sql: str, *values: Value) -> None:
        await self._write(self._all, sql, values)

    async def execute_many(self, sql: str, rows: Iterable[Sequence[Value]]) -> None:
        said = [dict(zip(_NAMES, row, strict=False)) for row in rows]
        await self._write(self._connection.executemany, sql, said)

    async def copy(
        self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Value]]
    ) -> None:
        marks = ", ".join("?" * len(columns))
        sql = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})"
        await self._write(self._connection.executemany, sql, rows)

    def _all(self, sql: str, values: Sequence[Value]) -> list[tuple[Any, ...]]:
        return self._connection.execute(*_bound(sql, values)).fetchall()


def _bound(sql: str, values: Sequence[Value]) -> tuple[str, dict[str, Any]]:
    """SQLite's text for `sql`, and its parameters by name."""
    named: dict[str, Any] = dict(zip(_NAMES, values, strict=False))
    lists = {name: value for name, value in named.items() if not isinstance(value, _SCALARS)}
    for name, value in lists.items():
        del named[name]
        named |= {f"{name}_{place}": each for place, each in enumerate(value)}
    return _expanded(sql, tuple((name, len(value)) for name, value in lists.items())), named


_SCALARS = (int, float, str, bytes, type(None))


@lru_cache(maxsize=256)
def _expanded(sql: str, lists: tuple[tuple[str, int], ...]) -> str:
    sizes = dict(lists)

    def marks(found: re.Match[str]) -> str:
        name = found[1]
        return f"IN ({', '.join(f'${name}_{place}' for place in range(sizes[name]))})"

    return _ANY.sub(marks, sql) if sizes else sql
