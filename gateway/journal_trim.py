"""What leaves a journal: rows that every sink has are given back, others are dropped; each leaves a gap with its hash.

All within the caller's transaction, so that a kill leaves the rows or their gap. Never given back: open intents, what
is in quarantine, and the newest result of a tag whose stub stands in the journal only. The newest row of all stays.
Of a product's newest result that is given back, what stations ask for is kept.
"""

import sqlite3
from collections.abc import Container, Iterable
from typing import NamedTuple

from gateway.journal_room import CLASS_OF, ROW_BYTES, Room, kinds_of, used_bytes
from gateway.records import Gap, remnant

TRIMMED, DROPPED = "trimmed", "dropped"

_AT_ONCE = 500  # rows that are given back before it is asked whether that is enough
_PORTION = 64  # of its quota a class drops so much at once, for the next rows, too
_RESULTS = (
    "SELECT product, seq, at_ns, uid, body FROM events"
    " WHERE seq = ? AND kind = 'result' AND product <> ''"
)
_WRITTEN = (
    "INSERT INTO written (product, seq, at_ns, uid, body) VALUES (?, ?, ?, ?, ?)"
    " ON CONFLICT (product) DO UPDATE SET seq = excluded.seq, at_ns = excluded.at_ns,"
    " uid = excluded.uid, body = excluded.body WHERE excluded.seq > seq"
)
_FREE = (
    "SELECT seq, kind, length(body), hash, at_ns FROM events e WHERE seq > ? AND seq <= ?"
    " AND NOT EXISTS (SELECT 1 FROM open_intents WHERE seq = e.seq)"
    " AND NOT EXISTS (SELECT 1 FROM remembered WHERE seq = e.seq)"
    " AND NOT EXISTS (SELECT 1 FROM quarantine WHERE seq = e.seq)"
    " ORDER BY seq LIMIT ?"
)


class Freed(NamedTuple):
    """What left. held: class -> bytes, as the room reckons them; last: the highest seq."""

    rows: int
    held: dict[str, int]
    last: int


def floor(file: sqlite3.Connection, head: int) -> int:
    """The seq up to which rows may be given back: every sink that trimming waits for has them."""
    (seq,) = file.execute("SELECT ifnull(min(seq), 0) FROM cursors WHERE holds = 1").fetchone()
    return min(int(seq), head - 1)


def make_room(
    file: sqlite3.Connection, room: Room, head: int, name: str, need: int, besides: int
) -> None:
    """Let leave what must, for `need` bytes of a class and `besides` of others; there may still be too little after.

    First what every sink has is given back; then the oldest rows of the class are dropped, if it is not passports.
    """
    after, up_to = 0, floor(file, head)

    def is_short() -> bool:
        return room.is_short(name, need, used_bytes(file) + besides)

    while is_short():
        freed = give_back(file, after, up_to, _AT_ONCE)
        if not freed.rows:
            break
        after = freed.last
        room.leaves(freed.held)
    if name not in room.quotas:
        return
    enough = max(need, room.quotas[name] // _PORTION)
    (under_way,) = file.execute("SELECT ifnull(max(last), 0) FROM cuts").fetchone()
    # what is in a batch is dropped late, and last what a sink has refused: all else up to `up_to` has left
    for behind in (max(under_way, up_to, room.oldest.get(name, 0)), up_to, 0):
        after = behind
        while is_short():
            freed = drop(file, name, after, head, enough)
            if not freed.rows:
                break
            after = freed.last
            room.oldest[name] = max(room.oldest.get(name, 0), after)
            room.dropped[name] += freed.rows
            room.leaves(freed.held)


def give_back(
    file: sqlite3.Connection, after: int, up_to: int, most: int, before_ns: int | None = None
) -> Freed:
    """Trim the oldest rows behind `after`, at most `most`, none behind `up_to`.

    before_ns: stop at the first that is not older. Gaps between them become one, whatever they were.
    """
    leaving = []
    for seq, kind, size, digest, at_ns in file.execute(_FREE, (after, up_to, most)):
        if before_ns is not None and at_ns >= before_ns:
            break
        leaving.append((seq, kind, size, digest))
    for seq, kind, _, _ in leaving:
        if kind == "result":
            for *columns, body in file.execute(_RESULTS, (seq,)).fetchall():
                file.execute(_WRITTEN, (*columns, remnant(body)))
    return _remove(file, leaving, TRIMMED, up_to, ())


def drop(file: sqlite3.Connection, name: str, after: int, before: int, enough: int) -> Freed:
    """Drop the oldest rows of a class between `after` and `before`: `enough` bytes, or all there are."""
    kinds = [*kinds_of(name)]
    marks = ", ".join("?" * len(kinds))
    query = (
        "SELECT seq, kind, length(body), hash FROM events"
        f" WHERE seq > ? AND seq < ? AND kind IN ({marks}) ORDER BY seq"
    )
    leaving = []
    for row in file.execute(query, (after, before, *kinds)):
        leaving.append(row)
        enough -= ROW_BYTES + row[2]
        if enough <= 0:
            break
    file.executemany("DELETE FROM quarantine WHERE seq = ?", [(row[0],) for row in leaving])
    fences = {seq for (seq,) in file.execute("SELECT last FROM cuts UNION SELECT seq FROM cursors")}
    return _remove(file, leaving, DROPPED, 0, fences)


def _remove(
    file: sqlite3.Connection,
    leaving: list[tuple[int, str, int, bytes]],
    reason: str,
    up_to: int,
    fences: Container[int],
) -> Freed:
    if not leaving:
        return Freed(0, {}, 0)
    held: dict[str, int] = {}
    new: list[Gap] = []
    for seq, kind, size, digest in leaving:
        name = CLASS_OF[kind]
        held[name] = held.get(name, 0) + ROW_BYTES + size
        if new and new[-1].last == seq - 1 and seq - 1 not in fences:
            new[-1] = Gap(new[-1].first, seq, reason, digest)
        else:
            new.append(Gap(seq, seq, reason, digest))
    file.executemany(
        "DELETE FROM events WHERE seq BETWEEN ? AND ?", [(gap.first, gap.last) for gap in new]
    )
    around = (new[0].first, new[-1].last + 1)
    clause = "first >= ifnull((SELECT max(first) FROM gaps WHERE first < ?), 0) AND first <= ?"
    old = file.execute(f"SELECT first, last, reason, hash FROM gaps WHERE {clause}", around)
    joined = _joined(sorted([Gap(*columns) for columns in old] + new), up_to, fences)
    file.execute(f"DELETE FROM gaps WHERE {clause}", around)
    file.executemany("INSERT INTO gaps (first, last, reason, hash) VALUES (?, ?, ?, ?)", joined)
    return Freed(len(leaving), held, new[-1].last)


def _joined(gaps: Iterable[Gap], up_to: int, fences: Container[int]) -> list[Gap]:
    """Neighbours as one: all up to `up_to`, and those behind it that were dropped, but for a fence between them.

    A fence is where a batch ends: its hash must be kept, for the sink may stand there.
    """
    found: list[Gap] = []
    for gap in gaps:
        last = found[-1] if found else None
        if last is None or last.last + 1 != gap.first:
            found.append(gap)
        elif gap.last <= up_to:
            found[-1] = Gap(last.first, gap.last, TRIMMED, gap.hash)
        elif last.reason == gap.reason and last.last not in fences:
            found[-1] = Gap(last.first, gap.last, gap.reason, gap.hash)
        else:
            found.append(gap)
    return found
