"""What a small display shows, as a PNG file (ISO/IEC 15948): a palette of two colours, each pixel drawn large."""

import struct
import zlib
from pathlib import Path

_SCALE = 4
_PALETTE = bytes((6, 10, 20, 128, 224, 255))  # dark glass, lit pixel


def save(rows: list[list[bool]], path: Path) -> None:
    """Write the file anew, whole; ValueError where that cannot be."""
    try:
        fresh = path.with_name(f".{path.name}.new")
        fresh.write_bytes(encode(rows))
        fresh.replace(path)
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror}") from None


def encode(rows: list[list[bool]]) -> bytes:
    """The file; True is a lit pixel."""
    width, height = len(rows[0]) * _SCALE, len(rows) * _SCALE
    lines = b"".join([(b"\0" + _packed(row)) * _SCALE for row in rows])
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        [
            _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 1, 3, 0, 0, 0)),
            _chunk(b"PLTE", _PALETTE),
            _chunk(b"IDAT", zlib.compress(lines)),
            _chunk(b"IEND", b""),
        ]
    )


def _packed(row: list[bool]) -> bytes:
    """Eight pixels a byte, the first in its highest bit."""
    bits = "".join([("1" if lit else "0") * _SCALE for lit in row])
    return int(bits, 2).to_bytes(len(bits) // 8, "big")


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
