"""What watches the hub: GET /health and GET /metrics (Prometheus). Nothing here counts rows one by one."""

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    generate_latest,
)
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gateway.hub.database import Database
from gateway.hub.openapi import PathItems, answer, operation, refusals
from gateway.hub.receipt import Receipt

_JOURNALS = "SELECT count(*), coalesce(sum(watermark), 0) FROM journals"
_REGISTERED = "SELECT coalesce(sum(seq), 0) FROM clerk"
_ALARMS = "SELECT count(*) FROM alarms WHERE closed_ns IS NULL"


class Monitor:
    """The endpoints over `database`; `taken` is told each receipt."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._registry = CollectorRegistry()
        self._rows = Counter(
            "tagwright_hub_rows", "Rows received", ["outcome"], registry=self._registry
        )
        self._held = Gauge("tagwright_hub_held", "What is held", ["what"], registry=self._registry)

    def taken(self, receipt: Receipt) -> None:
        """Count what a batch brought."""
        self._rows.labels("stored").inc(receipt.stored)
        self._rows.labels("duplicate").inc(receipt.duplicates)
        self._rows.labels("conflict").inc(len(receipt.conflicts))

    def routes(self) -> list[Route]:
        return [Route("/health", self._health), Route("/metrics", self._metrics)]

    async def _health(self, request: Request) -> Response:
        await self._database.fetch("SELECT 1")
        return JSONResponse({"status": "ok"})

    async def _metrics(self, request: Request) -> Response:
        ((journals, rows),) = await self._database.fetch(_JOURNALS)
        ((registered,),) = await self._database.fetch(_REGISTERED)
        ((alarms,),) = await self._database.fetch(_ALARMS)
        held = {
            "journals": journals,
            "rows": rows,
            "rows_not_registered": rows - registered,
            "alarms": alarms,
        }
        for what, count in held.items():
            self._held.labels(what).set(float(count))
        return Response(generate_latest(self._registry), media_type=CONTENT_TYPE_LATEST)


PATHS: PathItems = {
    "/health": {
        "get": operation(
            "readHealth",
            "Whether the hub and its database answer",
            {"200": answer("They do", {"type": "object"}), **refusals(503)},
        )
    },
    "/metrics": {
        "get": operation(
            "readMetrics",
            "The Prometheus page",
            {"200": answer("The page", {"type": "string"}, "text/plain"), **refusals(503)},
        )
    },
}
