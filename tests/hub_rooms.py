"""The hub's passports, links and resolver as an app of their own, with callers of every kind."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx2
from starlette.applications import Starlette
from starlette.middleware import Middleware

from edge.trust import TrustList
from gateway.hub import dpps, links, openapi, resolver
from gateway.hub.access import Access, Caller, Guard
from gateway.hub.asked import Asked
from gateway.hub.credential import Credential, Credentials, bearer
from gateway.hub.database import Database
from gateway.hub.digital_link import ProductKey
from gateway.hub.links import LinkTable
from gateway.hub.open import open_database
from gateway.hub.passport_page import PassportPages, Published
from gateway.hub.passports import Passports
from gateway.hub.resolver import Resolver
from gateway.keys import DeviceKey

ROOT = "https://id.example.org"
GTIN = "09520123456788"
NOW = 1_790_000_000  # Unix seconds
ITEM = f"{ROOT}/01/{GTIN}/21/A1"
PAGES = {f"01/{GTIN}/21/seen"}  # products that only gateways have told of
HTML = {"Accept": "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"}
JSON = {"Accept": "application/json"}
LINKSET = {"Accept": "application/linkset+json"}


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.ns = NOW * 10**9

    def __call__(self) -> int:
        return self.ns

    def go(self, seconds: float) -> None:
        self.ns += int(seconds * 1e9)


class Told(PassportPages):
    """The pages of products, of which gateways have told of PAGES."""

    async def is_known(self, key: ProductKey) -> bool:
        return key.anchors[0] in PAGES

    async def shown(self, asked: Asked, who: Caller, published: Published | None) -> str | None:
        if published is None and asked.key.anchors[0] in PAGES:
            return f"<!doctype html><p>{asked.key.path}</p>"
        return await super().shown(asked, who, published)


@dataclass
class Rooms:
    """The app, and clients of it: of nobody known, of the manager, and of those with a credential."""

    app: Starlette
    database: Database
    clock: Clock
    public: httpx2.AsyncClient
    manager: httpx2.AsyncClient
    repairer: httpx2.AsyncClient  # legitimate interest
    authority: httpx2.AsyncClient

    async def publish(self, said: Mapping[str, Any]) -> dict[str, Any]:
        """Publish a passport; the Result's payload."""
        answer = await self.manager.post("/v1/dpps", json=said)
        assert answer.status_code == 201, answer.text
        payload: dict[str, Any] = answer.json()["payload"]
        return payload

    async def link(self, anchor: str, *items: Mapping[str, Any]) -> None:
        """Register links."""
        answer = await self.manager.put(f"/v1/links/{anchor}", json={"links": list(items)})
        assert answer.status_code in (200, 201), answer.text


@asynccontextmanager
async def rooms(
    where: str | Path, defaults: Mapping[str, str] | None = None, root: str | None = ROOT
) -> AsyncIterator[Rooms]:
    """The rooms over a new database at `where`. defaults: the hub's own map of access classes."""
    clock = Clock()
    database = await open_database(where)
    issuer = DeviceKey.generate(operator="ministry")
    entry = issuer.card.entry(NOW, roles=("credential-issuer", "manager-issuer"))
    trusted = TrustList(1, NOW, NOW + 10**7, (entry,))
    credentials = Credentials(lambda: trusted, database, lambda: NOW)
    access = Access(token="secret", credentials=credentials)
    app = app_of(database, clock, defaults, root, access)

    def client(token: str | None) -> httpx2.AsyncClient:
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        return httpx2.AsyncClient(
            transport=httpx2.ASGITransport(app), base_url=ROOT, headers=headers
        )

    def credential(role: str) -> str:
        holder = DeviceKey.generate().public
        said = Credential("ministry", "R. Epair", (role,), NOW, NOW + 9999, NOW, bytes(16), holder)
        return bearer(said.sign(issuer))

    async with (
        client(None) as public,
        client("secret") as manager,
        client(credential("legitimate_interest")) as repairer,
        client(credential("authority")) as authority,
    ):
        try:
            yield Rooms(app, database, clock, public, manager, repairer, authority)
        finally:
            await database.close()


def app_of(
    database: Database,
    clock: Clock,
    defaults: Mapping[str, str] | None = None,
    root: str | None = ROOT,
    access: Access | None = None,
) -> Starlette:
    """The app; access: None: open."""
    passports = Passports(database, clock, defaults)

    said = openapi.document([dpps.PATHS, links.PATHS, resolver.PATHS])
    return Starlette(
        routes=[
            *openapi.routes(said),
            *dpps.routes(passports),
            *links.routes(LinkTable(database, clock)),
            *resolver.routes(Resolver(database, passports, Told(database, clock), root)),
        ],
        middleware=[Middleware(Guard, access=access or Access())],
    )


def passport(product: str = ITEM, **more: Any) -> dict[str, Any]:
    """A whole passport, with `more` members."""
    return {
        "digitalProductPassportId": f"urn:test:{sha256(product.encode()).hexdigest()[:8]}",
        "uniqueProductIdentifier": product,
        "granularity": "item",
        "dppSchemaVersion": "EN 18223:2026",
        "dppStatus": "active",
        "lastUpdated": "2026-09-21T14:00:00Z",
        "economicOperatorId": "LEI-529900T8BM49AURSDO55",
        **more,
    }


def raw(said: Mapping[str, Any]) -> bytes:
    """The bytes that a publisher might send: not ours."""
    return json.dumps(said, indent=1).encode()
