"""The hub's CA: made once, kept private, and strict with what it signs."""

import base64
import os
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from access_site import DAY, NOW
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as some
from witness import require

from edge.errors import Malformed
from gateway import identity
from gateway.config import ConfigProblem
from gateway.hub.ca import Authority, checked, public_bytes

PEM = serialization.Encoding.PEM
KEY = ed25519.Ed25519PrivateKey.generate()


def csr(
    *names: str,
    key: ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey = KEY,
    extension: x509.ExtensionType | None = None,
    oid: x509.ObjectIdentifier = NameOID.COMMON_NAME,
) -> bytes:
    subject = x509.Name([x509.NameAttribute(oid, name) for name in names])
    made = x509.CertificateSigningRequestBuilder().subject_name(subject)
    if extension is not None:
        made = made.add_extension(extension, critical=False)
    algorithm = None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    return made.sign(key, algorithm).public_bytes(PEM)


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_its_files_are_for_their_owner_and_the_certificate_for_all(tmp_path: Path) -> None:
    folder = tmp_path / "ca"
    Authority(folder, ["127.0.0.1"], NOW)
    assert mode(folder) == 0o700
    assert mode(folder / "authority.pem") == 0o600 and mode(folder / "server.pem") == 0o600
    assert mode(folder / "ca.pem") == 0o644
    assert b"PRIVATE" not in (folder / "ca.pem").read_bytes()
    assert sorted(path.name for path in folder.iterdir()) == [
        "authority.pem",
        "ca.pem",
        "server.pem",
    ]


def test_hubs_that_start_at_once_make_one_ca(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: Authority(tmp_path / "ca", ["localhost"], NOW), range(8)))
    assert len({each.pin for each in made}) == 1
    assert Authority(tmp_path / "ca", ["localhost"], NOW).pin == made[0].pin
    assert not [path for path in (tmp_path / "ca").iterdir() if path.name.startswith(".")]


def test_the_servers_certificate_is_made_anew_when_it_is_due(tmp_path: Path) -> None:
    authority = Authority(tmp_path, ["localhost"], NOW)
    first = authority.server.read_bytes()
    assert not authority.refresh(NOW + 250 * DAY)
    assert authority.refresh(NOW + 270 * DAY)
    second = authority.server.read_bytes()
    assert first != second
    Authority(tmp_path, ["localhost"], NOW + 271 * DAY)
    assert authority.server.read_bytes() == second
    Authority(tmp_path, ["localhost", "hub.example.com"], NOW + 271 * DAY)
    named = x509.load_pem_x509_certificate(authority.server.read_bytes())
    names = named.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["localhost", "hub.example.com"]


def test_a_servers_file_that_is_damaged_is_made_anew(tmp_path: Path) -> None:
    authority = Authority(tmp_path, ["localhost"], NOW)
    for junk in (b"", b"junk", authority.server.read_bytes()[:300]):
        authority.server.write_bytes(junk)
        Authority(tmp_path, ["localhost"], NOW)
        assert len(authority.server.read_bytes()) > 1000


def test_a_ca_that_is_damaged_or_cannot_be_written_is_a_problem(tmp_path: Path) -> None:
    folder = tmp_path / "ca"
    Authority(folder, ["localhost"], NOW)
    whole = (folder / "authority.pem").read_bytes()
    other = Authority(tmp_path / "other", ["localhost"], NOW)
    key = (tmp_path / "other" / "authority.pem").read_bytes()
    mixed = whole[: whole.index(b"-----BEGIN PRIVATE")] + key[key.index(b"-----BEGIN PRIVATE") :]
    for junk in (b"", whole[:200], mixed, identity._pem(KEY)):
        (folder / "authority.pem").write_bytes(junk)
        with pytest.raises(ConfigProblem, match=r"ca\.folder"):
            Authority(folder, ["localhost"], NOW)
    assert other.pin
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ConfigProblem, match=r"ca\.folder"):
        Authority(tmp_path / "file", ["localhost"], NOW)


def test_a_csr_for_the_name_gives_its_key() -> None:
    assert public_bytes(checked(csr("line1"), "line1")) == KEY.public_key().public_bytes_raw()
    key = ec.generate_private_key(ec.SECP256R1())
    assert len(public_bytes(checked(csr("line1", key=key), "line1"))) == 64


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (csr("line2"), "must be for CN=line1"),
        (csr("line1", "line1"), "must be for CN=line1"),
        (csr(), "must be for CN=line1"),
        (csr("line1", oid=NameOID.ORGANIZATION_NAME), "must be for CN=line1"),
        (csr("line1", extension=x509.BasicConstraints(True, None)), "without extensions"),
        (
            csr("line1", extension=x509.SubjectAlternativeName([x509.DNSName("hub")])),
            "without extensions",
        ),
        (csr("line1", key=rsa.generate_private_key(65537, 2048)), "Ed25519 or P-256"),
        (csr("line1", key=ec.generate_private_key(ec.SECP384R1())), "Ed25519 or P-256"),
        (csr("line1", key=ec.generate_private_key(ec.SECP256K1())), "Ed25519 or P-256"),
        (b"", "cannot be read"),
        (b"x" * 8193, "larger than"),
    ],
)
def test_a_csr_for_anything_else_is_malformed(data: bytes, sentence: str) -> None:
    with pytest.raises(Malformed, match=sentence):
        checked(data, "line1")


def der_of(data: bytes) -> bytes:
    return x509.load_pem_x509_csr(data).public_bytes(serialization.Encoding.DER)


def pem_of(der: bytes) -> bytes:
    return b"-----BEGIN CERTIFICATE REQUEST-----\n%s-----END CERTIFICATE REQUEST-----\n" % (
        base64.encodebytes(der)
    )


def test_a_csr_that_its_own_key_has_not_signed_is_malformed() -> None:
    der = bytearray(der_of(csr("line1")))
    der[-1] ^= 1
    with pytest.raises(Malformed, match="not signed by its own key"):
        checked(pem_of(bytes(der)), "line1")


def test_a_key_of_small_order_is_malformed() -> None:
    """OpenSSL takes any signature for the identity point; no signature by such a key says anything."""
    raw = KEY.public_key().public_bytes_raw()
    der = der_of(csr("line1")).replace(raw, bytes([1]) + bytes(31))
    with pytest.raises(Malformed, match="sound"):
        checked(pem_of(der), "line1")


@given(some.binary(max_size=300), some.integers(0, 200), some.integers(1, 255))
def test_any_bytes_are_a_csr_or_malformed(junk: bytes, place: int, flip: int) -> None:
    der = bytearray(der_of(csr("line1")))
    der[place % len(der)] ^= flip
    for data in (junk, pem_of(junk), pem_of(bytes(der))):
        with pytest.raises(Malformed):
            checked(data, "line1")


@pytest.mark.witness
def test_openssl_takes_the_chain_for_what_it_is_for(tmp_path: Path) -> None:
    openssl = shutil.which("openssl")
    require(openssl, "openssl")
    authority = Authority(tmp_path / "ca", ["localhost"], NOW)
    client = authority.issue("line1", KEY.public_key(), NOW, 7.0)
    (tmp_path / "client.pem").write_bytes(client.public_bytes(PEM))
    for path, purpose, is_good in (
        (tmp_path / "client.pem", "sslclient", True),
        (tmp_path / "client.pem", "sslserver", False),
        (authority.server, "sslserver", True),
        (authority.server, "sslclient", False),
    ):
        words = ["-x509_strict", "-attime", str(NOW), "-purpose", purpose]
        ran = subprocess.run(
            [str(openssl), "verify", "-CAfile", authority.certificate, *words, path],
            capture_output=True,
            check=False,
            env=os.environ,
        )
        assert (ran.returncode == 0) is is_good, ran.stderr
