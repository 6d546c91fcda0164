"""Wycheproof's P-256 cases (P1363 form) against the gateway's verifier."""

import json

import pytest
from witness import vectors

from gateway.keys import verifier


def test_the_verifier_agrees_with_every_wycheproof_case() -> None:
    cases = json.loads((vectors("cose") / "wycheproof-p256-p1363.json").read_text())
    checked = 0
    for group in cases["testGroups"]:
        point = bytes.fromhex(group["publicKey"]["uncompressed"])[1:]
        for case in group["tests"]:
            found = verifier(point, bytes.fromhex(case["msg"]), bytes.fromhex(case["sig"]))
            assert found == (case["result"] == "valid"), case["tcId"]
            checked += 1
    assert checked == cases["numberOfTests"]


@pytest.mark.parametrize("key", [bytes(64), b"\xff" * 64])
def test_what_is_no_point_of_the_curve_verifies_nothing(key: bytes) -> None:
    assert not verifier(key, b"message", bytes(63) + b"\x01")
