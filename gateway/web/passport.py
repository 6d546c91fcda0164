"""The passport page of a product: what its maker published and what its tag says, for whoever taps or scans.

Readable without a script; the page's script only adds a verdict of its own. Everything here is given: the hub reads
its tables, and judges what a stub is worth.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from markupsafe import Markup

from edge.verify import Verdict
from gateway.web import passport_figures as figures
from gateway.web import verdict
from gateway.web.passport_document import Document, in_language, link, paper, sort
from gateway.web.templates import render
from gateway.web.variables import LIFE, MATERIALS, variables
from gateway.web.words import Words, words

_NOTHING = Markup("")
SECTIONS = ("common", "passport", "record", "verdict")
# What of the section "verdict" the script says, too
_FOR_THE_SCRIPT = ("none", "colour", "answer", "row", "tap", "device", "document", "unproven")
_UNANSWERED = (
    *(("integrity", "not_checked", "open"), ("key", "unknown", "open")),
    *(("binding", "not_checked", "open"), ("chain", "not_checked", "open")),
    *(("link", "not_checked", "open"), ("evidence", "not_stated", "open")),
)
_STATUSES = {
    "active": "active",
    "inactive": "inactive",
    "archived": "inactive",
    "expired": "inactive",
    "recycled": "recycled",
    "destroyed": "recycled",
    "replaced": "replaced",
}
_UNITS = frozenset(("kwh", "wh", "w", "kg", "g", "mg", "mm", "cm", "m", "l", "v", "ah", "percent"))
_HUMPS = re.compile("(?<=[a-z0-9])[A-Z]+")  # where a name's next word begins
_SIGNED = {True: "same", False: "other", None: None}
_COLUMNS = ("mass", "proportion", "recycled")  # of the list of materials, beside its name
_WORSE = ("active", "inactive", "replaced", "recycled")


@dataclass(frozen=True, slots=True)
class Trust:
    """The trust list that the page's script verifies by: its root's public key, and what the list says of itself."""

    root: bytes
    number: int
    issued: int
    not_after: int


@dataclass(frozen=True, slots=True)
class Line:
    """One event of the history. product: its name, and the path of its page where it has one; tag: hex.

    kind, what: words of the section "record", or others. zone: "" where none is known.
    """

    when: str
    kind: str
    product: str
    path: str | None
    station: str
    tag: str
    what: str
    zone: str
    why: str


@dataclass(frozen=True, slots=True)
class Signed:
    """A stub in the history, in hex."""

    seq: int
    tag: str
    key: str
    stub: str


@dataclass(frozen=True, slots=True)
class Product:
    """What a page tells. link: the canonical Digital Link; gtin, qualifiers ("serial" -> "A1"): its parts.

    document: what of the passport this reader may see; claims: the newest stub's, by name, without what he may not.
    verdict: the hub's on that stub; unchecked: why there is none ("no_stub", "no_list", "mini").
    is_signed: whether that stub's digest is the document's; None: it has none. known_seq: the highest of the one
    carrier that the product has. is_known: whether anything is known of just this product, not of its model.
    lines, stubs: None where they are not for this reader. query: that the page was asked with, without its language.
    """

    link: str
    gtin: str
    qualifiers: Mapping[str, str]
    granularity: str
    document: Mapping[str, Any] | None = None
    document_url: str | None = None
    claims: Mapping[str, Any] = field(default_factory=dict)
    verdict: Verdict | None = None
    unchecked: str = "no_stub"
    is_signed: bool | None = None
    known_seq: int | None = None
    is_known: bool = True
    lines: Sequence[Line] | None = None
    stubs: Sequence[Signed] = ()
    trust: Trust | None = None
    is_restricted: bool = False
    query: str = ""


def page(product: Product, t: Words, reports: Markup = _NOTHING) -> str:
    """The page. t: of SECTIONS. reports: the section of reports, and of how to report, as HTML."""
    document = sort(product.document or {}, t.language)
    totals = product.claims.get("totals", {})
    found = variables(document.variables, totals)
    more = dict(document.sections.get("more", {}))
    if found is None:
        more["variables"] = document.variables
        found = variables(None, totals) or {}
    judged = (
        verdict.unchecked(product.unchecked, t)
        if product.verdict is None
        else verdict.shown(product.verdict, t)
    )
    return render(
        "passport.html",
        t,
        product=product,
        document=document,
        name=document.name or t("passport.unnamed", gtin=product.gtin),
        verdict=judged,
        level=_level(product),
        unanswered=_UNANSWERED,
        signed_document=_SIGNED[product.is_signed],
        listed=_listed(product.trust, t),
        status=_status(product, document),
        notes=_notes(product, document),
        wider=_wider(product, document),
        sections={**document.sections, "more": more},
        materials=figures.of(found, MATERIALS, t),
        recycled=figures.recycled(found, t),
        parts=(parts := figures.parts(document, t)),
        columns=[each for each in _COLUMNS if any(part[each] for part in parts)],
        footprint=figures.footprint(found, t),
        life=figures.of(found, LIFE, t),
        mass=next(iter(figures.of(found, ("mass",), t)), None),
        biodiversity=next(iter(figures.of(found, ("B2.1",), t)), None),
        methods=figures.methods(found),
        reports=reports,
        data=Markup(data(product, t)),
        day=day,
        instant=instant,
        link=link,
        paper_of=paper,
        in_language=in_language,
        label=lambda key: label(key, t),
    )


def data(product: Product, t: Words) -> str:
    """What the page's script reads, as JSON that is safe within HTML."""
    said = {
        "language": t.language,
        "root": product.trust.root.hex() if product.trust else "",
        "trust": "/v1/trust" if product.trust else None,
        "link": product.link,
        "knownSeq": product.known_seq,
        "digest": product.claims.get("digest"),
        "document": _SIGNED[product.is_signed],
        "texts": {
            key: said
            for key, said in t.beginning("verdict.").items()
            if key.partition(".")[0] in _FOR_THE_SCRIPT
        },
        "marks": verdict.marks(),
    }
    raw = json.dumps(said, ensure_ascii=False, separators=(",", ":"))
    for char in "<>&\u2028\u2029":
        raw = raw.replace(char, f"\\u{ord(char):04x}")
    return raw


def notice(
    language: str, title: str, means: str, todo: str, detail: str = "", query: str = ""
) -> str:
    """A page that says what is amiss: keys of texts. detail: a sentence as it comes."""
    t = words(language, *SECTIONS)
    return render(
        "notice.html", t, title=t(title), means=t(means), todo=t(todo), detail=detail, query=query
    )


def day(seconds: int) -> str:
    """Unix seconds as a date, UTC."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d")


def instant(text: str) -> str:
    """RFC 3339 as people read it, to the minute."""
    return text[:16].replace("T", " ") if len(text) > 16 and text[10:11] == "T" else text


def label(name: str, t: Words) -> str:
    """A member's name for people: in the page's language where it is a usual one, else its words."""
    if f"passport.member.{name}" in t:
        return t(f"passport.member.{name}")
    if not name.isidentifier() or name.isupper():
        return name
    *parts, last = name.split("_")
    if last.lower() not in _UNITS or not parts:
        parts, last = [*parts, last], ""
    spaced = _HUMPS.sub(_word, " ".join(parts)).strip()
    return spaced[:1].upper() + spaced[1:] + (f" ({last})" if last else "") or name


def _word(found: re.Match[str]) -> str:
    """A capital begins a word; several are an abbreviation."""
    return f" {found[0] if len(found[0]) > 1 else found[0].lower()}"


def _wider(product: Product, document: Document) -> str | None:
    """ "model" or "batch", where the passport is of that and a narrower product was asked for."""
    said = str(document.header.get("granularity", "")).lower()
    is_wider = said in ("model", "batch") and said != product.granularity
    return said if is_wider else None


def _level(product: Product) -> str:
    """How far the data are vouched for, as the stub claims."""
    return str(product.claims.get("evidence", "not_stated"))


def _listed(trust: Trust | None, t: Words) -> str:
    if trust is None:
        return ""
    return t(
        "verdict.listed",
        number=trust.number,
        issued=day(trust.issued),
        until=day(trust.not_after),
    )


def _status(product: Product, document: Document) -> str | None:
    """The worse of what document and stub say; None: neither says one that is known."""
    said = str(document.header.get("dppStatus", "")).lower()
    claimed = product.claims.get("status", "active") if product.claims else ""
    known = [each for each in (_STATUSES.get(said), _STATUSES.get(claimed)) if each]
    return max(known, key=_WORSE.index, default=None)


def _notes(product: Product, document: Document) -> list[str]:
    """Keys of what a reader should know before all else."""
    found = []
    status = _status(product, document)
    if status not in (None, "active"):
        found.append(f"passport.status_note.{status}")
    if product.granularity == "item" and not product.is_known:
        found.append("passport.status_note.unknown_item")
    return found
