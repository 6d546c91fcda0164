"""What the register says, over HTTP: as JSON below /v1/, and as pages.

GET  /                              how much there is: a page, for everyone; what came last: for who may read it;
                                    open alarms and journals: for managers
GET  /v1/products/{gtin}/{serial}   {"gtin", "serial", "stubs": [...], "events": [...]}
GET  /v1/tags/{uid}                 {"uid", "product", "place", "seen_at", "sightings": [...]}
GET  /v1/journals                   [{"journal", "gateway", "watermark", "rows", "conflicts", "registered", ...}]
GET  /v1/alarms?before=N&limit=N    {"alarms": [...], "next": N or null}, newest first; before: the last page's `next`
POST /v1/alarms/{number}            {"acknowledged": true} -> the alarm
"""

import json
import time
from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from edge import gs1
from edge.errors import Malformed
from gateway.hub import alarms, views
from gateway.hub.access import Caller, caller_of, require
from gateway.hub.asked import page_language
from gateway.hub.database import Database
from gateway.hub.pages_openapi import PATHS
from gateway.hub.passport_page import READERS
from gateway.hub.products import Products
from gateway.hub.raw_route import RawRoute, decoded
from gateway.hub.times import rfc3339
from gateway.web.templates import render
from gateway.web.words import words

__all__ = ["PATHS", "Pages", "routes"]

_LATEST = 50  # events on the front page
_PAGE = 100  # alarms
_LARGEST_PAGE = 1000
_LARGEST = (1 << 63) - 1
_LONGEST_BODY = 1024  # bytes of a POST
_LONGEST_UID = 64  # bytes

_SECTIONS = ("common", "passport", "record", "front")


class Pages:
    """The endpoints, over `database`. clock: wall clock in ns."""

    def __init__(self, database: Database, clock: Callable[[], int] = time.time_ns) -> None:
        self._database = database
        self._products = Products(database)
        self._clock = clock

    async def product(self, request: Request) -> Response:
        require(request, *READERS)
        gtin = gs1.gtin14(gs1.gtin(request.path_params["gtin"]))
        serial = decoded(request.path_params["serial"])
        name = f"{gtin}/{serial}".replace("\0", "\ufffd")
        stubs, events = await self._products.stubs(name), await self._products.events(name)
        if not stubs and not events:
            return _refusal(404, f"nothing is known of product {name}")
        return JSONResponse(
            {
                "gtin": gtin,
                "serial": serial,
                "stubs": [views.stub_json(each) for each in stubs],
                "events": [views.event_json(each) for each in events],
            }
        )

    async def tag(self, request: Request) -> Response:
        require(request, "manager", "authority")
        found = await self._products.tag(_uid(request.path_params["uid"]))
        if found is None:
            return _refusal(404, "no gateway has seen this tag")
        return JSONResponse(views.tag_json(found))

    async def journals(self, request: Request) -> Response:
        require(request, "manager", "gateway")
        return JSONResponse([views.journal_json(each) for each in await self._products.journals()])

    async def alarms(self, request: Request) -> Response:
        require(request, "manager")
        before = _number(request, "before", _LARGEST, _LARGEST)
        most = _number(request, "limit", _PAGE, _LARGEST_PAGE)
        found = await alarms.listed(self._database, before, most)
        following = found[-1]["number"] if len(found) == most else None
        return JSONResponse({"alarms": found, "next": following})

    async def acknowledge(self, request: Request) -> Response:
        who = require(request, "manager")
        match await _body(request):
            case {"acknowledged": True, **more} if not more:
                pass
            case _:
                raise Malformed('send {"acknowledged": true}')
        number = _counted("an alarm's number", request.path_params["number"], _LARGEST)
        async with self._database.transaction() as session:
            is_known = await alarms.acknowledge(session, number, who.name, self._clock())
        if not is_known:
            return _refusal(404, f"there is no alarm {number}")
        (found,) = await alarms.listed(self._database, number + 1, 1)
        return JSONResponse(found)

    async def front(self, request: Request) -> Response:
        who = caller_of(request)
        latest = await self._products.latest(_LATEST) if _may_read(who) else None
        is_manager = "manager" in who.acts
        t = words(page_language(request), *_SECTIONS)
        text = render(
            "front.html",
            t,
            query="",
            counts=await self._products.counts(),
            lines=None if latest is None else [views.line(each) for each in latest],
            alarms=await self._open_alarms() if is_manager else None,
            journals=await self._products.journals() if is_manager else None,
            moment=lambda ns: views.moment(rfc3339(ns)),
        )
        headers = {"Vary": "Authorization, Accept-Language", "Content-Language": t.language}
        return HTMLResponse(text, headers=headers | {"Cache-Control": "no-store"})

    async def _open_alarms(self) -> list[dict[str, Any]]:
        """Those that are open and that nobody has seen."""
        found = await alarms.listed(self._database, _LARGEST, _PAGE)
        return [
            each for each in found if each["closed_at"] is None and each["acknowledged_at"] is None
        ]


def routes(pages: Pages) -> list[Route]:
    """The routes of all that stands above."""
    return [
        RawRoute("/v1/products/{gtin}/{serial:path}", pages.product, methods=["GET"]),
        Route("/v1/tags/{uid}", pages.tag),
        Route("/v1/journals", pages.journals),
        Route("/v1/alarms", pages.alarms),
        Route("/v1/alarms/{number}", pages.acknowledge, methods=["POST"]),
        Route("/", pages.front),
    ]


def _may_read(who: Caller) -> bool:
    return not who.acts.isdisjoint(READERS)


def _uid(text: str) -> bytes:
    if not 0 < len(text) <= 2 * _LONGEST_UID:
        raise Malformed(f"a UID has at most {_LONGEST_UID} bytes")
    try:
        return bytes.fromhex(text)
    except ValueError as e:
        raise Malformed("a UID is written in hex digits") from e


def _number(request: Request, name: str, default: int, largest: int) -> int:
    text = request.query_params.get(name)
    return default if text is None else _counted(name, text, largest)


def _counted(name: str, text: str, largest: int) -> int:
    if text.isascii() and text.isdigit() and len(text) <= len(str(largest)):
        number = int(text)
        if 1 <= number <= largest:
            return number
    raise Malformed(f"{name} must be a number of 1 to {largest}")


async def _body(request: Request) -> object:
    data = bytearray()
    async for piece in request.stream():
        data += piece
        if len(data) > _LONGEST_BODY:
            raise Malformed(f"the body has at most {_LONGEST_BODY} bytes")
    try:
        return json.loads(bytes(data))
    except (ValueError, RecursionError) as e:
        raise Malformed(f"the body is not JSON: {e}") from e


def _refusal(status: int, sentence: str) -> JSONResponse:
    return JSONResponse({"error": sentence}, status)
