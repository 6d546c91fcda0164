"""The decoder of picture files: what a camera, a snapshot or a folder delivers."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import cv2
import numpy as np

from edge.errors import Malformed
from gateway.optics import picture
from tests.bench.decoder import Broken, Decoder

_MOST_PIXELS = 20_000


def decoders() -> list[Decoder]:
    """One; an example of each format."""
    ramp = np.tile(np.arange(0, 240, 6, dtype=np.uint8), (24, 1))
    examples = [bytes(cv2.imencode(kind, ramp)[1]) for kind in (".jpg", ".png", ".webp", ".bmp")]
    return [Decoder("picture file", _picture, (Malformed,), examples, share=0.1)]


def _picture(data: bytes) -> None:
    with _silence():
        found = picture.gray(data, _MOST_PIXELS)
    if found.ndim != 2 or not 0 < found.size <= _MOST_PIXELS or found.dtype != np.uint8:
        raise Broken(f"a picture of {found.shape}, {found.dtype}")


@contextmanager
def _silence() -> Iterator[None]:
    """Nothing on stderr: libjpeg and libpng have a word there for each bad file."""
    stderr, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(stderr, 2)
        os.close(stderr)
        os.close(nowhere)
