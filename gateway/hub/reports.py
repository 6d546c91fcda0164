"""Reports of repairs and hand-overs: what people without an account say was done to a product, and who saw it since.

A report is its sender's own word. It is shown as pending until a manager accepts it; one that he refuses, or removes
later, is shown no more and loses its text. Nothing of its sender is kept.
"""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from gateway.hub.database import Database, Session
from gateway.hub.digital_link import ProductKey
from gateway.hub.times import rfc3339

REPAIR, HANDOVER = "repair", "handover"
KINDS = (REPAIR, HANDOVER)
PENDING, ACCEPTED, REFUSED, REMOVED = "pending", "accepted", "refused", "removed"
STATES = (PENDING, ACCEPTED, REFUSED, REMOVED)
DECISIONS = {  # what a manager may do -> with a report in which states
    ACCEPTED: (PENDING, ACCEPTED),
    REFUSED: (PENDING, REFUSED),
    REMOVED: (PENDING, ACCEPTED, REFUSED, REMOVED),
}
PER_DAY = 5  # of one product

_COLUMNS = "number, subject, kind, day, text, at_ns, state, decided_ns, decided_by"
_SHOWN = (
    f"SELECT {_COLUMNS} FROM reports WHERE subject = $1 AND state IN ('pending', 'accepted')"
    " ORDER BY number DESC LIMIT $2"
)
_COUNT = "SELECT count(*) FROM reports WHERE subject = $1 AND state IN ('pending', 'accepted')"
_LISTED = (
    f"SELECT {_COLUMNS} FROM reports WHERE number < $1 AND state = ANY($2)"
    " ORDER BY number DESC LIMIT $3"
)
_ONE_MORE = (
    "INSERT INTO report_days (subject, day, count) VALUES ($1, $2, 1) ON CONFLICT (subject, day)"
    " DO UPDATE SET count = report_days.count + 1 WHERE report_days.count < $3 RETURNING count"
)
_KEEP = (
    "INSERT INTO reports (subject, kind, day, text, at_ns, nonce, state)"
    " VALUES ($1, $2, $3, $4, $5, $6, 'pending') ON CONFLICT (nonce) DO NOTHING RETURNING number"
)
_DAYS_COUNT = "SELECT count FROM report_days WHERE subject = $1 AND day = $2"
_SAME = "SELECT number, subject, kind, day, text FROM reports WHERE nonce = $1"
_KNOWN = (
    "SELECT 1 WHERE EXISTS (SELECT 1 FROM stubs WHERE name = $1)"
    " OR EXISTS (SELECT 1 FROM product_events WHERE name = $1)"
    " OR EXISTS (SELECT 1 FROM passports WHERE subject = $2 AND deleted_ns IS NULL)"
)
_DECIDE = (
    "UPDATE reports SET state = $2, decided_ns = $3, decided_by = $4,"
    " text = CASE WHEN $2 = 'accepted' THEN text ELSE '' END WHERE number = $1"
)


class SentBefore(Exception):
    """The form was sent already, and said something else."""


class TooMany(Exception):
    """The product has as many reports of this day as it may have."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a form said. subject: "01/GTIN14/21/SERIAL"; day: when it was done."""

    subject: str
    kind: str
    day: date
    text: str


@dataclass(frozen=True, slots=True)
class Report:
    """A report as it stands. day: "2026-11-20"; text: "" once it was refused or removed."""

    number: int
    subject: str
    kind: str
    day: str
    text: str
    at_ns: int
    state: str
    decided_ns: int | None
    decided_by: str | None

    def as_json(self) -> dict[str, Any]:
        """The report as JSON values."""
        return {
            "number": self.number,
            "product": self.subject,
            "kind": self.kind,
            "day": self.day,
            "text": self.text,
            "at": rfc3339(self.at_ns),
            "state": self.state,
            "decided_at": None if self.decided_ns is None else rfc3339(self.decided_ns),
            "decided_by": self.decided_by,
        }


class Reports:
    """The reports in `database`. clock: wall clock in ns."""

    def __init__(self, database: Database, clock: Callable[[], int]) -> None:
        self._database = database
        self._clock = clock
        self._secret: bytes | None = None

    async def secret(self) -> bytes:
        """What forms' tokens are signed with: 32 bytes, the same for every process of this hub."""
        if self._secret is None:
            async with self._database.transaction() as session:
                await session.execute(
                    "INSERT INTO report_secret (one, secret) VALUES (1, $1) ON CONFLICT DO NOTHING",
                    secrets.token_bytes(32),
                )
                ((self._secret,),) = await session.fetch("SELECT secret FROM report_secret")
        assert self._secret is not None
        return self._secret

    async def is_known(self, key: ProductKey) -> bool:
        """Whether it is an item that gateways have told of, or that has a passport of its own."""
        if key.granularity != "item":
            return False
        name = f"{key.gtin}/{key.serial}" if key.serial is not None else ""
        return bool(await self._database.fetch(_KNOWN, name, key.anchors[0]))

    async def is_kept(self, said: Said, nonce: bytes) -> bool:
        """Whether `keep` has nothing to do, by looking alone. Raises SentBefore, TooMany where it would."""
        found = await self._database.fetch(_SAME, nonce)
        if found:
            return _is_same(found, said)
        day = _day(self._clock())
        for (count,) in await self._database.fetch(_DAYS_COUNT, said.subject, day):
            if count >= PER_DAY:
                raise TooMany
        return False

    async def keep(self, said: Said, nonce: bytes) -> bool:
        """Keep what was reported by the form with this nonce. False: the same stands already, and nothing changes.

        Raises SentBefore, TooMany.
        """
        now = self._clock()
        day = _day(now)
        async with self._database.transaction() as session:
            await session.execute("DELETE FROM report_days WHERE day < $1", day)
            if not await session.fetch(_KEEP, *_content(said), now, nonce):
                return not _is_same(await session.fetch(_SAME, nonce), said)
            if not await session.fetch(_ONE_MORE, said.subject, day, PER_DAY):
                raise TooMany  # which undoes the rest
        return True

    async def shown(self, subject: str, most: int) -> tuple[list[Report], int]:
        """The newest of a product that are neither refused nor removed, and how many there are."""
        found = [Report(*row) for row in await self._database.fetch(_SHOWN, subject, most)]
        if len(found) < most:
            return found, len(found)
        ((count,),) = await self._database.fetch(_COUNT, subject)
        return found, count

    async def listed(self, before: int, states: tuple[str, ...], most: int) -> list[Report]:
        """At most `most` in these states with a number below `before`, newest first."""
        rows = await self._database.fetch(_LISTED, before, states, most)
        return [Report(*row) for row in rows]

    async def decide(self, number: int, state: str, by: str) -> tuple[Report | None, bool]:
        """The report after a manager's decision, and whether he could make it; None: there is none.

        state: a key of DECISIONS. The first who makes one stands.
        """
        async with self._database.transaction() as session:
            found = await _one(session, number, self._database.locking)
            if found is None or found.state not in DECISIONS[state]:
                return found, False
            if found.state == state:
                return found, True
            await session.execute(_DECIDE, number, state, self._clock(), by)
            return await _one(session, number), True


def _day(now_ns: int) -> str:
    """The day in UTC."""
    return datetime.fromtimestamp(now_ns // 10**9, UTC).date().isoformat()


def _content(said: Said) -> tuple[str, str, str, str]:
    return said.subject, said.kind, said.day.isoformat(), said.text


def _is_same(found: Sequence[Sequence[Any]], said: Said) -> bool:
    """True: the report that stands says the same. Raises SentBefore."""
    ((_, *held),) = found
    if tuple(held) != _content(said):
        raise SentBefore
    return True


async def _one(session: Session, number: int, locking: str = "") -> Report | None:
    rows = await session.fetch(f"SELECT {_COLUMNS} FROM reports WHERE number = $1{locking}", number)
    return Report(*rows[0]) if rows else None
