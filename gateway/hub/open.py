"""Which database the hub has: PostgreSQL where a URL says so, else a file of its own."""

from pathlib import Path

from gateway.hub.database import Database
from gateway.hub.postgres import PostgresDatabase
from gateway.hub.sqlite import SqliteDatabase

SCHEMES = ("postgresql://", "postgres://")


async def open_database(where: str | Path) -> Database:
    """Open and migrate the database: a URL "postgresql://...", or the path of an SQLite file. Raises StoreTrouble."""
    if str(where).startswith(SCHEMES):
        return await PostgresDatabase.open(str(where))
    return await SqliteDatabase.open(Path(where))
