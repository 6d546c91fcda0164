"""The passport page of a product: what its maker published and what its tag says, for whoever taps or scans.

Readable without a script; the page's script only adds a verdict of its own. Everything here is given: the hub reads
its tables, and judges what a stub is worth.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from markupsafe import Markup

from edge.verify import Verdict
from gateway.web import quantities, verdict
from gateway.web.charts import Bar, bars
from gateway.web.passport_document import Document, in_language, link, paper, sort
from gateway.web.templates import render
from gateway.web.variables import LIFE, MATERIALS, PHASES, Variable, kind, variables
from gateway.web.words import Words, words

_NOTHING = Markup("")
SECTIONS = ("common", "passport", "record", "verdict")
# What of the section "verdict" the script says, too
_FOR_THE_SCRIPT = ("colour", "answer", "row", "tap", "device", "document", "unproven")
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
        materials=_figures(found, MATERIALS, t),
        recycled=_recycled(found, t),
        parts=(parts := _parts(document, t)),
        columns=[each for each in _COLUMNS if any(part[each] for part in parts)],
        footprint=_footprint(found, t),
        life=_figures(found, LIFE, t),
        mass=next(iter(_figures(found, ("mass",), t)), None),
        biodiversity=next(iter(_figures(found, ("B2.1",), t)), None),
        methods=_methods(found),
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


@dataclass(frozen=True, slots=True)
class _Figure:
    code: str
    said: str
    source: str
    differs: str | None
    share: str | None = None


def _figures(found: Mapping[str, Variable], codes: Sequence[str], t: Words) -> list[_Figure]:
    whole = found.get("mass") or found.get("A1.1")
    figures = []
    for code in codes:
        each = found.get(code)
        if each is None:
            continue
        share = None
        if code in ("A1.1", "A1.2", "A1.3", "A1.4") and whole is not None and whole.value > 0:
            share = quantities.percent(each.value / whole.value, t)
        differs = None if each.on_tag is None else _said(code, each.on_tag, t)
        figures.append(_Figure(code, _said(code, each.value, t), each.source, differs, share))
    return figures


def _methods(found: Mapping[str, Variable]) -> list[tuple[list[str], str, str]]:
    """(variables, method, list version), the variables of one method together."""
    alike: dict[tuple[str, str], list[str]] = {}
    for code, each in found.items():
        if each.method or each.list_version:
            alike.setdefault((each.method, each.list_version), []).append(code)
    return [(codes, method, version) for (method, version), codes in alike.items()]


def _said(code: str, value: Decimal, t: Words) -> str:
    counted = kind(code)
    if counted == "tenths":
        return quantities.years(value, t)
    if counted == "plain":
        return quantities.number(value, t.language)
    return quantities.grams(value, t)


def _recycled(found: Mapping[str, Variable], t: Words) -> str | None:
    """The recycled share of the product's weight."""
    recycled, whole = found.get("A1.2"), found.get("mass") or found.get("A1.1")
    if recycled is None or whole is None or not 0 < whole.value >= recycled.value >= 0:
        return None
    return quantities.percent(recycled.value / whole.value, t)


def _parts(document: Document, t: Words) -> list[dict[str, Any]]:
    """The list of materials as a table's cells."""
    return [
        {
            "name": each.name,
            "mass": "" if each.grams is None else quantities.grams(each.grams, t),
            "proportion": "" if each.share is None else quantities.percent(each.share, t),
            "recycled": "" if each.recycled is None else quantities.percent(each.recycled, t),
            "cas": each.cas,
            "critical": each.is_critical,
            "svhc": each.is_svhc,
            "more": each.more,
        }
        for each in document.materials
    ]


def _footprint(found: Mapping[str, Variable], t: Words) -> dict[str, Any] | None:
    """The phases, their sum, and the chart; None where there are none."""
    phases = [found[code] for code in PHASES if code in found]
    if not phases:
        return None
    whole = sum((each.value for each in phases), Decimal(0))
    rows, drawn = [], []
    for each, figure in zip(phases, _figures(found, PHASES, t), strict=True):
        share = quantities.percent(each.value / whole, t) if whole > 0 else ""
        rows.append((figure, share))
        name = t(f"passport.variable.{each.code}")
        less = "less" if each.value < 0 else ""
        drawn.append(
            Bar(name, float(each.value), f"{figure.said} · {share}" if share else figure.said, less)
        )
    largest = max(phases, key=lambda each: each.value)
    described = t(
        "passport.footprint.described",
        phase=t(f"passport.variable.{largest.code}"),
        value=_said(largest.code, largest.value, t),
        share=quantities.percent(largest.value / whole, t) if whole > 0 else "",
    )
    span = found.get("B1")
    return {
        "rows": rows,
        "total": quantities.grams(whole, t),
        "chart": bars("footprint-chart", t("passport.footprint.chart"), described, drawn),
        "span": span and t("passport.footprint.span", years=quantities.years(span.value, t)),
    }
