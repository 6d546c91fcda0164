"""JPEG files as cameras send them: baseline, 4:2:2, the standard's Huffman tables (ITU-T T.81, Annex K)."""

from math import ceil

import cv2
import numpy as np

from hwsim.surface import Picture

QUALITY = 80
_SOS, _SOF0 = b"\xff\xda", b"\xff\xc0"
_FLAT = (
    b"\x28\xa2\x8a"  # four blocks of the same gray: DC difference 0 ("00") and EOB ("1010") each
)
_BLOCK = 8


def encode(picture: Picture, quality: int = QUALITY) -> bytes:
    """A gray picture as a camera's JPEG of three components."""
    colours = cv2.cvtColor(picture, cv2.COLOR_GRAY2BGR)
    settings = (
        cv2.IMWRITE_JPEG_QUALITY,
        quality,
        cv2.IMWRITE_JPEG_SAMPLING_FACTOR,
        cv2.IMWRITE_JPEG_SAMPLING_FACTOR_422,
    )
    _, data = cv2.imencode(".jpg", colours, settings)
    return bytes(data.tobytes())


def huge(megapixels: float = 100.0) -> bytes:
    """A right JPEG of so many pixels, one gray all over: about 12 kB a megapixel."""
    rows = min(ceil((megapixels * 1e6 / 1.5) ** 0.5 / 32) * 32, 65504)
    columns = min(ceil(megapixels * 1e6 / rows / _BLOCK) * _BLOCK, 65528)
    _, small = cv2.imencode(".jpg", np.full((_BLOCK, _BLOCK), 128, np.uint8))
    data = bytes(small.tobytes())
    size: int = data.index(_SOF0) + 5
    data = data[:size] + rows.to_bytes(2, "big") + columns.to_bytes(2, "big") + data[size + 4 :]
    blocks = rows // _BLOCK * columns // _BLOCK
    return bytes(data[: scan(data)] + _FLAT * (blocks // 4) + b"\xff\xd9")


def scan(data: bytes) -> int:
    """Where the entropy-coded data begins."""
    start = data.index(_SOS) + 2
    return start + int.from_bytes(data[start : start + 2], "big")
