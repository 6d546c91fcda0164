"""Labels: what people read, where it stands, and how large the symbol is printed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.optics import printsize
from gateway.optics.label import ADVANCE, Label, Where, layout, readable
from gateway.optics.symbol import symbol

LINK = "https://id.example.com/01/09520123456788/10/B7/21/A%2F1"
SMALL = symbol("A1", "datamatrix")
QR = symbol(LINK, "qr")


def test_a_digital_link_is_read_as_its_identifiers_and_its_host() -> None:
    assert readable(LINK + "#s=0oQ") == (
        "(01) 09520123456788",
        "(10) B7",
        "(21) A/1",
        "id.example.com",
    )


def test_another_link_is_read_as_it_is_in_lines() -> None:
    link = "https://example.com/" + "a" * 30 + "?q=1#s=0oQ"
    lines = readable(link)
    assert "".join(lines) == "example.com/" + "a" * 30 + "?q=1"
    assert max(map(len, lines)) <= 40


@given(
    module=st.floats(0.1, 50),
    mm=st.floats(0.5, 100),
    text_mm=st.floats(0.5, 20),
    where=st.sampled_from(["below", "right"]),
    lines=st.lists(st.text("ab 1", min_size=1, max_size=40), min_size=1, max_size=16),
    made=st.sampled_from([SMALL, QR]),
)
def test_text_stands_in_the_label_and_never_in_the_quiet_zone(
    module: float, mm: float, text_mm: float, where: Where, lines: list[str], made: object
) -> None:
    assert made in (SMALL, QR)
    chosen = SMALL if made is SMALL else QR
    at = layout(Label(chosen, tuple(lines), where, text_mm), module, mm)
    free = (chosen.columns + 2 * chosen.quiet) * module
    less = 1e-6 * free
    assert at.symbol == pytest.approx((chosen.quiet * module, chosen.quiet * module))
    for line in at.lines:
        top, right = line.y - at.text, line.x + len(line.text) * ADVANCE * at.text
        assert line.x >= free - less if where == "right" else top >= free - less
        assert line.x >= 0 and right <= at.width + less and line.y <= at.height + less
    assert [line.text for line in at.lines] == lines


def test_without_text_the_label_is_the_symbol_and_its_quiet_zone() -> None:
    at = layout(Label(QR, ("A",), "none"), 0.5, 1)
    assert (at.width, at.height, at.lines) == ((QR.columns + 8) * 0.5, (QR.columns + 8) * 0.5, ())


def test_gs1_uks_worked_example_of_the_least_size() -> None:
    """A QR of 29 columns: (29 + 8) x 0.396 = 14.652 mm ("How big should a QR code powered by GS1 be?")."""
    made = symbol("https://id.example.com/01/09520123456788/21/A", "qr")
    assert made.columns == 29
    assert printsize.size_mm(made, printsize.LEAST_MM) == pytest.approx((14.652, 14.652))


@pytest.mark.parametrize(
    ("dpi", "dots", "mm"),
    [(600, 4, 0.17), (600, 5, 0.21), (600, 6, 0.25), (300, 4, 0.33), (300, 5, 0.42), (300, 6, 0.5)],
)
def test_denso_waves_table_of_dots_and_module_sizes(dpi: int, dots: int, mm: float) -> None:
    """DENSO WAVE, "Printer Head Density and Module Size": there 300 dpi is 12 dots a millimetre."""
    assert printsize.in_mm(dots, dpi) == pytest.approx(mm, abs=0.011)
    assert printsize.dots(printsize.in_mm(dots, dpi), dpi) == dots


@given(module_mm=st.floats(0.05, 20), dpi=st.integers(50, 5000))
def test_whole_dots_are_the_least_that_make_the_module(module_mm: float, dpi: int) -> None:
    dots = printsize.dots(module_mm, dpi)
    assert dots >= 1
    assert printsize.in_mm(dots, dpi) >= module_mm * 0.95 or dots == 1
    assert dots == 1 or printsize.in_mm(dots - 1, dpi) < module_mm


def test_advice_is_given_where_there_is_a_reason() -> None:
    assert printsize.advice(QR, 0.4, 5) == []
    assert printsize.advice(QR, 0.4, None) == []
    assert "0.396" in printsize.advice(QR, 0.395, None)[0]
    assert "0.99" in printsize.advice(QR, 1.0, None)[0]
    assert "3 dots" in printsize.advice(QR, 0.5, 3)[0]
    large = symbol("https://id.example.com/" + "aB1-" * 130, "qr")
    assert "version" in printsize.advice(large, 0.4, None)[0]


def test_the_distance_is_ten_times_the_width() -> None:
    assert printsize.distance_mm(QR, 0.4) == pytest.approx(4 * QR.columns)
