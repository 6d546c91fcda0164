"""A product's page at its Digital Link: its passport and what gateways told of it, for gateway/web/passport.py to show.

A reader sees the classes of data that his credential opens; without one, the public part. A tag's UID and its stub are
for who may read the history: a copy of a tag is made of them.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from markupsafe import Markup

from edge import claims, stub
from gateway.hub import views
from gateway.hub.access import Caller
from gateway.hub.asked import Asked
from gateway.hub.database import Database
from gateway.hub.digital_link import ProductKey
from gateway.hub.judging import Judged, judge
from gateway.hub.products import Event, Products
from gateway.hub.trust_list import PublishedTrust
from gateway.web import passport
from gateway.web.words import Words, words

READERS = ("manager", "gateway", "authority", "legitimate_interest")
_NS = 1_000_000_000
_DRAWN = 2  # pages at once; one of a large document takes seconds, and megabytes

# (product, the page's words) -> the page's section of reports, and of how to report, as HTML
Reports = Callable[[ProductKey, Words], Awaitable[Markup]]


@dataclass(frozen=True, slots=True)
class Published:
    """A passport as a reader sees it. url: where it is read as JSON; sha256: of the whole, as it was published."""

    said: Mapping[str, Any]
    url: str
    sha256: bytes
    is_restricted: bool = False  # it has what only his credential opens


class Page(Protocol):
    """What the resolver asks for a product's page."""

    async def shown(self, asked: Asked, who: Caller, published: Published | None) -> str | None:
        """The page as HTML; None where nothing is known and nothing is published."""

    async def is_known(self, key: ProductKey) -> bool:
        """Whether gateways have told of it."""


class PassportPages:
    """The pages of the products in `database`. clock: wall clock in ns; trust: None where the hub has no list."""

    def __init__(
        self,
        database: Database,
        clock: Callable[[], int],
        trust: PublishedTrust | None = None,
        reports: Reports | None = None,
    ) -> None:
        self._products = Products(database)
        self._clock = clock
        self._trust = trust
        self._reports = reports
        self._drawing = asyncio.Semaphore(_DRAWN)

    async def is_known(self, key: ProductKey) -> bool:
        name = _name(key)
        if name is None:
            return False
        return bool(await self._products.stubs(name) or await self._products.events(name, 1))

    async def shown(self, asked: Asked, who: Caller, published: Published | None) -> str | None:
        key, name, may_read = asked.key, _name(asked.key), not who.acts.isdisjoint(READERS)
        stubs = await self._products.stubs(name) if name else []
        events = await self._history(name, may_read) if name else []
        if not (stubs or events or published):
            return None
        judged = judge(
            stubs,
            self._trust.current() if self._trust else None,
            self._clock() // _NS,
            asked.url,
        )
        is_believed = judged.verdict is None or judged.verdict.colour() != "red"
        said = claims.to_names(judged.stub.claims) if judged.stub and is_believed else {}
        if not may_read:
            said.pop("carrier", None)
        is_own = published is not None and str(published.said.get("granularity")).lower() == "item"
        product = passport.Product(
            link=asked.url,
            gtin=key.gtin,
            qualifiers=_qualifiers(key),
            granularity=key.granularity,
            document=published.said if published else None,
            document_url=published.url if published else None,
            claims=said,
            verdict=judged.verdict,
            unchecked=judged.why,
            is_signed=_is_signed(judged, published) if is_believed else None,
            known_seq=judged.known_seq,
            is_known=bool(stubs or events or is_own),
            lines=[views.line(each) for each in events] if may_read else None,
            stubs=[views.signed(each) for each in stubs] if may_read else (),
            trust=self._trust.said() if self._trust else None,
            is_restricted=published is not None and published.is_restricted,
            query=asked.other_query,
        )
        t = words(asked.language, *passport.SECTIONS)
        reports = await self._reports(key, t) if self._reports else Markup("")
        async with self._drawing:
            return await asyncio.to_thread(passport.page, product, t, reports)

    async def _history(self, name: str, may_read: bool) -> list[Event]:
        """Its events; for who may not read them, one at most: whether there are any."""
        return await self._products.events(name, *(() if may_read else (1,)))


def _name(key: ProductKey) -> str | None:
    return None if key.serial is None else f"{key.gtin}/{key.serial}"


def _qualifiers(key: ProductKey) -> dict[str, str]:
    held = {"variant": key.cpv, "batch": key.lot, "serial": key.serial, "tpx": key.tpx}
    return {name: said for name, said in held.items() if said is not None}


def _is_signed(judged: Judged, published: Published | None) -> bool | None:
    """Whether the stub's digest is that of the published document; None: one of them is missing."""
    digest = judged.stub.claims.get(stub.DIGEST) if judged.stub else None
    if digest is None or published is None:
        return None
    return bool(digest == published.sha256)
