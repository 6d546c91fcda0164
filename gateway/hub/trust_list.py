"""The trust list that passport pages verify by, as it is published: whoever can read it can check a tag himself.

GET /v1/trust     the signed list's bytes (application/cose); its root's key stands in each page's data
"""

from base64 import b64encode
from hashlib import sha256

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from edge import trust
from edge.errors import Malformed
from edge.trust import TrustList
from gateway.hub.asked import client_has
from gateway.hub.openapi import PathItems, answer, operation, refusals
from gateway.keys import TrustStore, verifier
from gateway.trust_file import TrustFile
from gateway.web.passport import Trust

_MEDIA = "application/cose"
_HEADERS = {
    "Cache-Control": "no-cache",
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "ETag, Repr-Digest",
}


class PublishedTrust:
    """A trust list that is followed, with its bytes. Raises KeyProblem where it cannot be read at first."""

    def __init__(self, store: TrustStore) -> None:
        self._file = TrustFile(store)
        self.root = store.root()
        self._raw = b""
        self._number = -1

    def current(self) -> TrustList:
        """The list in force."""
        return self._file.current()

    def signed(self) -> bytes:
        """The bytes of the list in force, and of no other. Raises OSError, Malformed: it is just being replaced."""
        wanted = self.current().number
        if self._number != wanted:
            raw = self._file.path.read_bytes()
            found = trust.decode(raw, self.root, verifier).number
            if found != wanted:
                raise Malformed(f"it is list {found}, and list {wanted} is in force")
            self._raw, self._number = raw, wanted
        return self._raw

    def said(self) -> Trust:
        """What a page says of it."""
        held = self.current()
        return Trust(self.root, held.number, held.issued, held.not_after)


class TrustRoom:
    """The endpoint; trust: None where the hub has no list."""

    def __init__(self, trust: PublishedTrust | None) -> None:
        self._trust = trust

    async def read(self, request: Request) -> Response:
        """The list's bytes; 304 where the client has them."""
        if self._trust is None:
            return JSONResponse({"error": "this hub has no trust list"}, 404, _HEADERS)
        try:
            raw = self._trust.signed()
        except (OSError, Malformed) as why:
            return JSONResponse({"error": f"the trust list cannot be read: {why}"}, 503, _HEADERS)
        digest = sha256(raw).digest()
        etag = f'"{digest.hex()}"'
        headers = {
            **_HEADERS,
            "ETag": etag,
            "Repr-Digest": f"sha-256=:{b64encode(digest).decode()}:",
        }
        if client_has(request, etag):
            return Response(status_code=304, headers=headers)
        return Response(raw, headers=headers, media_type=_MEDIA)


def routes(room: TrustRoom) -> list[Route]:
    """The route of the list."""
    return [Route("/v1/trust", room.read)]


PATHS: PathItems = {
    "/v1/trust": {
        "get": operation(
            "readTrustList",
            "The signed trust list that passport pages verify by",
            {
                "200": answer("The list, a COSE_Sign1", None, _MEDIA),
                "304": answer("The client has it"),
                **refusals(404, 503),
            },
            tag="passports",
        )
    }
}
