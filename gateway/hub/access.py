"""Who calls the hub, and what he may: a caller for each request, and the one place where he is refused.

Three classes of data: public, for everyone without a login; legitimate_interest and authorities, by a signed
credential (credential.py). A gateway shows its client certificate (ca.py). The hub's own token may do everything, and
so may anyone at a hub that has neither token, CA nor trust list: an open hub, for one machine. Other sites' pages in a
browser there may not, nor may one that asks for the hub by a name that is not this machine's (DNS rebinding).
"""

import hmac
import logging
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.config import is_near
from gateway.hub.database import StoreTrouble

log = logging.getLogger(__name__)

PUBLIC, LEGITIMATE_INTEREST, AUTHORITIES = "public", "legitimate_interest", "authorities"
CLASSES = frozenset((PUBLIC, LEGITIMATE_INTEREST, AUTHORITIES))

SAFE = ("GET", "HEAD", "OPTIONS")  # RFC 9110, section 9.2.1: methods that ask for no change
PROOF_HEADER = b"tagwright-proof"

_SEEN = {  # role -> the classes of data that it sees
    "public": frozenset((PUBLIC,)),
    "gateway": frozenset((PUBLIC,)),
    "legitimate_interest": frozenset((PUBLIC, LEGITIMATE_INTEREST)),
    "authority": CLASSES,
    "manager": CLASSES,
}
ROLES = tuple(_SEEN)  # the last one that a caller has is the one that he is called by

_BODY_CEILING = 4 << 20  # bytes of a request with a proof
_LONGEST_AUTHORIZATION = 8192  # bytes


class Refused(Exception):
    """The caller may not do this; `status` is the answer's (401: nobody known calls, 403: somebody who may not).

    who: he is, where he showed so by what counts no more; for the audit.
    """

    def __init__(self, status: int, sentence: str, who: "Caller | None" = None) -> None:
        super().__init__(sentence)
        self.status = status
        self.sentence = sentence
        self.who = who


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls. evidence: the bytes that say so (a credential, a certificate), b"" where there are none.

    acts: the roles that he may act in, `role` the first of them. needs_proof: a change by him must carry a proof.
    """

    role: str
    name: str
    classes: frozenset[str]
    evidence: bytes = b""
    acts: frozenset[str] = frozenset()
    needs_proof: bool = False


def caller(name: str, roles: Iterable[str], evidence: bytes = b"") -> Caller:
    """The caller of that name in these roles, with the classes of data that they open."""
    acts = frozenset(roles)
    seen = frozenset[str]().union(*(_SEEN[role] for role in acts))
    return Caller(max(acts, key=ROLES.index), name, seen, evidence, acts)


ANYONE = caller("", ["public"])
OPEN = caller("anyone, at an open hub", ["gateway", "manager"])
TOKEN = caller("the hub's token", ["gateway", "manager"])


def caller_of(request: Request) -> Caller:
    """Who makes this request; a public caller where nobody has looked."""
    found = request.scope.get("state", {}).get("caller", ANYONE)
    assert isinstance(found, Caller)
    return found


def require(request: Request, *roles: str) -> Caller:
    """The caller, who has one of `roles`. Raises Refused, which Guard answers with {"error": sentence} and keeps.

    What a manager changes is kept too, before its answer goes out; what a gateway sends is the ledger's.
    """
    who = caller_of(request)
    may = who.acts & frozenset(roles)
    if not may:
        wanted = " or ".join(roles)
        if who.role == "public":
            raise Refused(401, f"this is for {wanted}: send a token, a credential or a certificate")
        raise Refused(403, f"this is for {wanted}, and {who.name} is {who.role}")
    if request.method not in SAFE:
        if who.needs_proof:
            raise Refused(
                401, "a change by credential needs its holder's signature: send Tagwright-Proof"
            )
        if "manager" in may and "gateway" not in may:
            request.scope["state"]["managed"] = True
    return who


class Witness(Protocol):
    """What keeps the acts: audit.Audit."""

    async def record(self, who: Caller, act: str, subject: str, outcome: str) -> None:
        """Keep one act; it is durable when this returns. Raises StoreTrouble."""

    async def refused(self, who: Caller, act: str, subject: str, why: str) -> None:
        """Keep a refusal. Raises StoreTrouble."""


class Credentials(Protocol):
    """What reads signed credentials: credential.Credentials."""

    def caller(self, bearer: bytes) -> Caller:
        """Whom a bearer credential names. Raises Refused."""

    async def prove(
        self, who: Caller, proof: bytes, method: str, target: bytes, body: bytes
    ) -> Caller:
        """`who`, with the holder's signature over this request looked at and used up. Raises Refused."""


# DER of a client certificate -> its gateway. Raises Refused.
Certified = Callable[[bytes], Awaitable[Caller]]


class Access:
    """Who may call this hub. What is None is not in use; with nothing in use the hub is open."""

    def __init__(
        self,
        token: str | None = None,
        credentials: Credentials | None = None,
        certified: Certified | None = None,
        witness: Witness | None = None,
    ) -> None:
        self._expected = None if token is None else f"Bearer {token}".encode()
        self._credentials = credentials
        self._certified = certified
        self.witness = witness
        self.is_open = token is None and credentials is None and certified is None
        if self.is_open:
            log.warning("the hub is open: whoever reaches its port may do everything")

    async def identify(self, authorization: bytes, certificate: bytes | None) -> Caller:
        """Who calls with this Authorization header (b"": none) over this connection. Raises Refused.

        A gateway's certificate counts before all else: a gateway that was revoked is refused whatever it sends.
        """
        if certificate is not None and self._certified is not None:
            return await self._certified(certificate)
        if self.is_open:
            return OPEN
        if not authorization:
            return ANYONE
        if self._expected is not None and hmac.compare_digest(authorization, self._expected):
            return TOKEN
        scheme, _, bearer = authorization.partition(b" ")
        if self._credentials is None or scheme.lower() != b"bearer":
            raise Refused(401, "the bearer token is missing or not the hub's")
        if len(bearer) > _LONGEST_AUTHORIZATION:
            raise Refused(401, "the credential is too long")
        return self._credentials.caller(bearer.strip())

    async def prove(
        self, who: Caller, proof: bytes, method: str, target: bytes, body: bytes
    ) -> Caller:
        """`who`, having proved by his signature that he asks for just this. Raises Refused."""
        if self._credentials is None:
            raise Refused(401, "this hub takes no credentials")
        return await self._credentials.prove(who, proof, method, target, body)


class Guard:
    """ASGI middleware: names the caller, answers Refused, and has refusals and management acts kept.

    A change by proof is kept before it is made and again with its outcome; one by the hub's token with its outcome.
    """

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app = app
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        state = scope.setdefault("state", {})
        state["caller"] = ANYONE
        has_begun = is_cut = False

        async def kept(message: Message) -> None:
            nonlocal has_begun, is_cut
            if is_cut:
                return
            if message["type"] == "http.response.start":
                has_begun = True
                trouble = await self._managed(scope, message["status"])
                if trouble is not None:
                    is_cut = True
                    await trouble(scope, receive, send)
                    return
            await send(message)

        try:
            receive = await self._identify(scope, receive)
            await self._app(scope, receive, kept)
        except Refused as why:
            if has_begun:
                raise
            await self._refused(scope, why)
            await refusal(why)(scope, receive, send)
        except ClientDisconnect:
            log.debug("a caller went away in the middle of its request")
        except StoreTrouble as why:
            if has_begun:
                raise
            log.error("%s", why)
            await JSONResponse({"error": str(why)}, 503)(scope, receive, send)

    async def _identify(self, scope: Scope, receive: Receive) -> Receive:
        """Name the caller in the request's state; the receive that its body still comes from."""
        headers = dict(scope["headers"])
        state = scope["state"]
        certificate = state.get("peer_certificate")
        who = await self._access.identify(headers.get(b"authorization", b""), certificate)
        if who is OPEN and (_is_of_another_site(headers) or not _is_near(headers.get(b"host"))):
            who = ANYONE
        state["caller"] = who
        proof = headers.get(PROOF_HEADER)
        if proof is None or not who.needs_proof:
            return receive
        body = await _body(Request(scope, receive))
        who = await self._access.prove(who, proof, scope["method"], target(scope), body)
        state["caller"] = who
        await self._record(scope, "proved")
        return _again(body, receive)

    async def _managed(self, scope: Scope, status: int) -> JSONResponse | None:
        """Keep what a manager did; an answer in place of the act's where that fails."""
        if not scope["state"].pop("managed", False):
            return None
        try:
            await self._record(scope, str(status))
        except StoreTrouble as why:
            log.error("an act could not be kept: %s", why)
            return JSONResponse({"error": f"the act was done, but not kept: {why}"}, 503)
        return None

    async def _record(self, scope: Scope, outcome: str) -> None:
        if self._access.witness is not None:
            who, subject = scope["state"]["caller"], target(scope).decode("ascii", "replace")
            witness = self._access.witness
            await witness.record(who, scope["method"], subject, outcome)

    async def _refused(self, scope: Scope, why: Refused) -> None:
        if self._access.witness is None:
            return
        who, subject = why.who or scope["state"]["caller"], target(scope).decode("ascii", "replace")
        try:
            await self._access.witness.refused(who, scope["method"], subject, why.sentence)
        except StoreTrouble as trouble:
            log.error("a refusal could not be kept: %s", trouble)


def refusal(why: Refused) -> JSONResponse:
    """The answer to one who may not."""
    headers = {"WWW-Authenticate": "Bearer"} if why.status == 401 else None
    return JSONResponse({"error": why.sentence}, why.status, headers)


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > _BODY_CEILING:
            raise Refused(413, f"a request with a proof has at most {_BODY_CEILING} bytes")
    return bytes(body)


def _again(body: bytes, receive: Receive) -> Receive:
    """A receive that gives `body` once more, then what `receive` has."""
    pending = [body]

    async def replay() -> Message:
        if pending:
            return {"type": "http.request", "body": pending.pop(), "more_body": False}
        return await receive()

    return replay


def target(scope: Scope) -> bytes:
    """The request's target as it came: path and query, still percent-encoded."""
    path: bytes = scope.get("raw_path") or scope["path"].encode()
    query: bytes = scope["query_string"]
    return path + b"?" + query if query else path


def _is_of_another_site(headers: Mapping[bytes, bytes]) -> bool:
    """By Fetch Metadata, or by Origin: a page of this machine has one of it. Who follows a link comes himself."""
    is_led = headers.get(b"sec-fetch-mode") == b"navigate"  # a form that is sent has an Origin, too
    if headers.get(b"sec-fetch-site") in (b"cross-site", b"same-site") and not is_led:
        return True
    origin = headers.get(b"origin")
    return origin is not None and not _is_near(origin.partition(b"://")[2])


def _is_near(authority: bytes | None) -> bool:
    """Whether HOST[:PORT] is this machine, or is not said."""
    return authority is None or is_near(re.sub(r":\d*$", "", authority.decode("latin-1")))
