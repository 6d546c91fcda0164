"""A window: what is read while a product passes a light barrier, and that nothing was read of one that passed.

The barrier is an input of the reader (GPI): high while a product stands before it. Sans-I/O; time is the gateway's.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.config import PalletConfig, WindowConfig
from gateway.model import GpiChange, Sighting
from gateway.stations.tally import Tally

TAGS, EMPTY, BROKEN = "tags", "empty", "broken"  # outcomes


@dataclass(frozen=True)
class Passage:
    """A product has passed. outcome: "tags", "empty" (it passed and no tag was read), "broken" (not seen to its end).

    reason: what closed the window: "low", "idle" (no new tag came), "time", "reader" (it was lost) or "stopped".
    Times in Unix seconds.
    tags: each tag once; beyond: sightings of more tags than are kept.
    """

    outcome: str
    reason: str
    opened_at: float
    closed_at: float
    tags: tuple[Sighting, ...] = ()
    beyond: int = 0


class Window:
    """The window of one reader. Feed it every input change and report, and `tick` several times a second.

    noise: pulses that were no product; outside: sightings while it was shut.
    """

    def __init__(self, rules: WindowConfig) -> None:
        self._rules = rules
        self._opened_at: float | None = None
        self._low_at: float | None = None
        self._is_spent = (
            False  # closed while the input was high: the next product comes after it was low
        )
        self._tally = Tally()
        self.noise = 0
        self.outside = 0

    @property
    def is_open(self) -> bool:
        return self._opened_at is not None

    def gpi(self, change: GpiChange) -> list[Passage]:
        """An input changed; other inputs than the window's are nothing to it."""
        if change.port != self._rules.gpi:
            return []
        passed = self.tick(change.at)
        if not change.level:
            self._is_spent = False
            if self._opened_at is not None and self._low_at is None:
                self._low_at = change.at
                self._is_pulse = 0 <= change.at - self._opened_at < self._rules.debounce_s
        elif self.is_open:
            self._low_at = None
        elif not self._is_spent:
            self._opened_at = change.at
        return passed

    def sights(self, sightings: Sequence[Sighting]) -> None:
        """What was read; a tag belongs to the product before the barrier."""
        if self.is_open:
            self._tally.add(sightings)
        else:
            self.outside += len(sightings)

    def tick(self, now: float) -> list[Passage]:
        """Let time pass; a clock that was set back makes a window longer, by `max_s` at most."""
        if self._opened_at is None:
            return []
        self._opened_at = min(self._opened_at, now)
        if self._low_at is not None:
            self._low_at = min(self._low_at, now)
            if now - self._low_at >= self._rules.linger_s:
                return self._shut("low", self._low_at)
        if now - self._opened_at >= self._rules.max_s:
            self._is_spent = self._low_at is None
            return self._shut("time", now)
        return []

    def lost(self, now: float) -> list[Passage]:
        """The reader is away: what it would have read is not known, nor how its input stands."""
        self._is_spent = False
        return self._shut("reader", now) if self.is_open else []

    def stop(self, now: float) -> list[Passage]:
        """The gateway ends."""
        return self._shut("stopped", now) if self.is_open else []

    def resume(self, now: float) -> None:
        """Nobody has looked for a while, as after a pallet: nothing to do."""

    def _shut(self, reason: str, at: float) -> list[Passage]:
        opened_at, tally = self._opened_at, self._tally
        assert opened_at is not None
        self._opened_at = self._low_at = None
        self._tally = Tally()
        tags = tuple(tally.tags())
        is_seen = reason in ("low", "time")
        if reason == "low" and not tags and self._is_pulse:
            self.noise += 1
            return []
        outcome = BROKEN if not is_seen else TAGS if tags else EMPTY
        return [Passage(outcome, reason, opened_at, at, tags, tally.beyond)]


class Gathering:
    """In the place of a window where no input tells: tags from the first new one on until no new one comes.

    Tags that stay where they were gathered are not gathered again.
    """

    def __init__(self, rules: PalletConfig) -> None:
        self._rules = rules
        self._opened_at: float | None = None
        self._new_at = 0.0
        self._tally = Tally()
        self._gathered: dict[bytes, float] = {}  # EPC -> when it was last seen

    @property
    def is_open(self) -> bool:
        return self._opened_at is not None

    def gpi(self, change: GpiChange) -> list[Passage]:
        """No input counts."""
        return []

    def sights(self, sightings: Sequence[Sighting]) -> None:
        """What was read."""
        fresh = []
        for sighting in sightings:
            if sighting.epc in self._gathered:
                self._gathered[sighting.epc] = sighting.seen_at
            else:
                fresh.append(sighting)
        if not fresh:
            return
        if self._opened_at is None:
            self._opened_at = self._new_at = fresh[0].seen_at
        known = len(self._tally)
        self._tally.add(fresh)
        if len(self._tally) > known:
            self._new_at = fresh[-1].seen_at

    def tick(self, now: float) -> list[Passage]:
        """Let time pass; a clock that was set back makes a gathering longer, by `max_s` at most."""
        for epc, seen_at in list(self._gathered.items()):
            if seen_at > now:
                self._gathered[epc] = now
            elif now - seen_at >= self._rules.away_s:
                del self._gathered[epc]
        if self._opened_at is None:
            return []
        self._opened_at, self._new_at = min(self._opened_at, now), min(self._new_at, now)
        if now - self._new_at >= self._rules.idle_s:
            return self._end(TAGS, "idle", now)
        if now - self._opened_at >= self._rules.max_s:
            return self._end(TAGS, "time", now)
        return []

    def lost(self, now: float) -> list[Passage]:
        """The reader is away."""
        return self._end(BROKEN, "reader", now) if self.is_open else []

    def stop(self, now: float) -> list[Passage]:
        """The gateway ends."""
        return self._end(BROKEN, "stopped", now) if self.is_open else []

    def resume(self, now: float) -> None:
        """Nobody has looked for a while: what was gathered before has its whole time to be seen again."""
        self._gathered = dict.fromkeys(self._gathered, now)

    def _end(self, outcome: str, reason: str, now: float) -> list[Passage]:
        opened_at, tags = self._opened_at, tuple(self._tally.tags())
        assert opened_at is not None
        ended = Passage(outcome, reason, opened_at, now, tags, self._tally.beyond)
        self._gathered |= dict.fromkeys((each.epc for each in tags), now)
        self._opened_at, self._tally = None, Tally()
        return [ended]
