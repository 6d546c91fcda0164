"""Tags that may have been cloned, from where and with what product they were seen.

Nothing on a tag proves that it is the only one with its UID. What gives a copy away is its history: one UID with two
products, and neither given up in between; one tag at two places, sooner than it can have got from one to the other.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

SEEN, WRITTEN, FREED = "seen", "written", "freed"  # acts

FASTEST_MPS = 250.0  # metres a second; an aeroplane, door to door
CLOCKS_S = 10.0  # that the clocks of two gateways, both synchronised, may differ together

_EARTH_M = 6_371_008.8  # mean radius, IUGG


class Sighting(NamedTuple):
    """A tag at a place. name: the product that it bore, "" where that was not told.

    act: SEEN, WRITTEN, or FREED: a gateway is about to give up what it bears. timed: the gateway's clock was right.
    """

    at_ns: int
    journal: int
    seq: int
    name: str
    place: str
    act: str
    timed: bool


class Pair(NamedTuple):
    """Two sightings that one tag cannot account for; the later one second."""

    before: Sighting
    after: Sighting


@dataclass(frozen=True)
class Travel:
    """How fast a tag may come from one place to another.

    places: latitude and longitude in degrees of "GATEWAY", or of "GATEWAY/STATION" where that stands elsewhere.
    Between places of which one is not named there, it may not be sooner than min_travel_s; 0: at once.
    """

    places: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    min_travel_s: float = 0.0
    fastest_mps: float = FASTEST_MPS
    clocks_s: float = CLOCKS_S

    def place(self, gateway: str, station: str) -> str:
        """Where a station is: by its own name where that has a place, else its gateway's."""
        own = f"{gateway}/{station}"
        return own if own in self.places else gateway

    def least_ns(self, a: str, b: str) -> int:
        """The least time between sightings at two places."""
        if a not in self.places or b not in self.places:
            return _ns(self.min_travel_s)
        way_s = distance_m(self.places[a], self.places[b]) / self.fastest_mps
        return max(0, _ns(way_s - self.clocks_s))

    @cached_property
    def longest_ns(self) -> int:
        """A time that no way between two places takes: sightings farther apart prove nothing."""
        places = list(self.places.values())
        way_m = 2 * max((distance_m(places[0], each) for each in places), default=0.0)
        return max(_ns(self.min_travel_s), _ns(way_m / self.fastest_mps))


def distance_m(a: tuple[float, float], b: tuple[float, float]) -> float:
    """Metres along the great circle between two points in degrees (haversine formula)."""
    (north_a, east_a), (north_b, east_b) = a, b
    phi_a, phi_b = math.radians(north_a), math.radians(north_b)
    across = math.sin(math.radians(east_b - east_a) / 2) ** 2
    h = math.sin((phi_b - phi_a) / 2) ** 2 + math.cos(phi_a) * math.cos(phi_b) * across
    return 2 * _EARTH_M * math.asin(min(1.0, math.sqrt(h)))


def two_products(sightings: Sequence[Sighting]) -> list[Pair]:
    """Changes of one UID's product that no gateway accounts for, the first of each two products.

    sightings: all of one UID, in any order.
    """
    found: dict[frozenset[str], Pair] = {}
    bearing: Sighting | None = None
    for each in sorted(sightings):
        if each.act == FREED:
            bearing = None
        elif each.name:
            if bearing is not None and bearing.name != each.name:
                found.setdefault(frozenset((bearing.name, each.name)), Pair(bearing, each))
            bearing = each
    return list(found.values())


def too_fast(sightings: Iterable[Sighting], travel: Travel) -> list[Pair]:
    """Sightings of one UID with the same product at two places, too soon after each other; the first of each two.

    Only what was seen by a clock that was right counts.
    """
    found: dict[tuple[str, frozenset[str]], Pair] = {}
    last: dict[tuple[str, str], Sighting] = {}
    for each in sorted(sightings):
        if not each.name or not each.timed or each.act == FREED:
            continue
        for (name, place), before in last.items():
            if name != each.name or place == each.place:
                continue
            if each.at_ns - before.at_ns < travel.least_ns(place, each.place):
                found.setdefault((name, frozenset((place, each.place))), Pair(before, each))
        last[each.name, each.place] = each
    return list(found.values())


def _ns(seconds: float) -> int:
    return round(seconds * 1_000_000_000)
