"""The trust list on MicroPython; keys of RFC 8032, section 7.1, and the base point of P-256."""

from expect import raises

from edge import cose, trust
from edge.errors import Malformed
from edge.trust import BadSignature, Entry, TrustList

ROOT = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
KEY = bytes.fromhex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")
P256 = bytes.fromhex(
    "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
    "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"
)
KID = cose.kid(KEY)


def sign(message):
    return bytes(64)


def agree(key, message, signature):
    return key == ROOT and signature == bytes(64)


def encoded(*entries):
    return trust.encode(TrustList(3, 4, 5, entries), cose.ED25519, bytes(8), sign)


def test_a_list_goes_there_and_back():
    full = Entry(KID, KEY, "ACME", ("issuer", "station"), 1, 2, 3, ("952",), "EU")
    plain = Entry(bytes(8), P256)
    found = trust.decode(encoded(full, plain), ROOT, agree)
    assert (found.number, found.issued, found.not_after) == (3, 4, 5)
    assert found.entries == (plain, full)
    assert found.find(KID) == [full] and found.find(b"") == [] and found.find(None) == []
    assert encoded(plain, full) == encoded(full, plain)


def test_a_list_by_another_root_is_a_bad_signature():
    raw = encoded(Entry(KID, KEY))
    raises(BadSignature, trust.decode, raw, KEY, agree)
    raises(BadSignature, trust.decode, raw[:-1] + b"\x01", ROOT, agree)
    for end in range(len(raw)):
        raises(Malformed, trust.decode, raw[:end], ROOT, agree)


def test_keys_that_are_not_sound_are_refused():
    for key in (bytes(32), b"\x01" + bytes(31), b"\xff" * 32, bytes(64), P256[:63] + b"\x00", b""):
        raises(Malformed, encoded, Entry(KID, key))


def test_what_encode_would_not_write_is_refused():
    from edge import cbor

    for payload in (
        None,
        [1, 0, 0],
        [True, 0, 0, []],
        [1, 0, 0, [[[[1]], KEY]]],
        [1, 0, 0, [[KID, KEY, ""]]],
        [1, 0, 0, [[KID, KEY, None, [[]]]]],
        [1, 0, 0, [[KID, KEY], [KID, KEY]]],
    ):
        raw = cose.sign1(cbor.encode(payload), cose.ED25519, bytes(8), sign)
        raises(Malformed, trust.decode, raw, ROOT, agree)


def test_a_newer_list_replaces_an_older_one():
    candidate = TrustList(5, 0, 0, ())
    assert trust.newer(None, candidate) and trust.newer(4, candidate)
    assert not trust.newer(5, candidate) and not trust.newer(6, candidate)
