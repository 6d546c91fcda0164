"""What a request to the resolver asks: which product, which link type, and what the client would rather have."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, unquote_plus

from starlette.requests import Request

from edge.errors import Malformed
from gateway.hub import digital_link, linkset
from gateway.hub.digital_link import ProductKey
from gateway.hub.linkset import Wish
from gateway.hub.raw_route import raw_path
from gateway.web.negotiation import Accept, accept_of, languages_of
from gateway.web.words import chosen

_LONGEST_QUERY = 4096  # characters
_MOST_CONTEXTS = 20
_HOST = re.compile(r"[A-Za-z0-9.:\[\]-]{1,255}")
_DELIMITERS = re.compile("[&;]")  # URI Syntax, "queryStringDelim"
_LANG = re.compile("lang(=|$)")
_LISTS = ("linkset", "all")  # "all" is what releases before 1.2 called it


@dataclass(frozen=True, slots=True)
class Asked:
    """One request. root: what Digital Links begin with here. query, link_type: as they came; None: there is none.

    language: of a page for this reader, by ?lang= or by his browser; is_personal: it came with a credential.
    """

    root: str
    key: ProductKey
    query: str
    link_type: str | None
    is_compressed: bool
    accept: Accept
    wish: Wish
    language: str = "en"
    is_personal: bool = False

    @property
    def wants_linkset(self) -> bool:
        return self.link_type in _LISTS

    @property
    def url(self) -> str:
        """The Digital Link, uncompressed and without its query."""
        return f"{self.root}/{self.key.path}"

    def passport_url(self, id: str) -> str:
        """Where the passport with this id is read."""
        return f"{self.root}/v1/dpps/{quote(id, safe='')}"

    def is_here(self, href: str) -> bool:
        """Whether a link leads back to this product at this resolver."""
        target = href.partition("#")[0].partition("?")[0].removesuffix("/")
        return target in (self.url, *(f"{self.root}/{each}" for each in self.key.anchors))

    def target(self, href: str) -> str:
        """Where a redirection to `href` leads: the query goes with it, all of it (standard, "Redirection")."""
        if not self.query:
            return href
        before, hash, fragment = href.partition("#")
        return f"{before}{'&' if '?' in before else '?'}{self.query}{hash}{fragment}"

    @property
    def other_query(self) -> str:
        """The query without its choice of a language, to which one may be added."""
        kept = [part for part in _DELIMITERS.split(self.query) if not _LANG.match(part)]
        return "".join(f"{part}&" for part in kept if part)

    def headers(self) -> dict[str, str]:
        """What each answer about this product says."""
        link = f'<{self.url}?linkType=linkset>; rel="linkset"; type="{linkset.MEDIA_TYPE}"'
        if self.is_compressed:
            link += f', <{self.url}>; rel="http://www.w3.org/2002/07/owl#sameAs"'
        return {**CORS, "Link": link, "Vary": "Accept, Accept-Language"}


CORS: Mapping[str, str] = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "Link, Location, ETag, Repr-Digest",
}


def read(request: Request, root: str) -> Asked:
    """The request in our words. Raises Malformed: it names no product that could be."""
    path = raw_path(request.scope)[1:]
    query = request.scope["query_string"].decode("latin-1")
    if len(query) > _LONGEST_QUERY:
        raise Malformed(f"the query has at most {_LONGEST_QUERY} characters")
    is_compressed = not path.startswith("01")
    key = digital_link.decompress(path) if is_compressed else digital_link.parse(path)
    pairs = [part.partition("=") for part in _DELIMITERS.split(query) if part]
    digital_link.without_keys([name for name, _, _ in pairs])
    values: dict[str, list[str]] = {"linkType": [], "context": [], "lang": []}
    for name, _, value in pairs:
        if name in values:
            values[name].append(unquote_plus(value))
    link_type = next(iter(values["linkType"]), None)
    accept = accept_of(request.headers.get("accept"))
    wish = Wish(
        None if link_type is None else linkset.relation(link_type),
        accept,
        languages_of(request.headers.get("accept-language")),
        tuple(values["context"][:_MOST_CONTEXTS]),
    )
    language = page_language(request, next(iter(values["lang"]), None))
    is_personal = "authorization" in request.headers
    return Asked(root, key, query, link_type, is_compressed, accept, wish, language, is_personal)


def page_language(request: Request, named: str | None = None) -> str:
    """The language of a page for this reader; named: the one that he picked, else what ?lang= says."""
    named = named or request.query_params.get("lang")
    return chosen(request.headers.get("accept-language"), "passport", named)


def client_has(request: Request, etag: str) -> bool:
    """Whether If-None-Match names this ETag (RFC 9110, section 13.1.2: weakly compared)."""
    known = request.headers.get("if-none-match", "").replace("W/", "")
    return not {etag, "*"}.isdisjoint(each.strip() for each in known.split(","))


def root_of(request: Request, configured: str | None) -> str:
    """The URL that Digital Links begin with: as configured, else by scheme and host of the request."""
    if configured is not None:
        return configured.removesuffix("/")
    host = request.headers.get("host", "")
    return f"{request.scope['scheme']}://{host if _HOST.fullmatch(host) else 'localhost'}"
