"""The links that are registered at a product, batch or model, and their management.

PUT, GET, DELETE /v1/links/{anchor}     anchor: 01/GTIN, 01/GTIN/10/LOT, 01/GTIN/21/SERIAL, ... as in the Digital Link
"""

import json
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from edge.errors import Malformed
from gateway.hub import digital_link, linkset, passport, results
from gateway.hub.access import require
from gateway.hub.database import Database
from gateway.hub.links_paths import PATHS
from gateway.hub.linkset import Links
from gateway.hub.raw_route import by_method
from gateway.hub.results import Problem, answering, body

__all__ = ["PATHS", "LinkTable", "routes"]

_CEILING = 256 << 10  # bytes of a body


class LinkTable:
    """The registered links in `database`. now_ns: the hub's clock."""

    def __init__(self, database: Database, now_ns: Callable[[], int]) -> None:
        self._database = database
        self._now_ns = now_ns

    async def put(self, anchor: str, links: Links) -> bool:
        """Register these in the place of those before; whether there were none before."""
        said = json.dumps(links.to_json(), ensure_ascii=False, separators=(",", ":"))
        async with self._database.transaction() as session:
            old = await session.fetch("SELECT 1 FROM links WHERE anchor = $1", anchor)
            await session.execute(
                "INSERT INTO links (anchor, body, changed_ns) VALUES ($1, $2, $3)"
                " ON CONFLICT (anchor) DO UPDATE SET body = excluded.body, changed_ns = excluded.changed_ns",
                anchor,
                said,
                self._now_ns(),
            )
        return not old

    async def get(self, anchor: str) -> Links | None:
        """Those of just this anchor."""
        rows = await self._database.fetch("SELECT body FROM links WHERE anchor = $1", anchor)
        return linkset.stored(rows[0][0]) if rows else None

    async def delete(self, anchor: str) -> bool:
        """Whether there were any."""
        async with self._database.transaction() as session:
            return bool(
                await session.fetch("DELETE FROM links WHERE anchor = $1 RETURNING anchor", anchor)
            )


def routes(table: LinkTable) -> list[BaseRoute]:
    """The routes of `table`."""
    room = _Management(table)
    deeds = {"PUT": room.put, "GET": room.get, "DELETE": room.delete}
    answers = {method: answering(deed) for method, deed in deeds.items()}
    return [by_method("/v1/links/{anchor:path}", answers)]


class _Management:
    """The endpoints."""

    def __init__(self, table: LinkTable) -> None:
        self._table = table

    async def put(self, request: Request) -> Response:
        require(request, "manager")
        anchor = _anchor(request)
        links = linkset.read(passport.parse(await body(request, _CEILING, "application/json")))
        is_new = await self._table.put(anchor, links)
        return JSONResponse(links.to_json(), 201 if is_new else 200)

    async def get(self, request: Request) -> Response:
        found = await self._table.get(_anchor(request))
        if found is None:
            raise Problem(results.MISSING, "no links are registered there")
        return JSONResponse(found.to_json())

    async def delete(self, request: Request) -> Response:
        require(request, "manager")
        if not await self._table.delete(_anchor(request)):
            raise Problem(results.MISSING, "no links are registered there")
        return Response(status_code=204)


def _anchor(request: Request) -> str:
    key = digital_link.parse(request.path_params["anchor"])
    if key.path != key.anchors[0]:
        raise Malformed(
            f"an item's links stand at its GTIN and serial alone, {key.anchors[0]}"
            " (GS1-Conformant Resolver Standard, 'Walking up the tree')"
        )
    return key.path
