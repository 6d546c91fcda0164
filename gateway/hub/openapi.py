"""The OpenAPI 3.1 document of everything that the running hub serves, put together from its rooms' PATHS.

PATHS, beside a room's routes, is {path template: {method: operation}}; `operation` writes one in a line. A path that
two rooms name is theirs together, method by method.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.hub.openapi_parts import SCHEMAS, SECURITY, TAGS

PathItems = Mapping[str, Mapping[str, Mapping[str, Any]]]

JSON = "application/json"
_VERSION = "3.1.0"
_METHODS = frozenset({"get", "put", "post", "delete", "options", "head", "patch", "trace"})


def ref(schema: str) -> dict[str, Any]:
    """A named schema of the document: "Error", "Result", "Passport", ..."""
    return {"$ref": f"#/components/schemas/{schema}"}


def parameter(
    name: str,
    about: str,
    schema: Mapping[str, Any] | None = None,
    *,
    where: str = "path",
    example: Any = None,
) -> dict[str, Any]:
    """A parameter; one of the path is required, one of "query" or "header" is not."""
    found: dict[str, Any] = {"name": name, "in": where, "description": about}
    found["schema"] = dict(schema or {"type": "string"})
    if where == "path":
        found["required"] = True
    if example is not None:
        found["example"] = example
    return found


def content(schema: Mapping[str, Any] | None, media_type: str = JSON) -> dict[str, Any]:
    """The `content` of a body or an answer; schema None: any bytes."""
    return {media_type: {"schema": dict(schema)} if schema is not None else {}}


def body(
    schema: Mapping[str, Any] | None, *media_types: str, required: bool = True
) -> dict[str, Any]:
    """A request body in each of the media types, JSON where none is named."""
    both: dict[str, Any] = {}
    for media_type in media_types or (JSON,):
        both |= content(schema, media_type)
    return {"required": required, "content": both}


def answer(
    about: str,
    schema: Mapping[str, Any] | None = None,
    *media_types: str,
    headers: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """One answer; without schema and media type it has no body. headers: name -> what it says."""
    found: dict[str, Any] = {"description": about}
    if schema is not None or media_types:
        found["content"] = {}
        for media_type in media_types or (JSON,):
            found["content"] |= content(schema, media_type)
    if headers:
        found["headers"] = {
            name: {"description": said, "schema": {"type": "string"}}
            for name, said in headers.items()
        }
    return found


def refusals(*statuses: int, schema: str = "Error") -> dict[str, Any]:
    """The answers of a request that is not granted, each with the named schema."""
    return {str(status): answer(_REFUSALS[status], ref(schema)) for status in statuses}


def operation(
    name: str,
    summary: str,
    responses: Mapping[str, Any],
    *,
    tag: str = "hub",
    parameters: Sequence[Mapping[str, Any]] = (),
    request: Mapping[str, Any] | None = None,
    secured: bool = False,
) -> dict[str, Any]:
    """An operation. name: its operationId, once in the whole hub; secured: needs a token, certificate or credential."""
    found: dict[str, Any] = {"operationId": name, "summary": summary, "tags": [tag]}
    if parameters:
        found["parameters"] = [dict(each) for each in parameters]
    if request is not None:
        found["requestBody"] = dict(request)
    found["responses"] = dict(responses)
    if secured:
        found["security"] = [{"bearer": []}, {"mutualTLS": []}]
    return found


def document(rooms: Iterable[PathItems], version: str = "1") -> dict[str, Any]:
    """The whole document. Raises ValueError (a bug) where two rooms describe the same operation."""
    paths: dict[str, dict[str, Any]] = {}
    names: set[str] = set()
    for room in (*rooms, PATHS):
        for path, item in room.items():
            held = paths.setdefault(path, {})
            for key, value in item.items():
                if key in held:
                    raise ValueError(f"two rooms describe {key} {path}")
                held[key] = value
                if key in _METHODS and "operationId" in value:
                    if value["operationId"] in names:
                        raise ValueError(f"two operations are named {value['operationId']}")
                    names.add(value["operationId"])
    return {
        "openapi": _VERSION,
        "info": {
            "title": "Tagwright hub",
            "version": version,
            "description": "Batches of gateways' journals, product passports, EPCIS events and GS1 Digital Links.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "tags": list(TAGS),
        "paths": dict(sorted(paths.items())),
        "components": {"schemas": dict(SCHEMAS), "securitySchemes": dict(SECURITY)},
    }


def routes(said: Mapping[str, Any]) -> list[Route]:
    """GET /openapi.json: the document, as bytes that are made once."""
    raw = json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()
    etag = f'"{sha256(raw).hexdigest()[:32]}"'
    headers = {"ETag": etag, "Access-Control-Allow-Origin": "*", "Cache-Control": "no-cache"}

    async def serve(request: Request) -> Response:
        if request.headers.get("if-none-match") == etag:
            return Response(status_code=304, headers=headers)
        return Response(raw, headers=headers, media_type=JSON)

    return [Route("/openapi.json", serve)]


PATHS: PathItems = {
    "/openapi.json": {
        "get": operation(
            "readOpenApi",
            "This document",
            {"200": answer("OpenAPI 3.1", {"type": "object", "required": ["openapi", "paths"]})},
        )
    }
}

_REFUSALS = {
    400: "What was sent is not of the form, and the sentence says why",
    401: "Who asks has not shown who they are",
    403: "Who asks may not do this",
    404: "There is no such thing",
    406: "It can be said in none of the media types asked for",
    409: "It stands already, or with another content",
    412: "It has changed since it was read: read it again",
    413: "The body is larger than the hub takes",
    415: "The body's media type or version is none that the hub reads here",
    422: "It can be read, and says what cannot be",
    429: "Too many requests: wait",
    503: "The hub's database is away: try again",
}
