"""The GS1-Conformant resolver (standard release 1.2): from a Digital Link to what is known of the product.

    GET /01/{gtin}[/22/{cpv}][/10/{lot}][/21/{serial}]   and /01/{gtin}/235/{tpx}
    GET /eh{hex}, /ex{base64url}                         the same, compressed as an EPC binary string
    GET /.well-known/gs1resolver                         the resolver description file
307 to the link that fits best, the linkset (RFC 9264), the passport's public part as JSON, or the product's page: by
linkType, Accept, Accept-Language and context. One query a look-up. Who asks is not logged, and there are no cookies.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Route

from edge.errors import Malformed
from gateway.hub import asked as asking
from gateway.hub import linkset, passport
from gateway.hub.access import AUTHORITIES, LEGITIMATE_INTEREST, PUBLIC, Caller, caller, caller_of
from gateway.hub.asked import CORS, Asked, client_has, page_language
from gateway.hub.database import Database
from gateway.hub.dpps import answered
from gateway.hub.linkset import Link, Links
from gateway.hub.passport_page import Page, Published
from gateway.hub.passports import Passports, Version
from gateway.hub.raw_route import RawRoute
from gateway.hub.resolver_paths import PATHS
from gateway.web.negotiation import accept_of
from gateway.web.passport import notice

__all__ = ["PATHS", "Page", "Resolver", "routes"]

Level = tuple[str, Links]  # an anchor and its links

HTML, JSON, LD_JSON = "text/html", "application/json", "application/ld+json"
_OFFERS = (HTML, JSON, linkset.MEDIA_TYPE, LD_JSON)
_LINKSETS = (linkset.MEDIA_TYPE, JSON, LD_JSON)
_METHODS = "GET, HEAD, OPTIONS"
_AS_HEADER = "tagwright-as"
_PREFLIGHT = {
    **CORS,
    "Allow": _METHODS,
    "Access-Control-Allow-Methods": _METHODS,
    "Access-Control-Allow-Headers": "Accept, Accept-Language, If-None-Match",
    "Access-Control-Max-Age": "86400",
}

LEVELS = (
    "SELECT 0, anchor, body FROM links WHERE anchor = ANY($1)"
    " UNION ALL SELECT 1, subject, id FROM passports WHERE subject = ANY($1) AND deleted_ns IS NULL"
)
LEVELS_AND_DOCUMENTS = (
    "SELECT 0, anchor, body, 0, 0, NULL, NULL FROM links WHERE anchor = ANY($1)"
    " UNION ALL SELECT 1, p.subject, p.id, p.number, v.at_ns, v.sha256, v.document FROM passports p"
    " JOIN passport_versions v ON v.passport = p.number AND v.at_ns = p.changed_ns"
    " WHERE p.subject = ANY($1) AND p.deleted_ns IS NULL"
)


@dataclass(frozen=True, slots=True)
class _Found:
    """What stands at the levels of a key, the narrowest first. passport: its URL; version: of the same."""

    levels: Sequence[Level] = ()
    passport: str | None = None
    version: Version | None = None

    @property
    def has_default(self) -> bool:
        return any(links.chosen is not None for _, links in self.levels)

    def choose(self, asked: Asked) -> list[Link]:
        return linkset.choose([links for _, links in self.levels], asked.wish)


class Resolver:
    """Answers for the links and passports in `database`. root: what Digital Links begin with; None: as it was asked.

    page: of a product that has no link that leads elsewhere. name: of who runs the resolver.
    """

    def __init__(
        self,
        database: Database,
        passports: Passports,
        page: Page,
        root: str | None = None,
        name: str = "Tagwright hub",
    ) -> None:
        self._database = database
        self._passports = passports
        self._page = page
        self._root = root
        self._name = name

    async def resolve(self, request: Request) -> Response:
        """The answer to a Digital Link."""
        if request.method == "OPTIONS":
            return Response(status_code=204, headers=_PREFLIGHT)
        try:
            asked = asking.read(request, asking.root_of(request, self._root))
        except Malformed as why:
            return _refused(request, 400, f"{why}.", CORS)
        answer = await self._answer(request, asked)
        if answer is None:
            kind = f"of link type {asked.link_type[:60]} " if asked.link_type else ""
            sentence = f"Nothing {kind}is known of {asked.key.path}."
            return _refused(request, 404, sentence, asked.headers())
        return answer

    async def describe(self, request: Request) -> Response:
        """The resolver description file."""
        if request.method == "OPTIONS":
            return Response(status_code=204, headers=_PREFLIGHT)
        said = {
            "name": self._name,
            "resolverRoot": asking.root_of(request, self._root),
            "supportedPrimaryKeys": ["01"],
            "supportedLinkType": [{"namespace": linkset.VOCABULARY, "prefix": "gs1:"}],
            "linkTypeDefaultCanBeLinkset": False,
            "jsonLdContextLocation": linkset.CONTEXT_URI,
        }
        return JSONResponse(said, headers=dict(CORS))

    async def _answer(self, request: Request, asked: Asked) -> Response | None:
        if asked.wants_linkset:
            media = asked.accept.best(_LINKSETS) or linkset.MEDIA_TYPE
            return await self._linkset(asked, await self._find(asked), media)
        if asked.link_type is not None:
            return await self._link(request, asked, await self._find(asked))
        wanted = asked.accept.best(_OFFERS)
        found = await self._find(asked, with_document=wanted == JSON)
        if wanted == JSON and found.version is not None:
            view = self._passports.view(found.version, {PUBLIC})
            more = asked.headers() | {"Cache-Control": "no-cache"}
            return answered(request, view.raw, view, **more)
        if wanted in _LINKSETS:
            return await self._linkset(asked, found, wanted)
        if wanted is None and not found.has_default:
            sentence = "This can be had as HTML, as JSON and as a linkset."
            return _refused(request, 406, sentence, asked.headers())
        return await self._default(request, asked, found)

    async def _default(self, request: Request, asked: Asked, found: _Found) -> Response | None:
        """Where nothing is asked for but the product: a link that leads elsewhere, or its page."""
        chosen = found.choose(asked)
        if chosen and not asked.is_here(chosen[0].href):
            return _moved(asked, chosen[0].href)
        return await self._paged(request, asked, found)

    async def _paged(self, request: Request, asked: Asked, found: _Found) -> Response | None:
        """The product's page, as it is for who asks; None where there is none."""
        who = _as_asked(request, caller_of(request))
        page = await self._page.shown(asked, who, await self._passport(asked, found, who))
        return None if page is None else _shown(request, asked, page)

    async def _passport(self, asked: Asked, found: _Found, who: Caller) -> Published | None:
        """The passport as he may see it: all of it only by a credential that he sent."""
        version = (await self._find(asked, with_document=True)).version if found.passport else None
        if version is None:
            return None
        public = self._passports.view(version, {PUBLIC})
        view = self._passports.view(version, who.classes) if asked.is_personal else public
        said = passport.parse(view.raw)
        return Published(said, found.passport or "", version.sha256, view.raw != public.raw)

    async def _link(self, request: Request, asked: Asked, found: _Found) -> Response | None:
        """The link of the type that is asked for."""
        if asked.wish.relation is None:
            return None
        chosen = found.choose(asked)
        if len(chosen) > 1:
            return _linked(asked, linkset.multiple(asked.url, chosen), linkset.MEDIA_TYPE, 300)
        if chosen and not asked.is_here(chosen[0].href):
            return _moved(asked, chosen[0].href)
        if not chosen and asked.wish.relation != linkset.PIP:
            return None
        return await self._paged(request, asked, found)

    async def _linkset(self, asked: Asked, found: _Found, media: str) -> Response | None:
        levels = list(found.levels)
        if not found.has_default:
            is_known = await self._page.is_known(asked.key)
            default = asked.url if is_known else found.passport
            if default is None:
                return None
            kind, title = (
                (linkset.DPP, "Digital product passport")
                if default == found.passport
                else (linkset.PIP, "Product page")
            )
            levels = _with_default(levels, asked.key.anchors[0], Link(kind, default, title))
        objects = [links.context_object(f"{asked.root}/{anchor}") for anchor, links in levels]
        return _linked(asked, linkset.linkset(objects), media, 200)

    async def _find(self, asked: Asked, with_document: bool = False) -> _Found:
        anchors = asked.key.anchors
        sql = LEVELS_AND_DOCUMENTS if with_document else LEVELS
        rows = await self._database.fetch(sql, anchors)
        links = {row[1]: linkset.stored(row[2]) for row in rows if row[0] == 0}
        passports = {row[1]: row for row in rows if row[0] == 1}
        levels = []
        url, version = None, None
        for anchor in anchors:
            held = links.get(anchor)
            row = passports.get(anchor)
            if row is not None:
                own = asked.passport_url(row[2])
                held = linkset.with_passport(held, own)
                if url is None:
                    url = own
                    version = Version(row[3], row[2], *row[4:]) if with_document else None
            if held is not None:
                levels.append((anchor, held))
        return _Found(levels, url, version)


def routes(resolver: Resolver) -> list[BaseRoute]:
    """The routes of `resolver`."""
    methods = ["GET", "OPTIONS"]
    return [
        RawRoute("/01/{link:path}", resolver.resolve, methods=methods),
        RawRoute("/eh{link}", resolver.resolve, methods=methods),
        RawRoute("/ex{link}", resolver.resolve, methods=methods),
        Route("/.well-known/gs1resolver", resolver.describe, methods=methods),
    ]


def _as_asked(request: Request, who: Caller) -> Caller:
    """`who`; an authority may ask for what a legitimate interest sees, to know which class each thing is of."""
    if AUTHORITIES in who.classes and request.headers.get(_AS_HEADER) == LEGITIMATE_INTEREST:
        return caller(who.name, [LEGITIMATE_INTEREST])
    return who


def _moved(asked: Asked, href: str) -> Response:
    return Response(status_code=307, headers={**asked.headers(), "Location": asked.target(href)})


def _shown(request: Request, asked: Asked, page: str) -> Response:
    """A page that may be kept and must be asked after; one that a credential opened is kept by nobody."""
    headers = asked.headers()
    headers |= {
        "Vary": f"{headers['Vary']}, Authorization",
        "Content-Language": asked.language,
        "ETag": f'"{sha256(page.encode()).hexdigest()}"',
        "Cache-Control": "no-store" if asked.is_personal else "no-cache",
    }
    if not asked.is_personal and client_has(request, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    return HTMLResponse(page, headers=headers)


def _linked(asked: Asked, said: dict[str, Any], media: str, status: int) -> Response:
    """A linkset in the media type; as JSON-LD it names its context itself."""
    headers = asked.headers()
    if media == LD_JSON:
        said = {"@context": linkset.CONTEXT_URI, **said}
    else:
        headers["Link"] += f", {linkset.CONTEXT_HEADER}"
    raw = json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()
    return Response(raw, status, headers, media)


def _with_default(levels: Sequence[Level], anchor: str, link: Link) -> list[Level]:
    """The levels, with `link` as the default of the narrowest one, `anchor`."""
    rest = [level for level in levels if level[0] != anchor]
    more = [link for at, links in levels if at == anchor for link in links.links]
    return [(anchor, Links((link, *more))), *rest]


def _refused(request: Request, status: int, sentence: str, headers: Any) -> Response:
    """A page for a browser, {"error"} for a program."""
    if accept_of(request.headers.get("accept")).best(_OFFERS) != HTML:
        return JSONResponse({"error": sentence}, status, headers)
    language = page_language(request)
    kind = "passport.missing.wrong_" if status == 400 else "passport.missing."
    page = notice(language, f"{kind}title", f"{kind}means", f"{kind}do", sentence)
    return HTMLResponse(page, status, {**headers, "Content-Language": language})
