"""Batches over HTTP: what gateways post goes into the ledger, and they are told what it holds.

POST /v1/batches                    a batch (CBOR) -> a receipt
GET  /v1/journals/{id}[?upto=SEQ]   a receipt: what is held of a journal; upto: as if nothing behind SEQ were
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from edge.errors import Malformed
from gateway.hub.access import Caller, require
from gateway.hub.batch import CEILING, Batch, Newer, decode
from gateway.hub.database import StoreTrouble
from gateway.hub.openapi import PathItems, answer, operation, parameter, refusals
from gateway.hub.receipt import Receipt

_MOST_TOGETHER = 64  # batches in one transaction
_JOURNAL = 16  # bytes of a journal's id
_LARGEST = (1 << 63) - 1

_SEQ = {"type": "integer", "minimum": 0, "maximum": _LARGEST}
_SEQS = {"type": "array", "items": _SEQ}
_RECEIPT = {
    "200": answer(
        "What the hub holds of the journal",
        {
            "type": "object",
            "properties": {
                "journal": {"type": "string"},
                "watermark": _SEQ,
                "hash": {"type": "string"},
                "stored": _SEQ,
                "duplicates": _SEQ,
                "conflicts": _SEQS,
                "missing": {"type": "array", "items": _SEQS},
                "forked": {"type": "boolean"},
                "refused": {"type": ["string", "null"]},
            },
            "required": ["journal", "watermark"],
        },
    )
}


class Ledger(Protocol):
    """ledger.Ledger, as far as it is needed here."""

    async def take(self, batches: Sequence[Batch]) -> list[Receipt]: ...
    async def receipt(self, journal: bytes, upto: int | None = None) -> Receipt: ...


class Admission(Protocol):
    """Whose journal is whose: gateways.Gateways."""

    async def admit(self, who: Caller, gateway: str, journal: bytes) -> None:
        """Raises Refused where `who` may not send this journal under this gateway's name."""


class Together:
    """Takes what comes while the ledger is busy in one transaction next: many gateways share a sync of the disk."""

    def __init__(self, take: Callable[[Sequence[Batch]], Awaitable[list[Receipt]]]) -> None:
        self._take_many = take
        self._waiting: list[tuple[Batch, asyncio.Future[Receipt]]] = []
        self._work: asyncio.Task[None] | None = None

    async def take(self, batch: Batch) -> Receipt:
        """Store one batch. Raises StoreTrouble."""
        receipt: asyncio.Future[Receipt] = asyncio.get_running_loop().create_future()
        self._waiting.append((batch, receipt))
        if self._work is None:
            self._work = asyncio.create_task(self._run())
        return await receipt

    async def _run(self) -> None:
        group: list[tuple[Batch, asyncio.Future[Receipt]]] = []
        try:
            while self._waiting:
                group = self._waiting[:_MOST_TOGETHER]
                del self._waiting[:_MOST_TOGETHER]
                if not await self._have_taken(group) and len(group) > 1:
                    for one in group:  # what cannot be stored holds up no other
                        await self._have_taken([one])
        finally:
            self._work = None
            for _, receipt in (*group, *self._waiting):
                receipt.cancel()  # nothing, where it is done

    async def _have_taken(self, group: Sequence[tuple[Batch, asyncio.Future[Receipt]]]) -> bool:
        """Whether the ledger took the group; trouble with a single batch is its sender's to hear."""
        try:
            receipts = await self._take_many([batch for batch, _ in group])
        except StoreTrouble as why:
            if len(group) == 1 and not group[0][1].done():
                group[0][1].set_exception(why)
            return False
        for (_, future), receipt in zip(group, receipts, strict=True):
            if not future.done():
                future.set_result(receipt)
        return True


def routes(
    ledger: Ledger,
    gateways: Admission | None = None,
    taken: Callable[[Receipt], None] = lambda receipt: None,
) -> list[Route]:
    """gateways: None where none is known by a certificate. taken: told of each receipt, for metrics and a clerk."""
    together = Together(ledger.take)

    async def take(request: Request) -> Response:
        who = require(request, "gateway")
        data = await _body(request)
        if data is None:
            sentence = f"a batch has at most {CEILING} bytes: send fewer rows"
            return JSONResponse({"error": sentence}, 413)
        try:
            batch = decode(data)
        except Newer as why:
            return JSONResponse({"error": str(why)}, 415)
        if request.headers.get("idempotency-key", batch.key) != batch.key:
            raise Malformed(f"the idempotency key must be {batch.key}")
        if gateways is not None:
            await gateways.admit(who, batch.gateway, batch.journal)
        receipt = await together.take(batch)
        taken(receipt)
        return _answer(receipt)

    async def journal(request: Request) -> Response:
        require(request, "gateway")
        return _answer(await ledger.receipt(_journal(request), _upto(request)))

    return [
        Route("/v1/batches", take, methods=["POST"]),
        Route("/v1/journals/{id}", journal),
    ]


def _answer(receipt: Receipt) -> Response:
    return Response(receipt.to_json(), media_type="application/json")


def _journal(request: Request) -> bytes:
    said = request.path_params["id"]
    try:
        id = bytes.fromhex(said)
    except ValueError:
        id = b""
    if len(id) != _JOURNAL or id.hex() != said:
        raise Malformed(f"a journal's id has {2 * _JOURNAL} hexadecimal digits, small ones")
    return id


def _upto(request: Request) -> int | None:
    said = request.query_params.get("upto")
    if said is None:
        return None
    if not (said.isascii() and said.isdigit() and len(said) < 20 and int(said) <= _LARGEST):
        raise Malformed("upto must be a seq, 0 to 2^63 - 1")
    return int(said)


async def _body(request: Request) -> bytes | None:
    """The request's body, None where it is larger than a batch may be."""
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > CEILING:
            return None
    return bytes(body)


PATHS: PathItems = {
    "/v1/batches": {
        "post": operation(
            "sendBatch",
            "Consecutive rows of a gateway's journal.",
            {**_RECEIPT, **refusals(400, 401, 403, 413, 415, 503)},
            tag="gateways",
            parameters=[
                parameter("Idempotency-Key", "JOURNAL/FIRST-LAST of the batch", where="header")
            ],
            request={"required": True, "content": {"application/cbor": {}}},
            secured=True,
        )
    },
    "/v1/journals/{id}": {
        "get": operation(
            "readJournal",
            "What the hub holds of a gateway's journal.",
            {**_RECEIPT, **refusals(400, 401, 403, 503)},
            tag="gateways",
            parameters=[
                parameter(
                    "id", "The journal's id", {"type": "string", "pattern": "^[0-9a-f]{32}$"}
                ),
                parameter(
                    "upto",
                    "As if the hub held no row behind this one",
                    _SEQ,
                    where="query",
                ),
            ],
            secured=True,
        )
    },
}
