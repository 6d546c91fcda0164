"""NDEF messages and URI records: NFC Forum NDEF 1.0 and URI Record Type Definition 1.0."""

from edge.cbor import is_utf8
from edge.errors import Malformed, Truncated

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Iterator

EMPTY, WELL_KNOWN, MIME, ABSOLUTE_URI, EXTERNAL, UNKNOWN = range(6)  # TNF

MOST_RECORDS = 32  # in a message that we read

MB, ME = 0x80, 0x40  # flags: the message begins, ends with this record
_CF, _SR, _IL, _TNF = 0x20, 0x10, 0x08, 0x07
_URI = b"U"

# URI RTD, table 3 "Abbreviation table": the code is the index
_ABBREVIATIONS = (  # one text, for 36 would take a kilobyte of a board's heap
    " http://www. https://www. http:// https:// tel: mailto: ftp://anonymous:anonymous@"
    " ftp://ftp. ftps:// sftp:// smb:// nfs:// ftp:// dav:// news: telnet:// imap:"
    " rtsp:// urn: pop: sip: sips: tftp: btspp:// btl2cap:// btgoep:// tcpobex://"
    " irdaobex:// file:// urn:epc:id: urn:epc:tag: urn:epc:pat: urn:epc:raw: urn:epc:"
    " urn:nfc:"
)


class Record:
    """One NDEF record: `tnf` (0..5), `type`, `id` and `payload` (bytes)."""

    def __init__(self, tnf: "int", type: "bytes", id: "bytes", payload: "bytes") -> None:
        self.tnf = tnf
        self.type = type
        self.id = id
        self.payload = payload

    def __eq__(self, other: "object") -> "bool":
        return (
            isinstance(other, Record)
            and (self.tnf, self.type, self.id) == (other.tnf, other.type, other.id)
            and self.payload == other.payload
        )

    def __hash__(self) -> "int":
        return hash((self.tnf, self.type, self.id, self.payload))

    def __repr__(self) -> "str":
        return f"Record({self.tnf}, {self.type!r}, {self.id!r}, {self.payload!r})"


class Span:
    """Where one record of a message stands: [start, end), its payload from `payload_at`; last: ME is set."""

    def __init__(
        self,
        tnf: "int",
        type: "bytes",
        id: "bytes",
        start: "int",
        payload_at: "int",
        end: "int",
        last: "bool",
    ) -> None:
        self.tnf = tnf
        self.type = type
        self.id = id
        self.start = start
        self.payload_at = payload_at
        self.end = end
        self.last = last


def decode(message: "bytes") -> "list[Record]":
    """The records of one whole message; Malformed or Truncated for anything else, chunked records among it."""
    return [
        Record(span.tnf, span.type, span.id, bytes(message[span.payload_at : span.end]))
        for span in spans(message, len(message))
    ]


def spans(message: "bytes | memoryview", size: "int") -> "Iterator[Span]":
    """Yield where each record of a message of `size` bytes stands; its payload need not be there.

    `message` may hold only the first bytes: Truncated where a record header is not in what there is, or where a
    record runs past `size`. Malformed: MB and ME out of place, chunks, TNF 6 and 7, a type where none may be.
    """
    at = 0
    for count in range(MOST_RECORDS):
        span = _span(message, at, size)
        if (message[at] & MB != 0) != (count == 0):
            raise Malformed(f"NDEF: MB of the record at offset {at}")
        yield span
        at = span.end
        if span.last:
            if at != size:
                raise Malformed(f"NDEF: {size - at} bytes after the message's end at offset {at}")
            return
    raise Malformed(f"NDEF: more than {MOST_RECORDS} records")


def encode(records: "list[Record]") -> "bytes":
    """One message of these records, with short records where they can be; ValueError for none."""
    if not records:
        raise ValueError("NDEF: a message has at least one record")
    out = bytearray()
    last = len(records) - 1
    for number, record in enumerate(records):
        place = (MB if number == 0 else 0) | (ME if number == last else 0)
        out.extend(record_head(place | record.tnf, record.type, record.id, len(record.payload)))
        out.extend(record.payload)
    return bytes(out)


def record_head(flags: "int", type: "bytes", id: "bytes", payload: "int") -> "bytes":
    """The bytes of a record that stand before its payload of `payload` bytes; flags: MB, ME and the TNF."""
    if len(type) > 255 or len(id) > 255:
        raise ValueError("NDEF: a type or id beyond 255 bytes")
    short = payload < 256
    head = bytes((flags | (_SR if short else 0) | (_IL if id else 0), len(type)))
    head += payload.to_bytes(1 if short else 4, "big")
    if id:
        head += bytes((len(id),))
    return head + type + id


def first_record_bytes(message: "bytes") -> "bytes":
    """The first record of a message, as its bytes stand; the rest of the message need not be there."""
    span = _span(message, 0, len(message))
    return bytes(message[: span.end])


def uri_record(uri: "str") -> "Record":
    """The URI record for `uri`, with the abbreviation that saves most."""
    best = 0
    abbreviations = _ABBREVIATIONS.split(" ")
    for code in range(1, len(abbreviations)):
        prefix = abbreviations[code]
        if uri.startswith(prefix) and len(prefix) > len(abbreviations[best]):
            best = code
    rest = uri[len(abbreviations[best]) :]
    return Record(WELL_KNOWN, _URI, b"", bytes((best,)) + rest.encode())


def uri_of(record: "Record") -> "str | None":
    """The URI of a URI record, None of any other record.

    Malformed for an unknown abbreviation, a control character, or what is no UTF-8 (URI RTD, 3.2.3).
    """
    if record.tnf != WELL_KNOWN or record.type != _URI:
        return None
    payload = record.payload
    if not payload:
        raise Malformed("NDEF: a URI record with no payload")
    code = payload[0]
    if code > 35:
        raise Malformed(f"NDEF: URI abbreviation {code}, where 35 is the last")
    rest = payload[1:]
    if rest and (min(rest) < 0x20 or b"\x7f" in rest or not is_utf8(rest)):
        raise Malformed("NDEF: a URI that is no printable UTF-8")
    return _ABBREVIATIONS.split(" ", code + 1)[code] + rest.decode()


def _span(message: "bytes | memoryview", at: "int", size: "int") -> "Span":
    flags = _byte(message, at)
    type_length = _byte(message, at + 1)
    payload_length = _byte(message, at + 2)
    head = at + 3
    if not flags & _SR:
        _byte(message, at + 5)
        payload_length = int.from_bytes(message[at + 2 : at + 6], "big")
        head = at + 6
    id_length = 0
    if flags & _IL:
        id_length = _byte(message, head)
        head += 1
    payload_at = head + type_length + id_length
    end = payload_at + payload_length
    tnf = flags & _TNF
    if flags & _CF or tnf > UNKNOWN:
        raise Malformed(f"NDEF: a chunk or TNF {tnf} at offset {at}")
    if tnf == EMPTY and (type_length or id_length or payload_length):
        raise Malformed(f"NDEF: an empty record that is not empty, at offset {at}")
    if (type_length == 0) != (tnf in (EMPTY, UNKNOWN)):
        raise Malformed(f"NDEF: TNF {tnf} with a type of {type_length} bytes, at offset {at}")
    if end > size:
        raise Truncated(f"NDEF: the record at offset {at} runs past the message's {size} bytes")
    if payload_at > len(message):
        raise Truncated(f"NDEF: the header at offset {at} is cut")
    type = bytes(message[head : head + type_length])
    id = bytes(message[head + type_length : payload_at])
    return Span(tnf, type, id, at, payload_at, end, flags & ME != 0)


def _byte(message: "bytes | memoryview", at: "int") -> "int":
    if at >= len(message):
        raise Truncated(f"NDEF: ends at offset {at}")
    return message[at]
