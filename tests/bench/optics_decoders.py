"""The decoder of picture files: what a camera, a snapshot or a folder delivers."""

import cv2
import numpy as np

from edge.errors import Malformed
from gateway.optics import picture
from tests.bench.decoder import Broken, Decoder

_MOST_PIXELS = 20_000


def decoders() -> list[Decoder]:
    """One; examples of three formats: libpng would say a word about each bad PNG on stderr."""
    ramp = np.tile(np.arange(0, 240, 6, dtype=np.uint8), (24, 1))
    examples = [bytes(cv2.imencode(kind, ramp)[1]) for kind in (".jpg", ".webp", ".bmp")]
    return [Decoder("picture file", _picture, (Malformed,), examples, share=0.1)]


def _picture(data: bytes) -> None:
    found = picture.gray(data, _MOST_PIXELS)
    if found.ndim != 2 or not 0 < found.size <= _MOST_PIXELS or found.dtype != np.uint8:
        raise Broken(f"a picture of {found.shape}, {found.dtype}")
