"""A tally: each tag of many sightings once, with all that its reports told of it together."""

from collections.abc import Sequence

from edge import tid as tids
from gateway.model import Sighting

MOST_TAGS = 10_000  # of one tally; what a portal sees at once is a twentieth of that


class Tally:
    """Tags by their TID's identity, and by their EPC where that is all there is.

    beyond: how many sightings found the tally full and their tag not in it.
    """

    def __init__(self, most_tags: int = MOST_TAGS) -> None:
        self._most_tags = most_tags
        self._tags: dict[tuple[bytes, bytes], Sighting] = {}  # (EPC, TID words)
        self.beyond = 0

    def __len__(self) -> int:
        """About how many tags: one that was seen with and without its TID may count twice."""
        return len(self._tags)

    def add(self, sightings: Sequence[Sighting]) -> None:
        """Count these in."""
        tags = self._tags
        for sighting in sightings:
            key = sighting[:2]
            found = tags.get(key)
            if found is None and len(tags) >= self._most_tags:
                self.beyond += 1
                continue
            tags[key] = sighting if found is None else _both(found, sighting)

    def tags(self) -> list[Sighting]:
        """One sighting a tag, first seen first: its strongest antenna, its newest EPC, the longest words read."""
        found: dict[bytes, Sighting] = {}
        owners: dict[bytes, set[bytes]] = {}  # EPC -> identities
        nameless: list[Sighting] = []
        for sighting in self._tags.values():
            identity = tids.identity(sighting.tid) if sighting.tid else b""
            if not identity:
                nameless.append(sighting)
                continue
            owners.setdefault(sighting.epc, set()).add(identity)
            known = found.get(identity)
            found[identity] = sighting if known is None else _both(known, sighting)
        alone = []
        for sighting in nameless:
            whose = owners.get(sighting.epc, ()) if not sighting.tid else ()
            if not whose:
                alone.append(sighting)
            elif len(whose) == 1:  # else it is of one of several that are there already
                (identity,) = whose
                found[identity] = _both(found[identity], sighting)
        return [*found.values(), *alone]


def _both(one: Sighting, other: Sighting) -> Sighting:
    """What two sightings of one tag tell together."""
    older, newer = (one, other) if one.seen_at <= other.seen_at else (other, one)
    stronger = newer if newer.rssi_dbm > older.rssi_dbm else older
    return Sighting(
        newer.epc,
        max(newer.tid, older.tid, key=len),
        stronger.antenna,
        stronger.rssi_dbm,
        newer.seen_at,
        older.count + newer.count,
        newer.pc or older.pc,
        max(newer.user, older.user, key=len),
    )
