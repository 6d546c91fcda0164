"""Reads a signed trust list from its file, a piece at a time, and puts it in force."""

import binascii
import os

from edge import cbor, cose, ed25519, envelope, trust
from edge.errors import Malformed
from reader import files, segments
from reader.trust import ROWS, turned

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Any

    from reader.trust import Trust

_PIECE = 512  # bytes that are hashed in one turn, or written
_HEAD_SIZE = 17  # of a signed list: tag, array, protected header, no unprotected one
_TAIL = 66  # its signature


def install(into: "Trust", path: "str") -> "Generator[int, None, None]":
    """See reader.trust.Trust.install."""
    size = files.size(path)
    start = files.part(path, 0, 64)
    at = _payload_at(start, size, into.root)
    tail = files.part(path, size - _TAIL, _TAIL)
    if tail[:2] != b"\x58\x40":
        raise Malformed("trust list: no signature at its end")
    check = ed25519.PreparedKey(into.root).begin(tail[2:])
    check.update(cose.to_be_signed(start[3:16], b"")[:-1] + start[_HEAD_SIZE:at])
    crc = binascii.crc32(start[:at])
    for piece in range(at, size - _TAIL, _PIECE):
        data = files.part(path, piece, min(_PIECE, size - _TAIL - piece))
        check.update(data)
        crc = binascii.crc32(data, crc)
        yield 0
    crc = binascii.crc32(tail, crc) & 0xFFFFFFFF
    if not (yield from turned(check.steps())):
        raise trust.BadSignature("trust list: not signed by this root key")
    number, issued, not_after, count, at = _opened(files.part(path, at, 48), at)
    if number < into.state.get(into.seen) or number <= into.number:
        raise Malformed(f"trust list: {number} is older than what was seen")
    index = into.path(number) + ".keys"
    head = segments.framed(cbor.encode([into.root, count, crc, issued, not_after]))
    files.write(index, (head, bytes(ROWS - len(head))))
    before = (b"", b"")
    rows = b""
    for left in range(count - 1, -1, -1):
        row, raw = files.item(path, at, size - _TAIL)
        entry = trust.entry(row)
        if not before < (entry.kid, entry.key) or cbor.encode(trust.row(entry)) != raw:
            raise Malformed("trust list: entries out of order, or defaults written out")
        before = (entry.kid, entry.key)
        rows += entry.kid + at.to_bytes(4, "big")
        at += len(raw)
        if len(rows) >= _PIECE or not left:
            files.write(index, (rows,), "ab")
            rows = b""
        yield 0
    if at != size - _TAIL:
        raise Malformed("trust list: bytes after its entries")
    os.rename(path, into.path(number))
    into.state.set(into.seen, number)
    into.load()


def _payload_at(start: "bytes", size: "int", root: "bytes") -> "int":
    """Where the payload of a signed list of `size` bytes begins; it ends _TAIL bytes before the end."""
    try:
        alg = envelope.alg(start)
    except KeyError:
        raise Malformed("trust list: must have alg and kid protected, and no other header")
    if not cose.alg_allowed(alg, root):
        raise trust.BadSignature("trust list: no root key for it in settings")
    rest = size - _HEAD_SIZE - _TAIL
    for width in (1, 2, 3, 5):
        head = cbor.head(0x40, max(0, rest - width))
        if len(head) == width and start[_HEAD_SIZE - 1 :].startswith(b"\xa0" + head):
            return _HEAD_SIZE + width
    raise Malformed("trust list: must be tagged and carry its payload, and nothing else")


def _opened(data: "bytes", base: "int") -> "tuple[int, int, int, int, int]":
    """number, issued, not_after, how many entries, and where the first begins. data: from offset `base` on."""
    fields, at = files.array(data, 0)
    numbers: "list[Any]" = []
    for _ in range(3):
        number, at = cbor.first(data, at)
        numbers.append(number)
    if fields != 4 or [type(each) for each in numbers] != [int, int, int] or min(numbers) < 0:
        raise Malformed("trust list: must be [number, issued, not_after, entries]")
    count, at = files.array(data, at)
    return numbers[0], numbers[1], numbers[2], count, base + at
