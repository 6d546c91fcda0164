"""COSE_Sign1: RFC 9052 section 4.2, with the algorithms of RFC 9864 and the key thumbprints of RFC 9679.

A key is 32 bytes (Ed25519) or 64 bytes (P-256, x || y); its length pins the algorithm. A verifier is a
callable (key, message, signature) -> bool that never raises; `pure_verifier` is the one that runs everywhere.
"""

import hashlib

from edge import cbor
from edge.errors import Malformed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable

ED25519 = -19
EDDSA = -8  # deprecated by RFC 9864; read, never written
ESP256 = -9

ALG = 1
CRIT = 2
KID = 4

_ALGORITHMS = {32: (ED25519, EDDSA), 64: (ESP256,)}  # of a key, by its size

TAG = 18
SIGNATURE_SIZE = 64  # bytes, Ed25519 and P-256 alike

_SIGNATURE1 = b"\x84\x6aSignature1"


class Sign1:
    """One COSE_Sign1 as it was received: `protected` and `payload` are the bytes that the signature covers.

    tagged: whether tag 18 stood before it; headers, unprotected: decoded maps; payload: None where detached.
    """

    def __init__(
        self,
        tagged: "bool",
        protected: "bytes",
        headers: "dict[Any, Any]",
        unprotected: "dict[Any, Any]",
        payload: "bytes | None",
        signature: "bytes",
    ) -> None:
        self.tagged = tagged
        self.protected = protected
        self.headers = headers
        self.unprotected = unprotected
        self.payload = payload
        self.signature = signature

    @property
    def alg(self) -> "int | str | None":
        """The protected algorithm; an unprotected one counts for nothing."""
        return self.headers.get(ALG)

    @property
    def kid(self) -> "bytes | None":
        """The key id: the protected one, else the unprotected one."""
        return self.headers.get(KID, self.unprotected.get(KID))


def parse(data: "bytes", ceiling: "int" = cbor.CEILING) -> "Sign1":
    """The COSE_Sign1 that `data` is, tagged or not.

    Raises Malformed or Truncated where it is none, is not deterministic CBOR, states one label twice or a
    `crit` that this module does not know. Says nothing about the signature.
    """
    body = cbor.decode(data, ceiling)
    tagged = isinstance(body, cbor.Tag)
    if tagged:
        if body.number != TAG:
            raise Malformed(f"COSE: tag {body.number}, where 18 (COSE_Sign1) belongs")
        body = body.value
    if not isinstance(body, list) or len(body) != 4:
        raise Malformed("COSE: no array of four")
    protected, unprotected, payload, signature = body
    if not isinstance(protected, bytes) or not isinstance(unprotected, dict):
        raise Malformed("COSE: headers are no byte string and map")
    if payload is not None and not isinstance(payload, bytes):
        raise Malformed("COSE: the payload is neither a byte string nor nil")
    if not isinstance(signature, bytes) or len(signature) != SIGNATURE_SIZE:
        raise Malformed("COSE: the signature is no byte string of 64")
    headers = cbor.decode(protected) if protected else {}
    if not isinstance(headers, dict):
        raise Malformed("COSE: the protected headers are no map")
    _check_headers(headers, unprotected)
    return Sign1(tagged, protected, headers, unprotected, payload, signature)


def to_be_signed(protected: "bytes", payload: "bytes", aad: "bytes" = b"") -> "bytes":
    """The Sig_structure (RFC 9052, 4.4): what is signed. An empty protected map counts as no bytes."""
    if protected == b"\xa0":
        protected = b""
    return _SIGNATURE1 + _bstr(protected) + _bstr(aad) + _bstr(payload)


def sign1(
    payload: "bytes",
    alg: "int",
    kid: "bytes",
    sign: "Callable[[bytes], bytes]",
    aad: "bytes" = b"",
) -> "bytes":
    """The tagged COSE_Sign1 of `payload`; `sign` makes 64 bytes of the bytes to be signed."""
    protected = cbor.encode({ALG: alg, KID: kid})
    signature = _signature(sign, to_be_signed(protected, payload, aad))
    return cbor.encode(cbor.Tag(TAG, [protected, {}, payload, signature]))


def sign1_detached(
    payload: "bytes",
    alg: "int",
    kid: "bytes",
    sign: "Callable[[bytes], bytes]",
    aad: "bytes" = b"",
) -> "bytes":
    """The untagged COSE_Sign1 over a `payload` that stands elsewhere; nil is in its place."""
    protected = cbor.encode({ALG: alg, KID: kid})
    signature = _signature(sign, to_be_signed(protected, payload, aad))
    return cbor.encode([protected, {}, None, signature])


def thumbprint(key: "bytes") -> "bytes":
    """SHA-256 over the required members of the COSE_Key (RFC 9679, section 3): 32 bytes."""
    if len(key) == 32:
        members = {1: 1, -1: 6, -2: key}
    elif len(key) == 64:
        members = {1: 2, -1: 1, -2: key[:32], -3: key[32:]}
    else:
        raise ValueError(f"a key of {len(key)} bytes, where 32 (Ed25519) or 64 (P-256) belong")
    return hashlib.sha256(cbor.encode(members)).digest()


def kid(key: "bytes") -> "bytes":
    """The key id: the first 8 bytes of the thumbprint."""
    return thumbprint(key)[:8]


def alg_allowed(alg: "int | str | None", key: "bytes") -> "bool":
    """Whether a header may state `alg` for `key`: -19 or -8 for 32 bytes, -9 for 64."""
    return alg in _ALGORITHMS.get(len(key), ())


def pure_verifier(key: "bytes", message: "bytes", signature: "bytes") -> "bool":
    """The verifier without a library: Ed25519 alone, False for any other key."""
    from edge import ed25519  # here: whoever brings a verifier does without its tables

    return len(key) == 32 and ed25519.verify(key, message, signature)


def _signature(sign: "Callable[[bytes], bytes]", message: "bytes") -> "bytes":
    signature = sign(message)
    if len(signature) != SIGNATURE_SIZE:
        raise ValueError(f"the signer made {len(signature)} bytes, where 64 belong")
    return signature


def _bstr(data: "bytes") -> "bytes":
    return cbor.head(0x40, len(data)) + data


def _check_headers(headers: "dict[Any, Any]", unprotected: "dict[Any, Any]") -> None:
    for label in unprotected:  # portable: all are looked at
        if label in headers:
            raise Malformed(f"COSE: header {label!r} stands twice, protected and not")
    # portable: all are looked at
    for label, value in list(headers.items()) + list(unprotected.items()):
        if label == ALG and (value is True or value is False or not isinstance(value, (int, str))):
            raise Malformed("COSE: alg is no integer or text")
        if label == KID and not isinstance(value, bytes):
            raise Malformed("COSE: kid is no byte string")
    if CRIT in unprotected:
        raise Malformed("COSE: crit stands unprotected")
    if CRIT in headers:
        labels = headers[CRIT]
        if not isinstance(labels, list) or not labels:
            raise Malformed("COSE: crit is no list of labels")
        for label in labels:
            if label is True or label not in (ALG, KID) or label not in headers:
                raise Malformed(f"COSE: crit names a header that is not known here: {label!r}")
