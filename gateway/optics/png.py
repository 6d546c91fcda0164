"""A label as PNG: black and white, whole pixels a module, its resolution told.

PNG Specification (Second Edition), ISO/IEC 15948, "Chunk specifications": IHDR, pHYs, IDAT, IEND.
"""

import struct
import zlib

import numpy as np

from gateway.optics.font import draw
from gateway.optics.found import Gray
from gateway.optics.label import Label, layout

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_INCHES_PER_METRE = 39.3701
_METRE = 1  # pHYs: the unit
_ONE_BIT, _GRAY = 1, 0  # IHDR: bit depth, colour type


def png(label: Label, module_px: int, dpi: int) -> bytes:
    """The label at `dpi`, a module being `module_px` pixels wide; the same label is the same bytes."""
    picture = raster(label, module_px, dpi)
    height, width = picture.shape
    rows = np.packbits(picture >= 128, axis=1)
    scanlines = b"".join(b"\0" + bytes(row) for row in rows)  # filter type 0: None
    per_metre = round(dpi * _INCHES_PER_METRE)
    return b"".join(
        (
            _SIGNATURE,
            _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, _ONE_BIT, _GRAY, 0, 0, 0)),
            _chunk(b"pHYs", struct.pack(">IIB", per_metre, per_metre, _METRE)),
            _chunk(b"IDAT", zlib.compress(scanlines, 9)),
            _chunk(b"IEND", b""),
        )
    )


def raster(label: Label, module_px: int, dpi: int) -> Gray:
    """The label's pixels: 0 black, 255 white."""
    at = layout(label, module_px, dpi / 25.4)
    symbol = label.symbol.picture(module_px)
    picture = np.full((round(at.height), round(at.width)), 255, dtype=np.uint8)
    picture[: symbol.shape[0], : symbol.shape[1]] = symbol
    for line in at.lines:
        draw(picture, line, at.text)
    return picture


def _chunk(kind: bytes, data: bytes) -> bytes:
    check = zlib.crc32(kind + data)
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)
