"""What stands around a stub's payload: 18([<< {1: alg, 4: kid} >>, {}, payload, signature]).

It has one form with three algorithms, so a stub's is compared with it and not parsed.
"""

from edge import cose
from edge.errors import Malformed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

CEILING = 4096  # bytes of a whole stub
KID_SIZE = 8  # bytes

# Tag 18, array of 4, 13 bytes of protected header {1: alg, 4: h'kid'}.
_HEADS = {
    b"\xd2\x84\x4d\xa2\x01\x32\x04\x48": cose.ED25519,
    b"\xd2\x84\x4d\xa2\x01\x27\x04\x48": cose.EDDSA,
    b"\xd2\x84\x4d\xa2\x01\x28\x04\x48": cose.ESP256,
}
_PROTECTED_AT = 2
_KID_AT = 8
_UNPROTECTED_AT = 16
_EMPTY_MAP = 0xA0
_SIGNATURE_HEAD = b"\x58\x40"
_TAIL = len(_SIGNATURE_HEAD) + cose.SIGNATURE_SIZE

# The Sig_structure's begin, and its empty external_aad (RFC 9052, section 4.4).
_SIGNATURE1 = b"\x84\x6aSignature1"
_NO_AAD = b"\x40"


def payload(data: "bytes") -> "bytes":
    """The payload of a stub; raises Malformed or Truncated where anything else than a stub's is around it."""
    size = len(data)
    start = _UNPROTECTED_AT + 2
    if start + _TAIL <= size <= CEILING and data[:_KID_AT] in _HEADS:
        length = data[start - 1] - 0x40
        if length == 0x18:
            length = data[start]
            start = start + 1 if length >= 0x18 else size
        elif length == 0x19:
            length = data[start] << 8 | data[start + 1]
            start = start + 2 if length >= 0x100 else size
        elif not 0 <= length < 0x18:
            start = size
        end = size - _TAIL
        if (
            start + length == end
            and data[end : end + 2] == _SIGNATURE_HEAD
            and data[_UNPROTECTED_AT] == _EMPTY_MAP
        ):
            return data[start:end]
    raise _other(data)


def alg(data: "bytes") -> "int":
    """The algorithm that a stub states."""
    return _HEADS[data[:_KID_AT]]


def kid(data: "bytes") -> "bytes":
    """The key id that a stub states."""
    return data[_KID_AT : _KID_AT + KID_SIZE]


def to_be_signed(data: "bytes") -> "bytes":
    """The Sig_structure of a stub: protected header and payload stand in there as they stand in the stub."""
    protected = data[_PROTECTED_AT:_UNPROTECTED_AT]
    return _SIGNATURE1 + protected + _NO_AAD + data[_UNPROTECTED_AT + 1 : -_TAIL]


def check_headers(headers: "dict[Any, Any]") -> None:
    """Raises Malformed unless `headers` are an algorithm that a stub may have and a kid of 8 bytes."""
    if len(headers) != 2 or cose.ALG not in headers or cose.KID not in headers:
        raise Malformed("stub: the protected header must hold alg and kid, and nothing else")
    if headers[cose.ALG] not in _HEADS.values():
        raise Malformed(f"stub: alg {headers[cose.ALG]!r} is none of -19, -8, -9")
    if type(headers[cose.KID]) is not bytes or len(headers[cose.KID]) != KID_SIZE:
        raise Malformed(f"stub: kid must be {KID_SIZE} bytes")


def _other(data: "bytes") -> "Malformed":
    """Why `data` has not a stub's form: raised by COSE's parser, or returned."""
    sign1 = cose.parse(data, CEILING)
    check_headers(sign1.headers)
    return Malformed("stub: must be tagged, carry its payload and have no unprotected header")
