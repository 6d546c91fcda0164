"""The station page, put together over one journal and one line: pages, the live stream, JSON, and acts.

Another site's page may lead here, and have nothing else of it: neither a stream nor a search.

GET /  /history  /product?product=  /charts      pages, for whoever may see what operators see
GET /configuration                               for engineers
GET /login                                       where accounts are kept
GET /live                                        gateway/web/station/live.py
GET /board.json  /history.json  /product.json  /throughput.json?hours=&station=
POST /act                                        gateway/web/station/acts.py
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from urllib.parse import urlencode

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from gateway.config import Config
from gateway.journal import Journal
from gateway.web import assets
from gateway.web.headers import SafeHeaders
from gateway.web.login import path
from gateway.web.person import Who, anyone
from gateway.web.station.acts import AUDIT, Acts
from gateway.web.station.board import Board
from gateway.web.station.charts import charts
from gateway.web.station.configuration import tables
from gateway.web.station.faults import Faults, is_page
from gateway.web.station.history import Filter, Unreadable, history, life, text, whole
from gateway.web.station.line import Line
from gateway.web.station.live import Live
from gateway.web.station.pages import Pages, kept, moment, viewed
from gateway.web.station.tally import Tally
from gateway.web.station.told import Notices

FAILED = ("wrong", "often", "oidc", "accounts")  # why nobody was logged in

# The kinds of rows that a history is filtered by
KINDS = (
    *("result", "verdict", "refused", "void", "repair", "intent", "bind", "code", "label"),
    *("pallet", "window", "presence", "handheld", "audit"),
)
_HOURS = 8
_MOST_HOURS = 168
_LARGEST = (1 << 63) - 1

Answer = Callable[[Request], Awaitable[Response]]


class StationPage:
    """`app` serves it while `run` is at work; `close` before the server ends.

    notices: what is told without a row; who: whose request it is; more: routes that go with that, as POST /login.
    """

    def __init__(
        self,
        journal: Journal,
        line: Line,
        config: Config,
        notices: Notices | None = None,
        who: Who = anyone,
        more: Sequence[BaseRoute] = (),
        now: Callable[[], float] = time.time,
    ) -> None:
        self.notices = notices or Notices()
        beside = sorted({each.beside for each in config.reader if each.beside})
        self.tally = Tally(beside, now)
        is_synced = bool(config.hub.url or config.hub.nats)
        self.board = Board(
            journal, line, self.tally, self.notices, config.gateway.name, is_synced, now
        )
        self._journal = journal
        self._config = config
        self._who = who
        self._live = Live(journal, self.notices, self.board, who)
        self._acts = Acts(journal, line, who)
        self._pages = Pages(config, who, beside)
        self._faults = Faults(self._pages)
        self._searching = asyncio.Lock()  # one at a time: the line has the rest of the machine
        self.app = self._assembled(more)

    async def run(self) -> None:
        """Count what becomes durable, for ever."""
        await self.tally.follow(self._journal)

    def close(self) -> None:
        """End the streams, so that a server which waits for them ends."""
        self._live.close()

    def _assembled(self, more: Sequence[BaseRoute]) -> Starlette:
        sees, engineer = self._allowed("operator"), self._allowed("engineer")
        return Starlette(
            routes=[
                Route("/", sees(self._front)),
                Route("/history", sees(self._history_page)),
                Route("/product", sees(self._product_page)),
                Route("/charts", sees(self._charts)),
                Route("/configuration", engineer(self._configuration)),
                Route("/login", self._login, methods=["GET"]),
                Route("/live", sees(self._live.answer)),
                Route("/board.json", sees(self._board_json)),
                Route("/history.json", sees(self._history_json)),
                Route("/product.json", sees(self._product_json)),
                Route("/throughput.json", sees(self._throughput_json)),
                Route("/act", self._acts.answer, methods=["POST"]),
                *more,
                *assets.routes(),
            ],
            middleware=[Middleware(SafeHeaders)],
            exception_handlers={Unreadable: self._faults.unreadable, 404: self._faults.missing},
        )

    def _allowed(self, role: str) -> Callable[[Answer], Answer]:
        """For those who may do what `role` may; others are asked to log in, or told that they may not."""

        def guarded(answer: Answer) -> Answer:
            async def ask(request: Request) -> Response:
                if _is_embedded(request):
                    return JSONResponse({"error": "asked for by another site's page"}, 403)
                person = self._who(request)
                if person is not None and person.may(role):
                    return await answer(request)
                if is_page(request) and (person is None or person.account == "guest"):
                    asked = f"{request.url.path}?{request.url.query}"
                    said = {"to": viewed(asked, {})} | kept(request)
                    return RedirectResponse(f"/login?{urlencode(said)}", 303)
                return self._faults.refused(request, role, 401 if person is None else 403)

            return ask

        return guarded

    async def _front(self, request: Request) -> Response:
        return self._pages.answer(request, "station.html", board=self.board())

    async def _history_page(self, request: Request) -> Response:
        wanted, fault = Filter(), ""
        try:
            wanted = Filter.of(request.query_params)
        except Unreadable as why:
            fault = why.name
        found = self._for(request, await self._search(wanted))
        return self._pages.answer(
            request,
            "station_history.html",
            400 if fault else 200,
            filter=wanted,
            found=found,
            fault=fault,
            readers=self._readers(),
            kinds=KINDS,
        )

    async def _product_page(self, request: Request) -> Response:
        product = text(request.query_params, "product")
        found = life(self._journal, product, 0)
        return self._pages.answer(request, "station_product.html", product=product, found=found)

    async def _charts(self, request: Request) -> Response:
        found, t = self._throughput(request), self._pages.words(request)
        return self._pages.answer(
            request,
            "station_charts.html",
            found=found,
            hours=_hours(request),
            readers=self._readers(),
            drawn=charts(found, t, moment),
        )

    async def _configuration(self, request: Request) -> Response:
        return self._pages.answer(
            request, "station_configuration.html", tables=tables(self._config)
        )

    async def _login(self, request: Request) -> Response:
        query, web = request.query_params, self._config.web
        return self._pages.answer(
            request,
            "station_login.html",
            to=viewed(path(query.get("to", "")), kept(request)),
            failed=query.get("failed", "") if query.get("failed") in FAILED else "",
            has_accounts=web is not None and web.accounts is not None,
            has_oidc=web is not None and web.oidc is not None,
        )

    async def _board_json(self, request: Request) -> Response:
        return _json(self.board(True))

    async def _history_json(self, request: Request) -> Response:
        found = await self._search(Filter.of(request.query_params))
        return _json(self._for(request, found))

    async def _product_json(self, request: Request) -> Response:
        query = request.query_params
        product, after = text(query, "product"), whole(query, "after", 0, _LARGEST)
        return _json(life(self._journal, product, after))

    def _for(self, request: Request, found: dict[str, Any]) -> dict[str, Any]:
        """A history without what people did, where nobody in particular looks."""
        person = self._who(request)
        if person is not None and person.account != "guest":
            return found
        return {**found, "rows": [row for row in found["rows"] if row["kind"] != AUDIT]}

    async def _throughput_json(self, request: Request) -> Response:
        return _json(self._throughput(request))

    async def _search(self, wanted: Filter) -> dict[str, Any]:
        async with self._searching:
            return await history(self._journal, wanted)

    def _readers(self) -> list[str]:
        return [each.name for each in self._config.reader]

    def _throughput(self, request: Request) -> dict[str, Any]:
        station = text(request.query_params, "station") or None
        return self.tally.throughput(_hours(request), station)


def _is_embedded(request: Request) -> bool:
    """Whether a page of another site has it fetched, rather than leads a person to it (Fetch Metadata)."""
    said = request.headers
    is_foreign = said.get("sec-fetch-site") in ("cross-site", "same-site")
    return is_foreign and (
        said.get("sec-fetch-mode") != "navigate" or said.get("sec-fetch-dest") != "document"
    )


def _hours(request: Request) -> int:
    return max(1, whole(request.query_params, "hours", _HOURS, _MOST_HOURS))


def _json(value: dict[str, Any]) -> Response:
    return JSONResponse(value, headers={"Cache-Control": "no-store"})
