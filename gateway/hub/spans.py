"""What is held of one journal: everything up to the watermark, and spans ahead of it. Pure: no I/O, no clock.

A row's hash covers the row before, and so stands for the whole history up to it: equal hashes under one seq are equal
rows up to there, other hashes are a fork. Rows that continue the watermark are the journal's; what is held ahead is
held until they reach it, and gives way where it continues another history.
"""

import json
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto

from gateway.hub.batch import Item
from gateway.records import Gap

MOST_AHEAD = 1000  # spans


class Fit(Enum):
    """How a span goes with what is held."""

    FITS = auto()
    OVERLAPS = auto()  # some of its numbers are held: settling.py says which rows are new
    FORKS = auto()  # it borders on what is held, and does not continue it
    TOO_MANY = auto()  # one more span ahead than are kept


@dataclass(frozen=True, slots=True)
class Span:
    """Rows `first` to `last`. before: the hash before the first, b"" where that is not known; hash: of the last."""

    first: int
    last: int
    before: bytes
    hash: bytes


class Spans:
    """The coverage of one journal. start: its first row has the number start + 1.

    evicted: ranges that were given up, since the journal's own history is another; the caller takes them
    out of the store, and out of the list.
    """

    def __init__(self, start: int, watermark: int, hash: bytes, ahead: Sequence[Span] = ()) -> None:
        self.start = start
        self.watermark = watermark
        self.hash = hash  # of the row at the watermark; b"" where that is not known
        self.ahead = sorted(ahead, key=lambda span: span.first)
        self.evicted: list[tuple[int, int]] = []

    @property
    def highest(self) -> int:
        return self.ahead[-1].last if self.ahead else self.watermark

    @property
    def missing(self) -> tuple[tuple[int, int], ...]:
        """The ranges between the watermark and the spans ahead."""
        lasts = [self.watermark, *(span.last for span in self.ahead)]
        return tuple(
            (last + 1, span.first - 1) for last, span in zip(lasts, self.ahead, strict=False)
        )

    def covers(self, seq: int) -> bool:
        return self.start < seq <= self.watermark or self.span_at(seq) is not None

    def span_at(self, seq: int) -> Span | None:
        """The span ahead that holds `seq`."""
        place = bisect_left(self.ahead, seq + 1, key=lambda each: each.first)
        span = self.ahead[place - 1] if place else None
        return span if span is not None and span.last >= seq else None

    def add(self, span: Span) -> Fit:
        """Hold a span of which nothing is held; changes nothing unless it FITS."""
        place = bisect_left(self.ahead, span.first, key=lambda each: each.first)
        below = self.ahead[place - 1] if place else None
        above = self.ahead[place] if place < len(self.ahead) else None
        if (
            span.first <= self.watermark
            or (below is not None and below.last >= span.first)
            or (above is not None and above.first <= span.last)
        ):
            return Fit.OVERLAPS
        if span.first == self.watermark + 1:
            if self.hash not in (b"", span.before):
                return Fit.FORKS
            self.watermark, self.hash = span.last, span.hash
            self._absorb()
            return Fit.FITS
        return self._add_ahead(place, below, span, above)

    def evict(self, first: int, span: Span, before: bytes) -> int:
        """Give up what a span ahead holds from `first` on; the first seq that is. before: the hash before it."""
        start = max(first, span.first)
        kept = [Span(span.first, start - 1, span.before, before)] if start > span.first else []
        place = self.ahead.index(span)
        self.ahead[place : place + 1] = kept
        self.evicted.append((start, span.last))
        return start

    def ahead_json(self) -> str:
        return json.dumps(
            [[each.first, each.last, each.before.hex(), each.hash.hex()] for each in self.ahead]
        )

    def _absorb(self) -> None:
        """Move the watermark over the spans that continue it; one that does not continue it is evicted."""
        while self.ahead and self.ahead[0].first == self.watermark + 1:
            span = self.ahead.pop(0)
            if span.before in (b"", self.hash):
                self.watermark, self.hash = span.last, span.hash
            else:
                self.evicted.append((span.first, span.last))

    def _add_ahead(self, place: int, below: Span | None, span: Span, above: Span | None) -> Fit:
        if below is not None and below.last + 1 < span.first:
            below = None
        if above is not None and above.first > span.last + 1:
            above = None
        if (below is not None and below.hash != span.before) or (
            above is not None and above.before not in (b"", span.hash)
        ):
            return Fit.FORKS
        if below is None and above is None and len(self.ahead) >= MOST_AHEAD:
            return Fit.TOO_MANY
        low, high = below or span, above or span
        joined = Span(low.first, high.last, low.before, high.hash)
        self.ahead[place - (below is not None) : place + (above is not None)] = [joined]
        return Fit.FITS


def spans_of(start: int, watermark: int, hash: bytes, ahead: str) -> Spans:
    """The coverage as a store keeps it; ahead: of ahead_json()."""
    read = [
        Span(first, last, bytes.fromhex(before), bytes.fromhex(hash_of_last))
        for first, last, before, hash_of_last in json.loads(ahead)
    ]
    return Spans(start, watermark, hash, read)


def ends(item: Item) -> tuple[int, int]:
    """The first and last seq of a row or gap."""
    return (item.first, item.last) if isinstance(item, Gap) else (item.seq, item.seq)
