"""The station map: what a journal row is in GS1's words, an EPCIS 2.0 event or nothing.

commissioned                a first stub            ObjectEvent ADD     commissioning / active, with ilmd
                            of a product that had   ObjectEvent OBSERVE other: the tag is another one, not the product
updated, by status or step  inspected               ObjectEvent OBSERVE inspecting / conformant
                            shipped, received       ObjectEvent OBSERVE shipping / in_transit, receiving / in_progress
                            repaired, remanuf.      ObjectEvent OBSERVE repairing / available
                            transferred             ObjectEvent OBSERVE accepting / in_progress
                            replaced                ObjectEvent OBSERVE killing: the tag ends, the product goes on
                            decommissioned          ObjectEvent DELETE  decommissioning / inactive
                            destroyed               ObjectEvent DELETE  destroying / destroyed
verdict, code with one                              ObjectEvent OBSERVE inspecting / conformant, non_conformant, ...
presence                    arrived, departed       ObjectEvent OBSERVE arriving, departing, with the signal's strength

Pallets are pallet_map.py's. Intents, voids, refusals, repairs of hints, windows and what is about no known product are
no events; nor is what a consumer does. Rows may come from a network: what is of the wrong type counts as not said.
"""

from base64 import urlsafe_b64encode
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, NamedTuple
from urllib.parse import quote

from edge import epc as epcs
from edge import gs1, stub
from edge.errors import Malformed
from gateway.clock import happened
from gateway.epcis import sensor
from gateway.epcis.eventhash import event_id
from gateway.epcis.fields import is_uri
from gateway.epcis.identifiers import canonical, gtin_link, key
from gateway.epcis.places import Places
from gateway.epcis.vocabulary import NAMESPACE, PREFIX

_STEPS = (  # by claim 10 of a stub: (name, action, bizStep, disposition)
    ("commissioned", "OBSERVE", "other", ""),
    ("inspected", "OBSERVE", "inspecting", "conformant"),
    ("shipped", "OBSERVE", "shipping", "in_transit"),
    ("received", "OBSERVE", "receiving", "in_progress"),
    ("repaired", "OBSERVE", "repairing", "available"),
    ("remanufactured", "OBSERVE", "repairing", "available"),
    ("transferred", "OBSERVE", "accepting", "in_progress"),
    ("decommissioned", "DELETE", "decommissioning", "inactive"),
)
_STATUSES = {  # by claim 9 of a stub, where that is not active
    1: ("inactive", "DELETE", "decommissioning", "inactive"),
    2: ("destroyed", "DELETE", "destroying", "destroyed"),
    3: ("replaced", "OBSERVE", "killing", ""),
}
_NO_STEP = ("updated", "OBSERVE", "other", "")
_PRESENCE = {"arrived": ("arriving", "in_progress"), "departed": ("departing", "in_transit")}
_CARRIERS = {"nfc": "nfc-type2", "rain": "rain-gen2"}
UNIT = "https://id.gs1.org/00/"  # of a logistic unit: none has a passport that could be inspected
_VERDICT = ("integrity", "key", "binding", "chain")
_LAST_SECOND = 4_102_444_800  # the year 2100
_LARGEST = 1 << 53  # of a number
_LONGEST_URI = 1024  # characters
_PARTS = 4  # of a product claim with a batch


def event(
    kind: str,
    content: Mapping[str, Any],
    at_ns: int,
    gateway: str,
    station: str,
    uid: bytes,
    name: str,
    places: Places,
    *,
    is_timed: bool = True,
) -> dict[str, Any] | None:
    """The event that a row is, with its eventID; None where it is none, and of a pallet's rows.

    content: the row's body; at_ns: its time; name: "GTIN14/SERIAL", or another product's text.
    is_timed: whether the gateway's clock was synchronised. What a handheld wrote down is of its own time.
    """
    at_ns, is_timed = happened(content, at_ns, is_timed)
    make = _KINDS.get(kind)
    said = make(_Row(content, at_ns, gateway, station, uid, name, places)) if make else None
    if said is None:
        return None
    at_ns = said.pop("at_ns", at_ns)
    return finished(frame("ObjectEvent", at_ns, gateway, station, content, places) | said, is_timed)


def finished(found: dict[str, Any], is_timed: bool) -> dict[str, Any]:
    """An event that is whole but for its eventID."""
    if not is_timed:
        found[f"{PREFIX}:clock"] = "not synchronised"
    found["eventID"] = event_id(found)
    return found


def frame(
    type: str, at_ns: int, gateway: str, station: str, content: Mapping[str, Any], places: Places
) -> dict[str, Any]:
    """When and where: the fields that all events have."""
    site = places.of(gateway)
    found: dict[str, Any] = {
        "type": type,
        "eventTime": rfc3339(at_ns),
        "eventTimeZoneOffset": site.offset(at_ns),
        f"{PREFIX}:gateway": gateway,
        f"{PREFIX}:station": station,
    }
    read_point = site.read_point(station, text(content, "zone"))
    if read_point:
        found["readPoint"] = {"id": read_point}
    if site.location:
        found["bizLocation"] = {"id": site.location}
    return found


def identity(content: Mapping[str, Any], name: str) -> str:
    """The URI of the product (or of the thing with this EPC) that a row is about; "" where none is known."""
    gtin, serial = text(content, "gtin"), text(content, "serial")
    if not gtin:
        gtin, _, serial = name.partition("/")
    if _is_gtin14(gtin) and gs1.is_serial(serial):
        return gtin_link(gtin, serial)
    if is_uri(name):
        return canonical(name)
    if name and not gtin.isdigit():
        found = f"{NAMESPACE}id/{quote(name, safe='')}"  # ISO/IEC 15459 and the like
        return found if len(found) <= _LONGEST_URI else ""
    uri = text(content, "uri") or _uri_of(content.get("epc")) or text(content, "link")
    thing = key(uri)
    return thing.link if thing is not None and _is_instance(thing.ai, thing.qualifier) else ""


def disposition(content: Mapping[str, Any]) -> str:
    """What a verdict says of the product: conformant, non_conformant, mismatch_instance or unknown."""
    verdict = content.get("verdict")
    found = verdict if isinstance(verdict, dict) else {}
    if "mismatch" in (found.get("binding"), found.get("link")):
        return "mismatch_instance"
    return {"green": "conformant", "red": "non_conformant"}.get(text(content, "colour"), "unknown")


def text(content: Mapping[str, Any], name: str) -> str:
    """A text in a row's body; "" where there is none of that name."""
    found = content.get(name)
    return found if isinstance(found, str) else ""


def rfc3339(at_ns: int) -> str:
    """ "2026-11-22T09:00:00.123Z": exactly three decimals, for the hash's sake."""
    seconds, ns = divmod(at_ns, 1_000_000_000)
    at = datetime.fromtimestamp(seconds, UTC)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{ns // 1_000_000:03d}Z"


class _Row(NamedTuple):
    content: Mapping[str, Any]
    at_ns: int
    gateway: str
    station: str
    uid: bytes
    name: str
    places: Places


def _result(row: _Row) -> dict[str, Any] | None:
    content, epc = row.content, identity(row.content, row.name)
    if not epc:
        return None
    raw = content.get("stub")
    claims = _claims(raw)
    about: dict[str, Any] = {f"{PREFIX}:carrier": _carrier(content)}
    if isinstance(raw, bytes) and raw:
        about[f"{PREFIX}:stubDigest"] = _digest(raw)
    if row.uid:
        about[f"{PREFIX}:carrierUidHash"] = _digest(row.uid)
    document = content.get("digest")
    if isinstance(document, bytes) and document:
        about[f"{PREFIX}:passportDigest"] = f"ni:///sha-256;{_base64url(document)}"
    act = text(content, "act")
    if act == "commissioned" and not content.get("seq"):
        product = claims.get(stub.PRODUCT, ())
        if len(product) == _PARTS and product[0] == stub.GS1:
            about["cbvmda:lotNumber"] = product[2]
        return _object(epc, "ADD", "commissioning", "active") | {"ilmd": about}
    if act == "commissioned":
        return _object(epc, "OBSERVE", "other", "") | about | {f"{PREFIX}:step": "tag_replaced"}
    if act != "updated":
        return None
    status, step = claims.get(stub.STATUS, 0), claims.get(stub.STEP)
    known = _NO_STEP if step is None or step >= len(_STEPS) else _STEPS[step]
    word, action, biz_step, found = _STATUSES.get(status, known)
    said = _object(epc, action, biz_step, found) | about | {f"{PREFIX}:step": word}
    return _certified(said, row)


def _verdict(row: _Row) -> dict[str, Any] | None:
    epc = identity(row.content, row.name)
    if not epc or epc.startswith(UNIT) or "pallet" in row.content:
        return None
    said = _object(epc, "OBSERVE", "inspecting", disposition(row.content))
    verdict = row.content.get("verdict")
    if isinstance(verdict, dict):
        for question in _VERDICT:
            said[f"{PREFIX}:{question}"] = text(verdict, question) or "not_checked"
    return _certified(said, row)


def _code(row: _Row) -> dict[str, Any] | None:
    """A code that was read is inspected where it was verified; one without a verdict says what stands there alone."""
    return _verdict(row) if isinstance(row.content.get("verdict"), dict) else None


def _presence(row: _Row) -> dict[str, Any] | None:
    content, epc = row.content, identity(row.content, row.name)
    words = _PRESENCE.get(text(content, "act"))
    if not epc or words is None or not row.places.of(row.gateway).presence:
        return None
    if text(content, "reason") not in ("", "unseen"):  # the reader went, not the tag
        return None
    said = _object(epc, "OBSERVE", *words)
    if text(content, "zone"):
        said[f"{PREFIX}:zone"] = content["zone"]
    seen_at = _number(content, "seen_at")
    if seen_at is not None and text(content, "act") == "departed" and 0 <= seen_at < _LAST_SECOND:
        said["at_ns"] = round(seen_at * 1000) * 1_000_000
    rssi, reads = _number(content, "rssi_dbm"), _number(content, "reads")
    if rssi is not None:
        said["sensorElementList"] = [sensor.signal(rssi, int(reads or 0))]
    return said


_KINDS = {"result": _result, "verdict": _verdict, "code": _code, "presence": _presence}


def _object(epc: str, action: str, biz_step: str, disposition: str) -> dict[str, Any]:
    found: dict[str, Any] = {"epcList": [epc], "action": action, "bizStep": biz_step}
    return found | ({"disposition": disposition} if disposition else {})


def _certified(said: dict[str, Any], row: _Row) -> dict[str, Any]:
    certificates = row.places.of(row.gateway).certification
    if certificates and said["bizStep"] == "inspecting":
        said["certificationInfo"] = list(certificates)
    return said


def _claims(raw: object) -> Mapping[int, Any]:
    """A stub's claims; none of what is no stub."""
    if not isinstance(raw, bytes):
        return {}
    try:
        return stub.decode(raw).claims
    except Malformed:
        return {}


def _carrier(content: Mapping[str, Any]) -> str:
    return _CARRIERS.get(text(content, "medium"), "unknown")


def _digest(data: bytes) -> str:
    return f"ni:///sha-256;{_base64url(sha256(data).digest())}"


def _base64url(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def _number(content: Mapping[str, Any], name: str) -> float | None:
    found = content.get(name)
    if isinstance(found, bool) or not isinstance(found, int | float):
        return None
    return found if -_LARGEST < found < _LARGEST else None  # neither infinite nor NaN


def _is_gtin14(digits: str) -> bool:
    return len(digits) == 14 and digits.isascii() and digits.isdigit() and gs1.is_gtin(int(digits))


def _uri_of(epc: object) -> str:
    if not isinstance(epc, bytes):
        return ""
    try:
        found = epcs.decode(epc)
    except Malformed:
        return ""
    return found.link or found.uri


def _is_instance(ai: str, qualifier: tuple[str, str] | None) -> bool:
    """Whether a key names one thing, and not a class of them."""
    return qualifier is not None and qualifier[0] == "21" if ai == "01" else ai in _INSTANCES


_INSTANCES = ("00", "253", "8003", "8004")
