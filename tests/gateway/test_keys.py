"""Key files, signatures by either curve, and the trust list's pin."""

import json
from pathlib import Path

import pytest

from edge import cose
from edge.trust import Entry, TrustList
from gateway.keys import (
    DeviceKey,
    KeyProblem,
    TrustStore,
    open_key,
    public_key,
    read_card,
    verifier,
)

# RFC 8032 section 7.1, test 2
PUBLIC = bytes.fromhex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")
MESSAGE = b"\x72"
SIGNATURE = bytes.fromhex(
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
    "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
)
SMALL_ORDER = "01" + 31 * "00"


def entry(key: DeviceKey) -> Entry:
    return Entry(
        kid=key.kid,
        key=key.public,
        operator="NL-ACME",
        roles=("issuer",),
        valid_from=1_790_000_000,
        valid_to=None,
        revoked_since=None,
        gtin_prefixes=(),
        jurisdiction="",
    )


def test_the_verifier_agrees_with_rfc_8032() -> None:
    assert verifier(PUBLIC, MESSAGE, SIGNATURE)
    assert not verifier(PUBLIC, b"\x73", SIGNATURE)
    assert not verifier(PUBLIC, MESSAGE, SIGNATURE[:63])


@pytest.mark.parametrize(("curve", "alg"), [("ed25519", cose.ED25519), ("p256", cose.ESP256)])
def test_what_either_curve_signs_verifies(curve: str, alg: int) -> None:
    key = DeviceKey.generate(curve)
    signature = key.sign(b"stub")
    assert key.alg == alg
    assert len(signature) == 64
    assert verifier(key.public, b"stub", signature)
    assert not verifier(key.public, b"stuc", signature)


def test_a_key_file_opens_with_its_passphrase_alone(tmp_path: Path) -> None:
    made = DeviceKey.generate(operator="NL-ACME")
    made.save(tmp_path / "a.key", "swordfish")
    assert read_card(tmp_path / "a.key") == made.card
    assert open_key(tmp_path / "a.key", "swordfish").public == made.public
    with pytest.raises(KeyProblem, match="wrong passphrase"):
        open_key(tmp_path / "a.key", "marlin")
    with pytest.raises(KeyProblem, match="is encrypted"):
        open_key(tmp_path / "a.key", None)


def test_a_key_file_is_its_owners_alone_and_never_overwritten(tmp_path: Path) -> None:
    DeviceKey.generate().save(tmp_path / "a.key", None)
    assert (tmp_path / "a.key").stat().st_mode & 0o777 == 0o600
    with pytest.raises(KeyProblem, match="exists already"):
        DeviceKey.generate().save(tmp_path / "a.key", None)


def test_a_card_that_is_not_the_keys_own_is_refused(tmp_path: Path) -> None:
    made, other = DeviceKey.generate(), DeviceKey.generate()
    made.save(tmp_path / "a.key", None)
    text = (tmp_path / "a.key").read_text().replace(made.public.hex(), other.public.hex())
    (tmp_path / "a.key").write_text(text)
    with pytest.raises(KeyProblem, match="Public-Key line"):
        open_key(tmp_path / "a.key", None)


@pytest.mark.parametrize("text", [SMALL_ORDER, "00" * 31, "11" * 64, "nothing/there.key"])
def test_what_is_no_sound_public_key_is_refused(text: str) -> None:
    with pytest.raises(KeyProblem):
        public_key(text)


def test_a_trust_list_is_read_back_and_an_older_one_refused(tmp_path: Path) -> None:
    root, device = DeviceKey.generate(), DeviceKey.generate()
    path = tmp_path / "trust.cbor"
    store = TrustStore(path)
    store.save(TrustList(1, 1_790_000_000, 1_900_000_000, ()), root)
    first = path.read_bytes()
    store.save(TrustList(2, 1_790_000_001, 1_900_000_000, (entry(device),)), root)
    assert [each.key for each in store.load().entries] == [device.public]
    path.write_bytes(first)
    with pytest.raises(KeyProblem, match="list 2 was seen before"):
        store.load()


def test_a_verifier_far_from_the_root_learns_the_highest_number(tmp_path: Path) -> None:
    root = DeviceKey.generate()
    TrustStore(tmp_path / "trust.cbor").save(TrustList(7, 1, 2, ()), root)
    (tmp_path / "trust.cbor.pin").unlink()
    assert TrustStore(tmp_path / "trust.cbor", root.public).load().number == 7
    assert json.loads((tmp_path / "trust.cbor.pin").read_text())["number"] == 7


def test_a_list_by_another_root_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "trust.cbor"
    TrustStore(path).save(TrustList(1, 1, 2, ()), DeviceKey.generate())
    with pytest.raises(KeyProblem, match="no valid trust list"):
        TrustStore(path, DeviceKey.generate().public).load()


@pytest.mark.parametrize(
    "pin", ["", "[]", "{}", '{"root": 5, "number": 1}', '{"root": "zz", "number": 1}', '"x"']
)
def test_a_damaged_pin_is_told_and_does_not_let_an_older_list_in(tmp_path: Path, pin: str) -> None:
    path, root = tmp_path / "trust.cbor", DeviceKey.generate()
    TrustStore(path).save(TrustList(1, 1, 2, ()), root)
    (tmp_path / "trust.cbor.pin").write_text(pin)
    with pytest.raises(KeyProblem, match="pin"):
        TrustStore(path, root.public).load()


def test_a_list_without_a_known_root_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "trust.cbor"
    TrustStore(path).save(TrustList(1, 1, 2, ()), DeviceKey.generate())
    (tmp_path / "trust.cbor.pin").unlink()
    with pytest.raises(KeyProblem, match="no root key is known"):
        TrustStore(path).load()
