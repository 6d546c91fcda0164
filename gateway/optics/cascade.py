"""From a picture to its codes: a light pass for each frame, and a cascade that looks harder when it is asked to."""

from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter

from gateway.model import Wanted
from gateway.optics import zxing
from gateway.optics.found import ONE_D, Found, Gray

_ANY = Wanted()


@dataclass(frozen=True)
class Reading:
    """What one picture holds. found: codes that count; doubtful: 1D values that one pass alone read.

    unreadable: codes that were located, not decoded. ms: what it took. passes: what was tried, in order.
    """

    found: tuple[Found, ...] = ()
    doubtful: tuple[Found, ...] = ()
    unreadable: int = 0
    ms: float = 0.0
    passes: tuple[str, ...] = ()


class Cascade:
    """Reads pictures for one set of symbologies. Holds no picture: one cascade may serve many cameras in turn."""

    def __init__(self, symbologies: Sequence[str], budget_ms: float = 250) -> None:
        self.symbologies = tuple(symbologies)
        self.budget_ms = budget_ms

    def glance(self, image: Gray) -> Reading:
        """One light pass, about 10 ms for 1080p: 1D values are doubtful, for frames to agree on."""
        began = perf_counter()
        seen = zxing.read(image, self.symbologies, "fast")
        counts = tuple(each for each in seen.found if each.symbology not in ONE_D)
        doubtful = tuple(each for each in seen.found if each.symbology in ONE_D)
        return Reading(counts, doubtful, 0, (perf_counter() - began) * 1000, ("fast",))

    def look(self, image: Gray, want: Wanted = _ANY, budget_ms: float | None = None) -> Reading:
        """The cascade, until `want.count` distinct codes count or the budget is over."""
        began = perf_counter()
        seen = zxing.read(
            image, self.symbologies, "full", rotate=True, downscale=True, invert=True, errors=True
        )
        return Reading(
            tuple(seen.found),
            (),
            len(seen.unreadable),
            (perf_counter() - began) * 1000,
            ("full",),
        )
