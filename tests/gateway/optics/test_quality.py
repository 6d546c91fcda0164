"""The process indicator: contrast, error correction that is left, pixels a module."""

import numpy as np
import pytest

from gateway.model import Quality
from gateway.optics import zxing
from gateway.optics.found import Found
from gateway.optics.quality import grade, of
from tests.pictures import drawn


@pytest.mark.parametrize(
    ("quality", "letter"),
    [
        (Quality(0.8, 1.0, 4.0), "A"),
        (Quality(0.4, 1.0, 4.0), "B"),
        (Quality(0.8, 0.4, 4.0), "C"),
        (Quality(0.8, 1.0, 1.2), "D"),
        (Quality(0.1, 1.0, 4.0), "F"),
        (Quality(0.8, None, None), "A"),
        (Quality(), "F"),
    ],
)
def test_the_worst_of_what_is_known_is_the_letter(quality: Quality, letter: str) -> None:
    assert grade(quality, "QRCode") == letter


def test_contrast_is_of_the_codes_own_area() -> None:
    pale = drawn(zxing.matrix("PALE", "datamatrix"))
    pale = np.where(pale < 128, 120, 180).astype(np.uint8)
    pale = np.pad(pale, 100, constant_values=0)
    (found,) = zxing.read(pale, ("datamatrix",)).found
    quality = of(pale, found)
    assert quality.contrast == pytest.approx(60 / 255, abs=0.02)
    assert quality.unused_correction == 1
    assert quality.module_px == pytest.approx(4, rel=0.1)
    assert grade(quality, found.symbology) == "D"


def test_corners_beyond_the_picture_do_no_harm() -> None:
    image = np.zeros((20, 20), np.uint8)
    for corners in ((), ((-50, -50), (-40, -50), (-40, -40), (-50, -40)), ((5, 5), (6, 5))):
        lost = Found(b"", "", "QRCode", corners, 0.0, "zxing", "fast")
        assert of(image, lost).contrast is None
