"""GS1's JSON schema of EPCIS 2.0: accepts all that we emit, and we accept what it accepts."""

import copy
import json
from functools import cache
from typing import Any

import epcis_events
import epcis_rows
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from witness import require, vectors

from edge.errors import Malformed
from gateway.epcis import check, document, shape
from gateway.epcis.sensor import battery

try:
    from jsonschema import Draft7Validator, FormatChecker
except ImportError:
    Draft7Validator = None

pytestmark = pytest.mark.witness


@cache
def schema() -> Any:
    """The validator; skips where it, the schema or the checkers of its formats are missing."""
    found = vectors("epcis") / "EPCIS-JSON-Schema.json"
    require(Draft7Validator and found.is_file(), "jsonschema and EPCIS-JSON-Schema.json")
    checker = FormatChecker()
    require({"uri", "date-time"} <= set(checker.checkers), "jsonschema[format]")
    return Draft7Validator(json.loads(found.read_text()), format_checker=checker)


def accepted(value: dict[str, Any]) -> bool:
    """Whether we take a document or an event alone."""
    try:
        if value.get("type") in ("EPCISDocument", "EPCISQueryDocument"):
            found, _ = check.events(json.dumps(value).encode())
            for each in found:
                shape.event("event", each)
        elif "@context" in value:
            shape.event("event", value)
        else:
            return False
    except Malformed:
        return False
    return True


@pytest.mark.parametrize("name", list(epcis_rows.ROWS))
def test_every_event_that_a_row_becomes_passes(name: str) -> None:
    events = epcis_rows.events(name)
    whole = document.document(events, "2026-11-22T09:00:00Z")
    schema().validate(whole)
    schema().validate(document.query_document(events, "q", "2026-11-22T09:00:00Z"))
    for number, each in enumerate(events):
        assert check.event(str(number), each, []).id == each["eventID"]


def test_readings_of_a_battery_pass() -> None:
    readings = {"voltage_v": 396.2, "current_a": -12.5, "charge_share": 81, "cycles": 212}
    element = battery(readings, "2026-11-22T09:00:00.000Z", "https://id.gs1.org/8004/4012345BMS1")
    event = {**epcis_events.SENSED, "sensorElementList": [element]}
    schema().validate(epcis_events.document(event))


@pytest.mark.parametrize("event", epcis_events.EVENTS, ids=lambda event: event["type"])
def test_both_accept_events_made_elsewhere(event: dict[str, Any]) -> None:
    for whole in (epcis_events.document(event), epcis_events.answer(event)):
        assert schema().is_valid(whole)
        assert accepted(whole)


JUNK = st.sampled_from(
    [
        *(None, True, 0, -1.5, "", "x", [], {}, [[]], [None], {"a": 1}, {"https://a.example/b": 1}),
        *("https://example.org/x", "urn:epcglobal:cbv:bizstep:packing", "gs1:Temperature", "a:b"),
        *("packing", "active", "OBSERVE", "DELETE", "ADD", "po", "location", "Temperature", "KGM"),
        *("2026-01-01T00:00:00Z", "2026-02-30T00:00:00Z", "2026-01-01T00:00:00", "2026-01-01"),
        *("2026-01-01t00:00:00z", "2026-01-01T00:00:60Z", "+14:00", "+14:30", "-13:59", "1:00"),
        *(
            "http://[::1]:80/",
            "http://a b/",
            "ns",
            "https://ns.gs1.org/cbv/x",
            "a:%zz",
            "a:ä",
            "//x",
        ),
        *(
            "https://gs1.org/voc/Temperature",
            "0G",
            "F0",
            ["packing", "packing"],
            ["active"],
            ["a:b"],
        ),
        *([{"type": "po"}], [{"bizTransaction": "a:b"}], {"id": "a:b"}, {"set": ["active"]}),
    ]
)
NAMES = st.sampled_from(
    [
        *("x", "example:x", "https://a.example/b", "type", "ilmd", "epcList", "action", "parentID"),
        *("sensorElementList", "readPoint", "quantityList", "transformationID", "uom", "id"),
        *("persistentDisposition", "errorDeclaration", "childEPCs", "@context", "eventList"),
    ]
)


def places(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [at]
    if isinstance(value, dict):
        found += [each for name, inner in value.items() for each in places(inner, (*at, name))]
    elif isinstance(value, list):
        found += [each for n, inner in enumerate(value) for each in places(inner, (*at, n))]
    return found


@st.composite
def damaged(draw: st.DrawFn) -> dict[str, Any]:
    """A document or an event of which something is missing, other, or too much."""
    event = draw(st.sampled_from(epcis_events.EVENTS))
    alone = {**event, "@context": epcis_events.OTHERS_CONTEXT}
    whole = copy.deepcopy(
        draw(st.sampled_from([alone, epcis_events.document(event), epcis_events.answer(event)]))
    )
    for _ in range(draw(st.integers(1, 2))):
        *path, last = draw(st.sampled_from(places(whole)[1:]))
        inner: Any = whole
        for step in path:
            inner = inner[step]
        act = draw(st.sampled_from(["drop", "replace", "add"]))
        if act == "drop":
            del inner[last]
        elif act == "replace" or not isinstance(inner[last], dict):
            inner[last] = copy.deepcopy(draw(JUNK))
        else:
            inner[last][draw(NAMES)] = copy.deepcopy(draw(JUNK))
    return whole


@settings(max_examples=400)
@given(damaged())
def test_we_accept_what_the_schema_accepts_and_refuse_what_it_refuses(
    value: dict[str, Any],
) -> None:
    assert accepted(value) == schema().is_valid(value)
