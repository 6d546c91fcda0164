"""AIM symbology identifiers, against those that GS1's engine sends and zxing-cpp tells."""

import pytest
import zxingcpp

from edge import aim

# ISO/IEC 15424, annex "Symbology identifier"; GS1 General Specifications, "GS1 symbology identifiers".
KNOWN = [
    ("]E0", "EAN13", False),
    ("]E3", "EAN13", False),
    ("]E4", "EAN8", False),
    ("]I1", "ITF", False),
    ("]C0", "Code128", False),
    ("]C1", "Code128", True),
    ("]e0", "DataBar", True),
    ("]d1", "DataMatrix", False),
    ("]d2", "DataMatrix", True),
    ("]Q1", "QRCode", False),
    ("]Q3", "QRCode", True),
    ("]J1", "DotCode", True),
    ("]A0", "Code39", False),
    ("]z0", "Aztec", False),
]


@pytest.mark.parametrize(("identifier", "symbology", "is_gs1"), KNOWN)
def test_an_identifier_is_taken_off_and_names_its_symbology(
    identifier: str, symbology: str, is_gs1: bool
) -> None:
    assert aim.parse(identifier.encode() + b"TESTING") == (identifier, b"TESTING")
    assert aim.parse(identifier.encode()) == (identifier, b"")
    assert aim.symbology(identifier) == symbology
    assert aim.is_gs1(identifier) is is_gs1


@pytest.mark.parametrize("data", [b"", b"]", b"]X", b"]XX", b"]Q", b"Q1https", b"]Qz", b"]\xff1A"])
def test_what_is_no_identifier_stays_in_the_message(data: bytes) -> None:
    assert aim.parse(data) == ("", data)
    assert aim.symbology("") == "" and aim.symbology("]X1") == "" and not aim.is_gs1("")


@pytest.mark.witness
@pytest.mark.parametrize(
    ("text", "symbology", "options"),
    [
        ("https://a", "QRCode", {}),
        ("https://a", "DataMatrix", {}),
        ("A1", "Code128", {}),
        ("9520123456788", "EAN13", {}),
        ("96385074", "EAN8", {}),
        ("(01)09520123456788(21)A1", "QRCode", {"gs1": True}),
        ("(01)09520123456788(21)A1", "DataMatrix", {"gs1": True}),
        ("(01)09520123456788(21)A1", "Code128", {"gs1": True}),
    ],
)
def test_zxings_identifiers_name_zxings_symbologies(
    text: str, symbology: str, options: dict[str, bool]
) -> None:
    kind = getattr(zxingcpp.BarcodeFormat, symbology)
    made = zxingcpp.create_barcode(text, kind, **options)
    (read,) = zxingcpp.read_barcodes(made.to_image(scale=4))
    identifier = read.symbology_identifier
    assert aim.symbology(identifier) == symbology
    assert aim.is_gs1(identifier) is bool(options)
