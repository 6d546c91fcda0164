"""The engines, each alone: what goes in as bytes comes out as bytes, with its place and its AIM identifier."""

import numpy as np
import pytest
import segno
import zxingcpp
from witness import require

from gateway.optics import dmtx, zbar, zxing
from tests.pictures import drawn

ALL = ("qr", "datamatrix", "code128", "ean13", "upca")


@pytest.mark.parametrize(
    ("word", "text", "name", "aim"),
    [
        ("qr", "https://example.com/01/09520123456788", "QRCode", "]Q1"),
        ("datamatrix", "P1234567S123456", "DataMatrix", "]d1"),
        ("code128", "LOT-42", "Code128", "]C0"),
        ("ean13", "4006381333931", "EAN13", "]E0"),
        ("ean8", "96385074", "EAN8", "]E4"),
    ],
)
def test_zxing_reads_each_symbology_as_bytes(word: str, text: str, name: str, aim: str) -> None:
    (found,) = zxing.read(drawn(zxing.matrix(text, word)), (*ALL, "ean8")).found
    assert (found.data, found.symbology, found.aim) == (text.encode(), name, aim)
    assert found.orientation_deg == 0
    assert found.engine == "zxing"
    if word != "code128":
        assert found.module_px == pytest.approx(4, rel=0.1)


def test_only_what_is_asked_for_is_read() -> None:
    picture = drawn(zxing.matrix("4006381333931", "ean13"))
    assert zxing.read(picture, ("qr", "code128")).found == []


def test_upc_a_is_a_gtin_13_and_called_so_unless_it_alone_is_asked_for() -> None:
    picture = drawn(zxing.matrix("036000291452", "upca"))
    (wide,) = zxing.read(picture, ALL).found
    (alone,) = zxing.read(picture, ("upca",)).found
    assert wide.data == alone.data == b"0036000291452"
    assert (wide.symbology, alone.symbology) == ("EAN13", "UPCA")
    assert [(each.data, each.symbology) for each in zbar.read(picture, ALL)] == [
        (b"0036000291452", "EAN13")
    ]


def test_binary_content_is_not_mangled() -> None:
    stub = bytes(range(256))
    (found,) = zxing.read(drawn(zxing.matrix(stub, "qr")), ("qr",)).found
    assert found.data == stub


def test_fnc1_comes_as_a_group_separator_with_the_aim_of_gs1() -> None:
    code = zxingcpp.create_barcode(
        "(01)09520123456788(10)AB(21)12", zxingcpp.BarcodeFormat.DataMatrix, gs1=True
    )
    (found,) = zxing.read(drawn(np.array(code.to_image(scale=1))), ("datamatrix",)).found
    assert (found.data, found.aim) == (b"010952012345678810AB\x1d2112", "]d2")


def test_a_code_that_segno_made_is_read() -> None:
    made = segno.make("Größe 38", error="m", micro=False)
    modules = np.where(np.array(made.matrix, bool), 0, 255).astype(np.uint8)
    (found,) = zxing.read(drawn(modules), ("qr",)).found
    assert found.data.decode("latin-1") == "Größe 38"


def test_a_code_that_is_damaged_is_located() -> None:
    picture = drawn(zxing.matrix("https://example.com/01/09520123456788/21/1", "qr"))
    picture[90:150, 90:150] = 0
    seen = zxing.read(picture, ("qr",), errors=True)
    assert seen.found == []
    assert ((40, 40), (156, 40)) in [each[:2] for each in seen.unreadable]


@pytest.mark.parametrize("turns", [0, 1, 2, 3])
def test_a_data_matrix_is_read_in_every_quarter(turns: int) -> None:
    picture = np.ascontiguousarray(np.rot90(drawn(zxing.matrix("QUARTER", "datamatrix")), turns))
    (found,) = zxing.read(picture, ("datamatrix",), rotate=True).found
    assert found.data == b"QUARTER"
    assert abs(found.orientation_deg) == pytest.approx((0, 90, 180, 90)[turns], abs=2)


def test_the_error_correction_that_is_left_is_told() -> None:
    picture = drawn(zxing.matrix("https://example.com/01/09520123456788", "qr", "H"))
    (whole,) = zxing.read(picture, ("qr",)).found
    picture[92:108, 92:108] = 0
    (worn,) = zxing.read(picture, ("qr",)).found
    assert whole.unused_correction == 1
    assert worn.unused_correction is not None
    assert worn.unused_correction < 1


def test_a_text_that_does_not_fit_is_our_own_error() -> None:
    with pytest.raises(ValueError, match="qr: "):
        zxing.matrix("x" * 5000, "qr")
    with pytest.raises(ValueError, match="ean13: "):
        zxing.matrix("not digits", "ean13")


def test_modules_with_a_few_errors_are_read() -> None:
    dark = zxing.matrix("DOTS", "datamatrix") == 0
    dark[3, 4] ^= True
    found = zxing.read_modules(dark, "datamatrix", "dots")
    assert found is not None
    assert (found.data, found.how) == (b"DOTS", "dots")
    assert zxing.read_modules(np.zeros((12, 12), np.bool_), "datamatrix", "dots") is None


def test_zbar_is_asked_for_bars_alone() -> None:
    require(not zbar.available(), "libzbar")
    bars = drawn(zxing.matrix("LOT-42", "code128"))
    (found,) = zbar.read(bars, ALL)
    assert (found.data, found.symbology, found.aim) == (b"LOT-42", "Code128", "")
    assert zbar.read(drawn(zxing.matrix("LOT-42", "qr")), ALL) == []
    assert zbar.read(bars, ("qr", "datamatrix")) == []


def test_zbar_tells_no_ean_13_where_upc_a_alone_is_asked_for() -> None:
    require(not zbar.available(), "libzbar")
    assert zbar.read(drawn(zxing.matrix("4006381333931", "ean13")), ("upca",)) == []
    (found,) = zbar.read(drawn(zxing.matrix("036000291452", "upca")), ("upca",))
    assert (found.data, found.symbology) == (b"0036000291452", "UPCA")


@pytest.mark.witness
def test_libdmtx_reads_what_zxing_writes() -> None:
    require(not dmtx.available(), "libdmtx")
    assert dmtx.read(drawn(zxing.matrix("P1234567S123456", "datamatrix"))) == [b"P1234567S123456"]
    assert dmtx.read(np.full((50, 50), 255, np.uint8), timeout_ms=10) == []


def test_a_picture_of_one_pixel_holds_no_code() -> None:
    dot = np.zeros((1, 1), np.uint8)
    assert zxing.read(dot, ALL).found == []
    assert zbar.read(dot, ALL) == []
