"""Named queries: parameters under a name, and their events. There are no subscriptions."""

import json
import re
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from edge.errors import Malformed
from gateway.epcis.document import from_json, to_json
from gateway.hub.database import Database
from gateway.hub.epcis_events import READERS, Events, asked
from gateway.hub.epcis_http import Problem, answering, json_body, options
from gateway.hub.raw_route import RawRoute

_NAME = re.compile(r"[A-Za-z0-9._~-]{1,128}")
_MOST = 1000  # queries
_OF_A_PAGE = ("perPage", "nextPageToken")

_ADD = (
    "INSERT INTO epcis_queries (name, query) VALUES ($1, $2)"
    " ON CONFLICT (name) DO NOTHING RETURNING name"
)


class Queries:
    """The endpoints below /queries; events: answers what they ask."""

    def __init__(self, database: Database, events: Events) -> None:
        self._database = database
        self._events = events

    def routes(self) -> list[BaseRoute]:
        one = "/queries/{name}"
        return [
            RawRoute("/queries", options("GET", "POST"), methods=["OPTIONS"]),
            RawRoute("/queries", answering(self.all, *READERS), methods=["GET"]),
            RawRoute("/queries", answering(self.create, "manager"), methods=["POST"]),
            RawRoute(one, options("GET", "DELETE"), methods=["OPTIONS"]),
            RawRoute(one, answering(self.read, *READERS), methods=["GET"]),
            RawRoute(one, answering(self.delete, "manager"), methods=["DELETE"]),
            RawRoute(f"{one}/events", options("GET"), methods=["OPTIONS"]),
            RawRoute(f"{one}/events", answering(self.run, *READERS), methods=["GET"]),
        ]

    async def all(self, request: Request) -> Response:
        found = await self._database.fetch("SELECT name, query FROM epcis_queries ORDER BY name")
        return JSONResponse([_json(*each) for each in found])

    async def create(self, request: Request) -> Response:
        said = from_json(await json_body(request))
        if not isinstance(said, dict) or set(said) != {"name", "query"}:
            raise Malformed('a named query is {"name": NAME, "query": {PARAMETER: VALUE, ...}}')
        name, query = said["name"], said["query"]
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise Malformed("a query's name has 1 to 128 letters, digits, '.', '_', '~' or '-'")
        asked(_parameters(query))
        async with self._database.transaction() as session:
            ((count,),) = await session.fetch("SELECT count(*) FROM epcis_queries")
            if count >= _MOST:
                raise Problem(413, "CaptureLimitExceededException", f"at most {_MOST} queries")
            if not await session.fetch(_ADD, name, to_json(query)):
                raise Problem(409, "DuplicateNameException", name)
        return Response(status_code=201, headers={"Location": f"/queries/{name}"})

    async def read(self, request: Request) -> Response:
        return JSONResponse(_json(*await self._query(request)))

    async def delete(self, request: Request) -> Response:
        name, _ = await self._query(request)
        async with self._database.transaction() as session:
            await session.execute("DELETE FROM epcis_queries WHERE name = $1", name)
        return Response(status_code=204)

    async def run(self, request: Request) -> Response:
        """GET /queries/{name}/events: the page, by perPage and nextPageToken alone."""
        name, query = await self._query(request)
        more = request.query_params.multi_items()
        strange = [each for each, _ in more if each not in _OF_A_PAGE]
        if strange:
            text = f"{strange[0][:40]!r}: a named query is asked with {' and '.join(_OF_A_PAGE)}"
            raise Problem(400, "QueryParameterException", text)
        own = [each for each in _parameters(json.loads(query)) if each[0] not in dict(more)]
        return await self._events.answer(request, asked([*own, *more]), name)

    async def _query(self, request: Request) -> tuple[str, str]:
        name = request.path_params["name"]
        found = _NAME.fullmatch(name) and await self._database.fetch(
            "SELECT name, query FROM epcis_queries WHERE name = $1", name
        )
        if not found:
            raise Problem(404, "NoSuchNameException", "no query has this name")
        return found[0][0], found[0][1]


def _json(name: str, query: str) -> dict[str, Any]:
    return {"name": name, "query": json.loads(query)}


def _parameters(query: Any) -> list[tuple[str, str]]:
    """A query's JSON as the parameters of a URL. Raises Malformed."""
    if not isinstance(query, dict):
        raise Malformed("a query is an object of parameters")
    found = []
    for name, value in query.items():
        for each in value if isinstance(value, list) else [value]:
            if each is None:  # an EXISTS parameter has no value
                found.append((name, ""))
            elif isinstance(each, bool):
                found.append((name, "true" if each else "false"))
            elif isinstance(each, int | str):
                found.append((name, str(each)))
            else:
                raise Malformed(f"{name[:40]!r} has a value that is no text and no number")
    return found
