"""Ed25519 in plain integers against RFC 8032's vectors, libsodium and OpenSSL."""

import hashlib
import importlib.util
import sys
import types
from collections.abc import Generator

import nacl.bindings
import nacl.exceptions
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.ed25519 import PreparedKey, is_sound, public_key, sign, verify

# RFC 8032, 7.1: secret key, public key, message, signature.
VECTORS = {
    "TEST 1": (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
        "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    "TEST 2": (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    "TEST 3": (
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
        "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
    "TEST SHA(abc)": (
        "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
        "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
        "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
        "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
        "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b589"
        "09351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704",
    ),
}

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493

# All points of order 1, 2, 4 and 8, canonical (the list of RFC 7748's and libsodium's blocklists).
SMALL_ORDER = [
    "0100000000000000000000000000000000000000000000000000000000000000",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
]
ORDER_8 = bytes.fromhex(SMALL_ORDER[6])

seeds = st.binary(min_size=32, max_size=32)


@pytest.mark.parametrize("vector", VECTORS.values(), ids=VECTORS.keys())
def test_the_vectors_of_rfc_8032(vector: tuple[str, str, str, str]) -> None:
    seed, key, message, signature = (bytes.fromhex(part) for part in vector)
    assert public_key(seed) == key
    assert sign(seed, message) == signature
    assert verify(key, message, signature)
    assert is_sound(key)


@settings(max_examples=25, deadline=None)
@given(seeds, st.binary(max_size=300))
def test_libsodium_and_openssl_make_the_same_keys_and_signatures(
    seed: bytes, message: bytes
) -> None:
    key, secret = nacl.bindings.crypto_sign_seed_keypair(seed)
    openssl = Ed25519PrivateKey.from_private_bytes(seed)
    signature = sign(seed, message)
    assert public_key(seed) == key == openssl.public_key().public_bytes_raw()
    assert signature == openssl.sign(message)
    assert signature + message == nacl.bindings.crypto_sign(message, secret)
    assert verify(key, message, signature)


def test_one_bit_anywhere_breaks_a_signature() -> None:
    seed, message = bytes(range(32)), b"a stub"
    key, signature = public_key(seed), sign(seed, message)
    prepared = PreparedKey(key)
    for place in range(64):
        torn = bytearray(signature)
        torn[place] ^= 1 << place % 8
        assert not prepared.verify(message, bytes(torn))
    assert not prepared.verify(message + b"\x00", signature)
    assert prepared.verify(message, signature)


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=40), st.binary(max_size=10), st.binary(max_size=70))
def test_wrong_bytes_are_false_and_never_an_exception(
    key: bytes, message: bytes, sig: bytes
) -> None:
    assert verify(key, message, sig) is False


def test_an_s_that_is_not_reduced_is_refused() -> None:
    seed, message = bytes(32), b"malleable"
    key, signature = public_key(seed), sign(seed, message)
    s = int.from_bytes(signature[32:], "little")
    for more in (L, 2 * L, 7 * L):
        assert not verify(key, message, signature[:32] + (s + more).to_bytes(32, "little"))


@pytest.mark.parametrize("text", SMALL_ORDER)
def test_keys_of_small_order_are_not_sound_and_verify_nothing(text: str) -> None:
    key = bytes.fromhex(text)
    assert not is_sound(key)
    # S = 0 and R = neutral: what OpenSSL takes under the neutral key for any message.
    forged = bytes.fromhex(SMALL_ORDER[0]) + bytes(32)
    assert not verify(key, b"any message", forged)


@pytest.mark.parametrize("y", [P, P + 1, P + 3, P + 18, 2**255 - 1])
@pytest.mark.parametrize("sign_bit", [0, 1])
def test_encodings_that_are_not_canonical_are_not_sound(y: int, sign_bit: int) -> None:
    assert not is_sound((y | sign_bit << 255).to_bytes(32, "little"))


@pytest.mark.parametrize(
    "key",
    [b"", bytes(31), bytes(33), (2).to_bytes(32, "little"), (1 | 1 << 255).to_bytes(32, "little")],
)
def test_what_is_no_point_is_not_sound(key: bytes) -> None:
    assert not is_sound(key)


@pytest.mark.parametrize("mixed_key", [False, True])
@pytest.mark.parametrize("r", [0, 5])
@pytest.mark.parametrize("mixed_r", [False, True])
def test_signatures_with_a_torsion_part_are_judged_as_libsodium_does(
    mixed_key: bool, r: int, mixed_r: bool
) -> None:
    """A signer can add a point of order 8 to its key or R; with and without a cofactor then disagree."""
    a = 1234567
    key = _sum(a, mixed_key)
    big_r = _sum(r, mixed_r)
    answers = set()
    for number in range(24):
        message = bytes((number,))
        h = int.from_bytes(hashlib.sha512(big_r + key + message).digest(), "little")
        signature = big_r + ((r + h * a) % L).to_bytes(32, "little")
        ours = verify(key, message, signature)
        assert ours == _libsodium(key, message, signature)
        answers.add(ours)
    assert answers == {
        (False, 5, False): {True},
        (True, 5, False): {True, False},
        (False, 5, True): {False},
        (True, 5, True): {True, False},
    }.get((mixed_key, r, mixed_r), {False})


def test_a_check_in_steps_yields_often_and_answers_as_the_whole() -> None:
    seed, message = bytes(range(32)), b"in parts"
    key, signature = PreparedKey(public_key(seed)), sign(seed, message)
    for said, good in ((message, True), (message + b".", False)):
        check = key.begin(signature)
        for byte in said:
            check.update(bytes((byte,)))
        turns, answer = _turns(check.steps())
        assert answer is good
        assert turns > 10
        assert _turns(key.steps(said, signature)) == (18, good)


def test_a_boards_module_in_c_checks_what_is_in_one_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def answer(key: bytes, message: bytes, signature: bytes) -> bool:
        asked.append((key, message, signature))
        return message == b"good"

    module = types.ModuleType("tagwright_ed25519")
    module.verify = answer  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "tagwright_ed25519", module)
    spec = importlib.util.find_spec("edge.ed25519")
    assert spec and spec.loader
    ours = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(ours)
    assert ours.verify(bytes(32), b"good", bytes(64))
    assert not ours.PreparedKey(bytes(32)).verify(b"bad", bytes(64))
    assert [each[1] for each in asked] == [b"good", b"bad"]


def test_a_seed_of_another_length_is_a_bug_of_the_caller() -> None:
    for call in (lambda: public_key(bytes(31)), lambda: sign(bytes(33), b"")):
        with pytest.raises(ValueError, match="32"):
            call()


def _turns(steps: Generator[None, None, bool]) -> tuple[int, bool]:
    turns = 0
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return turns, end.value
        turns += 1


def _sum(scalar: int, mixed: bool) -> bytes:
    """scalar * B, plus a point of order 8 where `mixed`: by the curve's plain equations."""
    point, power = (0, 1), _BASE
    while scalar:
        if scalar & 1:
            point = _plus(point, power)
        power = _plus(power, power)
        scalar >>= 1
    if mixed:
        y = int.from_bytes(ORDER_8, "little") & (1 << 255) - 1
        square = (y * y - 1) * pow(_D * y * y + 1, -1, P) % P
        x = pow(square, (P + 3) // 8, P)
        if x * x % P != square:
            x = x * pow(2, (P - 1) // 4, P) % P
        assert x * x % P == square
        point = _plus(point, (x, y))
    return (point[1] | (point[0] & 1) << 255).to_bytes(32, "little")


_D = -121665 * pow(121666, -1, P) % P
_BASE = (
    15112221349535400772501151409588531511454012693041857206046113283949847762202,
    4 * pow(5, -1, P) % P,
)


def _plus(p: tuple[int, int], q: tuple[int, int]) -> tuple[int, int]:
    (x, y), (u, v) = p, q
    k = _D * x * y * u * v
    return (x * v + u * y) * pow(1 + k, -1, P) % P, (y * v + x * u) * pow(1 - k, -1, P) % P


def _libsodium(key: bytes, message: bytes, signature: bytes) -> bool:
    try:
        nacl.bindings.crypto_sign_open(signature + message, key)
    except nacl.exceptions.BadSignatureError:
        return False
    return True
