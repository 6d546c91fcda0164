"""How a gateway becomes known to the hub: a one-time token and a CSR for a certificate, which it renews by itself.

A token is used up by the first CSR that it comes with. A CSR with the same key again is answered with the same
certificate, so that a lost answer costs nothing; another key is refused. So is it with renewals: a certificate is
renewed to one new key, and a second one means that somebody has a copy of the gateway.
"""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from edge.errors import Malformed
from gateway.hub.access import Caller, Refused, caller
from gateway.hub.alarms import REFUSED_GATEWAY, Alarm, sound
from gateway.hub.ca import Authority, ClientKey, checked, public_bytes
from gateway.hub.credential import SKEW_S
from gateway.hub.database import Database, Session

_HOUR = 3600  # seconds


@dataclass(frozen=True, slots=True)
class Issued:
    """A gateway's certificate, DER."""

    name: str
    certificate: bytes

    @property
    def pem(self) -> str:
        return x509.load_der_x509_certificate(self.certificate).public_bytes(Encoding.PEM).decode()

    @property
    def caller(self) -> Caller:
        return caller(self.name, ["gateway"], self.certificate)


class Enrolment:
    """Gives tokens and certificates. days: of a certificate's life. clock: Unix seconds."""

    def __init__(
        self,
        database: Database,
        authority: Authority,
        days: float = 7.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.authority = authority
        self._database = database
        self._days = days
        self._clock = clock

    async def token(self, name: str, hours: float = 24.0) -> tuple[str, int]:
        """(token, until: Unix seconds) by which the gateway `name` may enrol once.

        The token is "SECRET.PIN.NAME": PIN is the CA's, so that whoever has the token knows the hub.
        """
        secret, now = secrets.token_hex(24), int(self._clock())
        until = now + int(hours * _HOUR)
        async with self._database.transaction() as session:
            await session.execute("DELETE FROM enrolment_tokens WHERE until < $1", now - _HOUR)
            await session.execute(
                "INSERT INTO enrolment_tokens (sha256, gateway, until) VALUES ($1, $2, $3)",
                _digest(secret),
                name,
                until,
            )
        return f"{secret}.{self.authority.pin}.{name}", until

    async def enrol(self, token: str, csr: bytes) -> Issued:
        """The certificate for a token and a CSR (PEM); the gateway's older ones count no more.

        Raises Refused, StoreTrouble; the token is not used up then.
        """
        digest = _digest(token.partition(".")[0])
        async with self._database.transaction() as session:
            query = "SELECT gateway, until, used_by FROM enrolment_tokens WHERE sha256 = $1"
            found = await session.fetch(query + self._database.locking, digest)
            if not found:
                raise Refused(403, "the token is not one of this hub's, or is too old")
            name, until, used_by = found[0]
            if self._clock() > until + SKEW_S:
                raise Refused(403, "the token has expired: ask for a new one")
            key = _key(csr, name)
            if used_by is not None:
                given = await self._given(session, used_by, key)
                if given is None:
                    raise Refused(403, "the token was used before: ask for a new one")
                return Issued(name, given)
            now_ns = int(self._clock() * 1e9)
            await session.execute(
                "INSERT INTO gateways (name, since_ns) VALUES ($1, $2)"
                " ON CONFLICT (name) DO UPDATE SET revoked_ns = NULL",
                name,
                now_ns,
            )
            await session.execute(
                "UPDATE certificates SET retired_ns = $2 WHERE gateway = $1 AND retired_ns IS NULL",
                name,
                now_ns,
            )
            issued = await self._issue(session, name, key)
            await session.execute(
                "UPDATE enrolment_tokens SET used_by = $2 WHERE sha256 = $1",
                digest,
                sha256(issued.certificate).digest(),
            )
        return issued

    async def renew(self, who: Caller, csr: bytes) -> Issued:
        """The next certificate of a gateway that shows its current one; the current one counts to its own end.

        Raises Refused, with an alarm where somebody else has renewed it already; StoreTrouble.
        """
        key, current = _key(csr, who.name), sha256(who.evidence).digest()
        async with self._database.transaction() as session:
            # revoke() locks this row too: a revocation during a renewal sees the new certificate
            await session.fetch(
                f"SELECT name FROM gateways WHERE name = $1{self._database.locking}", who.name
            )
            ((public, retired_ns, successor),) = await session.fetch(
                "SELECT public, retired_ns, successor FROM certificates WHERE sha256 = $1", current
            )
            if retired_ns is not None:
                raise Refused(403, f"gateway {who.name}: its certificate was revoked")
            if bytes(public) == public_bytes(key):
                raise Refused(400, "a renewal needs a new key")
            if successor is None:
                issued = await self._issue(session, who.name, key)
                await session.execute(
                    "UPDATE certificates SET successor = $2 WHERE sha256 = $1",
                    current,
                    sha256(issued.certificate).digest(),
                )
                return issued
            given = await self._given(session, successor, key)
            if given is not None:
                return Issued(who.name, given)
            text = f"gateway {who.name}: its certificate was renewed twice, to two keys"
            cause, at_ns = f"renewal {current.hex()}", int(self._clock() * 1e9)
            await sound(session, [Alarm(REFUSED_GATEWAY, cause, who.name, text, at_ns)])
        raise Refused(403, f"{text}: was it copied? Revoke it, and enrol it anew")

    async def _issue(self, session: Session, name: str, key: ClientKey) -> Issued:
        now = self._clock()
        cert = self.authority.issue(name, key, now, self._days)
        der = cert.public_bytes(Encoding.DER)
        await session.execute(
            "INSERT INTO certificates (sha256, gateway, public, issued_ns, not_after, der)"
            " VALUES ($1, $2, $3, $4, $5, $6)",
            sha256(der).digest(),
            name,
            public_bytes(key),
            int(now * 1e9),
            int(cert.not_valid_after_utc.timestamp()),
            der,
        )
        return Issued(name, der)

    async def _given(self, session: Session, digest: bytes, key: ClientKey) -> bytes | None:
        """The certificate `digest`, where it is for this key and counts."""
        found = await session.fetch(
            "SELECT der FROM certificates WHERE sha256 = $1 AND public = $2 AND retired_ns IS NULL",
            digest,
            public_bytes(key),
        )
        return bytes(found[0][0]) if found else None


def _key(csr: bytes, name: str) -> ClientKey:
    try:
        return checked(csr, name)
    except Malformed as why:
        raise Refused(400, str(why)) from why


def _digest(secret: str) -> bytes:
    return sha256(secret.encode("utf-8", "replace")).digest()
