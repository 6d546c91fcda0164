"""A hub's entrance on a real port with TLS, around a few rooms of its own: what tests of access call."""

import os
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from edge.errors import Malformed
from edge.trust import TrustList
from gateway import identity
from gateway.hub.access import Guard, caller_of, require
from gateway.hub.access_tables import AccessTable, CaTable
from gateway.hub.credential import Credential
from gateway.hub.database import Database
from gateway.hub.enrolment import Enrolment
from gateway.hub.entrance import Entrance, entrance
from gateway.hub.gateways import Gateways
from gateway.hub.open import open_database
from gateway.hub.peer import PeerProtocol
from gateway.hub.serve import Tls, running
from gateway.keys import DeviceKey, TrustStore

NOW = 1_790_000_000
DAY = 86400
JOURNAL = bytes(range(16))


class Clock:
    """A clock that stands until it is moved. Starts at the machine's time: TLS looks at that one."""

    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


@dataclass
class Site:
    """A hub that runs. root, issuer: who signs its trust list, and credentials."""

    folder: Path
    url: str
    database: Database
    entrance: Entrance
    clock: Clock
    root: DeviceKey
    issuer: DeviceKey

    @property
    def gateways(self) -> Gateways:
        assert self.entrance.gateways is not None
        return self.entrance.gateways

    @property
    def enrolment(self) -> Enrolment:
        assert self.entrance.enrolment is not None
        return self.entrance.enrolment

    def client(self, shown: Path | None = None, **headers: str) -> httpx2.AsyncClient:
        """A client that trusts the hub; shown: the PEM file of its certificate and key."""
        tls = ssl.create_default_context(cafile=self.folder / "ca" / "ca.pem")
        if shown is not None:
            tls.load_cert_chain(shown)
        said = {name.replace("_", "-"): value for name, value in headers.items()}
        return httpx2.AsyncClient(base_url=self.url, verify=tls, headers=said, trust_env=False)

    async def enrolled(self, name: str) -> Path:
        """Enrol a gateway past the network; its folder."""
        folder = self.folder / "gateways" / name
        folder.mkdir(parents=True, exist_ok=True)
        token, _ = await self.enrolment.token(name)
        csr = identity.request(name, identity.pending(folder))
        issued = await self.enrolment.enrol(token, csr)
        identity.adopt(folder, issued.pem.encode(), self.enrolment.authority.pem)
        return folder

    def trust(self, *entries: object, number: int = 1) -> None:
        """Write the hub's trust list: a newer one counts at once."""
        store = TrustStore(self.folder / "trust.cbor", self.root.public)
        now = int(self.clock())
        store.save(TrustList(number, now, now + 365 * DAY, entries), self.root)  # type: ignore[arg-type]

    async def audit(self) -> list[tuple[str, str, str, str]]:
        """(caller, act, subject, outcome) of each row."""
        return await self.database.fetch(  # type: ignore[return-value]
            "SELECT caller, act, subject, outcome FROM audit ORDER BY node, seq"
        )


@asynccontextmanager
async def site(
    folder: Path, where: str | Path | None = None, token: str | None = "secret"
) -> AsyncIterator[Site]:
    """A hub with token, CA and trust list, whose list names one issuer of every credential."""
    clock = Clock(float(int(time.time())))
    root, issuer = DeviceKey.generate(), DeviceKey.generate(operator="ministry")
    entry = issuer.card.entry(int(clock()), roles=("credential-issuer", "manager-issuer"))
    store = TrustStore(folder / "trust.cbor", root.public)
    now = int(clock())
    store.save(TrustList(1, now, now + 365 * DAY, (entry,)), root)
    database = await open_database(where or folder / "hub.db")
    table = AccessTable(
        trust=folder / "trust.cbor", root=root.public.hex(), audit_key=folder / "audit.key"
    )
    ca = CaTable(folder=folder / "ca", names=("127.0.0.1",))
    try:
        opened = entrance(database, token, table, ca, clock)
        pem = opened.enrolment.authority.server  # type: ignore[union-attr]
        tls = Tls(pem, pem, folder / "ca" / "ca.pem")
        async with running(app(opened), tls=tls, http=PeerProtocol) as url:
            yield Site(folder, url, database, opened, clock, root, issuer)
    finally:
        await database.close()


def app(opened: Entrance) -> Starlette:
    """Rooms for everybody, for those with an interest, for gateways and for managers."""

    async def public(request: Request) -> Response:
        who = caller_of(request)
        return JSONResponse({"role": who.role, "name": who.name, "classes": sorted(who.classes)})

    async def interest(request: Request) -> Response:
        return JSONResponse({"name": require(request, "legitimate_interest", "authority").name})

    async def batches(request: Request) -> Response:
        who = require(request, "gateway")
        said = await request.json()
        assert opened.gateways is not None
        await opened.gateways.admit(who, said["gateway"], bytes.fromhex(said["journal"]))
        return JSONResponse({"taken": True})

    async def change(request: Request) -> Response:
        require(request, "manager")
        return JSONResponse({"changed": (await request.body()).decode()}, 201)

    async def malformed(request: Request, why: Exception) -> Response:
        return JSONResponse({"error": str(why)}, 400)

    return Starlette(
        routes=[
            Route("/public", public),
            Route("/interest", interest),
            Route("/batches", batches, methods=["POST"]),
            Route("/things/{name}", change, methods=["PUT", "DELETE"]),
            *opened.routes,
        ],
        middleware=[Middleware(Guard, access=opened.access)],
        exception_handlers={Malformed: malformed},
    )


def credential(now: float, holder: DeviceKey, *roles: str, **other: object) -> Credential:
    """A credential that is good for a day, unless `other` says otherwise."""
    said: dict[str, object] = {
        "issuer": "ministry",
        "subject": "Repair Ltd",
        "roles": roles,
        "not_before": int(now),
        "expires": int(now) + DAY,
        "issued": int(now),
        "id": os.urandom(16),
        "holder": holder.public,
    }
    return Credential(**(said | other))  # type: ignore[arg-type]
