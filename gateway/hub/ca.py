"""The hub's certificate authority: a small CA of its own for the hub's server and its gateways' clients.

FOLDER/authority.pem   the CA's certificate and private key (P-256), for their owner alone
FOLDER/ca.pem          the CA's certificate, which gateways trust
FOLDER/server.pem      the hub's own certificate and key, made anew in the last third of its life
"""

import asyncio
import ipaddress
import logging
import ssl
import time
import warnings
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from edge.errors import Malformed
from edge.trust import is_sound
from gateway import private_file
from gateway.config import ConfigProblem

log = logging.getLogger(__name__)

AUTHORITY, CERTIFICATE, SERVER = "authority.pem", "ca.pem", "server.pem"

ClientKey = Ed25519PublicKey | ec.EllipticCurvePublicKey

_AUTHORITY_LIFE = timedelta(days=3653)
_SERVER_LIFE = timedelta(days=397)
_BACKDATED = timedelta(hours=1)  # certificates count from so long before: clocks differ
_LOOK_S = 3600.0  # between two looks at the server's certificate
_CSR_CEILING = 8192  # bytes
_PEM = serialization.Encoding.PEM
_UNREADABLE = (  # what cryptography raises for a CSR that is none
    ValueError,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)


class Authority:
    """The CA in `folder`, made at its first use at `now` (Unix seconds); names: the hub's host names and addresses.

    Raises ConfigProblem where its files cannot be used.
    """

    def __init__(self, folder: Path, names: Sequence[str], now: float) -> None:
        self.server = folder / SERVER
        self.certificate = folder / CERTIFICATE
        self._names = x509.SubjectAlternativeName([_general(name) for name in names])
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not (folder / AUTHORITY).exists():
                private_file.create(folder / AUTHORITY, _new_authority(now))
            self._cert, self._key = _read(folder / AUTHORITY)
            self.pem = self._cert.public_bytes(_PEM)
            if not self.certificate.exists():
                private_file.replace(self.certificate, self.pem)
                self.certificate.chmod(0o644)
        except OSError as why:
            raise ConfigProblem(f"ca.folder: {folder} cannot be used: {why}") from why
        except (ValueError, UnsupportedAlgorithm) as why:
            raise ConfigProblem(
                f"ca.folder: {folder / AUTHORITY} is damaged ({why}): put back a copy of it"
            ) from why
        self.refresh(now)

    @property
    def pin(self) -> str:
        """SHA-256 of the CA's certificate (DER), in hex: what `tagwright enrol` holds it against."""
        return sha256(self._cert.public_bytes(serialization.Encoding.DER)).hexdigest()

    def issue(self, name: str, key: ClientKey, now: float, days: float) -> x509.Certificate:
        """A client certificate for the gateway `name`."""
        made = _builder(_name(name), self._cert.subject, key, now, timedelta(days=days))
        return (
            made.add_extension(_extended(ExtendedKeyUsageOID.CLIENT_AUTH), critical=False)
            .add_extension(_authority_id(self._key), critical=False)
            .sign(self._key, hashes.SHA256())
        )

    def refresh(self, now: float) -> bool:
        """Make the server's certificate anew where it is due; whether it was. Raises ConfigProblem."""
        try:
            if self.server.exists():
                cert, _ = _read(self.server)
                if not self._is_due(cert, now):
                    return False
        except (OSError, ValueError, UnsupportedAlgorithm) as why:
            log.warning("%s cannot be used (%s): a new one is made", self.server, why)
        key = ec.generate_private_key(ec.SECP256R1())
        subject = _name("tagwright hub")
        cert = (
            _builder(subject, self._cert.subject, key.public_key(), now, _SERVER_LIFE)
            .add_extension(_extended(ExtendedKeyUsageOID.SERVER_AUTH), critical=False)
            .add_extension(_authority_id(self._key), critical=False)
            .add_extension(self._names, critical=False)
            .sign(self._key, hashes.SHA256())
        )
        try:
            private_file.replace(self.server, cert.public_bytes(_PEM) + self.pem + _pkcs8(key))
        except OSError as why:
            raise ConfigProblem(f"ca.folder: cannot write {self.server}: {why}") from why
        return True

    async def keep(self, context: ssl.SSLContext) -> None:
        """Keep the server's certificate fresh for ever, in a listening server's context too."""
        while True:
            await asyncio.sleep(_LOOK_S)
            try:
                if self.refresh(time.time()):
                    context.load_cert_chain(self.server)
            except ConfigProblem as why:
                log.error("%s", why)

    def _is_due(self, cert: x509.Certificate, now: float) -> bool:
        named = cert.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        start, end = cert.not_valid_before_utc.timestamp(), cert.not_valid_after_utc.timestamp()
        is_ours = cert.issuer == self._cert.subject
        return now > start + (end - start) * 2 / 3 or named != self._names or not is_ours


def checked(csr: bytes, name: str) -> ClientKey:
    """The key of a certificate signing request (PEM, PKCS #10) for exactly `name`. Raises Malformed."""
    if len(csr) > _CSR_CEILING:
        raise Malformed(f"the CSR is larger than {_CSR_CEILING} bytes")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of names that are too long or short: ours is compared
            found = x509.load_pem_x509_csr(csr)
            is_signed, key = found.is_signature_valid, found.public_key()
            subject = [(each.oid, each.value) for each in found.subject]
            extensions = len(found.extensions)
    except (*_UNREADABLE, TypeError, UnsupportedAlgorithm) as why:
        raise Malformed(f"the CSR cannot be read: {why}") from why
    if not isinstance(key, ClientKey):
        raise Malformed("the CSR's key must be Ed25519 or P-256")
    if not is_sound(public_bytes(key)):
        raise Malformed("the CSR's key must be Ed25519 or P-256, and sound")
    if not is_signed:
        raise Malformed("the CSR is not signed by its own key")
    if subject != [(NameOID.COMMON_NAME, name)]:
        raise Malformed(f"the CSR must be for CN={name}, and for nothing else")
    if extensions:
        raise Malformed("the CSR must ask for its name alone, without extensions")
    return key


def public_bytes(key: ClientKey) -> bytes:
    """The key as our signatures know it: 32 bytes Ed25519, 64 bytes P-256 (b"": another curve)."""
    if isinstance(key, Ed25519PublicKey):
        return key.public_bytes_raw()
    if key.curve.name != "secp256r1":
        return b""
    numbers = key.public_numbers()
    return numbers.x.to_bytes(32, "big") + numbers.y.to_bytes(32, "big")


def _new_authority(now: float) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name(f"tagwright hub CA {sha256(_spki(key)).hexdigest()[:12]}")
    cert = (
        _builder(name, name, key.public_key(), now, _AUTHORITY_LIFE, is_authority=True)
        .add_extension(_authority_id(key), critical=False)
        .sign(key, hashes.SHA256())
    )
    return cert.public_bytes(_PEM) + _pkcs8(key)


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ClientKey,
    now: float,
    life: timedelta,
    is_authority: bool = False,
) -> x509.CertificateBuilder:
    at = datetime.fromtimestamp(now, UTC)
    usage = x509.KeyUsage(
        digital_signature=not is_authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=is_authority,
        crl_sign=is_authority,
        encipher_only=False,
        decipher_only=False,
    )
    constraints = x509.BasicConstraints(ca=is_authority, path_length=0 if is_authority else None)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(at - _BACKDATED)
        .not_valid_after(at + life)
        .add_extension(constraints, critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _read(path: Path) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    pem = path.read_bytes()
    key = serialization.load_pem_private_key(pem[pem.index(b"-----BEGIN PRIVATE KEY-----") :], None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise ValueError("its key is no P-256 key")
    cert = x509.load_pem_x509_certificate(pem)
    if cert.public_key() != key.public_key():
        raise ValueError("its certificate is for another key")
    return cert, key


def _authority_id(key: ec.EllipticCurvePrivateKey) -> x509.AuthorityKeyIdentifier:
    return x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key())


def _extended(usage: x509.ObjectIdentifier) -> x509.ExtendedKeyUsage:
    return x509.ExtendedKeyUsage([usage])


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _pkcs8(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(_PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


def _spki(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
