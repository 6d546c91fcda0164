"""From a picture to its codes: a light pass for each frame, and a cascade that looks harder when it is asked to."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from time import perf_counter

from gateway.model import Wanted
from gateway.optics.found import Found, Gray
from gateway.optics.passes import Pass, glancing, looking
from gateway.optics.tally import Tally

BUDGET_MS = 250
_BEYOND_MS = 25  # the strongest regions of a 1080p frame, once each
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

    def __init__(self, symbologies: Sequence[str], budget_ms: float = BUDGET_MS) -> None:
        self.symbologies = tuple(symbologies)
        self.budget_ms = budget_ms

    def glance(self, image: Gray, count: int = 1) -> Reading:
        """The strongest regions once, until `count` distinct codes count: 10 ms for 1080p with a code in it."""
        tally = Tally()
        passes = glancing(image, self.symbologies, tally.covers, count)
        return _run(passes, tally, count, self.budget_ms)

    def look(self, image: Gray, want: Wanted = _ANY, budget_ms: float | None = None) -> Reading:
        """The cascade, until `want.count` distinct codes count or the budget is over."""
        tally = Tally(want.expected)
        passes = looking(image, self.symbologies, tally.covers, want.count + want.beyond)
        budget_ms = self.budget_ms if budget_ms is None else budget_ms
        return _run(passes, tally, want.count, budget_ms, _BEYOND_MS if want.beyond else 0)


def _run(
    passes: Iterator[Pass], tally: Tally, count: int, budget_ms: float, beyond_ms: float = 0
) -> Reading:
    """beyond_ms: that are spent on codes beyond `count` once these are found."""
    began = perf_counter()
    tried: dict[str, None] = {}  # a set that keeps order
    is_enough = False
    for each in passes:
        tried[each.name] = None
        tally.add(*each.run())
        elapsed_ms = (perf_counter() - began) * 1000
        if not is_enough and len(tally.found) >= count:
            is_enough = True
            budget_ms = min(budget_ms, elapsed_ms + beyond_ms)
        if len(tally.found) > count or elapsed_ms >= budget_ms:
            break
    return Reading(
        tally.found,
        tally.doubtful,
        tally.unreadable,
        (perf_counter() - began) * 1000,
        tuple(tried),
    )
