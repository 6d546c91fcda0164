"""The journal's room: three classes of rows, the bytes that each may hold, and how near to that it is.

Passports (what is done to tags) are never dropped and may take whatever the others leave. Captures and telemetry have
a quota each. Bytes of a class are reckoned, ROW_BYTES and its body for a row; the file's own are counted in pages.
"""

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

PASSPORTS, CAPTURES, TELEMETRY = "passports", "captures", "telemetry"
CLASSES = (PASSPORTS, CAPTURES, TELEMETRY)
DISK = "disk"
CLASS_OF = {
    "intent": PASSPORTS,
    "result": PASSPORTS,
    "void": PASSPORTS,
    "repair": PASSPORTS,
    "clock": PASSPORTS,
    "bind": PASSPORTS,
    "handheld": PASSPORTS,
    "audit": PASSPORTS,
    "verdict": CAPTURES,
    "refused": CAPTURES,
    "window": CAPTURES,
    "pallet": CAPTURES,
    "code": CAPTURES,
    "label": CAPTURES,
    "presence": TELEMETRY,
}
ROW_BYTES = 170  # of a row beside its body: columns, hash, indexes (measured: 170; 116 without tag and product)
LEVELS = (95, 85, 70)  # percent
PAGE = 4096  # bytes
_MOST_UNCOUNTED = 4096  # rows that are counted anew when the journal is opened


class Pressure(NamedTuple):
    """How full the journal is. level: 0, 70, 85 or 95 % of the fullest class; shares: of each class, 1.0: full.

    Where the disk itself is full there is a share "disk", too.
    """

    level: int
    shares: dict[str, float]


@dataclass(slots=True)
class Room:
    """What the journal holds, and how much it may, in bytes; dropped: rows, since the file was made."""

    limit: int  # of the file, without what is kept for closing rows
    quotas: dict[str, int]  # of captures and telemetry
    held: dict[str, int] = field(default_factory=lambda: dict.fromkeys(CLASSES, 0))
    dropped: dict[str, int] = field(default_factory=lambda: dict.fromkeys(CLASSES, 0))
    counted: int = 0  # the seq up to which `held` was stored
    oldest: dict[str, int] = field(
        default_factory=dict
    )  # no row of the class up to here may be dropped

    def is_short(self, name: str, need: int, used: int) -> bool:
        """Whether `need` bytes of a class do not fit into its quota, or into a file of which `used` is in use."""
        if used + need > self.limit:
            return True
        return name in self.quotas and self.held[name] + need > self.quotas[name]

    def pressure(self, used: int) -> Pressure:
        """used: bytes of the file in use; what captures and telemetry do not hold is left to the passports."""
        others = sum(self.held[name] for name in self.quotas)
        shares = {PASSPORTS: max(0, used - others) / max(1, self.limit - others)}
        shares |= {name: self.held[name] / max(1, quota) for name, quota in self.quotas.items()}
        fullest = 100 * max(shares.values())
        return Pressure(next((each for each in LEVELS if fullest >= each), 0), shares)

    def comes(self, held: dict[str, int]) -> None:
        """Rows of so many bytes a class have come."""
        for name, size in held.items():
            self.held[name] += size

    def leaves(self, held: dict[str, int]) -> None:
        """Rows of so many bytes a class have left."""
        for name, size in held.items():
            self.held[name] -= size

    def store(self, file: sqlite3.Connection, head: int) -> None:
        """Within a transaction: what is held up to row `head`."""
        quotas = {PASSPORTS: self.limit} | self.quotas
        file.executemany(
            "INSERT OR REPLACE INTO room (class, bytes, quota, dropped) VALUES (?, ?, ?, ?)",
            [(name, self.held[name], quotas[name], self.dropped[name]) for name in CLASSES],
        )
        file.execute("UPDATE journal SET counted = ?", (head,))
        self.counted = head

    def is_stored(self, file: sqlite3.Connection) -> bool:
        """Whether the file has these quotas."""
        quotas = {PASSPORTS: self.limit} | self.quotas
        return dict(file.execute("SELECT class, quota FROM room").fetchall()) == quotas

    def is_stale(self, head: int) -> bool:
        """Whether too many rows came since the last `store`."""
        return head - self.counted > _MOST_UNCOUNTED

    def copy(self) -> "Room":
        held, dropped, oldest = dict(self.held), dict(self.dropped), dict(self.oldest)
        return Room(self.limit, self.quotas, held, dropped, self.counted, oldest)


def stored_room(
    file: sqlite3.Connection, limit: int = 0, quotas: dict[str, int] | None = None
) -> Room:
    """The room as the file has it, its newest rows counted in. limit, quotas: those to be from now on."""
    found = file.execute("SELECT class, bytes, quota, dropped FROM room").fetchall()
    before = {name: quota for name, _, quota, _ in found}
    if quotas is None:
        limit = before.pop(PASSPORTS, 1)
        quotas = before
    room = Room(limit, quotas)
    room.held |= {name: held for name, held, _, _ in found}
    room.dropped |= {name: dropped for name, _, _, dropped in found}
    (room.counted,) = file.execute("SELECT counted FROM journal").fetchone()
    newer = file.execute(
        "SELECT kind, count(*) * ? + sum(length(body)) FROM events WHERE seq > ? GROUP BY kind",
        (ROW_BYTES, room.counted),
    )
    for kind, held in newer:
        room.held[CLASS_OF[kind]] += held
    return room


def used_bytes(file: sqlite3.Connection) -> int:
    """The bytes of the file that hold something."""
    (pages,) = file.execute("PRAGMA page_count").fetchone()
    (free,) = file.execute("PRAGMA freelist_count").fetchone()
    used: int = (pages - free) * PAGE
    return used


def kinds_of(name: str) -> Iterable[str]:
    """The kinds of rows in a class."""
    return [kind for kind, each in CLASS_OF.items() if each == name]
