"""Who a gateway is to its hub: a key and the certificate that the hub's CA gave it, in one file.

FOLDER/identity.pem   the certificate, then its private key (PKCS #8), for their owner alone; replaced in one rename
FOLDER/ca.pem         the hub's CA
FOLDER/pending.key    the key of the next certificate, from before it is asked for until it is here

A renewal makes a new key: who has stolen the old one has at most what is left of its certificate's days. The new key
is on disk before the hub hears of it, so that a crash or a lost answer at any point leaves the old identity, and a
second try asks for the very same certificate.
"""

import logging
from collections.abc import Callable
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.x509.oid import NameOID

from gateway import private_file

log = logging.getLogger(__name__)

IDENTITY, AUTHORITY, PENDING = "identity.pem", "ca.pem", "pending.key"

_BATCH = b"tagwright batch\0"  # what a signature over a batch begins with
_RENEWED_AFTER = 2 / 3  # of a certificate's life
_LARGEST = 64 << 10  # bytes of a file of ours


class IdentityProblem(Exception):
    """The files of an identity cannot be used; the text says which, and what to do."""


class Identity:
    """cert: the certificate; key: its private key, whose public half it names, else ValueError."""

    def __init__(self, cert: x509.Certificate, key: Ed25519PrivateKey) -> None:
        if _raw(cert) != key.public_key().public_bytes_raw():
            raise ValueError("the certificate is for another key")
        self.cert = cert
        self._key = key

    @property
    def name(self) -> str:
        """The gateway's name."""
        (found,) = self.cert.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        return str(found.value)

    @property
    def not_after(self) -> float:
        """Unix seconds at which the certificate ends."""
        return self.cert.not_valid_after_utc.timestamp()

    def sign(self, data: bytes) -> bytes:
        """The signature over a batch, 64 bytes Ed25519: what Gateways.verify looks at."""
        return self._key.sign(signed(data))

    @property
    def renewal_at(self) -> float:
        """Unix seconds at which two thirds of the certificate's life are over."""
        start = self.cert.not_valid_before_utc.timestamp()
        return start + (self.not_after - start) * _RENEWED_AFTER

    def needs_renewal(self, now: float) -> bool:
        """Whether it should be renewed at `now` (Unix seconds)."""
        return now >= self.renewal_at


class IdentityFile:
    """The identity in a folder as its file says now. Raises IdentityProblem where it cannot be read at first."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._stamp = self._look()
        self._identity = load(folder)

    def current(self) -> Identity:
        """The newest identity; costs one stat() where nothing has changed. One that cannot be read is told."""
        stamp = self._look()
        if stamp != self._stamp:
            self._stamp = stamp
            try:
                self._identity = load(self.folder)
            except IdentityProblem as why:
                log.error("the identity before stays in use: %s", why)
        return self._identity

    def sign(self, data: bytes) -> bytes:
        """The current identity's signature over a batch."""
        return self.current().sign(data)

    def _look(self) -> tuple[int, int] | None:
        try:
            found = (self.folder / IDENTITY).stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_ino


def signed(data: bytes) -> bytes:
    """The bytes that a gateway's signature over a batch covers."""
    return _BATCH + data


def load(folder: Path) -> Identity:
    """The identity in a folder. Raises IdentityProblem."""
    path = folder / IDENTITY
    pem = _read(path)
    try:
        return Identity(x509.load_pem_x509_certificate(pem), _key(_section(pem), path))
    except (ValueError, UnsupportedAlgorithm) as why:
        raise IdentityProblem(f"{path} is damaged ({why}): enrol anew") from why


def pending(
    folder: Path, make: Callable[[], Ed25519PrivateKey] = Ed25519PrivateKey.generate
) -> Ed25519PrivateKey:
    """The key of the certificate that is to be asked for: made and durable now, unless it is waiting already.

    Raises IdentityProblem.
    """
    path = folder / PENDING
    try:
        if path.exists() and _is_adopted(folder, _key(_read(path), path)):
            path.unlink()  # the last renewal ended just before it did this
        private_file.create(path, _pem(make()))
    except OSError as why:
        raise IdentityProblem(f"cannot write {path}: {why.strerror}") from why
    return _key(_read(path), path)


def request(name: str, key: Ed25519PrivateKey) -> bytes:
    """The certificate signing request for `name`, PEM (PKCS #10)."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, None)
    return made.public_bytes(serialization.Encoding.PEM)


def adopt(folder: Path, cert: bytes, authority: bytes) -> Identity:
    """Make the pending key and its certificate (PEM) the folder's identity, in one step; authority: the hub's CA, PEM.

    Raises IdentityProblem; the identity before stands then.
    """
    key = pending(folder)
    try:
        found = Identity(x509.load_pem_x509_certificate(cert), key)
    except (ValueError, UnsupportedAlgorithm) as why:
        raise IdentityProblem(f"the hub's certificate cannot be used: {why}") from why
    whole = found.cert.public_bytes(serialization.Encoding.PEM) + _pem(key)
    try:
        private_file.replace(folder / AUTHORITY, authority)
        private_file.replace(folder / IDENTITY, whole)
        (folder / PENDING).unlink()
    except OSError as why:
        raise IdentityProblem(f"cannot write into {folder}: {why.strerror}") from why
    return found


def _is_adopted(folder: Path, key: Ed25519PrivateKey) -> bool:
    """Whether this pending key is the identity's already."""
    if not (folder / IDENTITY).exists():
        return False
    return _raw(load(folder).cert) == key.public_key().public_bytes_raw()


def _key(pem: bytes, path: Path) -> Ed25519PrivateKey:
    try:
        key = serialization.load_pem_private_key(pem, None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as why:
        raise IdentityProblem(f"{path} is damaged ({why}): remove it, and enrol anew") from why
    if not isinstance(key, Ed25519PrivateKey):
        raise IdentityProblem(f"{path} holds no Ed25519 key: remove it, and enrol anew")
    return key


def _pem(key: Ed25519PrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _section(pem: bytes) -> bytes:
    """The private key's part of a file."""
    return pem[pem.index(b"-----BEGIN PRIVATE KEY-----") :]


def _raw(cert: x509.Certificate) -> bytes:
    return cert.public_key().public_bytes(
        serialization.Encoding.Raw, serialization.PublicFormat.Raw
    )


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_LARGEST)
    except OSError as why:
        raise IdentityProblem(
            f"cannot read {path}: {why.strerror}: `tagwright enrol` makes an identity"
        ) from why
