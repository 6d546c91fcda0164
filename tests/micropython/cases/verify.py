"""Verdicts on MicroPython; the first stub is the golden one of tests/edge/test_stub.py."""

from edge import cose, mini, stub
from edge.trust import Entry, TrustList
from edge.verify import verify, verify_best, verify_mini

KEY = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
KID = cose.kid(KEY)
UID = bytes.fromhex("04a1b2c3d4e5f6")
LINK = "https://id.example.com/01/09520123456788/21/A1"
NOW = 1790001000
GOLDEN = bytes.fromhex(
    "d2844da201320448866eefbd6718c884a05853a700010183001b000008a89393ad14624131035820"
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad041a6ab13b800500"
    "0782014704a1b2c3d4e5f60ba218291903e8182a183258409a2a541877d3422f71b75cf6f0480409"
    "ab8402b0a0f4e74fba7e91db230038e88f4ca358b69d899050993351e541dab0e3e21a65b6faa6b5"
    "f4aefd112825d20b"
)


def agree(key, message, signature):
    return signature == bytes(64)


def made(seq, prev):
    claims = dict(stub.decode(GOLDEN).claims)
    claims[stub.SEQ] = seq
    if prev is not None:
        claims[stub.PREV] = stub.link16(prev)
    return stub.encode(claims, cose.ED25519, KID, lambda message: bytes(64))


def trusting(entry):
    return TrustList(1, 0, 1900000000, (entry,))


TRUST = trusting(Entry(KID, KEY))


def answer(raw, trust=TRUST, kind=1, id=UID, link=LINK):
    return verify(raw, trust, agree, NOW, kind, id, link)[0]


def test_the_golden_stub_is_green_under_its_key():
    verdict, found = verify(GOLDEN, TRUST, cose.pure_verifier, NOW, 1, UID, LINK)
    assert verdict.is_green() and found.raw == GOLDEN
    assert verdict.as_dict()["chain"] == "first" and verdict.why()


def test_every_kind_of_bad_content_is_its_own_answer():
    first = made(0, None)
    assert answer(first).is_green()
    assert answer(GOLDEN).integrity == "bad_signature"
    assert answer(first[:-1]).integrity == "malformed"
    assert answer(b"").integrity == "unsigned"
    assert answer(first, None).key == "unknown"
    assert answer(first, trusting(Entry(KID, KEY, revoked_since=1))).key == "revoked"
    assert answer(first, trusting(Entry(KID, KEY, valid_to=1))).key == "expired"
    assert answer(first, trusting(Entry(KID, KEY, valid_from=NOW + 1))).key == "not_yet_valid"
    assert answer(first, trusting(Entry(KID, KEY, gtin_prefixes=("1", "2")))).key == "wrong_role"
    assert answer(first, trusting(Entry(KID, KEY, gtin_prefixes=("1", "952")))).is_green()
    assert answer(first, TrustList(1, 0, 1, (Entry(KID, KEY),))).key == "expired_list"
    assert answer(first, TRUST, 1, bytes(7)).binding == "mismatch"
    assert answer(first, TRUST, 1, UID, LINK + "2").link == "mismatch"


def test_the_current_stub_and_its_chain():
    first = made(0, None)
    second = made(1, first)
    slot, verdict, found = verify_best([(0, second), (1, first)], TRUST, agree, NOW, 1, UID, LINK)
    assert (slot, verdict.chain, found.seq) == (0, "follows", 1)
    slot, verdict, _ = verify_best([(0, first[:9]), (1, first)], TRUST, agree, NOW, 1, UID, LINK)
    assert (slot, verdict.chain) == (1, "first")
    verdict = verify(made(2, first), TRUST, agree, NOW, 1, UID, LINK, first)[0]
    assert verdict.chain == "gap"
    verdict = verify(made(1, second), TRUST, agree, NOW, 1, UID, LINK, first)[0]
    assert verdict.chain == "fork" and verdict.colour() == "red"
    verdict = verify(first, TRUST, agree, NOW, 1, UID, LINK, None, 1)[0]
    assert verdict.chain == "behind" and verdict.colour() == "amber"


def test_the_mini_profile():
    record = mini.uri_record(LINK)
    sign1 = mini.record(record, 1, UID, cose.ED25519, KID, lambda message: bytes(64)).payload
    assert verify_mini(record, sign1, 1, UID, TRUST, agree, NOW).is_green()
    assert verify_mini(record, sign1[:-1], 1, UID, TRUST, agree, NOW).integrity == "malformed"
    narrow = trusting(Entry(KID, KEY, gtin_prefixes=("9506",)))
    assert verify_mini(record, sign1, 1, UID, narrow, agree, NOW).key == "wrong_role"
