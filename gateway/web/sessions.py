"""Who is logged in: sessions in memory, behind a cookie that scripts cannot read and other sites cannot send.

A session ends when it was not used for a while, at the end of a shift, and with the daemon. Of its token only the
SHA-256 is kept.
"""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Literal

from starlette.requests import Request
from starlette.responses import Response

from gateway.web.person import Person

_IDLE_S = 4 * 3600
_WHOLE_S = 12 * 3600
_MOST = 1000  # sessions; the one that was idle longest gives way
_NAME = "tagwright"
_SECURE_NAME = "__Host-tagwright"  # RFC 6265bis, "The __Host- Prefix"


@dataclass(frozen=True)
class _Session:
    person: Person
    begun: float
    used: float


class Sessions:
    """still: the person as the accounts have him now, None where he has none any more. ticks: seconds, forward only."""

    def __init__(
        self,
        still: Callable[[Person], Person | None] = lambda person: person,
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        self._still = still
        self._ticks = ticks
        self._sessions: dict[bytes, _Session] = {}

    def who(self, request: Request) -> Person | None:
        """Who sends it; None for somebody who has to log in."""
        key = _key(request)
        session = self._sessions.get(key)
        if session is None:
            return None
        now = self._ticks()
        person = self._still(session.person)
        if person is None or now - session.used > _IDLE_S or now - session.begun > _WHOLE_S:
            del self._sessions[key]
            return None
        self._sessions[key] = replace(session, used=now)
        return person

    def begin(self, request: Request, response: Response, person: Person) -> None:
        """Log `person` in: the answer's cookie says so from now on. The session that there was ends."""
        self._sessions.pop(_key(request), None)
        if len(self._sessions) >= _MOST:
            self._sessions.pop(min(self._sessions, key=lambda each: self._sessions[each].used))
        token, now = secrets.token_urlsafe(32), self._ticks()
        self._sessions[sha256(token.encode()).digest()] = _Session(person, now, now)
        keep(request, response, token, _WHOLE_S)

    def end(self, request: Request, response: Response) -> None:
        """Log out."""
        self._sessions.pop(_key(request), None)
        keep(request, response, "", 0)


def keep(
    request: Request,
    response: Response,
    value: str,
    seconds: int,
    what: str = "",
    site: Literal["strict", "lax"] = "strict",
) -> None:
    """Set a cookie of ours on an answer."""
    response.set_cookie(
        _name(request) + what,
        value,
        max_age=seconds,
        path="/",
        secure=request.scope["scheme"] == "https",
        httponly=True,
        samesite=site,
    )


def kept(request: Request, what: str = "") -> str:
    """The cookie's value, "" where there is none."""
    return request.cookies.get(_name(request) + what, "")


def _name(request: Request) -> str:
    return _SECURE_NAME if request.scope["scheme"] == "https" else _NAME


def _key(request: Request) -> bytes:
    return sha256(kept(request).encode("utf-8", "replace")).digest()
