"""SHA-512 without hashlib, whole and part by part."""

from edge.sha512 import Sha512, Sha512Pure, sha512

ABC = (
    "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
    "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"
)
LONG = b"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn" + (
    b"hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu"
)
LONG_DIGEST = (
    "8e959b75dae313da8cf4f72814fc143f8f7779c6eb9f7fa17299aeadb6889018"
    "501d289e4900f7e4331b99dec4b5433ac7d329eeb6dd26545e96e55b874be909"
)


def test_the_examples_of_fips_180_4():
    assert sha512(b"abc").hex() == ABC
    assert sha512(LONG).hex() == LONG_DIGEST
    for kind in (Sha512, Sha512Pure):
        digest = kind()
        digest.update(b"abc")
        assert digest.digest().hex() == ABC


def test_a_message_in_parts_has_the_digest_of_the_whole():
    message = bytes([i * 7 & 0xFF for i in range(300)])
    whole = sha512(message)
    for size in (1, 7, 64, 127, 128, 129, 300):
        for kind in (Sha512, Sha512Pure):
            digest = kind()
            for at in range(0, 300, size):
                digest.update(memoryview(message)[at : at + size])
            assert digest.digest() == whole


def test_a_message_goes_on_after_its_digest_was_asked():
    digest = Sha512Pure()
    digest.update(b"ab")
    digest.digest()
    digest.update(b"c")
    assert digest.digest().hex() == ABC
