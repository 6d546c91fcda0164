"""How a request for passports went, as a Result {statusCode, message[]} (EN 18222).

The status codes are named as in the API of the Asset Administration Shell, part 2, which its drafts follow.
"""

import logging
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from edge.errors import Malformed
from gateway.hub.database import StoreTrouble
from gateway.hub.raw_route import Endpoint

log = logging.getLogger(__name__)

BAD, MISSING, STANDS = (
    "ClientErrorBadRequest",
    "ClientErrorResourceNotFound",
    "ClientResourceConflict",
)
FORBIDDEN, CHANGED = "ClientForbidden", "ClientErrorPreconditionFailed"
LARGE, FOREIGN = "ClientErrorPayloadTooLarge", "ClientErrorUnsupportedMediaType"
UNACCEPTABLE, AWAY = "ClientErrorNotAcceptable", "ServerErrorServiceUnavailable"
STATUS = {
    "Success": 200,
    "SuccessCreated": 201,
    BAD: 400,
    FORBIDDEN: 403,
    MISSING: 404,
    UNACCEPTABLE: 406,
    STANDS: 409,
    CHANGED: 412,
    LARGE: 413,
    FOREIGN: 415,
    AWAY: 503,
}
_RETRY_S = "5"


class Problem(Exception):
    """The request cannot be granted. code: one of STATUS; the text says why, and never what is withheld."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


def result(
    code: str,
    payload: Any = None,
    text: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """A Result; text: its one message, payload: what was asked for."""
    kind = "Info" if code.startswith("Success") else "Error"
    said: dict[str, Any] = {
        "statusCode": code,
        "message": [] if text is None else [{"messageType": kind, "text": text}],
    }
    if payload is not None:
        said["payload"] = payload
    return JSONResponse(said, STATUS[code], headers)


def answering(endpoint: Endpoint) -> Endpoint:
    """The endpoint, with Problem, Malformed and StoreTrouble answered as Results."""

    async def answer(request: Request) -> Response:
        try:
            return await endpoint(request)
        except Problem as why:
            return result(why.code, text=why.text)
        except Malformed as why:
            return result(BAD, text=str(why))
        except StoreTrouble as why:
            log.error("%s", why)
            return result(
                AWAY, text="the hub's database is away", headers={"Retry-After": _RETRY_S}
            )

    return answer


async def body(request: Request, ceiling: int, *media_types: str) -> bytes:
    """The request's body. Raises Problem: another media type than these, or more bytes than the ceiling."""
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media not in media_types:
        raise Problem(FOREIGN, f"the body's media type must be {' or '.join(media_types)}")
    found = bytearray()
    async for piece in request.stream():
        found += piece
        if len(found) > ceiling:
            raise Problem(LARGE, f"a body has at most {ceiling} bytes here")
    return bytes(found)
