"""Which codes a product must carry, and which carrier a code is."""

import pytest

from edge import stub
from gateway.model import CodeRead
from gateway.stations.carriers import carrier, codes, listed


@pytest.mark.parametrize(
    ("cell", "found"),
    [
        ("", ()),
        ("nfc,qr", ("nfc", "qr")),
        (" NFC ; QR ", ("nfc", "qr")),
        ("rain+datamatrix", ("rain", "datamatrix")),
        ("qr qr", ("qr",)),
    ],
)
def test_a_cell_lists_carriers(cell: str, found: tuple[str, ...]) -> None:
    assert listed(cell) == found


@pytest.mark.parametrize(
    ("cell", "words"), [("nfc,rain", "one tag a product"), ("barcode", "'barcode' is no carrier")]
)
def test_another_word_and_two_tags_are_refused(cell: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        listed(cell)


def test_order_station_and_law_each_ask_for_codes() -> None:
    assert codes({}, ("nfc",), ()) == ()
    assert codes({}, ("nfc", "datamatrix"), ()) == ("datamatrix",)
    assert codes({}, (), ("qr",)) == ("qr",)
    assert codes({stub.SECTOR: [1, {}]}, ("nfc", "datamatrix"), ()) == ("qr", "datamatrix")
    assert codes({stub.SECTOR: [7, {}]}, (), ()) == ()


@pytest.mark.parametrize(
    ("aim", "symbology", "found"),
    [
        ("]Q1", "", "qr"),
        ("]Q3", "QRCode", "qr"),
        ("]d2", "", "datamatrix"),
        ("", "DataMatrix", "datamatrix"),
        ("", "QRCode", "qr"),
        ("]E0", "QRCode", ""),
        ("]C1", "", ""),
        ("", "", ""),
    ],
)
def test_a_carrier_is_known_by_the_identifier_else_the_symbology(
    aim: str, symbology: str, found: str
) -> None:
    assert carrier(CodeRead("eye", b"", aim, symbology, 0)) == found
