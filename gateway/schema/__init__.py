"""Versioned schemas of SQLite files: a folder of NNNN.sql, and PRAGMA user_version says how far a file has come."""

import sqlite3
from importlib.resources.abc import Traversable


class SchemaTrouble(Exception):
    """The file is no store of ours, or was made by a newer Tagwright; the text says which."""


def migrate(connection: sqlite3.Connection, folder: Traversable) -> None:
    """Bring the open file to the newest schema in `folder`, each step in one transaction.

    The connection is in autocommit mode (isolation_level None). Raises SchemaTrouble where the
    file is newer than the folder or is no database; the file stands as it was after a raise.
    """
    scripts = {int(f.name[:4]): f for f in folder.iterdir() if f.name.endswith(".sql")}
    newest = max(scripts)
    try:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
    except sqlite3.DatabaseError as e:
        raise SchemaTrouble(f"this is no SQLite file ({e}): name another one") from e
    if version > newest:
        raise SchemaTrouble(
            f"the file has schema {version}, this Tagwright knows {newest}: use a newer Tagwright"
        )
    for number in sorted(each for each in scripts if each > version):
        connection.executescript(
            f"BEGIN IMMEDIATE; {scripts[number].read_text()}; PRAGMA user_version = {number}; COMMIT"
        )
