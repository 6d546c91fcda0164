"""What the hub keeps of EPCIS: events, each once by its eventID, and capture jobs."""

import json
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from gateway.hub.database import Database, Session
from gateway.hub.epcis_rows import COLUMNS, Kept

_MARKS = ", ".join(f"${place}" for place in range(1, len(COLUMNS) + 1))
_ADD = (
    f"INSERT INTO epcis_events ({', '.join(COLUMNS)}) VALUES ({_MARKS})"
    " ON CONFLICT (key, declared) DO NOTHING"
)
_ADD_THING = (
    "INSERT INTO epcis_things (uri, role, key) VALUES ($1, $2, $3)"
    " ON CONFLICT (uri, role, key) DO NOTHING"
)
_HELD = "SELECT key, declared, said FROM epcis_events WHERE key = ANY($1)"
_DROP = "DELETE FROM epcis_events WHERE key = $1 AND declared = $2 AND said = $3"
_JOB_COLUMNS = "id, created_us, behaviour, success, errors"

Thing = tuple[str, str, bytes]


class Job(NamedTuple):
    """A capture that is over; errors: problems (RFC 9457)."""

    id: str
    created_us: int
    behaviour: str
    success: bool
    errors: list[dict[str, Any]]


async def add(session: Session, events: Sequence[Kept]) -> None:
    """Keep events; those that are held stay as they are.

    In order of their keys, so that of two who add the same one waits, and not both for each other.
    """
    rows = sorted(events, key=lambda each: (each.key, each.declared))
    await session.execute_many(_ADD, rows)


async def add_things(session: Session, things: Iterable[Thing]) -> None:
    """Keep what events are about."""
    await session.execute_many(_ADD_THING, sorted(set(things)))


async def conflicts(session: Session, events: Sequence[Kept]) -> list[int]:
    """Which of these, having been added, stand under an eventID whose event says something else; places in the list."""
    held: dict[bytes, set[bytes]] = {}
    first: dict[tuple[bytes, str], bytes] = {}
    for key, declared, said in await session.fetch(_HELD, sorted({each.key for each in events})):
        held.setdefault(bytes(key), set()).add(bytes(said))
        first[bytes(key), declared] = bytes(said)
    return [
        place
        for place, each in enumerate(events)
        if first[each.key, each.declared] != each.said or len(held[each.key]) > 1
    ]


async def drop(session: Session, events: Iterable[Kept]) -> None:
    """Take back what was added in this transaction."""
    await session.execute_many(_DROP, [(each.key, each.declared, each.said) for each in events])


async def add_job(session: Session, job: Job) -> None:
    await session.execute(
        f"INSERT INTO epcis_captures ({_JOB_COLUMNS}) VALUES ($1, $2, $3, $4, $5)",
        job.id,
        job.created_us,
        job.behaviour,
        int(job.success),
        json.dumps(job.errors),
    )


async def job(database: Database, id: str) -> Job | None:
    """The capture of that id."""
    found = await database.fetch(f"SELECT {_JOB_COLUMNS} FROM epcis_captures WHERE id = $1", id)
    return _job(*found[0]) if found else None


async def jobs(database: Database, before: tuple[int, str], most: int) -> list[Job]:
    """Captures, the newest first, from behind (created_us, id) on."""
    query = (
        f"SELECT {_JOB_COLUMNS} FROM epcis_captures WHERE created_us < $1"
        " OR (created_us = $1 AND id < $2) ORDER BY created_us DESC, id DESC LIMIT $3"
    )
    return [_job(*row) for row in await database.fetch(query, *before, most)]


def _job(id: str, created_us: int, behaviour: str, success: int, errors: str) -> Job:
    return Job(id, created_us, behaviour, bool(success), json.loads(errors))
