"""Project Wycheproof's Ed25519 cases, for our own arithmetic, libsodium and OpenSSL alike."""

import json

import nacl.bindings
import nacl.exceptions
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from witness import vectors

from edge import ed25519

pytestmark = pytest.mark.witness


def test_all_151_wycheproof_cases_have_the_stated_answer() -> None:
    cases = 0
    for group in json.loads((vectors("ed25519") / "wycheproof.json").read_text())["testGroups"]:
        key = bytes.fromhex(group["publicKey"]["pk"])
        assert ed25519.is_sound(key)
        prepared = ed25519.PreparedKey(key)
        for case in group["tests"]:
            message, signature = bytes.fromhex(case["msg"]), bytes.fromhex(case["sig"])
            right = case["result"] == "valid"
            assert prepared.verify(message, signature) == right, case
            assert _libsodium(key, message, signature) == right, case
            assert _openssl(key, message, signature) == right, case
            cases += 1
    assert cases == 151


def _libsodium(key: bytes, message: bytes, signature: bytes) -> bool:
    if len(signature) != 64:
        return False
    try:
        nacl.bindings.crypto_sign_open(signature + message, key)
    except nacl.exceptions.BadSignatureError:
        return False
    return True


def _openssl(key: bytes, message: bytes, signature: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except InvalidSignature:
        return False
    return True
