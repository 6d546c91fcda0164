"""Tags that may have been cloned: two products on one UID, and places too far apart."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as some

from gateway.hub.clones import (
    CLOCKS_S,
    FASTEST_MPS,
    FREED,
    SEEN,
    WRITTEN,
    Pair,
    Sighting,
    Travel,
    distance_m,
    too_fast,
    two_products,
)

ROTTERDAM, HAMBURG = (51.9244, 4.4777), (53.5511, 9.9937)
NORTH_AND_SOUTH = Travel({"north": HAMBURG, "south": ROTTERDAM})


def sighting(
    at_s: float, name: str = "A", place: str = "north", act: str = SEEN, timed: bool = True
) -> Sighting:
    return Sighting(round(at_s * 1e9), 1, round(at_s), name, place, act, timed)


def test_a_quarter_of_a_great_circle_is_as_long_as_the_mean_radius_says() -> None:
    quarter = math.pi / 2 * 6_371_008.8
    assert distance_m((90.0, 0.0), (0.0, 77.0)) == pytest.approx(quarter)
    assert distance_m((0.0, 10.0), (0.0, 100.0)) == pytest.approx(quarter)
    assert distance_m((0.0, 179.0), (0.0, -179.0)) == pytest.approx(quarter / 45)
    assert distance_m((12.0, 34.0), (-12.0, -146.0)) == pytest.approx(2 * quarter)
    assert distance_m(ROTTERDAM, ROTTERDAM) == 0


def test_one_product_on_one_tag_is_no_news() -> None:
    assert two_products([sighting(1, act=WRITTEN), sighting(2), sighting(3, place="south")]) == []


def test_another_product_on_a_tag_that_nobody_freed_is_news() -> None:
    first, second = sighting(1, act=WRITTEN), sighting(2, "B")
    assert two_products([second, first]) == [Pair(first, second)]
    assert two_products([first, second, sighting(3), sighting(4, "B")]) == [Pair(first, second)]


def test_a_tag_that_was_freed_may_bear_another_product_but_not_the_old_one_again() -> None:
    reused = [sighting(1, act=WRITTEN), sighting(2, "", act=FREED), sighting(3, "B", act=WRITTEN)]
    assert two_products(reused) == []
    assert two_products([*reused, sighting(4)]) == [Pair(reused[2], sighting(4))]


def test_a_sighting_without_a_product_says_nothing_of_products() -> None:
    assert two_products([sighting(1), sighting(2, ""), sighting(3)]) == []
    assert two_products([sighting(1), sighting(2, ""), sighting(3, "B")]) != []


def test_a_tag_at_two_places_sooner_than_an_aeroplane_is_news() -> None:
    least_s = distance_m(ROTTERDAM, HAMBURG) / FASTEST_MPS - CLOCKS_S
    here, there = sighting(0), sighting(least_s - 1, place="south")
    assert too_fast([there, here], NORTH_AND_SOUTH) == [Pair(here, there)]
    assert too_fast([here, sighting(least_s + 1, place="south")], NORTH_AND_SOUTH) == []
    assert too_fast([here, sighting(least_s - 1)], NORTH_AND_SOUTH) == []


def test_sightings_in_between_do_not_hide_it() -> None:
    seen = [sighting(0), sighting(1, place="unknown"), sighting(2, place="south")]
    assert too_fast(seen, NORTH_AND_SOUTH) == [Pair(seen[0], seen[2])]


def test_another_product_an_unset_clock_or_no_sighting_proves_nothing() -> None:
    here = sighting(0)
    for there in (
        sighting(1, "B", "south"),
        sighting(1, "", "south"),
        sighting(1, place="south", timed=False),
        sighting(1, place="south", act=FREED),
    ):
        assert too_fast([here, there], NORTH_AND_SOUTH) == []


def test_places_without_coordinates_are_a_least_time_apart() -> None:
    seen = [sighting(0), sighting(4, place="yard")]
    assert too_fast(seen, Travel()) == []
    assert too_fast(seen, Travel(min_travel_s=4)) == []
    assert too_fast(seen, Travel(min_travel_s=5)) == [Pair(*seen)]
    assert too_fast(seen, Travel({"north": HAMBURG}, min_travel_s=5)) == [Pair(*seen)]


def test_a_station_is_at_its_own_place_or_at_its_gateways() -> None:
    travel = Travel({"gw/dock": HAMBURG, "gw": ROTTERDAM})
    assert travel.place("gw", "dock") == "gw/dock"
    assert travel.place("gw", "line1") == "gw"
    assert travel.place("other", "dock") == "other"


POINTS = some.tuples(some.floats(-90, 90), some.floats(-180, 180))


@given(some.lists(POINTS, min_size=2, max_size=6), some.floats(0, 100))
def test_beyond_the_longest_way_nothing_is_too_fast(
    points: list[tuple[float, float]], min_travel_s: float
) -> None:
    travel = Travel({f"p{n}": point for n, point in enumerate(points)}, min_travel_s)
    for a in (*travel.places, "unknown"):
        for b in (*travel.places, "unknown"):
            assert 0 <= travel.least_ns(a, b) <= travel.longest_ns


SIGHTINGS = some.lists(
    some.builds(
        sighting,
        some.integers(0, 5000),
        some.sampled_from(["", "A", "B"]),
        some.sampled_from(["north", "south", "yard"]),
        some.sampled_from([SEEN, WRITTEN, FREED]),
        some.booleans(),
    ),
    max_size=12,
)


@given(SIGHTINGS)
def test_what_the_last_to_come_gives_away_shows_in_the_window_around_it(
    sightings: list[Sighting],
) -> None:
    """Whatever comes in whatever order: the windows that are looked at find what the whole history shows."""
    travel = Travel({"north": HAMBURG, "south": ROTTERDAM}, min_travel_s=30)
    found = set()
    for come in range(1, len(sightings) + 1):
        last = sightings[come - 1].at_ns
        window = [s for s in sightings[:come] if abs(s.at_ns - last) <= travel.longest_ns]
        found |= {places(pair) for pair in too_fast(window, travel)}
    assert found == {places(pair) for pair in too_fast(sightings, travel)}


def places(pair: Pair) -> tuple[str, frozenset[str]]:
    return pair.after.name, frozenset((pair.before.place, pair.after.place))
