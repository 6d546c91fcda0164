"""What makes a document of somebody else's fit to be captured: its shape, and what GS1's schema does not look at.

That is the check digits of the GS1 keys of things, and times that a calendar in UTC can hold.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from edge.errors import Malformed
from gateway.epcis import document, shape
from gateway.epcis.eventhash import event_id, millisecond
from gateway.epcis.identifiers import fault

MOST_EVENTS = 1000  # of one capture
MOST_BYTES = 4 << 20  # of one capture's document
_LONGEST_ID = 1024  # characters of an eventID, and of what an event is about

_EPC_LISTS = ("epcList", "childEPCs", "inputEPCList", "outputEPCList")
_QUANTITY_LISTS = (
    *("quantityList", "childQuantityList"),
    *("inputQuantityList", "outputQuantityList"),
)


@dataclass(frozen=True)
class Captured:
    """One event as it came, and its id: its own, or the hash of what it says.

    context: the parts of its @context that are not in all of our documents.
    """

    event: Mapping[str, Any]
    id: str
    context: tuple[Any, ...]


def events(data: bytes) -> tuple[list[Any], list[Any]]:
    """(events, parts of the @context) of an EPCISDocument, or of what answered a query; the events not checked yet.

    Raises Malformed.
    """
    whole = document.from_json(data)
    shape.document(whole)
    body = whole["epcisBody"]
    if whole["type"] == shape.QUERY_DOCUMENT:
        body = body["queryResults"]["resultsBody"]
    return body["eventList"], document.parts(whole["@context"])


def bare_event(data: bytes) -> Captured:
    """An event that stands alone, with its own @context. Raises Malformed."""
    found = document.from_json(data)
    if not isinstance(found, dict) or "@context" not in found:
        raise Malformed("an event alone is an object with its @context")
    return event("event", found, [])


def event(at: str, value: Any, context: list[Any]) -> Captured:
    """One event of a document with this context; at: what a refusal calls it. Raises Malformed."""
    shape.event(at, value)
    whole = [*context, *document.parts(value["@context"])] if "@context" in value else context
    for name, uri in _things(value):
        if len(uri) > _LONGEST_ID:
            raise Malformed(f"{at}.{name}: longer than {_LONGEST_ID} characters")
        wrong = fault(uri)
        if wrong:
            raise Malformed(f"{at}.{name}: {wrong}")
    times = [value["eventTime"]]
    if "errorDeclaration" in value:
        times.append(value["errorDeclaration"]["declarationTime"])
    try:
        for time in times:
            millisecond(time)
    except (ValueError, OverflowError) as why:
        raise Malformed(f"{at}: {time} is in no year from 1 to 9999 of UTC") from why
    id = value.get("eventID") or event_id(value, document.prefixes(whole))
    if len(id) > _LONGEST_ID:
        raise Malformed(f"{at}.eventID is longer than {_LONGEST_ID} characters")
    return Captured(value, id, tuple(whole))


def _things(event: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """(where, URI) of all things that the event is about. Places are the sender's own affair."""
    for name in _EPC_LISTS:
        yield from ((name, each) for each in event.get(name, ()))
    for name in _QUANTITY_LISTS:
        yield from ((name, each["epcClass"]) for each in event.get(name, ()))
    if "parentID" in event:
        yield "parentID", event["parentID"]
