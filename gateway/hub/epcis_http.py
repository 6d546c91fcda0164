"""How EPCIS is spoken over HTTP: the headers of every answer, problems, and JSON in.

GS1 EPCIS 2.0, "REST bindings"; problems as RFC 9457 has them, their types as EPCIS names its exceptions.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from edge.errors import Malformed
from gateway.epcis.check import MOST_BYTES, MOST_EVENTS
from gateway.epcis.document import EXTENSIONS, VERSION
from gateway.hub.access import require
from gateway.hub.database import StoreTrouble
from gateway.web.negotiation import accept_of

log = logging.getLogger(__name__)

Endpoint = Callable[[Request], Awaitable[Response]]

HEADERS = {
    "GS1-EPCIS-Version": VERSION,
    "GS1-EPCIS-Min": VERSION,
    "GS1-EPCIS-Max": VERSION,
    "GS1-CBV-Version": VERSION,
    "GS1-CBV-Min": VERSION,
    "GS1-CBV-Max": VERSION,
    "GS1-EPC-Format": "Never_Translates",
    "GS1-Extensions": EXTENSIONS,
    "Vary": "Accept",
}
LIMITS = {
    "GS1-EPCIS-Capture-Limit": str(MOST_EVENTS),
    "GS1-EPCIS-Capture-File-Size-Limit": str(MOST_BYTES),
}
BEHAVIOUR = "GS1-Capture-Error-Behaviour"
_JSON = "application/json"
JSON_TYPES = (_JSON, "application/ld+json")

_RETRY_S = "5"
_TITLES = {
    "ValidationException": "The document or event is not EPCIS 2.0",
    "QueryParameterException": "The query asks for what is not known here",
    "QueryTooLargeException": "The answer would be larger than asked for",
    "NoSuchNameException": "There is no such query",
    "NoSuchResourceException": "There is no such resource",
    "DuplicateNameException": "A query of this name stands",
    "ResourceAlreadyExistsException": "Another event stands under this eventID",
    "CaptureLimitExceededException": "Too much for one capture",
    "UnsupportedMediaTypeException": "Only JSON is understood",
    "NotAcceptableException": "It is not to be had in this version or form",
    "ImplementationException": "The hub's database is away",
}


class Problem(Exception):
    """The request cannot be granted; exception: EPCIS's name of the reason, which the text explains."""

    def __init__(self, status: int, exception: str, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.exception = exception
        self.text = text


def problem(status: int, exception: str, text: str) -> dict[str, Any]:
    """A problem of RFC 9457."""
    return {
        "type": f"epcisException:{exception}",
        "title": _TITLES[exception],
        "status": status,
        "detail": text,
    }


def answering(endpoint: Endpoint, *roles: str) -> Endpoint:
    """The endpoint for callers in these roles, with EPCIS's headers, and its trouble answered as problems."""

    async def answer(request: Request) -> Response:
        require(request, *roles)
        extra: Mapping[str, str] = {}
        try:
            _check_version(request)
            wanted = _wanted(request)
            found = await endpoint(request)
            if found.media_type == _JSON:
                found.headers["content-type"] = wanted
        except Problem as why:
            extra = LIMITS if why.status == 413 else {}
            found = _refusal(why.status, why.exception, why.text)
        except Malformed as why:
            found = _refusal(400, "ValidationException", str(why))
        except StoreTrouble as why:
            log.error("%s", why)
            extra = {"Retry-After": _RETRY_S}
            found = _refusal(503, "ImplementationException", "the hub's database is away")
        found.headers.update({**HEADERS, **extra})
        return found

    return answer


def options(*methods: str, more: Mapping[str, str] | None = None) -> Endpoint:
    """Answers OPTIONS: what may be asked here, and in which versions."""

    async def answer(request: Request) -> Response:
        allowed = {"Allow": ", ".join((*methods, "OPTIONS"))}
        return Response(status_code=204, headers={**HEADERS, **allowed, **(more or {})})

    return answer


async def json_body(request: Request) -> bytes:
    """The body, of a JSON type and within the limit. Raises Problem."""
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media not in JSON_TYPES:
        raise Problem(
            415, "UnsupportedMediaTypeException", f"send {' or '.join(JSON_TYPES)}, not {media!r}"
        )
    found = bytearray()
    async for piece in request.stream():
        found += piece
        if len(found) > MOST_BYTES:
            raise Problem(
                413, "CaptureLimitExceededException", f"a body has at most {MOST_BYTES} bytes"
            )
    return bytes(found)


def next_page(request: Request, token: str) -> dict[str, str]:
    """The Link header to the page behind this one."""
    url = request.url.include_query_params(nextPageToken=token)
    return {"Link": f'<{url}>; rel="next"'}


def _check_version(request: Request) -> None:
    wanted = request.headers.get("gs1-epcis-version", VERSION)
    if wanted.partition(".")[0] != "2":
        raise Problem(406, "NotAcceptableException", f"EPCIS {VERSION} is spoken here")


def _wanted(request: Request) -> str:
    """The media type of an answer in JSON. Raises Problem where what is read may be in none of these."""
    wanted = accept_of(request.headers.get("accept")).best(JSON_TYPES)
    if wanted is None and request.method in ("GET", "HEAD"):
        raise Problem(406, "NotAcceptableException", f"this is {' or '.join(JSON_TYPES)}")
    return wanted or _JSON


def _refusal(status: int, exception: str, text: str) -> Response:
    return JSONResponse(
        problem(status, exception, text), status, media_type="application/problem+json"
    )
