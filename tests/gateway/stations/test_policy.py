"""The match list: patterns of texts, and values of a file."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.config import CodesConfig, ConfigProblem
from gateway.stations.policy import MatchList, match_list


@pytest.mark.parametrize(
    ("pattern", "message", "belongs"),
    [
        ("A*", b"A", True),
        ("A*", b"AB\nC", True),
        ("A*", b"BA", False),
        ("A?C", b"ABC", True),
        ("A?C", b"AC", False),
        ("a", b"A", False),
        ("[AB]", b"A", False),
        ("[AB]", b"[AB]", True),
        ("x[!a]*", b"x[!a]y", True),
        ("(01)*", b"(01)09520123456788", True),
        ("*\x1d21*", b"0109520123456788\x1d21A", True),
        ("?", "ü".encode(), True),
        ("*", b"\xff", True),
    ],
)
def test_a_pattern_is_of_the_whole_text(pattern: str, message: bytes, belongs: bool) -> None:
    assert MatchList((pattern,)).allows(message) is belongs


def test_without_patterns_and_values_everything_belongs_here() -> None:
    assert MatchList().allows(b"anything")
    assert MatchList().expected == ()


def test_a_value_of_the_file_or_one_pattern_is_enough(tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_bytes(b"4006381333931\r\n\r\n0195\x1d21A\n")
    rules = CodesConfig(match=("B*", "C"), match_file=tmp_path / "list.txt")
    found = match_list(rules)
    assert [found.allows(each) for each in (b"4006381333931", b"0195\x1d21A", b"Bx", b"C")] == [
        True
    ] * 4
    assert not found.allows(b"D")
    assert found.expected == (b"C", b"0195\x1d21A", b"4006381333931")


def test_a_byte_order_mark_is_no_part_of_the_first_value(tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_bytes(b"\xef\xbb\xbf4006381333931\r\n")
    assert match_list(CodesConfig(match_file=tmp_path / "list.txt")).allows(b"4006381333931")


def test_a_reader_is_told_of_no_more_values_than_it_can_use() -> None:
    assert MatchList((), [str(n).encode() for n in range(10_000)]).expected == ()


def test_a_file_that_cannot_be_used_is_said(tmp_path: Path) -> None:
    missing = CodesConfig(match_file=tmp_path / "none.txt")
    with pytest.raises(ConfigProblem, match=r"match_file: .*none\.txt cannot be read"):
        match_list(missing)
    (tmp_path / "empty.txt").write_bytes(b"\n\n")
    with pytest.raises(ConfigProblem, match="is empty"):
        match_list(CodesConfig(match_file=tmp_path / "empty.txt"))


@given(st.text(max_size=30), st.binary(max_size=200))
def test_no_pattern_and_no_message_is_an_error(pattern: str, message: bytes) -> None:
    MatchList((pattern,)).allows(message)


def test_a_pattern_of_many_stars_is_no_way_to_stop_a_line() -> None:
    assert not MatchList(("*a" * 20 + "b",)).allows(b"a" * 8000)
