"""What is held of one journal: everything up to the watermark, and spans ahead of it. Pure: no I/O, no clock.

A row's hash covers the row before, and so stands for the whole history up to it: equal hashes under one seq are equal
rows up to there, other hashes are a fork. Rows that continue the watermark are the journal's; what is held ahead is
held until they reach it, and gives way where it continues another history.
"""

import json
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto

from gateway.hub.batch import Item, Withheld
from gateway.records import Gap, Row

MOST_AHEAD = 1000  # spans


class Fit(Enum):
    """How a span goes with what is held."""

    FITS = auto()
    OVERLAPS = auto()  # some of its numbers are held: settle() says which rows are new
    FORKS = auto()  # it borders on what is held, and does not continue it
    TOO_MANY = auto()  # one more span ahead than are kept


@dataclass(frozen=True, slots=True)
class Span:
    """Rows `first` to `last`. before: the hash before the first, b"" where that is not known; hash: of the last."""

    first: int
    last: int
    before: bytes
    hash: bytes


@dataclass(slots=True)
class Settled:
    """What an overlapping batch says.

    runs: what is new, consecutive, with the hash before each run; late: rows that were given up as a gap; unproven:
    such rows, where no hash on either side shows that they are of this history; same: held as they are; conflicts: what
    contradicts, and all behind the first of those.
    """

    runs: list[tuple[bytes, list[Item]]] = field(default_factory=list)
    late: list[Row | Withheld] = field(default_factory=list)
    unproven: list[Row | Withheld] = field(default_factory=list)
    same: list[Row | Withheld] = field(default_factory=list)
    conflicts: list[Item] = field(default_factory=list)


class Spans:
    """The coverage of one journal. start: its first row has the number start + 1.

    evicted: ranges that add() and settle() gave up, since the journal's own history is another; the caller takes them
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
        return self.start < seq <= self.watermark or self._span_at(seq) is not None

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

    def settle(
        self,
        before: bytes,
        items: Sequence[Item],
        rows: Mapping[int, bytes],
        gaps: Mapping[int, bytes],
    ) -> Settled:
        """Compare a batch with what is held; runs are still to be added.

        rows, gaps: seq -> hash of the rows and of the ends of gaps that are held, from the one before the first to the
        last of `items`.
        """
        known = {**gaps, **rows}
        settled = Settled()
        first = ends(items[0])[0]
        is_main = first <= self.watermark + 1
        held_before = self._hash_before(first, known)
        forked = first <= self.start or held_before not in (b"", before)
        proven = held_before == before or first == self.start + 1
        for item in items:
            first, last = ends(item)
            hidden = self._hidden_by(item)
            if (hidden and not is_main) or (
                first <= self.watermark < last and not (proven or forked)
            ):
                break  # a gap over what it may have nothing to do with: later, when it can be told
            if hidden and not forked:
                self._evict(first, hidden, before, known)
            held = known.get(last)
            if not forked and held not in (None, item.hash):
                contradicted = self._span_at(last)
                forked = not is_main or contradicted is None
                if contradicted is not None and not forked:
                    self._evict(first, [contradicted], before, known)
                    held = None
            if forked:
                settled.conflicts += [*settled.unproven, item]
                settled.unproven.clear()
            elif isinstance(item, Gap):
                for after, piece in self._uncovered(item, before):
                    _append(settled.runs, after, piece)
            elif held is not None and item.seq in rows:
                settled.same.append(item)
            elif self.covers(item.seq):
                settled.unproven.append(item)
            else:
                _append(settled.runs, before, item)
            if held is not None and not forked:
                settled.late += settled.unproven
                settled.unproven.clear()
                proven = True
            before = item.hash
        if proven:
            settled.late += settled.unproven
            settled.unproven.clear()
        return settled

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

    def _hidden_by(self, item: Item) -> list[Span]:
        """The spans ahead that end within a gap, so that no hash of theirs can be compared."""
        if not isinstance(item, Gap):
            return []
        return [span for span in self.ahead if item.first <= span.last < item.last]

    def _evict(
        self, first: int, spans: Iterable[Span], before: bytes, known: dict[int, bytes]
    ) -> None:
        """Give up what `spans` ahead hold from `first` on. before: the hash before that."""
        for span in spans:
            start = max(first, span.first)
            place = self.ahead.index(span)
            kept = [Span(span.first, start - 1, span.before, before)] if start > span.first else []
            self.ahead[place : place + 1] = kept
            self.evicted.append((start, span.last))
            for seq in [each for each in known if start <= each <= span.last]:
                del known[seq]

    def _uncovered(self, gap: Gap, before: bytes) -> Iterator[tuple[bytes, Gap]]:
        """The parts of a gap of which nothing is held, each with the hash before it (b"": not known)."""
        at = gap.first
        if at <= self.watermark:
            at, before = self.watermark + 1, self.hash
        for span in self.ahead:
            if span.last < at or span.first > gap.last:
                continue
            if at < span.first:
                yield before, Gap(at, span.first - 1, gap.reason, span.before)
            at, before = span.last + 1, span.hash
        if at <= gap.last:
            yield before, Gap(at, gap.last, gap.reason, gap.hash)

    def _hash_before(self, first: int, known: Mapping[int, bytes]) -> bytes:
        """The hash that is held under the number before `first`, b"" where none is known."""
        if first == self.watermark + 1:
            return self.hash
        return known.get(first - 1, b"") if self.covers(first - 1) else b""

    def _span_at(self, seq: int) -> Span | None:
        place = bisect_left(self.ahead, seq + 1, key=lambda each: each.first)
        span = self.ahead[place - 1] if place else None
        return span if span is not None and span.last >= seq else None


def spans_of(start: int, watermark: int, hash: bytes, ahead: str) -> Spans:
    """The coverage as a store keeps it; ahead: of ahead_json()."""
    read = [
        Span(first, last, bytes.fromhex(before), bytes.fromhex(hash_of_last))
        for first, last, before, hash_of_last in json.loads(ahead)
    ]
    return Spans(start, watermark, hash, read)


def _append(runs: list[tuple[bytes, list[Item]]], before: bytes, item: Item) -> None:
    """Put a new item to the run that it continues, or begin one."""
    if runs and ends(runs[-1][1][-1])[1] + 1 == ends(item)[0]:
        runs[-1][1].append(item)
    else:
        runs.append((before, [item]))


def ends(item: Item) -> tuple[int, int]:
    """The first and last seq of a row or gap."""
    return (item.first, item.last) if isinstance(item, Gap) else (item.seq, item.seq)
