"""A second engine reads what the first one read, or says nothing."""

from dataclasses import replace

import numpy as np
import pytest
from witness import require

from gateway.optics import dmtx, zbar, zxing
from gateway.optics.confirm import confirm, second_engine
from gateway.optics.found import Found
from tests.pictures import drawn


def read(word: str, text: str) -> tuple[np.ndarray[tuple[int, int], np.dtype[np.uint8]], Found]:
    picture = np.pad(drawn(zxing.matrix(text, word)), 150, constant_values=180)
    (found,) = zxing.read(picture, (word,)).found
    return picture, found


def test_opencv_confirms_qr() -> None:
    picture, found = read("qr", "https://example.com/01/09520123456788/21/1")
    assert confirm(picture, found) == ("opencv",)
    assert confirm(picture, replace(found, data=b"https://example.com/other")) == ()
    assert second_engine("QRCode") == ""


@pytest.mark.parametrize(("word", "text"), [("ean13", "4006381333931"), ("code128", "LOT-42")])
def test_zbar_confirms_bars(word: str, text: str) -> None:
    require(not zbar.available(), "libzbar")
    picture, found = read(word, text)
    assert confirm(picture, found) == ("zbar",)
    assert confirm(np.ascontiguousarray(np.full_like(picture, 180)), found) == ()
    assert confirm(picture, replace(found, engine="zbar")) == ()
    assert second_engine(found.symbology) == ""


def test_libdmtx_confirms_data_matrix_and_never_gs1() -> None:
    require(not dmtx.available(), "libdmtx")
    picture, found = read("datamatrix", "P1234567S123456")
    assert confirm(picture, found) == ("dmtx",)
    assert confirm(picture, replace(found, aim="]d2")) == ()


def test_corners_that_are_nowhere_confirm_nothing() -> None:
    picture, found = read("qr", "X")
    assert confirm(picture, replace(found, corners=())) == ()
    beyond = tuple((x + 9000, y + 9000) for x, y in found.corners)
    assert confirm(picture, replace(found, corners=beyond)) == ()


def test_what_has_no_second_engine_is_told() -> None:
    assert "PDF417" in second_engine("PDF417")
    assert "FNC1" in second_engine("DataMatrix", "]d2")
