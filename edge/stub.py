"""The passport stub, version 1: one COSE_Sign1_Tagged whose payload is a map of claims with integer keys.

Whatever `decode` accepts, `encode` would have produced; the bytes are kept as they were received. Each claim has
a reader that knows the only form that its bytes may have, and what is to be written is encoded and read back: so
one set of rules stands for both ways, and a stub is read in one pass.
"""

import hashlib
from struct import unpack_from

from edge import cbor, cose, envelope, typed
from edge.errors import DoesNotFit, Malformed, Truncated
from edge.gs1 import gtin14, is_gtin, is_serial, is_uri
from edge.typed import LONG, NO_INTEGER, long, short_octets, text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    Claims = Mapping[int, Any]

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

# fmt: off
NAMES = (
    "version", "product", "granularity", "digest", "issued_at", "seq", "prev", "carrier", "operator",
    "status", "step", "totals", "sector", "parts", "restricted", "evidence",
)  # by claim key
# fmt: on

GS1, WEB_LINK, DID, ISO15459 = 0, 1, 2, 3  # product schemes
NFC, RAIN = 1, 2  # carrier kinds
ITEM = 2  # the default granularity
ACTIVE = 0  # the default status
EVIDENCE_LEVELS = ("self-declared", "second-party", "third-party")  # by claim value

# Product mass, and the circular-product-passport variables A1.1-A3.1, B1.1-B2.1 and C1.1-C1.4.
TOTAL_CODES = frozenset((10, 11, 12, 13, 14, 21, 22, 31, 41, 42, 43, 44, 45, 46, 51, 52, 53, 54))

_BEGIN = bytes((VERSION, 1, PRODUCT))  # of every map of claims
_LAST_KEY = 63  # of the unknown claims that are kept
_LARGEST = (1 << 53) - 1  # what JSON readers keep exactly (RFC 8259 section 6)
_LAST_SECOND = 253402300799  # 9999-12-31T23:59:59Z, the last that RFC 3339 can write
_UID_SIZES = (4, 7, 8, 10)  # bytes; ISO/IEC 14443-3: 4, 7, 10; ISO/IEC 15693: 8
_TID_SIZES = range(4, 65)  # bytes
_VISIBLE = "".join([chr(code) for code in range(0x21, 0x7F)])
_CONTROLS = "".join([chr(code) for code in range(0x20)]) + "\x7f"


class Stub:
    """A decoded stub: `raw` as received, and its `claims`, which hold to the table below."""

    def __init__(self, raw: "bytes", claims: "Claims") -> None:
        self.raw = raw
        self.claims = claims

    @property
    def kid(self) -> "bytes":
        return envelope.kid(self.raw)

    @property
    def alg(self) -> "int":
        return envelope.alg(self.raw)

    @property
    def signature(self) -> "bytes":
        return self.raw[-cose.SIGNATURE_SIZE :]

    @property
    def sign1(self) -> "cose.Sign1":
        return cose.parse(self.raw, envelope.CEILING)

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
        """What the signature covers: the Sig_structure (RFC 9052, 4.4)."""
        return envelope.to_be_signed(self.raw)


def decode(data: "bytes") -> "Stub":
    """The stub that `data` is; its signature is not checked here.

    Raises Malformed or Truncated where `encode` would not have produced these bytes.
    """
    if type(data) is not bytes:
        data = bytes(data)
    return Stub(data, _read(envelope.payload(data)))


def encode(claims: "Claims", alg: "int", kid: "bytes", sign: "Callable[[bytes], bytes]") -> "bytes":
    """The signed stub of `claims`; sign: the bytes to be signed -> 64 bytes. Defaults are left out.

    Raises Malformed with the claim that is wrong, DoesNotFit beyond 4096 bytes.
    """
    envelope.check_headers({cose.ALG: alg, cose.KID: kid})
    raw = cose.sign1(_written(claims), alg, kid, sign)
    excess = len(raw) - envelope.CEILING
    if excess > 0:
        raise DoesNotFit(f"{excess} bytes too many for a stub: drop claims", excess)
    return raw


def size(claims: "Claims") -> "int":
    """Bytes of the signed stub of `claims`, with Ed25519 and without a key at hand."""
    return len(encode(claims, cose.ED25519, bytes(envelope.KID_SIZE), lambda message: bytes(64)))


def link16(stub: "bytes") -> "bytes":
    """What the next stub states as its `prev`: 16 bytes of the SHA-256 of this signed one."""
    return hashlib.sha256(stub).digest()[:16]


def is_same_product(a: "Sequence[Any]", b: "Sequence[Any]") -> "bool":
    """Whether two product claims name one product; a GS1 batch counts where both state it."""
    if a[0] != GS1 or b[0] != GS1:
        return list(a) == list(b)
    return a[1] == b[1] and a[-1] == b[-1] and (len(a) != len(b) or a[2] == b[2])


def product_name(product: "Sequence[Any]") -> "str":
    """A product claim as logs name it: "GTIN14/SERIAL" or "GTIN14/BATCH/SERIAL", else the URL, DID or string."""
    if product[0] != GS1:
        return str(product[1])
    return "/".join([gtin14(product[1])] + list(product[2:]))


def check(claims: "Claims") -> None:
    """Raises Malformed that names the first claim that may not stand in a stub; ValueError for what is no CBOR."""
    _written(claims)


def _written(claims: "Claims") -> "bytes":
    """The payload that holds `claims`, without those that say no more than a default does."""
    said = dict(claims)
    if said.get(GRANULARITY) == ITEM:
        del said[GRANULARITY]
    if said.get(STATUS) == ACTIVE:
        del said[STATUS]
    data = cbor.encode(said)
    _read(data)
    return data


def _read(data: "bytes") -> "dict[int, Any]":
    """The claims of a payload, each checked."""
    key = -1
    try:
        count = data[0] - 0xA0
        at = 1
        if not 0 <= count < 24:
            count, at = _long_map_head(data)
        key = VERSION
        if data[at : at + 3] != _BEGIN:
            raise Malformed("must be there and be 1, and claim 1 (product) must follow")
        key = PRODUCT
        product, at = _product(data, at + 3)
        claims: "dict[int, Any]" = {VERSION: 1, PRODUCT: product}
        for _ in range(count - 2):
            next_key = data[at]
            if key < next_key < 16:
                key = next_key
                claims[key], at = _READERS[key](data, at + 1)
            else:
                key, at = _unknown_key(data, at, key)
                claims[key], at = cbor.item(data, at, cbor.DEPTH - 1)
    except Malformed as why:
        raise Malformed(f"stub: {_name(key)} {why}")
    except UnicodeError:
        raise Malformed(f"stub: {_name(key)} must be UTF-8")
    except (IndexError, typed.TOO_SHORT):
        raise Truncated(f"stub: the claims end inside {_name(key)}")
    if at != len(data):
        raise Malformed(f"stub: the claims end at {at}, their byte string at {len(data)}")
    if ISSUED_AT not in claims or SEQ not in claims:
        raise Malformed("stub: issued_at and seq must both be there")
    if (PREV in claims) != (claims[SEQ] > 0):
        raise Malformed("stub: claim 6 (prev) must be there from seq 1 on, and only there")
    return claims


def _long_map_head(data: "bytes") -> "tuple[int, int]":
    if data[0] != 0xB8 or data[1] < 24:
        raise Malformed("must be a map")
    return data[1], 2


def _unknown_key(data: "bytes", at: "int", last: "int") -> "tuple[int, int]":
    try:
        key, at = typed.number(16, _LAST_KEY)(data, at)
    except Malformed:
        raise Malformed("is followed by a key that is unknown: only 16 to 63 are kept unread")
    if key <= last:
        raise Malformed("is followed by a key out of order, or twice")
    return key, at


def _product(data: "bytes", at: "int") -> "tuple[list[Any], int]":
    size = data[at] - 0x80
    scheme = data[at + 1]
    at += 2
    if scheme != GS1:
        return _foreign_product(data, at, size, scheme)
    if not 3 <= size <= 4:
        raise Malformed("must be [0, gtin, serial] or [0, gtin, batch, serial]")
    gtin, at = long(data, at)
    if not is_gtin(gtin):
        raise Malformed("must have a GTIN of up to 14 digits with its right check digit")
    serial, at = _serial(data, at)
    if size == 3:
        return [scheme, gtin, serial], at
    batch = serial
    serial, at = _serial(data, at)
    return [scheme, gtin, batch, serial], at


def _serial(data: "bytes", at: "int") -> "tuple[str, int]":
    serial, at = text(data, at)
    if not is_serial(serial):
        raise Malformed("must have a serial (and batch) of 1 to 20 characters of GS1's set 82")
    return serial, at


def _foreign_product(
    data: "bytes", at: "int", size: "int", scheme: "int"
) -> "tuple[list[Any], int]":
    if size != 2 or scheme > ISO15459:
        raise Malformed("must be [1, link], [2, DID], [3, ISO/IEC 15459 string], or GS1's")
    value, at = text(data, at)
    if value.strip(_VISIBLE):
        raise Malformed("must be visible ASCII")
    if scheme == WEB_LINK and not is_uri(value):
        raise Malformed("must be a URI of http or https")
    if scheme == DID and not value.startswith("did:"):
        raise Malformed("must be a DID, did:method:...")
    return [scheme, value], at


def _carrier(data: "bytes", at: "int") -> "tuple[list[Any], int]":
    kind = data[at + 1]
    if data[at] != 0x82 or not NFC <= kind <= RAIN:
        raise Malformed("must be [1, UID] or [2, TID]")
    id, at = short_octets(data, at + 2)
    if len(id) not in (_UID_SIZES if kind == NFC else _TID_SIZES):
        raise Malformed("must have a UID of 4, 7, 8 or 10 bytes, or a TID of 4 to 64")
    return [kind, id], at


def _operator(data: "bytes", at: "int") -> "tuple[str, int]":
    value, end = text(data, at)
    if not cbor.is_utf8(value.encode()):
        raise Malformed("must be UTF-8")
    for char in value:
        if char in _CONTROLS:
            raise Malformed("must have no control characters")
    return value, end


def _totals(data: "bytes", at: "int") -> "tuple[dict[int, int], int]":
    count = data[at] - 0xA0  # fewer than 24 codes are known
    at += 1
    if not 0 < count < 24:
        raise Malformed("must be a map, and left out where there are none")
    totals = {}
    last = 0
    for _ in range(count):
        code = data[at]
        at += 1
        if code >= 24:
            code = data[at] if code == 24 and data[at] >= 24 else 0
            at += 1
        if code <= last or code not in TOTAL_CODES:
            raise Malformed(f"must have known codes in order, once each, and not {code}")
        last = code
        value = data[at]
        if value < 24:
            at += 1
        else:
            form, least, width = LONG.get(value, NO_INTEGER)
            value = unpack_from(form, data, at + 1)[0]
            if not least <= value <= _LARGEST:
                raise Malformed(f"must have shortest integers of 0 to {_LARGEST}")
            at += width
        totals[code] = value
    return totals, at


def _sector(data: "bytes", at: "int") -> "tuple[list[Any], int]":
    if data[at] != 0x82:
        raise Malformed("must be [profile id, map of fields]")
    profile, at = _count(data, at + 1)
    fields, at = cbor.item(data, at, cbor.DEPTH - 2)
    if type(fields) is not dict:
        raise Malformed("must be [profile id, map of fields]")
    for field in fields:
        if type(field) is not int:
            raise Malformed(f"must have integers as keys of its fields, not {field!r}")
    return [profile, fields], at


def _parts(data: "bytes", at: "int") -> "tuple[list[Any], int]":
    if data[at] != 0x82:
        raise Malformed("must be [count, root]")
    count, at = _count(data, at + 1)
    if not count:
        raise Malformed("must count at least one part")
    root, at = _root(data, at)
    return [count, root], at


_count = typed.number(0, _LARGEST)
_root = typed.octets(16)

_READERS: "tuple[typed.Reader, ...]" = (
    typed.number(1, 1),  # version: this and the product are at _BEGIN
    _product,
    typed.number(0, ITEM - 1),  # granularity: the default is left out
    typed.octets(32),  # digest
    typed.number(0, _LAST_SECOND),  # issued_at
    _count,  # seq
    _root,  # prev
    _carrier,
    _operator,
    typed.number(ACTIVE + 1, 3),  # status: the default is left out
    typed.number(0, 7),  # step
    _totals,
    _sector,
    _parts,
    _root,  # restricted
    typed.number(0, 2),  # evidence
)  # by claim key


def _name(key: "int") -> "str":
    if key < 0:
        return "the payload"
    return f"claim {key} ({NAMES[key]})" if key < len(NAMES) else f"claim {key}"
