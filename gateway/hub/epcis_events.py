"""The query interface: EPCIS events by what is asked of them, page by page, and one by its eventID."""

import json
import time
from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from edge.errors import Malformed
from gateway.epcis.document import query_document
from gateway.hub import epcis_filter, epcis_rows
from gateway.hub.database import Database
from gateway.hub.epcis_filter import Filter, Place
from gateway.hub.epcis_http import Problem, answering, next_page, options
from gateway.hub.raw_route import RawRoute

READERS = ("gateway", "authority", "manager")

_COLUMNS = "key, declared, record_us, event"
_BY_KEY = f"SELECT {_COLUMNS} FROM epcis_events WHERE key = $1 ORDER BY declared"


class Events:
    """The endpoints below /events, but for POST. clock: wall clock in ns."""

    def __init__(self, database: Database, clock: Callable[[], int] = time.time_ns) -> None:
        self._database = database
        self._clock = clock

    def routes(self) -> list[BaseRoute]:
        return [
            RawRoute("/events", options("GET", "POST"), methods=["OPTIONS"]),
            RawRoute("/events", answering(self.some, *READERS), methods=["GET"]),
            RawRoute("/events/{id}", options("GET"), methods=["OPTIONS"]),
            RawRoute("/events/{id}", answering(self.one, *READERS), methods=["GET"]),
        ]

    async def some(self, request: Request) -> Response:
        """GET /events?parameters."""
        return await self.answer(request, asked(request.query_params.multi_items()))

    async def one(self, request: Request) -> Response:
        """GET /events/{eventID}: the event, and behind it the same with its error declaration, where one was made."""
        found = await self._database.fetch(_BY_KEY, epcis_rows.key_of(request.path_params["id"]))
        if not found:
            raise Problem(404, "NoSuchResourceException", "no event has this eventID")
        events = [_event(record_us, text) for _, _, record_us, text in found]
        return JSONResponse(query_document(events, "", self._now()))

    async def answer(self, request: Request, query: Filter, name: str = "") -> Response:
        """The page of events that a query asks for, as an EPCISQueryDocument."""
        await self._check_size(query)
        most = query.per_page
        given = query.place.given if query.place else 0
        if query.limit is not None:
            most = min(most, query.limit - given)
        rows = await self._rows(query, most + 1) if most > 0 else []
        events = [_event(record_us, text) for _, _, _, record_us, text in rows[:most]]
        headers = {}
        given += len(events)
        if len(rows) > most and (query.limit is None or given < query.limit):
            at_us, key, declared, _, _ = rows[most - 1]
            headers = next_page(request, Place(at_us, bytes(key), declared, given).token())
        return JSONResponse(query_document(events, name, self._now()), headers=headers)

    def _now(self) -> str:
        return epcis_rows.rfc3339(self._clock() // 1000)

    async def _rows(self, query: Filter, most: int) -> list[tuple[Any, ...]]:
        """(time, key, declared, record_us, event) of what comes next."""
        sign, order = ("<", "DESC") if query.descending else (">", "ASC")
        if query.place is not None:
            query.add(
                f"({query.time}, key, declared) {sign} ({{}}, {{}}, {{}})",
                query.place.at_us,
                query.place.key,
                query.place.declared,
            )
        where = f"WHERE {' AND '.join(query.conditions)}" if query.conditions else ""
        sql = (
            f"SELECT {query.time}, {_COLUMNS} FROM epcis_events {where}"
            f" ORDER BY {query.time} {order}, key {order}, declared {order} LIMIT {most}"
        )
        return await self._database.fetch(sql, *query.values)

    async def _check_size(self, query: Filter) -> None:
        if query.too_many is None or query.place is not None:
            return
        where = f"WHERE {' AND '.join(query.conditions)}" if query.conditions else ""
        some = f"SELECT 1 FROM epcis_events {where} LIMIT {query.too_many + 1}"
        ((count,),) = await self._database.fetch(
            f"SELECT count(*) FROM ({some}) AS found", *query.values
        )
        if count > query.too_many:
            raise Problem(
                413, "QueryTooLargeException", f"there are more than {query.too_many} events"
            )


def asked(parameters: list[tuple[str, str]]) -> Filter:
    """The query of these parameters. Raises Problem."""
    try:
        return epcis_filter.parse(parameters)
    except Malformed as why:
        raise Problem(400, "QueryParameterException", str(why)) from why


def _event(record_us: int, text: str) -> dict[str, Any]:
    """An event as it is told: with its time of record."""
    event: dict[str, Any] = json.loads(text)
    return event | {"recordTime": epcis_rows.rfc3339(record_us)}
