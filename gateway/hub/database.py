"""The hub's database as its rooms see it: SQL that SQLite and PostgreSQL read alike, over one of the two.

Placeholders are $1, $2, ..., and `x = ANY($1)` takes a sequence; text is TEXT, bytes are BLOB or BYTEA, JSON is TEXT,
a truth value 0 or 1. What an engine raises becomes StoreTrouble.
"""

from collections.abc import Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

Value = int | float | str | bytes | None | Sequence[int] | Sequence[bytes] | Sequence[str]


class StoreTrouble(Exception):
    """The hub's database or its disk is at fault; the text says what."""


class Session(Protocol):
    """One transaction under way."""

    async def fetch(self, sql: str, *values: Value) -> list[tuple[Any, ...]]:
        """All rows of the answer."""

    async def execute(self, sql: str, *values: Value) -> None:
        """One statement without an answer."""

    async def execute_many(self, sql: str, rows: Iterable[Sequence[Value]]) -> None:
        """One statement for each row of values."""

    async def copy(
        self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Value]]
    ) -> None:
        """Insert many new rows, by the engine's fastest way. A key that stands already is StoreTrouble."""


class Database(Protocol):
    """An open, migrated database. locking, skip_locked: what a SELECT that locks its rows ends with ("" for SQLite)."""

    engine: str  # "sqlite" or "postgres"
    locking: str
    skip_locked: str

    def transaction(self) -> AbstractAsyncContextManager[Session]:
        """A transaction that may write: committed (durable) at the end, rolled back by an exception."""

    async def fetch(self, sql: str, *values: Value) -> list[tuple[Any, ...]]:
        """Read what is committed, without waiting for writers."""

    async def close(self) -> None:
        """Close it; not used afterwards."""
