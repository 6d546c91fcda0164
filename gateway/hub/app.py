"""The hub over HTTP: takes batches, answers what is known of a product.

    POST /v1/batches                    a batch (CBOR) -> {"journal", "watermark", "stored", "duplicates", "conflicts"}
    GET  /v1/products/{gtin}/{serial}   {"gtin", "serial", "stubs": [...], "events": [...]}
    GET  /v1/journals                   [{"journal", "gateway", "watermark", "rows", "conflicts", ...}]
    GET  /01/{gtin}/21/{serial}         the same product as a page; also /01/{gtin}/10/{batch}/21/{serial}
    GET  /   /health   /metrics
With a token, /v1/ asks for it; the pages are for everyone who may reach the port.
"""

import asyncio
import hmac
import logging
import signal
from collections.abc import Callable

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    generate_latest,
)
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from edge import gs1
from edge.errors import Malformed
from gateway.hub import views
from gateway.hub.batch import CEILING, decode
from gateway.hub.serve import running
from gateway.hub.settings import HubSettings
from gateway.hub.store import Store, StoreTrouble

log = logging.getLogger(__name__)

_LATEST = 50  # events on the front page


def create_app(store: Store, token: str | None = None) -> Starlette:
    """The hub's ASGI application over `store`; token: what /v1/ asks for as a bearer token."""
    hub = _Hub(store)
    return Starlette(
        routes=[
            Route("/v1/batches", hub.take, methods=["POST"]),
            Route("/v1/products/{gtin}/{serial:path}", hub.product),
            Route("/v1/journals", hub.journals),
            Route("/01/{gtin}/21/{serial:path}", hub.product_page),
            Route("/01/{gtin}/10/{batch}/21/{serial:path}", hub.product_page),
            Route("/health", hub.health),
            Route("/metrics", hub.metrics),
            Route("/", hub.front),
        ],
        middleware=[Middleware(_Guard, token=token)],
        exception_handlers={Malformed: _malformed, StoreTrouble: _store_trouble},
    )


async def serve(settings: HubSettings, ready: Callable[[str], None]) -> None:
    """Run the hub until SIGINT or SIGTERM; calls ready(url) when it listens. Raises ConfigProblem, StoreTrouble."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    token = settings.token()
    store = Store(settings.database)
    try:
        app = create_app(store, token)
        async with running(app, settings.address, settings.tls) as url:
            ready(url)
            await stop.wait()
    finally:
        store.close()


class _Hub:
    """The endpoints. Those that only ask the store are plain functions: Starlette runs them in threads."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._registry = CollectorRegistry()
        self._rows = Counter(
            "tagwright_hub_rows", "Rows received", ["outcome"], registry=self._registry
        )
        self._held = Gauge("tagwright_hub_held", "What is held", ["what"], registry=self._registry)

    async def take(self, request: Request) -> Response:
        data = await _body(request)
        if data is None:
            return _refusal(413, f"a batch has at most {CEILING} bytes: send fewer rows")
        batch = decode(data)
        if request.headers.get("idempotency-key", batch.key) != batch.key:
            raise Malformed(f"the idempotency key must be {batch.key}")
        receipt = await run_in_threadpool(self._store.take, batch)
        self._rows.labels("stored").inc(receipt.stored)
        self._rows.labels("duplicate").inc(receipt.duplicates)
        self._rows.labels("conflict").inc(len(receipt.conflicts))
        if receipt.conflicts:
            log.error("journal %s: conflicts at %s", receipt.journal.hex(), receipt.conflicts)
        return JSONResponse(
            {
                "journal": receipt.journal.hex(),
                "watermark": receipt.watermark,
                "stored": receipt.stored,
                "duplicates": receipt.duplicates,
                "conflicts": list(receipt.conflicts),
            }
        )

    def product(self, request: Request) -> Response:
        gtin, serial = _gtin(request), request.path_params["serial"]
        name = f"{gtin}/{serial}"
        stubs, events = self._store.stubs(name), self._store.events(name)
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

    def product_page(self, request: Request) -> Response:
        try:
            name = f"{_gtin(request)}/{request.path_params['serial']}"
        except Malformed as e:
            return HTMLResponse(views.missing_page(f"{e}."), 400)
        stubs, events = self._store.stubs(name), self._store.events(name)
        if not stubs and not events:
            return HTMLResponse(views.missing_page(f"Nothing is known of product {name}."), 404)
        return HTMLResponse(views.product_page(name, stubs, events))

    def journals(self, request: Request) -> Response:
        return JSONResponse([views.journal_json(each) for each in self._store.journals()])

    def front(self, request: Request) -> Response:
        return HTMLResponse(views.front_page(self._store.counts(), self._store.latest(_LATEST)))

    def health(self, request: Request) -> Response:
        self._store.latest(1)
        return JSONResponse({"status": "ok"})

    def metrics(self, request: Request) -> Response:
        for what, count in self._store.counts().items():
            self._held.labels(what).set(count)
        return Response(generate_latest(self._registry), media_type=CONTENT_TYPE_LATEST)


class _Guard:
    """Asks for the token below /v1/, and gives every answer the headers that keep a browser safe."""

    _HEADERS = (
        (b"content-security-policy", views.CSP.encode()),
        (b"x-content-type-options", b"nosniff"),
        (b"referrer-policy", b"no-referrer"),
    )

    def __init__(self, app: ASGIApp, token: str | None) -> None:
        self._app = app
        self._expected = None if token is None else f"Bearer {token}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message["headers"], *self._HEADERS]}
            await send(message)

        app: ASGIApp = self._app
        if self._expected is not None and scope["path"].startswith("/v1/"):
            given = dict(scope["headers"]).get(b"authorization", b"")
            if not hmac.compare_digest(given, self._expected):
                app = _refusal(401, "the bearer token is missing or not the hub's")
        await app(scope, receive, send_with_headers)


async def _body(request: Request) -> bytes | None:
    """The request's body, None where it is larger than a batch may be."""
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > CEILING:
            return None
    return bytes(body)


def _gtin(request: Request) -> str:
    return gs1.gtin14(gs1.gtin(request.path_params["gtin"]))


def _refusal(status: int, sentence: str) -> JSONResponse:
    return JSONResponse({"error": sentence}, status)


async def _malformed(request: Request, why: Exception) -> Response:
    return _refusal(400, str(why))


async def _store_trouble(request: Request, why: Exception) -> Response:
    log.error("%s", why)
    return _refusal(503, str(why))
