"""The field of a RAIN reader: which tags are in it, which of them are new, and which were served (no I/O, no clock)."""

from collections.abc import Iterable
from dataclasses import dataclass

from edge import gen2, tid
from gateway.model import Sighting

AGE_OUT_S = 2.0  # a tag that was not seen while the reader looked for so long has left
FRESH_S = 0.5  # a tag that was seen so long ago may have left while the reader did not look


@dataclass(eq=False)
class Present:
    """A tag in the field. tid: as far as it was read.

    is_told: a sighting of this look told its TID; else it may be another tag with its EPC by now. is_changed: its EPC
    bank is to be read, for it was written, or no sighting told its PC word.
    """

    epc: bytes
    pc: int
    tid: bytes
    rssi_dbm: float
    seen_s: float  # of looking
    seen_at: float  # ticks
    is_new: bool = True  # seen, and not given since
    is_served: bool = False
    is_told: bool = False
    is_changed: bool = False


class Field:
    """Fed with sightings and ticks (seconds). Time counts while the reader looks, for nobody is seen meanwhile.

    rssi_dbm: a tag that is weaker is not there. A tag whose TID has no serial, or did not come, is told by its EPC.
    """

    def __init__(self, rssi_dbm: float | None = None) -> None:
        self._rssi_dbm = rssi_dbm
        self._tags: dict[bytes, Present] = {}
        self._crowd: frozenset[bytes] = frozenset()
        self._now_s = 0.0
        self._ticks = 0.0

    def look(self, ticks: float) -> None:
        """The reader begins to look."""
        self._ticks = ticks
        for tag in self._tags.values():
            tag.is_new = tag.is_told = False

    def note(self, sightings: Iterable[Sighting], ticks: float) -> None:
        """What it saw, and that it has looked until now."""
        self._now_s += ticks - self._ticks
        self._ticks = ticks
        for key, tag in list(self._tags.items()):
            if self._now_s - tag.seen_s > AGE_OUT_S:
                del self._tags[key]
        for seen in self.heard(sightings):
            self._note(seen)
        if self._unserved() != self._crowd:
            self._crowd = frozenset()

    def heard(self, sightings: Iterable[Sighting]) -> list[Sighting]:
        """Those of tags that are not too weak."""
        least_dbm = self._rssi_dbm
        return [each for each in sightings if least_dbm is None or each.rssi_dbm >= least_dbm]

    def has_new(self) -> bool:
        """Whether next() has a tag to give at once."""
        return self._strongest() is not None

    def next(self, ticks: float) -> Present | None:
        """The strongest tag that is new, or was given before, not served, and seen again."""
        for each in self._tags.values():
            each.is_new = each.is_new and ticks - each.seen_at <= FRESH_S
        tag = self._strongest()
        if tag is not None:
            tag.is_new = False
        return tag

    def served(self, tag: Present) -> None:
        """Do not give it again while it stays; not meant is a tag that was one of a crowd."""
        if not self._crowd:
            tag.is_served = True

    def left(self, tag: Present) -> None:
        """It did not answer: it is there again when it is seen again."""
        for key in [key for key, each in self._tags.items() if each is tag]:
            del self._tags[key]

    def crowd(self) -> int:
        """How many tags are there that were not served; more than one are given only when another set is there."""
        unserved = self._unserved()
        if len(unserved) > 1:
            self._crowd = unserved
        return len(unserved)

    def changed(self, tag: Present, epc: bytes) -> None:
        """The tag has this EPC now."""
        if self._tags.get(tag.epc) is tag:
            self._tags[epc] = self._tags.pop(tag.epc)
        tag.epc = epc
        tag.is_changed = False

    def _note(self, seen: Sighting) -> None:
        key = seen.tid if tid.identity(seen.tid) else self._key(seen.epc)
        if key not in self._tags and seen.epc in self._tags:  # now its TID is known, too
            self._tags[key] = self._tags.pop(seen.epc)
        tag = self._tags.get(key)
        pc = seen.pc or gen2.pc_word(len(seen.epc) // gen2.WORD)
        if tag is None:
            tag = Present(seen.epc, pc, seen.tid, seen.rssi_dbm, self._now_s, self._ticks)
            self._tags[key] = tag
        tag.epc, tag.pc, tag.rssi_dbm = seen.epc, pc, seen.rssi_dbm
        tag.tid = tag.tid or seen.tid
        tag.is_told = tag.is_told or bool(seen.tid)
        tag.seen_s, tag.seen_at = self._now_s, self._ticks
        tag.is_new, tag.is_changed = True, not seen.pc

    def _key(self, epc: bytes) -> bytes:
        """Under what a tag stands whose TID was missed in this round."""
        return next((key for key, tag in self._tags.items() if tag.epc == epc), epc)

    def _unserved(self) -> frozenset[bytes]:
        return frozenset(key for key, tag in self._tags.items() if not tag.is_served)

    def _strongest(self) -> Present | None:
        if self._crowd:
            return None
        new = [tag for tag in self._tags.values() if tag.is_new and not tag.is_served]
        return max(new, key=lambda tag: tag.rssi_dbm, default=None)
