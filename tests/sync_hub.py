"""A real hub on loopback for tests of sync: the ledger behind HTTP, and what it holds, seen from behind."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Send

from edge.errors import Malformed
from gateway.config import HubConfig
from gateway.hub import intake
from gateway.hub.access import Access, Guard
from gateway.hub.database import Database, StoreTrouble
from gateway.hub.ledger import Ledger
from gateway.hub.open import open_database
from gateway.hub.serve import Tls, running
from gateway.journal import Journal
from gateway.sync.http import Https
from gateway.sync.uplink import Uplink

PATIENCE_S = 20.0

Around = Callable[[ASGIApp], ASGIApp]
Sleep = Callable[[float], Awaitable[object]]


class Hub:
    """A hub with its URL."""

    def __init__(self, url: str, ledger: Ledger, database: Database) -> None:
        self.url = url
        self.ledger = ledger
        self.database = database

    async def journals(self) -> list[tuple[bytes, int, int, int]]:
        """(id, watermark, rows, conflicts) of each."""
        found = await self.database.fetch(
            "SELECT id, watermark, (SELECT count(*) FROM events WHERE journal = j.number),"
            " (SELECT count(*) FROM conflicts WHERE journal = j.number) FROM journals j ORDER BY number"
        )
        return [(id, watermark, rows, conflicts) for id, watermark, rows, conflicts in found]

    async def withheld(self) -> list[int]:
        """The seqs of which only the hash is held."""
        found = await self.database.fetch("SELECT seq FROM events WHERE at_ns IS NULL ORDER BY seq")
        return [seq for (seq,) in found]

    async def hashes(self) -> list[bytes]:
        """The hash of each row below a watermark, in no order."""
        found = await self.database.fetch(
            "SELECT hash FROM events e JOIN journals j ON j.number = e.journal WHERE seq <= watermark"
        )
        return [hash for (hash,) in found]


def application(ledger: Ledger, token: str | None = None) -> ASGIApp:
    """The part of a hub that gateways talk to."""

    async def health(request: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def malformed(request: Request, why: Exception) -> Response:
        return JSONResponse({"error": str(why)}, 400)

    async def trouble(request: Request, why: Exception) -> Response:
        return JSONResponse({"error": str(why)}, 503)

    return Starlette(
        routes=[*intake.routes(ledger), Route("/health", health)],
        middleware=[Middleware(Guard, access=Access(token))],
        exception_handlers={Malformed: malformed, StoreTrouble: trouble},
    )


@asynccontextmanager
async def serving(
    folder: Path,
    around: Around = lambda app: app,
    *,
    token: str | None = None,
    tls: Tls | None = None,
    address: tuple[str, int] = ("127.0.0.1", 0),
) -> AsyncIterator[Hub]:
    """A hub over FOLDER/hub.db while the context lasts; around: what stands before it."""
    database = await open_database(folder / "hub.db")
    ledger = Ledger(database)
    try:
        async with running(around(application(ledger, token)), address, tls) as url:
            yield Hub(url, ledger, database)
    finally:
        await database.close()


async def at_once(_: float) -> None: ...


async def never(_: float) -> None:
    await asyncio.Event().wait()


@asynccontextmanager
async def running_task(uplink: Uplink) -> AsyncIterator[Uplink]:
    """The uplink, at work."""
    task = asyncio.create_task(uplink.run())
    try:
        yield uplink
    finally:
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled(), task.exception()


def sending(journal: Journal, url: str, look: Sleep = never) -> AbstractAsyncContextManager[Uplink]:
    """An uplink over HTTP that does not wait between tries."""
    uplink = Uplink(journal, Https(HubConfig(url=url)), "gw", pause=at_once, look=look)
    return running_task(uplink)


async def settled(uplink: Uplink, journal: Journal) -> None:
    """Return when the hub holds what the journal has."""
    await asyncio.wait_for(uplink.acknowledged(journal.head()), PATIENCE_S)


async def fill(journal: Journal, count: int) -> None:
    """Append `count` rows."""
    uid = bytes.fromhex("04a1b2c3d4e5f6")
    await asyncio.gather(
        *[
            journal.append("verdict", "line1", uid, "09520123456788/A1", {"n": n})
            for n in range(count)
        ]
    )


async def refuse(send: Send, status: int, body: bytes) -> None:
    """Answer in the hub's stead."""
    await send({"type": "http.response.start", "status": status, "headers": []})
    await send({"type": "http.response.body", "body": body})
