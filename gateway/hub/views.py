"""What the hub says of a product and of its gateways, as JSON values and as lines of its pages' tables."""

import math
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from edge import claims, stub
from edge.errors import Malformed
from gateway.hub.products import Event, JournalState, StoredStub, TagState
from gateway.hub.times import rfc3339
from gateway.web.passport import Line, Signed

_DEEPEST = 16  # levels of a body that are shown; a body may even hold itself (CBOR tag 29)


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


def line(event: Event) -> Line:
    """An event as a line of a page's table."""
    return Line(
        moment(rfc3339(event.at_ns)),
        event.kind,
        event.name,
        _path(event.name, event.content.get("serial")),
        event.station,
        _tag(event),
        _word(event.content),
        _zone(event.content),
        str(_plain(event.content.get("reason", ""))),
    )


def signed(held: StoredStub) -> Signed:
    """A stub as a line of a page's table."""
    said = stub_json(held)
    return Signed(said["seq"], said["uid"], said["kid"] or "", said["stub"])


def moment(text: str) -> str:
    """RFC 3339 as people read it, to the second."""
    return text[:19].replace("T", " ")


def _tag(event: Event) -> str:
    """The tag in hex; of one that is known by its EPC alone, that."""
    epc = event.content.get("epc")
    return event.uid.hex() or (epc.hex() if isinstance(epc, bytes) else "")


def _word(content: Mapping[str, Any]) -> str:
    """An event in a word."""
    return str(_plain(content.get("outcome", content.get("act", ""))))


def _zone(content: Mapping[str, Any]) -> str:
    """Where it was, as far as a zone is known."""
    zone = content.get("zone")
    return zone if isinstance(zone, str) else ""


def _path(product: str, serial: object) -> str | None:
    """The path of a product's page, where its name is GTIN and serial (and batch); serial: as the event says."""
    gtin, *more = product.split("/", 2)
    if not gtin.isdigit() or not more:
        return None
    if len(more) == 1 or product == f"{gtin}/{serial}":
        path = ["01", gtin, "21", product.removeprefix(f"{gtin}/")]
    else:
        path = ["01", gtin, "10", more[0], "21", more[1]]
    return "/" + "/".join(quote(each, safe="") for each in path)


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
