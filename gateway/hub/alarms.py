"""Alarms: what a person should look at. Each cause is told once; it stays open until what follows explains it.

conflict: other content under a known number; fork, chain_gap: a product's chain of stubs; two_products, too_fast: a tag
that may have been cloned; refused_gateway: a gateway that may not send what it sends.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from gateway.hub.database import Database, Session
from gateway.hub.times import rfc3339

CONFLICT = "conflict"
FORK = "fork"
CHAIN_GAP = "chain_gap"
TWO_PRODUCTS = "two_products"
TOO_FAST = "too_fast"
REFUSED_GATEWAY = "refused_gateway"
KINDS = (CONFLICT, FORK, CHAIN_GAP, TWO_PRODUCTS, TOO_FAST, REFUSED_GATEWAY)
FROM_ROWS = (FORK, CHAIN_GAP, TWO_PRODUCTS, TOO_FAST)  # what the clerk finds, and would find again

_COLUMNS = (
    "number, at_ns, kind, subject, text, closed_ns, acknowledged_ns, acknowledged_by,"
    " (SELECT id FROM journals WHERE journals.number = alarms.journal), seq"
)
_SOUND = (
    "INSERT INTO alarms (kind, cause, subject, text, at_ns, journal, seq)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (kind, cause) DO UPDATE"
    " SET text = excluded.text, at_ns = excluded.at_ns, journal = excluded.journal,"
    " seq = excluded.seq, closed_ns = NULL"
    " WHERE alarms.closed_ns IS NOT NULL"
    " OR (excluded.at_ns, excluded.journal, excluded.seq) < (alarms.at_ns, alarms.journal, alarms.seq)"
    " OR ((excluded.at_ns, excluded.journal, excluded.seq) = (alarms.at_ns, alarms.journal, alarms.seq)"
    " AND alarms.text <> excluded.text)"
)


@dataclass(frozen=True, slots=True)
class Alarm:
    """kind: one of KINDS. cause: any text; the same one is the same alarm of its kind. at_ns: of the evidence.

    subject: product, tag or gateway. journal: the hub's number of it; with seq, the row that gave the alarm.
    """

    kind: str
    cause: str
    subject: str
    text: str
    at_ns: int
    journal: int | None = None
    seq: int | None = None


def key(cause: str) -> str:
    """What stands for a cause in the table, however long that is."""
    return sha256(cause.encode(errors="replace")).hexdigest()


async def sound(session: Session, alarms: Iterable[Alarm]) -> None:
    """Keep alarms whose cause is new, and open those again that were closed.

    Of one that is open, only the evidence changes: the earliest that was found stands.
    """
    rows: dict[tuple[str, str], Alarm] = {}
    for each in alarms:
        rows.setdefault((each.kind, key(each.cause)), each)
    if rows:
        await session.execute_many(
            _SOUND,
            [
                (*known, a.subject, a.text, a.at_ns, a.journal, a.seq)
                for known, a in sorted(rows.items(), key=lambda item: item[0])
            ],
        )


async def close(session: Session, kind: str, keys: Mapping[str, int]) -> None:
    """Close what is open of these causes. keys: of the causes, and the time of what explains each."""
    if keys:
        await session.execute_many(
            "UPDATE alarms SET closed_ns = $3 WHERE kind = $1 AND cause = $2 AND closed_ns IS NULL",
            [(kind, cause, keys[cause]) for cause in sorted(keys)],
        )


async def still_open(session: Session, kind: str, subjects: Sequence[str]) -> list[tuple[str, str]]:
    """(subject, key of the cause) of what is open about these subjects."""
    query = (
        "SELECT subject, cause FROM alarms WHERE kind = $1 AND subject = ANY($2)"
        " AND closed_ns IS NULL"
    )
    return [(subject, cause) for subject, cause in await session.fetch(query, kind, subjects)]


async def forget(session: Session) -> None:
    """Drop what the clerk will find again; what a person has acknowledged stays acknowledged."""
    for kind in FROM_ROWS:
        await session.execute(
            "DELETE FROM alarms WHERE kind = $1 AND acknowledged_ns IS NULL", kind
        )


async def acknowledge(session: Session, number: int, by: str, at_ns: int) -> bool:
    """A person has seen alarm `number`; the first who did stands. Whether there is such an alarm."""
    found = await session.fetch(
        "UPDATE alarms SET acknowledged_ns = coalesce(acknowledged_ns, $2),"
        " acknowledged_by = coalesce(acknowledged_by, $3) WHERE number = $1 RETURNING number",
        number,
        at_ns,
        by,
    )
    return bool(found)


async def listed(database: Database, before: int, most: int) -> list[dict[str, Any]]:
    """At most `most` alarms with a number below `before`, newest first, as JSON values."""
    query = f"SELECT {_COLUMNS} FROM alarms WHERE number < $1 ORDER BY number DESC LIMIT $2"
    return [_json(*row) for row in await database.fetch(query, before, most)]


async def opened(database: Database) -> dict[str, int]:
    """How many alarms are open and not acknowledged, by kind."""
    query = (
        "SELECT kind, count(*) FROM alarms WHERE closed_ns IS NULL AND acknowledged_ns IS NULL"
        " GROUP BY kind"
    )
    counts: Sequence[tuple[str, int]] = [(kind, n) for kind, n in await database.fetch(query)]
    return dict.fromkeys(KINDS, 0) | dict(counts)


def _json(
    number: int,
    at_ns: int,
    kind: str,
    subject: str,
    text: str,
    closed_ns: int | None,
    acknowledged_ns: int | None,
    acknowledged_by: str | None,
    journal: bytes | None,
    seq: int | None,
) -> dict[str, Any]:
    return {
        "number": number,
        "at": rfc3339(at_ns),
        "kind": kind,
        "subject": subject,
        "text": text,
        "journal": journal.hex() if journal is not None else None,
        "seq": seq,
        "closed_at": rfc3339(closed_ns) if closed_ns is not None else None,
        "acknowledged_at": rfc3339(acknowledged_ns) if acknowledged_ns is not None else None,
        "acknowledged_by": acknowledged_by,
    }
