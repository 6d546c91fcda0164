"""The capture interface: documents of others' events in, each answered by a job.

A document is stored before its 202 goes out, so a job is over when it is first asked for; who polls sees so at once.
"""

import asyncio
import binascii
import json
import time
import uuid
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from edge.errors import Malformed
from gateway.epcis import check
from gateway.hub import epcis_rows, epcis_store
from gateway.hub.database import Database
from gateway.hub.epcis_filter import DEFAULT_A_PAGE, MOST_A_PAGE
from gateway.hub.epcis_http import (
    BEHAVIOUR,
    LIMITS,
    Problem,
    answering,
    json_body,
    next_page,
    options,
    problem,
)
from gateway.hub.epcis_rows import Kept
from gateway.hub.epcis_store import Job, Thing
from gateway.hub.raw_route import RawRoute

ROLLBACK, PROCEED = "rollback", "proceed"

_AT_ONCE = 50  # events that are checked before other requests have their turn: about 5 ms
_LONGEST_DETAIL = 300  # characters
_NEWEST = (1 << 62, "")


class _Taken(Exception):
    """Some events stand under the eventIDs of others: nothing is kept of this transaction."""

    def __init__(self, places: list[int]) -> None:
        super().__init__()
        self.places = places


class Captures:
    """The endpoints below /capture, and POST /events. clock: wall clock in ns."""

    def __init__(self, database: Database, clock: Callable[[], int] = time.time_ns) -> None:
        self._database = database
        self._clock = clock

    def routes(self) -> list[BaseRoute]:
        writers = ("gateway", "manager")
        limits = LIMITS | {BEHAVIOUR: ROLLBACK}
        return [
            RawRoute("/capture", options("GET", "POST", more=limits), methods=["OPTIONS"]),
            RawRoute("/capture", answering(self.take, *writers), methods=["POST"]),
            RawRoute("/capture", answering(self.jobs, *writers), methods=["GET"]),
            RawRoute("/capture/{id}", options("GET"), methods=["OPTIONS"]),
            RawRoute("/capture/{id}", answering(self.job, *writers), methods=["GET"]),
            RawRoute("/events", answering(self.take_one, *writers), methods=["POST"]),
        ]

    async def take(self, request: Request) -> Response:
        behaviour = request.headers.get(BEHAVIOUR, ROLLBACK)
        if behaviour not in (ROLLBACK, PROCEED):
            raise Problem(400, "ValidationException", f"{BEHAVIOUR} is {ROLLBACK} or {PROCEED}")
        job = await self.capture(await json_body(request), behaviour)
        headers = LIMITS | {"Location": f"/capture/{job.id}", BEHAVIOUR: behaviour}
        return Response(status_code=202, headers=headers)

    async def capture(self, data: bytes, behaviour: str = ROLLBACK) -> Job:
        """Keep the events of an EPCIS document. rollback: all of them or none; proceed: those that can be kept.

        Raises Malformed where the document as a whole is none, Problem where it has too many events.
        """
        events, context = check.events(data)
        if len(events) > check.MOST_EVENTS:
            raise Problem(
                413,
                "CaptureLimitExceededException",
                f"a document has at most {check.MOST_EVENTS} events here",
            )
        now_us = self._clock() // 1000
        kept: list[Kept] = []
        places: list[int] = []  # of what is kept, in the document
        things: list[list[Thing]] = []
        errors: list[dict[str, Any]] = []
        for place, each in enumerate(events):
            if place % _AT_ONCE == 0:
                await asyncio.sleep(0)
            try:
                captured = check.event(f"eventList[{place}]", each, context)
            except Malformed as why:
                errors.append(_error(400, "ValidationException", str(why)))
                continue
            kept.append(epcis_rows.foreign(captured, now_us))
            things.append(list(epcis_rows.things(each, kept[-1].key)))
            places.append(place)
        if errors and behaviour == ROLLBACK:
            return await self._over(behaviour, now_us, errors)
        try:
            return await self._keep(behaviour, now_us, kept, things, places, errors)
        except _Taken as why:
            return await self._over(behaviour, now_us, _conflicts(why.places))

    async def take_one(self, request: Request) -> Response:
        """POST /events: one event, with its own @context."""
        captured = check.bare_event(await json_body(request))
        kept = epcis_rows.foreign(captured, self._clock() // 1000)
        try:
            async with self._database.transaction() as session:
                await epcis_store.add(session, [kept])
                if await epcis_store.conflicts(session, [kept]):
                    raise _Taken([0])
                await epcis_store.add_things(session, epcis_rows.things(captured.event, kept.key))
        except _Taken as why:
            raise Problem(409, "ResourceAlreadyExistsException", captured.id) from why
        return Response(
            status_code=201, headers={"Location": f"/events/{quote(captured.id, safe='')}"}
        )

    async def job(self, request: Request) -> Response:
        found = await epcis_store.job(self._database, request.path_params["id"].replace("\0", ""))
        if found is None:
            raise Problem(404, "NoSuchResourceException", "no capture has this id")
        return JSONResponse(_json(found), headers={BEHAVIOUR: found.behaviour})

    async def jobs(self, request: Request) -> Response:
        most, behind = _page(request)
        found = await epcis_store.jobs(self._database, behind, most)
        headers = {}
        if len(found) == most:
            token = json.dumps([found[-1].created_us, found[-1].id]).encode()
            headers = next_page(request, urlsafe_b64encode(token).decode())
        return JSONResponse([_json(each) for each in found], headers=headers)

    async def _keep(
        self,
        behaviour: str,
        now_us: int,
        kept: list[Kept],
        things: list[list[Thing]],
        places: list[int],
        errors: list[dict[str, Any]],
    ) -> Job:
        async with self._database.transaction() as session:
            await epcis_store.add(session, kept)
            taken = await epcis_store.conflicts(session, kept)
            if taken and behaviour == ROLLBACK:
                raise _Taken([places[each] for each in taken])
            await epcis_store.drop(session, [kept[each] for each in taken])
            wanted = (all for each, all in enumerate(things) if each not in set(taken))
            await epcis_store.add_things(session, (thing for all in wanted for thing in all))
            errors = errors + _conflicts([places[each] for each in taken])
            job = Job(uuid.uuid4().hex, now_us, behaviour, not errors, errors)
            await epcis_store.add_job(session, job)
        return job

    async def _over(self, behaviour: str, now_us: int, errors: list[dict[str, Any]]) -> Job:
        job = Job(uuid.uuid4().hex, now_us, behaviour, False, errors)
        async with self._database.transaction() as session:
            await epcis_store.add_job(session, job)
        return job


def _conflicts(places: list[int]) -> list[dict[str, Any]]:
    return [
        _error(
            409,
            "ResourceAlreadyExistsException",
            f"eventList[{place}]: another event stands under this eventID",
        )
        for place in places
    ]


def _error(status: int, exception: str, text: str) -> dict[str, Any]:
    return problem(status, exception, text[:_LONGEST_DETAIL])


def _json(job: Job) -> dict[str, Any]:
    return {
        "captureID": job.id,
        "createdAt": epcis_rows.rfc3339(job.created_us),
        "finishedAt": epcis_rows.rfc3339(job.created_us),
        "running": False,
        "success": job.success,
        "captureErrorBehaviour": job.behaviour,
        "errors": job.errors,
    }


def _page(request: Request) -> tuple[int, tuple[int, str]]:
    """(perPage, where the page begins). Raises Malformed."""
    text = request.query_params.get("perPage", str(DEFAULT_A_PAGE))
    if not (text.isascii() and text.isdigit() and len(text) < 6 and 1 <= int(text) <= MOST_A_PAGE):
        raise Malformed(f"perPage is a number from 1 to {MOST_A_PAGE}")
    token = request.query_params.get("nextPageToken")
    if token is None:
        return int(text), _NEWEST
    try:
        at_us, id = json.loads(urlsafe_b64decode(token))
    except (ValueError, TypeError, binascii.Error, RecursionError) as why:
        raise Malformed("this nextPageToken is not of this hub") from why
    if type(at_us) is not int or abs(at_us) > _NEWEST[0] or type(id) is not str or "\0" in id:
        raise Malformed("this nextPageToken is not of this hub")
    return int(text), (at_us, id)
