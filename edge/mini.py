"""The mini profile: for tags that hold no whole stub, a signature over the link and the tag's own UID.

An NDEF message of the URI record and one record of ours that holds an untagged COSE_Sign1 with a detached payload:
the URI record's bytes as they stand. external_aad: deterministic ["tagwright", 1, kind, UID].
"""

from edge import cbor, cose, ndef

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable

DEFAULT_TYPE = b"tagwright.org:p"  # external type of our record, in this profile and in the slots
SIZE = 83  # bytes of the Sign1 with an 8-byte kid

_VERSION = 1
_SIGNATURE = b"\xa0\xf6\x58\x40"  # no unprotected headers, payload nil, 64 bytes of signature


def record(
    uri_record: "bytes",
    kind: "int",
    id: "bytes",
    alg: "int",
    kid: "bytes",
    sign: "Callable[[bytes], bytes]",
    type: "bytes" = DEFAULT_TYPE,
) -> "ndef.Record":
    """Our record for a tag (kind 1 NFC, its UID) whose first record will stand as `uri_record`.

    sign: bytes -> 64 bytes of signature.
    """
    signed = cose.sign1_detached(uri_record, alg, kid, sign, aad(kind, id))
    return ndef.Record(record_tnf(type), type, b"", signed)


def uri_record(link: "str") -> "bytes":
    """The URI record as it stands first in a message of several records: MB set, ME not."""
    record = ndef.uri_record(link)
    head = ndef.record_head(ndef.MB | record.tnf, record.type, b"", len(record.payload))
    return head + record.payload


def aad(kind: "int", id: "bytes") -> "bytes":
    """What ties a signature to one tag: kind 1 NFC UID, 2 RAIN TID."""
    return cbor.encode(["tagwright", _VERSION, kind, id])


def is_mini(payload: "bytes") -> "bool":
    """Has this record payload the shape of an untagged Sign1 whose payload is detached?"""
    if len(payload) < 2 or payload[0] != 0x84 or not 0x40 <= payload[1] < 0x58:
        return False
    at = 2 + payload[1] - 0x40
    return payload[at : at + 4] == _SIGNATURE and len(payload) == at + 4 + cose.SIGNATURE_SIZE


def record_tnf(type: "bytes") -> "int":
    """MIME for a media type such as application/x, external for a type such as tagwright.org:p."""
    return ndef.MIME if b"/" in type else ndef.EXTERNAL
