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
from gateway.hub.openapi import PathItems, answer, body, operation, parameter, refusals
from gateway.hub.times import rfc3339

_ISSUED = {
    "type": "object",
    "properties": {key: {"type": "string"} for key in ("name", "certificate", "ca")},
    "required": ["name", "certificate", "ca"],
}
_KNOWN = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "since": {"type": "string"},
        "revoked": {"type": ["string", "null"]},
        "not_after": {"type": ["string", "null"]},
        "journals": {"type": "integer"},
    },
}
_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$"
_NAME = parameter("name", "the gateway", {"type": "string", "pattern": _PATTERN})


def _asking(*keys: str) -> dict[str, Any]:
    properties = {key: {"type": "string"} for key in keys}
    return body({"type": "object", "properties": properties, "required": list(keys)})


PATHS: PathItems = {
    "/v1/enrol": {
        "post": operation(
            "enrol",
            "A client certificate for a one-time token and a CSR.",
            {"200": answer("The certificate", _ISSUED), **refusals(400, 403, 413, 503)},
            tag="access",
            request=_asking("token", "csr"),
        )
    },
    "/v1/renew": {
        "post": operation(
            "renew",
            "The next client certificate, asked for with the current one.",
            {"200": answer("The certificate", _ISSUED), **refusals(400, 401, 403, 413, 503)},
            tag="access",
            request=_asking("csr"),
            secured=True,
        )
    },
    "/v1/ca": {
        "get": operation(
            "readAuthority",
            "The CA of gateways' certificates.",
            {"200": answer("PEM", None, "application/x-pem-file")},
            tag="access",
        )
    },
    "/v1/gateways": {
        "get": operation(
            "listGateways",
            "Every gateway that is known.",
            {
                "200": answer("Gateways", {"type": "array", "items": _KNOWN}),
                **refusals(401, 403, 503),
            },
            tag="access",
            secured=True,
        )
    },
    "/v1/gateways/{name}/token": {
        "post": operation(
            "makeToken",
            "A token by which this gateway may enrol once.",
            {
                "200": answer(
                    "The token",
                    {
                        "type": "object",
                        "properties": {"token": {"type": "string"}, "until": {"type": "string"}},
                    },
                ),
                **refusals(400, 401, 403, 503),
            },
            tag="access",
            parameters=[_NAME],
            secured=True,
        )
    },
    "/v1/gateways/{name}": {
        "delete": operation(
            "revokeGateway",
            "Refuse this gateway from now on.",
            {"204": answer("It is refused"), **refusals(400, 401, 403, 404, 503)},
            tag="access",
            parameters=[_NAME],
            secured=True,
        )
    },
}

NAME = re.compile(_PATTERN)  # as [gateway] name

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
    data = bytearray()
    async for piece in request.stream():
        data += piece
        if len(data) > _CEILING:
            raise Refused(413, f"this request has at most {_CEILING} bytes")
    try:
        said = json.loads(bytes(data))
    except (ValueError, RecursionError) as why:
        raise Malformed("the request is no JSON") from why
    if not isinstance(said, dict) or set(said) != set(keys):
        raise Malformed(f"the request must be an object with the keys {', '.join(keys)}")
    if not all(isinstance(said[key], str) for key in keys):
        raise Malformed(f"the request must have text under {', '.join(keys)}")
    return said
