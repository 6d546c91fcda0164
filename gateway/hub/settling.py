"""A batch of which something is held: what is new, what is the same, what contradicts. Pure: no I/O, no clock.

Rows are compared by their hashes, which stand for all rows before. Where no hash can be compared, since one side gave
the rows up as a gap, nothing is taken for the journal's own.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from gateway.hub.batch import Item, Withheld
from gateway.hub.spans import Span, Spans, ends
from gateway.records import Gap, Row


@dataclass(slots=True)
class Settled:
    """What the batch says.

    runs: what is new, consecutive, with the hash before each run; late: rows that were given up as a gap; unproven:
    such rows, where no hash on either side shows that they are of this history; same: held as they are; conflicts: what
    contradicts, and all behind the first of those.
    """

    runs: list[tuple[bytes, list[Item]]] = field(default_factory=list)
    late: list[Row | Withheld] = field(default_factory=list)
    unproven: list[Row | Withheld] = field(default_factory=list)
    same: list[Row | Withheld] = field(default_factory=list)
    conflicts: list[Item] = field(default_factory=list)


def settle(
    spans: Spans,
    before: bytes,
    items: Sequence[Item],
    rows: Mapping[int, bytes],
    gaps: Mapping[int, bytes],
) -> Settled:
    """Compare a batch with what is held; runs are still to be added to `spans`, which may evict for them.

    rows, gaps: seq -> hash of the rows and of the ends of gaps that are held, from the one before the first to the last
    of `items`.
    """
    comparison = _Comparison(spans, before, ends(items[0])[0], rows, gaps)
    for item in items:
        if comparison.is_blind(item):
            break
        comparison.look(item)
    return comparison.end()


class _Comparison:
    def __init__(
        self,
        spans: Spans,
        before: bytes,
        first: int,
        rows: Mapping[int, bytes],
        gaps: Mapping[int, bytes],
    ) -> None:
        self._spans = spans
        self._before = before  # the hash of the item before
        self._rows = rows
        self._known = {**gaps, **rows}
        self._settled = Settled()
        self._is_main = first <= spans.watermark + 1  # it may continue the watermark
        held = self._held_before(first)
        self._is_proven = held == before or first == spans.start + 1
        self._is_fork = first <= spans.start or held not in (b"", before)

    def is_blind(self, item: Item) -> bool:
        """Whether a gap passes over what cannot be compared with it. It and what follows come again, later."""
        first, last = ends(item)
        if first <= self._spans.watermark < last and not self._is_proven:
            return not self._is_fork
        return not self._is_main and any(self._hidden_by(item))

    def look(self, item: Item) -> None:
        seq, settled = ends(item)[1], self._settled
        if not self._is_fork:
            self._make_way(item)
        is_known = seq in self._known and not self._is_fork
        if self._is_fork:
            settled.conflicts += [*settled.unproven, item]
            settled.unproven.clear()
        elif isinstance(item, Gap):
            for before, piece in self._uncovered(item):
                self._add(before, piece)
        elif is_known and seq in self._rows:
            settled.same.append(item)
        elif self._spans.covers(seq):
            settled.unproven.append(item)
        else:
            self._add(self._before, item)
        if is_known:
            self._is_proven = True
            self._prove()
        self._before = item.hash

    def end(self) -> Settled:
        if self._is_proven:
            self._prove()
        return self._settled

    def _make_way(self, item: Item) -> None:
        """Evict what a batch that continues the watermark contradicts, or passes over; else it is a fork."""
        first, last = ends(item)
        for span in self._hidden_by(item):
            self._forget(self._spans.evict(first, span, self._before), span.last)
        if self._known.get(last, item.hash) == item.hash:
            return
        ahead = self._spans.span_at(last)
        if ahead is None or not self._is_main:
            self._is_fork = True
        else:
            self._forget(self._spans.evict(first, ahead, self._before), ahead.last)

    def _forget(self, first: int, last: int) -> None:
        for seq in [each for each in self._known if first <= each <= last]:
            del self._known[seq]

    def _hidden_by(self, item: Item) -> list[Span]:
        """The spans ahead that end within a gap, so that no hash of theirs can be compared."""
        if not isinstance(item, Gap):
            return []
        return [span for span in self._spans.ahead if item.first <= span.last < item.last]

    def _uncovered(self, gap: Gap) -> Iterator[tuple[bytes, Gap]]:
        """The parts of a gap of which nothing is held, each with the hash before it (b"": not known)."""
        at, before = gap.first, self._before
        if at <= self._spans.watermark:
            at, before = self._spans.watermark + 1, self._spans.hash
        for span in self._spans.ahead:
            if span.last < at or span.first > gap.last:
                continue
            if at < span.first:
                yield before, Gap(at, span.first - 1, gap.reason, span.before)
            at, before = span.last + 1, span.hash
        if at <= gap.last:
            yield before, Gap(at, gap.last, gap.reason, gap.hash)

    def _add(self, before: bytes, item: Item) -> None:
        """Put a new item to the run that it continues, or begin one."""
        runs = self._settled.runs
        if runs and ends(runs[-1][1][-1])[1] + 1 == ends(item)[0]:
            runs[-1][1].append(item)
        else:
            runs.append((before, [item]))

    def _prove(self) -> None:
        self._settled.late += self._settled.unproven
        self._settled.unproven.clear()

    def _held_before(self, first: int) -> bytes:
        """The hash that is held under the number before `first`, b"" where none is known."""
        if first == self._spans.watermark + 1:
            return self._spans.hash
        return self._known.get(first - 1, b"") if self._spans.covers(first - 1) else b""
