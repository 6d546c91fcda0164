"""The capture interface: what others wrote is kept, once, and what is wrong with the rest is told."""

import asyncio
import json
from typing import Any
from urllib.parse import quote

import epcis_events
import pytest
from epcis_events import EVENTS, PACKED, RECEIVED, document
from epcis_hub import Room, listed, play, room
from starlette.routing import Route

from gateway.epcis import check
from gateway.hub import openapi
from gateway.hub.access import Access
from gateway.hub.epcis_http import BEHAVIOUR
from gateway.hub.epcis_paths import PATHS

WRONG = {**PACKED, "bizStep": "flying"}
TAKEN = {**RECEIVED, "disposition": "damaged"}
PROCEED = {"GS1_Capture_Error_Behaviour": "proceed"}


def counted(found: list[dict[str, Any]]) -> list[str]:
    return sorted(event["type"] for event in found)


def test_every_kind_of_event_is_kept_and_given_back_as_it_came(database_place: str) -> None:
    async def scene(hub: Room) -> None:
        job = await hub.capture(document(*EVENTS))
        assert (job["running"], job["success"], job["errors"]) == (False, True, [])
        found = await hub.events("perPage=4")
        assert counted(found) == counted(list(EVENTS))
        for event in EVENTS:
            ids = {each["eventID"] for each in found if said(each) == said(event)}
            assert len(ids) == 1, event["type"]
            assert ids == {event.get("eventID", *ids)}

    def said(event: dict[str, Any]) -> dict[str, Any]:
        added = ("eventID", "recordTime", "@context")
        return {name: value for name, value in event.items() if name not in added}

    play(database_place, scene)


def test_a_document_that_comes_again_changes_nothing(database_place: str) -> None:
    async def scene(hub: Room) -> None:
        for _ in range(2):
            assert (await hub.capture(document(*EVENTS)))["success"]
        assert len(await hub.events()) == len(EVENTS)

    play(database_place, scene)


def test_what_answers_a_query_can_be_captured(database_place: str, tmp_path: Any) -> None:
    async def scene(hub: Room) -> None:
        await hub.capture(document(*EVENTS))
        answer = (await hub.client.get("/events?perPage=100")).json()
        assert (await hub.capture(answer))["success"]
        assert len(await hub.events()) == len(EVENTS)
        async with room(str(tmp_path / "another.db")) as other:
            assert (await other.capture(answer))["success"]
            assert [said(each) for each in await other.events()] == [
                said(each) for each in await hub.events()
            ]

    def said(event: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in event.items() if name != "recordTime"}

    play(database_place, scene)


def test_an_event_says_its_context_where_that_is_another_s(database_place: str) -> None:
    async def scene(hub: Room) -> None:
        await hub.capture(document(PACKED))
        (event,) = await hub.events()
        assert event["@context"] == [epcis_events.EXAMPLE]
        found = await hub.client.get(f"/events/{quote(event['eventID'], safe='')}")
        assert found.status_code == 200
        assert found.json()["@context"][0] == epcis_events.CONTEXT
        assert listed(found) == [event]

    play(database_place, scene)


@pytest.mark.parametrize("fault", [WRONG, TAKEN], ids=["wrong", "taken"])
def test_rollback_keeps_nothing_of_a_document_with_a_fault(
    database_place: str, fault: dict[str, Any]
) -> None:
    async def scene(hub: Room) -> None:
        await hub.capture(document(RECEIVED))
        job = await hub.capture(document(PACKED, fault, epcis_events.MADE))
        assert not job["success"]
        assert job["captureErrorBehaviour"] == "rollback"
        assert [error["detail"].partition(":")[0].partition(".")[0] for error in job["errors"]] == [
            "eventList[1]"
        ]
        assert counted(await hub.events()) == ["ObjectEvent"]
        assert await hub.events("MATCH_parentID=urn:epc:id:sscc:0614141.1234567890") == []

    play(database_place, scene)


def test_proceed_keeps_what_can_be_kept(database_place: str) -> None:
    async def scene(hub: Room) -> None:
        await hub.capture(document(RECEIVED))
        job = await hub.capture(document(WRONG, PACKED, TAKEN, epcis_events.MADE), **PROCEED)
        assert not job["success"]
        assert [error["status"] for error in job["errors"]] == [400, 409]
        assert [error["type"] for error in job["errors"]] == [
            "epcisException:ValidationException",
            "epcisException:ResourceAlreadyExistsException",
        ]
        assert counted(await hub.events()) == ["AggregationEvent", "ObjectEvent", "ObjectEvent"]
        assert await hub.events("EQ_disposition=damaged") == []

    play(database_place, scene)


def test_an_error_declaration_stands_beside_its_event_under_the_same_id(
    database_place: str,
) -> None:
    async def scene(hub: Room) -> None:
        assert (await hub.capture(document(RECEIVED)))["success"]
        assert (await hub.capture(document(epcis_events.DECLARED)))["success"]
        assert len(await hub.events(f"EQ_eventID={RECEIVED['eventID']}")) == 2
        assert len(await hub.events("EXISTS_errorDeclaration=true")) == 1
        one = await hub.client.get(f"/events/{RECEIVED['eventID']}")
        event, declared = listed(one)
        assert "errorDeclaration" not in event
        assert declared["errorDeclaration"]["reason"] == "incorrect_data"
        other = {**epcis_events.DECLARED, "disposition": "damaged"}
        assert not (await hub.capture(document(other)))["success"]

    play(database_place, scene)


def test_two_who_capture_one_id_with_different_words_do_not_both_succeed(
    database_place: str,
) -> None:
    async def scene(hub: Room) -> None:
        both = [document(RECEIVED), document(TAKEN)]
        for round in range(5):
            for whole in both:
                whole["epcisBody"]["eventList"][0] = {
                    **whole["epcisBody"]["eventList"][0],
                    "eventID": f"urn:x:{round}",
                }
            jobs = await asyncio.gather(*[hub.capture(whole) for whole in both])
            assert sorted(job["success"] for job in jobs) == [False, True]

    play(database_place, scene)


def test_a_declaration_is_known_by_its_time_however_it_is_spelled(database_place: str) -> None:
    async def scene(hub: Room) -> None:
        for time in ("2026-06-09T08:00:00Z", "2026-06-09t10:00:00." + "0" * 5000 + "+02:00"):
            again = {**epcis_events.DECLARED, "errorDeclaration": {"declarationTime": time}}
            assert (await hub.capture(document(again)))["success"]
        assert len(await hub.events()) == 1

    play(database_place, scene)


def test_one_event_is_posted_alone(database_place: str) -> None:
    async def scene(hub: Room) -> None:
        alone = {**RECEIVED, "@context": epcis_events.OTHERS_CONTEXT}
        for _ in range(2):
            answer = await hub.client.post("/events", json=alone)
            assert answer.status_code == 201
        found = await hub.client.get(answer.headers["location"])
        assert [each["eventID"] for each in listed(found)] == [RECEIVED["eventID"]]
        answer = await hub.client.post("/events", json={**alone, "disposition": "damaged"})
        assert (answer.status_code, answer.headers["content-type"]) == (
            409,
            "application/problem+json",
        )
        assert (await hub.client.post("/events", json=RECEIVED)).status_code == 400

    play(database_place, scene)


def test_limits_and_versions_are_told(database_place: str) -> None:
    async def scene(hub: Room) -> None:
        for path in (
            "/capture",
            "/capture/1",
            "/events",
            "/events/urn:x:1",
            "/queries",
            "/queries/q",
            "/queries/q/events",
        ):
            answer = await hub.client.options(path)
            assert answer.status_code == 204
            assert answer.headers["gs1-epcis-version"] == "2.0"  # two numbers, by GS1's OpenAPI
            assert answer.headers["gs1-extensions"].startswith("tagwright=https://")
        answer = await hub.client.options("/capture")
        assert answer.headers["gs1-epcis-capture-limit"] == str(check.MOST_EVENTS)
        assert answer.headers["gs1-epcis-capture-file-size-limit"] == str(check.MOST_BYTES)
        assert answer.headers[BEHAVIOUR] == "rollback"

    play(database_place, scene)


@pytest.mark.parametrize(
    ("send", "status"),
    [
        ({"json": document(*[PACKED] * (check.MOST_EVENTS + 1))}, 413),
        (
            {
                "content": b" " * (check.MOST_BYTES + 1),
                "headers": {"Content-Type": "application/json"},
            },
            413,
        ),
        ({"content": b"<xml/>", "headers": {"Content-Type": "application/xml"}}, 415),
        ({"content": b"{}", "headers": {"Content-Type": "application/ld+json"}}, 400),
        ({"json": document(), "headers": {BEHAVIOUR: "pray"}}, 400),
        ({"json": document(), "headers": {"GS1-EPCIS-Version": "1.2"}}, 406),
        ({"json": {**document(), "schemaVersion": "two"}}, 400),
    ],
)
def test_what_cannot_be_captured_is_a_problem(
    tmp_path: Any, send: dict[str, Any], status: int
) -> None:
    async def scene(hub: Room) -> None:
        answer = await hub.client.post("/capture", **send)
        assert answer.status_code == status, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["status"] == status
        assert answer.json()["type"].startswith("epcisException:")
        assert ("gs1-epcis-capture-limit" in answer.headers) == (status == 413)

    play(str(tmp_path / "hub.db"), scene)


def test_jobs_are_listed_newest_first_page_by_page(database_place: str) -> None:
    async def scene(hub: Room) -> None:
        jobs = [
            await hub.capture(document({**PACKED, "action": action}))
            for action in ("ADD", "DELETE", "x")
        ]
        found, url = [], "/capture?perPage=2"
        while url:
            answer = await hub.client.get(url)
            found += answer.json()
            url = answer.links.get("next", {}).get("url", "")
        assert found == jobs[::-1]
        assert (await hub.client.get("/capture/none")).status_code == 404
        for strange in ("perPage=0", "perPage=x", "nextPageToken=x", "nextPageToken=WzEsMl0="):
            assert (await hub.client.get(f"/capture?{strange}")).status_code == 400

    play(database_place, scene)


def test_a_closed_hub_asks_who_captures_and_who_reads(tmp_path: Any) -> None:
    async def scene() -> None:
        async with room(str(tmp_path / "hub.db"), Access(token="secret")) as hub:
            for method, path in (("POST", "/capture"), ("GET", "/events"), ("POST", "/queries")):
                assert (await hub.client.request(method, path)).status_code == 401
            token = {"Authorization": "Bearer secret"}
            answer = await hub.client.post("/capture", json=document(PACKED), headers=token)
            assert answer.status_code == 202
            assert len(listed(await hub.client.get("/events", headers=token))) == 1

    asyncio.run(scene())


def test_a_thousand_events_fit_one_capture(tmp_path: Any) -> None:
    async def scene(hub: Room) -> None:
        some = [{**PACKED, "eventID": f"urn:x:{n}"} for n in range(check.MOST_EVENTS)]
        assert len(json.dumps(document(*some))) < check.MOST_BYTES
        assert (await hub.capture(document(*some)))["success"]
        assert len(await hub.events("perPage=1000")) == check.MOST_EVENTS

    play(str(tmp_path / "hub.db"), scene)


def test_the_openapi_part_names_just_what_is_served(tmp_path: Any) -> None:
    async def scene(hub: Room) -> None:
        served = {
            (route.path, method)
            for route in hub.app.routes
            if isinstance(route, Route)
            for method in (route.methods or ())
            if method != "HEAD"
        }
        said = {
            (path, method.upper())
            for path, item in PATHS.items()
            for method in item
            if method != "parameters"
        }
        assert said == served
        assert openapi.document([PATHS])["paths"].keys() >= PATHS.keys()

    play(str(tmp_path / "hub.db"), scene)
