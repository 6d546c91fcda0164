"""The duplicate window, and the read rate."""

from gateway.stations.duplicates import MOST, Duplicates
from gateway.stations.readrate import ReadRate


def test_a_value_is_known_until_it_was_away_for_the_window() -> None:
    seen = Duplicates(2.0)
    assert [seen.saw(b"A", at) for at in (10.0, 11.9, 13.8, 15.8)] == [False, True, True, False]
    assert not seen.knows(b"B", 15.8)


def test_without_a_window_every_value_is_new() -> None:
    seen = Duplicates(0.0)
    assert [seen.saw(b"A", 10.0) for _ in range(3)] == [False] * 3


def test_a_clock_that_was_set_back_forgets() -> None:
    seen = Duplicates(2.0)
    seen.saw(b"A", 1000.0)
    assert not seen.saw(b"A", 10.0)
    assert seen.saw(b"A", 11.0)


def test_no_more_values_are_remembered_than_a_few_thousand() -> None:
    seen = Duplicates(1e9)
    for number in range(MOST + 1):
        seen.saw(str(number).encode(), 10.0)
    assert not seen.knows(b"0", 10.0)
    assert seen.knows(b"1", 10.0)


def test_the_read_rate_is_told_since_the_start_and_of_late() -> None:
    rate = ReadRate(recent=4)
    assert (rate.triggers, rate.since_start, rate.recent) == (0, 1.0, 1.0)
    for word in ("no_read", "no_read", "read", "repeated", "read", "too_many"):
        rate.add(word)
    assert (rate.triggers, rate.since_start, rate.recent) == (6, 0.5, 0.75)
    assert rate.words["no_read"] == 2
    assert rate.missed_in_a_row == 1
