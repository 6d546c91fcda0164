"""The audit: what was refused and what was managed, in rows that nobody can change unseen.

Each row is hashed over the one before it in its node's chain and signed by the hub's key:
    hash = SHA-256(hash before || CBOR [node, seq, at_ns, role, caller, act, subject, outcome, evidence])
Rows that wait are written together, with one fsync. What a caller is refused, all strangers being one, is kept one by
one up to a ceiling in each minute, and then counted: nobody fills the disk by being refused, or hides another in it.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import astuple, dataclass
from hashlib import sha256
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from edge import cbor
from gateway.hub.access import Caller, caller, require
from gateway.hub.database import Database, Session
from gateway.hub.openapi import PathItems, answer, operation, parameter, refusals
from gateway.keys import DeviceKey, KeyCard, verifier

_LARGEST = (1 << 63) - 1

PATHS: PathItems = {
    "/v1/audit": {
        "get": operation(
            "listAudit",
            "What was refused and what was managed, oldest first; at most 1,000 rows.",
            {
                "200": answer("Rows of one chain", {"type": "array", "items": {"type": "object"}}),
                **refusals(400, 401, 403, 503),
            },
            parameters=[
                parameter("node", "the chain", {"type": "string"}, where="query"),
                parameter(
                    "after",
                    "the seq that the rows follow",
                    {"type": "integer", "minimum": 0, "maximum": _LARGEST},
                    where="query",
                ),
            ],
            secured=True,
        )
    }
}

_START = bytes(32)  # the hash before a node's first row
_PAGE = 1000  # rows
_MOST_TOGETHER = 500  # rows of one transaction
_LONGEST_TEXT = 512  # characters
_LONGEST_EVIDENCE = 16 << 10  # bytes
_REFUSALS = 600  # of one caller in a minute that have a row each
_MINUTE_NS = 60 * 10**9
_COLUMNS = (
    "node",
    "seq",
    "at_ns",
    "role",
    "caller",
    "act",
    "subject",
    "outcome",
    "evidence",
    "hash",
    "kid",
    "signature",
)


@dataclass(slots=True, eq=False)
class _Act:
    at_ns: int
    role: str
    caller: str
    act: str
    subject: str
    outcome: str
    evidence: bytes
    is_written: bool = False


@dataclass(frozen=True, slots=True)
class Act:
    """A row of the audit. evidence: the credential, certificate and proof that were shown, b"" for none."""

    node: str
    seq: int
    at_ns: int
    role: str
    caller: str
    act: str
    subject: str
    outcome: str
    evidence: bytes
    hash: bytes
    kid: bytes
    signature: bytes

    def as_json(self) -> dict[str, Any]:
        """The row as JSON values; bytes are hex."""
        values = zip(_COLUMNS, astuple(self), strict=True)
        return {name: v.hex() if isinstance(v, bytes) else v for name, v in values}


class Audit:
    """The chain of one hub process. key: the hub's, which signs; node: the name of the chain.

    Processes that share a node share its chain: each transaction locks the chain's head.
    """

    def __init__(
        self,
        database: Database,
        key: DeviceKey,
        node: str = "hub",
        clock_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self._database = database
        self._key = key
        self._node = node
        self._clock_ns = clock_ns
        self._waiting: list[_Act] = []
        self._turn = asyncio.Lock()
        self._minute = 0
        self._refusals: dict[tuple[str, str], int] = {}  # (role, name) -> how many in this minute

    async def record(self, who: Caller, act: str, subject: str, outcome: str) -> None:
        """Keep one act; it is durable when this returns. Raises StoreTrouble."""
        entry = _Act(
            self._clock_ns(),
            who.role,
            _plain(who.name),
            _plain(act),
            _plain(subject),
            _plain(outcome),
            who.evidence[:_LONGEST_EVIDENCE],
        )
        self._waiting.append(entry)
        try:
            async with self._turn:
                if not entry.is_written:
                    await self._write(self._waiting[:_MOST_TOGETHER])
        finally:
            if not entry.is_written:
                self._waiting.remove(entry)

    async def refused(self, who: Caller, act: str, subject: str, why: str) -> None:
        """Keep a refusal; those of one caller beyond the minute's ceiling are counted. Raises StoreTrouble."""
        minute = self._clock_ns() // _MINUTE_NS
        if minute != self._minute:
            self._minute = minute
            await self.settle()
        count = self._refusals[who.role, who.name] = self._refusals.get((who.role, who.name), 0) + 1
        if count <= _REFUSALS:
            await self.record(who, act, subject, f"refused: {why}")

    async def settle(self) -> None:
        """Keep what was only counted. To be called at the hub's end."""
        counted, self._refusals = self._refusals, {}
        for (role, name), count in counted.items():
            if count > _REFUSALS:
                more = f"refused: {count - _REFUSALS} more of {name or 'strangers'}"
                await self.record(caller(name, [role]), "requests", "", more)

    async def _write(self, acts: list[_Act]) -> None:
        async with self._database.transaction() as session:
            seq, last = await self._head(session)
            rows = []
            for act in acts:
                seq += 1
                said = (self._node, seq, *astuple(act)[:-1])
                last = _hash(last, said)
                rows.append((*said, last, self._key.kid, self._key.sign(_signed(last))))
            await session.copy("audit", _COLUMNS, rows)
            await session.execute(
                "UPDATE audit_heads SET seq = $2, hash = $3 WHERE node = $1", self._node, seq, last
            )
        for act in acts:
            act.is_written = True
        self._waiting = [each for each in self._waiting if not each.is_written]

    async def _head(self, session: Session) -> tuple[int, bytes]:
        await session.execute(
            "INSERT INTO audit_heads (node, seq, hash) VALUES ($1, 0, $2) ON CONFLICT (node) DO NOTHING",
            self._node,
            _START,
        )
        query = f"SELECT seq, hash FROM audit_heads WHERE node = $1{self._database.locking}"
        ((seq, hash),) = await session.fetch(query, self._node)
        return seq, hash


async def acts(database: Database, node: str, after: int, most: int = _PAGE) -> list[Act]:
    """At most `most` rows of a node behind seq `after`, in order."""
    query = f"SELECT {', '.join(_COLUMNS)} FROM audit WHERE node = $1 AND seq > $2 ORDER BY seq LIMIT $3"
    return [Act(*row) for row in await database.fetch(query, node, after, most)]


async def nodes(database: Database) -> list[tuple[str, int, bytes]]:
    """(node, seq, hash) of each chain's head; noted elsewhere, it shows later whether rows were taken off the end."""
    query = "SELECT node, seq, hash FROM audit_heads ORDER BY node"
    return [(node, seq, bytes(hash)) for node, seq, hash in await database.fetch(query)]


async def faults(database: Database, keys: list[KeyCard]) -> AsyncIterator[str]:
    """What is wrong with the audit, a sentence for the first fault of each chain; keys: of the hubs that wrote it."""
    by_kid = {key.kid: key.public for key in keys}
    heads = {node: (seq, hash) for node, seq, hash in await nodes(database)}
    written = [node for (node,) in await database.fetch("SELECT DISTINCT node FROM audit")]
    for node in sorted(set(heads) | set(written)):
        fault = await _fault(database, node, by_kid, heads.get(node, (0, _START)))
        if fault:
            yield f"node {node}: {fault}"


async def _fault(
    database: Database, node: str, keys: dict[bytes, bytes], head: tuple[int, bytes]
) -> str:
    seq, last = 0, _START
    while page := await acts(database, node, seq):
        for row in page:
            seq += 1
            if row.seq != seq:
                return f"row {seq} is missing"
            last = _hash(last, astuple(row)[: len(_COLUMNS) - 3])
            if last != row.hash:
                return f"row {seq} was changed, or one before it"
            key = keys.get(row.kid)
            if key is None:
                return f"row {seq} is signed by an unknown key {row.kid.hex()}: name it with --key"
            if not verifier(key, _signed(last), row.signature):
                return f"row {seq} is not signed by the hub"
    if (seq, last) != head:
        return f"it ends at row {seq}, where row {head[0]} was the last"
    return ""


def routes(database: Database) -> list[Route]:
    """GET /v1/audit, for managers."""

    async def listed(request: Request) -> Response:
        require(request, "manager")
        after = request.query_params.get("after", "0")
        if not (after.isascii() and after.isdigit() and len(after) < 20 and int(after) <= _LARGEST):
            return JSONResponse({"error": "after must be a seq, a number from 0 on"}, 400)
        found = await acts(database, request.query_params.get("node", "hub")[:64], int(after))
        return JSONResponse([each.as_json() for each in found])

    return [Route("/v1/audit", listed)]


def _hash(before: bytes, said: tuple[Any, ...]) -> bytes:
    return sha256(before + cbor.encode(list(said))).digest()


def _signed(hash: bytes) -> bytes:
    return cbor.encode(["tagwright audit", hash])


def _plain(text: str) -> str:
    """Text that every database stores: no U+0000 and no lone surrogates, and not too long."""
    return text[:_LONGEST_TEXT].replace("\0", "\ufffd").encode("utf-8", "replace").decode()
