"""COSE_Sign1 on MicroPython; the bytes are those of tests/edge/test_cose.py."""

from expect import raises

from edge import cbor, cose
from edge.cbor import Tag
from edge.errors import Malformed, Truncated

KEY = bytes.fromhex("fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025")
KID = bytes.fromhex("0123456789abcdef")
SIGNATURE = bytes(range(64))


def sign(message):
    return SIGNATURE


def test_the_bytes_to_be_signed_are_the_pinned_ones():
    protected = cbor.encode({1: cose.ED25519, 4: KID})
    message = cose.to_be_signed(protected, bytes.fromhex("a10102"), bytes.fromhex("04a1b2c3d4e5f6"))
    assert message.hex() == (
        "846a5369676e6174757265314da2013204480123456789abcdef4704a1b2c3d4e5f643a10102"
    )
    assert cose.to_be_signed(b"\xa0", b"x").hex() == "846a5369676e61747572653140404178"


def test_what_was_signed_is_parsed():
    for size in (0, 23, 24, 140, 255, 256, 600):
        for alg in (cose.ED25519, cose.EDDSA, cose.ESP256):
            parsed = cose.parse(cose.sign1(bytes(size), alg, KID, sign))
            assert parsed.tagged and parsed.alg == alg and parsed.kid == KID
            assert parsed.payload == bytes(size) and parsed.signature == SIGNATURE
            structure = ["Signature1", parsed.protected, b"", parsed.payload]
            assert cose.to_be_signed(parsed.protected, parsed.payload) == cbor.encode(structure)
    detached = cose.parse(cose.sign1_detached(b"link", cose.ED25519, KID, sign))
    assert not detached.tagged and detached.payload is None


def test_every_cut_is_truncated():
    for raw in (
        cose.sign1(bytes(40), cose.ED25519, KID, sign),
        cose.sign1_detached(b"link", cose.ED25519, KID, sign),
    ):
        for end in range(len(raw)):
            raises(Truncated, cose.parse, raw[:end])
        raises(Malformed, cose.parse, raw + b"\x00")


def test_what_is_no_sign1_is_malformed():
    for protected, unprotected, payload, signature in (
        ({}, {}, b"", SIGNATURE),
        (b"\xff", {}, b"", SIGNATURE),
        (b"\x80", {}, b"", SIGNATURE),
        (b"", [], b"", SIGNATURE),
        (b"", {}, "text", SIGNATURE),
        (b"", {}, b"", bytes(63)),
        (cbor.encode({1: True}), {}, b"", SIGNATURE),
        (cbor.encode({1: -19, 4: b"11"}), {4: b"12"}, b"", SIGNATURE),
        (cbor.encode({1: -19, 2: [99], 99: 0}), {}, b"", SIGNATURE),
        (cbor.encode({1: -19}), {2: [1]}, b"", SIGNATURE),
    ):
        raises(Malformed, cose.parse, cbor.encode([protected, unprotected, payload, signature]))
    raises(Malformed, cose.parse, cbor.encode(Tag(98, [b"", {}, b"", SIGNATURE])))


def test_the_thumbprint_is_that_of_rfc_9679():
    x = bytes.fromhex("65eda5a12577c2bae829437fe338701a10aaa375e1bb5b5de108de439c08551d")
    y = bytes.fromhex("1e52ed75701163f7f9e40ddf9f341b3dc9ba860af7e0ca7ca7e9eecd0084d19c")
    assert cose.thumbprint(x + y).hex() == (
        "496bd8afadf307e5b08c64b0421bf9dc01528a344a43bda88fadd1669da253ec"
    )
    assert len(cose.kid(KEY)) == 8
    assert cose.alg_allowed(-19, KEY) and not cose.alg_allowed(-9, KEY)
