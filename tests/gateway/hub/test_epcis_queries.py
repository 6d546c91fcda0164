"""The query interface: each parameter, pages, and named queries, on both engines."""

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest
from epcis_events import CONTEXT, PACKED, RECEIVED, SENSED, document
from epcis_hub import Room, listed, play
from hypothesis import given
from hypothesis import strategies as st

from edge.errors import Malformed
from gateway.hub import epcis_filter

ITEM = "https://id.gs1.org/01/04012345678901/21/"
BATCH = "https://example.com/01/04012345678901/10/L1"
GATE = "https://id.gs1.org/414/4012345000009/254/GATE"


def event(n: int, **more: Any) -> dict[str, Any]:
    """The event of minute n, about item n."""
    at = datetime(2026, 11, 22, 9, tzinfo=UTC) + timedelta(minutes=n)
    return {
        "type": "ObjectEvent",
        "eventID": f"urn:x:{n}",
        "eventTime": at.isoformat().replace("+00:00", "Z"),
        "eventTimeZoneOffset": "+01:00",
        "epcList": [f"{ITEM}{n}"],
        "action": "OBSERVE",
        **more,
    }


EVENTS = [
    event(0, action="ADD", bizStep="commissioning", disposition="active"),
    event(
        1, bizStep="cbv:BizStep-inspecting", disposition="https://ref.gs1.org/cbv/Disp-conformant"
    ),
    event(2, readPoint={"id": GATE}, bizLocation={"id": "urn:epc:id:sgln:4012345.00000.0"}),
    event(3, quantityList=[{"epcClass": BATCH, "quantity": 3}]),
    {**PACKED, "eventID": "urn:x:4", "eventTime": "2026-11-22T09:04:00Z"},
    {
        **{name: event(5)[name] for name in ("eventID", "eventTime", "eventTimeZoneOffset")},
        "type": "TransformationEvent",
        "inputEPCList": [f"{ITEM}1"],
        "inputQuantityList": [{"epcClass": BATCH, "quantity": 2}],
        "outputEPCList": ["https://example.org/cake/1"],
    },
]


def minutes(found: list[dict[str, Any]]) -> list[int]:
    return [int(each["eventID"].rpartition(":")[2]) for each in found]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", [5, 4, 3, 2, 1, 0]),
        ("orderDirection=ASC", [0, 1, 2, 3, 4, 5]),
        ("orderBy=recordTime&orderDirection=ASC", [0, 1, 2, 3, 4, 5]),
        ("eventType=AggregationEvent,TransformationEvent", [5, 4]),
        ("eventType=AggregationEvent&eventType=TransformationEvent", [5, 4]),
        ("eventType=AggregationEvent%7CTransformationEvent", [5, 4]),
        ("EQ_action=ADD", [4, 0]),
        ("EQ_bizStep=inspecting", [1]),
        ("EQ_bizStep=https://ref.gs1.org/cbv/BizStep-commissioning,packing", [4, 0]),
        ("EQ_bizStep=commissioning%7Cpacking", [4, 0]),
        ("EQ_bizStep=cbv:BizStep-inspecting", [1]),
        ("EQ_bizStep=urn:epcglobal:cbv:bizstep:packing", [4]),
        ("EQ_disposition=conformant", [1]),
        (f"EQ_readPoint={GATE}", [2]),
        ("EQ_readPoint=urn:epc:id:sgln:4012345.00000.GATE", [2]),
        ("EQ_bizLocation=https://example.org/414/4012345000009", [2]),
        ("EQ_eventID=urn:x:3,urn:x:1", [3, 1]),
        ("EQ_eventID=urn:x:3%7Curn:x:1", [3, 1]),
        ("GE_eventTime=2026-11-22T09:03:00Z", [5, 4, 3]),
        ("LT_eventTime=2026-11-22T10:01:00%2B01:00", [0]),
        ("LT_eventTime=2026-11-22T10:01:00+01:00", [0]),
        ("GE_eventTime=2026-11-22T09:01:00Z&LT_eventTime=2026-11-22T09:03:00Z", [2, 1]),
        ("GE_recordTime=2026-09-21T14:00:00Z", [5, 4, 3, 2, 1, 0]),
        ("LT_recordTime=2026-09-21T14:00:00Z", []),
        (f"MATCH_epc={ITEM}1", [1]),
        (f"MATCH_anyEPC={ITEM}1", [5, 1]),
        (f"MATCH_inputEPC={ITEM}1", [5]),
        ("MATCH_outputEPC=https://example.org/cake/1", [5]),
        ("MATCH_epc=urn:epc:id:sgtin:4012345.067890.2", [2]),
        ("MATCH_epc=urn:epc:idpat:sgtin:4012345.067890.*", [3, 2, 1, 0]),
        (f"MATCH_epc=urn:epc:id:sgtin:0614141.107346.2017,{ITEM}0", [4, 0]),
        ("MATCH_parentID=https://id.gs1.org/00/106141412345678908", [4]),
        (f"MATCH_epc=urn:epc:id:sgtin:0614141.107346.2017%7C{ITEM}0", [4, 0]),
        ("MATCH_epcClass=urn:epc:class:lgtin:4012345.067890.L1", [3]),
        ("MATCH_epcClass=urn:epc:idpat:sgtin:4012345.098765.*", [4]),
        (f"MATCH_inputEPCClass={BATCH}", [5]),
        (f"MATCH_outputEPCClass={BATCH}", []),
        (f"MATCH_anyEPCClass={BATCH}", [5, 3]),
        ("EXISTS_errorDeclaration=false&EQ_action=ADD", [4, 0]),
        ("eventCountLimit=2", [5, 4]),
        ("eventCountLimit=3&perPage=2", [5, 4, 3]),
        ("maxEventCount=6", [5, 4, 3, 2, 1, 0]),
        ("perPage=1", [5, 4, 3, 2, 1, 0]),
        ("perPage=2&orderDirection=ASC", [0, 1, 2, 3, 4, 5]),
    ],
)
def test_a_parameter_finds_what_it_asks_for(tmp_path: Any, query: str, found: list[int]) -> None:
    async def scene(hub: Room) -> None:
        for each in EVENTS:
            await hub.capture(document(each))
        assert minutes(await hub.events(query)) == found

    play(str(tmp_path / "hub.db"), scene)


def test_the_engines_answer_alike(database_place: str) -> None:
    async def scene(hub: Room) -> None:
        await hub.capture(document(*EVENTS))
        assert minutes(await hub.events("perPage=2")) == [5, 4, 3, 2, 1, 0]
        assert minutes(await hub.events("MATCH_epc=urn:epc:idpat:sgtin:4012345.067890.*")) == [
            3,
            2,
            1,
            0,
        ]
        assert minutes(await hub.events(f"MATCH_epc={ITEM}1&EQ_bizStep=inspecting&perPage=1")) == [
            1
        ]
        assert minutes(await hub.events("orderBy=recordTime&perPage=5&eventCountLimit=3")) != []
        answer = await hub.client.get("/events?maxEventCount=5")
        assert answer.status_code == 413

    play(database_place, scene)


def test_pages_hold_while_events_come_in(database_place: str) -> None:
    async def scene(hub: Room) -> None:
        await hub.capture(document(*EVENTS))
        first = await hub.client.get("/events?perPage=3")
        await hub.capture(document({**RECEIVED, "eventTime": "2026-11-22T09:10:00Z"}))
        second = await hub.client.get(first.links["next"]["url"])
        assert minutes(listed(first) + listed(second)) == [5, 4, 3, 2, 1, 0]

    play(database_place, scene)


@pytest.mark.parametrize(
    "query",
    [
        "WD_readPoint=urn:x:1",
        "EQ_userID=x",
        "eventType=Strange",
        "EQ_action=SHOUT",
        "EQ_readPoint=gate",
        "GE_eventTime=yesterday",
        "GE_eventTime=2026-11-22T09:00:00",
        "GE_eventTime=9999-12-31T23:59:59-14:00",
        "GE_eventTime=2026-01-01T00:00:00Z&GE_eventTime=2026-01-02T00:00:00Z",
        "orderBy=size",
        "orderDirection=UP",
        "perPage=0",
        "perPage=1001",
        "perPage=ten",
        "nextPageToken=x",
        "nextPageToken=WzEsMl0",
        "nextPageToken=WzEsICJ6eiIsICIiLCAxXQ",
        "EXISTS_errorDeclaration=perhaps",
        "eventCountLimit=1&maxEventCount=1",
        "MATCH_epc=urn:epc:idpat:sgtin:1.2.3",
        "EQ_bizStep=",
        "EQ_bizStep=" + "a" * 3000,
        "EQ_bizStep=a%00b",
        "MATCH_epc=" + ",".join(["urn:x:1"] * 201),
    ],
)
def test_what_is_not_understood_is_refused(tmp_path: Any, query: str) -> None:
    async def scene(hub: Room) -> None:
        answer = await hub.client.get(f"/events?{query}")
        assert answer.status_code == 400, answer.text
        assert answer.json()["type"] == "epcisException:QueryParameterException"

    play(str(tmp_path / "hub.db"), scene)


@given(
    st.lists(
        st.tuples(st.sampled_from(epcis_filter.NAMES) | st.text(max_size=8), st.text(max_size=30))
    )
)
def test_any_parameters_make_a_query_or_are_refused(parameters: list[tuple[str, str]]) -> None:
    try:
        found = epcis_filter.parse(parameters)
    except Malformed:
        return
    assert found.per_page >= 1


def test_an_event_is_read_by_its_id_and_no_other_stands_there(database_place: str) -> None:
    async def scene(hub: Room) -> None:
        await hub.capture(document(SENSED))
        (found,) = await hub.events()
        assert found["eventID"].startswith("ni:///sha-256;")
        answer = await hub.client.get(f"/events/{quote(found['eventID'], safe='')}")
        assert listed(answer) == [found]
        assert found["sensorElementList"] == SENSED["sensorElementList"]
        assert answer.json()["@context"][0] == CONTEXT
        missing = await hub.client.get("/events/ni%3A%2F%2F%2Fnone")
        assert (missing.status_code, missing.json()["status"]) == (404, 404)

    play(database_place, scene)


def test_an_answer_is_in_the_form_of_json_that_is_asked_for(tmp_path: Any) -> None:
    async def scene(hub: Room) -> None:
        for accept, form in (
            ("*/*", "application/json"),
            ("application/ld+json", "application/ld+json"),
            ("application/ld+json;q=0.5, application/json", "application/json"),
        ):
            answer = await hub.client.get("/events", headers={"Accept": accept})
            assert answer.headers["content-type"] == form
            assert listed(answer) == []
        answer = await hub.client.get("/events", headers={"Accept": "application/xml"})
        assert (answer.status_code, answer.headers["content-type"]) == (
            406,
            "application/problem+json",
        )

    play(str(tmp_path / "hub.db"), scene)


def test_a_named_query_is_kept_run_and_forgotten(database_place: str) -> None:
    async def scene(hub: Room) -> None:
        await hub.capture(document(*EVENTS))
        query = {"EQ_action": ["ADD", "DELETE"], "perPage": 1, "orderDirection": "ASC"}
        declared = {"name": "declared", "query": {"EXISTS_errorDeclaration": None}}
        assert (await hub.client.post("/queries", json=declared)).status_code == 201
        assert listed(await hub.client.get("/queries/declared/events")) == []
        assert (await hub.client.delete("/queries/declared")).status_code == 204
        made = await hub.client.post("/queries", json={"name": "added", "query": query})
        assert (made.status_code, made.headers["location"]) == (201, "/queries/added")
        again = await hub.client.post("/queries", json={"name": "added", "query": {}})
        assert again.status_code == 409
        assert (await hub.client.get("/queries")).json() == [{"name": "added", "query": query}]
        assert (await hub.client.get("/queries/added")).json()["query"] == query
        first = await hub.client.get("/queries/added/events")
        second = await hub.client.get(first.links["next"]["url"])
        assert minutes(listed(first) + listed(second)) == [0, 4]
        assert first.json()["epcisBody"]["queryResults"]["queryName"] == "added"
        both = await hub.client.get("/queries/added/events?perPage=5")
        assert minutes(listed(both)) == [0, 4]
        assert (await hub.client.get("/queries/added/events?EQ_action=ADD")).status_code == 400
        assert (await hub.client.delete("/queries/added")).status_code == 204
        assert (await hub.client.get("/queries/added")).status_code == 404
        assert (await hub.client.get("/queries/added/events")).status_code == 404
        assert (await hub.client.delete("/queries/added")).status_code == 404

    play(database_place, scene)


@pytest.mark.parametrize(
    "said",
    [
        [],
        {"name": "q"},
        {"name": "a/b", "query": {}},
        {"name": "q", "query": []},
        {"name": "q", "query": {"WD_readPoint": "urn:x:1"}},
        {"name": "q", "query": {"EQ_action": {"a": 1}}},
        {"name": "q", "query": {"EQ_action": None}},
    ],
)
def test_a_query_that_could_not_be_run_is_not_kept(tmp_path: Any, said: Any) -> None:
    async def scene(hub: Room) -> None:
        assert (await hub.client.post("/queries", json=said)).status_code == 400
        assert (await hub.client.get("/queries")).json() == []

    play(str(tmp_path / "hub.db"), scene)
