"""Pictures to codes: as many as are wanted, within the budget, and nothing that is not there."""

import numpy as np
import pytest

from gateway.config_tables import SYMBOLOGIES
from gateway.model import Wanted
from gateway.optics import zxing
from gateway.optics.cascade import Cascade
from gateway.optics.found import Gray
from hwsim.scene import Placed, Scene, degraded, render
from hwsim.symbols import Code
from tests.pictures import drawn

PATIENT_MS = 20_000  # what is measured here is reading, not this machine
CODES = (
    Code("QRCode", "https://example.com/01/09520123456788/21/1"),
    Code("DataMatrix", "https://example.com/21/2"),
    Code("EAN13", "4006381333931"),
    Code("Code128", "LOT-4"),
)


@pytest.fixture(scope="module")
def four() -> Gray:
    """Four labels on a belt, turned."""
    labels = tuple(
        Placed(
            code,
            480 + 960 * (number % 2),
            300 + 480 * (number // 2),
            module_px=2.4 if number > 1 else 4.5,
            rotation_deg=50 * number,
        )
        for number, code in enumerate(CODES)
    )
    return render(Scene(labels), 8)


def test_all_codes_of_a_picture_are_read_with_their_places(four: Gray) -> None:
    reading = Cascade(SYMBOLOGIES).look(four, Wanted(count=4), PATIENT_MS)
    assert {each.data for each in reading.found} == {code.data for code in CODES}
    for each in reading.found:
        number = [code.data for code in CODES].index(each.data)
        middle = np.mean(each.corners, axis=0)
        assert np.hypot(*(middle - (480 + 960 * (number % 2), 300 + 480 * (number // 2)))) < 40
        assert (each.orientation_deg - 50 * number + 180) % 360 - 180 == pytest.approx(0, abs=5)
    assert reading.doubtful == ()
    assert reading.ms > 0


def test_a_glance_reads_as_many_as_it_is_asked_for(four: Gray) -> None:
    cascade = Cascade(SYMBOLOGIES, PATIENT_MS)
    assert len(cascade.glance(four).found) >= 1
    assert {each.data for each in cascade.glance(four, 4).found} == {code.data for code in CODES}


def test_the_search_ends_when_there_are_enough(four: Gray) -> None:
    one = Cascade(SYMBOLOGIES).look(four, Wanted(count=1), PATIENT_MS)
    all_of_them = Cascade(SYMBOLOGIES).look(four, Wanted(count=4), PATIENT_MS)
    more = Cascade(SYMBOLOGIES).look(four, Wanted(count=5), PATIENT_MS)
    assert 1 <= len(one.found) < 4
    assert len(more.found) == 4
    assert len(more.passes) > len(all_of_them.passes) >= len(one.passes)


def test_a_code_beyond_those_that_are_enough_is_seen_where_that_is_asked(four: Gray) -> None:
    found = Cascade(SYMBOLOGIES).look(four, Wanted(count=1, beyond=True), PATIENT_MS).found
    assert len(found) > 1


def test_or_when_its_time_is_over(four: Gray) -> None:
    hasty = Cascade(SYMBOLOGIES, budget_ms=0).look(four, Wanted(count=64))
    assert len(hasty.passes) == 1


def test_only_the_symbologies_that_are_asked_for_are_read(four: Gray) -> None:
    for word, code in zip(("qr", "datamatrix", "ean13", "code128"), CODES, strict=True):
        reading = Cascade((word,)).look(four, Wanted(count=1), PATIENT_MS)
        assert [each.data for each in reading.found] == [code.data]


def test_a_bar_code_that_one_pass_read_is_doubtful_unless_it_is_expected() -> None:
    # too low for a strip, and zbar finds it too narrow: only zxing's whole pass reads it at its size
    thin = np.pad(
        zxing.matrix("4006381333931", "ean13")[:1].repeat(3, axis=0), 12, constant_values=255
    )
    cascade = Cascade(("ean13",), budget_ms=0)  # one pass
    (doubtful,) = cascade.look(thin).doubtful
    assert doubtful.data == b"4006381333931"
    (expected,) = cascade.look(thin, Wanted(expected=(b"4006381333931",))).found
    assert expected.data == b"4006381333931"


def test_a_code_that_is_there_and_cannot_be_read_is_told() -> None:
    picture = drawn(zxing.matrix("https://example.com/01/09520123456788/21/1", "qr"))
    picture[90:150, 90:150] = 0
    reading = Cascade(("qr",)).look(picture, budget_ms=PATIENT_MS)
    assert reading.found == ()
    assert reading.unreadable == 1


@pytest.mark.parametrize("shape", [(1, 1), (2, 900), (64, 64), (1080, 1920)])
def test_an_empty_picture_of_any_shape_holds_nothing(shape: tuple[int, int]) -> None:
    cascade = Cascade((*SYMBOLOGIES, "ean8", "upce"), PATIENT_MS)
    flat = np.full(shape, 90, np.uint8)
    assert cascade.look(flat).found == cascade.glance(flat).found == ()


def test_nothing_is_read_from_noise() -> None:
    rng = np.random.default_rng(4)
    for _ in range(2):
        noise = rng.integers(0, 256, (300, 400), np.uint8)
        assert Cascade(SYMBOLOGIES).look(noise, budget_ms=PATIENT_MS).found == ()


def test_light_on_dark_is_read() -> None:
    for word in ("qr", "datamatrix"):
        inverted = 255 - drawn(zxing.matrix("INVERTED", word))
        (found,) = Cascade(SYMBOLOGIES).look(inverted, budget_ms=PATIENT_MS).found
        assert found.data == b"INVERTED"


def test_most_of_the_hard_set_is_read_and_nothing_wrong() -> None:
    cascade, read = Cascade(SYMBOLOGIES), 0
    for frame, code in degraded(21, 12):
        found = cascade.look(frame, budget_ms=PATIENT_MS).found
        assert {each.data for each in found} <= {code.data}
        read += bool(found)
    assert read >= 10
