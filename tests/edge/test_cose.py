"""COSE_Sign1: bytes with a named source, python-cwt and cryptography on the other side."""

import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from cwt import COSE, COSEHeaders, COSEKey
from hypothesis import given, settings
from hypothesis import strategies as st

from edge import cbor, cose, ed25519
from edge.cbor import Tag
from edge.errors import Malformed, Truncated

SEED = bytes(range(32))
KEY = ed25519.public_key(SEED)
KID = cose.kid(KEY)
SIGNATURE = bytes(range(64))


def sign(message: bytes) -> bytes:
    return ed25519.sign(SEED, message)


def sign1(protected: object, unprotected: object, payload: object, signature: object) -> bytes:
    raw = protected if isinstance(protected, bytes) else cbor.encode(protected)
    return cbor.encode(Tag(18, [raw, unprotected, payload, signature]))


# Ours, from the project's notes on signing (section 2): alg -19, an 8-byte kid and a UID as external AAD.
GOLDEN_TO_BE_SIGNED = "846a5369676e6174757265314da2013204480123456789abcdef4704a1b2c3d4e5f643a10102"


def test_the_bytes_to_be_signed_are_the_pinned_ones() -> None:
    protected = cbor.encode({1: cose.ED25519, 4: bytes.fromhex("0123456789abcdef")})
    payload = bytes.fromhex("a10102")
    aad = bytes.fromhex("04a1b2c3d4e5f6")
    assert cose.to_be_signed(protected, payload, aad).hex() == GOLDEN_TO_BE_SIGNED


@pytest.mark.parametrize("size", [0, 23, 24, 255, 256, 3000])
@pytest.mark.parametrize("aad", [b"", b"uid", bytes(24), bytes(300)])
@pytest.mark.parametrize("protected_size", [1, 12, 13, 14, 24])
def test_the_bytes_to_be_signed_are_the_sig_structure(
    size: int, aad: bytes, protected_size: int
) -> None:
    protected, payload = bytes(protected_size), bytes(size)
    structure = ["Signature1", protected, aad, payload]
    assert cose.to_be_signed(protected, payload, aad) == cbor.encode(structure)


def test_an_empty_protected_map_is_signed_as_no_bytes() -> None:
    assert cose.to_be_signed(b"\xa0", b"x") == cose.to_be_signed(b"", b"x")
    assert cose.to_be_signed(b"", b"x").hex() == "846a5369676e61747572653140404178"


def test_a_stubs_envelope_is_19_bytes_around_payload_and_signature() -> None:
    raw = cose.sign1(bytes(130), cose.ED25519, KID, sign)
    assert raw.hex().startswith("d2844da201320448" + KID.hex() + "a05882" + "00" * 130 + "5840")
    assert len(raw) == 130 + 85
    detached = cose.sign1_detached(b"a link", cose.ED25519, KID, sign)
    assert detached.hex().startswith("844da201320448" + KID.hex() + "a0f65840")
    assert len(detached) == 83


@pytest.mark.parametrize("size", [0, 1, 23, 24, 25, 200, 255, 256, 257, 3000])
@pytest.mark.parametrize("alg", [cose.ED25519, cose.EDDSA, cose.ESP256])
def test_what_was_signed_is_parsed_and_verifies(size: int, alg: int) -> None:
    raw = cose.sign1(bytes(size), alg, KID, sign)
    parsed = cose.parse(raw)
    assert (parsed.tagged, parsed.alg, parsed.kid) == (True, alg, KID)
    assert (parsed.headers, parsed.unprotected) == ({1: alg, 4: KID}, {})
    assert parsed.payload == bytes(size)
    message = cose.to_be_signed(parsed.protected, parsed.payload)
    assert cose.pure_verifier(KEY, message, parsed.signature)
    assert not cose.pure_verifier(KEY, message + b"\x00", parsed.signature)


@given(st.binary(max_size=60), st.data())
def test_damage_is_malformed_or_the_envelope_of_what_is_signed(
    payload: bytes, draw: st.DataObject
) -> None:
    raw = bytearray(cose.sign1(payload, cose.ED25519, KID, lambda message: SIGNATURE))
    raw[draw.draw(st.integers(0, len(raw) - 1))] = draw.draw(st.integers(0, 255))
    try:
        parsed = cose.parse(bytes(raw))
    except Malformed:
        return
    body = [parsed.protected, parsed.unprotected, parsed.payload, parsed.signature]
    assert cbor.encode(Tag(18, body) if parsed.tagged else body) == raw


def test_a_detached_sign1_binds_what_stands_elsewhere_and_the_aad() -> None:
    link = b"\xd1\x01\x0fU\x04id.example.com"
    aad = cbor.encode(["tagwright", 1, 1, bytes(7)])
    parsed = cose.parse(cose.sign1_detached(link, cose.ED25519, KID, sign, aad))
    assert (parsed.tagged, parsed.payload) == (False, None)
    assert cose.pure_verifier(KEY, cose.to_be_signed(parsed.protected, link, aad), parsed.signature)
    assert not cose.pure_verifier(KEY, cose.to_be_signed(parsed.protected, link), parsed.signature)


MALFORMED = {
    "no array": cbor.encode(Tag(18, 5)),
    "an array of three": cbor.encode(Tag(18, [b"", {}, b""])),
    "an array of five": cbor.encode([b"", {}, b"", SIGNATURE, 0]),
    "another tag": cbor.encode(Tag(98, [b"", {}, b"", SIGNATURE])),
    "tag 61 around it": cbor.encode(Tag(61, Tag(18, [b"", {}, b"", SIGNATURE]))),
    "protected headers as a map": cbor.encode(Tag(18, [{}, {}, b"", SIGNATURE])),
    "protected headers that are no CBOR": sign1(b"\xff", {}, b"", SIGNATURE),
    "protected headers that are no map": sign1(b"\x80", {}, b"", SIGNATURE),
    "protected headers out of order": sign1(b"\xa2\x04\x41a\x01\x32", {}, b"", SIGNATURE),
    "unprotected headers as an array": sign1({1: -19}, [], b"", SIGNATURE),
    "a text payload": sign1({1: -19}, {}, "payload", SIGNATURE),
    "a signature of 63 bytes": sign1({1: -19}, {}, b"", bytes(63)),
    "a signature of 114 bytes": sign1({1: -8}, {}, b"", bytes(114)),
    "a text signature": sign1({1: -19}, {}, b"", "x" * 64),
    "one label twice": sign1({1: -19, 4: b"11"}, {4: b"12"}, b"", SIGNATURE),
    "alg True": sign1({1: True}, {}, b"", SIGNATURE),
    "alg as bytes": sign1({1: b"-19"}, {}, b"", SIGNATURE),
    "kid as text": sign1({1: -19, 4: "11"}, {}, b"", SIGNATURE),
    "unprotected kid as an integer": sign1({1: -19}, {4: 11}, b"", SIGNATURE),
    "crit unprotected": sign1({1: -19}, {2: [1]}, b"", SIGNATURE),
    "crit empty": sign1({1: -19, 2: []}, {}, b"", SIGNATURE),
    "crit as a number": sign1({1: -19, 2: 1}, {}, b"", SIGNATURE),
    "crit with an unknown label": sign1({1: -19, 2: [99], 99: 0}, {}, b"", SIGNATURE),
    "crit with an unknown text": sign1({1: -19, 2: ["exp"], "exp": 0}, {}, b"", SIGNATURE),
    "crit with a label that is absent": sign1({1: -19, 2: [4]}, {}, b"", SIGNATURE),
    "crit with an array": sign1({1: -19, 2: [[1]]}, {}, b"", SIGNATURE),
    "crit with True": sign1({1: -19, 2: [True]}, {}, b"", SIGNATURE),
}


@pytest.mark.parametrize("data", MALFORMED.values(), ids=MALFORMED.keys())
def test_what_is_no_sign1_is_malformed(data: bytes) -> None:
    with pytest.raises(Malformed):
        cose.parse(data)


def test_crit_over_known_headers_is_accepted() -> None:
    parsed = cose.parse(sign1({1: -19, 2: [1, 4], 4: KID}, {}, b"", SIGNATURE))
    assert parsed.kid == KID


def test_a_protected_kid_wins_and_an_unprotected_alg_counts_for_nothing() -> None:
    parsed = cose.parse(sign1(b"", {1: -19, 4: b"11"}, b"", SIGNATURE))
    assert (parsed.alg, parsed.kid, parsed.headers) == (None, b"11", {})
    assert cose.parse(sign1({1: -19}, {}, b"", SIGNATURE)).kid is None


def test_every_cut_is_truncated_and_every_tail_is_refused() -> None:
    for raw in (
        cose.sign1(bytes(40), cose.ED25519, KID, sign),
        cose.sign1(b"short", cose.EDDSA, KID, sign),
        cose.sign1_detached(b"link", cose.ED25519, KID, sign),
    ):
        for end in range(len(raw)):
            with pytest.raises(Truncated):
                cose.parse(raw[:end])
        with pytest.raises(Malformed):
            cose.parse(raw + b"\x00")


def test_the_ceiling_holds() -> None:
    raw = cose.sign1(bytes(100), cose.ED25519, KID, sign)
    assert cose.parse(raw, ceiling=len(raw)).payload == bytes(100)
    with pytest.raises(Malformed):
        cose.parse(raw, ceiling=len(raw) - 1)


@given(st.binary(max_size=120))
def test_random_bytes_are_malformed_and_nothing_else(data: bytes) -> None:
    for raw in (data, b"\xd2\x84" + data, b"\xd2\x84\x4d\xa2\x01\x32\x04\x48" + data):
        try:
            cose.parse(raw)
        except Malformed:
            pass


def test_the_thumbprint_is_that_of_rfc_9679() -> None:
    # RFC 9679, section 6: the example key, its canonical form and its SHA-256 thumbprint.
    x = bytes.fromhex("65eda5a12577c2bae829437fe338701a10aaa375e1bb5b5de108de439c08551d")
    y = bytes.fromhex("1e52ed75701163f7f9e40ddf9f341b3dc9ba860af7e0ca7ca7e9eecd0084d19c")
    assert cose.thumbprint(x + y).hex() == (
        "496bd8afadf307e5b08c64b0421bf9dc01528a344a43bda88fadd1669da253ec"
    )
    okp = hashlib.sha256(bytes.fromhex("a301012006215820") + KEY).digest()
    assert cose.thumbprint(KEY) == okp
    assert cose.kid(KEY) == okp[:8]
    with pytest.raises(ValueError, match="31"):
        cose.thumbprint(bytes(31))


def test_a_keys_length_pins_its_algorithm() -> None:
    allowed = {(alg, n) for alg in range(-60, 60) for n in (0, 31, 32, 33, 64) if _allowed(alg, n)}
    assert allowed == {(-19, 32), (-8, 32), (-9, 64)}
    assert not cose.alg_allowed(None, KEY)
    assert not cose.alg_allowed("Ed25519", KEY)


def test_the_pure_verifier_knows_ed25519_alone() -> None:
    assert not cose.pure_verifier(bytes(64), b"", SIGNATURE)
    assert not cose.pure_verifier(b"", b"", b"")


def test_a_signer_that_makes_no_64_bytes_is_a_bug() -> None:
    with pytest.raises(ValueError, match="64"):
        cose.sign1(b"", cose.ED25519, KID, lambda message: b"")


@pytest.mark.witness
@settings(max_examples=15, deadline=None)
@given(st.binary(min_size=32, max_size=32), st.binary(min_size=1, max_size=300))
def test_cryptography_verifies_our_signature_and_we_verify_its(seed: bytes, payload: bytes) -> None:
    private = Ed25519PrivateKey.from_private_bytes(seed)
    key = private.public_key().public_bytes_raw()
    ours = cose.parse(
        cose.sign1(payload, cose.ED25519, cose.kid(key), lambda m: ed25519.sign(seed, m))
    )
    Ed25519PublicKey.from_public_bytes(key).verify(
        ours.signature, cose.to_be_signed(ours.protected, payload)
    )
    theirs = cose.parse(cose.sign1(payload, cose.ED25519, cose.kid(key), private.sign))
    assert theirs.signature == ours.signature


@pytest.mark.witness
@pytest.mark.parametrize("alg", [cose.ED25519, cose.EDDSA])
@pytest.mark.parametrize("aad", [b"", b"04a1b2c3d4e5f6"])
def test_python_cwt_verifies_ours_and_we_verify_its(alg: int, aad: bytes) -> None:
    payload = cbor.encode({0: 1, 1: [0, 9520123456788, "A1"], 3: bytes(32)})
    private, public = _cwt_keys(alg)
    ours = cose.sign1(payload, alg, KID, sign, aad)
    assert COSE.new().decode(ours, public, external_aad=aad) == payload
    theirs = COSE.new().encode(
        payload,
        private,
        protected={COSEHeaders.ALG: alg, COSEHeaders.KID: KID},
        external_aad=aad,
    )
    parsed = cose.parse(theirs)
    assert parsed.payload == payload
    assert cose.alg_allowed(parsed.alg, KEY)
    assert cose.pure_verifier(
        KEY, cose.to_be_signed(parsed.protected, payload, aad), parsed.signature
    )
    assert theirs == ours


@pytest.mark.witness
def test_python_cwt_verifies_our_detached_sign1() -> None:
    link = b"\xd1\x01\x0fU\x04id.example.com"
    raw = cose.sign1_detached(link, cose.ED25519, KID, sign, b"uid")
    decoded = COSE.new().decode(  # it reads tagged messages alone
        b"\xd2" + raw, _cwt_keys(cose.ED25519)[1], external_aad=b"uid", detached_payload=link
    )
    assert decoded == link


def _allowed(alg: int, size: int) -> bool:
    return cose.alg_allowed(alg, bytes(size))


def _cwt_keys(alg: int) -> tuple[object, object]:
    private = Ed25519PrivateKey.from_private_bytes(SEED)
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    public = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    name = {cose.ED25519: "Ed25519", cose.EDDSA: "EdDSA"}[alg]
    return tuple(COSEKey.from_pem(part, alg=name, kid=KID) for part in (pem, public))  # type: ignore[return-value]
