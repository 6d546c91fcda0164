"""Reports over HTTP: the form for whoever holds a product, and what managers do with what came.

GET  /report/01/{gtin}/21/{serial}   the form, a page          POST: a report; 303 to the product's page, or the form
                                     again with what was typed and why it was not taken
GET  /v1/reports?state=S&before=N&limit=N   {"reports": [...], "next": N or null}, newest first
POST /v1/reports/{number}            {"state": "accepted", "refused" or "removed"} -> the report

Nothing tells one sender from another: neither address nor cookie. A form is signed for its product, and each product
and the whole hub take so many reports and no more.
"""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from edge.errors import Malformed
from gateway.hub import digital_link, report_form, report_token, reports, results
from gateway.hub.access import Witness, require
from gateway.hub.asked import page_language
from gateway.hub.digital_link import ProductKey
from gateway.hub.pace import Pace
from gateway.hub.raw_route import by_method
from gateway.hub.report_form import Typed
from gateway.hub.report_paths import PATHS
from gateway.hub.report_token import Unfit
from gateway.hub.reports import DECISIONS, STATES, Report, Reports, Said, SentBefore, TooMany
from gateway.hub.results import Problem as Unanswered
from gateway.web import report as pages
from gateway.web.report import Form, Problem
from gateway.web.words import Words

__all__ = ["PATHS", "ReportRoom", "routes"]

PER_MINUTE = 30  # of the whole hub
_SHOWN = 10  # on a product's page
_PAGE, _LARGEST_PAGE = 100, 1000  # reports for managers
_LARGEST = (1 << 63) - 1
_LONGEST_BODY = 1024
_LONGEST_RETURNED = 5000  # characters of a text that is given back


class ReportRoom:
    """The endpoints, and the section of a product's page. clock: wall clock in ns; witness: keeps decisions."""

    def __init__(
        self,
        store: Reports,
        witness: Witness | None = None,
        clock: Callable[[], int] = time.time_ns,
    ) -> None:
        self._store = store
        self._witness = witness
        self._clock = clock
        self._pace = Pace(PER_MINUTE)

    async def section(self, key: ProductKey, t: Words) -> Markup:
        """The reports of an item that is known here; of others, nothing."""
        if not await self._store.is_known(key):
            return Markup("")
        found, count = await self._store.shown(key.anchors[0], _SHOWN)
        shown = [_shown(each) for each in found]
        return pages.section(f"/{key.path}", shown, count - len(shown), t.language)

    async def form(self, request: Request) -> Response:
        """An empty form."""
        key = await self._key(request)
        if key is None:
            return _notice(request, 404, "unknown")
        return _page(request, await self._form(key, self._clock()))

    async def send(self, request: Request) -> Response:
        """Keep a report, or give the form back."""
        key = await self._key(request)
        if key is None:
            return _notice(request, 404, "unknown")
        try:
            typed = report_form.read(
                await results.body(request, report_form.CEILING, report_form.MEDIA_TYPE)
            )
        except Unanswered as why:
            return _notice(request, results.STATUS[why.code], "bad", why.text)
        now = self._clock()
        try:
            nonce = report_token.read(typed.token, await self._store.secret(), key.path, now)
        except Unfit as why:
            token = typed.token if why.why == "early" else None
            return await self._again(request, key, typed, 422, [Problem("form", why.why)], token)
        problems = report_form.problems(typed, report_form.latest(now))
        if problems:
            return await self._again(request, key, typed, 422, problems, typed.token)
        said = Said(key.anchors[0], typed.kind, date.fromisoformat(typed.day), typed.text)
        try:
            wait_s = await self._keep(said, nonce, now)
        except SentBefore:
            return await self._again(request, key, typed, 422, [Problem("form", "sent")], None)
        except TooMany:
            many = [Problem("form", "many", filled={"n": reports.PER_DAY})]
            return await self._again(request, key, typed, 429, many, typed.token, _rest_of_day(now))
        if wait_s:
            busy = [Problem("form", "busy")]
            return await self._again(request, key, typed, 429, busy, typed.token, wait_s)
        where = f"/{key.path}?lang={page_language(request)}#reports"
        return Response(status_code=303, headers={"Location": where, "Cache-Control": "no-store"})

    async def _keep(self, said: Said, nonce: bytes, now: int) -> int:
        """0: it stands. Else after how many seconds it may. Only what is kept spends of what all share.

        Raises SentBefore, TooMany.
        """
        if await self._store.is_kept(said, nonce):
            return 0
        wait_s = self._pace.wait_s(now)
        if wait_s:
            return wait_s
        is_new = False
        try:
            is_new = await self._store.keep(said, nonce)
        finally:
            if not is_new:
                self._pace.give_back(now)
        return 0

    async def listed(self, request: Request) -> Response:
        """For managers."""
        require(request, "manager")
        asked = request.query_params
        states = STATES if "state" not in asked else (asked["state"],)
        if not set(states) <= set(STATES):
            raise Malformed(f"state is one of {', '.join(STATES)}")
        before = _counted("before", asked.get("before", str(_LARGEST)), _LARGEST)
        most = _counted("limit", asked.get("limit", str(_PAGE)), _LARGEST_PAGE)
        found = await self._store.listed(before, states, most)
        following = found[-1].number if len(found) == most else None
        return JSONResponse({"reports": [each.as_json() for each in found], "next": following})

    async def decide(self, request: Request) -> Response:
        """For managers; the audit names the decision."""
        who = require(request, "manager")
        number = _counted("a report's number", request.path_params["number"], _LARGEST)
        state = await _state(request)
        found, is_done = await self._store.decide(number, state, who.name)
        if found is None:
            return JSONResponse({"error": f"there is no report {number}"}, 404)
        if not is_done:
            return JSONResponse({"error": f"report {number} is {found.state}: it stays so"}, 409)
        if self._witness is not None:
            await self._witness.record(who, "report", f"{number} {found.subject}", state)
        return JSONResponse(found.as_json())

    async def _key(self, request: Request) -> ProductKey | None:
        """The item that is reported on; None: it is none that is known here."""
        try:
            key = digital_link.parse(request.path_params["link"])
        except Malformed:
            return None
        return key if await self._store.is_known(key) else None

    async def _form(self, key: ProductKey, now: int, token: str | None = None) -> Form:
        made = token or report_token.made(await self._store.secret(), key.path, now)
        parts = {"variant": key.cpv, "batch": key.lot, "serial": key.serial, "tpx": key.tpx}
        return Form(
            path=f"/{key.path}",
            gtin=key.gtin,
            qualifiers={name: said for name, said in parts.items() if said is not None},
            latest=report_form.latest(now).isoformat(),
            token=made,
        )

    async def _again(
        self,
        request: Request,
        key: ProductKey,
        typed: Typed,
        status: int,
        problems: list[Problem],
        token: str | None,
        wait_s: int = 0,
    ) -> Response:
        """The form with what was typed. token: the one that stays good, None for a new one."""
        form = replace(
            await self._form(key, self._clock(), token),
            kind=typed.kind,
            day=typed.day,
            text=typed.text[:_LONGEST_RETURNED],
            problems=problems,
        )
        return _page(request, form, status, {"Retry-After": str(wait_s)} if wait_s else {})


def routes(room: ReportRoom) -> list[Route]:
    """The routes of `room`."""
    return [
        by_method("/report/{link:path}", {"GET": room.form, "POST": room.send}),
        Route("/v1/reports", room.listed),
        Route("/v1/reports/{number}", room.decide, methods=["POST"]),
    ]


def _shown(each: Report) -> pages.Shown:
    came = datetime.fromtimestamp(each.at_ns // 10**9, UTC).date().isoformat()
    return pages.Shown(each.kind, each.day, each.text, came, each.state == reports.ACCEPTED)


def _rest_of_day(now_ns: int) -> int:
    """Seconds until the next day begins, UTC."""
    return 86400 - now_ns // 10**9 % 86400


def _page(
    request: Request,
    form: Form,
    status: int = 200,
    more: Mapping[str, str] | None = None,
) -> Response:
    language = page_language(request)
    headers = {"Content-Language": language, "Cache-Control": "no-store", **(more or {})}
    return HTMLResponse(pages.form(form, language), status, headers)


def _notice(request: Request, status: int, name: str, detail: str = "") -> Response:
    language = page_language(request)
    headers = {"Content-Language": language, "Cache-Control": "no-store"}
    return HTMLResponse(pages.notice(language, name, detail), status, headers)


def _counted(name: str, text: str, largest: int) -> int:
    if text.isascii() and text.isdigit() and len(text) <= len(str(largest)):
        number = int(text)
        if 1 <= number <= largest:
            return number
    raise Malformed(f"{name} must be a number of 1 to {largest}")


async def _state(request: Request) -> str:
    """The decision that a manager sends. Raises Malformed."""
    raw = bytearray()
    async for piece in request.stream():
        raw += piece
        if len(raw) > _LONGEST_BODY:
            raise Malformed(f"the body has at most {_LONGEST_BODY} bytes")
    said: Any = None
    try:
        said = json.loads(bytes(raw))
    except (ValueError, RecursionError) as e:
        raise Malformed(f"the body is not JSON: {e}") from e
    match said:
        case {"state": str(state), **more} if state in DECISIONS and not more:
            return state
    raise Malformed(f'send {{"state": S}}, S one of {", ".join(DECISIONS)}')
