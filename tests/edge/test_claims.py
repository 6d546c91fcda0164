"""claims.json to claims and back."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge import cbor, claims, cose, stub
from edge.errors import Malformed

# cli.md, "claims.json"
EXAMPLE = """
{"product": {"scheme": "gs1", "gtin": "09520123456788", "serial": "A1"}, "granularity": "item",
 "digest": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
 "issued_at": 1790000000, "totals": {"41": 1000, "42": 50}}
"""

WHOLE: dict[str, Any] = {
    **json.loads(EXAMPLE),
    "version": 1,
    "product": {"scheme": "gs1", "gtin": "09520123456788", "batch": "B-7", "serial": "A1"},
    "granularity": "model",
    "seq": 7,
    "prev": "00" * 16,
    "carrier": {"kind": "nfc", "id": "04a1b2c3d4e5f6"},
    "operator": "Müller & Söhne",
    "status": "replaced",
    "step": "decommissioned",
    "sector": {
        "profile": 3,
        "fields": {"-1": {"hex": "00ff"}, "2": [1, None, True, {}, {"5": "x"}]},
    },
    "parts": {"count": 12, "root": "11" * 16},
    "restricted": "22" * 16,
    "evidence": "third-party",
    "16": {"map": [[{"hex": "00"}, 1], ["a", {"tag": 1, "value": 2}]]},
    "63": -18446744073709551616,
}


def test_the_example_is_read() -> None:
    assert claims.from_names(json.loads(EXAMPLE)) == {
        stub.PRODUCT: [0, 9520123456788, "A1"],
        stub.GRANULARITY: 2,
        stub.DIGEST: bytes.fromhex(
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        ),
        stub.ISSUED_AT: 1790000000,
        stub.TOTALS: {41: 1000, 42: 50},
    }


def test_every_claim_goes_there_and_back() -> None:
    found = claims.from_names(WHOLE)
    assert claims.to_names(found) == WHOLE
    assert json.loads(json.dumps(claims.to_names(found))) == WHOLE
    raw = stub.encode(found, cose.ED25519, bytes(8), lambda _: bytes(64))
    assert stub.decode(raw).claims == found


@pytest.mark.parametrize(
    ("product", "claim"),
    [
        ({"scheme": "url", "url": "https://a/b"}, [1, "https://a/b"]),
        ({"scheme": "did", "did": "did:web:a"}, [2, "did:web:a"]),
        ({"scheme": "iso15459", "id": "VAA1"}, [3, "VAA1"]),
    ],
)
def test_each_product_scheme_goes_there_and_back(product: dict[str, str], claim: object) -> None:
    found = claims.from_names({"product": product})
    assert found == {stub.PRODUCT: claim}
    assert claims.to_names(found) == {"product": product}


def test_every_word_of_a_list_goes_there_and_back() -> None:
    product = {"scheme": "did", "did": "did:web:a"}
    for name, words in (
        ("granularity", ["model", "batch", "item"]),
        ("status", ["active", "inactive", "recycled", "replaced"]),
        (
            "step",
            [
                "commissioned",
                "inspected",
                "shipped",
                "received",
                "repaired",
                "remanufactured",
                "transferred",
                "decommissioned",
            ],
        ),
        ("evidence", ["self-declared", "second-party", "third-party"]),
    ):
        for number, word in enumerate(words):
            found = claims.from_names({"product": product, name: word})
            assert found[stub.NAMES.index(name)] == number
            assert claims.to_names(found) == {"product": product, name: word}


def test_a_seq_may_stand_without_the_prev_that_the_caller_fills_in() -> None:
    product = {"scheme": "did", "did": "did:web:a"}
    assert claims.from_names({"product": product, "seq": 4})[stub.SEQ] == 4
    assert claims.from_names({"product": product, "prev": "00" * 16})[stub.PREV] == bytes(16)
    with pytest.raises(Malformed, match="prev"):
        claims.from_names({"product": product, "seq": 0, "prev": "00" * 16})


@pytest.mark.parametrize(
    ("wrong", "path"),
    [
        ({"colour": "red"}, "colour"),
        ({"15": 1}, "15"),
        ({"64": 1}, "64"),
        ({"016": 1}, "016"),
        ({"version": True}, "version"),
        ({"version": 2}, "version"),
        ({"issued_at": 1.0}, "issued_at"),
        ({"issued_at": "2026-01-01"}, "issued_at"),
        ({"issued_at": -1}, "issued_at"),
        ({"issued_at": True}, "issued_at"),
        ({"seq": None}, "seq"),
        ({"digest": "ab"}, "digest"),
        ({"digest": "zz" * 32}, "digest"),
        ({"digest": "ab " * 32}, "digest"),
        ({"product": "09520123456788"}, "product"),
        ({"product": {}}, "product.scheme"),
        ({"product": {"scheme": "ean"}}, "product.scheme"),
        ({"product": {"scheme": ["gs1"]}}, "product.scheme"),
        ({"product": {"scheme": "gs1", "serial": "A"}}, "product.gtin"),
        ({"product": {"scheme": "gs1", "gtin": 9520123456788, "serial": "A"}}, "product.gtin"),
        ({"product": {"scheme": "gs1", "gtin": "09520123456789", "serial": "A"}}, "product.gtin"),
        ({"product": {"scheme": "gs1", "gtin": "09520123456788"}}, "product.serial"),
        ({"product": {"scheme": "gs1", "gtin": "09520123456788", "serial": "é"}}, "product.serial"),
        ({"product": {"scheme": "url", "url": "https://a", "gtin": "1"}}, "product.gtin"),
        ({"product": {"scheme": "url", "url": "x"}}, "product"),
        ({"granularity": "pallet"}, "granularity"),
        ({"granularity": 2}, "granularity"),
        ({"evidence": True}, "evidence"),
        ({"carrier": {"kind": "print", "id": "00"}}, "carrier.kind"),
        ({"carrier": {"kind": "nfc", "id": "0g"}}, "carrier.id"),
        ({"carrier": {"kind": "nfc", "id": "00"}}, "carrier"),
        ({"carrier": {"kind": "nfc"}}, "carrier.id"),
        ({"operator": "\ud800"}, "operator"),
        ({"operator": 1}, "operator"),
        ({"totals": {"41": True}}, "totals.41"),
        ({"totals": {"41": 1.5}}, "totals.41"),
        ({"totals": {"41": -1}}, "totals.41"),
        ({"totals": {"40": 1}}, "totals.40"),
        ({"totals": {"041": 1}}, "totals.041"),
        ({"totals": {}}, "totals"),
        ({"totals": [1]}, "totals"),
        ({"sector": {"profile": 1}}, "sector.fields"),
        ({"sector": {"profile": "1", "fields": {}}}, "sector.profile"),
        ({"sector": {"profile": 1, "fields": {"a": 1}}}, "sector.fields.a"),
        ({"sector": {"profile": 1, "fields": {"01": 1}}}, "sector.fields.01"),
        ({"sector": {"profile": 1, "fields": {"1": 0.5}}}, "sector.fields.1"),
        ({"parts": {"count": 0, "root": "00" * 16}}, "parts"),
        ({"parts": {"count": 1, "root": "00"}}, "parts"),
        ({"16": 1 << 64}, "16"),
        ({"16": float("nan")}, "16"),
        ({"16": [[[[[[[[1]]]]]]]]}, "16.0.0.0.0.0.0.0"),
        ({"16": {"hex": 1}}, "16.hex"),
        ({"16": {"map": 1}}, "16.map"),
        ({"16": {"map": [[1, 1], [1, 2]]}}, "16.map.1"),
        ({"16": {"map": [[True, 1]]}}, "16.map.0"),
        ({"16": {"map": [[[], 1]]}}, "16.map.0"),
        ({"16": {"tag": -1, "value": 1}}, "16.tag"),
        ({"16": ["\udfff"]}, "16.0"),
    ],
)
def test_what_is_wrong_is_told_with_its_path(wrong: dict[str, Any], path: str) -> None:
    with pytest.raises(Malformed) as caught:
        claims.from_names({**json.loads(EXAMPLE), **wrong})
    assert str(caught.value).startswith(f"{path}: ") or f"({path})" in str(caught.value)


@pytest.mark.parametrize("obj", [None, [], "x", 1, {}])
def test_what_names_no_product_is_refused(obj: object) -> None:
    with pytest.raises(Malformed):
        claims.from_names(obj)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=6)
    | st.sampled_from(["00ff", "gs1", "nfc"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.text(max_size=4) | st.sampled_from(["1", "41", "hex", "map", "tag", "value", "id"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=10,
)


@given(st.dictionaries(st.sampled_from([*stub.NAMES, "16", "40", "63"]), JSON, max_size=5))
def test_any_json_is_claims_or_malformed(obj: dict[str, Any]) -> None:
    try:
        found = claims.from_names({**json.loads(EXAMPLE), **obj})
    except Malformed:
        return
    assert claims.from_names(json.loads(json.dumps(claims.to_names(found)))) == found


VALUE = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(1 << 64), (1 << 64) - 1)
    | st.text(max_size=6)
    | st.binary(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.integers(-9, 30) | st.text(max_size=3) | st.binary(max_size=3), inner)
        | st.builds(cbor.Tag, st.integers(0, (1 << 64) - 1), inner)
    ),
    max_leaves=8,
)


@given(VALUE)
def test_whatever_an_unknown_claim_holds_has_its_json(value: Any) -> None:
    before = {stub.PRODUCT: [2, "did:web:a"], 20: value}
    try:
        cbor.encode({20: value})
    except ValueError:  # nested too deep
        return
    assert claims.from_names(json.loads(json.dumps(claims.to_names(before)))) == before
