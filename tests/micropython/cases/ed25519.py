"""Ed25519 without a library: a stub is signed and verified inside the handheld's heap."""

from expect import raises

from edge import cose, ed25519

# RFC 8032, 7.1, TEST 3
SEED = bytes.fromhex("c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7")
KEY = bytes.fromhex("fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025")
SIGNATURE = bytes.fromhex(
    "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
    "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"
)
L = 2**252 + 27742317777372353535851937790883648493


def test_the_vector_of_rfc_8032():
    assert ed25519.public_key(SEED) == KEY
    assert ed25519.sign(SEED, b"\xaf\x82") == SIGNATURE
    assert ed25519.verify(KEY, b"\xaf\x82", SIGNATURE)
    assert not ed25519.verify(KEY, b"\xaf\x83", SIGNATURE)


def test_a_stub_is_verified_again_and_again_with_one_table():
    raw = cose.sign1(
        bytes(range(140)), cose.ED25519, cose.kid(KEY), lambda m: ed25519.sign(SEED, m)
    )
    parsed = cose.parse(raw)
    message = cose.to_be_signed(parsed.protected, parsed.payload)
    assert cose.pure_verifier(KEY, message, parsed.signature)
    prepared = ed25519.PreparedKey(KEY)
    for _ in range(10):
        assert prepared.verify(message, parsed.signature)
    for place in (0, 31, 32, 63):
        torn = bytearray(parsed.signature)
        torn[place] ^= 1
        assert not prepared.verify(message, bytes(torn))


def test_an_s_that_is_not_reduced_is_refused():
    s = int.from_bytes(SIGNATURE[32:], "little") + L
    assert not ed25519.verify(KEY, b"\xaf\x82", SIGNATURE[:32] + s.to_bytes(32, "little"))


def test_keys_that_are_not_sound_are_refused():
    assert ed25519.is_sound(KEY)
    for key in (
        (1).to_bytes(32, "little"),
        bytes(32),
        bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"),
        (2**255 - 19 + 3).to_bytes(32, "little"),
        (2**255 - 1).to_bytes(32, "little"),
        (2).to_bytes(32, "little"),
        b"short",
    ):
        assert not ed25519.is_sound(key)
    raises(ValueError, ed25519.public_key, b"short")


def test_a_message_in_parts_and_a_check_in_steps_answer_as_the_whole():
    prepared = ed25519.PreparedKey(KEY)
    for message, good in ((b"\xaf\x82", True), (b"\xaf\x83", False)):
        check = prepared.begin(SIGNATURE)
        for byte in message:
            check.update(bytes((byte,)))
        assert answer(check.steps()) is good
        assert answer(prepared.steps(message, SIGNATURE)) is good
    for signature in (b"", SIGNATURE[:63], bytes(64), bytes(32) + b"\xff" * 32):
        assert answer(prepared.steps(b"\xaf\x82", signature)) is False


def answer(steps):
    turns = 0
    while True:
        try:
            assert next(steps) is None
            turns += 1
        except StopIteration as end:
            return end.value
