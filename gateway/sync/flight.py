"""The batches behind what is confirmed: which wait, which are under way, which were taken. Pure."""

from bisect import insort
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(slots=True, eq=False)
class Leg:
    """One batch's way to the hub. attempt: how often the transport took it without a receipt in time.

    since: what was confirmed when it was sent. refused: the hub's sentence about it, which came before the transport's
    word. replay: a single row out of quarantine, to be sent whole.
    """

    first: int
    last: int
    attempt: int = 0
    since: int = 0
    refused: str | None = None
    replay: bool = False


class Flight:
    """confirmed: the hub holds every row up to there. end: up to there every row has its leg."""

    def __init__(self, confirmed: int, cuts: Sequence[tuple[int, int]] = (), sent: int = 0) -> None:
        """cuts: (first, last) in order, as they were before a restart; those up to `sent` were taken."""
        self.confirmed = confirmed
        self.end = confirmed
        self.waiting: list[Leg] = []
        self.flying: set[Leg] = set()
        self.taken: dict[int, Leg] = {}
        for first, last in cuts:
            if first > self.end + 1:  # rows were given up in between: cut them anew
                break
            leg = Leg(first, last)
            self.end = max(self.end, last)
            if last <= sent:
                self.taken[first] = leg
            else:
                self.waiting.append(leg)

    def __len__(self) -> int:
        return len(self.waiting) + len(self.flying) + len(self.taken)

    @property
    def sent(self) -> int:
        """Up to there the transport took every row."""
        under_way = [leg.first for leg in self.flying if not leg.replay]
        return max(
            self.confirmed,
            min(under_way + [leg.first for leg in self.waiting[:1]], default=self.end + 1) - 1,
        )

    def add(self, cuts: Iterable[tuple[int, int]]) -> None:
        """New legs behind `end`."""
        for first, last in cuts:
            self.waiting.append(Leg(first, last))
            self.end = last

    def start(self) -> Leg:
        """The first leg that waits; it is under way from now on."""
        leg = self.waiting.pop(0)
        leg.since = self.confirmed
        self.flying.add(leg)
        return leg

    def start_replay(self, seq: int, attempt: int) -> Leg:
        """A leg for a row out of quarantine; attempt: a number that no other leg of this row has had."""
        leg = Leg(seq, seq, attempt, self.confirmed, replay=True)
        self.flying.add(leg)
        return leg

    def take(self, leg: Leg) -> None:
        """The transport took it, or the hub holds it ahead of others."""
        self.flying.discard(leg)
        self.taken[leg.first] = leg

    def back(self, leg: Leg) -> None:
        """It waits again."""
        if self.taken.pop(leg.first, None) is not None:
            leg.attempt += 1
        self.flying.discard(leg)
        leg.refused = None
        insort(self.waiting, leg, key=_place)

    def split(self, leg: Leg, cuts: Sequence[tuple[int, int]]) -> None:
        """Legs of these rows instead of one that waits; nothing where it no longer waits."""
        if leg in self.waiting:
            self.waiting.remove(leg)
            for first, last in cuts:
                insort(self.waiting, Leg(first, last, leg.attempt), key=_place)

    def confirm(self, seq: int) -> None:
        """The hub holds every row up to `seq`."""
        self.confirmed = seq
        self.end = max(self.end, seq)
        self.waiting = [leg for leg in self.waiting if leg.last > seq]
        self.flying = {leg for leg in self.flying if leg.last > seq or leg.replay}
        self.taken = {first: leg for first, leg in self.taken.items() if leg.last > seq}

    def find(self, first: int, last: int) -> Leg | None:
        """The leg of just these rows that is taken or under way."""
        there = [*self.flying, *self.taken.values()]
        return next((leg for leg in there if (leg.first, leg.last) == (first, last)), None)

    def owed(self) -> list[Leg]:
        """The legs that were taken, in order."""
        return sorted(self.taken.values(), key=_place)


def _place(leg: Leg) -> int:
    return leg.first
