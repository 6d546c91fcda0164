"""The hub's EPCIS repository as an app of its own, on either engine, with a clock that stands until it is moved."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx2
from starlette.applications import Starlette
from starlette.middleware import Middleware

from gateway.hub import epcis
from gateway.hub.access import Access, Guard
from gateway.hub.database import Database
from gateway.hub.open import open_database

NOW_NS = 1_790_000_000_000_000_000


class Clock:
    def __init__(self) -> None:
        self.ns = NOW_NS

    def __call__(self) -> int:
        self.ns += 1_000_000
        return self.ns


@dataclass
class Room:
    """client: asks as the hub's manager. app: for a server of its own."""

    database: Database
    client: httpx2.AsyncClient
    app: Starlette
    clock: Clock

    async def capture(self, document: Any, **headers: str) -> dict[str, Any]:
        """POST /capture, and its job."""
        said = {name.replace("_", "-"): value for name, value in headers.items()}
        answer = await self.client.post("/capture", json=document, headers=said)
        assert answer.status_code == 202, answer.text
        job = await self.client.get(answer.headers["location"])
        found: dict[str, Any] = job.json()
        return found

    async def events(self, query: str = "") -> list[dict[str, Any]]:
        """All events of GET /events?query, page by page."""
        found: list[dict[str, Any]] = []
        url = f"/events?{query}"
        while True:
            answer = await self.client.get(url)
            assert answer.status_code == 200, answer.text
            found += listed(answer)
            if "link" not in answer.headers:
                return found
            url = answer.links["next"]["url"]


def listed(answer: httpx2.Response) -> list[dict[str, Any]]:
    """The events in a query document."""
    results = answer.json()["epcisBody"]["queryResults"]["resultsBody"]
    found: list[dict[str, Any]] = results["eventList"]
    return found


@asynccontextmanager
async def room(where: str, access: Access | None = None) -> AsyncIterator[Room]:
    """The repository over the database at `where`; open to everyone, where no access is given."""
    database = await open_database(where)
    clock = Clock()
    guard = Middleware(Guard, access=access or Access())
    app = Starlette(routes=epcis.routes(database, clock), middleware=[guard])
    transport = httpx2.ASGITransport(app=app)
    try:
        async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:
            yield Room(database, client, app, clock)
    finally:
        await database.close()


def play(where: str, scene: Callable[[Room], Awaitable[None]]) -> None:
    async def all_of_it() -> None:
        async with room(where) as found:
            await scene(found)

    asyncio.run(all_of_it())
