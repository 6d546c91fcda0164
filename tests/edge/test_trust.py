"""The trust list."""

from typing import Any

import pytest
from cwt import COSE, COSEKey
from hypothesis import given, settings
from hypothesis import strategies as st

from edge import cbor, cose, ed25519, trust
from edge.errors import DoesNotFit, Malformed
from edge.trust import BadSignature, Entry, TrustList

ROOT_SEED = bytes(32)
ROOT = ed25519.public_key(ROOT_SEED)
KEYS = [ed25519.public_key(bytes([number]) * 32) for number in range(1, 6)]
# SEC 2, secp256r1: the base point, x || y
P256 = bytes.fromhex(
    "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
    "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"
)
# The eight points of small order, in every encoding that Ed25519 implementations have taken
# (libsodium, crypto_core/ed25519/ref10, "blocklist")
SMALL_ORDER = [
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
]


def sign(message: bytes) -> bytes:
    return ed25519.sign(ROOT_SEED, message)


def entry(key: bytes, **more: Any) -> Entry:
    return Entry(cose.kid(key), key, **more)


def encoded(*entries: Entry, number: int = 1) -> bytes:
    found = TrustList(number, 1790000000, 1800000000, entries)
    return trust.encode(found, cose.ED25519, cose.kid(ROOT), sign)


def decoded(raw: bytes) -> TrustList:
    return trust.decode(raw, ROOT, cose.pure_verifier)


def of_payload(payload: Any) -> bytes:
    """A signed list whose payload `encode` might refuse."""
    return cose.sign1(cbor.encode(payload), cose.ED25519, cose.kid(ROOT), sign)


FULL = entry(
    KEYS[0],
    operator="ACME",
    roles=("issuer", "station"),
    valid_from=1790000000,
    valid_to=1890000000,
    revoked_since=1850000000,
    gtin_prefixes=("952012", "9506000"),
    jurisdiction="EU",
)


def test_a_list_goes_there_and_back() -> None:
    found = decoded(encoded(FULL, entry(P256), entry(KEYS[1]), number=7))
    assert (found.number, found.issued, found.not_after) == (7, 1790000000, 1800000000)
    assert sorted(found.entries, key=lambda one: one.key) == sorted(
        [FULL, entry(P256), entry(KEYS[1])], key=lambda one: one.key
    )
    assert found.find(cose.kid(KEYS[0])) == [FULL]
    assert found.find(bytes(8)) == []
    assert found.find(None) == []


def test_a_plain_entry_has_the_defaults() -> None:
    (found,) = decoded(encoded(entry(KEYS[0]))).entries
    assert (found.operator, found.roles, found.valid_from) == ("", ("issuer",), 0)
    assert (found.valid_to, found.revoked_since) == (None, None)
    assert (found.gtin_prefixes, found.jurisdiction) == ((), "")


def test_the_payload_is_arrays_without_what_is_default() -> None:
    raw = encoded(entry(KEYS[0], operator="ACME", valid_from=1790000000))
    row = [cose.kid(KEYS[0]), KEYS[0], "ACME", None, 1790000000]
    assert cbor.decode(cose.parse(raw).payload or b"") == [1, 1790000000, 1800000000, [row]]


def test_a_key_costs_55_bytes() -> None:
    def plain(key: bytes) -> Entry:
        return entry(key, operator="ACME", valid_from=1790000000)

    assert len(encoded(plain(KEYS[0]), plain(KEYS[1]))) - len(encoded(plain(KEYS[0]))) == 55


def test_the_order_of_the_entries_does_not_change_the_bytes() -> None:
    entries = [entry(key) for key in KEYS]
    assert encoded(*entries) == encoded(*reversed(entries))


@pytest.mark.witness
def test_python_cwt_verifies_a_list() -> None:
    raw = encoded(FULL)
    key = COSEKey.new({1: 1, -1: 6, 3: cose.ED25519, -2: ROOT, 2: cose.kid(ROOT)})
    assert COSE.new().decode(raw, key) == cose.parse(raw).payload


def test_two_keys_may_share_a_kid() -> None:
    twins = (Entry(bytes(8), KEYS[0]), Entry(bytes(8), KEYS[1]))
    assert {one.key for one in decoded(encoded(*twins)).find(bytes(8))} == set(KEYS[:2])


def test_a_list_by_another_root_is_a_bad_signature() -> None:
    raw = encoded(entry(KEYS[0]))
    with pytest.raises(BadSignature):
        trust.decode(raw, KEYS[0], cose.pure_verifier)
    for at in (len(raw) - 1, 30):
        changed = bytearray(raw)
        changed[at] ^= 1
        with pytest.raises(Malformed):
            decoded(bytes(changed))


def test_the_roots_key_pins_the_algorithm() -> None:
    raw = trust.encode(TrustList(1, 0, 0, ()), cose.ESP256, cose.kid(ROOT), sign)
    with pytest.raises(BadSignature):
        decoded(raw)
    with pytest.raises(BadSignature):
        trust.decode(encoded(), P256, lambda key, message, signature: True)


def test_an_untagged_or_detached_list_is_refused() -> None:
    raw = encoded(entry(KEYS[0]))
    detached = cose.sign1_detached(b"x", cose.ED25519, cose.kid(ROOT), sign)
    for wrong in (raw[1:], detached, b"\xd2" + detached, b""):
        with pytest.raises(Malformed):
            decoded(wrong)


@pytest.mark.parametrize(
    ("headers", "unprotected"),
    [
        ({1: -19, 4: bytes(8)}, {99: b"not signed"}),
        ({1: -19, 4: bytes(8), 99: 1}, {}),
        ({1: -19, 2: [1], 4: bytes(8)}, {}),
        ({1: -19}, {4: bytes(8)}),
        ({1: -19}, {}),
    ],
)
def test_a_list_has_the_headers_that_encode_writes(
    headers: dict[int, Any], unprotected: dict[int, Any]
) -> None:
    protected = cbor.encode(headers)
    payload = cose.parse(GOLDEN).payload or b""
    signature = sign(cose.to_be_signed(protected, payload))
    raw = cbor.encode(cbor.Tag(cose.TAG, [protected, unprotected, payload, signature]))
    with pytest.raises(Malformed, match="alg and kid"):
        decoded(raw)


def test_a_list_is_cut_nowhere_and_nothing_trails() -> None:
    raw = encoded(FULL)
    for size in range(len(raw)):
        with pytest.raises(Malformed):
            decoded(raw[:size])
    with pytest.raises(Malformed):
        decoded(raw + b"\x00")


@pytest.mark.parametrize("key", SMALL_ORDER)
@pytest.mark.parametrize("sign_bit", [0, 0x80])
def test_a_key_of_small_order_is_not_trusted(key: str, sign_bit: int) -> None:
    raw = bytearray.fromhex(key)
    raw[31] |= sign_bit
    assert not trust.is_sound(bytes(raw))
    with pytest.raises(Malformed, match="not sound"):
        encoded(Entry(bytes(8), bytes(raw)))
    with pytest.raises(Malformed, match="not sound"):
        decoded(of_payload([1, 0, 0, [[bytes(8), bytes(raw)]]]))


@pytest.mark.parametrize(
    "key",
    [
        b"",
        bytes(31),
        b"\xff" * 32,
        bytes(64),
        P256[:63] + bytes([P256[63] ^ 1]),
        P256[32:] + P256[:32],
        P256[:32] + b"\xff" * 32,
        P256 + b"\x00",
    ],
)
def test_what_is_no_key_is_not_trusted(key: bytes) -> None:
    assert not trust.is_sound(key)
    with pytest.raises(Malformed, match="not sound"):
        encoded(Entry(bytes(8), key))


WRONG_ENTRIES: list[dict[str, Any]] = [
    {"kid": bytes(7)},
    {"kid": "k" * 8},
    {"operator": 5},
    {"operator": "x" * 256},
    {"roles": ()},
    {"roles": ("",)},
    {"roles": (5,)},
    {"roles": ["issuer"]},
    {"valid_from": -1},
    {"valid_from": True},
    {"valid_from": None},
    {"valid_to": "x"},
    {"valid_to": 1 << 53},
    {"revoked_since": -1},
    {"gtin_prefixes": ("",)},
    {"gtin_prefixes": ("95a",)},
    {"gtin_prefixes": ("12345678901234",)},
    {"gtin_prefixes": (952,)},
    {"jurisdiction": b"EU"},
]


@pytest.mark.parametrize("wrong", WRONG_ENTRIES)
def test_a_wrong_entry_is_not_signed(wrong: dict[str, Any]) -> None:
    with pytest.raises(Malformed):
        encoded(Entry(**{"kid": bytes(8), "key": KEYS[0], **wrong}))


KID = bytes(8)


@pytest.mark.parametrize(
    "payload",
    [
        None,
        [],
        [1, 0, 0],
        [1, 0, 0, {}],
        [1, 0, 0, [], 0],
        [-1, 0, 0, []],
        ["1", 0, 0, []],
        [1, 1 << 53, 0, []],
        [1, 0, True, []],
        [1, 0, 0, [0]],
        [1, 0, 0, [[KID]]],
        [1, 0, 0, [[[[1]], KEYS[0]]]],
        [1, 0, 0, [[KID, KEYS[0], [1]]]],
        [1, 0, 0, [[KID, KEYS[0], ""]]],  # a default written out
        [1, 0, 0, [[KID, KEYS[0], None]]],
        [1, 0, 0, [[KID, KEYS[0], None, ["issuer"]]]],
        [1, 0, 0, [[KID, KEYS[0], None, [[]]]]],
        [1, 0, 0, [[KID, KEYS[0], None, "issuer"]]],
        [1, 0, 0, [[KID, KEYS[0], None, None, None, None, None, [], None]]],
        [1, 0, 0, [[KID, KEYS[0], "a", None, 1, 2, 3, ["1"], "EU", 0]]],
        [1, 0, 0, [[KID, KEYS[0]], [KID, KEYS[0]]]],
        [1, 0, 0, sorted([[KID, KEYS[0]], [KID, KEYS[1]]], reverse=True)],
    ],
)
def test_a_signed_payload_that_encode_would_not_write_is_refused(payload: Any) -> None:
    with pytest.raises(Malformed):
        decoded(of_payload(payload))


def test_a_key_stands_once() -> None:
    with pytest.raises(Malformed, match="twice"):
        encoded(entry(KEYS[0]), entry(KEYS[0], operator="other"))


def test_a_list_ends_at_one_mebibyte() -> None:
    long = [
        Entry(number.to_bytes(8, "big"), P256, "x" * 255, ("y" * 255,) * 9) for number in range(400)
    ]
    with pytest.raises(DoesNotFit) as caught:
        encoded(*long)
    assert caught.value.excess > 0
    with pytest.raises(Malformed):
        decoded(bytes(1 << 21))


def test_a_newer_list_replaces_an_older_one_and_nothing_else_does() -> None:
    candidate = TrustList(5, 0, 0, ())
    assert trust.newer(None, candidate)
    assert trust.newer(4, candidate)
    assert not trust.newer(5, candidate)
    assert not trust.newer(6, candidate)


TEXT = st.text(max_size=10)
TIME = st.integers(0, 1 << 40)


@settings(max_examples=50)
@given(
    st.lists(
        st.builds(
            Entry,
            kid=st.binary(min_size=8, max_size=8),
            key=st.sampled_from([*KEYS, P256]),
            operator=TEXT,
            roles=st.lists(st.text(min_size=1, max_size=8), min_size=1, max_size=3).map(tuple),
            valid_from=TIME,
            valid_to=st.none() | TIME,
            revoked_since=st.none() | TIME,
            gtin_prefixes=st.lists(st.text("0123456789", min_size=1, max_size=13), max_size=3).map(
                tuple
            ),
            jurisdiction=TEXT,
        ),
        max_size=5,
        unique_by=lambda one: (one.kid, one.key),
    )
)
def test_any_entries_go_there_and_back(entries: list[Entry]) -> None:
    raw = trust.encode(
        TrustList(3, 4, 5, tuple(entries)), cose.ED25519, bytes(8), lambda _: bytes(64)
    )
    found = trust.decode(raw, ROOT, lambda key, message, signature: True)
    assert list(found.entries) == sorted(entries, key=lambda one: (one.kid, one.key))


@given(st.binary(max_size=200), st.integers(0, 250), st.integers(1, 255))
def test_any_bytes_are_a_list_or_malformed(noise: bytes, at: int, change: int) -> None:
    golden = cose.sign1(cose.parse(GOLDEN).payload or b"", -19, bytes(8), lambda _: bytes(64))
    changed = bytearray(golden)
    changed[at % len(changed)] ^= change
    payload = cose.sign1(noise, -19, bytes(8), lambda _: bytes(64))
    for raw in (noise, payload, bytes(changed)):
        try:
            found = trust.decode(raw, ROOT, lambda key, message, signature: True)
        except Malformed:
            continue
        sign1 = cose.parse(raw)
        again = trust.encode(found, -19, bytes(8), lambda _: bytes(64))
        assert cose.parse(again).payload == sign1.payload


GOLDEN = encoded(FULL, entry(KEYS[1]))
