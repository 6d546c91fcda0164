"""Antennas and the RAIN tags before them: who is heard, how strong, and with how much power to spare.

The link is symmetric: what a tag gets is the reader's power less the path loss, what the reader hears is that less
the tag's own loss and the path loss again. A tag answers where it gets its chip's read sensitivity, programs where it
gets the write sensitivity, and is heard above the reader's. Fading is normal in dB, drawn from the seed for each look.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from random import Random

from hwsim.air import AirClock
from hwsim.gen2chips import CHIPS, Chip
from hwsim.gen2tag import OFF, RainTag, make
from hwsim.rainfaults import RainFaults

FULL_POWER_DBM = 30.0  # at the antenna; what a tag's RSSI is stated for
READER_DBM = -84.0  # sensitivity of a fixed reader (Impinj R420 data sheet)
FADING_DB = 1.0
_TAG_LOSS_DB = 6.0  # of modulation, from what a tag gets to what it sends back
_RSSI_AT_1_M = -45.0  # at full power into a usual antenna, about
_PATH_EXPONENT = 2.0  # one way

RssiAt = Callable[[float], float | None]
"""The RSSI at full power at a moment (seconds), or None while the tag is out of reach."""


@dataclass(frozen=True)
class Heard:
    """One tag in one round at one antenna."""

    tag: RainTag
    rssi_dbm: float
    tag_dbm: float  # what reaches the chip

    @property
    def may_program(self) -> bool:
        return self.tag_dbm >= self.tag.chip.write_dbm


class RainField:
    """Tags come and go by `arrive` and `leave`; a tag that has been here keeps its memory.

    now_s: the time that moving tags go by; without one it is the clock's virtual time.
    """

    def __init__(
        self,
        clock: AirClock,
        faults: RainFaults | None = None,
        antennas: int = 4,
        fading_db: float = FADING_DB,
        now_s: Callable[[], float] | None = None,
    ) -> None:
        self.clock = clock
        self.faults = faults if faults is not None else RainFaults()
        self.antennas = antennas
        self.fading_db = fading_db
        self.now_s = now_s if now_s is not None else lambda: clock.now_us / 1e6
        self.known: dict[bytes, RainTag] = {}
        self._here: list[dict[bytes, RssiAt]] = [{} for _ in range(antennas)]  # in order of arrival
        self._returning: list[_Return] = []

    # -- coming and going --

    def arrive(self, tag: RainTag, antenna: int = 1, rssi_dbm: float = -50.0) -> None:
        """The tag is before this antenna (1 is the first) from now on; rssi_dbm: at full power."""
        self.pass_by(tag, antenna, lambda _: rssi_dbm)

    def pass_by(self, tag: RainTag, antenna: int, rssi_at: RssiAt) -> None:
        """The tag is before this antenna as strong as `rssi_at` says."""
        if not 1 <= antenna <= self.antennas:
            raise ValueError(f"antenna {antenna}: there are 1 to {self.antennas}")
        self.known[tag.tid] = tag
        tag.cut = partial(self._cut, tag)
        if tag.state == OFF:
            tag.power_on()
        self._here[antenna - 1][tag.tid] = rssi_at

    def leave(self, tid: bytes | None = None, antenna: int | None = None) -> list[RainTag]:
        """That tag, or every tag, is gone from that antenna, or from every one; returns who left the field."""
        before = self.present
        for number, here in enumerate(self._here, 1):
            if antenna in (None, number):
                for each in [each for each in here if tid in (None, each)]:
                    del here[each]
        still = {tag.tid for tag in self.present}
        gone = [tag for tag in before if tag.tid not in still]
        for tag in gone:
            tag.power_off()
        return gone

    @property
    def present(self) -> list[RainTag]:
        """The tags before any antenna, in the order of their first arrival."""
        here = {tid for each in self._here for tid in each}
        return [tag for tid, tag in self.known.items() if tid in here]

    def antennas_of(self, tag: RainTag) -> list[int]:
        """Where the tag stands."""
        return [number for number, here in enumerate(self._here, 1) if tag.tid in here]

    # -- hearing --

    def heard(self, antenna: int, power_dbm: float = FULL_POWER_DBM) -> list[Heard]:
        """Who answers in one round at this antenna and power, in order of arrival; drawn anew each time."""
        now_s = self.now_s()
        found = []
        for tid, rssi_at in list(self._here[antenna - 1].items()):
            rssi_dbm = rssi_at(now_s)
            if rssi_dbm is None:
                continue
            heard = self._look(self.known[tid], rssi_dbm, power_dbm)
            if heard is not None and not (self.faults.armed and self.faults.misses()):
                found.append(heard)
        return found

    def look(self, tag: RainTag, antenna: int, power_dbm: float = FULL_POWER_DBM) -> Heard | None:
        """The one tag, if it answers at this antenna now."""
        rssi_at = self._here[antenna - 1].get(tag.tid)
        rssi_dbm = rssi_at(self.now_s()) if rssi_at is not None else None
        return None if rssi_dbm is None else self._look(tag, rssi_dbm, power_dbm)

    def still_there(self, heard: Heard) -> bool:
        """Call it before each access command: may the tag hear it? Sets `tag.weak` for a write that follows."""
        tag = heard.tag
        for fault in tuple(self.faults.armed):
            back = fault.takes(tag)
            if back is not None:
                self.faults.clear()
                self._take(tag, back)
                return False
        tag.weak = not heard.may_program or (bool(self.faults.armed) and self.faults.is_weak())
        return bool(self.antennas_of(tag)) and tag.state != OFF

    def command(self) -> None:
        """Call it for each command of the host: tags that faults took may return."""
        for each in tuple(self._returning):
            each.after -= 1
            if each.after <= 0:
                self._returning.remove(each)
                for antenna, rssi_at in each.places:
                    self.pass_by(each.tag, antenna, rssi_at)

    def _look(self, tag: RainTag, rssi_dbm: float, power_dbm: float) -> Heard | None:
        if tag.state == OFF or tag.killed:
            return None
        loss_db = path_loss_db(rssi_dbm)
        if self.fading_db:
            loss_db += self.faults.random.gauss(0.0, self.fading_db)
        tag_dbm = power_dbm - loss_db
        back_dbm = tag_dbm - _TAG_LOSS_DB - loss_db
        if tag_dbm < tag.chip.read_dbm or back_dbm < READER_DBM:
            return None
        return Heard(tag, back_dbm, tag_dbm)

    def _cut(self, tag: RainTag, bank: int, word: int, old: bytes, new: bytes) -> bytes | None:
        was, wanted = int.from_bytes(old, "big"), int.from_bytes(new, "big")
        for fault in self.faults.armed:
            left = fault.cut(bank, word, was, wanted, self.faults.random)
            if left is not None:
                self.faults.clear()
                self._take(tag, fault.back)
                return left.to_bytes(2, "big")
        return None

    def _take(self, tag: RainTag, back: int) -> None:
        places = [(antenna, self._here[antenna - 1][tag.tid]) for antenna in self.antennas_of(tag)]
        self.leave(tag.tid)
        if back:
            self._returning.append(_Return(tag, places, back))


@dataclass
class _Return:
    tag: RainTag
    places: list[tuple[int, RssiAt]]
    after: int


# -- the radio --


def path_loss_db(rssi_dbm: float) -> float:
    """One way, of a tag that is heard so strong at full power."""
    return (FULL_POWER_DBM - _TAG_LOSS_DB - rssi_dbm) / 2


def rssi_at(distance_m: float) -> float:
    """At full power, by log-distance: both ways over the same path."""
    return _RSSI_AT_1_M - 2 * 10 * _PATH_EXPONENT * math.log10(max(distance_m, 0.1))


def read_probability(
    chip: Chip, rssi_dbm: float, power_dbm: float = FULL_POWER_DBM, fading_db: float = FADING_DB
) -> float:
    """How often a tag of that chip is heard in a round; rssi_dbm: at full power."""
    loss_db = path_loss_db(rssi_dbm)
    to_spare_db = min(
        power_dbm - loss_db - chip.read_dbm,
        (power_dbm - _TAG_LOSS_DB - READER_DBM) / 2 - loss_db,
    )
    if not fading_db:
        return float(to_spare_db >= 0)
    return (1 + math.erf(to_spare_db / fading_db / math.sqrt(2))) / 2


# -- scenes --


@dataclass(frozen=True)
class Conveyor:
    """Tags on a belt, one after another, past antennas beside it."""

    speed_m_s: float = 0.5
    gap_m: float = 0.5  # between tags
    closest_m: float = 0.4  # from the belt to an antenna
    antennas_at_m: tuple[float, ...] = (2.0,)  # along the belt, the first tag starts at 0
    reach_m: float = 2.0  # farther along the belt nothing is heard

    def start(self, field: RainField, tags: Iterable[RainTag]) -> None:
        """Put the tags on the belt now."""
        started_s = field.now_s()
        for number, tag in enumerate(tags):
            for antenna, at_m in enumerate(self.antennas_at_m, 1):
                passes_s = started_s + (at_m + number * self.gap_m) / self.speed_m_s
                field.pass_by(tag, antenna, partial(self._rssi, passes_s))

    def lasts_s(self, tags: int) -> float:
        """From the start until the last tag is out of the last antenna's reach."""
        way_m = max(self.antennas_at_m) + self.reach_m + max(0, tags - 1) * self.gap_m
        return way_m / self.speed_m_s

    def _rssi(self, passes_s: float, now_s: float) -> float | None:
        along_m = self.speed_m_s * (now_s - passes_s)
        if abs(along_m) > self.reach_m:
            return None
        return rssi_at(math.hypot(along_m, self.closest_m))


@dataclass(frozen=True)
class Pallet:
    """Many tags at once before all antennas, some of them in the shadow of the goods."""

    tags: int = 500
    chips: tuple[str, ...] = ("m730", "m781", "ucode8", "ucode9", "monzax8k", "higgs9")
    nearest_m: float = 0.5
    farthest_m: float = 2.0
    shadowed: float = 0.02  # the part of the tags that is
    shadow_db: float = 18.0  # more loss, both ways together

    def make(self, random: Random) -> list[RainTag]:
        """The tags, chips at random."""
        return [make(CHIPS[random.choice(self.chips)], random) for _ in range(self.tags)]

    def arrive(self, field: RainField, tags: Iterable[RainTag], random: Random) -> None:
        """Each tag somewhere else before every antenna."""
        for tag in tags:
            shadow_db = self.shadow_db if random.random() < self.shadowed else 0.0
            for antenna in range(1, field.antennas + 1):
                distance_m = random.uniform(self.nearest_m, self.farthest_m)
                field.arrive(tag, antenna, rssi_at(distance_m) - shadow_db)
