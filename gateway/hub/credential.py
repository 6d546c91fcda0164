"""Role credentials: who may see or change what, signed by a key that the hub's trust list gives that right.

A credential is a CBOR Web Token (RFC 8392) in a COSE_Sign1, shown as an HTTP bearer token in base64url:
    {1: issuer, 2: subject, 4: expires, 5: not before, 6: issued, 7: id, 8: {1: COSE_Key of the holder}, -65537: [role]}
(8: RFC 8747, section 3.2). The trust list's entry of the signing key has the role "credential-issuer", and
"manager-issuer" for credentials of managers. What changes something must carry a proof besides: a COSE_Sign1 by the
holder's key over ["tagwright proof", method, target, SHA-256 of the body, issued, nonce], good once.
"""

import base64
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

from edge import cbor, cose
from edge.cose import Sign1
from edge.errors import Malformed
from edge.trust import Entry, TrustList, is_sound
from gateway.hub.access import Caller, Refused, caller
from gateway.hub.database import Database
from gateway.keys import DeviceKey, verifier

SKEW_S = 300  # by which clocks of honest people differ
CEILING = 2048  # bytes of a credential
ISSUING = {  # role of a credential -> role that the key which signs it must have
    "legitimate_interest": "credential-issuer",
    "authority": "credential-issuer",
    "manager": "manager-issuer",
}

_ISSUER, _SUBJECT, _EXPIRES, _NOT_BEFORE, _ISSUED, _ID, _CONFIRMATION = 1, 2, 4, 5, 6, 7, 8
_ROLES = -65537  # of the private range (RFC 8392, section 9.1.1)
_CLAIMS = {_ISSUER, _SUBJECT, _EXPIRES, _NOT_BEFORE, _ISSUED, _ID, _CONFIRMATION, _ROLES}
_COSE_KEY = 1
_LONGEST_NAME = 255  # characters
_LARGEST = (1 << 53) - 1
_PROOF_CEILING = 4096  # bytes
_PROOF = "tagwright proof"
_BASE64URL = re.compile(rb"[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class Credential:
    """Times are Unix seconds. id: 16 random bytes. holder: the public key, 32 bytes Ed25519 or 64 bytes P-256."""

    issuer: str
    subject: str
    roles: tuple[str, ...]
    not_before: int
    expires: int
    issued: int
    id: bytes
    holder: bytes

    def sign(self, key: DeviceKey) -> bytes:
        """The credential, signed by its issuer's key. Raises Malformed where it says what none may say."""
        data = cose.sign1(cbor.encode(_claims(self)), key.alg, key.kid, key.sign)
        _parsed(data)
        return data


def bearer(data: bytes) -> str:
    """A credential or a proof as HTTP headers carry it: base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def proof(key: DeviceKey, method: str, target: bytes, body: bytes, now: int, nonce: bytes) -> bytes:
    """The holder's signature over one request. target: path and query, as they are sent; nonce: 16 random bytes."""
    said = [_PROOF, method, target, sha256(body).digest(), now, nonce]
    return cose.sign1(cbor.encode(said), key.alg, key.kid, key.sign)


def read(data: bytes, trusted: TrustList, now: int) -> tuple[Credential, Entry]:
    """The credential and its issuer's entry. Raises Malformed, or Refused where it does not count at `now`."""
    found, sign1 = _parsed(data)
    entry = _signer(sign1, trusted)
    if entry is None:
        raise Refused(401, "the credential is not signed by a key of the hub's trust list")
    if entry.revoked_since is not None and entry.revoked_since <= now + SKEW_S:
        raise Refused(401, "the key that signed the credential was revoked")
    if not _in_force(entry.valid_from, entry.valid_to, now):
        raise Refused(401, "the key that signed the credential is not in force")
    if trusted.not_after < now - SKEW_S:
        raise Refused(401, "the hub's trust list is out of date: the hub needs the newest")
    for role in found.roles:
        if ISSUING[role] not in entry.roles:
            raise Refused(401, f"the key that signed the credential may not make anyone {role}")
    if now < found.not_before - SKEW_S or now < found.issued - SKEW_S:
        raise Refused(401, "the credential is not valid yet")
    if now > found.expires + SKEW_S:
        raise Refused(401, "the credential has expired")
    return found, entry


class Credentials:
    """Reads the credentials that callers show. trusted: the trust list as it is now."""

    def __init__(
        self,
        trusted: Callable[[], TrustList],
        database: Database,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._trusted = trusted
        self._database = database
        self._clock = clock

    def caller(self, bearer: bytes) -> Caller:
        """Whom a credential names. Raises Refused."""
        data = _bytes(bearer, CEILING, "the bearer token is neither the hub's nor a credential")
        trusted = self._trusted()
        try:
            found, entry = read(data, trusted, int(self._clock()))
        except Malformed as why:
            raise Refused(
                401, f"the bearer token is neither the hub's nor a credential: {why}"
            ) from why
        except Refused as why:
            raise Refused(why.status, why.sentence, _former(data, trusted)) from why
        name = f"{found.subject} (says {entry.operator or entry.kid.hex()})"
        return replace(caller(name, found.roles, data), needs_proof=True)

    async def prove(
        self, who: Caller, proof: bytes, method: str, target: bytes, body: bytes
    ) -> Caller:
        """`who`, whose evidence is now [credential, proof]; the proof is used up. Raises Refused, StoreTrouble."""
        holder = _parsed(who.evidence)[0].holder
        data = _bytes(proof, _PROOF_CEILING, "the proof is no base64url")
        try:
            issued, nonce = _proved(data, holder, [_PROOF, method, target, sha256(body).digest()])
        except Malformed as why:
            raise Refused(401, f"the proof cannot be read: {why}") from why
        now = int(self._clock())
        if abs(now - issued) > SKEW_S:
            raise Refused(401, "the proof is too old, or a clock is wrong: sign anew")
        if not await self._is_new(holder, nonce, issued, now):
            raise Refused(401, "the proof was used before: sign each request anew")
        evidence = cbor.encode([who.evidence, data])
        return replace(who, evidence=evidence, needs_proof=False)

    async def _is_new(self, holder: bytes, nonce: bytes, issued: int, now: int) -> bool:
        """Whether this nonce is seen the first time; from now on it is not."""
        async with self._database.transaction() as session:
            await session.execute("DELETE FROM proofs WHERE until < $1", now)
            fresh = await session.fetch(
                "INSERT INTO proofs (holder, nonce, until) VALUES ($1, $2, $3)"
                " ON CONFLICT (holder, nonce) DO NOTHING RETURNING until",
                holder,
                nonce,
                issued + 2 * SKEW_S,
            )
        return bool(fresh)


def _parsed(data: bytes) -> tuple[Credential, Sign1]:
    sign1 = _sign1(data, CEILING)
    said = cbor.decode(sign1.payload or b"", CEILING)
    if type(said) is not dict or set(said) != _CLAIMS:
        raise Malformed("a credential is a map with the claims 1, 2, 4 to 8 and -65537")
    for claim in (_ISSUER, _SUBJECT):
        text = said[claim]
        if type(text) is not str or not text.isprintable() or not 0 < len(text) <= _LONGEST_NAME:
            raise Malformed(f"claim {claim} must be a name, of {_LONGEST_NAME} characters at most")
    for claim in (_EXPIRES, _NOT_BEFORE, _ISSUED):
        if type(said[claim]) is not int or not 0 <= said[claim] <= _LARGEST:
            raise Malformed(f"claim {claim} must be Unix seconds")
    roles = said[_ROLES]
    if type(roles) is not list or not roles or not all(type(each) is str for each in roles):
        raise Malformed("claim -65537 must be a list of roles")
    if len(set(roles)) != len(roles) or not set(roles) <= set(ISSUING):
        raise Malformed(f"a role is one of {', '.join(ISSUING)}, and stands once")
    if type(said[_ID]) is not bytes or len(said[_ID]) != 16:
        raise Malformed("claim 7 must be 16 bytes")
    found = Credential(
        said[_ISSUER],
        said[_SUBJECT],
        tuple(roles),
        said[_NOT_BEFORE],
        said[_EXPIRES],
        said[_ISSUED],
        said[_ID],
        _holder(said[_CONFIRMATION]),
    )
    if cbor.encode(_claims(found)) != sign1.payload:
        raise Malformed("a claim is not of the form that a credential's has")
    return found, sign1


def _claims(credential: Credential) -> dict[int, Any]:
    x = credential.holder[:32]
    key: dict[int, Any] = {1: 1, -1: 6, -2: x}
    if len(credential.holder) == 64:
        key = {1: 2, -1: 1, -2: x, -3: credential.holder[32:]}
    return {
        _ISSUER: credential.issuer,
        _SUBJECT: credential.subject,
        _EXPIRES: credential.expires,
        _NOT_BEFORE: credential.not_before,
        _ISSUED: credential.issued,
        _ID: credential.id,
        _CONFIRMATION: {_COSE_KEY: key},
        _ROLES: list(credential.roles),
    }


def _holder(confirmation: Any) -> bytes:
    """The holder's public key of {1: COSE_Key} (RFC 9052, section 7; RFC 9053, sections 7.1 and 7.2)."""
    key = confirmation.get(_COSE_KEY) if type(confirmation) is dict else None
    if type(confirmation) is not dict or set(confirmation) != {_COSE_KEY} or type(key) is not dict:
        raise Malformed("claim 8 must be {1: COSE_Key}")
    names, kind = set(key), (key.get(1), key.get(-1))
    if names == {1, -1, -2} and kind == (1, 6):
        parts = [key[-2]]
    elif names == {1, -1, -2, -3} and kind == (2, 1):
        parts = [key[-2], key[-3]]
    else:
        raise Malformed("the holder's key is neither Ed25519 nor P-256, with nothing but its point")
    if not all(type(part) is bytes and len(part) == 32 for part in parts):
        raise Malformed("a coordinate of the holder's key must be 32 bytes")
    if not is_sound(b"".join(parts)):
        raise Malformed("the holder's key is not sound")
    return b"".join(parts)


def _former(data: bytes, trusted: TrustList) -> Caller | None:
    """The holder of a credential that is signed by a key of the list, though it counts no more; None: it is not."""
    found, sign1 = _parsed(data)
    return None if _signer(sign1, trusted) is None else caller(found.subject, ["public"], data)


def _signer(sign1: Sign1, trusted: TrustList) -> Entry | None:
    """The entry whose key signed it; two keys may share a kid."""
    signed = cose.to_be_signed(sign1.protected, sign1.payload or b"")
    for entry in trusted.find(sign1.kid):
        if cose.alg_allowed(sign1.alg, entry.key) and verifier(entry.key, signed, sign1.signature):
            return entry
    return None


def _proved(data: bytes, holder: bytes, expected: list[Any]) -> tuple[int, bytes]:
    """(issued, nonce) of a proof that the holder signed for what is expected. Raises Malformed, Refused."""
    sign1 = _sign1(data, _PROOF_CEILING)
    payload = sign1.payload or b""
    said = cbor.decode(payload, _PROOF_CEILING)
    if type(said) is not list or len(said) != 6 or type(said[4]) is not int:
        raise Malformed("a proof is [text, method, target, SHA-256 of the body, issued, nonce]")
    if type(said[5]) is not bytes or len(said[5]) != 16:
        raise Malformed("a nonce must be 16 bytes")
    signed = cose.to_be_signed(sign1.protected, payload)
    if not cose.alg_allowed(sign1.alg, holder) or not verifier(holder, signed, sign1.signature):
        raise Refused(401, "the proof is not signed by the credential's holder")
    if said[:4] != expected:
        raise Refused(401, "the proof is for another request")
    return said[4], said[5]


def _sign1(data: bytes, ceiling: int) -> Sign1:
    """A tagged COSE_Sign1 with alg and kid protected and nothing else in its headers."""
    sign1 = cose.parse(data, ceiling)
    if not sign1.tagged or sign1.payload is None or sign1.unprotected:
        raise Malformed("it must be tagged, carry its payload and have no unprotected header")
    if set(sign1.headers) != {cose.ALG, cose.KID}:
        raise Malformed("its protected header must hold alg and kid, and nothing else")
    return sign1


def _bytes(text: bytes, ceiling: int, sentence: str) -> bytes:
    if len(text) > 2 * ceiling or not _BASE64URL.fullmatch(text) or len(text) % 4 == 1:
        raise Refused(401, sentence)
    return base64.urlsafe_b64decode(text + b"=" * (-len(text) % 4))


def _in_force(start: int, end: int | None, now: int) -> bool:
    return start - SKEW_S <= now and (end is None or now <= end + SKEW_S)
