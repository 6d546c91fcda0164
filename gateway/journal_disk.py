"""The journal's disk: free pages that go back to it, and the ballast, a reserve for when it is full."""

import os
import sqlite3
from pathlib import Path

MOST_BALLAST = (
    24 << 20
)  # bytes: a whole log may have to grow the file, and closing and trimming need some

_LOW = 1 << 20  # bytes; a disk with less than this left is full
_VACUUM_PAGES = 2000  # that are freed at a time: 8 MiB
_FULL = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_SHMSIZE)


class Ballast:
    """FILE.ballast, there while a writer is; its blocks are allocated, not only its length."""

    def __init__(self, journal: Path, most: int) -> None:
        """most: bytes; a quarter of what the disk has left where that is less."""
        self._path = Path(f"{journal}.ballast")
        self._stands = False
        self.give_up()  # that of a writer that was killed: opening may need it
        self._size = min(most, free_bytes(self._path) // 4)

    def make(self) -> bool:
        """Allocate it, unless the disk has less than twice as much free; whether it stands."""
        if self._stands:
            return True
        if free_bytes(self._path) < 2 * max(self._size, _LOW):
            return False
        try:
            with self._path.open("wb") as file:
                os.posix_fallocate(file.fileno(), 0, max(1, self._size))
        except OSError:
            self.give_up()
            return False
        self._stands = True
        return True

    def is_needed(self) -> bool:
        """Whether the disk has so little left that the ballast is to be given up."""
        return free_bytes(self._path) < max(self._size, _LOW)

    def give_up(self) -> None:
        """Free its blocks."""
        self._stands = False
        self._path.unlink(missing_ok=True)


def is_full(e: sqlite3.Error) -> bool:
    """Whether SQLite found no room, in the file's limit or on the disk."""
    return getattr(e, "sqlite_errorcode", None) in _FULL


def checkpoint(file: sqlite3.Connection) -> None:
    """Write the log into the file and cut it to nothing; left for later where a reader stands in it."""
    (busy_ms,) = file.execute("PRAGMA busy_timeout").fetchone()
    file.execute("PRAGMA busy_timeout = 0")
    try:
        file.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    finally:
        file.execute(f"PRAGMA busy_timeout = {busy_ms}")


def vacuum_some(file: sqlite3.Connection) -> int:
    """Give some free pages back to the disk; returns how many are left.

    By executescript: `execute("PRAGMA incremental_vacuum(N)")` frees one page.
    """
    file.executescript(f"PRAGMA incremental_vacuum({_VACUUM_PAGES})")
    checkpoint(file)
    return free_pages(file)


def free_pages(file: sqlite3.Connection) -> int:
    """Pages of the file that hold nothing."""
    (free,) = file.execute("PRAGMA freelist_count").fetchone()
    found: int = free
    return found


def free_bytes(path: Path) -> int:
    """What the disk that a file lies on has left."""
    disk = os.statvfs(path.parent)
    return disk.f_bavail * disk.f_frsize


def size(path: Path) -> int:
    """Bytes of a journal and its log on the disk."""
    return sum(each.stat().st_size for each in (path, Path(f"{path}-wal")) if each.exists())
