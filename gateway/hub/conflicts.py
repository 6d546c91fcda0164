"""Conflicts that the ledger has kept apart become alarms: other content under a number that is held."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from gateway.hub import alarms
from gateway.hub.alarms import Alarm
from gateway.hub.database import Database

_MOST = 1000  # told at once

_NEW = (
    "SELECT journal, seq, hash, received_ns, length(row) FROM conflicts WHERE alarmed = 0"
    " ORDER BY journal, seq, hash LIMIT $1"
)
_JOURNALS = "SELECT number, id, gateway FROM journals WHERE number = ANY($1)"
_TOLD = "UPDATE conflicts SET alarmed = 1 WHERE journal = $1 AND seq = $2 AND hash = $3"


class _Conflict(NamedTuple):
    """A row of the table; size 0: another history went on behind this number."""

    journal: int
    seq: int
    hash: bytes
    received_ns: int
    size: int

    def is_before(self, other: "_Conflict") -> bool:
        """Whether `other` is the next of the same kind in one batch."""
        follows = (self.journal, self.seq + 1) == (other.journal, other.seq)
        return (
            follows
            and self.received_ns == other.received_ns
            and bool(self.size) == bool(other.size)
        )


async def tell(database: Database) -> None:
    """Sound an alarm for each run of conflicts that came at once. Raises StoreTrouble."""
    async with database.transaction() as session:
        rows = await session.fetch(_NEW + database.skip_locked, _MOST)
        found = [_Conflict(*row) for row in rows]
        if not found:
            return
        numbers = sorted({each.journal for each in found})
        journals = {
            number: (id, gateway) for number, id, gateway in await session.fetch(_JOURNALS, numbers)
        }
        await alarms.sound(
            session, [_alarm(run, *journals[run[0].journal]) for run in _runs(found)]
        )
        await session.execute_many(_TOLD, [(each.journal, each.seq, each.hash) for each in found])


def _runs(conflicts: Sequence[_Conflict]) -> Iterator[list[_Conflict]]:
    """Consecutive numbers of one journal that came together."""
    run: list[_Conflict] = []
    for each in conflicts:
        if run and not run[-1].is_before(each):
            yield run
            run = []
        run.append(each)
    if run:
        yield run


def _alarm(run: Sequence[_Conflict], id: bytes, gateway: str) -> Alarm:
    first, last = run[0], run[-1]
    rows = f"row {first.seq}" if len(run) == 1 else f"rows {first.seq} to {last.seq}"
    if first.size:
        text = f"{gateway} sent {rows} of journal {id.hex()} again, with other content than is held"
    else:
        text = f"{gateway} went on behind {rows} of journal {id.hex()} from another history"
    cause = f"{id.hex()} {first.seq} {first.hash.hex()} {last.seq} {last.hash.hex()}"
    return Alarm(alarms.CONFLICT, cause, gateway, text, first.received_ns, first.journal, first.seq)
