"""Event hashes, held against the given ones and against the reference program (epcis-event-hash-generator 1.9.3).

Left out is what implementations disagree on: sensor elements, sources beside destinations or beside ilmd, percent signs
in links of other hosts, JSON's truth values and null, times finer than a millisecond.
"""

import json
import string
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from witness import require, vectors

from edge import gs1
from gateway.epcis import vocabulary
from gateway.epcis.document import OWN_CONTEXT, document
from gateway.epcis.eventhash import event_id, prehash

try:
    from epcis_event_hash_generator import hash_generator, json_to_py
except ImportError:
    hash_generator = None

pytestmark = pytest.mark.witness

DPP = {"dpp": "https://ns.example.org/dpp#"}
SOURCES_AND_DESTINATIONS = "ship"  # of the given ones, that implementations disagree on


def given_hashes() -> dict[str, dict[str, Any]]:
    found = vectors("epcis") / "event-hash-1.9.3.json"
    require(found.is_file(), "event-hash-1.9.3.json")
    whole: dict[str, dict[str, Any]] = json.loads(found.read_text())
    return whole


def test_hashes_equal_the_given_ones() -> None:
    hashes = given_hashes()
    del hashes[SOURCES_AND_DESTINATIONS]
    assert len(hashes) == 7
    for name, each in hashes.items():
        assert prehash(each["event"], DPP) == each["prehash"], name
        assert event_id(each["event"], DPP) == each["eventID"], name


def test_sources_stand_before_destinations_as_in_the_standard_s_table() -> None:
    each = given_hashes()[SOURCES_AND_DESTINATIONS]
    head, mark, tail = each["prehash"].partition("destinationList")
    destinations, source_mark, sources = tail.partition("sourceList")
    assert mark and source_mark
    ours = head + source_mark + sources + mark + destinations
    assert prehash(each["event"], DPP) == ours


PREFIXES = st.sampled_from(["952012", "4012345", "40123456", "401234567", "952012345678"])
SERIALS = st.text(string.ascii_letters + string.digits + "-._", min_size=1, max_size=16)
WORDS = st.text(string.ascii_letters + " ", min_size=1, max_size=12).filter(
    lambda text: (
        text.strip() not in ("", *VOCABULARY) and text.strip().lower() not in ("inf", "nan")
    )
)
VOCABULARY = frozenset().union(
    *(vocabulary.URIS[name] for name in ("bizStep", "disposition")),
    vocabulary.BIZ_TRANSACTION_TYPES,
    vocabulary.SOURCE_DEST_TYPES,
    vocabulary.MEASUREMENTS,
)


@st.composite
def gtins(draw: st.DrawFn) -> str:
    digits = draw(st.text(string.digits, min_size=13, max_size=13))
    return digits + gs1.check_digit(digits)


@st.composite
def urns(draw: st.DrawFn) -> str:
    prefix, serial = draw(PREFIXES), draw(SERIALS)
    digits = draw(st.text(string.digits, min_size=17, max_size=17))
    left = 13 - len(prefix)
    return draw(
        st.sampled_from(
            [
                f"urn:epc:id:sgtin:{prefix}.{digits[:left]}.{serial}",
                f"urn:epc:id:sscc:{prefix}.{digits[: left + 4]}",
                f"urn:epc:id:sgln:{prefix}.{digits[: left - 1]}.{serial}",
                f"urn:epc:id:giai:{prefix}.{serial}",
                f"urn:epc:id:upui:{prefix}.{digits[:left]}.{serial}",
                f"urn:epc:class:lgtin:{prefix}.{digits[:left]}.{serial}",
                f"urn:epc:id:itip:{prefix}.{digits[:left]}.01.02.{serial}",
                f"urn:epc:idpat:sgtin:{prefix}.{digits[:left]}.*",
            ]
        )
    )


@st.composite
def links(draw: st.DrawFn) -> str:
    host = draw(
        st.sampled_from(["https://id.gs1.org", "https://example.com", "https://a.example/x"])
    )
    gtin, serial = draw(gtins()), draw(SERIALS)
    digits = draw(st.text(string.digits, min_size=17, max_size=17))
    sscc, gln = digits + gs1.check_digit(digits), digits[:12] + gs1.check_digit(digits[:12])
    path = draw(
        st.sampled_from(
            [
                f"/01/{gtin}/21/{serial}",
                f"/01/{gtin}/10/{serial}",
                f"/01/{gtin}/10/LOT/21/{serial}",
                f"/01/{gtin}",
                f"/00/{sscc}",
                f"/414/{gln}",
                f"/414/{gln}/254/{serial}",
                f"/8004/{digits[:10]}{serial}",
            ]
        )
    )
    return host + path + draw(st.sampled_from(["", "?x=1", "?linkType=all"]))


IDENTIFIERS = links() | urns() | SERIALS.map(lambda s: f"https://example.org/things/{s}")
TYPES = ("po", "desadv", "testres", "https://example.org/types/own")
NUMBERS = st.integers(-(10**6), 10**6) | st.integers(1, 10**6).map(lambda n: n / 100)
VALUES = WORDS | NUMBERS | IDENTIFIERS
EXTENSIONS = st.dictionaries(
    st.sampled_from(["tagwright:a", "tagwright:b", "ex:c"]),
    VALUES
    | st.lists(VALUES, min_size=1, max_size=3)
    | st.dictionaries(st.sampled_from(["ex:d", "ex:e"]), VALUES, min_size=1),
)
QUANTITIES = st.lists(
    st.fixed_dictionaries(
        {"epcClass": links()},
        optional={"quantity": NUMBERS, "uom": st.sampled_from(["KGM", "C62"])},
    ),
    min_size=1,
    max_size=3,
)
ZONES = st.sampled_from(["+00:00", "+01:00", "-05:30"])


@st.composite
def events(draw: st.DrawFn) -> dict[str, Any]:
    at = draw(st.datetimes(datetime(1970, 1, 2), datetime(2100, 1, 1)))
    text = at.isoformat(timespec=draw(st.sampled_from(["seconds", "milliseconds"])))
    found: dict[str, Any] = {
        "type": "ObjectEvent",
        "eventTime": text + draw(st.sampled_from(["Z", "+02:00", "-11:30"])),
        "eventTimeZoneOffset": draw(ZONES),
        "action": draw(st.sampled_from(["ADD", "OBSERVE", "DELETE"])),
        "epcList": draw(st.lists(IDENTIFIERS, min_size=1, max_size=4, unique=True)),
    }
    optional = {
        "bizStep": st.sampled_from(["inspecting", "https://ref.gs1.org/cbv/BizStep-packing"]),
        "disposition": st.sampled_from(["conformant", "in_transit", "https://example.org/d/own"]),
        "readPoint": st.builds(dict, id=IDENTIFIERS) | st.builds(own_place, IDENTIFIERS, WORDS),
        "bizLocation": st.builds(dict, id=IDENTIFIERS),
        "bizTransactionList": st.lists(
            st.builds(
                lambda kind, id: {"type": kind, "bizTransaction": id},
                st.sampled_from(TYPES),
                IDENTIFIERS,
            ),
            min_size=1,
            max_size=3,
        ),
        "quantityList": QUANTITIES,
        "certificationInfo": links() | st.lists(links(), min_size=1, max_size=2, unique=True),
        "persistentDisposition": st.just(
            {"set": ["available", "completeness_verified"], "unset": ["damaged"]}
        ),
    }
    for name, strategy in optional.items():
        if draw(st.booleans()):
            found[name] = draw(strategy)
    kind = draw(st.sampled_from(["object", "aggregation", "transformation", "with sources"]))
    if kind == "aggregation":
        found |= {"type": "AggregationEvent", "childEPCs": found.pop("epcList")}
        found["parentID"] = draw(IDENTIFIERS)
        found.pop("persistentDisposition", None)
        if "quantityList" in found:
            found["childQuantityList"] = found.pop("quantityList")
    elif kind == "transformation":
        found |= {"type": "TransformationEvent", "outputEPCList": found.pop("epcList")}
        found["inputQuantityList"] = draw(QUANTITIES)
        found.pop("quantityList", None)
        del found["action"]
    elif kind == "with sources":
        found["sourceList"] = [{"type": "owning_party", "source": draw(IDENTIFIERS)}]
    elif found["action"] == "ADD":
        found["ilmd"] = draw(EXTENSIONS)
    return found | draw(EXTENSIONS)


def own_place(id: str, word: str) -> dict[str, str]:
    return {"id": id, "ex:place": word}


def reference(event: Mapping[str, Any]) -> tuple[str, str]:
    whole = document([event], "2026-11-22T09:00:00Z")
    whole["@context"] = [*OWN_CONTEXT, {"ex": "https://ns.example.com/"}]
    found = json_to_py.event_list_from_epcis_document_json(json.loads(json.dumps(whole)))
    strings = hash_generator.derive_prehashes_from_events(found)
    (hash,) = hash_generator.calculate_hashes_from_pre_hashes(strings)
    return strings[0], hash


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # its own
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(events())
def test_hashes_equal_those_of_the_reference_program(event: dict[str, Any]) -> None:
    require(hash_generator, "epcis-event-hash-generator")
    prefixes = {"tagwright": vocabulary.NAMESPACE, "ex": "https://ns.example.com/"}
    text, hash = reference(event)
    assert prehash(event, prefixes) == text
    assert event_id(event, prefixes) == hash
