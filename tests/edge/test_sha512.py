"""SHA-512 without hashlib, against FIPS 180-4's examples and hashlib."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.sha512 import Sha512Pure, sha512

# NIST, "Examples with Intermediate Values", SHA512.pdf, and SHA512_Additional.pdf (the long ones).
EXAMPLES = [
    (
        b"abc",
        "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
        "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
    ),
    (
        b"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn"
        b"hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
        "8e959b75dae313da8cf4f72814fc143f8f7779c6eb9f7fa17299aeadb6889018"
        "501d289e4900f7e4331b99dec4b5433ac7d329eeb6dd26545e96e55b874be909",
    ),
    (
        b"",
        "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce"
        "47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e",
    ),
]


def pure(message: bytes) -> bytes:
    digest = Sha512Pure()
    digest.update(message)
    return digest.digest()


@pytest.mark.parametrize(("message", "digest"), EXAMPLES)
@pytest.mark.parametrize("function", [pure, sha512])
def test_the_examples_of_nist(function: object, message: bytes, digest: str) -> None:
    assert function(message).hex() == digest  # type: ignore[operator]


def test_every_length_around_the_padding_agrees_with_hashlib() -> None:
    for size in [*range(100, 260), 383, 384, 1000]:
        message = bytes(i * 7 & 0xFF for i in range(size))
        assert pure(message) == hashlib.sha512(message).digest()


@given(st.binary(max_size=400))
def test_any_message_agrees_with_hashlib(message: bytes) -> None:
    assert pure(message) == hashlib.sha512(message).digest() == sha512(message)


@given(st.lists(st.binary(max_size=200), max_size=6))
def test_parts_have_the_digest_of_the_whole(parts: list[bytes]) -> None:
    digest = Sha512Pure()
    for part in parts:
        digest.update(part)
    assert digest.digest() == hashlib.sha512(b"".join(parts)).digest()
