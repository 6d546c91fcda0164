"""Files of frames, each length (16 bits) | CRC-32 of what follows | data; what is torn off at the end is not read.

A segment of the outbox is named by its first record's seq, in 8 hex digits. Its frames are told apart by CBOR's first
byte (RFC 8949, section 3.1): the head, an array of four; records, arrays of eight; records carried over from older
segments, in byte strings; an int, the seq that a gateway has acknowledged.
"""

import os

from edge import cbor
from reader import files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

HEAD = 0x84
RECORD = 0x88
START = 6  # bytes before the data of a frame


def framed(data: "bytes") -> "bytes":
    """The frame of `data`, at most 65,535 bytes."""
    return start(data) + data


def start(data: "bytes | bytearray", more: "bytes | bytearray" = b"") -> "bytes":
    """What stands before `data` and `more` in their frame."""
    return (len(data) + len(more)).to_bytes(2, "big") + files.crc(data, more)


def carried(record: "bytes") -> "bytes":
    """The frame of a record from an older segment."""
    return framed(cbor.head(0x40, len(record)) + record)


def record_in(data: "bytes") -> "bytes":
    """The record in a frame's data, carried or not; b"" where there is none."""
    if data[0] == RECORD:
        return data
    return cbor.decode(data) if data[0] & 0xE0 == 0x40 else b""


def scan(path: "str", at: "int", visit: "Callable[[int, bytes], bool]") -> "int":
    """visit(offset, data) each whole frame from offset `at` on while it answers True.

    Answers the offset of the frame that it refused, else where the whole ones end.
    """
    with open(path, "rb") as file:
        file.seek(at)
        while True:
            start = file.read(START)
            size = int.from_bytes(start[:2], "big")
            data = file.read(size) if size else b""
            if not data or len(data) < size or files.crc(data) != start[2:]:
                return at
            if not visit(at, data):
                return at
            at += START + size


def data_at(path: "str", offset: "int") -> "bytes":
    """The data of the frame at `offset`, b"" where none is whole."""
    found = [b""]

    def take(offset: "int", data: "bytes") -> "bool":
        found[0] = data
        return False

    scan(path, offset, take)
    return found[0]


def starts(folder: "str") -> "list[int]":
    """The first seq of each segment in `folder`, in order."""
    return sorted([int(name, 16) for name in os.listdir(folder) if len(name) == 8])
