"""A journal row as the page shows it: the colour that the station told, and nothing that a row may not say."""

import json
import math
from typing import Any

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from station_pages import GREEN, UID

from edge.verify import colours
from gateway.epcis.places import Places
from gateway.epcis.translator import Translator
from gateway.journal import KINDS
from gateway.records import Row
from gateway.web.station.shown import encoded, shown

FORGED = GREEN | {"integrity": "bad_signature"}


def row(kind: str, **body: Any) -> Row:
    return Row(7, 1_790_000_000_123_456_789, kind, "dock", UID, "P/1", cbor2.dumps(body), b"")


def test_a_verdict_is_shown_with_the_row_of_the_table_that_held() -> None:
    found = shown(
        row("verdict", outcome="not_verified", colour="red", verdict=FORGED, elapsed_ms=131.5)
    )
    assert (found["seq"], found["at"], found["uid"]) == (7, 1_790_000_000.123, UID.hex())
    assert (found["outcome"], found["colour"]) == ("not_verified", "red")
    assert found["why"] == "integrity=bad_signature"
    assert found["sentence"].startswith("it was changed after it was signed")
    assert found["verdict"] == FORGED and found["elapsed_ms"] == 131.5
    assert found["answer"] and not found["ends"]


@pytest.mark.parametrize(
    ("kind", "body", "outcome", "colour"),
    [
        ("result", {"act": "commissioned", "verdict": GREEN}, "commissioned", "green"),
        ("result", {"act": "updated", "repaired": True, "verdict": GREEN}, "repaired", "green"),
        ("result", {"act": "commissioned", "verdict": FORGED}, "commissioned", "red"),
        (
            "result",
            {"act": "commissioned", "verdict": GREEN, "reason": "it cannot be locked: x"},
            "commissioned",
            "amber",
        ),
        ("refused", {"outcome": "duplicate", "reason": "x", "verdict": GREEN}, "duplicate", "red"),
        ("refused", {"outcome": "incomplete", "reason": "x"}, "incomplete", "amber"),
        ("refused", {"outcome": "refused", "codes": [], "verdict": GREEN}, "refused", "red"),
        ("void", {"intent": 3, "reason": "x"}, "voided", "red"),
        ("bind", {"outcome": "bound", "verdict": GREEN}, "bound", "green"),
        ("bind", {"outcome": "incomplete", "verdict": GREEN}, "incomplete", "amber"),
        ("code", {"outcome": "no_read", "colour": "amber"}, "no_read", "amber"),
        ("label", {"outcome": "passed", "verdict": GREEN}, "passed", "green"),
        ("label", {"outcome": "failed", "verdict": GREEN}, "failed", "red"),
        ("pallet", {"outcome": "verified", "colour": "green"}, "verified", "green"),
        ("window", {"outcome": "empty"}, "empty", "red"),
        ("presence", {"act": "departed", "reason": "unseen"}, "departed", "green"),
        ("presence", {"act": "departed", "reason": "reader"}, "departed", "amber"),
        ("intent", {"act": "commissioned"}, "", ""),
        ("audit", {"act": "stop", "allowed": True}, "stop", ""),
        ("verdict", {"outcome": "verified", "colour": "green", "pallet": b"x"}, "verified", ""),
    ],
)
def test_each_row_has_the_colour_that_was_told(
    kind: str, body: dict[str, Any], outcome: str, colour: str
) -> None:
    found = shown(row(kind, **body))
    assert found["colour"] == colour
    assert found["answer"] == (colour != "")
    if outcome:
        assert found["outcome"] == outcome


@pytest.mark.parametrize(
    ("kind", "body", "sentence"),
    [
        (
            "refused",
            {"outcome": "refused", "reason": "the tag carries A, the code B", "codes": []},
            "the tag carries A, the code B",
        ),
        ("result", {"act": "commissioned", "reason": "it cannot be locked"}, "it cannot be locked"),
        (
            "bind",
            {"outcome": "incomplete", "missing": {"label": "not read", "code": "torn"}},
            "label: not read; code: torn",
        ),
        (
            "label",
            {"outcome": "failed", "faults": ["no stub", "not as ordered"]},
            "no stub; not as ordered",
        ),
        ("label", {"outcome": "failed"}, ""),
    ],
)
def test_an_answer_that_is_not_the_verdicts_is_not_explained_by_the_verdict(
    kind: str, body: dict[str, Any], sentence: str
) -> None:
    found = shown(row(kind, verdict=GREEN, **body))
    assert found["colour"] in ("amber", "red")
    assert (found["why"], found["sentence"]) == ("", sentence)


def test_a_refusal_of_a_tag_that_is_itself_bad_keeps_the_verdicts_remedy() -> None:
    found = shown(row("refused", outcome="refused", reason="x", verdict=FORGED))
    assert (found["why"], found["sentence"]) == ("integrity=bad_signature", "x")


def test_every_row_of_the_verdicts_table_has_a_name_of_its_own() -> None:
    names = [" ".join(f"{q}={'/'.join(words)}" for q, words in asked) for _, asked, _ in colours()]
    assert len(names) == len(set(names)) and names[0] == "integrity=malformed" and names[-1] == ""


def test_nothing_of_a_stub_or_a_document_is_shown() -> None:
    secret = b"\xd2\x84stub"
    found = shown(row("result", act="updated", stub=secret, document=secret, digest=secret))
    assert secret.hex() not in json.dumps(found) and "stub" not in found


_LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary()
_VALUES = st.recursive(
    _LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=5
)
_NAMES = st.sampled_from(
    (
        *("act", "outcome", "colour", "reason", "verdict", "codes", "elapsed_ms", "pages_written"),
        *("epc", "pallet", "handheld", "repaired", "zone", "tags", "about", "seq", "rssi_dbm"),
        *("clock", "first", "last", "before", "locked", "missing", "faults"),
    )
)


@given(st.sampled_from(KINDS), st.dictionaries(_NAMES, _VALUES, max_size=8))
def test_whatever_a_row_from_elsewhere_says_is_shown_as_json_on_one_line(
    kind: str, body: dict[str, Any]
) -> None:
    found = encoded(shown(row(kind, **body)))
    assert b"\n" not in found and found.isascii() and len(found) < 1 << 14
    told = json.loads(found)
    assert told["colour"] in ("", "green", "amber", "red")
    assert told["elapsed_ms"] is None or math.isfinite(told["elapsed_ms"])


def test_an_act_of_a_person_is_no_event_for_others() -> None:
    translator = Translator("hall3", Places())
    said = {"act": "stop", "about": "dock", "name": "Kim", "role": "lead", "allowed": True}
    assert translator.events(1, 1, "audit", "page", b"", "", said) == []
