"""An EPCIS event as the hub keeps it: its JSON, and the columns by which it is found."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, NamedTuple

from gateway.epcis.check import Captured
from gateway.epcis.document import to_json
from gateway.epcis.eventhash import millisecond
from gateway.epcis.identifiers import canonical
from gateway.epcis.vocabulary import bare

COLUMNS = (
    *("key", "declared", "said", "type", "action", "biz_step", "disposition", "read_point"),
    *("biz_location", "event_us", "record_us", "journal", "row_seq", "event"),
)
EPC, PARENT, INPUT, OUTPUT = "epc", "parent", "input", "output"  # roles of things
CLASS, INPUT_CLASS, OUTPUT_CLASS = "class", "input_class", "output_class"  # of their classes

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_NOT_SAID = ("recordTime", "errorDeclaration", "@context")
_LISTS = {"epcList": EPC, "childEPCs": EPC, "inputEPCList": INPUT, "outputEPCList": OUTPUT}
_QUANTITIES = {
    "quantityList": CLASS,
    "childQuantityList": CLASS,
    "inputQuantityList": INPUT_CLASS,
    "outputQuantityList": OUTPUT_CLASS,
}


class Kept(NamedTuple):
    """A row of epcis_events; the columns stand in schema/0004.sql."""

    key: bytes
    declared: str
    said: bytes
    type: str
    action: str
    biz_step: str
    disposition: str
    read_point: str
    biz_location: str
    event_us: int
    record_us: int
    journal: int | None
    row_seq: int | None
    event: str


def key_of(event_id: str) -> bytes:
    """What an eventID is kept under."""
    return sha256(event_id.encode()).digest()[:16]


def own(event: Mapping[str, Any], record_us: int, journal: int, row_seq: int) -> Kept:
    """An event that follows from a row."""
    text = to_json(event)
    return _kept(event, event["eventID"], text, text, record_us, journal, row_seq)


def foreign(captured: Captured, record_us: int) -> Kept:
    """An event that was captured."""
    bare_event = {name: each for name, each in captured.event.items() if name not in _NOT_SAID}
    bare_event["eventID"] = captured.id
    whole = dict(bare_event)
    if "errorDeclaration" in captured.event:
        whole["errorDeclaration"] = captured.event["errorDeclaration"]
    if captured.context:
        whole["@context"] = list(captured.context)
    return _kept(
        captured.event, captured.id, to_json(bare_event), to_json(whole), record_us, None, None
    )


def things(event: Mapping[str, Any], key: bytes) -> Iterator[tuple[str, str, bytes]]:
    """(URI, role, key) of all that the event is about."""
    for name, role in _LISTS.items():
        for uri in event.get(name, ()):
            yield canonical(uri), role, key
    for name, role in _QUANTITIES.items():
        for element in event.get(name, ()):
            yield canonical(element["epcClass"]), role, key
    if "parentID" in event:
        yield canonical(event["parentID"]), PARENT, key


def microseconds(text: str) -> int:
    """A date-time as microseconds since 1970, rounded to milliseconds."""
    return (millisecond(text) - _EPOCH) // _MICROSECOND


def rfc3339(at_us: int) -> str:
    """Microseconds since 1970 as a date-time of UTC with milliseconds."""
    at = _EPOCH + timedelta(microseconds=at_us)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _kept(
    event: Mapping[str, Any],
    event_id: str,
    said: str,
    whole: str,
    record_us: int,
    journal: int | None,
    row_seq: int | None,
) -> Kept:
    declaration = event.get("errorDeclaration")
    return Kept(
        key_of(event_id),
        "" if declaration is None else rfc3339(microseconds(declaration["declarationTime"])),
        sha256(said.encode()).digest()[:16],
        event["type"],
        event.get("action", ""),
        bare("bizStep", event.get("bizStep", "")),
        bare("disposition", event.get("disposition", "")),
        _place(event, "readPoint"),
        _place(event, "bizLocation"),
        microseconds(event["eventTime"]),
        record_us,
        journal,
        row_seq,
        whole,
    )


def _place(event: Mapping[str, Any], name: str) -> str:
    return canonical(event[name]["id"]) if name in event else ""
