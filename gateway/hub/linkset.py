"""Links of a product: what is registered at an anchor, which of them answers a request, and the linkset.

RFC 9264 (JSON, section 4.2) as the GS1-Conformant Resolver Standard 1.2 shapes it: "Links", "Default link",
"Redirecting to a specific type of link", "Linkset". Pure: no database, no request.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from edge import gs1
from edge.errors import Malformed
from gateway.web.negotiation import Accept, Languages

MEDIA_TYPE = "application/linkset+json"
VOCABULARY = "https://ref.gs1.org/voc/"
DEFAULT, DEFAULT_MULTI = VOCABULARY + "defaultLink", VOCABULARY + "defaultLinkMulti"
PIP, DPP = VOCABULARY + "pip", VOCABULARY + "dpp"
CONTEXT_URI = "https://ref.gs1.org/standards/resolver/1.2.0/linkset-context"
CONTEXT_HEADER = (
    f'<{CONTEXT_URI}>; rel="http://www.w3.org/ns/json-ld#context"; type="application/ld+json"'
)

MOST_LINKS = 100  # at one anchor
_LONGEST_HREF = 2048  # characters
_LONGEST_TEXT = 500
_MOST_WORDS = 20  # languages or contexts of one link

_SPELLINGS = (VOCABULARY, "https://gs1.org/voc/", "http://gs1.org/voc/", "gs1:")
_TERM = re.compile(r"[A-Za-z][A-Za-z0-9]{0,63}")
_RELATION = re.compile(r"https?://[A-Za-z0-9./]{1,256}")  # what the standard's linkset schema takes
_MEDIA = re.compile(r"[\w!#$&^.+-]{1,127}/[\w!#$&^.+-]{1,127}", re.ASCII)
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8}){0,5}")
_WORD = re.compile(r"[\w.:-]{1,100}", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u0085\u2028\u2029\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Link:
    """One link. relation: the whole URI of its link type; languages: BCP 47 tags of what it leads to."""

    relation: str
    href: str
    title: str
    type: str | None = None
    languages: tuple[str, ...] = ()
    contexts: tuple[str, ...] = ()

    def target(self) -> dict[str, Any]:
        """Its target object in a linkset (RFC 9264, section 4.2.3)."""
        found: dict[str, Any] = {"href": self.href, "title": self.title}
        if self.type is not None:
            found["type"] = self.type
        if self.languages:
            found["hreflang"] = list(self.languages)
        if self.contexts:
            found["context"] = list(self.contexts)
        return found


@dataclass(frozen=True, slots=True)
class Links:
    """The links of one anchor; `default` is the place of the one that is taken where nothing else is asked, if any."""

    links: tuple[Link, ...]
    default: int | None = 0

    @property
    def chosen(self) -> Link | None:
        """The default link."""
        return None if self.default is None else self.links[self.default]

    @property
    def defaults(self) -> tuple[Link, ...]:
        """The default link's variants, itself among them: links of its type in other languages or forms."""
        chosen = self.chosen
        return tuple(link for link in self.links if chosen and link.relation == chosen.relation)

    def to_json(self) -> dict[str, Any]:
        """As `read` takes it."""
        links = []
        for place, link in enumerate(self.links):
            said = {"linkType": link.relation, **link.target()}
            links.append(said | {"default": True} if place == self.default else said)
        return {"links": links}

    def context_object(self, anchor: str) -> dict[str, Any]:
        """Its link context object (RFC 9264, section 4.2.2); the default link has href and title alone."""
        found: dict[str, Any] = {"anchor": anchor}
        if self.chosen is not None:
            found[DEFAULT] = [{"href": self.chosen.href, "title": self.chosen.title}]
        if len(self.defaults) > 1:
            found[DEFAULT_MULTI] = [link.target() for link in self.defaults]
        for link in self.links:
            found.setdefault(link.relation, []).append(link.target())
        return found


def relation(text: str) -> str | None:
    """The whole URI of a link type, "gs1:pip" or a URI, in one spelling; None where it is neither."""
    for prefix in _SPELLINGS:
        if text.startswith(prefix):
            term = text.removeprefix(prefix)
            return VOCABULARY + term if _TERM.fullmatch(term) else None
    return text if _RELATION.fullmatch(text) else None


def read(said: object) -> Links:
    """The links in a parsed JSON body (openapi_parts.py, "Links"). Raises Malformed, which says where."""
    whole = _object(said, "the body", {"links"})
    items = whole.get("links")
    if not isinstance(items, list) or not 0 < len(items) <= MOST_LINKS:
        raise Malformed(f"links must be a list of 1 to {MOST_LINKS}")
    links, marked = [], []
    for place, item in enumerate(items):
        where = f"links[{place}]"
        links.append(_link(item, where))
        if _flag(item, where):
            marked.append(place)
    if len(marked) > 1:
        raise Malformed("one link at most is the default")
    return Links(tuple(links), marked[0] if marked else 0)


@lru_cache(maxsize=1024)
def stored(body: str) -> Links:
    """The links in what `to_json` gave, as JSON. A model's are asked for with each of its items."""
    whole = json.loads(body)
    default, links = 0, []
    for place, item in enumerate(whole["links"]):
        links.append(
            Link(
                item["linkType"],
                item["href"],
                item["title"],
                item.get("type"),
                tuple(item.get("hreflang", ())),
                tuple(item.get("context", ())),
            )
        )
        if item.get("default"):
            default = place
    return Links(tuple(links), default)


@dataclass(frozen=True, slots=True)
class Wish:
    """What a request asks for. relation: of one link type; None: the default."""

    relation: str | None
    accept: Accept
    languages: Languages
    contexts: tuple[str, ...] = ()


def choose(levels: Sequence[Links], wish: Wish) -> list[Link]:
    """The links that fit best, of the narrowest level that has any: none, one, or several that fit alike.

    Without a link type it is one at most: the default link, where none of its variants fits better.
    """
    for links in levels:
        if wish.relation is None:
            found = links.defaults
        else:
            found = tuple(link for link in links.links if link.relation == wish.relation)
        if found:
            best = _best(found, wish)
            if links.chosen in best or (wish.relation is None and len(best) > 1):
                return [link for link in (links.chosen,) if link is not None]
            return best
    return []


def with_passport(links: Links | None, url: str) -> Links:
    """The links of a level that has a passport here, at `url`; one that leads there already is not said twice."""
    held = links.links if links is not None else ()
    if any(link.href == url for link in held) and links is not None:
        return links
    passport = Link(DPP, url, "Digital product passport", "application/json")
    if links is None:
        return Links((passport,), default=None)
    return Links((*held, passport), links.default)


def linkset(objects: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The linkset document of link context objects."""
    return {"linkset": list(objects)}


def multiple(anchor: str, links: Iterable[Link]) -> dict[str, Any]:
    """The linkset of a choice that a request leaves open."""
    found: dict[str, Any] = {"anchor": anchor}
    for link in links:
        found.setdefault(link.relation, []).append(link.target())
    return linkset([found])


def _best(links: Sequence[Link], wish: Wish) -> list[Link]:
    scores = [_score(link, wish) for link in links]
    best = max(scores)
    return [link for link, score in zip(links, scores, strict=True) if score == best]


def _score(link: Link, wish: Wish) -> tuple[float, bool, tuple[float, int], float]:
    """Context, then a media type that is acceptable at all, then language, then the media type's quality.

    What a link does not say is between what fits and what does not.
    """
    context = 1.0
    if wish.contexts:
        hits = any(each in wish.contexts for each in link.contexts)
        context = 2.0 if hits else float(not link.contexts)
    elif link.contexts:
        context = 0.0
    quality = wish.accept.quality(link.type or "")  # "": as */* has it
    return context, quality > 0, _language(link, wish.languages), quality


def _language(link: Link, languages: Languages) -> tuple[float, int]:
    if not languages:
        return 1.0, 0
    if not link.languages:
        return 0.0005, 0
    return max(languages.quality(tag) for tag in link.languages)


def _link(said: object, where: str) -> Link:
    item = _object(
        said, where, {"linkType", "href", "title", "type", "hreflang", "context", "default"}
    )
    kind, href = item.get("linkType"), item.get("href")
    found = relation(kind) if isinstance(kind, str) else None
    if found is None or found in (DEFAULT, DEFAULT_MULTI, VOCABULARY + "handledBy"):
        raise Malformed(
            f"{where}.linkType must be gs1:NAME or the URI of a link type that says what the link leads to"
        )
    if not isinstance(href, str) or len(href) > _LONGEST_HREF or not gs1.is_uri(href):
        raise Malformed(
            f"{where}.href must be an https or http URL of {_LONGEST_HREF} characters at most"
        )
    media = item.get("type")
    if media is not None and (not isinstance(media, str) or not _MEDIA.fullmatch(media)):
        raise Malformed(f"{where}.type must be a media type")
    return Link(
        found,
        href,
        _text(item.get("title"), f"{where}.title"),
        media.lower() if media else None,
        _words(item.get("hreflang"), _LANGUAGE, f"{where}.hreflang", "language tags (BCP 47)"),
        _words(item.get("context"), _WORD, f"{where}.context", "words"),
    )


def _flag(item: Any, where: str) -> bool:
    found = item.get("default", False)
    if not isinstance(found, bool):
        raise Malformed(f"{where}.default must be true or false")
    return found


def _object(said: object, where: str, known: set[str]) -> dict[str, Any]:
    if not isinstance(said, dict):
        raise Malformed(f"{where} must be an object")
    for key in said:
        if key not in known:
            raise Malformed(
                f"{where} has no member {key[:30]!r}: known are {', '.join(sorted(known))}"
            )
    return said


def _text(said: object, where: str) -> str:
    if not isinstance(said, str) or not 0 < len(said) <= _LONGEST_TEXT or _CONTROL.search(said):
        raise Malformed(
            f"{where} must be text of 1 to {_LONGEST_TEXT} characters without control characters"
        )
    return said


def _words(said: object, form: re.Pattern[str], where: str, what: str) -> tuple[str, ...]:
    if said is None:
        return ()
    if not isinstance(said, list) or not 0 < len(said) <= _MOST_WORDS:
        raise Malformed(f"{where} must be a list of 1 to {_MOST_WORDS} {what}")
    if not all(isinstance(each, str) and form.fullmatch(each) for each in said):
        raise Malformed(f"{where} must be a list of {what}")
    return tuple(said)
