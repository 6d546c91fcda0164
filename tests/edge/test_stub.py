"""The stub, byte for byte; python-cwt and cryptography on the other side."""

import hashlib
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cwt import COSE, COSEAlgs, COSEHeaders, COSEKey
from hypothesis import given, settings
from hypothesis import strategies as st

from edge import cbor, cose, ed25519, stub
from edge.errors import DoesNotFit, Malformed, Truncated

# RFC 8032, section 7.1, TEST 1
SEED = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
KEY = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
KID = cose.kid(KEY)
UID = bytes.fromhex("04a1b2c3d4e5f6")

CLAIMS: dict[int, Any] = {
    stub.VERSION: 1,
    stub.PRODUCT: [0, 9520123456788, "A1"],
    stub.DIGEST: hashlib.sha256(b"abc").digest(),
    stub.ISSUED_AT: 1790000000,
    stub.SEQ: 0,
    stub.CARRIER: [1, UID],
    stub.TOTALS: {41: 1000, 42: 50},
}

# Ours, pinned when version 1 was fixed: CLAIMS signed by the key above. What python-cwt and cryptography make
# of it is asked below. The digest is that of "abc" (FIPS 180-4, example).
GOLDEN = bytes.fromhex(
    "d2844da201320448866eefbd6718c884a05853a700010183001b000008a89393ad14624131035820"
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad041a6ab13b800500"
    "0782014704a1b2c3d4e5f60ba218291903e8182a183258409a2a541877d3422f71b75cf6f0480409"
    "ab8402b0a0f4e74fba7e91db230038e88f4ca358b69d899050993351e541dab0e3e21a65b6faa6b5"
    "f4aefd112825d20b"
)

EVERY_CLAIM: dict[int, Any] = {
    **CLAIMS,
    stub.PRODUCT: [0, 9520123456788, "B-7", "A1"],
    stub.GRANULARITY: 0,
    stub.SEQ: 7,
    stub.PREV: bytes(16),
    stub.OPERATOR: "Müller & Söhne",
    stub.STATUS: 3,
    stub.STEP: 7,
    stub.TOTALS: {code: code * 1000 for code in stub.TOTAL_CODES},
    stub.SECTOR: [3, {1: "x", 2: [1, {"y": None}]}],
    stub.PARTS: [12, bytes(16)],
    stub.RESTRICTED: bytes(16),
    stub.EVIDENCE: 2,
    16: {1: b"x"},
    23: "text",
    24: True,
    63: -1,
}


def sign(message: bytes) -> bytes:
    return ed25519.sign(SEED, message)


def unsigned(_: bytes) -> bytes:
    return bytes(64)


def made(claims: dict[int, Any], alg: int = cose.ED25519, kid: bytes = KID) -> bytes:
    """A stub with a payload that `encode` might refuse."""
    return cose.sign1(cbor.encode(claims), alg, kid, unsigned)


def without(key: int) -> dict[int, Any]:
    return {name: value for name, value in CLAIMS.items() if name != key}


def test_the_golden_stub_is_made_and_read_byte_for_byte() -> None:
    assert stub.encode(CLAIMS, cose.ED25519, KID, sign) == GOLDEN
    found = stub.decode(GOLDEN)
    assert found.claims == CLAIMS
    assert (found.raw, found.alg, found.kid) == (GOLDEN, cose.ED25519, KID)
    assert (found.product, found.seq, found.prev) == ([0, 9520123456788, "A1"], 0, None)
    assert (found.granularity, found.status, found.issued_at) == (2, 0, 1790000000)
    assert (found.carrier, found.digest) == ((1, UID), CLAIMS[stub.DIGEST])


@pytest.mark.witness
def test_python_cwt_reads_and_verifies_the_golden_stub() -> None:
    key = COSEKey.new({1: 1, -1: 6, 3: cose.ED25519, -2: KEY, 2: KID})
    protected, unprotected, payload = COSE.new().decode_with_headers(GOLDEN, key)
    assert payload == stub.decode(GOLDEN).sign1.payload
    assert (protected, unprotected) == ({1: cose.ED25519, 4: KID}, {})


@pytest.mark.witness
def test_cryptography_verifies_the_golden_stub() -> None:
    found = stub.decode(GOLDEN)
    key = Ed25519PublicKey.from_public_bytes(KEY)
    key.verify(found.signature, found.to_be_signed())
    with pytest.raises(InvalidSignature):
        key.verify(found.signature, found.to_be_signed() + b"\x00")


@pytest.mark.witness
def test_a_stub_that_python_cwt_made_is_ours_byte_for_byte() -> None:
    key = COSEKey.new({1: 1, -1: 6, 3: cose.ED25519, -2: KEY, -4: SEED, 2: KID})
    theirs = COSE.new().encode_and_sign(
        cbor.encode(CLAIMS),
        key,
        protected={COSEHeaders.ALG: COSEAlgs.ED25519, COSEHeaders.KID: KID},
    )
    assert theirs == GOLDEN


def test_what_is_signed_is_the_sig_structure_of_the_same_bytes() -> None:
    for claims in (CLAIMS, EVERY_CLAIM, {**CLAIMS, 16: bytes(3000)}):
        raw = stub.encode(claims, cose.ED25519, KID, sign)
        found = stub.decode(raw)
        inner = found.sign1
        assert inner.payload is not None
        assert found.to_be_signed() == cose.to_be_signed(inner.protected, inner.payload)
        assert found.signature == inner.signature
        assert (found.alg, found.kid) == (inner.alg, inner.kid)


def test_every_claim_goes_there_and_back() -> None:
    raw = stub.encode(EVERY_CLAIM, cose.EDDSA, KID, unsigned)
    assert stub.decode(raw).claims == EVERY_CLAIM
    assert stub.decode(raw).alg == cose.EDDSA


def test_a_payload_of_any_length_is_found() -> None:
    shortest = {0: 1, 1: [2, "did:x"], 4: 0, 5: 0}
    for claims in [shortest] + [{**shortest, 16: bytes(size)} for size in (1, 8, 9, 220, 300)]:
        assert stub.decode(stub.encode(claims, cose.ESP256, KID, unsigned)).claims == claims


def test_a_bytearray_is_read_as_bytes_are() -> None:
    assert stub.decode(bytearray(GOLDEN)).raw == GOLDEN


@pytest.mark.parametrize("claims", [CLAIMS, EVERY_CLAIM, {**CLAIMS, 2: 2, 9: 0}])
def test_the_size_is_told_without_a_key(claims: dict[int, Any]) -> None:
    assert stub.size(claims) == len(stub.encode(claims, cose.ED25519, KID, sign))


def test_defaults_are_left_out_and_refused() -> None:
    plain = stub.encode(CLAIMS, cose.ED25519, KID, sign)
    assert stub.encode({**CLAIMS, 2: 2, 9: 0}, cose.ED25519, KID, sign) == plain
    for claims in ({**CLAIMS, 2: 2}, {**CLAIMS, 9: 0}):
        with pytest.raises(Malformed):
            stub.decode(made(claims))


def test_a_stub_is_cut_nowhere() -> None:
    for size in range(len(GOLDEN)):
        with pytest.raises(Truncated if size else Malformed):
            stub.decode(GOLDEN[:size])


def test_payloads_are_cut_nowhere() -> None:
    payload = cbor.encode(EVERY_CLAIM)
    for size in range(len(payload)):
        with pytest.raises(Malformed):
            stub.decode(cose.sign1(payload[:size], cose.ED25519, KID, unsigned))
    with pytest.raises(Malformed):
        stub.decode(cose.sign1(payload + b"\x00", cose.ED25519, KID, unsigned))


def test_nothing_trails() -> None:
    for rest in (b"\x00", bytes(64), GOLDEN):
        with pytest.raises(Malformed):
            stub.decode(GOLDEN + rest)


def test_4096_bytes_are_the_most() -> None:
    claims = {**CLAIMS, 16: bytes(3900)}
    free = 4096 - stub.size(claims)
    claims[16] = bytes(3900 + free)
    assert stub.size(claims) == 4096
    stub.decode(made(claims))
    claims[16] = bytes(3900 + free + 3)
    with pytest.raises(DoesNotFit) as caught:
        stub.size(claims)
    assert caught.value.excess == 3
    with pytest.raises(Malformed):
        stub.decode(made(claims))


WRONG: list[tuple[int, Any]] = [
    (stub.VERSION, 0),
    (stub.VERSION, 2),
    (stub.VERSION, True),
    (stub.VERSION, "1"),
    (stub.PRODUCT, 1),
    (stub.PRODUCT, []),
    (stub.PRODUCT, [0]),
    (stub.PRODUCT, [0, 9520123456788]),
    (stub.PRODUCT, [0, 9520123456789, "A1"]),
    (stub.PRODUCT, [0, 0, "A1"]),
    (stub.PRODUCT, [0, -1, "A1"]),
    (stub.PRODUCT, [0, 10**14 + 4, "A1"]),
    (stub.PRODUCT, [0, "9520123456788", "A1"]),
    (stub.PRODUCT, [0, 9520123456788, ""]),
    (stub.PRODUCT, [0, 9520123456788, "A" * 21]),
    (stub.PRODUCT, [0, 9520123456788, "A 1"]),
    (stub.PRODUCT, [0, 9520123456788, "é"]),
    (stub.PRODUCT, [0, 9520123456788, b"A1"]),
    (stub.PRODUCT, [0, 9520123456788, "", "A1"]),
    (stub.PRODUCT, [0, 9520123456788, "B", "A1", "C"]),
    (stub.PRODUCT, [True, 9520123456788, "A1"]),
    (stub.PRODUCT, [1, "ftp://a/b"]),
    (stub.PRODUCT, [1, "https://a/b c"]),
    (stub.PRODUCT, [1, "https://a/" + "b" * 250]),
    (stub.PRODUCT, [1, "https://a/b", "c"]),
    (stub.PRODUCT, [2, "web:a"]),
    (stub.PRODUCT, [2, b"did:web:a"]),
    (stub.PRODUCT, [3, ""]),
    (stub.PRODUCT, [3, "VAA\n"]),
    (stub.PRODUCT, [4, "x"]),
    (stub.GRANULARITY, 3),
    (stub.GRANULARITY, -1),
    (stub.DIGEST, bytes(31)),
    (stub.DIGEST, bytes(33)),
    (stub.DIGEST, "x" * 32),
    (stub.ISSUED_AT, -1),
    (stub.ISSUED_AT, 253402300800),
    (stub.ISSUED_AT, None),
    (stub.SEQ, -1),
    (stub.SEQ, 1 << 53),
    (stub.SEQ, False),
    (stub.PREV, bytes(15)),
    (stub.PREV, bytes(17)),
    (stub.PREV, bytes(16)),  # at seq 0
    (stub.CARRIER, [1]),
    (stub.CARRIER, [0, UID]),
    (stub.CARRIER, [3, UID]),
    (stub.CARRIER, [1, bytes(6)]),
    (stub.CARRIER, [1, "uid4"]),
    (stub.CARRIER, [2, bytes(3)]),
    (stub.CARRIER, [2, bytes(65)]),
    (stub.CARRIER, [1, UID, 0]),
    (stub.OPERATOR, ""),
    (stub.OPERATOR, "a\x1b[0m"),
    (stub.OPERATOR, "a" * 256),
    (stub.OPERATOR, 5),
    (stub.STATUS, 4),
    (stub.STEP, 8),
    (stub.TOTALS, {}),
    (stub.TOTALS, {9: 1}),
    (stub.TOTALS, {15: 1}),
    (stub.TOTALS, {47: 1}),
    (stub.TOTALS, {"41": 1}),
    (stub.TOTALS, {-41: 1}),
    (stub.TOTALS, {41: -1}),
    (stub.TOTALS, {41: 1 << 53}),
    (stub.TOTALS, {41: True}),
    (stub.TOTALS, {41: "1"}),
    (stub.TOTALS, [41, 1]),
    (stub.SECTOR, [1]),
    (stub.SECTOR, [-1, {}]),
    (stub.SECTOR, [1, []]),
    (stub.SECTOR, [1, {"a": 1}]),
    (stub.SECTOR, [1, {}, 0]),
    (stub.PARTS, [0, bytes(16)]),
    (stub.PARTS, [1, bytes(15)]),
    (stub.PARTS, [1]),
    (stub.RESTRICTED, bytes(32)),
    (stub.EVIDENCE, 3),
]


@pytest.mark.parametrize(("key", "value"), WRONG)
def test_a_wrong_claim_is_refused_by_name_both_ways(key: int, value: Any) -> None:
    claims = {**CLAIMS, key: value}
    with pytest.raises(Malformed, match=stub.NAMES[key]):
        stub.encode(claims, cose.ED25519, KID, sign)
    with pytest.raises(Malformed, match=stub.NAMES[key]):
        stub.check(claims)
    with pytest.raises(Malformed, match=stub.NAMES[key]):
        stub.decode(made(claims))


RIGHT: list[tuple[int, Any]] = [
    (stub.PRODUCT, [0, 96385074, "A"]),
    (stub.PRODUCT, [0, 99999999999997, "A" * 20]),
    (stub.PRODUCT, [1, "https://a/" + "b" * 245]),
    (stub.PRODUCT, [2, "did:web:a"]),
    (stub.PRODUCT, [3, "VAA1234567"]),
    (stub.GRANULARITY, 0),
    (stub.GRANULARITY, 1),
    (stub.ISSUED_AT, 0),
    (stub.ISSUED_AT, 253402300799),
    (stub.CARRIER, [1, bytes(4)]),
    (stub.CARRIER, [1, bytes(8)]),
    (stub.CARRIER, [1, bytes(10)]),
    (stub.CARRIER, [2, bytes(12)]),
    (stub.CARRIER, [2, bytes(64)]),
    (stub.OPERATOR, "a" * 255),
    (stub.STATUS, 3),
    (stub.STEP, 0),
    (stub.TOTALS, {10: 0}),
    (stub.TOTALS, {54: (1 << 53) - 1}),
    (stub.SECTOR, [0, {}]),
    (stub.SECTOR, [1, {-1: {"a": b"b"}}]),
    (stub.PARTS, [1, bytes(16)]),
    (stub.EVIDENCE, 0),
    (16, None),
    (63, [[[[[[1]]]]]]),
]


@pytest.mark.parametrize(("key", "value"), RIGHT)
def test_claims_at_their_bounds_are_taken(key: int, value: Any) -> None:
    claims = {**CLAIMS, key: value}
    assert stub.decode(stub.encode(claims, cose.ED25519, KID, unsigned)).claims == claims


@pytest.mark.parametrize("key", [stub.VERSION, stub.PRODUCT, stub.ISSUED_AT, stub.SEQ])
def test_a_missing_claim_is_refused_by_name(key: int) -> None:
    with pytest.raises(Malformed, match=stub.NAMES[key]):
        stub.decode(made(without(key)))
    with pytest.raises(Malformed, match=stub.NAMES[key]):
        stub.check(without(key))


def test_prev_stands_from_seq_1_on() -> None:
    with pytest.raises(Malformed, match="prev"):
        stub.decode(made({**CLAIMS, stub.SEQ: 1}))
    stub.decode(made({**CLAIMS, stub.SEQ: 1, stub.PREV: bytes(16)}))


@pytest.mark.parametrize("key", [64, 65, 255, 256, 1 << 40, -1, -20, "x", b"x"])
def test_keys_beyond_63_negative_or_of_another_kind_are_refused(key: Any) -> None:
    with pytest.raises(Malformed):
        stub.decode(made({**CLAIMS, key: 1}))
    with pytest.raises(Malformed):
        stub.check({**CLAIMS, key: 1})


@pytest.mark.parametrize("key", [64, 65, 255, 1 << 40, -1, "x", b"x"])
def test_a_key_that_is_refused_is_told_by_the_claim_before_it(key: Any) -> None:
    with pytest.raises(Malformed, match=r"claim 11 \(totals\) is followed by a key"):
        stub.check({**CLAIMS, key: 1})
    payload = cbor.encode({**CLAIMS, 20: 1, 30: 1}).replace(
        b"\x14\x01\x18\x1e", b"\x18\x1e\x01\x14"
    )
    with pytest.raises(Malformed, match="claim 30 is followed by a key out of order"):
        stub.decode(cose.sign1(payload, cose.ED25519, KID, unsigned))


def test_all_48_unknown_claims_are_kept() -> None:
    claims = {**EVERY_CLAIM, **{key: [key] for key in range(16, 64)}}
    assert stub.decode(stub.encode(claims, cose.ED25519, KID, unsigned)).claims == claims


def test_nesting_ends_at_eight_levels() -> None:
    deep: Any = 1
    for _ in range(7):  # the map of claims is the eighth
        deep = [deep]
    stub.decode(stub.encode({**CLAIMS, 16: deep}, cose.ED25519, KID, unsigned))
    inner = cbor.encode([deep])
    payload = cbor.encode(CLAIMS)
    payload = bytes([payload[0] + 1]) + payload[1:] + b"\x10" + inner
    with pytest.raises(Malformed, match="16"):
        stub.decode(cose.sign1(payload, cose.ED25519, KID, unsigned))


# The same claims in other bytes: each is what a deterministic encoder would not write.
PAYLOAD = cbor.encode(CLAIMS)
NOT_DETERMINISTIC = [
    PAYLOAD.replace(b"\xa7\x00\x01\x01\x83", b"\xa7\x00\x18\x01\x01\x83"),
    PAYLOAD.replace(b"\xa7\x00\x01\x01\x83", b"\xb8\x07\x00\x01\x01\x83"),
    PAYLOAD.replace(b"\xa7\x00\x01\x01\x83", b"\xa7\x18\x00\x01\x01\x83"),
    PAYLOAD.replace(b"\xa7\x00\x01\x01\x83", b"\xa7\x00\x01\x01\x98\x03"),
    PAYLOAD.replace(b"\x04\x1a", b"\x04\x1b\x00\x00\x00\x00"),
    PAYLOAD.replace(b"\x62A1", b"\x78\x02A1"),
    PAYLOAD.replace(b"\x03\x58\x20", b"\x03\x59\x00\x20"),
    PAYLOAD.replace(b"\x05\x00", b"\x05\x18\x00"),
    PAYLOAD.replace(b"\x82\x01\x47", b"\x82\x01\x58\x07"),
    PAYLOAD.replace(
        b"\x18\x29\x19\x03\xe8\x18\x2a\x18\x32", b"\x18\x2a\x18\x32\x18\x29\x19\x03\xe8"
    ),
    PAYLOAD.replace(b"\x18\x29\x19\x03\xe8", b"\x18\x29\x1a\x00\x00\x03\xe8"),
    PAYLOAD.replace(b"\x18\x29\x19\x03\xe8", b"\x18\x2a\x18\x32"),
    PAYLOAD.replace(b"\xa2\x18\x29", b"\xb8\x02\x18\x29"),
    b"\xbf" + PAYLOAD[1:] + b"\xff",
    b"\xa7\x01\x83\x00\x1b\x00\x00\x08\xa8\x93\x93\xad\x14\x62A1\x00\x01" + PAYLOAD[17:],
    b"\xa8\x00\x01" + PAYLOAD[1:],
    b"\x80",
    b"\x00",
    b"",
]


@pytest.mark.parametrize("payload", NOT_DETERMINISTIC)
def test_a_payload_in_other_bytes_is_refused(payload: bytes) -> None:
    assert payload != PAYLOAD
    with pytest.raises(Malformed):
        stub.decode(cose.sign1(payload, cose.ED25519, KID, unsigned))


@pytest.mark.parametrize(
    "value", [b"\xf9\x00\x00", b"\xf7", b"\xfb" + bytes(8), b"\x9f\xff", b"\xf8\x20"]
)
def test_unknown_claims_are_deterministic_too(value: bytes) -> None:
    payload = bytes([PAYLOAD[0] + 1]) + PAYLOAD[1:] + b"\x10" + value
    with pytest.raises(Malformed, match="16"):
        stub.decode(cose.sign1(payload, cose.ED25519, KID, unsigned))


PROTECTED = cbor.encode({1: cose.ED25519, 4: KID})


@pytest.mark.parametrize(
    "around",
    [
        [PROTECTED, {}, PAYLOAD, bytes(64)],  # untagged
        cbor.Tag(61, cbor.Tag(18, [PROTECTED, {}, PAYLOAD, bytes(64)])),
        cbor.Tag(98, [PROTECTED, {}, PAYLOAD, bytes(64)]),
        cbor.Tag(18, [PROTECTED, {}, None, bytes(64)]),
        cbor.Tag(18, [PROTECTED, {33: b"x"}, PAYLOAD, bytes(64)]),
        cbor.Tag(18, [PROTECTED, {}, PAYLOAD, bytes(63)]),
        cbor.Tag(18, [PROTECTED, {}, PAYLOAD, bytes(64), 0]),
        cbor.Tag(18, [b"", {1: cose.ED25519, 4: KID}, PAYLOAD, bytes(64)]),
        cbor.Tag(18, [cbor.encode({1: cose.ED25519}), {4: KID}, PAYLOAD, bytes(64)]),
        cbor.Tag(18, [cbor.encode({1: -7, 4: KID}), {}, PAYLOAD, bytes(64)]),
        cbor.Tag(18, [cbor.encode({1: "EdDSA", 4: KID}), {}, PAYLOAD, bytes(64)]),
        cbor.Tag(18, [cbor.encode({1: cose.ED25519, 4: KID[:7]}), {}, PAYLOAD, bytes(64)]),
        cbor.Tag(18, [cbor.encode({1: cose.ED25519, 4: KID, 16: 0}), {}, PAYLOAD, bytes(64)]),
        cbor.Tag(18, [cbor.encode({1: -19, 2: [99], 4: KID, 99: 1}), {}, PAYLOAD, bytes(64)]),
    ],
)
def test_anything_else_around_the_payload_is_refused(around: Any) -> None:
    with pytest.raises(Malformed):
        stub.decode(cbor.encode(around))


def test_only_a_byte_string_heads_the_payload() -> None:
    smallest = {0: 1, 1: [1, "http://x"], 4: 0, 5: 0}
    for filled in range(1, 130):
        raw = stub.encode({**smallest, 16: bytes(filled)}, cose.ED25519, KID, unsigned)
        payload = raw[19:-66]
        if len(payload) > 191:
            break
        # One byte that adds the payload's length to 0x40, where its head and length belong.
        other = raw[:17] + bytes([0x40 + len(payload)]) + raw[19:]
        with pytest.raises(Malformed):
            stub.decode(other)


@pytest.mark.parametrize(("alg", "kid"), [(-7, KID), (True, KID), (-19, KID[:7]), (-19, "k" * 8)])
def test_a_stub_is_not_made_with_another_header(alg: Any, kid: Any) -> None:
    with pytest.raises(Malformed):
        stub.encode(CLAIMS, alg, kid, sign)


def test_the_link_to_the_next_stub_is_half_a_sha256_of_all_its_bytes() -> None:
    assert stub.link16(GOLDEN) == hashlib.sha256(GOLDEN).digest()[:16]
    assert len(stub.link16(GOLDEN)) == 16


def test_products_are_told_apart_and_a_batch_counts_where_both_state_it() -> None:
    one = [0, 9520123456788, "A1"]
    assert stub.is_same_product(one, tuple(one))
    assert stub.is_same_product(one, [0, 9520123456788, "B", "A1"])
    assert not stub.is_same_product([0, 9520123456788, "C", "A1"], [0, 9520123456788, "B", "A1"])
    assert not stub.is_same_product(one, [0, 9520123456788, "A2"])
    assert not stub.is_same_product(one, [3, "A1"])
    assert stub.is_same_product([3, "A1"], [3, "A1"])


def accepted_or_malformed(raw: bytes) -> None:
    try:
        found = stub.decode(raw)
    except Malformed:
        return
    again = stub.encode(found.claims, found.alg, found.kid, lambda _: found.signature)
    assert again == raw


@given(st.binary(max_size=300))
def test_any_bytes_are_a_stub_or_malformed(raw: bytes) -> None:
    accepted_or_malformed(raw)
    accepted_or_malformed(cose.sign1(raw, cose.ED25519, KID, unsigned))


LARGE = stub.encode(EVERY_CLAIM, cose.ED25519, KID, unsigned)


@settings(max_examples=400)
@given(
    st.sampled_from([GOLDEN, LARGE]),
    st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), min_size=1, max_size=4),
)
def test_a_changed_stub_is_read_as_what_it_says_or_malformed(
    golden: bytes, changes: list[tuple[int, int]]
) -> None:
    raw = bytearray(golden)
    for at, byte in changes:
        raw[at % len(raw)] = byte
    accepted_or_malformed(bytes(raw))


def test_every_byte_of_a_stub_may_be_any_other() -> None:
    for at in range(len(GOLDEN) - 64):
        for bit in range(8):
            raw = bytearray(GOLDEN)
            raw[at] ^= 1 << bit
            accepted_or_malformed(bytes(raw))


@settings(max_examples=200)
@given(
    st.dictionaries(
        st.integers(0, 70),
        st.recursive(
            st.integers(-(1 << 64), (1 << 64) - 1)
            | st.binary(max_size=40)
            | st.text(max_size=20)
            | st.booleans()
            | st.none(),
            lambda inner: (
                st.lists(inner, max_size=4) | st.dictionaries(st.integers(0, 60), inner, max_size=4)
            ),
            max_leaves=8,
        ),
        max_size=8,
    )
)
def test_any_claims_are_checked_alike_both_ways(claims: dict[int, Any]) -> None:
    whole = {**CLAIMS, **claims}
    for key, default in ((stub.GRANULARITY, 2), (stub.STATUS, 0)):
        if type(whole.get(key)) is int and whole[key] == default:
            del whole[key]
    try:
        raw = stub.encode(whole, cose.ED25519, KID, unsigned)
    except (Malformed, DoesNotFit):
        with pytest.raises(Malformed):
            stub.decode(made(whole))
    else:
        assert stub.decode(raw).claims == whole
