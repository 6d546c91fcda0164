"""A PLC's lines and answers; the station that it triggers is in tests/station/test_code_station.py."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.stations.cycle import WORDS
from gateway.stations.plc import Lines, texts, word

SAID = b"T\r\nON\rOFF\n\n\r\nT\n"
LINES = [b"T", b"ON", b"OFF", b"T"]


def test_lines_end_with_cr_or_lf_or_both() -> None:
    assert Lines().receive(SAID) == LINES


@given(st.lists(st.integers(1, len(SAID) - 1), max_size=6))
def test_lines_may_come_in_pieces(cuts: list[int]) -> None:
    lines, found = Lines(), []
    edges = [0, *sorted(cuts), len(SAID)]
    for start, end in pairwise(edges):
        found += lines.receive(SAID[start:end])
    assert found == LINES


def test_a_line_without_end_comes_when_it_is_too_long_for_one() -> None:
    lines = Lines()
    assert lines.receive(b"x" * 64) == []
    assert lines.receive(b"y") == [b"x" * 64 + b"y"]
    assert lines.receive(b"T\n") == [b"T"]


def test_codes_are_told_with_tabs_between_them() -> None:
    assert texts([b"A", "ü".encode(), b"01\x1d21"]) == "A\tü\t01\x1d21"


@pytest.mark.parametrize(
    "message", [b"NOREAD", b"ERROR", b"A\tB", b"A\nB", b"A\rB", b"\0", b"\xff", b""]
)
def test_what_a_plc_could_take_for_something_else_is_not_told(message: bytes) -> None:
    assert texts([message]) is None
    assert texts([b"A", message]) is None


def test_no_code_is_no_answer() -> None:
    assert texts([]) is None


def test_no_code_can_be_taken_for_the_answer_to_another_outcome() -> None:
    for outcome in (*WORDS, "refused", "not_verified", "failed"):
        assert outcome == "read" or texts([word(outcome).encode()]) is None
