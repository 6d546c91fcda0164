"""Pallets: their tags come before them, and may never hear of them."""

import epcis_rows
import pytest
from epcis_rows import AT_NS, GTIN, PLACES, SSCC, advised, on_pallet, pallet, sscc_on_pallet, told

from gateway.epcis import pallet_map, translator
from gateway.epcis.places import Places, Site
from gateway.epcis.translator import LONGEST_NS, MOST_OPEN, Translator

UNIT = f"https://id.gs1.org/00/{SSCC}"


def link(serial: str) -> str:
    return f"https://id.gs1.org/01/{GTIN:014d}/21/{serial}"


def test_a_pallet_with_its_own_tag_is_the_parent_of_what_was_packed() -> None:
    together, conformant = epcis_rows.events("packed")
    assert (together["type"], together["action"]) == ("AggregationEvent", "ADD")
    assert (together["bizStep"], together["parentID"]) == ("packing", UNIT)
    assert together["childEPCs"] == [link("A"), link("B")]
    assert (conformant["disposition"], conformant["epcList"]) == (
        "conformant",
        [link("A"), link("B")],
    )


def test_a_pallet_s_own_label_has_no_passport_to_be_inspected() -> None:
    label = sscc_on_pallet()
    alone = {name: value for name, value in label.content.items() if name != "pallet"}
    assert told(label._replace(content=alone)) == []
    assert all(UNIT not in event.get("epcList", ()) for event in epcis_rows.events("packed"))


def test_without_a_tag_of_its_own_a_pallet_is_only_seen_together() -> None:
    together, conformant, copied = epcis_rows.events("seen together")
    assert together["action"] == "OBSERVE"
    assert "parentID" not in together
    assert (conformant["epcList"], copied["epcList"]) == ([link("A")], [link("B")])
    assert copied["disposition"] == "mismatch_instance"


def test_a_pallet_that_was_expected_is_received() -> None:
    together, conformant = epcis_rows.events("received whole")
    assert (together["bizStep"], together["disposition"]) == ("receiving", "in_progress")
    assert together["tagwright:expected"] == 2
    assert conformant["persistentDisposition"] == {"set": ["completeness_verified"]}


def test_a_pallet_that_is_not_what_was_expected_is_a_mismatch() -> None:
    together, conformant = epcis_rows.events("received in part")
    assert together["disposition"] == "mismatch_instance"
    assert together["tagwright:missing"] == 1
    assert "persistentDisposition" not in conformant


def test_a_site_says_what_its_docks_do() -> None:
    places = Places(Site(biz_steps={"line-1": "unpacking"}))
    together, *_ = epcis_rows.events("packed", places)
    assert (together["bizStep"], together["action"]) == ("unpacking", "DELETE")
    together, *_ = told(
        on_pallet("A"), pallet(1), places=Places(Site(biz_steps={"line-1": "shipping"}))
    )
    assert (together["bizStep"], together["disposition"]) == ("shipping", "in_transit")


def test_two_tags_with_one_epc_count_as_the_worse() -> None:
    rows = [on_pallet("A"), on_pallet("A", "red", binding="mismatch"), on_pallet("A"), pallet(3)]
    together, found = told(*rows)
    assert together["childEPCs"] == [link("A")]
    assert found["disposition"] == "mismatch_instance"


def test_a_large_pallet_is_told_in_several_events(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pallet_map, "MOST_EPCS", 2)
    events = told(*[on_pallet(f"S{n}") for n in range(5)], sscc_on_pallet(), pallet(6))
    together = [event for event in events if event["type"] == "AggregationEvent"]
    assert [len(event["childEPCs"]) for event in together] == [2, 2, 1]
    assert {event["parentID"] for event in together} == {UNIT}
    assert len({event["eventID"] for event in events}) == len(events)


def feed(
    found: Translator, seq: int, row: epcis_rows.Written, at_ns: int = AT_NS
) -> list[dict[str, object]]:
    return found.events(seq, at_ns, row.kind, "dock", row.uid, row.name, row.content)


def test_it_knows_from_where_to_begin_anew() -> None:
    found = Translator("plant-1", PLACES)
    feed(found, 7, on_pallet("A"))
    feed(found, 8, on_pallet("B"))
    assert found.since == 7
    again = Translator("plant-1", PLACES, found.open)
    assert feed(again, 9, pallet(2)) == feed(found, 9, pallet(2))
    assert found.since is None


def test_the_items_of_a_pallet_that_never_came_are_told_alone() -> None:
    found = Translator("plant-1", PLACES)
    feed(found, 1, on_pallet("A"))
    soon = feed(found, 2, epcis_rows.ROWS["verified"][0], AT_NS + LONGEST_NS - 1)
    assert [event["bizStep"] for event in soon] == ["inspecting"]
    late, _ = feed(found, 3, epcis_rows.ROWS["verified"][0], AT_NS + LONGEST_NS)
    assert (late["type"], late["epcList"]) == ("ObjectEvent", [link("A")])
    assert found.since is None


def test_no_more_pallets_are_open_than_it_keeps(monkeypatch: pytest.MonkeyPatch) -> None:
    found = Translator("plant-1", PLACES)
    events = []
    for seq in range(1, MOST_OPEN + 4):
        row = on_pallet(f"S{seq}")
        row.content["pallet"] = seq.to_bytes(16, "big")
        events += feed(found, seq, row)
    assert len(found.open) == MOST_OPEN + 1
    assert [event["epcList"] for event in events] == [[link("S1")], [link("S2")]]
    monkeypatch.setattr(translator, "MOST_ITEMS", 10)
    assert feed(found, 99, advised(0))[0]["epcList"] == [link("S3")]
