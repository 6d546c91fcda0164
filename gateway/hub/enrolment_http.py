"""Enrolment over HTTP.

POST /v1/enrol                    {"token", "csr"} -> {"name", "certificate", "ca"}    no login: the token is it
POST /v1/renew                    {"csr"} -> the same    by the current certificate
GET  /v1/ca                       the CA's certificate, PEM; for everyone
GET  /v1/gateways                 [{"name", "since", "revoked", "not_after", "journals"}]    for managers, as all below
POST /v1/gateways/{name}/token    {"token", "until"}
DELETE /v1/gateways/{name}        revoke it
"""

import json
import re
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from edge.errors import Malformed
from gateway.hub.access import Refused, Witness, require
from gateway.hub.enrolment import Enrolment, Issued
from gateway.hub.gateways import Gateways, Known
from gateway.hub.times import rfc3339

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")  # as [gateway] name

_CEILING = 32 << 10  # bytes of a request
_SECOND_NS = 10**9


def routes(
    enrolment: Enrolment, gateways: Gateways, witness: Witness, token_hours: float = 24.0
) -> list[Route]:
    """The endpoints. witness: where enrolments and renewals are kept."""
    rooms = _Rooms(enrolment, gateways, witness, token_hours)
    return [
        Route("/v1/enrol", rooms.enrol, methods=["POST"]),
        Route("/v1/renew", rooms.renew, methods=["POST"]),
        Route("/v1/ca", rooms.authority),
        Route("/v1/gateways", rooms.listed),
        Route("/v1/gateways/{name}/token", rooms.token, methods=["POST"]),
        Route("/v1/gateways/{name}", rooms.revoke, methods=["DELETE"]),
    ]


class _Rooms:
    def __init__(
        self, enrolment: Enrolment, gateways: Gateways, witness: Witness, token_hours: float
    ) -> None:
        self._enrolment = enrolment
        self._gateways = gateways
        self._witness = witness
        self._token_hours = token_hours

    async def enrol(self, request: Request) -> Response:
        said = await _said(request, "token", "csr")
        issued = await self._enrolment.enrol(said["token"], said["csr"].encode("utf-8", "replace"))
        await self._witness.record(issued.caller, "enrol", issued.name, "certified")
        return self._answer(issued)

    async def renew(self, request: Request) -> Response:
        who = require(request, "gateway")
        if not who.evidence:
            raise Refused(401, "a renewal is asked for with the current client certificate")
        said = await _said(request, "csr")
        issued = await self._enrolment.renew(who, said["csr"].encode("utf-8", "replace"))
        await self._witness.record(issued.caller, "renew", issued.name, "certified")
        return self._answer(issued)

    async def authority(self, request: Request) -> Response:
        return Response(self._enrolment.authority.pem, media_type="application/x-pem-file")

    async def listed(self, request: Request) -> Response:
        require(request, "manager")
        return JSONResponse([known_json(each) for each in await self._gateways.listed()])

    async def token(self, request: Request) -> Response:
        require(request, "manager")
        token, until = await self._enrolment.token(_name(request), self._token_hours)
        return JSONResponse({"token": token, "until": rfc3339(until * _SECOND_NS)})

    async def revoke(self, request: Request) -> Response:
        require(request, "manager")
        name = _name(request)
        if not await self._gateways.revoke(name):
            return JSONResponse({"error": f"no gateway {name} is enrolled"}, 404)
        return Response(status_code=204)

    def _answer(self, issued: Issued) -> Response:
        authority = self._enrolment.authority.pem.decode()
        return JSONResponse({"name": issued.name, "certificate": issued.pem, "ca": authority})


def known_json(known: Known) -> dict[str, Any]:
    """A gateway as JSON values; times in RFC 3339 or null."""
    return {
        "name": known.name,
        "since": rfc3339(known.since_ns),
        "revoked": None if known.revoked_ns is None else rfc3339(known.revoked_ns),
        "not_after": None if known.not_after is None else rfc3339(known.not_after * _SECOND_NS),
        "journals": known.journals,
    }


def _name(request: Request) -> str:
    name = str(request.path_params["name"])
    if not NAME.fullmatch(name):
        raise Malformed("a gateway's name has letters, digits, '.', '_' and '-', 63 at most")
    return name


async def _said(request: Request, *keys: str) -> dict[str, str]:
    """The JSON object that was sent, with these keys and text under each. Raises Malformed, Refused."""
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > _CEILING:
            raise Refused(413, f"this request has at most {_CEILING} bytes")
    try:
        said = json.loads(bytes(body))
    except (ValueError, RecursionError) as why:
        raise Malformed("the request is no JSON") from why
    if not isinstance(said, dict) or set(said) != set(keys):
        raise Malformed(f"the request must be an object with the keys {', '.join(keys)}")
    if not all(isinstance(said[key], str) for key in keys):
        raise Malformed(f"the request must have text under {', '.join(keys)}")
    return said
