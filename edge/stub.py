"""The passport stub, version 1: one COSE_Sign1_Tagged whose payload is a map of claims with integer keys.

Whatever `decode` accepts, `encode` would have produced; the bytes are kept as they were received.
"""

import hashlib

from edge import cbor, cose
from edge.errors import DoesNotFit, Malformed
from edge.gs1 import is_gtin, is_serial, is_uri

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    Claims = dict[int, Any]

VERSION = 0
PRODUCT = 1
GRANULARITY = 2
DIGEST = 3
ISSUED_AT = 4
SEQ = 5
PREV = 6
CARRIER = 7
OPERATOR = 8
STATUS = 9
STEP = 10
TOTALS = 11
SECTOR = 12
PARTS = 13
RESTRICTED = 14
EVIDENCE = 15

GS1, WEB_LINK, DID, ISO15459 = 0, 1, 2, 3  # product schemes
NFC, RAIN = 1, 2  # carrier kinds
ITEM = 2  # the default granularity
ACTIVE = 0  # the default status

# Product mass, and the circular-product-passport variables A1.1-A3.1, B1.1-B2.1 and C1.1-C1.4.
TOTAL_CODES = frozenset((10, 11, 12, 13, 14, 21, 22, 31, 41, 42, 43, 44, 45, 46, 51, 52, 53, 54))

_CEILING = 4096  # bytes of a whole stub

# Around the payload: tag 18, array of 4, << {1: alg, 4: kid} >>, {}; behind it the head of the signature.
_HEAD = b"\xd2\x84\x4d\xa2\x01"
_PROTECTED_AT = 2
_ALG_AT = 5
_KID_HEAD = b"\x04\x48"
_KID_AT = 8
_KID = 8  # bytes of a kid
_UNPROTECTED_AT = 16
_EMPTY_MAP = 0xA0
_SIGNATURE_HEAD = b"\x58\x40"
_ALGORITHMS = {0x32: cose.ED25519, 0x27: cose.EDDSA, 0x28: cose.ESP256}  # by their byte
_SIGNATURE1 = b"\x84\x6aSignature1"
_NO_AAD = b"\x40"

_LARGEST = (1 << 53) - 1  # what JSON readers keep exactly (RFC 8259 section 6)
_LAST_SECOND = 253402300799  # 9999-12-31T23:59:59Z, the last that RFC 3339 can write
_LONGEST_TEXT = 255  # characters of an identifier; IEC 61406-1 allows as many to a link
_VISIBLE = "".join([chr(code) for code in range(0x21, 0x7F)])
_CONTROLS = "".join([chr(code) for code in range(0x20)]) + "\x7f"
_UID_SIZES = (4, 7, 8, 10)  # ISO/IEC 14443-3: 4, 7, 10; ISO/IEC 15693: 8
_REQUIRED = (VERSION, PRODUCT, ISSUED_AT, SEQ)


class Stub:
    """A decoded stub: `raw` as received, and its `claims`, which hold to the table below."""

    def __init__(self, raw: "bytes", claims: "Claims") -> None:
        self.raw = raw
        self.claims = claims

    @property
    def kid(self) -> "bytes":
        return self.raw[_KID_AT : _KID_AT + _KID]

    @property
    def alg(self) -> "int":
        return _ALGORITHMS[self.raw[_ALG_AT]]

    @property
    def signature(self) -> "bytes":
        return self.raw[-cose.SIGNATURE_SIZE :]

    @property
    def sign1(self) -> "cose.Sign1":
        return cose.parse(self.raw, _CEILING)

    @property
    def product(self) -> "list[Any]":
        return self.claims[PRODUCT]  # type: ignore[no-any-return]

    @property
    def granularity(self) -> "int":
        return self.claims.get(GRANULARITY, ITEM)  # type: ignore[no-any-return]

    @property
    def digest(self) -> "bytes | None":
        return self.claims.get(DIGEST)

    @property
    def issued_at(self) -> "int":
        """Seconds since 1970-01-01 UTC."""
        return self.claims[ISSUED_AT]  # type: ignore[no-any-return]

    @property
    def seq(self) -> "int":
        return self.claims[SEQ]  # type: ignore[no-any-return]

    @property
    def prev(self) -> "bytes | None":
        return self.claims.get(PREV)

    @property
    def carrier(self) -> "tuple[int, bytes] | None":
        """(kind, UID or TID) of the one tag that it was written for; None where it is bound to none."""
        bound = self.claims.get(CARRIER)
        return (bound[0], bound[1]) if bound else None

    @property
    def status(self) -> "int":
        return self.claims.get(STATUS, ACTIVE)  # type: ignore[no-any-return]

    def to_be_signed(self) -> "bytes":
        """The Sig_structure (RFC 9052, 4.4): its parts stand in a stub as they stand in there."""
        return (
            _SIGNATURE1
            + self.raw[_PROTECTED_AT:_UNPROTECTED_AT]
            + _NO_AAD
            + self.raw[_UNPROTECTED_AT + 1 : -len(_SIGNATURE_HEAD) - cose.SIGNATURE_SIZE]
        )


def decode(data: "bytes") -> "Stub":
    """The stub that `data` is; its signature is not checked here.

    Raises Malformed or Truncated where `encode` would not have produced these bytes.
    """
    claims = cbor.decode(_payload(data))
    if type(claims) is not dict:
        raise Malformed("stub: the payload must be a map of claims")
    check(claims)
    if claims.get(GRANULARITY) == ITEM or claims.get(STATUS) == ACTIVE:
        raise Malformed("stub: granularity 2 and status 0 are defaults and must be left out")
    return Stub(data, claims)


def encode(claims: "Claims", alg: "int", kid: "bytes", sign: "Callable[[bytes], bytes]") -> "bytes":
    """The signed stub of `claims`; sign: the bytes to be signed -> 64 bytes. Defaults are left out.

    Raises Malformed with the claim that is wrong, DoesNotFit beyond 4096 bytes.
    """
    check_headers({cose.ALG: alg, cose.KID: kid})
    raw = cose.sign1(_said(claims), alg, kid, sign)
    if len(raw) > _CEILING:
        raise DoesNotFit(
            f"{len(raw) - _CEILING} bytes too many for a stub: drop claims", len(raw) - _CEILING
        )
    return raw


def size(claims: "Claims") -> "int":
    """Bytes of the signed stub of `claims`, with Ed25519 and without a key at hand."""
    return len(encode(claims, cose.ED25519, bytes(_KID), lambda message: bytes(64)))


def link16(stub: "bytes") -> "bytes":
    """What the next stub states as its `prev`: 16 bytes of the SHA-256 of this signed one."""
    return hashlib.sha256(stub).digest()[:16]


def is_same_product(a: "Sequence[Any]", b: "Sequence[Any]") -> "bool":
    """Whether two product claims name one product; a GS1 batch counts where both state it."""
    if a[0] != GS1 or b[0] != GS1:
        return list(a) == list(b)
    return a[1] == b[1] and a[-1] == b[-1] and (len(a) != len(b) or a[2] == b[2])


def check(claims: "Claims") -> None:
    """Hold `claims` against the table of claims; raises Malformed that names the first wrong one."""
    for key, value in claims.items():
        row = _CLAIMS.get(key)
        if row is None:
            _check_unknown(key)
            continue
        kind, low, high, inner = row
        if type(value) is not kind:
            raise _wrong(key, f"must be {_KINDS[kind]}")
        if not low <= (value if kind is int else len(value)) <= high:
            raise _wrong(key, _bounds(kind, low, high))
        if inner is not None:
            inner(key, value)
    for key in _REQUIRED:
        if key not in claims:
            raise _wrong(key, "is missing")
    if (PREV in claims) != (claims[SEQ] > 0):
        raise _wrong(PREV, "must be there from seq 1 on, and only there")


def _said(claims: "Claims") -> "bytes":
    check(claims)
    said = dict(claims)
    if said.get(GRANULARITY) == ITEM:
        del said[GRANULARITY]
    if said.get(STATUS) == ACTIVE:
        del said[STATUS]
    return cbor.encode(said)


def _payload(data: "bytes") -> "bytes":
    """The payload of a stub. All that is around it has one fixed form, so it is compared, not parsed."""
    size = len(data)
    if _UNPROTECTED_AT + 3 < size <= _CEILING and data.startswith(_HEAD):
        start = _UNPROTECTED_AT + 2
        length = data[start - 1] - 0x40
        if length == 0x18:
            length = data[start] if data[start] >= 0x18 else -1
            start += 1
        elif length == 0x19:
            length = data[start] << 8 | data[start + 1] if data[start] else -1
            start += 2
        end = start + length
        if (
            length >= 0
            and end + len(_SIGNATURE_HEAD) + cose.SIGNATURE_SIZE == size
            and data[end : end + len(_SIGNATURE_HEAD)] == _SIGNATURE_HEAD
            and data[_ALG_AT] in _ALGORITHMS
            and data[_ALG_AT + 1 : _KID_AT] == _KID_HEAD
            and data[_UNPROTECTED_AT] == _EMPTY_MAP
        ):
            return data[start:end]
    raise _no_stub(data)


def _no_stub(data: "bytes") -> "Malformed":
    """Why `data` has not the fixed form: raised by COSE's parser, or returned."""
    sign1 = cose.parse(data, _CEILING)
    check_headers(sign1.headers)
    return Malformed("stub: must be tagged, carry its payload and have no unprotected header")


def check_headers(headers: "dict[Any, Any]") -> None:
    """Raises Malformed unless `headers` are an algorithm that a stub may have and a kid of 8 bytes."""
    if len(headers) != 2 or cose.ALG not in headers or cose.KID not in headers:
        raise Malformed("stub: the protected header must hold alg and kid, and nothing else")
    if headers[cose.ALG] not in _ALGORITHMS.values():
        raise Malformed(f"stub: alg {headers[cose.ALG]!r} is none of -19, -8, -9")
    if type(headers[cose.KID]) is not bytes or len(headers[cose.KID]) != _KID:
        raise Malformed(f"stub: kid must be {_KID} bytes")


def _check_unknown(key: "Any") -> None:
    if type(key) is not int or not 15 < key < 64:
        raise Malformed(f"stub: claim {key!r} is unknown; only 16 to 63 are kept unread")


def _check_product(key: "int", value: "list[Any]") -> None:
    scheme = value[0]
    if type(scheme) is not int or not GS1 <= scheme <= ISO15459:
        raise _wrong(key, f"has scheme {scheme!r}, which is none of 0, 1, 2, 3")
    if scheme != GS1:
        _check_foreign_product(key, scheme, value)
        return
    if len(value) < 3:
        raise _wrong(key, "must be [0, gtin, serial] or [0, gtin, batch, serial]")
    gtin = value[1]
    if type(gtin) is not int or not is_gtin(gtin):
        raise _wrong(key, "must have a GTIN of up to 14 digits with its right check digit")
    for text in value[2:]:
        if type(text) is not str or not is_serial(text):
            raise _wrong(key, "must have a serial (and batch) of 1 to 20 characters of set 82")


def _check_foreign_product(key: "int", scheme: "int", value: "list[Any]") -> None:
    text = value[1]
    if len(value) != 2 or type(text) is not str or not 0 < len(text) <= _LONGEST_TEXT:
        raise _wrong(key, f"must be [{scheme}, text of 1 to {_LONGEST_TEXT} characters]")
    if scheme == WEB_LINK and not is_uri(text):
        raise _wrong(key, "must be a URI of http or https")
    if scheme == DID and not text.startswith("did:"):
        raise _wrong(key, "must be a DID, did:method:...")
    if text.strip(_VISIBLE):
        raise _wrong(key, "must be visible ASCII")


def _check_carrier(key: "int", value: "list[Any]") -> None:
    kind, id = value
    if type(kind) is not int or kind not in (NFC, RAIN) or type(id) is not bytes:
        raise _wrong(key, "must be [1, UID] or [2, TID]")
    if kind == NFC and len(id) not in _UID_SIZES:
        raise _wrong(key, "must have a UID of 4, 7, 8 or 10 bytes")
    if kind == RAIN and not 4 <= len(id) <= 64:
        raise _wrong(key, "must have a TID of 4 to 64 bytes")


def _check_operator(key: "int", value: "str") -> None:
    for char in value:
        if char in _CONTROLS:
            raise _wrong(key, "must have no control characters")


def _check_totals(key: "int", value: "dict[Any, Any]") -> None:
    for code, total in value.items():
        if code not in TOTAL_CODES:
            raise _wrong(key, f"has code {code!r}, which is not known")
        if type(total) is not int or not 0 <= total <= _LARGEST:
            raise _wrong(key, f"total {code!r} must be an integer of 0 to {_LARGEST}")


def _check_sector(key: "int", value: "list[Any]") -> None:
    profile, fields = value
    if type(profile) is not int or not 0 <= profile <= _LARGEST or type(fields) is not dict:
        raise _wrong(key, "must be [profile id, map of fields]")
    for field in fields:
        if type(field) is not int:
            raise _wrong(key, f"field {field!r} must have an integer key")


def _check_parts(key: "int", value: "list[Any]") -> None:
    count, root = value
    if type(count) is not int or not 0 < count <= _LARGEST:
        raise _wrong(key, "must count at least one part")
    if type(root) is not bytes or len(root) != 16:
        raise _wrong(key, "must have a root of 16 bytes")


# key: type, then the least and greatest value (of an int) or length (of all else), then what looks inside.
_CLAIMS: "dict[int, tuple[Any, int, int, Callable[[int, Any], None] | None]]" = {
    VERSION: (int, 1, 1, None),
    PRODUCT: (list, 2, 4, _check_product),
    GRANULARITY: (int, 0, 2, None),
    DIGEST: (bytes, 32, 32, None),
    ISSUED_AT: (int, 0, _LAST_SECOND, None),
    SEQ: (int, 0, _LARGEST, None),
    PREV: (bytes, 16, 16, None),
    CARRIER: (list, 2, 2, _check_carrier),
    OPERATOR: (str, 1, _LONGEST_TEXT, _check_operator),
    STATUS: (int, 0, 3, None),
    STEP: (int, 0, 7, None),
    TOTALS: (dict, 1, len(TOTAL_CODES), _check_totals),
    SECTOR: (list, 2, 2, _check_sector),
    PARTS: (list, 2, 2, _check_parts),
    RESTRICTED: (bytes, 16, 16, None),
    EVIDENCE: (int, 0, 2, None),
}

# fmt: off
NAMES = (
    "version", "product", "granularity", "digest", "issued_at", "seq", "prev", "carrier", "operator",
    "status", "step", "totals", "sector", "parts", "restricted", "evidence",
)  # by claim key
# fmt: on

_KINDS: "dict[Any, str]" = {
    int: "an integer",
    str: "text",
    bytes: "bytes",
    list: "an array",
    dict: "a map",
}
_UNITS: "dict[Any, str]" = {str: "characters", bytes: "bytes", list: "items", dict: "entries"}


def _wrong(key: "int", what: "str") -> "Malformed":
    return Malformed(f"stub: claim {key} ({NAMES[key]}) {what}")


def _bounds(kind: "Any", low: "int", high: "int") -> "str":
    span = f"{low}" if low == high else f"{low} to {high}"
    if kind is int:
        return f"must be {span}"
    return f"must be {span} {_UNITS[kind]}"
