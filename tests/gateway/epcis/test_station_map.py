"""What rows become: by kind, step, status and verdict; and what becomes of rows that lie."""

from typing import Any
from zoneinfo import ZoneInfo

import epcis_rows
import pytest
from epcis_rows import AT_NS, GLN, ITEM, NAME, PLACES, UID, account, on_pallet, pallet, told
from hypothesis import given
from hypothesis import strategies as st

from gateway.config import ConfigProblem, EpcisConfig
from gateway.epcis import station_map
from gateway.epcis.places import Places, Site, site

PACKED = "https://id.gs1.org/01/04012345678901/21/"

OBJECTS = {
    "commissioned": ("ADD", "commissioning", "active"),
    "a replaced tag": ("OBSERVE", "other", None),
    "a mini record": ("ADD", "commissioning", "active"),
    "inspected": ("OBSERVE", "inspecting", "conformant"),
    "shipped": ("OBSERVE", "shipping", "in_transit"),
    "received": ("OBSERVE", "receiving", "in_progress"),
    "repaired": ("OBSERVE", "repairing", "available"),
    "remanufactured": ("OBSERVE", "repairing", "available"),
    "transferred": ("OBSERVE", "accepting", "in_progress"),
    "decommissioned": ("DELETE", "decommissioning", "inactive"),
    "no step": ("OBSERVE", "other", None),
    "an inactive product": ("DELETE", "decommissioning", "inactive"),
    "destroyed": ("DELETE", "destroying", "destroyed"),
    "a tag that ends": ("OBSERVE", "killing", None),
    "verified": ("OBSERVE", "inspecting", "conformant"),
    "a forgery": ("OBSERVE", "inspecting", "non_conformant"),
    "a copy": ("OBSERVE", "inspecting", "mismatch_instance"),
    "a doubtful one": ("OBSERVE", "inspecting", "unknown"),
    "a label": ("OBSERVE", "inspecting", "conformant"),
    "a forged label": ("OBSERVE", "inspecting", "non_conformant"),
    "an unsigned label": ("OBSERVE", "inspecting", "unknown"),
}


@pytest.mark.parametrize("name", list(OBJECTS))
def test_an_act_is_an_object_event_of_its_step(name: str) -> None:
    (event,) = epcis_rows.events(name)
    assert event["type"] == "ObjectEvent"
    assert event["epcList"] == [ITEM]
    assert (event["action"], event["bizStep"], event.get("disposition")) == OBJECTS[name]
    assert event["eventTime"] == "2026-09-21T14:13:20.123Z"
    assert event["readPoint"] == {"id": f"{GLN}/254/line-1"}
    assert event["bizLocation"] == {"id": GLN}


@pytest.mark.parametrize("name", list(epcis_rows.NO_EVENTS))
def test_what_is_about_no_product_or_no_step_is_no_event(name: str) -> None:
    assert told(epcis_rows.NO_EVENTS[name]) == []


def test_a_commissioning_says_what_was_written() -> None:
    (event,) = epcis_rows.events("commissioned")
    assert event["ilmd"] == {
        "tagwright:carrier": "nfc-type2",
        "tagwright:stubDigest": station_map._digest(epcis_rows.signed()),
        "tagwright:carrierUidHash": station_map._digest(UID),
        "tagwright:passportDigest": "ni:///sha-256;" + "A" * 43,
        "cbvmda:lotNumber": "LOT7",
    }


def test_active_is_what_was_just_commissioned() -> None:
    """CBV 2.0, "Disposition": active goes with commissioning alone."""
    for name in epcis_rows.ROWS:
        for event in epcis_rows.events(name):
            assert (event.get("disposition") == "active") == (event["bizStep"] == "commissioning")


def test_a_tag_that_took_another_s_place_does_not_replace_the_product() -> None:
    (event,) = epcis_rows.events("a replaced tag")
    assert event["tagwright:step"] == "tag_replaced"


def test_certificates_stand_with_inspections_alone() -> None:
    for name in ("inspected", "verified"):
        (event,) = epcis_rows.events(name)
        assert event["certificationInfo"] == ["https://example.org/certificates/1"]
    (event,) = epcis_rows.events("repaired")
    assert "certificationInfo" not in event


def test_an_arrival_is_told_with_its_signal_and_zone() -> None:
    (event,) = epcis_rows.events("arrived")
    assert (event["bizStep"], event["epcList"]) == ("arriving", [f"{PACKED}77"])
    assert event["tagwright:zone"] == "dock"
    power, count = event["sensorElementList"][0]["sensorReport"]
    assert power == {"type": "Power", "value": -54.5, "uom": "DBM"}
    assert count["value"] == 12


def test_a_departure_is_when_the_tag_was_last_seen() -> None:
    (event,) = epcis_rows.events("departed")
    assert (event["bizStep"], event["eventTime"]) == ("departing", "2026-09-21T14:12:50.500Z")


def test_presence_is_told_where_it_is_asked_for() -> None:
    assert epcis_rows.events("arrived", Places(Site(presence=False))) == []


def test_a_zone_may_have_a_read_point_of_its_own() -> None:
    places = Places(Site(GLN, read_points={"dock": "urn:x:dock"}, presence=True))
    (event,) = epcis_rows.events("arrived", places)
    assert event["readPoint"] == {"id": "urn:x:dock"}


def test_the_same_row_makes_the_same_id_and_another_station_another() -> None:
    row = epcis_rows.ROWS["verified"][0]
    ids = {
        station: station_map.event(
            row.kind, row.content, AT_NS, "plant-1", station, UID, NAME, PLACES
        )
        for station in ("a", "b")
    }
    assert ids["a"] and ids["b"]
    assert ids["a"]["eventID"] != ids["b"]["eventID"]
    again = told(row)[0]["eventID"]
    assert told(row)[0]["eventID"] == again


def test_an_unsynchronised_clock_is_told() -> None:
    row = epcis_rows.ROWS["verified"][0]
    assert told(row, is_timed=False)[0]["tagwright:clock"] == "not synchronised"
    assert "tagwright:clock" not in told(row)[0]


def test_without_a_location_no_place_is_told() -> None:
    (event,) = epcis_rows.events("verified", Places())
    assert not {"readPoint", "bizLocation"} & set(event)


@pytest.mark.parametrize(
    ("content", "name", "uri"),
    [
        ({}, "04012345678901/A/B", "https://id.gs1.org/01/04012345678901/21/A%2FB"),
        ({}, "https://example.org/p/1", "https://example.org/p/1"),
        ({}, "did:web:example.org:1", "did:web:example.org:1"),
        ({}, "UN 12", "https://tagwright.org/ns/epcis/id/UN%2012"),
        ({"link": f"{PACKED}5?x=1"}, "", f"{PACKED}5"),
        ({"link": "https://id.gs1.org/01/04012345678901"}, "", ""),
        ({"link": "https://example.org/menu"}, "", ""),
        ({"epc": b"\xe2\x00"}, "", ""),
        ({"gtin": "04012345678902", "serial": "A"}, "", ""),
        ({"gtin": 4, "serial": b"A", "epc": "x", "link": 3, "uri": None}, "", ""),
        ({}, "04012345678902/A", ""),
        ({}, "ä" * 400, ""),
    ],
)
def test_a_thing_is_named_by_what_the_row_knows_of_it(
    content: dict[str, Any], name: str, uri: str
) -> None:
    assert station_map.identity(content, name) == uri


ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.binary(max_size=20)
    | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=5,
)
FIELDS = st.sampled_from(
    sorted({*account(), "act", "colour", "zone", "rssi_dbm", "reads", "seen_at", "digest"})
)


@given(st.sampled_from(sorted(epcis_rows.ROWS)), st.dictionaries(FIELDS, ANYTHING, max_size=4))
def test_a_row_that_lies_makes_an_event_or_none(name: str, lies: dict[str, Any]) -> None:
    rows = [row._replace(content=row.content | lies) for row in epcis_rows.ROWS[name]]
    for event in told(*rows):
        assert event["eventID"].startswith("ni:///sha-256;")


@pytest.mark.parametrize("number", [10**400, -(10**400), float("inf"), float("nan"), 2.0**60])
def test_a_number_that_is_none_is_not_told(number: float) -> None:
    (event,) = told(epcis_rows.presence("arrived", rssi_dbm=number, reads=number, seen_at=number))
    assert "sensorElementList" not in event
    together, *_ = told(on_pallet("A"), pallet(number))  # type: ignore[arg-type]
    assert "tagwright:tags" not in together


@pytest.mark.parametrize(
    ("zone", "offset"),
    [
        ("Europe/Berlin", "+02:00"),
        ("America/New_York", "-04:00"),
        ("Asia/Kolkata", "+05:30"),
        ("UTC", "+00:00"),
    ],
)
def test_the_offset_is_that_of_the_zone_at_the_time(zone: str, offset: str) -> None:
    (event,) = epcis_rows.events("verified", Places(Site(zone=ZoneInfo(zone))))
    assert event["eventTimeZoneOffset"] == offset
    assert event["eventTime"].endswith("Z")


def test_a_site_is_made_from_the_configuration() -> None:
    config = EpcisConfig(location=GLN, time_zone="Europe/Berlin", biz_steps={"dock": "shipping"})
    found = site(config)
    assert found.read_point("dock") == f"{GLN}/254/dock"
    assert found.offset(AT_NS) == "+02:00"
    with pytest.raises(ConfigProblem, match="no zone Mars/Olympus"):
        site(EpcisConfig(time_zone="Mars/Olympus"))
    with pytest.raises(ConfigProblem, match="'flying' is no step"):
        site(EpcisConfig(biz_steps={"dock": "flying"}))


def test_a_name_that_is_no_extension_stays_with_its_location() -> None:
    assert Site(GLN).read_point("a-reader-with-a-name-too-long") == GLN
    assert Site("https://example.org/plant").read_point("line-1") == "https://example.org/plant"


@pytest.mark.parametrize(
    ("said", "at", "is_timed"),
    [
        ({"at": 1_789_990_000, "synced": True}, "2026-09-21T11:26:40.000Z", True),
        ({"at": 1_789_990_000, "synced": False}, "2026-09-21T11:26:40.000Z", False),
        ({"at": None, "synced": False}, "2026-09-21T14:13:20.123Z", False),
        ({"at": 1 << 70, "synced": True}, "2026-09-21T14:13:20.123Z", False),
        ({"at": "now"}, "2026-09-21T14:13:20.123Z", False),
    ],
)
def test_what_a_handheld_wrote_is_of_its_own_time(
    said: dict[str, Any], at: str, is_timed: bool
) -> None:
    row = epcis_rows.updated(c10=4)
    (event,) = told(row._replace(content=row.content | {"handheld": said}))
    assert (event["bizStep"], event["eventTime"]) == ("repairing", at)
    assert ("tagwright:clock" not in event) == is_timed


def test_a_handhelds_read_point_is_that_of_its_reader() -> None:
    at_gate = PLACES.default
    assert at_gate.read_point("gate/ada") == at_gate.read_point("gate")
    assert at_gate.read_point("hand/ada") == f"{GLN}/254/hand%2Fada"
