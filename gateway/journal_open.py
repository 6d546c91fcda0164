"""Opening a journal's file for its one writer: the lock, the pragmas, and the way up from an older schema."""

import fcntl
import os
import sqlite3
from collections.abc import Collection
from contextlib import suppress
from importlib.resources import files
from pathlib import Path

from gateway.journal_disk import checkpoint, free_bytes
from gateway.journal_room import PAGE
from gateway.records import SCHEMA, JournalTrouble, connect
from gateway.schema import migrate

_WAL_PAGES = 4000  # between checkpoints; 1000, the default, costs a quarter of the events a second


class JournalBusy(JournalTrouble):
    """Another process has this journal open for writing."""


def open_for_writing(
    path: Path, max_bytes: int, sinks: Collection[str] | None
) -> sqlite3.Connection:
    """The file, of this schema; made where it is missing. sinks: the cursors that trimming waits for; None: as before.

    What a log still holds is written to the file itself: after a failed fsync the log may be in memory only, and rows
    that are appended to it would be lost with it. Raises sqlite3.Error or SchemaTrouble.
    """
    file = connect(path, "rwc")
    file.execute("PRAGMA auto_vacuum = INCREMENTAL")  # has no effect once the file is in WAL
    file.execute("PRAGMA journal_mode = WAL")
    file.execute("PRAGMA synchronous = FULL")
    file.execute(f"PRAGMA wal_autocheckpoint = {_WAL_PAGES}")
    file.execute(f"PRAGMA max_page_count = {max_bytes // PAGE}")
    with suppress(sqlite3.OperationalError):  # a full disk: it is tried again later
        checkpoint(file)
    _keep_before_migrating(file, path)
    migrate(file, files("gateway") / "schema")
    file.execute("INSERT OR IGNORE INTO journal (only, id) VALUES (1, randomblob(16))")
    if sinks is not None:
        _hold_for(file, sinks)
    return file


def lock(path: Path) -> int:
    """Hold FILE.lock until the descriptor is closed or the process ends, however it ends."""
    lock_path = f"{path}.lock"
    try:
        lock = os.open(lock_path, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as e:
        raise JournalTrouble(f"{path} cannot be used as a journal: {e}") from e
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(lock, 20, 0).decode("ascii", "replace").strip() or "unknown"
        os.close(lock)
        raise JournalBusy(
            f"{path} is in use by process {holder}: stop that one, or name another journal"
        ) from None
    os.truncate(lock, 0)
    os.pwrite(lock, str(os.getpid()).encode(), 0)
    return lock


def _keep_before_migrating(file: sqlite3.Connection, path: Path) -> None:
    """A copy of a journal of an older schema, FILE.schemaN, which an older Tagwright can go back to."""
    (version,) = file.execute("PRAGMA user_version").fetchone()
    kept = Path(f"{path}.schema{version}")
    if not 0 < version < SCHEMA or kept.exists():
        return
    missing = 2 * path.stat().st_size - free_bytes(path)
    if missing > 0:
        raise JournalTrouble(
            f"{path} is of an older Tagwright, and the disk has no room to keep a copy of it:"
            f" free {missing >> 20} MB, then start again"
        )
    half = Path(f"{kept}.part")
    half.unlink(missing_ok=True)
    file.execute("VACUUM INTO ?", (str(half),))
    with half.open("rb") as copy:
        os.fsync(copy.fileno())
    half.rename(kept)


def _hold_for(file: sqlite3.Connection, sinks: Collection[str]) -> None:
    held = {name for (name,) in file.execute("SELECT name FROM cursors WHERE holds = 1")}
    if held == set(sinks):
        return
    file.execute("BEGIN IMMEDIATE")
    file.execute("UPDATE cursors SET holds = 0")
    file.executemany(
        "INSERT INTO cursors (name, seq, holds) VALUES (?, 0, 1)"
        " ON CONFLICT (name) DO UPDATE SET holds = 1",
        [(name,) for name in sinks],
    )
    file.execute("COMMIT")
