"""The stub on MicroPython; the golden bytes are those of tests/edge/test_stub.py."""

from expect import raises

from edge import cbor, cose, stub
from edge.errors import Malformed, Truncated

GOLDEN = bytes.fromhex(
    "d2844da201320448866eefbd6718c884a05853a700010183001b000008a89393ad14624131035820"
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad041a6ab13b800500"
    "0782014704a1b2c3d4e5f60ba218291903e8182a183258409a2a541877d3422f71b75cf6f0480409"
    "ab8402b0a0f4e74fba7e91db230038e88f4ca358b69d899050993351e541dab0e3e21a65b6faa6b5"
    "f4aefd112825d20b"
)
KID = bytes.fromhex("866eefbd6718c884")
CLAIMS = {
    0: 1,
    1: [0, 9520123456788, "A1"],
    3: bytes.fromhex("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    4: 1790000000,
    5: 0,
    7: [1, bytes.fromhex("04a1b2c3d4e5f6")],
    11: {41: 1000, 42: 50},
}


def sign(message):
    return GOLDEN[-64:]


def changed(key, value):
    claims = dict(CLAIMS)
    claims[key] = value
    return claims


def made(payload):
    return cose.sign1(payload, cose.ED25519, KID, sign)


def test_the_golden_stub_is_made_and_read_byte_for_byte():
    assert stub.encode(CLAIMS, cose.ED25519, KID, sign) == GOLDEN
    found = stub.decode(GOLDEN)
    assert found.claims == CLAIMS and found.raw == GOLDEN
    assert found.kid == KID and found.alg == cose.ED25519 and found.seq == 0
    assert found.carrier == (1, bytes.fromhex("04a1b2c3d4e5f6"))
    assert found.to_be_signed() == cose.to_be_signed(found.sign1.protected, found.sign1.payload)
    assert stub.size(CLAIMS) == len(GOLDEN)


def test_every_claim_goes_there_and_back():
    claims = changed(5, 7)
    claims.update(
        {
            1: [0, 9520123456788, "B", "A1"],
            2: 0,
            6: bytes(16),
            8: "Müller",
            9: 3,
            10: 7,
            12: [3, {1: "x", 2: [1, None]}],
            13: [12, bytes(16)],
            14: bytes(16),
            15: 2,
            16: {1: b"x"},
            63: -1,
        }
    )
    assert stub.decode(stub.encode(claims, cose.ED25519, KID, sign)).claims == claims


def test_a_stub_is_cut_nowhere_and_nothing_trails():
    raises(Malformed, stub.decode, b"")
    for end in range(1, len(GOLDEN)):
        raises(Truncated, stub.decode, GOLDEN[:end])
    raises(Malformed, stub.decode, GOLDEN + b"\x00")
    payload = cbor.encode(CLAIMS)
    for end in range(len(payload)):
        raises(Malformed, stub.decode, made(payload[:end]))


def test_every_byte_of_a_stub_may_be_any_other():
    for at in range(len(GOLDEN) - 64):
        for bit in (0, 3, 5, 7):
            raw = bytearray(GOLDEN)
            raw[at] ^= 1 << bit
            raw = bytes(raw)
            try:
                found = stub.decode(raw)
            except Malformed:
                continue
            assert stub.encode(found.claims, found.alg, found.kid, sign) == raw


def test_a_wrong_claim_is_refused_by_name_both_ways():
    for key, value in (
        (0, 2),
        (0, True),
        (1, [0, 9520123456789, "A1"]),
        (1, [0, 9520123456788, "A 1"]),
        (1, [0, 9520123456788, "é"]),
        (1, [4, "x"]),
        (3, bytes(31)),
        (4, -1),
        (4, 253402300800),
        (5, 1 << 53),
        (6, bytes(16)),
        (7, [1, bytes(6)]),
        (8, "a\x1b"),
        (11, {}),
        (11, {47: 1}),
        (11, {41: True}),
        (12, [1, {"a": 1}]),
        (15, 3),
    ):
        claims = changed(key, value)
        assert stub.NAMES[key] in raises(Malformed, stub.check, claims)
        assert stub.NAMES[key] in raises(Malformed, stub.decode, made(cbor.encode(claims)))
    for key in (64, 300, -1, "x"):
        raises(Malformed, stub.check, changed(key, 1))


def test_text_must_be_utf8():
    payload = cbor.encode(changed(8, "xy"))
    at = payload.index(b"\x08\x62xy") + 2
    for wrong in (b"\xc0\x80", b"\xc3\x28", b"\xff\xff"):
        raises(Malformed, stub.decode, made(payload[:at] + wrong + payload[at + 2 :]))


def test_defaults_are_left_out_and_refused():
    assert stub.encode(changed(2, 2), cose.ED25519, KID, sign) == GOLDEN
    raises(Malformed, stub.decode, made(cbor.encode(changed(2, 2))))
    raises(Malformed, stub.decode, made(cbor.encode(changed(9, 0))))


def test_products_are_told_apart():
    assert stub.is_same_product([0, 1, "A"], [0, 1, "B", "A"])
    assert not stub.is_same_product([0, 1, "A"], [0, 1, "B"])
    assert len(stub.link16(GOLDEN)) == 16
