"""Presence: which tag is in which zone, from the sightings of all readers that watch the same floor.

A tag ARRIVED, MOVED or DEPARTED by its zone's rules (gateway/config.py, PresenceConfig), with hysteresis: what one
stray read says is no news. Time is the gateway's, Sighting.seen_at and `now` in Unix seconds; a clock that is set takes
everything with it: nobody has left because of that. Sans-I/O, and made for 22,000 sightings a second.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from heapq import nsmallest
from math import exp, inf
from typing import NamedTuple

from edge import tid as tids
from gateway.config import PresenceConfig
from gateway.model import Sighting
from gateway.stations.zones import Zone, Zones

ARRIVED, MOVED, DEPARTED = "arrived", "moved", "departed"

MOST_TAGS = 65_536  # remembered, present or not: about 60 MB
STRAY_S = 5.0  # reads that are further apart are not one arrival

_JUMP_S = 1.0  # a clock that goes back by more was set; reports of several readers overlap by less
_MOST_HANDLES = (
    4  # (EPC, TID words) under which one tag is known: an EPC that was rewritten, a shorter TID
)
_SHARE = 64  # one in so many tags goes when the memory is full


class Movement(NamedTuple):
    """A tag came, changed its zone, or left. at: when that was decided; seen_at: when it was last seen.

    identity: of the TID, b"" where that was not read or has no serial. reader, antenna: through which the zone last
    heard it; rssi_dbm: smoothed. reads: weighed since it arrived. before: the zone that it left, "" for none.
    away_s: unseen before it came back. reason: of a departure: "unseen", "reader away" or "memory full".
    """

    act: str
    identity: bytes
    epc: bytes
    tid: bytes
    zone: str
    reader: str
    antenna: int
    rssi_dbm: float
    reads: int
    at: float
    seen_at: float
    before: str = ""
    away_s: float | None = None
    reason: str = ""
    pc: int = 0  # as reported, 0: not told


class Presence:
    """The tags of one floor. Feed it every report with `sights`, and `tick` about once a second.

    readers: the name and [reader.presence] of each reader that watches. forgotten: how many tags had to go because
    `most_tags` were known; those still present have departed, the others were gone or never arrived.
    """

    def __init__(self, readers: Mapping[str, PresenceConfig], most_tags: int = MOST_TAGS) -> None:
        self._zones = Zones(readers)
        self._most_tags = most_tags
        self._tags: dict[_Tag, None] = {}
        self._known: dict[
            tuple[bytes, bytes], _Tag
        ] = {}  # (EPC, TID words), (EPC, b""), (b"", identity)
        self._away: set[str] = set()
        self._latest = 0.0
        self.sightings = 0
        self.forgotten = 0

    def __len__(self) -> int:
        """How many tags it remembers."""
        return len(self._tags)

    def counts(self) -> dict[str, int]:
        """Zone -> how many tags are present."""
        return {name: zone.present for name, zone in self._zones.named.items()}

    def zone_of(self, key: bytes) -> str:
        """Where the tag with this identity or EPC is, "" where it is not present."""
        tag = self._known.get((b"", key)) or self._known.get((key, b""))
        return tag.zone.name if tag is not None and tag.zone is not None else ""

    def sight(self, reader: str, sighting: Sighting) -> list[Movement]:
        """One sighting."""
        return self.sights(reader, [sighting])

    def sights(self, reader: str, sightings: Sequence[Sighting]) -> list[Movement]:
        """The movements that this report of one reader amounts to."""
        moved: list[Movement] = []
        if not sightings:
            return moved
        self._latest = max(self._latest, sightings[-1].seen_at)
        if reader in self._away:
            self.back(reader, sightings[0].seen_at)
        self.sightings += len(sightings)
        zones, known = self._zones.antennas[reader], self._known
        for epc, tid, antenna, rssi_dbm, at, count, pc, _ in sightings:
            tag = known.get((epc, tid)) or self._meet(epc, tid, pc, at, moved)
            zone = zones[antenna]
            tag.reader = reader
            tag.seen_at = at
            heard = tag.heard.get(zone)
            if heard is not None:
                gap = at - heard.at
                if gap < zone.duplicate_s:
                    continue
                heard.level += (rssi_dbm - heard.level) * (1.0 - exp(-gap / zone.smooth_s))
                heard.at = at
            elif rssi_dbm < zone.floor_dbm:
                continue
            else:
                heard = tag.heard[zone] = _Heard(rssi_dbm, at)
            heard.reader = reader
            heard.antenna = antenna
            tag.reads += count
            if tag.zone is None:
                self._approach(tag, zone, count, at, moved)
            elif zone is not tag.zone:
                self._claim(tag, zone, at, moved)
            elif tag.claimed:
                tag.weigh_claims(at)
        return moved

    def tick(self, now: float) -> list[Movement]:
        """Let time pass: the departures of tags that were not seen for long; others are forgotten in silence."""
        self._set_clock(now)
        moved: list[Movement] = []
        for tag in list(self._tags):
            zone = tag.zone
            if zone is None:
                if now - tag.seen_at > tag.keep_s:
                    self._forget(tag)
            elif now - max(tag.seen_at, zone.watched_since) > zone.depart_s:
                moved.append(self._depart(tag, zone, now, "unseen"))
            elif now - tag.seen_at > zone.age_out_s:
                moved.append(self._depart(tag, zone, now, "reader away"))
        return moved

    def lost(self, reader: str) -> None:
        """That reader is away: what only it can see has not left because it goes unseen."""
        self._away.add(reader)
        for zone in self._zones.of(reader):
            zone.lose(reader)

    def back(self, reader: str, now: float) -> None:
        """That reader watches again; its tags have their whole time to be seen."""
        self._away.discard(reader)
        for zone in self._zones.of(reader):
            zone.regain(reader, now)

    def leapt(self, by_s: float, now: float) -> None:
        """The clock was set forward to `now`: what was before keeps its age."""
        for tag in self._tags:
            tag.leap(by_s, now)
        for zone in self._zones.named.values():
            zone.watched_since = _leapt(zone.watched_since, by_s, now)
        self._latest = now

    def _approach(
        self, tag: "_Tag", zone: Zone, count: int, at: float, moved: list[Movement]
    ) -> None:
        """A tag that is not present was heard: it arrives in the zone that hears it best, or not yet."""
        if at - tag.approach_at > STRAY_S:
            tag.reads = count
            tag.heard = {zone: tag.heard[zone]}
        tag.approach_at = at
        if tag.reads < zone.arrive_reads or tag.heard[zone].level < zone.floor_dbm:
            return
        best = max(tag.heard, key=lambda each: tag.level(each, at))
        away_s = None if tag.left_at is None else max(0.0, at - tag.left_at)
        self._place(tag, best)
        moved.append(tag.movement(ARRIVED, best, at, away_s=away_s))

    def _claim(self, tag: "_Tag", zone: Zone, at: float, moved: list[Movement]) -> None:
        """A tag was heard in a zone beside its own: it moves where that one has been the better for long enough."""
        heard, present = tag.heard[zone], tag.zone
        assert present is not None
        if not tag.is_beaten(present, zone, at):
            heard.since = None
            return
        if heard.since is None:
            heard.since = at
            tag.claimed = True
        if at - heard.since >= zone.hold_off_s:
            self._place(tag, zone)
            moved.append(tag.movement(MOVED, zone, at, before=present.name))

    def _depart(self, tag: "_Tag", zone: Zone, now: float, reason: str) -> Movement:
        left = tag.movement(DEPARTED, zone, now, reason=reason)
        zone.present -= 1
        tag.zone = None
        tag.left_at = tag.seen_at
        tag.keep_s = zone.age_out_s
        tag.heard.clear()
        tag.reads = 0
        return left

    def _place(self, tag: "_Tag", zone: Zone) -> None:
        if tag.zone is not None:
            tag.zone.present -= 1
        zone.present += 1
        tag.zone = zone
        tag.claimed = False
        for heard in tag.heard.values():
            heard.since = None

    def _meet(self, epc: bytes, tid: bytes, pc: int, at: float, moved: list[Movement]) -> "_Tag":
        """The tag behind an (EPC, TID words) that was not seen yet: a new one, or one known by one of the two.

        A report without TID is of the tag that was last seen with that EPC; a tag known by its EPC alone gets its
        identity when its TID is first read.
        """
        identity = tids.identity(tid) if tid else b""
        tag = self._known.get((b"", identity)) if identity else None
        if tag is None:
            tag = self._known.get((epc, b""))
            if tag is not None and tag.identity and tid:
                tag = None
        if tag is None:
            if len(self._tags) >= self._most_tags:
                moved += self._make_room(at)
            tag = _Tag(at)
            self._tags[tag] = None
        if tag.epc != epc:  # it was written anew
            for handle in tag.handles:
                self._let_go(tag, handle)
            tag.handles.clear()
        tag.epc = epc
        tag.pc = pc or tag.pc
        tag.tid = tid or tag.tid
        if identity and not tag.identity:
            tag.identity = identity
            self._known[b"", identity] = tag
        for handle in ((epc, b""), (epc, tid)):
            self._known[handle] = tag
            if handle not in tag.handles:
                tag.handles.append(handle)
        while len(tag.handles) > _MOST_HANDLES:
            self._let_go(tag, tag.handles.pop(0))
        return tag

    def _make_room(self, now: float) -> Iterator[Movement]:
        """Forget tags: those that are not present first, then of the reader that brought most, seen longest ago."""
        (largest, _), *_ = Counter(tag.reader for tag in self._tags).most_common(1)
        going = nsmallest(
            self._most_tags // _SHARE + 1,
            self._tags,
            key=lambda tag: (tag.zone is not None, tag.reader != largest, tag.seen_at),
        )
        for tag in going:
            if tag.zone is not None:
                yield self._depart(tag, tag.zone, now, "memory full")
            self._forget(tag)
        self.forgotten += len(going)

    def _forget(self, tag: "_Tag") -> None:
        del self._tags[tag]
        for handle in ((b"", tag.identity), *tag.handles):
            self._let_go(tag, handle)

    def _let_go(self, tag: "_Tag", handle: tuple[bytes, bytes]) -> None:
        if self._known.get(handle) is tag:
            del self._known[handle]

    def _set_clock(self, now: float) -> None:
        """A clock that was set back: nothing may stand in its future, or it would wait there."""
        if now < self._latest - _JUMP_S:
            for tag in self._tags:
                tag.turn_back(now)
            for zone in self._zones.named.values():
                if zone.watched_since != inf:
                    zone.watched_since = min(zone.watched_since, now)
            self._latest = now
        elif now > self._latest:
            self._latest = now


class _Heard:
    """How a zone hears a tag. level: smoothed dBm; since: when it began to beat the tag's own zone."""

    __slots__ = ("antenna", "at", "level", "reader", "since")

    def __init__(self, level: float, at: float) -> None:
        self.level = level
        self.at = at
        self.since: float | None = None
        self.reader = ""
        self.antenna = 0


class _Tag:
    """zone None: not present; keep_s: how long it is then remembered. claimed: another zone beats its own."""

    __slots__ = (
        *("approach_at", "claimed", "epc", "handles", "heard", "identity", "keep_s", "left_at"),
        *("pc", "reader", "reads", "seen_at", "tid", "zone"),
    )

    def __init__(self, at: float) -> None:
        self.identity = b""
        self.epc = b""
        self.tid = b""
        self.pc = 0
        self.handles: list[tuple[bytes, bytes]] = []
        self.zone: Zone | None = None
        self.heard: dict[Zone, _Heard] = {}
        self.claimed = False
        self.reader = ""  # which saw it last
        self.reads = 0
        self.seen_at = at
        self.approach_at = at
        self.left_at: float | None = None
        self.keep_s = STRAY_S

    def level(self, zone: Zone, at: float) -> float:
        """dBm in that zone now: it fades while the zone does not hear the tag."""
        heard = self.heard[zone]
        return heard.level - zone.fade_db_s * max(0.0, at - heard.at)

    def is_beaten(self, present: Zone, by: Zone, at: float) -> bool:
        """Whether zone `by` hears it better than the zone it is in, by that zone's offset."""
        level = self.level(by, at)
        return level >= by.floor_dbm and level >= self.level(present, at) + by.move_offset_db

    def weigh_claims(self, at: float) -> None:
        """Its own zone has heard it: whose claim does not stand any more begins anew."""
        assert self.zone is not None
        self.claimed = False
        for zone, heard in self.heard.items():
            if heard.since is None:
                continue
            if self.is_beaten(self.zone, zone, at):
                self.claimed = True
            else:
                heard.since = None

    def movement(
        self,
        act: str,
        zone: Zone,
        at: float,
        before: str = "",
        away_s: float | None = None,
        reason: str = "",
    ) -> Movement:
        heard = self.heard[zone]
        return Movement(
            act,
            self.identity,
            self.epc,
            self.tid,
            zone.name,
            heard.reader,
            heard.antenna,
            round(heard.level, 1),
            self.reads,
            at,
            self.seen_at,
            before,
            away_s,
            reason,
            self.pc,
        )

    def turn_back(self, now: float) -> None:
        """Let nothing stand in the future of a clock that was set back to `now`."""
        self.seen_at = min(self.seen_at, now)
        self.approach_at = min(self.approach_at, now)
        if self.left_at is not None:
            self.left_at = min(self.left_at, now)
        for heard in self.heard.values():
            heard.at = min(heard.at, now)
            if heard.since is not None:
                heard.since = min(heard.since, now)

    def leap(self, by_s: float, now: float) -> None:
        """As Presence.leapt()."""
        self.seen_at = _leapt(self.seen_at, by_s, now)
        self.approach_at = _leapt(self.approach_at, by_s, now)
        if self.left_at is not None:
            self.left_at = _leapt(self.left_at, by_s, now)
        for heard in self.heard.values():
            heard.at = _leapt(heard.at, by_s, now)
            if heard.since is not None:
                heard.since = _leapt(heard.since, by_s, now)


def _leapt(at: float, by_s: float, now: float) -> float:
    """A point in time after the leap; what lies behind it already stays."""
    return at + by_s if at < now - by_s / 2 else at
