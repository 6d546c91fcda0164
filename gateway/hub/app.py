"""The hub, put together: its rooms over one database as one ASGI application, and the clerk beside it.

POST /v1/batches     a batch (CBOR) -> its journal's receipt      GET /v1/journals[/{id}]   what is held
GET  /01/{gtin}/...  a GS1 Digital Link: 307, linkset, passport or page
/v1/dpps...          passports (EN 18222)          /v1/links/{anchor}   where a Digital Link leads
/capture /events /queries    EPCIS 2.0             /v1/enrol /v1/renew /v1/gateways   certificates of gateways
/report/01/{gtin}/...  /v1/reports  repairs and hand-overs that people report      GET /inspect  with a credential
GET  /  /static  /v1/trust  /v1/products  /v1/tags  /v1/alarms  /v1/audit  /openapi.json  /health  /metrics
"""

import asyncio
import logging
import signal
import ssl
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from edge.errors import Malformed
from gateway.beside import beside
from gateway.config import ConfigProblem
from gateway.hub import (
    dpps,
    dpps_paths,
    epcis,
    inspector,
    intake,
    links,
    openapi,
    pages,
    report_room,
    resolver,
    resolver_paths,
    trust_list,
)
from gateway.hub import monitor as monitors
from gateway.hub.access import Guard
from gateway.hub.clerk import Clerk, registrars
from gateway.hub.database import Database, StoreTrouble
from gateway.hub.entrance import Entrance, entrance
from gateway.hub.epcis_registrar import EpcisRegistrar
from gateway.hub.ledger import Ledger
from gateway.hub.links import LinkTable
from gateway.hub.monitor import Monitor
from gateway.hub.open import open_database
from gateway.hub.openapi import PathItems
from gateway.hub.pages import Pages
from gateway.hub.passport_page import PassportPages
from gateway.hub.passports import Passports
from gateway.hub.peer import PeerProtocol
from gateway.hub.receipt import Receipt
from gateway.hub.report_room import ReportRoom
from gateway.hub.reports import Reports
from gateway.hub.resolver import Resolver
from gateway.hub.serve import Tls, running
from gateway.hub.settings import HubSettings
from gateway.hub.trust_list import PublishedTrust, TrustRoom
from gateway.web import assets
from gateway.web.headers import SafeHeaders

log = logging.getLogger(__name__)

Clock = Callable[[], int]


class Hub:
    """A hub over an open database. `app` serves it; `clerk.run` keeps its register. clock: wall clock in ns."""

    def __init__(
        self, database: Database, at: Entrance, settings: HubSettings, clock: Clock = time.time_ns
    ) -> None:
        self.database = database
        self.entrance = at
        self.ledger = Ledger(database, clock)
        self.clerk = clerk(database, settings, clock)
        self._settings = settings
        self._clock = clock
        self.app = self._assembled()

    @property
    def tls(self) -> Tls | None:
        """The files of HTTPS: its own, or those that its CA made."""
        settings, enrolment = self._settings, self.entrance.enrolment
        if enrolment is None:
            return settings.tls
        authority = enrolment.authority
        if settings.tls is not None:
            return replace(settings.tls, clients=authority.certificate)
        return Tls(authority.server, authority.server, authority.certificate)

    def _assembled(self) -> Starlette:
        monitor = Monitor(self.database)

        def taken(receipt: Receipt) -> None:
            monitor.taken(receipt)
            self.clerk.wake()

        defaults = self._settings.passports.classes
        passports = Passports(self.database, self._clock, defaults)
        shown = Pages(self.database, self._clock)
        root, name = self._settings.resolver.root, self._settings.resolver.name
        store = self._settings.trusted()
        trusted = None if store is None else PublishedTrust(store)
        reported = ReportRoom(Reports(self.database, self._clock), self.entrance.audit, self._clock)
        product_pages = PassportPages(self.database, self._clock, trusted, reported.section)
        found = Resolver(self.database, passports, product_pages, root, name)
        rooms: list[tuple[list[BaseRoute], PathItems]] = [
            ([*intake.routes(self.ledger, self.entrance.gateways, taken)], intake.PATHS),
            ([*pages.routes(shown), *assets.routes()], pages.PATHS),
            ([*trust_list.routes(TrustRoom(trusted))], trust_list.PATHS),
            (dpps.routes(passports), dpps_paths.PATHS),
            (links.routes(LinkTable(self.database, self._clock)), links.PATHS),
            (resolver.routes(found), resolver_paths.PATHS),
            ([*report_room.routes(reported), *inspector.routes()], report_room.PATHS),
            (epcis.routes(self.database, self._clock), epcis.PATHS),
            ([*self.entrance.routes], {}),
            ([*monitor.routes()], monitors.PATHS),
        ]
        self.document = openapi.document([*(paths for _, paths in rooms), *self.entrance.paths])
        app = Starlette(
            routes=[
                *openapi.routes(self.document),
                *(route for some, _ in rooms for route in some),
            ],
            middleware=[
                Middleware(SafeHeaders),
                Middleware(Guard, access=self.entrance.access),
            ],
            exception_handlers={Malformed: _malformed, StoreTrouble: _store_trouble},
        )
        app.router.redirect_slashes = False  # a redirect would repeat the Host that was sent
        return app


def clerk(database: Database, settings: HubSettings, clock: Clock = time.time_ns) -> Clerk:
    """The clerk of a hub: every registrar that there is. Raises ConfigProblem."""
    own = registrars(settings.travel.travel())
    return Clerk(database, [*own, EpcisRegistrar(settings.places(), clock)], clock)


@asynccontextmanager
async def opened(settings: HubSettings, clock: Clock = time.time_ns) -> AsyncIterator[Hub]:
    """A hub with its database open and its clerk at work. Raises ConfigProblem, KeyProblem, StoreTrouble."""
    async with AsyncExitStack() as stack:
        database = await open_database(settings.database)
        stack.push_async_callback(database.close)
        at = entrance(database, settings.token(), settings.access, settings.ca)
        stack.push_async_callback(at.audit.settle)
        hub = Hub(database, at, settings, clock)
        await stack.enter_async_context(beside(hub.clerk.run(), "clerk"))
        yield hub


async def serve(settings: HubSettings, ready: Callable[[str], None]) -> None:
    """Run the hub until SIGINT or SIGTERM; calls ready(url) when it listens. Raises ConfigProblem, StoreTrouble.

    An open hub is for one machine: it listens on loopback, or not at all.
    """
    if settings.is_exposed:
        raise ConfigProblem(
            f"listen = {settings.listen!r}: whoever reaches that address could do everything:"
            " set token_file, [ca] or [access] trust, or listen on 127.0.0.1"
        )
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with AsyncExitStack() as stack:
        hub = await stack.enter_async_context(opened(settings))
        contexts: list[ssl.SSLContext] = []
        at = running(hub.app, settings.address, hub.tls, PeerProtocol, contexts.append)
        url = await stack.enter_async_context(at)
        if hub.entrance.enrolment is not None and settings.tls is None:
            keeping = hub.entrance.enrolment.authority.keep(contexts[0])
            await stack.enter_async_context(beside(keeping, "server certificate"))
        ready(url)
        await stop.wait()


async def _malformed(request: Request, why: Exception) -> Response:
    return JSONResponse({"error": str(why)}, 400)


async def _store_trouble(request: Request, why: Exception) -> Response:
    log.error("%s", why)
    return JSONResponse({"error": str(why)}, 503)
