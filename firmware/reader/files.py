"""What MicroPython's os lacks, for small files. A file is durable when it is closed (littlefs), not before."""

import binascii
import os

from edge import cbor
from edge.errors import Malformed, Truncated
from reader.errors import DeviceTrouble, FlashFull

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

_WINDOWS = (160, 640, 2048)  # bytes that are read for an item: most are small
_NO_SPACE = (28, 122)  # ENOSPC, EDQUOT


def make_folder(path: "str") -> None:
    """Make the folder, and those that it lies in, where they are missing."""
    at = 0
    while at >= 0:
        at = path.find("/", at + 1)
        part = path if at < 0 else path[:at]
        if size(part) < 0:
            os.mkdir(part)


def size(path: "str") -> "int":
    """Bytes of the file (anything from 0 for a folder), -1 where there is none."""
    try:
        return int(os.stat(path)[6])
    except OSError:
        return -1


def remove(path: "str") -> None:
    """Remove the file, if there is one."""
    if size(path) >= 0:
        os.remove(path)


def read(path: "str") -> "bytes":
    """All of a file, b"" where there is none."""
    if size(path) < 0:
        return b""
    with open(path, "rb") as file:
        return file.read()


def part(path: "str", at: "int", count: "int") -> "bytes":
    """At most `count` bytes of a file from offset `at` on."""
    with open(path, "rb") as file:
        file.seek(at)
        return file.read(count)


def item(path: "str", at: "int", end: "int") -> "tuple[Any, bytes]":
    """(value, its bytes) of the CBOR item at offset `at` of a file, before `end`. Raises Malformed, Truncated."""
    for count in _WINDOWS:
        data = part(path, at, min(count, end - at))
        try:
            value, used = cbor.first(data)
            return value, data[:used]
        except Truncated:
            if len(data) < count or count == _WINDOWS[-1]:
                raise
    raise Truncated(path)


def array(data: "bytes", at: "int") -> "tuple[int, int]":
    """(how many items, offset of the first) of the CBOR array whose head is at `at`. Raises Malformed, Truncated."""
    if data[at : at + 1] and data[at] & 0xE0 == 0x80:
        count, used = cbor.first(bytes((data[at] ^ 0x80,)) + data[at + 1 : at + 9])
        return count, at + used
    raise Malformed("an array was expected")


def write(
    path: "str", parts: "Iterable[bytes | bytearray]", mode: "str" = "wb", file: "Any" = None
) -> None:
    """Write, or append ("ab"), durably. Raises FlashFull, or DeviceTrouble where the flash fails otherwise.

    file: what `ready` has made of it.
    """
    try:
        with file or open(path, mode) as file:
            for part in parts:
                file.write(part)
    except OSError as why:
        if why.args[0] in _NO_SPACE:
            raise FlashFull("flash is full")
        raise DeviceTrouble(f"flash error {why.args[0]}")


def checksum(path: "str") -> "int":
    """CRC-32 of a file."""
    found = 0
    with open(path, "rb") as file:
        while True:
            data = file.read(512)
            if not data:
                return found & 0xFFFFFFFF
            found = binascii.crc32(data, found)


def ready(path: "str") -> "Any":
    """The file, open at its end, for `write`; None where the flash fails.

    littlefs appends to a copy of the last sector. Its last byte, written again, has that copy made.
    """
    try:
        file = open(path, "r+b")  # noqa: SIM115 (write closes it)
        file.seek(-1, 2)
        last = file.read(1)
        file.seek(-1, 2)
        file.write(last)
        return file
    except OSError:
        return None


def crc(data: "bytes | bytearray", more: "bytes | bytearray" = b"") -> "bytes":
    """CRC-32 of `data` and what follows, 4 bytes big-endian."""
    return (binascii.crc32(more, binascii.crc32(data)) & 0xFFFFFFFF).to_bytes(4, "big")
