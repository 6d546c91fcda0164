"""What a reader has done: reports, sightings, operations, and the air time that each kind of exchange took."""

from collections import defaultdict
from dataclasses import dataclass, field

from hwsim.air import AirClock


@dataclass
class Tally:
    """What the reader has done since it was last asked to forget. air_us: by what it was spent on."""

    clock: AirClock
    reports: int = 0
    sightings: int = 0
    lost: int = 0  # sightings that no client took
    ops: int = 0
    air_us: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))

    def air(self, kind: str, duration_us: float) -> None:
        """An exchange that real time did not wait for."""
        self.clock.air(duration_us)
        if duration_us:
            self.air_us[kind] += duration_us

    def was_air(self, kind: str, duration_us: float) -> None:
        """An exchange that real time has passed with."""
        self.clock.was_air(duration_us)
        self.air_us[kind] += duration_us

    def stats(self) -> dict[str, object]:
        """As the simulator says them."""
        return {
            "reports": self.reports,
            "sightings": self.sightings,
            "lost": self.lost,
            "ops": self.ops,
            "words_written": self.clock.words_written,
            "words_read": self.clock.words_read,
            "air_us": {kind: round(us) for kind, us in self.air_us.items()},
            **self.clock.stats(),
        }

    def reset(self) -> None:
        self.clock.reset()
        self.reports = self.sightings = self.lost = self.ops = 0
        self.air_us.clear()
