"""The event hash where the reference program cannot be asked: sensors, numbers, times, and what takes no part."""

from typing import Any

import epcis_events
import pytest

from gateway.epcis.eventhash import event_id, prehash

NAMED = {"example": "https://ns.example.org/epcis/"}
BASE: dict[str, Any] = {
    "type": "ObjectEvent",
    "eventTime": "2026-11-22T09:00:00.123Z",
    "eventTimeZoneOffset": "+01:00",
    "epcList": ["urn:x:1"],
    "action": "OBSERVE",
}


def test_an_id_is_an_ni_uri_of_sha_256() -> None:
    found = event_id(BASE)
    assert found.startswith("ni:///sha-256;")
    assert found.endswith("?ver=CBV2.0")
    assert len(found) == len("ni:///sha-256;?ver=CBV2.0") + 64


@pytest.mark.parametrize("name", ["eventID", "recordTime", "errorDeclaration", "@context"])
def test_what_is_told_later_takes_no_part(name: str) -> None:
    assert event_id({**BASE, name: "urn:x:2"}) == event_id(BASE)


def test_the_order_of_lists_and_fields_takes_no_part() -> None:
    one = {**BASE, "epcList": ["urn:x:1", "urn:x:2"]}
    other = dict(reversed({**BASE, "epcList": ["urn:x:2", "urn:x:1"]}.items()))
    assert event_id(one) == event_id(other)


def test_every_other_field_takes_part() -> None:
    for event in epcis_events.EVENTS[:-1]:
        whole = event_id(event, NAMED)
        told = {name for name, value in event.items() if value not in ([], {})}
        for name in told - {"type", "eventID", "recordTime", "errorDeclaration"}:
            less = {key: value for key, value in event.items() if key != name}
            assert event_id(less, NAMED) != whole, name


@pytest.mark.parametrize(
    ("said", "hashed"),
    [
        (1.50, "1.5"),
        (2.0, "2"),
        (-0.0, "0"),
        (1e-7, "0.0000001"),
        (12345678901234567890, "12345678901234567890"),
        ("007.50", "7.5"),
        ("+5", "5"),
        (" LOT 7 ", "LOT 7"),
        (True, "true"),
        ("NaN", "NaN"),
        ("1_000", "1_000"),
    ],
)
def test_a_number_has_one_spelling(said: object, hashed: str) -> None:
    assert prehash({**BASE, "tagwright:x": said}).endswith(f"}}x={hashed}")


@pytest.mark.parametrize(
    ("said", "hashed"),
    [
        ("2026-11-22T10:00:00+01:00", "2026-11-22T09:00:00.000Z"),
        ("2026-11-22t09:00:00.1z", "2026-11-22T09:00:00.100Z"),
        ("2026-11-22T09:00:00.99999Z", "2026-11-22T09:00:01.000Z"),
        ("0001-01-01T00:00:00+14:00", "0001-01-01T00:00:00+14:00"),
    ],
)
def test_a_time_is_in_utc_with_milliseconds(said: str, hashed: str) -> None:
    assert f"eventTime={hashed}eventTimeZoneOffset" in prehash({**BASE, "eventTime": said})


def test_sensor_elements_stand_behind_destinations_under_their_list_s_name() -> None:
    event = {
        **epcis_events.SENSED,
        "destinationList": [{"type": "location", "destination": "urn:x:3"}],
    }
    text = prehash(event, NAMED)
    at = text.index("destinationListtype=https://ref.gs1.org/cbv/SDT-locationdestination=urn:x:3")
    sensors = text[at:].partition("sensorElementList")[2]
    assert sensors.startswith("sensorElementsensorMetadatatime=2026-06-08T18:11:00.000ZdeviceID=")
    assert "sensorReporttype=https://gs1.org/voc/Temperaturevalue=26sDev=0.1uom=CEL" in sensors
    assert sensors.endswith(
        "{https://ns.example.org/epcis/}furtherSensorData{https://ns.example.org/epcis/}type=1"
    )


def test_a_compact_uri_is_expanded_where_its_prefix_is_known() -> None:
    assert prehash({**BASE, "bizStep": "cbv:BizStep-packing"}) == prehash(
        {**BASE, "bizStep": "packing"}
    )
    assert prehash({**BASE, "cbvmda:lotNumber": "L"}).endswith(
        "{urn:epcglobal:cbv:mda:}lotNumber=L"
    )
    assert prehash({**BASE, "strange:x": "L"}).endswith("strange:x=L")
