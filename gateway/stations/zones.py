"""Zones: the places that a tag can be in, each the antennas, of one reader or several, that were given its name.

An antenna without an alias is a zone of its own, READER/ANTENNA. What makes a tag arrive in a zone, move into it and
depart from it is the zone's own business, as [reader.presence] of its readers says.
"""

from collections.abc import Iterable, Mapping
from math import inf

from gateway.config import PresenceConfig

_LAST_ANTENNA = 256  # of one reader; a higher number is a reader's lie, and all such are one zone


class Zone:
    """One zone, its rules as plain attributes, and how many tags are present in it."""

    __slots__ = (
        "age_out_s",
        "arrive_reads",
        "away",
        "depart_s",
        "duplicate_s",
        "fade_db_s",
        "floor_dbm",
        "hold_off_s",
        "move_offset_db",
        "name",
        "present",
        "readers",
        "smooth_s",
        "watched_since",
    )

    def __init__(self, name: str, rules: PresenceConfig) -> None:
        self.name = name
        self.smooth_s = rules.smooth_s
        self.move_offset_db = rules.move_offset_db
        self.hold_off_s = rules.hold_off_s
        self.fade_db_s = rules.fade_db_s
        self.arrive_reads = rules.arrive_reads
        self.floor_dbm = rules.floor_dbm
        self.duplicate_s = rules.duplicate_s
        self.depart_s = rules.depart_s
        self.age_out_s = rules.age_out_s
        self.present = 0
        self.readers: set[str] = set()
        self.away: set[str] = set()
        self.watched_since = 0.0  # Unix seconds; inf while every reader of the zone is away

    def lose(self, reader: str) -> None:
        """That reader is away: where it was the last one, nobody watches, and unseen tags have not left."""
        self.away.add(reader)
        if self.away >= self.readers:
            self.watched_since = inf

    def regain(self, reader: str, now: float) -> None:
        """That reader is back."""
        self.away.discard(reader)
        if self.watched_since == inf:
            self.watched_since = now


class Antennas(dict[int, Zone]):
    """Antenna number -> Zone of one reader; one that nobody named is made when its first tag is seen."""

    def __init__(self, reader: str, rules: PresenceConfig, named: dict[str, Zone]) -> None:
        super().__init__()
        self._reader = reader
        self._rules = rules
        self._named = named
        for number, name in rules.zones.items():
            self[int(number)] = self._zone(name)

    def __missing__(self, antenna: int) -> Zone:
        if not 0 <= antenna <= _LAST_ANTENNA:
            return self._zone(f"{self._reader}/?")
        zone = self[antenna] = self._zone(f"{self._reader}/{antenna}")
        return zone

    def _zone(self, name: str) -> Zone:
        zone = self._named.setdefault(name, Zone(name, self._rules))
        zone.readers.add(self._reader)
        return zone


class Zones:
    """The zones of some readers: `antennas[reader][antenna]` is one, `named[name]`, too."""

    def __init__(self, readers: Mapping[str, PresenceConfig]) -> None:
        """readers: each reader's name and its [reader.presence]; the first reader's rules hold for a shared zone."""
        self.named: dict[str, Zone] = {}
        self.antennas = {
            reader: Antennas(reader, rules, self.named) for reader, rules in readers.items()
        }

    def of(self, reader: str) -> Iterable[Zone]:
        """The zones that this reader sees into."""
        return set(self.antennas[reader].values())
