"""A gateway's identity on disk: private, whole or not at all, and whole again after a crash at any point."""

import os
import resource
from pathlib import Path

import pytest
from access_site import DAY, NOW
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway import identity, private_file
from gateway.hub.ca import Authority, checked
from gateway.identity import AUTHORITY, IDENTITY, PENDING, Identity, IdentityFile, IdentityProblem
from gateway.keys import verifier


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "ca", ["localhost"], NOW)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "identity"
    made.mkdir()
    return made


def answer(authority: Authority, folder: Path, now: float = NOW) -> bytes:
    """The hub's certificate for the pending key, PEM."""
    csr = identity.request("line1", identity.pending(folder))
    cert = authority.issue("line1", checked(csr, "line1"), now, 6.0)
    return cert.public_bytes(serialization.Encoding.PEM)


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_an_identity_is_one_private_file(authority: Authority, folder: Path) -> None:
    made = identity.adopt(folder, answer(authority, folder), authority.pem)
    assert sorted(path.name for path in folder.iterdir()) == [AUTHORITY, IDENTITY]
    assert mode(folder / IDENTITY) == 0o600
    found = identity.load(folder)
    assert (found.name, found.cert) == ("line1", made.cert)
    assert found.not_after == NOW + 6 * DAY
    key = made.cert.public_key().public_bytes(
        serialization.Encoding.Raw, serialization.PublicFormat.Raw
    )
    assert verifier(key, identity.signed(b"data"), found.sign(b"data"))
    assert not verifier(key, b"data", found.sign(b"data"))


def test_a_pending_key_is_private_and_waits(folder: Path) -> None:
    first = identity.pending(folder).private_bytes_raw()
    assert mode(folder / PENDING) == 0o600
    assert identity.pending(folder).private_bytes_raw() == first


def test_renewal_is_due_after_two_thirds(authority: Authority, folder: Path) -> None:
    made = identity.adopt(folder, answer(authority, folder), authority.pem)
    start = made.cert.not_valid_before_utc.timestamp()
    due = start + (made.not_after - start) * 2 / 3
    assert not made.needs_renewal(due - 1)
    assert made.needs_renewal(due)
    assert made.needs_renewal(made.not_after + DAY)
    assert made.renewal_at == due


def test_a_crash_before_the_answer_leaves_the_old_identity_and_the_same_key(
    authority: Authority, folder: Path
) -> None:
    old = identity.adopt(folder, answer(authority, folder), authority.pem)
    asked = identity.pending(folder).private_bytes_raw()  # and here it dies
    assert identity.load(folder).cert == old.cert
    assert identity.pending(folder).private_bytes_raw() == asked


def test_a_crash_before_the_pending_key_is_removed_does_not_use_it_twice(
    authority: Authority, folder: Path
) -> None:
    answer(authority, folder)
    key = (folder / PENDING).read_bytes()
    made = identity.adopt(folder, answer(authority, folder), authority.pem)
    private_file.replace(folder / PENDING, key)  # as if it had died just before unlink
    assert identity.load(folder).cert == made.cert
    assert identity._pem(identity.pending(folder)) != key


def test_an_answer_for_another_key_changes_nothing(authority: Authority, folder: Path) -> None:
    made = identity.adopt(folder, answer(authority, folder), authority.pem)
    other = authority.issue("line1", Ed25519PrivateKey.generate().public_key(), NOW, 6.0)
    p256 = authority.issue("line1", ec.generate_private_key(ec.SECP256R1()).public_key(), NOW, 6)
    for cert in (other, p256):
        with pytest.raises(IdentityProblem, match="cannot be used"):
            identity.adopt(folder, cert.public_bytes(serialization.Encoding.PEM), authority.pem)
    with pytest.raises(IdentityProblem, match="cannot be used"):
        identity.adopt(folder, b"junk", authority.pem)
    assert identity.load(folder).cert == made.cert


def test_a_file_that_is_damaged_is_a_problem_with_a_remedy(
    authority: Authority, folder: Path
) -> None:
    with pytest.raises(IdentityProblem, match="tagwright enrol"):
        identity.load(folder)
    identity.adopt(folder, answer(authority, folder), authority.pem)
    whole = (folder / IDENTITY).read_bytes()
    at = whole.index(b"-----BEGIN PRIVATE")
    other = identity._pem(Ed25519PrivateKey.generate())
    for junk in (b"", whole[:100], whole[:at], whole[at:], whole[:-40], whole[:at] + other):
        (folder / IDENTITY).write_bytes(junk)
        with pytest.raises(IdentityProblem, match="enrol anew"):
            identity.load(folder)
    (folder / PENDING).write_bytes(b"junk")
    with pytest.raises(IdentityProblem, match="remove it"):
        identity.pending(folder)


def test_a_certificate_and_a_key_that_differ_are_no_identity(authority: Authority) -> None:
    key = Ed25519PrivateKey.generate()
    cert = authority.issue("line1", key.public_key(), NOW, 6.0)
    assert Identity(cert, key)
    with pytest.raises(ValueError, match="another key"):
        Identity(cert, Ed25519PrivateKey.generate())


def test_whoever_holds_the_file_signs_with_the_newest_key(
    authority: Authority, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    identity.adopt(folder, answer(authority, folder), authority.pem)
    held = IdentityFile(folder)
    before = held.sign(b"x")
    assert held.sign(b"x") == before
    identity.adopt(folder, answer(authority, folder, NOW + DAY), authority.pem)
    assert held.sign(b"x") != before
    assert held.current().cert == identity.load(folder).cert
    after = held.sign(b"x")
    (folder / IDENTITY).write_bytes(b"junk")
    assert held.sign(b"x") == after
    assert "stays in use" in caplog.text


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "kept"
    private_file.replace(path, b"one")
    before = os.umask(0)
    try:
        private_file.replace(path, b"two")
    finally:
        os.umask(before)
    assert path.read_bytes() == b"two" and mode(path) == 0o600
    assert not private_file.create(path, b"three")
    assert path.read_bytes() == b"two"
    assert private_file.create(tmp_path / "new", b"four")
    with pytest.raises(OSError):
        private_file.replace(tmp_path / "missing" / "file", b"five")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["kept", "new"]


def test_a_disk_that_takes_no_more_leaves_the_old_file_and_no_litter(tmp_path: Path) -> None:
    path = tmp_path / "kept"
    private_file.replace(path, b"one")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, hard))
    try:
        for write in (private_file.replace, private_file.create):
            with pytest.raises(OSError):
                write(path, bytes(100))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    folder = tmp_path / "folder"
    folder.mkdir()
    with pytest.raises(OSError):
        private_file.replace(folder, b"two")
    assert path.read_bytes() == b"one"
    assert sorted(each.name for each in tmp_path.iterdir()) == ["folder", "kept"]


def test_the_request_says_the_name_and_nothing_else() -> None:
    csr = x509.load_pem_x509_csr(identity.request("line1", Ed25519PrivateKey.generate()))
    assert csr.subject.rfc4514_string() == "CN=line1" and not len(csr.extensions)
