"""What the station has answered, by time, station and colour: counts of the day, bars of a chart, and the takt.

Rows that come are counted as they become durable; those from before the start are counted backwards, in small slices,
until the tally reaches as far back as it keeps, or has looked at enough rows. A row that ends what an answer began
(the codes beside a tag, a label) takes that answer's place.
"""

import asyncio
import time
from collections import Counter, deque
from collections.abc import Callable, Collection
from itertools import pairwise
from typing import Any, NamedTuple

from gateway.journal import Journal
from gateway.web.station.shown import Shown, shown

COLOURS = ("green", "amber", "red")
BUCKET_S = 300
KEPT_S = 7 * 86_400
TAKT_OF = 20  # the last so many intervals
RECENT = 20  # answers that a page begins with

_PAUSE_S = 600  # a longer interval is no takt
_TOGETHER_S = 10.0  # between an answer and the row that ends it
_SLICE = 100  # rows that are counted in one go
_REST_S = 0.05  # between two slices of what was before
_MOST_ROWS = 300_000  # that are looked at from before
_MOST_WORDS = 200  # different outcomes; handhelds have words of their own
_NOT_COUNTED = ("presence", "handheld")


class Key(NamedTuple):
    """What is counted together."""

    station: str
    colour: str
    outcome: str
    why: str


class Tally:
    """One journal's. beside: stations whose answers go to another one. now: Unix seconds."""

    def __init__(self, beside: Collection[str] = (), now: Callable[[], float] = time.time) -> None:
        self.since = now()  # how far back it reaches, Unix seconds
        self.recent: deque[Shown] = deque(maxlen=RECENT)
        self._beside = frozenset(beside)
        self._now = now
        self._buckets: dict[int, Counter[Key]] = {}
        self._times: dict[str, deque[float]] = {}
        self._newest: dict[str, Shown] = {}
        self._oldest: dict[str, Shown] = {}
        self._words: set[str] = set()
        self._day = _midnight(self.since)
        self._today: Counter[tuple[str, str]] = Counter()

    async def follow(self, journal: Journal) -> None:
        """Count what comes, for ever."""
        seen = journal.head()
        behind = asyncio.create_task(self._catch_up(journal, seen), name="tally")
        try:
            while True:
                await journal.grown_beyond(seen)
                rows = journal.after(seen, _SLICE)
                for row in rows:
                    self.add(shown(row))
                seen = (
                    rows[-1].seq if rows else journal.head()
                )  # none: they were given back already
                await asyncio.sleep(0)
        finally:
            behind.cancel()
            await asyncio.wait([behind])

    def add(self, row: Shown) -> None:
        """A row that is newer than all before."""
        if not self._is_counted(row):
            return
        before = self._newest.get(row["station"])
        if row["ends"] and before is not None and _is_same(before, row):
            self._count(before, -1)
            self._time(row["station"]).pop()
            if before in self.recent:
                self.recent.remove(before)
        self._newest[row["station"]] = row
        self._oldest.setdefault(row["station"], row)
        self._count(row, 1)
        self._time(row["station"]).append(row["at"])
        self.recent.append(row)

    def add_before(self, row: Shown) -> None:
        """A row that is older than all before."""
        if not self._is_counted(row):
            return
        after = self._oldest.get(row["station"])
        self._oldest[row["station"]] = row
        self._newest.setdefault(row["station"], row)
        if after is not None and after["ends"] and _is_same(row, after):
            return
        self._count(row, 1)
        times = self._time(row["station"])
        if len(times) < TAKT_OF + 1:
            times.appendleft(row["at"])
        if len(self.recent) < RECENT:
            self.recent.appendleft(row)

    def today(self, station: str | None = None) -> dict[str, int]:
        """Colour -> how many since midnight, as the gateway's clock has it; of one station or all."""
        self._turn()
        return {
            colour: sum(
                count
                for (name, said), count in self._today.items()
                if said == colour and station in (None, name)
            )
            for colour in COLOURS
        }

    @property
    def day(self) -> float:
        """When `today` began, Unix seconds."""
        self._turn()
        return self._day

    def takt_s(self, station: str | None = None) -> float | None:
        """Mean seconds between the last answers, pauses left out; of all stations: of the busiest one."""
        if station is None:
            found = [takt for each in self._times if (takt := self.takt_s(each)) is not None]
            return min(found, default=None)
        times = list(self._times.get(station, ()))
        spans = [later - earlier for earlier, later in pairwise(times)]
        spans = [each for each in spans if 0 <= each < _PAUSE_S]
        return round(sum(spans) / len(spans), 1) if spans else None

    def throughput(self, hours: int, station: str | None = None) -> dict[str, Any]:
        """Bars over the last `hours`, by colour, and what the answers were."""
        step = 300 if hours <= 6 else 900 if hours <= 24 else 3600
        until = (int(self._now()) // step + 1) * step
        first = until - -(-hours * 3600 // step) * step
        bars = {at: dict.fromkeys(COLOURS, 0) for at in range(first, until, step)}
        outcomes: Counter[Key] = Counter()
        for at, bucket in self._buckets.items():
            if not first <= at < until:
                continue
            for key, count in bucket.items():
                if station in (None, key.station):
                    bars[at - at % step][key.colour] += count
                    outcomes[key._replace(station="")] += count
        return {
            "from": first,
            "until": until,
            "interval_s": step,
            "since": round(self.since, 3),
            "station": station,
            "takt_s": self.takt_s(station),
            "bars": [{"at": at, **bar} for at, bar in bars.items()],
            "outcomes": [
                {"colour": key.colour, "outcome": key.outcome, "why": key.why, "count": count}
                for key, count in sorted(outcomes.items(), key=lambda each: -each[1])
                if count > 0
            ],
        }

    async def _catch_up(self, journal: Journal, head: int) -> None:
        oldest, looked = self._now() - KEPT_S, 0
        last = head
        while last > 0 and looked < _MOST_ROWS:
            rows = journal.before(last, _SLICE)
            for row in rows:
                self.add_before(shown(row))
            if not rows or rows[-1].at_ns / 1e9 < oldest:
                break
            looked, last = looked + len(rows), rows[-1].seq - 1
            self.since = min(self.since, rows[-1].at_ns / 1e9)
            await asyncio.sleep(_REST_S if looked > 10 * _SLICE else 0)
        else:
            return
        self.since = oldest

    def _is_counted(self, row: Shown) -> bool:
        return (
            row["answer"]
            and row["kind"] not in _NOT_COUNTED
            and row["station"] not in self._beside
            and row["colour"] in COLOURS
        )

    def _count(self, row: Shown, by: int) -> None:
        at = int(row["at"]) // BUCKET_S * BUCKET_S
        bucket = self._buckets.get(at)
        if bucket is None:
            bucket = self._buckets[at] = Counter()
            self._forget()
        bucket[Key(row["station"], row["colour"], self._word(row["outcome"]), row["why"])] += by
        self._turn()
        if row["at"] >= self._day:
            self._today[row["station"], row["colour"]] += by

    def _word(self, outcome: str) -> str:
        if outcome in self._words or len(self._words) < _MOST_WORDS:
            self._words.add(outcome)
            return outcome
        return "other"

    def _time(self, station: str) -> deque[float]:
        return self._times.setdefault(station, deque(maxlen=TAKT_OF + 1))

    def _turn(self) -> None:
        """A new day begins at 0."""
        day = _midnight(self._now())
        if day != self._day:
            self._day = day
            self._today.clear()

    def _forget(self) -> None:
        oldest = self._now() - KEPT_S - BUCKET_S
        for at in [each for each in self._buckets if each < oldest]:
            del self._buckets[at]


def _is_same(before: Shown, row: Shown) -> bool:
    """Whether a row ends what the one before it, of the same station, began."""
    if not 0 <= row["at"] - before["at"] < _TOGETHER_S or before["ends"]:
        return False
    if row["kind"] == "label":
        return bool(before["kind"] == "code")
    return bool(row["uid"] and row["uid"] == before["uid"])


def _midnight(at: float) -> float:
    here = time.localtime(at)
    return time.mktime((here.tm_year, here.tm_mon, here.tm_mday, 0, 0, 0, 0, 0, -1))
