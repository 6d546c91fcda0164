"""The COSE working group's Sign1 examples.

The examples state ES256 (-7), which RFC 9864 deprecates and our stubs never carry: what is tested with them is
the parser and the Sig_structure; the signature itself is cryptography's to verify.
"""

import base64
import json
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePublicNumbers,
)
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from witness import vectors

from edge import cose
from edge.errors import Malformed

pytestmark = pytest.mark.witness

ES256 = -7


def example(name: str) -> dict[str, Any]:
    return json.loads((vectors("cose") / f"{name}.json").read_text())  # type: ignore[no-any-return]


def test_the_ed25519_example_parses_and_verifies() -> None:
    vector = example("eddsa-sig-01")
    parsed = cose.parse(bytes.fromhex(vector["output"]["cbor"]))
    message = cose.to_be_signed(parsed.protected, parsed.payload or b"")
    key = bytes.fromhex(vector["input"]["sign0"]["key"]["x_hex"])
    assert (parsed.tagged, parsed.alg, parsed.kid) == (True, cose.EDDSA, b"11")
    assert parsed.payload == vector["input"]["plaintext"].encode()
    assert message == bytes.fromhex(vector["intermediates"]["ToBeSign_hex"])
    assert cose.alg_allowed(parsed.alg, key)
    assert cose.pure_verifier(key, message, parsed.signature)


def test_an_ed448_signature_is_malformed_here() -> None:
    with pytest.raises(Malformed, match="64"):
        cose.parse(bytes.fromhex(example("eddsa-sig-02")["output"]["cbor"]))


@pytest.mark.parametrize(
    ("name", "tagged", "alg"),
    [
        ("sign-pass-01", True, None),  # alg stands unprotected, protected is one byte a0
        ("sign-pass-02", True, ES256),  # external AAD
        ("sign-pass-03", False, ES256),
        ("cwt-a3", True, ES256),
    ],
)
def test_the_es256_examples_parse_and_verify(name: str, tagged: bool, alg: int | None) -> None:
    vector = example(name)
    parsed = cose.parse(bytes.fromhex(vector["output"]["cbor"]))
    assert (parsed.tagged, parsed.alg) == (tagged, alg)
    message = _message(vector, parsed)
    assert message == bytes.fromhex(vector["intermediates"]["ToBeSign_hex"])
    assert _p256(_key(vector), message, parsed.signature)
    assert not _p256(_key(vector), message + b"\x00", parsed.signature)


@pytest.mark.parametrize("name", ["sign-fail-02", "sign-fail-06", "sign-fail-07"])
def test_the_examples_that_were_changed_do_not_verify(name: str) -> None:
    vector = example(name)
    parsed = cose.parse(bytes.fromhex(vector["output"]["cbor"]))
    assert not _p256(_key(vector), _message(vector, parsed), parsed.signature)


def test_the_example_with_another_tag_is_malformed() -> None:
    with pytest.raises(Malformed, match="tag"):
        cose.parse(bytes.fromhex(example("sign-fail-01")["output"]["cbor"]))


@pytest.mark.parametrize(("name", "alg"), [("sign-fail-03", -999), ("sign-fail-04", "unknown")])
def test_the_examples_with_another_alg_are_not_allowed_for_the_key(
    name: str, alg: int | str
) -> None:
    vector = example(name)
    parsed = cose.parse(bytes.fromhex(vector["output"]["cbor"]))
    assert parsed.alg == alg
    assert not cose.alg_allowed(parsed.alg, _key(vector))


def _message(vector: dict[str, Any], parsed: cose.Sign1) -> bytes:
    aad = bytes.fromhex(vector["input"]["sign0"].get("external", ""))
    return cose.to_be_signed(parsed.protected, parsed.payload or b"", aad)


def _key(vector: dict[str, Any]) -> bytes:
    """x || y of the example's P-256 key, which it writes in hex or base64url."""
    key = vector["input"]["sign0"]["key"]
    if "x_hex" in key:
        return bytes.fromhex(key["x_hex"] + key["y_hex"])
    return b"".join(base64.urlsafe_b64decode(key[part] + "=") for part in "xy")


def _p256(key: bytes, message: bytes, signature: bytes) -> bool:
    x, y, r, s = (
        int.from_bytes(part, "big") for part in (key[:32], key[32:], signature[:32], signature[32:])
    )
    public = EllipticCurvePublicNumbers(x, y, SECP256R1()).public_key()
    try:
        public.verify(encode_dss_signature(r, s), message, ECDSA(SHA256()))
    except InvalidSignature:
        return False
    return True
