"""Picture files to gray pictures. What a file says of its size is looked at before anything is decoded."""

import struct

import cv2
import numpy as np

from edge.errors import Malformed, Truncated
from gateway.optics.found import Gray

MOST_BYTES = 64 << 20  # of a file
MOST_PIXELS = 40_000_000  # of a picture; 40 MB as gray
_LEAST = 64  # bytes that OpenCV wants of a WebP file, though one may have 30
_SIDE = 1 << 15  # pixels; OpenCV's own ceiling is higher
_PNG = b"\x89PNG\r\n\x1a\n"
_NO_SIZE = frozenset((0xC4, 0xC8, 0xCC))  # DHT, JPG, DAC: among the SOF markers, not of them


cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)  # Malformed says it


def gray(data: bytes, most_pixels: int = MOST_PIXELS) -> Gray:
    """The picture in a JPEG, PNG, WebP or BMP file, as it is stored: EXIF orientation is not applied.

    A JPEG of up to 64 times `most_pixels` comes reduced 2, 4 or 8 times, which costs no memory for the rest.
    Malformed: another format, a corrupt file, more pixels than that, or more than MOST_BYTES.
    """
    if len(data) > MOST_BYTES:
        raise Malformed(f"a picture file of {len(data)} bytes: at most {MOST_BYTES} are read")
    width, height = size(data)
    if not 0 < width <= _SIDE or not 0 < height <= _SIDE:
        raise Malformed(f"a picture of {width} x {height} pixels: at most {_SIDE} a side are read")
    reduced = _reduction(width * height, most_pixels)
    if reduced > 1 and not data.startswith(b"\xff\xd8"):
        raise Malformed(f"a picture of {width} x {height} pixels: at most {most_pixels} are read")
    try:
        found = cv2.imdecode(np.frombuffer(data.ljust(_LEAST, b"\0"), np.uint8), _FLAGS[reduced])
    except cv2.error as trouble:
        raise Malformed(f"a picture that cannot be decoded: {trouble.err}") from None
    if found is None or found.ndim != 2 or found.size > most_pixels:
        raise Malformed("a picture that cannot be decoded: its file is corrupt or cut")
    return np.ascontiguousarray(found, dtype=np.uint8)


_FLAGS = {
    each: flag | cv2.IMREAD_IGNORE_ORIENTATION
    for each, flag in (
        (1, cv2.IMREAD_GRAYSCALE),
        (2, cv2.IMREAD_REDUCED_GRAYSCALE_2),
        (4, cv2.IMREAD_REDUCED_GRAYSCALE_4),
        (8, cv2.IMREAD_REDUCED_GRAYSCALE_8),
    )
}


def size(data: bytes) -> tuple[int, int]:
    """(width, height) as the file's header states them; Malformed where it is none of the four formats."""
    try:
        if data.startswith(b"\xff\xd8"):
            return _jpeg(data)
        if data.startswith(_PNG):
            return struct.unpack_from(">II", data, 16)
        if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
            return _webp(data)
        if data.startswith(b"BM"):
            width, height = struct.unpack_from("<ii", data, 18)
            return width, abs(height)
    except struct.error:
        raise Truncated(
            f"a picture file that ends in its header, after {len(data)} bytes"
        ) from None
    raise Malformed("no JPEG, PNG, WebP or BMP picture: convert it to one of these")


def _jpeg(data: bytes) -> tuple[int, int]:
    at = 2
    while True:
        start, marker = struct.unpack_from(">BB", data, at)
        if start != 0xFF:
            raise Malformed(f"a JPEG file without a marker at byte {at}")
        if marker == 0xFF:  # a fill byte
            at += 1
            continue
        if 0xC0 <= marker <= 0xCF and marker not in _NO_SIZE:
            height, width = struct.unpack_from(">HH", data, at + 5)
            return width, height
        (length,) = struct.unpack_from(">H", data, at + 2)
        at += 2 + max(int(length), 2)


def _webp(data: bytes) -> tuple[int, int]:
    kind = data[12:16]
    if kind == b"VP8 ":
        width, height = struct.unpack_from("<HH", data, 26)
        return width & 0x3FFF, height & 0x3FFF
    if kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", data, 21)
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8X":
        low = struct.unpack_from("<6B", data, 24)
        return 1 + int.from_bytes(low[:3], "little"), 1 + int.from_bytes(low[3:], "little")
    raise Malformed("a WebP file of an unknown kind")


def _reduction(pixels: int, most: int) -> int:
    for each in (1, 2, 4, 8):
        if pixels <= most * each * each:
            return each
    raise Malformed(f"a picture of {pixels} pixels: at most {most} are read")
