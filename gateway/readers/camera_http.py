"""Pictures over HTTP: MJPEG (multipart/x-mixed-replace), or a snapshot that is fetched again and again.

Not by OpenCV: here a picture stays a file until it is looked at, and its length has a ceiling. Basic and Digest.
"""

import http.client
import time
from contextlib import closing
from http import HTTPStatus
from typing import IO
from urllib.error import HTTPError, URLError
from urllib.parse import unquote, urlsplit
from urllib.request import (
    BaseHandler,
    HTTPBasicAuthHandler,
    HTTPDigestAuthHandler,
    HTTPPasswordMgrWithDefaultRealm,
    OpenerDirector,
    ProxyHandler,
    Request,
    build_opener,
)

from edge.errors import Malformed
from gateway.readers.camera_address import Address
from gateway.readers.camera_feed import LARGEST, QUIET_S, WHOLE_S, Bad, Content, Feed, Lost
from gateway.readers.multipart import Multipart, boundary

_CHUNK = 1 << 18  # bytes
_SNAPSHOT_S = 0.05  # from one to the next, at least
_AUTH = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)


def pictures(at: Address) -> Feed:
    """What the camera at `at` sends; Lost."""
    opener, url = _opener(at.where)
    while True:
        began = time.monotonic()
        with closing(_answer(opener, url, at)) as answer:
            kind = answer.headers.get("Content-Type", "")
            if kind.lower().startswith("multipart/"):
                yield from _stream(answer, kind, at)
                raise _closed(at)
            if not kind.lower().startswith("image/"):
                raise Lost(
                    "gone",
                    f"{at.shown} answers with {kind[:40] or 'no type'}: it is no address of pictures",
                )
            yield _snapshot(answer, at)
        time.sleep(max(0.0, _SNAPSHOT_S - (time.monotonic() - began)))


def _opener(where: str) -> tuple[OpenerDirector, str]:
    """What fetches, and the URL without user and password, which are told only to a server that asks for them."""
    parts = urlsplit(where)
    url = parts._replace(netloc=parts.netloc.rpartition("@")[2], fragment="").geturl()
    handlers: list[BaseHandler] = []
    if parts.username is not None:
        known = HTTPPasswordMgrWithDefaultRealm()
        known.add_password(None, url, unquote(parts.username), unquote(parts.password or ""))
        handlers = [_Unread(), HTTPDigestAuthHandler(known), HTTPBasicAuthHandler(known)]
    return build_opener(ProxyHandler({}), *handlers), url


class _Unread(BaseHandler):
    """Closes the answer that asks for a password before the handlers behind it answer that; urllib leaves it open."""

    handler_order = 100

    def http_error_401(self, _: Request, answer: IO[bytes], *__: object) -> None:
        answer.close()


def _answer(opener: OpenerDirector, url: str, at: Address) -> http.client.HTTPResponse:
    """The camera's answer, its headers read."""
    try:
        answer = opener.open(url, timeout=QUIET_S)
    except HTTPError as refused:
        refused.close()
        if refused.code in _AUTH:
            why = "refuses this user and password: write http://USER:PASSWORD@HOST/..."
        else:
            why = f"answers {refused.code}"
        raise Lost("gone", f"{at.shown} {why}") from None
    except URLError as why:
        raise _lost(why.reason, at) from None
    except (OSError, http.client.HTTPException, ValueError) as trouble:
        raise _lost(trouble, at) from None
    assert isinstance(answer, http.client.HTTPResponse)
    return answer


def _lost(why: object, at: Address) -> Lost:
    if isinstance(why, TimeoutError):
        return Lost("stalled", f"{at.shown}: the camera has said nothing for {QUIET_S:g} s")
    if isinstance(why, ConnectionResetError | BrokenPipeError):
        return _closed(at)
    if isinstance(why, http.client.HTTPException | ValueError):
        text = f"the camera speaks no HTTP that is understood ({type(why).__name__})"
    else:
        text = why.strerror if isinstance(why, OSError) and why.strerror else str(why)
    return Lost("gone", f"{at.shown}: {text}")


def _closed(at: Address) -> Lost:
    return Lost("gone", f"{at.shown}: the camera has closed the connection")


def _some(answer: http.client.HTTPResponse, at: Address) -> bytes:
    """What has come, b"" at the end."""
    try:
        return answer.read1(_CHUNK)
    except (OSError, http.client.HTTPException, ValueError) as why:
        raise _lost(why, at) from None


def _stream(answer: http.client.HTTPResponse, kind: str, at: Address) -> Feed:
    try:
        parts = Multipart(boundary(kind), LARGEST)
    except Malformed as why:
        raise Lost("gone", f"{at.shown}: {why}") from None
    skipped, whole_at = 0, time.monotonic()
    while data := _some(answer, at):
        found: list[Content] = list(parts.receive(data))
        if parts.skipped > skipped:
            skipped = parts.skipped
            found.append(_too_large())
        if found:
            whole_at = time.monotonic()
        elif time.monotonic() - whole_at > WHOLE_S:
            raise _too_slow(at)
        yield from found


def _snapshot(answer: http.client.HTTPResponse, at: Address) -> Content:
    until = time.monotonic() + WHOLE_S
    body = bytearray()
    while data := _some(answer, at):
        body += data
        if len(body) > LARGEST:
            return _too_large()
        if time.monotonic() > until:
            raise _too_slow(at)
    return bytes(body)


def _too_large() -> Bad:
    return Bad(f"a picture of more than {LARGEST >> 20} MB: set the camera to a lower resolution")


def _too_slow(at: Address) -> Lost:
    return Lost("stalled", f"{at.shown}: the camera has sent no whole picture for {WHOLE_S:g} s")
