"""POST /act: what a lead may do to the line; each time, allowed or not, a row of kind "audit" says so first.

{"act": "stop" | "start", "reader": NAME} or {"act": "void", "intent": SEQ} -> {"done": true, "seq": of the row}
400 no act; 401 nobody is logged in; 403 not a lead, or sent by another site's page; 404 no such reader or intent;
429 too many; 503 the journal takes no row: nothing was done.

The row's body: act, about (the reader, or the intent's seq), name, role, account, subject (the identity provider's own
name for that one, where he comes from one), origin (where the browser says that the request comes from: "same-origin",
"cross-site", "unknown"), allowed, and a reason where it was not. No address is kept.
"""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from gateway.journal import Journal
from gateway.journal_file import JournalFailed, JournalFull
from gateway.readers.allowance import Allowance
from gateway.web.person import Person, Who
from gateway.web.station.line import Line, NoSuch

AUDIT = "audit"
STATION = "page"  # the row's, where it is about none

_LONGEST = 1024  # bytes of a request
_REFUSED = (10, 0.1)  # rows of what was not allowed: at once, and a second
_ALLOWED = (60, 1.0)
_ORIGINS = ("same-origin", "same-site", "cross-site", "none")
_LARGEST = (1 << 63) - 1


@dataclass(frozen=True)
class Act:
    """about: the reader's name, or the intent's seq."""

    word: str
    about: str | int

    @classmethod
    def of(cls, said: object) -> "Act | None":
        """The act that a request's JSON names; None where it is none."""
        match said:
            case {"act": "stop" | "start" as word, "reader": str(reader), **more} if not more:
                return cls(word, reader) if 0 < len(reader) <= 64 else None
            case {"act": "void", "intent": int(intent), **more} if not more:
                is_seq = not isinstance(intent, bool) and 0 < intent <= _LARGEST
                return cls("void", intent) if is_seq else None
        return None


class Refused(Exception):
    """An act that is not done; the text says why."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


class Acts:
    """ticks: seconds that only run forward."""

    def __init__(
        self, journal: Journal, line: Line, who: Who, ticks: Callable[[], float] = time.monotonic
    ) -> None:
        self._journal = journal
        self._line = line
        self._who = who
        self._ticks = ticks
        self._refused = Allowance(*_REFUSED)
        self._allowed = Allowance(*_ALLOWED)

    async def answer(self, request: Request) -> Response:
        """POST /act."""
        try:
            act = Act.of(await _said(request))
            if act is None:
                raise Refused(400, "no such act")
            seq = await self._done(act, self._person(request), _origin(request))
        except Refused as why:
            return JSONResponse({"error": str(why)}, why.status)
        except NoSuch as why:
            return JSONResponse({"error": str(why)}, 404)
        except (JournalFull, JournalFailed) as why:
            return JSONResponse({"error": str(why)}, 503)
        return JSONResponse({"done": True, "seq": seq})

    def _person(self, request: Request) -> Person:
        person = self._who(request)
        if person is None:
            raise Refused(401, "log in first")
        return person

    async def _done(self, act: Act, person: Person, origin: str) -> int:
        """The audit row's seq."""
        why = ""
        if not person.may("lead"):
            why = f"{person.role} is no lead"
        elif origin in ("cross-site", "same-site"):
            why = "sent by another site's page"
        if (self._refused if why else self._allowed).spend(1, self._ticks()):
            raise Refused(429, why or "too many acts")
        seq = await self._record(act, person, origin, why)
        if why:
            raise Refused(403, why)
        if act.word == "stop":
            await self._line.stop(str(act.about))
        elif act.word == "start":
            await self._line.start(str(act.about))
        else:
            await self._line.void(int(act.about), f"voided by hand ({person.role})")
        return seq

    async def _record(self, act: Act, person: Person, origin: str, why: str) -> int:
        body: dict[str, Any] = {
            "act": act.word,
            "about": act.about,
            **person.told(),
            "origin": origin,
            "allowed": not why,
        }
        if why:
            body["reason"] = why
        row = await self._journal.append(AUDIT, STATION, b"", "", body)
        return row.seq


async def _said(request: Request) -> object:
    """The request's JSON. Refused."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":  # which a form of another site cannot send
        raise Refused(415, "send application/json")
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > _LONGEST:
            raise Refused(413, f"{_LONGEST} bytes at most")
    try:
        found: Mapping[str, Any] = json.loads(bytes(body))
    except (ValueError, RecursionError):
        raise Refused(400, "no JSON") from None
    return found


def _origin(request: Request) -> str:
    """By Fetch Metadata, or by Origin (RFC 6454) where a browser has no Sec-Fetch-Site; "unknown": no browser."""
    said = request.headers.get("sec-fetch-site")
    if said is not None:
        return said if said in _ORIGINS else "cross-site"
    origin = request.headers.get("origin")
    if origin is None:
        return "unknown"
    is_own = origin.partition("://")[2] == request.headers.get("host")
    return "same-origin" if is_own else "cross-site"
