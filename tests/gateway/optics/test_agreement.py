"""When a value counts over frames."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.optics.agreement import Agreement
from gateway.optics.found import Found


def found(data: bytes, symbology: str = "EAN13", passes: int = 1) -> Found:
    return Found(data, "", symbology, (), 0.0, "zxing", "fast", passes=passes)


def counting(agreement: Agreement, frame: int, *founds: Found) -> list[bytes]:
    return [each.data for each in agreement.feed(frame, founds)]


def test_a_matrix_code_counts_at_once() -> None:
    assert counting(Agreement(3), 1, found(b"x", "QRCode")) == [b"x"]


def test_a_bar_code_counts_when_so_many_frames_agree() -> None:
    agreement = Agreement(3)
    assert counting(agreement, 1, found(b"1")) == []
    assert counting(agreement, 2, found(b"2")) == []
    assert counting(agreement, 3, found(b"1")) == []
    (third,) = agreement.feed(4, [found(b"1")])
    assert (third.data, third.passes) == (b"1", 3)


def test_one_frame_agrees_with_itself_once() -> None:
    agreement = Agreement(2)
    assert counting(agreement, 1, found(b"1"), found(b"1")) == []
    assert counting(agreement, 1, found(b"1")) == []


def test_what_was_seen_ten_frames_ago_is_forgotten() -> None:
    agreement = Agreement(2)
    counting(agreement, 1, found(b"1"))
    assert counting(agreement, 11, found(b"1")) == []
    assert counting(agreement, 20, found(b"1")) == [b"1"]


def test_an_expected_value_counts_at_once() -> None:
    assert counting(Agreement(2, [b"1"]), 1, found(b"1"), found(b"2")) == [b"1"]


def test_one_frame_is_enough_where_it_is_asked_for() -> None:
    assert counting(Agreement(1), 1, found(b"1")) == [b"1"]


def test_passes_that_agree_within_a_frame_are_told() -> None:
    (only,) = Agreement(1).feed(1, [found(b"1", passes=4)])
    assert only.passes == 4


@given(st.lists(st.binary(max_size=3), max_size=400))
def test_however_many_values_come_few_wait(values: list[bytes]) -> None:
    agreement = Agreement(2)
    for frame, value in enumerate(values):
        agreement.feed(frame, [found(value), found(value + b"!")])
    assert len(agreement._sights) <= 256
