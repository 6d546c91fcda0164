"""The gateways that a hub knows: whose certificate counts, what they sign, and which journals are theirs.

Nothing is remembered between requests: a revocation counts from the next request or batch on, on connections that
stand open too, and in every process of the hub.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256

from gateway.hub.access import Caller, Refused, caller
from gateway.hub.alarms import REFUSED_GATEWAY, Alarm, sound
from gateway.hub.credential import SKEW_S
from gateway.hub.database import Database
from gateway.identity import signed
from gateway.keys import verifier

_MOST_OWNERS = 100_000  # journals whose owner is remembered: an owner never changes


@dataclass(frozen=True, slots=True)
class Known:
    """A gateway as the hub knows it. not_after: Unix seconds at which its last certificate ends."""

    name: str
    since_ns: int
    revoked_ns: int | None
    not_after: int | None
    journals: int


class Keys:
    """The public keys that count for some gateways at one moment."""

    def __init__(self, keys: Mapping[str, list[tuple[bytes, bytes]]]) -> None:
        self._keys = keys

    def verify(self, gateway: str, data: bytes, signature: bytes) -> Caller:
        """The gateway, which signed `data`. Raises Refused: it is unknown, revoked, or signed something else."""
        known = self._keys.get(gateway)
        if not known:
            raise Refused(403, f"gateway {gateway} is not enrolled, was revoked, or has expired")
        for public, certificate in known:
            if verifier(public, signed(data), signature):
                return caller(gateway, ["gateway"], certificate)
        raise Refused(403, f"the batch is not signed by gateway {gateway}")


class Gateways:
    """What the hub's database says of its gateways. clock: Unix seconds."""

    def __init__(self, database: Database, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock
        self._owners: dict[bytes, str] = {}

    async def certified(self, certificate: bytes) -> Caller:
        """The gateway whose client certificate (DER, of the hub's CA) this is. Raises Refused, StoreTrouble."""
        found = await self._database.fetch(
            "SELECT gateway, not_after, retired_ns FROM certificates WHERE sha256 = $1",
            sha256(certificate).digest(),
        )
        if not found:
            raise Refused(403, "the client certificate is not one that this hub gave: enrol anew")
        name, not_after, retired_ns = found[0]
        former = caller(name, ["public"], certificate)
        if retired_ns is not None:
            raise Refused(403, f"gateway {name}: its certificate was revoked", former)
        if self._clock() > not_after + SKEW_S:
            raise Refused(403, f"gateway {name}: its certificate has expired: enrol anew", former)
        return caller(name, ["gateway"], certificate)

    async def keys(self, names: Iterable[str]) -> Keys:
        """The keys that count now for these gateways: one question for many batches. Raises StoreTrouble."""
        found: dict[str, list[tuple[bytes, bytes]]] = {}
        for name, public, der in await self._database.fetch(
            "SELECT gateway, public, der FROM certificates WHERE gateway = ANY($1)"
            " AND retired_ns IS NULL AND not_after >= $2",
            sorted(set(names)),
            int(self._clock()) - SKEW_S,
        ):
            found.setdefault(name, []).append((bytes(public), bytes(der)))
        return Keys(found)

    async def verify(self, gateway: str, data: bytes, signature: bytes) -> Caller:
        """The gateway that signed `data` (Identity.sign). Raises Refused, StoreTrouble."""
        return (await self.keys([gateway])).verify(gateway, data, signature)

    async def admit(self, who: Caller, gateway: str, journal: bytes) -> None:
        """Whether `who` may send this journal under this gateway's name: it belongs to the first gateway that sent it.

        The hub's own token may send any. Raises Refused, with an alarm; StoreTrouble.
        """
        if who.role != "gateway":
            return
        if gateway != who.name:
            raise Refused(
                403, f"this is gateway {who.name}, and the batch says {gateway}: set [gateway] name"
            )
        owner = self._owners.get(journal) or await self._owner(who.name, journal)
        if owner != who.name:
            text = f"gateway {who.name} sends journal {journal.hex()}, which is {owner}'s"
            cause = f"{who.name} {journal.hex()}"
            async with self._database.transaction() as session:
                at_ns = int(self._clock() * 1e9)
                await sound(session, [Alarm(REFUSED_GATEWAY, cause, who.name, text, at_ns)])
            raise Refused(403, f"{text}: was the journal copied, or the gateway renamed?")

    async def revoke(self, name: str) -> bool:
        """Refuse a gateway from now on, and the tokens for its name; whether there is such a gateway."""
        now_ns = int(self._clock() * 1e9)
        async with self._database.transaction() as session:
            await session.execute(
                "DELETE FROM enrolment_tokens WHERE gateway = $1 AND used_by IS NULL", name
            )
            found = await session.fetch(
                "UPDATE gateways SET revoked_ns = $2 WHERE name = $1 RETURNING name", name, now_ns
            )
            await session.execute(
                "UPDATE certificates SET retired_ns = $2 WHERE gateway = $1 AND retired_ns IS NULL",
                name,
                now_ns,
            )
        return bool(found)

    async def listed(self) -> list[Known]:
        """Every gateway, by name."""
        return [
            Known(*row)
            for row in await self._database.fetch(
                "SELECT g.name, g.since_ns, g.revoked_ns,"
                " (SELECT max(c.not_after) FROM certificates c"
                "  WHERE c.gateway = g.name AND c.retired_ns IS NULL),"
                " (SELECT count(*) FROM journal_owners o WHERE o.gateway = g.name)"
                " FROM gateways g ORDER BY g.name"
            )
        ]

    async def _owner(self, name: str, journal: bytes) -> str:
        async with self._database.transaction() as session:
            await session.execute(
                # one that came by the hub's token before belongs to the gateway that it named
                "INSERT INTO journal_owners (journal, gateway)"
                " SELECT $1, coalesce((SELECT gateway FROM journals WHERE id = $1), $2)"
                " WHERE true ON CONFLICT (journal) DO NOTHING",
                journal,
                name,
            )
            ((owner,),) = await session.fetch(
                "SELECT gateway FROM journal_owners WHERE journal = $1", journal
            )
        if len(self._owners) < _MOST_OWNERS:
            self._owners[journal] = owner
        return str(owner)
