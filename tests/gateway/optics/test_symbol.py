"""Symbols: the smallest of their kind, read back, with the quiet zone of their standard."""

import base64

import pytest
import segno
from hypothesis import given, settings
from hypothesis import strategies as st

from edge import printed
from edge.errors import DoesNotFit, Malformed
from gateway.optics import zxing
from gateway.optics.symbol import Symbology, smallest, symbol

LINK = "https://id.example.com/01/09520123456788/21/AB12345678"  # 54 characters
STUB = b"\xd2\x84" + bytes(range(198))


def test_a_link_with_a_200_byte_stub_is_a_qr_of_at_most_version_13() -> None:
    made = smallest([printed.join(LINK, STUB, form) for form in printed.FORMS], "qr")
    assert (made.version, made.columns, made.level, made.quiet) == ("12", 65, "M", 4)
    assert made.text.endswith("#s=" + base64.b32encode(STUB).decode().rstrip("="))


@pytest.mark.parametrize("symbology", ["qr", "datamatrix"])
def test_the_smallest_of_all_spellings_is_taken(symbology: Symbology) -> None:
    spellings = [printed.join(LINK, STUB, form) for form in printed.FORMS]
    least = min(symbol(each, symbology).modules for each in spellings)
    assert smallest(spellings, symbology).modules == least
    assert smallest(reversed(spellings), symbology).modules == least


def test_the_first_of_equals_is_taken() -> None:
    assert smallest([LINK, LINK[:-1] + "9"], "qr").text == LINK


def test_a_spelling_that_fits_nowhere_leaves_the_others() -> None:
    assert smallest(["x" * 2400, LINK], "qr").text == LINK
    with pytest.raises(DoesNotFit):
        smallest(["x" * 2400, "y" * 2401], "qr")


@pytest.mark.parametrize("length", [1, 14, 15, 100, 666, 2331])
def test_a_qr_is_no_larger_than_segnos(length: int) -> None:
    text = ("https://id.example.com/" + "aB1-" * 600)[:length]
    theirs = segno.make(text, error="m", micro=False, boost_error=False)
    made = symbol(text, "qr")
    assert int(made.version) <= int(theirs.version)
    assert made.columns == 17 + 4 * int(made.version)


@pytest.mark.parametrize("symbology", ["qr", "datamatrix"])
@given(text=st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1, max_size=80))
@settings(max_examples=60, deadline=None)
def test_whatever_is_printable_ascii_is_read_back_from_one_pixel_more(
    symbology: Symbology, text: str
) -> None:
    seen = zxing.read(symbol(text, symbology).picture(3), (symbology,))
    assert [each.data for each in seen.found] == [text.encode()]


@pytest.mark.parametrize("text", ["", "Größe", "a\nb", "a\x1db", "\x00"])
def test_what_no_link_holds_is_refused(text: str) -> None:
    with pytest.raises(Malformed, match="printable ASCII"):
        symbol(text, "qr")


@pytest.mark.parametrize(("symbology", "most"), [("qr", 2331), ("datamatrix", 1556)])
def test_beyond_the_largest_symbol_the_excess_is_told(symbology: Symbology, most: int) -> None:
    text = "".join(chr(0x61 + each % 23) + chr(0x21 + each % 13) for each in range(most))
    symbol(text[: most // 2], symbology)
    with pytest.raises(DoesNotFit, match="shorten the link") as why:
        symbol(text[: most + 500], symbology)
    assert why.value.excess == 500
    with pytest.raises(DoesNotFit):
        symbol("1" * 1_000_000, symbology)


@pytest.mark.parametrize(("symbology", "quiet"), [("qr", 4), ("datamatrix", 1)])
def test_the_quiet_zone_is_light_and_the_symbol_fills_the_rest(
    symbology: Symbology, quiet: int
) -> None:
    made = symbol(LINK, symbology)
    picture = made.picture(2)
    edge = 2 * quiet
    assert (picture[:edge] == 255).all() and (picture[:, :edge] == 255).all()
    assert (picture[-edge:] == 255).all() and (picture[:, -edge:] == 255).all()
    inside = picture[edge:-edge, edge:-edge]
    assert inside.shape == (2 * len(made.rows), 2 * made.columns)
    assert (inside[:, 0] == 0).any() and (inside[0] == 0).any()
