"""Device keys in key files, the signature check, and the trust list as it is kept on disk.

A key file is a PKCS #8 PEM (RFC 5958), encrypted unless its maker asked otherwise, under a few plain lines
that name the kid, the public key and the operator, so that showing or trusting a key needs no passphrase.
Ed25519 signs and verifies through libsodium (PyNaCl), P-256 through OpenSSL (cryptography).
"""

import json
import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import nacl.bindings
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from nacl._sodium import ffi, lib  # private, for `verifier`: 2 % faster than nacl.bindings

from edge import cose, trust
from edge.ed25519 import is_sound
from edge.errors import Malformed

PASSPHRASE_VARIABLE = "TAGWRIGHT_PASSPHRASE"
_PRIVATE = 0o600
_crypto_sign_open, _NOWHERE = lib.crypto_sign_open, ffi.NULL
_DAY = 86400  # seconds


class KeyProblem(Exception):
    """A key file, passphrase or trust list cannot be used; the text says which file, and what to do."""


@dataclass(frozen=True)
class KeyCard:
    """What a key file tells without its passphrase: public is 32 bytes (Ed25519) or 64 (P-256, x || y)."""

    public: bytes
    operator: str = ""

    @property
    def kid(self) -> bytes:
        """The first 8 bytes of the COSE key thumbprint (RFC 9679)."""
        return cose.kid(self.public)

    @property
    def alg(self) -> int:
        """The COSE algorithm that this key signs with: -19 or -9."""
        return cose.ED25519 if len(self.public) == 32 else cose.ESP256

    def entry(self, now: int, **more: Any) -> trust.Entry:
        """This key's entry in a trust list, good from a day before `now` (Unix seconds): clocks run late.

        more: fields of trust.Entry that differ from an issuer's of no GTIN prefix and no end.
        """
        fields: dict[str, Any] = {
            "kid": self.kid,
            "key": self.public,
            "operator": self.operator,
            "roles": ("issuer",),
            "valid_from": now - _DAY,
            "valid_to": None,
            "revoked_since": None,
            "gtin_prefixes": (),
            "jurisdiction": "",
        }
        return trust.Entry(**(fields | more))

    def alone(self, now: int) -> trust.TrustList:
        """An unsigned list of this key alone, for who checks what they have just signed."""
        return trust.TrustList(0, now, now + _DAY, (self.entry(now),))


class DeviceKey:
    """An opened key: signs messages with 64-byte signatures."""

    def __init__(
        self,
        private: ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey,
        operator: str = "",
    ) -> None:
        self._private = private
        self.card = KeyCard(_public_bytes(private), operator)
        self.kid, self.alg, self.public = self.card.kid, self.card.alg, self.card.public
        self.operator = operator
        if isinstance(private, ed25519.Ed25519PrivateKey):
            self._sodium = private.private_bytes_raw() + self.public  # libsodium's form

    @classmethod
    def generate(cls, curve: str = "ed25519", operator: str = "") -> "DeviceKey":
        """A new key from the system's randomness; curve is "ed25519" or "p256"."""
        if curve == "p256":
            return cls(ec.generate_private_key(ec.SECP256R1()), operator)
        return cls(ed25519.Ed25519PrivateKey.generate(), operator)

    def sign(self, message: bytes) -> bytes:
        """The 64-byte signature: Ed25519 (RFC 8032), or ECDSA r || s over SHA-256 (RFC 9053, ESP256)."""
        if isinstance(self._private, ed25519.Ed25519PrivateKey):
            return nacl.bindings.crypto_sign(message, self._sodium)[:64]
        r, s = decode_dss_signature(self._private.sign(message, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    def save(self, path: Path, passphrase: str | None) -> None:
        """Write the key file, readable by its owner alone; raises KeyProblem where `path` exists."""
        protection: serialization.KeySerializationEncryption = serialization.NoEncryption()
        if passphrase is not None:
            protection = serialization.BestAvailableEncryption(passphrase.encode())
        pem = self._private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, protection
        )
        card = (
            f"Kid: {self.kid.hex()}\nPublic-Key: {self.public.hex()}\nOperator: {self.operator}\n"
        )
        try:
            out = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE)
        except FileExistsError:
            raise KeyProblem(f"{path} exists already: name another file, or move it away") from None
        except OSError as why:
            raise KeyProblem(f"cannot write {path}: {why.strerror}") from why
        with os.fdopen(out, "wb") as file:
            file.write(card.encode() + pem)
            file.flush()
            os.fsync(file.fileno())


def read_card(path: Path) -> KeyCard:
    """The public part of a key file, without its passphrase; raises KeyProblem."""
    lines = dict(
        line.split(": ", 1)
        for line in _read(path).decode("utf-8", "replace").splitlines()
        if ": " in line
    )
    try:
        public = bytes.fromhex(lines["Public-Key"])
    except (KeyError, ValueError):
        raise KeyProblem(
            f"{path} is no tagwright key file: make one with `tagwright key new`"
        ) from None
    return KeyCard(_checked(public, str(path)), lines.get("Operator", ""))


def open_key(path: Path, passphrase: str | None) -> DeviceKey:
    """Open a key file; raises KeyProblem (no such file, wrong or missing passphrase, card and key differ)."""
    card = read_card(path)
    pem = _read(path)
    secret = passphrase.encode() if passphrase is not None and b"BEGIN ENCRYPTED" in pem else None
    try:
        private = serialization.load_pem_private_key(pem[pem.index(b"-----BEGIN") :], secret)
    except TypeError:
        raise KeyProblem(
            f"{path} is encrypted: set {PASSPHRASE_VARIABLE}, or --passphrase-file"
        ) from None
    except ValueError:
        raise KeyProblem(f"{path} does not open: wrong passphrase, or a damaged file") from None
    if not isinstance(private, ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey):
        raise KeyProblem(f"{path} holds neither an Ed25519 nor a P-256 key")
    key = DeviceKey(private, card.operator)
    if key.public != card.public:
        raise KeyProblem(f"{path}: its Public-Key line is not that of the key below it")
    return key


def public_key(text: str) -> KeyCard:
    """The key that `text` names: a key file's path, or 32 (Ed25519) or 64 (P-256) bytes in hex."""
    try:
        raw = bytes.fromhex(text)
    except ValueError:
        return read_card(Path(text))
    return KeyCard(_checked(raw, text))


def verifier(key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether `signature` (64 bytes) over `message` is by `key`: 32 bytes Ed25519, 64 bytes P-256."""
    if len(signature) != 64:
        return False
    if len(key) == 32:
        # crypto_sign_open with no place for the message to be copied to: it only verifies
        signed = signature + message
        return not _crypto_sign_open(_NOWHERE, _NOWHERE, signed, len(signed), key)
    try:
        der = encode_dss_signature(
            int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
        )
        _p256(key).verify(der, message, ec.ECDSA(hashes.SHA256()))
    except (InvalidSignature, ValueError):
        return False
    return True


class TrustStore:
    """A trust list on disk with what was seen of it: beside LIST stands LIST.pin {root, number}.

    The pin names the root that must have signed the list, and the highest list number ever accepted: an older
    list is refused (stub.md, "Trust list").
    """

    def __init__(self, path: Path, root: bytes | None = None) -> None:
        self.path = path
        self._pin_path = path.with_name(path.name + ".pin")
        self._root = root

    def load(self) -> trust.TrustList:
        """The list; raises KeyProblem where it is missing, damaged, by another root, or older than one seen."""
        raw, pin, root = _read(self.path), self._pin(), self.root()
        try:
            found = trust.decode(raw, root, verifier)
        except Malformed as why:
            raise KeyProblem(
                f"{self.path} is no valid trust list: {why}: fetch it anew, or name its own root"
            ) from why
        seen = int(pin.get("number", 0))
        if found.number < seen:
            raise KeyProblem(
                f"{self.path} is list {found.number}, but list {seen} was seen before: fetch the newest list"
            )
        if found.number > seen or pin.get("root") != root.hex():
            self._write_pin(root, found.number)
        return found

    def root(self) -> bytes:
        """The public key of the root that must have signed the list. Raises KeyProblem where none is known."""
        root = self._root or bytes.fromhex(self._pin().get("root", ""))
        if not root:
            raise KeyProblem(
                f"no root key is known for {self.path}: give --root, or copy {self._pin_path}"
            )
        return root

    def save(self, trusted: trust.TrustList, root: DeviceKey) -> None:
        """Sign the list with its offline root and write it, with its pin, whole or not at all."""
        _replace(self.path, trust.encode(trusted, root.alg, root.kid, root.sign))
        self._write_pin(root.public, trusted.number)

    def _pin(self) -> dict[str, Any]:
        try:
            found = json.loads(self._pin_path.read_text())
            return {"root": bytes.fromhex(found["root"]).hex(), "number": int(found["number"])}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, TypeError, KeyError) as why:
            raise KeyProblem(
                f"{self._pin_path} cannot be read ({why}): put back the one that came with the list"
            ) from why

    def _write_pin(self, root: bytes, number: int) -> None:
        try:
            _replace(self._pin_path, json.dumps({"root": root.hex(), "number": number}).encode())
        except OSError as why:
            raise KeyProblem(
                f"cannot keep the trust list's number in {self._pin_path}: {why}"
            ) from why


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as why:
        raise KeyProblem(f"cannot read {path}: {why.strerror}") from why


def _replace(path: Path, content: bytes) -> None:
    beside = path.with_name(path.name + ".new")
    with beside.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


def _checked(public: bytes, where: str) -> bytes:
    if len(public) == 64:
        try:
            _p256(public)
        except ValueError:
            raise KeyProblem(f"{where}: not a point of P-256") from None
    elif len(public) != 32 or not is_sound(public):
        raise KeyProblem(
            f"{where}: not a sound public key: `tagwright key show FILE` prints one, 64 or 128 hex digits"
        )
    return public


def _public_bytes(private: ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey) -> bytes:
    if isinstance(private, ed25519.Ed25519PrivateKey):
        return private.public_key().public_bytes_raw()
    numbers = private.public_key().public_numbers()
    return numbers.x.to_bytes(32, "big") + numbers.y.to_bytes(32, "big")


@lru_cache(maxsize=256)
def _p256(public: bytes) -> ec.EllipticCurvePublicKey:
    x, y = int.from_bytes(public[:32], "big"), int.from_bytes(public[32:], "big")
    return ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
