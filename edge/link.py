"""The link of a handheld with its gateway: frames on any byte stream, and the messages in them.

A frame is COBS (Cheshire and Baker, 1999) between two 00s around one of

    message || CRC-32                        plain; its first byte is a CBOR array's, 0x80 or more
    counter || message || HMAC[:16]          sealed; the counter has 32 bits and begins below 0x80

A message is a CBOR array [type, ...], see MESSAGES. Where both ends hold a secret, HELLO alone is plain: from it and
the gateway's nonce comes the session's key, HMAC-SHA256(secret, "tagwright link 1" || SHA-256(HELLO) || nonce), and
each frame's HMAC covers its direction and counter, so none can be made, changed, reordered or replayed by another.
Nothing is encrypted: who listens reads along. Without a secret a frame is only safe from noise.
"""

import binascii
import hashlib

from edge import cbor
from edge.errors import Malformed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

VERSION = 1
CEILING = 2048  # bytes of a message
RECORD = 1800  # bytes of a record, or of a chunk: what fits in a message of one

HELLO = 1  # version, id (of the handheld's key), epoch (of its outbox), name, nonce, info: a map with text keys
WELCOME = 2  # version, name, nonce, now (Unix seconds), acked (seq of the outbox), `mark` of that record or 0
RECORDS = 3  # after, [[seq, bytes], ..]: all that the outbox has behind `after`, up to the last of these; may be none
ACK = 4  # upto: every record up to it is durable
OFFER = 5  # what, number, size, sha256
WANT = 6  # what, sha256, offset
CHUNK = 7  # what, offset, bytes
DONE = 8  # what, ok, text
TEXT = 9  # what, part (from 0), parts, text
BYE = 10  # text: why the sender ends the session

# Of each message's fields: u uint below 2^63, t text, b bytes, B bool, m map, r records, a digit or two: so many bytes.
MESSAGES = {
    HELLO: ("u", "8", "4", "t", "16", "m"),
    WELCOME: ("u", "t", "16", "u", "u", "u"),
    RECORDS: ("u", "r"),
    ACK: ("u",),
    OFFER: ("t", "u", "u", "32"),
    WANT: ("t", "32", "u"),
    CHUNK: ("t", "u", "b"),
    DONE: ("t", "B", "t"),
    TEXT: ("t", "u", "u", "t"),
    BYE: ("t",),
}

_CRC = 4
_COUNTER = 4
_MAC = 16
_LABEL = b"tagwright link 1"
_LAST = 0x7FFFFFFF  # the counter's
_LARGEST = 1 << 63


def message(type: "int", *fields: "Any") -> "bytes":
    """The message's bytes, with the fields that MESSAGES says; ValueError where it is longer than CEILING."""
    found = cbor.encode((type,) + fields)
    if len(found) > CEILING:
        raise ValueError(f"link: a message of {len(found)} bytes")
    return found


def parse(data: "bytes") -> "tuple[Any, ...]":
    """(type, field, ..) of a message. Malformed for anything that is none, or is another version's HELLO or WELCOME."""
    said = cbor.decode(data, CEILING)
    if not isinstance(said, list) or not said or not _is_uint(said[0]) or said[0] not in MESSAGES:
        raise Malformed("link: no message")
    shapes = MESSAGES[said[0]]
    if said[0] <= WELCOME and len(said) > 1 and _is_uint(said[1]) and said[1] != VERSION:
        raise Malformed(f"link: the other end speaks version {said[1]}, this one {VERSION}")
    if len(said) != len(shapes) + 1:
        raise Malformed(f"link: message {said[0]} has {len(said) - 1} fields")
    for at, shape in enumerate(shapes, 1):
        if not _fits(said[at], shape):
            raise Malformed(f"link: message {said[0]}, field {at}")
    return tuple(said)


def frame(*parts: "bytes") -> "bytes":
    """The frame around what Session.seal or plain made; a 00 before it ends what was cut off there."""
    body = b"".join(parts + (b"\x00",))
    out = bytearray(len(body) + len(body) // 254 + 2)  # at once: it would be copied as it grows
    size = 1
    at = 0
    while at < len(body):
        end = min(body.find(b"\x00", at), at + 254)
        out[size] = end - at + 1  # portable: 255 at most
        out[size + 1 : size + 1 + end - at] = body[at:end]
        size += 1 + end - at
        at = end if end - at == 254 else end + 1
    return bytes(memoryview(out)[: size + 1])


def plain(message: "bytes") -> "bytes":
    """The frame of a message that no secret seals."""
    return frame(message, binascii.crc32(message).to_bytes(_CRC, "big"))


class Frames:
    """Bytes from the other end to what stood in its frames. Never raises; holds back at most one frame.

    damaged: pieces between two 00s that were no frame, so far.
    """

    def __init__(self) -> None:
        self.damaged = 0
        self._held = b""
        self._is_lost = False  # in the midst of what is too long

    def receive(self, data: "bytes") -> "list[tuple[bytes, bool]]":
        """(message, False) of each plain frame that `data` completes, its CRC checked; (body, True) of each sealed one.

        A sealed body is to be opened by the session.
        """
        found: "list[tuple[bytes, bool]]" = []
        at = 0
        while True:
            end = data.find(b"\x00", at)
            if end < 0:
                break
            held = self._held + data[at:end]
            at = end + 1
            self._held = b""
            if self._is_lost or not held:
                self._is_lost = False
                continue
            body = _unstuffed(held) if len(held) <= _LONGEST else b""
            if len(body) > _COUNTER + _MAC and body[0] < 0x80:
                found.append((body, True))
            elif len(body) > _CRC and _is_whole(body):
                found.append((body[:-_CRC], False))
            else:
                self.damaged += 1
        if not self._is_lost:
            self._held += data[at:]
            if len(self._held) > _LONGEST:
                self._held = b""
                self._is_lost = True
                self.damaged += 1
        return found


class Session:
    """Seals what one end sends, and opens what the other sealed, under a key that both made.

    refused: bodies that were not the other end's, or not its next, so far.
    """

    def __init__(self, secret: "bytes", hello: "bytes", nonce: "bytes", is_gateway: "bool") -> None:
        """secret: what both ends hold; hello: the HELLO's bytes; nonce: the gateway's, 16 bytes."""
        self._key = hmac(secret, _LABEL + hashlib.sha256(hello).digest() + nonce)
        self._out = b"g" if is_gateway else b"h"
        self._in = b"h" if is_gateway else b"g"
        self._sent = 0
        self._seen = 0
        self.refused = 0

    def seal(self, message: "bytes") -> "bytes":
        """The frame of the next message; ValueError after 2^31: begin a new session."""
        if self._sent == _LAST:
            raise ValueError("link: a session ends after 2^31 messages")
        self._sent += 1
        body = self._sent.to_bytes(_COUNTER, "big") + message
        return frame(body, hmac(self._key, self._out + body)[:_MAC])

    def open(self, body: "bytes") -> "bytes | None":
        """The message in a sealed body; None where another made it, or it is no later than the last one opened."""
        counter = int.from_bytes(body[:_COUNTER], "big")
        mac = hmac(self._key, self._in + body[:-_MAC])
        differ = 0
        for at in range(_MAC):
            differ |= mac[at] ^ body[at - _MAC]
        if differ or counter <= self._seen:
            self.refused += 1
            return None
        self._seen = counter
        return unproved(body)


def unproved(body: "bytes") -> "bytes":
    """The message in a sealed body, whoever made it: a WELCOME's nonce is needed to open it."""
    return body[_COUNTER:-_MAC]


def mark(record: "bytes") -> "int":
    """By which both ends know that a seq means the same record to them: 31 bits of its CRC-32."""
    return binascii.crc32(record) & 0x7FFFFFFF


def hmac(key: "bytes", data: "bytes") -> "bytes":
    """HMAC-SHA-256 (RFC 2104): 32 bytes. MicroPython has none."""
    if len(key) > 64:
        key = hashlib.sha256(key).digest()
    key += bytes(64 - len(key))
    inner = hashlib.sha256(bytes([byte ^ 0x36 for byte in key]) + data).digest()
    return hashlib.sha256(bytes([byte ^ 0x5C for byte in key]) + inner).digest()


_LONGEST = (CEILING + _COUNTER + _MAC) * 255 // 254 + 1  # bytes of a frame without its 00s


def _unstuffed(held: "bytes") -> "bytes":
    """What COBS hid the 00s of; b"" where it is none."""
    out = bytearray()
    at = 0
    while at < len(held):
        code = held[at]
        end = at + code
        if end > len(held):
            return b""
        out.extend(held[at + 1 : end])
        if code < 255 and end < len(held):
            out.append(0)
        at = end
    return bytes(out)


def _is_whole(body: "bytes") -> "bool":
    return binascii.crc32(body[:-_CRC]) == int.from_bytes(body[-_CRC:], "big")


def _fits(value: "Any", shape: "str") -> "bool":
    if shape == "u":
        return _is_uint(value)
    if shape == "t":
        return isinstance(value, str)
    if shape == "b":
        return isinstance(value, bytes)
    if shape == "B":
        return value is True or value is False
    if shape == "m":
        return isinstance(value, dict)
    if shape == "r":
        return isinstance(value, list) and all([_is_record(each) for each in value])
    return isinstance(value, bytes) and len(value) == int(shape)


def _is_record(value: "Any") -> "bool":
    return (
        isinstance(value, list)
        and len(value) == 2
        and _is_uint(value[0])
        and isinstance(value[1], bytes)
    )


def _is_uint(value: "Any") -> "bool":
    return (
        value is not True
        and value is not False
        and isinstance(value, int)
        and 0 <= value < _LARGEST
    )
