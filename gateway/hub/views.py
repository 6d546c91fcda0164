"""What the hub says of a product, as JSON values and as small HTML pages without script.

Nothing here is a verdict: the hub has no trust list. The pages show what the signed stubs claim and what the
gateways report, and say so.
"""

import math
from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from html import escape
from typing import Any
from urllib.parse import quote

from edge import claims, stub
from edge.errors import Malformed
from gateway.hub.products import Event, JournalState, StoredStub, TagState
from gateway.hub.times import rfc3339

_DEEPEST = 16  # levels of a body that are shown; a body may even hold itself (CBOR tag 29)

_CSS = """
:root { color-scheme: light dark; }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 80rem; margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.5rem; overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; margin: 1rem 0; }
caption { text-align: left; font-weight: 600; }
th, td { text-align: left; vertical-align: top; padding: .3rem .6rem; border-bottom: 1px solid #8886; }
td { overflow-wrap: break-word; }
td.code { font-family: ui-monospace, monospace; overflow-wrap: anywhere; min-width: 11rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1rem; margin: 0; }
dt { font-weight: 600; }
dd { margin: 0; overflow-wrap: anywhere; }
.note { border-left: .3rem solid #888; padding-left: .8rem; }
"""
CSP = (
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none';"
    f" style-src 'sha256-{b64encode(sha256(_CSS.encode()).digest()).decode()}'"
)


def stub_json(held: StoredStub) -> dict[str, Any]:
    """A stub: its hex, and its claims by name; claims null for a mini record, which has none."""
    said: dict[str, Any] | None = None
    kid = None
    try:
        found = stub.decode(held.raw)
        said, kid = claims.to_names(found.claims), found.kid.hex()
    except Malformed:
        pass
    return {
        "seq": held.seq,
        "uid": held.uid.hex(),
        "sha256": held.sha256.hex(),
        "kid": kid,
        "stub": held.raw.hex(),
        "claims": said,
        "written": held.written,
    }


def event_json(event: Event) -> dict[str, Any]:
    """An event: who, when, what, and its content."""
    return {
        "journal": event.journal.hex(),
        "gateway": event.gateway,
        "seq": event.seq,
        "at": rfc3339(event.at_ns),
        "kind": event.kind,
        "station": event.station,
        "uid": event.uid.hex(),
        "product": event.product,
        "content": _plain(event.content),
    }


def journal_json(journal: JournalState) -> dict[str, Any]:
    """How far a journal has come."""
    return {
        "journal": journal.id.hex(),
        "gateway": journal.gateway,
        "watermark": journal.watermark,
        "rows": journal.rows,
        "withheld": journal.withheld,
        "conflicts": journal.conflicts,
        "gaps": journal.gaps,
        "registered": journal.registered,
        "received_at": rfc3339(journal.received_ns),
    }


def tag_json(tag: TagState) -> dict[str, Any]:
    """Where a tag was, newest first."""
    return {
        "uid": tag.uid.hex(),
        "product": tag.product,
        "place": tag.place,
        "seen_at": rfc3339(tag.at_ns),
        "sightings": [
            {
                "at": rfc3339(each.at_ns),
                "clock_synchronised": each.is_timed,
                "place": each.place,
                "product": each.product,
                "act": each.act,
                "journal": each.journal.hex(),
                "seq": each.seq,
            }
            for each in tag.sightings
        ],
    }


def product_page(
    name: str,
    stubs: Sequence[StoredStub],
    events: Sequence[Event] | None,
    above: Iterable[str] = (),
) -> str:
    """The page of one product: its current stub's claims, the stubs before it, its history.

    events: None where tags and history are not for this reader: a UID and its stub are what a copy of a tag is made of.
    above: HTML.
    """
    parts = [*above, f"<h1>Product {escape(name)}</h1>", _NOTE]
    if stubs:
        newest = stub_json(stubs[-1])
        lines = [
            each for each in _claim_lines(newest) if events is not None or each[0] != "carrier"
        ]
        parts += ["<h2>What its tag says</h2>", _list(lines)]
    else:
        parts.append("<p>No stub of this product has been written to a tag.</p>")
    if events is None:
        return page(f"Product {name}", [*parts, _WITHHELD])
    if stubs:
        rows = [
            (s["seq"], _code(s["uid"]), _code(s["kid"] or ""), _code(s["stub"]))
            for s in map(stub_json, stubs)
        ]
        parts.append(_table("Signed stubs", ("seq", "tag", "key", "stub (hex)"), rows))
    return page(f"Product {name}", [*parts, _history("History", events)])


def front_page(
    counts: Mapping[str, int], events: Sequence[Event] | None, managed: Iterable[str] = ()
) -> str:
    """The page of the hub: how much it holds, and what came last; None: not for this reader. managed: HTML."""
    parts = [
        "<h1>Tagwright hub</h1>",
        _list((name.replace("_", " "), str(n)) for name, n in counts.items()),
        *managed,
    ]
    parts.append(_WITHHELD if events is None else _history("Latest events", events))
    return page("Tagwright hub", parts)


def alarm_table(alarms: Iterable[Mapping[str, Any]]) -> str:
    """Those of these alarms (their JSON) that are open and that nobody has seen."""
    rows = [
        (each["number"], _moment(each["at"]), each["kind"], _code(each["subject"]), each["text"])
        for each in alarms
        if each["closed_at"] is None and each["acknowledged_at"] is None
    ]
    heads = ("number", "since (UTC)", "kind", "of", "what")
    return _table("Open alarms", heads, rows) if rows else "<p>No alarm is open.</p>"


def journal_table(journals: Iterable[JournalState]) -> str:
    """How far each gateway has come; what is stored and not registered yet shows nowhere else on these pages."""
    rows = [
        (
            each.gateway,
            _code(each.id.hex()),
            each.watermark,
            each.watermark - each.registered,
            each.gaps,
            each.conflicts,
            _moment(rfc3339(each.received_ns)),
        )
        for each in journals
    ]
    heads = ("gateway", "journal", "stored up to row", "of these not registered", "gaps")
    return _table("Journals", (*heads, "conflicts", "last heard (UTC)"), rows)


def missing_page(sentence: str) -> str:
    """The page for a product that is not known, or a name that is none."""
    return page("Not known", ["<h1>Not known</h1>", f"<p>{escape(sentence)}</p>"])


_NOTE = (
    '<p class="note">This page shows what signed stubs claim and what gateways reported. It has not checked the'
    " signatures: read the tag with a verifier that holds your trust list.</p>"
)

_WITHHELD = (
    '<p class="note">What gateways reported is for those with a legitimate interest, and for authorities:'
    " this page leaves it out.</p>"
)


def _claim_lines(said: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    for name, value in (said["claims"] or {}).items():
        if name == "issued_at":
            value = rfc3339(value * 1_000_000_000)
        if isinstance(value, Mapping):
            value = ", ".join(f"{key} {each}" for key, each in value.items())
        yield name.replace("_", " "), str(value)


def _history(caption: str, events: Sequence[Event]) -> str:
    rows = [
        (
            _moment(rfc3339(e.at_ns)),
            e.kind,
            _link(e.name, e.content.get("serial")),
            e.station,
            _code(_tag(e)),
            _what(e.content),
            str(_plain(e.content.get("reason", ""))),
        )
        for e in events
    ]
    return _table(caption, ("when (UTC)", "kind", "product", "station", "tag", "what", "why"), rows)


def _moment(text: str) -> str:
    """RFC 3339 as people read it, to the second."""
    return text[:19].replace("T", " ")


def _tag(event: Event) -> str:
    """The tag in hex; of one that is known by its EPC alone, that."""
    epc = event.content.get("epc")
    return event.uid.hex() or (epc.hex() if isinstance(epc, bytes) else "")


def _what(content: Mapping[str, Any]) -> str:
    """An event in a word, and the zone that it was in."""
    said = str(_plain(content.get("outcome", content.get("act", ""))))
    zone = content.get("zone")
    return f"{said}: {zone}" if isinstance(zone, str) else said


def _list(lines: Iterable[tuple[str, str]]) -> str:
    items = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in lines)
    return f"<dl>{items}</dl>"


class _Cell(str):
    """A whole table cell that is HTML already."""


def _code(text: str) -> _Cell:
    return _Cell(f'<td class="code">{escape(text)}</td>')


def _link(product: str, serial: object) -> _Cell:
    """A product's name as a link to its page, where it is GTIN and serial (and batch); serial: as the event says."""
    gtin, *more = product.split("/", 2)
    if not gtin.isdigit() or not more:
        return _Cell(f"<td>{escape(product)}</td>")
    if len(more) == 1 or product == f"{gtin}/{serial}":
        path = ["01", gtin, "21", product.removeprefix(f"{gtin}/")]
    else:
        path = ["01", gtin, "10", more[0], "21", more[1]]
    return _Cell(
        f'<td><a href="/{"/".join(quote(each, safe="") for each in path)}">{escape(product)}</a></td>'
    )


def _table(caption: str, heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    head = "".join(f'<th scope="col">{escape(each)}</th>' for each in heads)
    body = "".join(
        "<tr>"
        + "".join(
            cell if isinstance(cell, _Cell) else f"<td>{escape(str(cell))}</td>" for cell in row
        )
        + "</tr>"
        for row in rows
    )
    return (
        f"<table><caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{body}</tbody></table>"
    )


def page(title: str, parts: Iterable[str]) -> str:
    """A whole page; parts: HTML."""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_CSS}</style></head>"
        f"<body><main>{''.join(parts)}</main></body></html>"
    )


def _plain(value: object, depth: int = 0) -> Any:
    """A CBOR value as JSON can say it: bytes in hex, what JSON lacks as text."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if depth == _DEEPEST:
        return "..."
    if isinstance(value, Mapping):
        return {str(_plain(key, depth + 1)): _plain(v, depth + 1) for key, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each, depth + 1) for each in value]
    return type(value).__name__
