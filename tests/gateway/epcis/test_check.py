"""What is fit to be captured, and how it is told what is not."""

import json
from typing import Any

import epcis_events
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.errors import Malformed
from gateway.epcis import check, document
from gateway.epcis.eventhash import event_id


def raw(value: object) -> bytes:
    return json.dumps(value).encode()


def changed(**more: Any) -> dict[str, Any]:
    return {**epcis_events.RECEIVED, **more}


@pytest.mark.parametrize(
    ("event", "told"),
    [
        (changed(epcList=["https://id.gs1.org/00/106141412345678909"]), "epcList: the check digit"),
        ({**epcis_events.PACKED, "parentID": "https://a.b/00/106141412345678909"}, "parentID: the"),
        (
            changed(quantityList=[{"epcClass": "https://a.b/01/04012345678902"}]),
            "quantityList: the",
        ),
        (changed(eventTime="0001-01-01T00:00:00+14:00"), "year from 1 to 9999"),
        (changed(eventTime="9999-12-31T23:59:59.9999Z"), "year from 1 to 9999"),
        (
            changed(eventTime="2026-06-08T18:11:16"),
            "event.eventTime '2026-06-08T18:11:16' is no date",
        ),
        (changed(bizStep="flying"), "event.bizStep 'flying' is no word"),
        (changed(ilmd={}), "ilmd only where its action is ADD"),
        (changed(stub="x"), "'stub' only with the prefix of a namespace"),
        (changed(eventID="urn:x:" + "9" * 1020), "eventID is longer"),
        (changed(epcList=["urn:x:" + "9" * 1020]), "epcList: longer"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(event: dict[str, Any], told: str) -> None:
    with pytest.raises(Malformed) as why:
        check.event("event", event, [])
    assert told in str(why.value)


def test_an_event_without_an_id_gets_the_hash_of_what_it_says() -> None:
    found = check.event("event", epcis_events.PACKED, [epcis_events.EXAMPLE])
    assert found.id == event_id(epcis_events.PACKED, epcis_events.EXAMPLE)
    assert found.context == (epcis_events.EXAMPLE,)


def test_an_event_keeps_the_id_that_it_brings() -> None:
    assert check.event("event", epcis_events.RECEIVED, []).id == epcis_events.RECEIVED["eventID"]


def test_a_context_of_its_own_counts_for_an_event() -> None:
    other = {"other": "https://other.example/"}
    event = {**epcis_events.PACKED, "@context": [document.OWN_CONTEXT[0], other]}
    found = check.event("event", event, [epcis_events.EXAMPLE])
    assert found.context == (epcis_events.EXAMPLE, other)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"\xff", "not UTF-8"),
        (b"{", "no JSON"),
        (b"[" * 100_000, "no JSON"),
        (b'{"a": NaN}', "NaN"),
        (b'{"a": 1e999}', "a number is beyond"),
        (b'{"a": ' + b"9" * 5000 + b"}", "no JSON"),
        (b'{"a": "\\u0000"}', "NUL"),
        (b'{"a": "\\ud800"}', "surrogate"),
        (b'{"\\ud800": 1}', "surrogate"),
        (b'{"a": ' * 40 + b"1" + b"}" * 40, "levels"),
        (b"3", "no object"),
    ],
)
def test_what_is_no_sound_json_is_refused(data: bytes, told: str) -> None:
    with pytest.raises(Malformed) as why:
        check.events(data)
    assert told in str(why.value)


@given(st.binary(max_size=64) | st.text(max_size=64).map(str.encode))
def test_noise_is_refused_and_nothing_else(data: bytes) -> None:
    with pytest.raises(Malformed):
        check.bare_event(data)


def test_an_event_alone_needs_its_context() -> None:
    with pytest.raises(Malformed):
        check.bare_event(raw(epcis_events.RECEIVED))
    alone = {**epcis_events.RECEIVED, "@context": epcis_events.OTHERS_CONTEXT}
    assert check.bare_event(raw(alone)).context == (epcis_events.EXAMPLE,)


def test_a_document_is_read_with_its_context_and_master_data() -> None:
    header = {
        "epcisMasterData": {"vocabularyList": [{"type": "urn:epcglobal:epcis:vtype:EPCClass"}]}
    }
    whole = epcis_events.document(*epcis_events.EVENTS, epcisHeader=header, sender="https://a.b")
    events, context = check.events(raw(whole))
    assert events == list(epcis_events.EVENTS)
    assert context == [epcis_events.EXAMPLE]
