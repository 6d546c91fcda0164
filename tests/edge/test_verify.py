"""Verdicts: every kind of bad content is its own answer, and one table gives the colour."""

import hashlib
import itertools
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from edge import cose, ed25519, mini, stub
from edge.stub import Stub
from edge.trust import Entry, TrustList
from edge.verify import Verdict, colours, verify, verify_best, verify_mini

# RFC 8032, section 7.1, TEST 1, 2 and 3
SEED = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
OTHER_SEED = bytes.fromhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")
THIRD_SEED = bytes.fromhex("c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7")
KEY = ed25519.public_key(SEED)
KID = cose.kid(KEY)
UID = bytes.fromhex("04a1b2c3d4e5f6")
LINK = "https://id.example.com/01/09520123456788/21/A1"
ISSUED_AT = 1790000000
NOW = 1790001000

CLAIMS: dict[int, Any] = {
    stub.VERSION: 1,
    stub.PRODUCT: [0, 9520123456788, "A1"],
    stub.ISSUED_AT: ISSUED_AT,
    stub.SEQ: 0,
    stub.CARRIER: [1, UID],
}


def check(key: bytes, message: bytes, signature: bytes) -> bool:
    """The verifier of these tests: Ed25519 in ours, P-256 in cryptography's."""
    if len(key) == 32:
        return cose.pure_verifier(key, message, signature)
    numbers = ec.EllipticCurvePublicNumbers(
        int.from_bytes(key[:32], "big"), int.from_bytes(key[32:], "big"), ec.SECP256R1()
    )
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    try:
        numbers.public_key().verify(encode_dss_signature(r, s), message, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True


def signed(seed: bytes = SEED, kid: bytes = KID, alg: int = cose.ED25519, **claims: Any) -> bytes:
    """A stub; a claim is given by its name, None drops it."""
    whole = dict(CLAIMS)
    for name, value in claims.items():
        key = stub.NAMES.index(name)
        if value is None:
            del whole[key]
        else:
            whole[key] = value
    if whole[stub.SEQ] > 0:
        whole.setdefault(stub.PREV, bytes(16))
    return stub.encode(whole, alg, kid, lambda message: ed25519.sign(seed, message))


def trusting(*entries: Entry, not_after: int = 1900000000) -> TrustList:
    return TrustList(1, 0, not_after, entries)


TRUST = trusting(Entry(KID, KEY))
FIRST = signed()
SECOND = signed(seq=1, prev=stub.link16(FIRST))
THIRD = signed(seq=2, prev=stub.link16(SECOND))


def asked(raw: bytes, trust: TrustList | None = TRUST, **more: Any) -> Verdict:
    """The verdict on a stub that was read from its tag beside its link."""
    arguments: dict[str, Any] = {"kind": 1, "id": UID, "link": LINK, "now": NOW, **more}
    return verify(raw, trust, check, **arguments)[0]


def answers(verdict: Verdict) -> dict[str, str]:
    """What of a verdict differs from that on a good stub, and the colour."""
    good = asked(FIRST).as_dict()
    said = {name: word for name, word in verdict.as_dict().items() if word != good[name]}
    return {**said, "colour": verdict.colour()}


def test_a_good_stub_on_its_tag_is_green() -> None:
    verdict, found = verify(FIRST, TRUST, check, NOW, 1, UID, LINK)
    assert verdict.as_dict() == {
        "integrity": "valid",
        "key": "trusted",
        "binding": "match",
        "chain": "first",
        "evidence": "not_stated",
        "link": "match",
    }
    assert verdict.is_green()
    assert isinstance(found, Stub)
    assert found.raw == FIRST


def test_a_changed_claim_is_a_bad_signature() -> None:
    changed = FIRST.replace(b"A1", b"A2")
    assert answers(asked(changed)) == {
        "integrity": "bad_signature",
        "link": "mismatch",
        "chain": "not_checked",
        "colour": "red",
    }


def test_a_signature_by_another_key_under_this_kid_is_bad() -> None:
    verdict = asked(signed(OTHER_SEED))
    assert (verdict.integrity, verdict.colour()) == ("bad_signature", "red")


def test_no_bit_of_the_signature_or_the_kid_can_change() -> None:
    for at in (8, 15, len(FIRST) - 64, len(FIRST) - 33, len(FIRST) - 32, len(FIRST) - 1):
        changed = bytearray(FIRST)
        changed[at] ^= 1
        verdict = asked(bytes(changed))
        assert verdict.integrity in ("bad_signature", "not_checked")
        assert not verdict.is_green()


def test_a_key_that_is_not_listed_is_unknown_and_nothing_is_said_of_the_signature() -> None:
    for trust in (None, trusting(), trusting(Entry(bytes(8), KEY))):
        assert answers(asked(FIRST, trust)) == {
            "integrity": "not_checked",
            "key": "unknown",
            "chain": "not_checked",
            "colour": "amber",
        }


def test_a_revoked_key_taints_what_it_signed_before_too() -> None:
    for since in (0, ISSUED_AT - 1, ISSUED_AT, NOW):
        revoked = trusting(Entry(KID, KEY, revoked_since=since))
        assert answers(asked(FIRST, revoked)) == {"key": "revoked", "colour": "red"}
    assert asked(FIRST, trusting(Entry(KID, KEY, revoked_since=NOW + 1))).is_green()


def test_a_clock_that_is_not_set_does_not_hide_a_revocation() -> None:
    revoked = trusting(Entry(KID, KEY, valid_from=ISSUED_AT, revoked_since=ISSUED_AT))
    assert asked(FIRST, revoked, now=0).key == "revoked"
    assert asked(FIRST, trusting(Entry(KID, KEY, valid_from=ISSUED_AT)), now=0).is_green()


def test_an_expired_key_stands_for_what_it_signed_before() -> None:
    expired = trusting(Entry(KID, KEY, valid_to=ISSUED_AT - 1))
    assert answers(asked(FIRST, expired)) == {"key": "expired", "colour": "amber"}
    assert asked(FIRST, trusting(Entry(KID, KEY, valid_to=ISSUED_AT))).is_green()


def test_a_key_that_is_valid_later_is_not_yet_valid() -> None:
    early = trusting(Entry(KID, KEY, valid_from=NOW + 1))
    assert answers(asked(FIRST, early)) == {"key": "not_yet_valid", "colour": "amber"}
    assert asked(FIRST, trusting(Entry(KID, KEY, valid_from=NOW))).is_green()


@pytest.mark.parametrize(
    ("entry", "green"),
    [
        (Entry(KID, KEY, roles=("station",)), False),
        (Entry(KID, KEY, roles=("station", "issuer")), True),
        (Entry(KID, KEY, gtin_prefixes=("9506",)), False),
        (Entry(KID, KEY, gtin_prefixes=("0952",)), False),
        (Entry(KID, KEY, gtin_prefixes=("9506", "952012")), True),
    ],
)
def test_a_key_signs_only_in_its_role_and_for_its_products(entry: Entry, green: bool) -> None:
    said = answers(asked(FIRST, trusting(entry)))
    assert said == ({"colour": "green"} if green else {"key": "wrong_role", "colour": "red"})


def test_a_key_with_prefixes_signs_for_gs1_products_alone() -> None:
    raw = signed(product=[3, "9520123"])
    assert asked(raw, trusting(Entry(KID, KEY, gtin_prefixes=("9520123",)))).key == "wrong_role"


def test_a_list_out_of_date_still_verifies_and_says_so() -> None:
    old = trusting(Entry(KID, KEY), not_after=NOW - 1)
    assert answers(asked(FIRST, old)) == {"key": "expired_list", "colour": "amber"}
    worse = trusting(Entry(KID, KEY, revoked_since=1), not_after=NOW - 1)
    assert asked(FIRST, worse).key == "revoked"
    assert asked(FIRST, trusting(Entry(KID, KEY), not_after=NOW)).is_green()


def test_a_stub_that_was_copied_to_another_tag_does_not_match() -> None:
    copied = asked(FIRST, id=bytes.fromhex("04000000000001"))
    assert answers(copied) == {"binding": "mismatch", "colour": "red"}
    assert asked(FIRST, kind=2).binding == "mismatch"


def test_a_stub_for_no_tag_is_fine_in_print_and_doubtful_on_a_tag() -> None:
    raw = signed(carrier=None)
    assert answers(asked(raw)) == {"binding": "not_bound", "colour": "amber"}
    printed = asked(raw, kind=None, id=None)
    assert answers(printed) == {"binding": "not_bound", "colour": "green"}


def test_a_stub_for_a_tag_that_was_not_asked_is_not_green() -> None:
    assert answers(asked(FIRST, kind=None, id=None)) == {
        "binding": "not_checked",
        "colour": "amber",
    }


def test_a_link_that_names_another_product_is_told_apart() -> None:
    for link in (
        "https://id.example.com/01/09520123456788/21/A2",
        "https://id.example.com/01/09506000134352/21/A1",
    ):
        assert answers(asked(FIRST, link=link)) == {"link": "mismatch", "colour": "red"}
    for other in (None, "https://example.com/hello"):
        assert answers(asked(FIRST, link=other)) == {"link": "not_checked", "colour": "green"}


def test_the_evidence_is_told_as_claimed() -> None:
    words = [asked(signed(evidence=level)).evidence for level in (0, 1, 2)]
    assert words == ["self-declared", "second-party", "third-party"]


def test_what_is_no_stub_is_malformed_and_nothing_is_unsigned() -> None:
    for raw in (b"\x00", FIRST[:-1], FIRST + b"\x00", bytes(5000), b"\xd2\x84"):
        verdict, found = verify(raw, TRUST, check, NOW, 1, UID, LINK)
        assert (verdict.integrity, verdict.key, verdict.colour()) == ("malformed", "unknown", "red")
        assert found is None
    verdict = asked(b"")
    assert (verdict.integrity, verdict.colour()) == ("unsigned", "amber")


def test_on_a_kid_collision_every_key_is_tried() -> None:
    others = [ed25519.public_key(seed) for seed in (OTHER_SEED, THIRD_SEED)]
    entries = [Entry(KID, others[0], revoked_since=1), Entry(KID, KEY), Entry(KID, others[1])]
    for order in itertools.permutations(entries):
        assert asked(FIRST, trusting(*order)).is_green()
        assert asked(signed(OTHER_SEED), trusting(*order)).key == "revoked"
    assert asked(signed(THIRD_SEED), trusting(*entries[:2])).integrity == "bad_signature"


def test_the_keys_length_pins_the_algorithm() -> None:
    private = ec.generate_private_key(ec.SECP256R1())
    numbers = private.public_key().public_numbers()
    p256 = numbers.x.to_bytes(32, "big") + numbers.y.to_bytes(32, "big")

    def sign(message: bytes) -> bytes:
        r, s = decode_dss_signature(private.sign(message, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    good = stub.encode(CLAIMS, cose.ESP256, KID, sign)
    lying = stub.encode(CLAIMS, cose.ED25519, KID, sign)
    assert asked(good, trusting(Entry(KID, p256))).is_green()
    assert asked(lying, trusting(Entry(KID, p256))).integrity == "bad_signature"
    assert asked(signed(alg=cose.EDDSA)).is_green()
    assert asked(signed(alg=cose.ESP256)).integrity == "bad_signature"


@pytest.mark.parametrize(
    ("raw", "previous", "known_seq", "chain", "colour"),
    [
        (FIRST, None, None, "first", "green"),
        (FIRST, None, 0, "first", "green"),
        (FIRST, FIRST, 0, "first", "green"),
        (FIRST, None, 1, "behind", "amber"),
        (FIRST, SECOND, None, "behind", "amber"),
        (FIRST, signed(issued_at=ISSUED_AT + 1), None, "fork", "red"),
        (SECOND, FIRST, None, "follows", "green"),
        (SECOND, FIRST, 1, "follows", "green"),
        (SECOND, FIRST, 2, "behind", "amber"),
        (SECOND, None, None, "not_checked", "green"),
        (SECOND, None, 0, "not_checked", "green"),
        (SECOND, SECOND, None, "not_checked", "green"),
        (SECOND, signed(issued_at=ISSUED_AT + 1), None, "fork", "red"),
        (SECOND, signed(seq=1), None, "fork", "red"),
        (SECOND, b"no stub", None, "not_checked", "green"),
        (SECOND, signed(product=[0, 9520123456788, "A2"]), None, "not_checked", "green"),
        (SECOND, signed(carrier=[1, bytes(7)]), None, "not_checked", "green"),
        (THIRD, SECOND, None, "follows", "green"),
        (THIRD, FIRST, None, "gap", "amber"),
        (THIRD, None, 3, "behind", "amber"),
    ],
)
def test_the_chain_is_answered_from_what_is_known(
    raw: bytes, previous: bytes | None, known_seq: int | None, chain: str, colour: str
) -> None:
    verdict = asked(raw, previous=previous, known_seq=known_seq)
    assert (verdict.chain, verdict.colour()) == (chain, colour)


def best(*stubs: bytes, **more: Any) -> tuple[int | None, str, str]:
    """(slot, integrity, chain) of the current stub in slots 0, 1, ..."""
    arguments: dict[str, Any] = {"kind": 1, "id": UID, "link": LINK, **more}
    slot, verdict, found = verify_best(list(enumerate(stubs)), TRUST, check, NOW, **arguments)
    assert found is None or slot is None or found.raw == stubs[slot]
    return slot, verdict.integrity, verdict.chain


def test_the_current_stub_is_the_valid_one_with_the_highest_seq() -> None:
    assert best(FIRST) == (0, "valid", "first")
    assert best(FIRST, SECOND) == (1, "valid", "follows")
    assert best(THIRD, SECOND) == (0, "valid", "follows")
    assert best(FIRST, THIRD) == (1, "valid", "gap")
    assert best(SECOND, SECOND) == (0, "valid", "not_checked")
    assert best(FIRST, signed(seq=1)) == (1, "valid", "fork")
    assert best(SECOND, previous=FIRST) == (0, "valid", "follows")
    assert best(FIRST, SECOND, known_seq=2) == (1, "valid", "behind")


def test_what_is_known_counts_beside_what_stands_on_the_tag() -> None:
    again = signed(seq=1, prev=stub.link16(FIRST), issued_at=ISSUED_AT + 9)
    assert best(FIRST, SECOND, previous=THIRD) == (1, "valid", "behind")
    assert best(FIRST, again, previous=SECOND) == (1, "valid", "fork")
    assert best(again, SECOND, previous=FIRST) == (0, "valid", "fork")
    assert best(FIRST, THIRD, previous=SECOND) == (1, "valid", "follows")
    assert best(SECOND, THIRD, previous=FIRST) == (1, "valid", "follows")
    assert best(FIRST, SECOND, previous=SECOND) == (1, "valid", "follows")


def test_a_torn_slot_does_not_hide_the_whole_one() -> None:
    for torn in (THIRD[:-1] + bytes([THIRD[-1] ^ 1]), THIRD[:100], b""):
        assert best(SECOND, torn) == (0, "valid", "not_checked")
        assert best(torn, SECOND) == (1, "valid", "not_checked")


def test_a_stub_of_another_tag_does_not_hide_this_tags_own() -> None:
    foreign = signed(seq=9, carrier=[1, bytes(7)])
    assert best(FIRST, foreign) == (0, "valid", "first")
    assert best(foreign, FIRST) == (1, "valid", "first")
    assert best(foreign)[:2] == (0, "valid")


def test_where_none_is_valid_the_most_telling_one_is_answered() -> None:
    unknown = signed(OTHER_SEED, kid=bytes(8), seq=3)
    bad = signed(OTHER_SEED, seq=2)
    assert best(unknown, bad)[:2] == (0, "not_checked")
    assert best(b"\x00", bad)[:2] == (1, "bad_signature")
    assert best(b"", b"\x00")[:2] == (1, "malformed")
    assert best(signed(OTHER_SEED, kid=bytes(8)), unknown)[:2] == (1, "not_checked")
    assert best() == (None, "unsigned", "not_checked")


def message_of(link: str) -> bytes:
    return mini.uri_record(link)


def mini_sign1(uri_record: bytes, id: bytes = UID, alg: int = cose.ED25519) -> bytes:
    sign = lambda message: ed25519.sign(SEED, message)  # noqa: E731
    return mini.record(uri_record, 1, id, alg, KID, sign).payload


def test_a_mini_signature_over_link_and_tag_is_green() -> None:
    record = message_of(LINK)
    verdict = verify_mini(record, mini_sign1(record), 1, UID, TRUST, check, NOW)
    assert verdict.as_dict() == {
        "integrity": "valid",
        "key": "trusted",
        "binding": "match",
        "chain": "not_checked",
        "evidence": "not_stated",
        "link": "match",
    }
    assert verdict.is_green()


def test_a_mini_signature_elsewhere_is_bad() -> None:
    record = message_of(LINK)
    sign1 = mini_sign1(record)
    for other, kind, id in (
        (message_of(LINK + "2"), 1, UID),
        (record, 2, UID),
        (record, 1, bytes(7)),
        (b"", 1, UID),
    ):
        verdict = verify_mini(other, sign1, kind, id, TRUST, check, NOW)
        assert (verdict.integrity, verdict.binding) == ("bad_signature", "not_checked")
        assert verdict.colour() == "red"


def test_a_mini_signatures_key_is_held_against_the_links_product() -> None:
    record = message_of(LINK)
    for prefixes, key in ((("952012",), "trusted"), (("9506",), "wrong_role")):
        trust = trusting(Entry(KID, KEY, gtin_prefixes=prefixes))
        assert verify_mini(record, mini_sign1(record), 1, UID, trust, check, NOW).key == key
    for link in ("https://a/b", "tel:1"):
        record = message_of(link)
        trust = trusting(Entry(KID, KEY, gtin_prefixes=("952",)))
        verdict = verify_mini(record, mini_sign1(record), 1, UID, trust, check, NOW)
        assert verdict.key == "wrong_role"


def test_a_mini_record_of_another_shape_is_malformed() -> None:
    record = message_of(LINK)
    sign1 = mini_sign1(record)
    for wrong in (b"", sign1[:-1], sign1 + b"\x00", b"\xd2" + sign1, FIRST, FIRST[1:]):
        verdict = verify_mini(record, wrong, 1, UID, TRUST, check, NOW)
        assert (verdict.integrity, verdict.colour()) == ("malformed", "red")
    assert verify_mini(record, sign1, 1, UID, None, check, NOW).key == "unknown"


WORDS = {
    "integrity": ("valid", "bad_signature", "malformed", "unsigned", "not_checked"),
    "key": (
        ("trusted", "unknown", "revoked", "expired", "not_yet_valid", "wrong_role", "expired_list")
    ),
    "binding": ("match", "mismatch", "not_bound", "not_checked"),
    "chain": ("first", "follows", "gap", "fork", "behind", "not_checked"),
    "link": ("match", "mismatch", "not_checked"),
    "read_from": ("tag", "code"),
}
RED = {
    ("integrity", "bad_signature"),
    ("integrity", "malformed"),
    ("key", "revoked"),
    ("key", "wrong_role"),
    ("binding", "mismatch"),
    ("link", "mismatch"),
    ("chain", "fork"),
}


def test_the_table_of_colours_answers_everything_and_green_only_where_all_is_well() -> None:
    for words in itertools.product(*WORDS.values()):
        said = dict(zip(WORDS, words, strict=True))
        verdict = Verdict(said["integrity"], said["read_from"])
        for name, word in said.items():
            setattr(verdict, name, word)
        fine = (
            said["integrity"] == "valid"
            and said["key"] == "trusted"
            and (
                said["binding"] == "match"
                or (said["binding"] == "not_bound" and said["read_from"] == "code")
            )
            and said["chain"] in ("first", "follows", "not_checked")
            and said["link"] != "mismatch"
        )
        assert verdict.is_green() == fine
        if any((name, word) in RED for name, word in said.items()):
            assert verdict.colour() == "red"
        assert verdict.why()


def test_the_table_of_colours_names_only_words_that_there_are() -> None:
    rows = list(colours())
    assert len(rows) == 18
    for colour, conditions, why in rows:
        assert colour in ("green", "amber", "red")
        assert why
        for name, words in conditions:
            assert set(words) <= set(WORDS[name])
    assert rows[-1][:2] == ("red", [])
    unforeseen = Verdict("valid", "tag")
    unforeseen.key, unforeseen.binding, unforeseen.chain = "trusted", "match", "mended"
    assert unforeseen.colour() == "red"


@settings(max_examples=150)
@given(
    st.binary(max_size=200) | st.sampled_from([FIRST, SECOND]),
    st.lists(st.tuples(st.integers(0, 300), st.integers(0, 255)), max_size=3),
    st.none() | st.binary(max_size=10) | st.just(UID),
    st.none() | st.text(max_size=40) | st.just(LINK),
    st.none() | st.binary(max_size=100) | st.just(FIRST),
    st.binary(max_size=60),
)
def test_any_content_has_a_verdict(
    raw: bytes,
    changes: list[tuple[int, int]],
    id: bytes | None,
    link: str | None,
    previous: bytes | None,
    record: bytes,
) -> None:
    changed = bytearray(raw)
    for at, byte in changes:
        if changed:
            changed[at % len(changed)] = byte
    raw = bytes(changed)
    quick = lambda key, message, signature: hashlib.sha256(message).digest()[0] > 127  # noqa: E731
    for trust in (TRUST, None):
        verdict, _ = verify(raw, trust, quick, NOW, 1, id, link, previous)
        assert verdict.colour() in ("green", "amber", "red")
        verify_best([(0, raw), (1, previous or b"")], trust, quick, NOW, 1, id, link)
        verify_mini(record, raw, 1, id or b"", trust, quick, NOW)
