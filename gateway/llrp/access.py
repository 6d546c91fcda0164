"""A run of words of one tag, read or written by OpSpecs: which are still to do, and what their results mean.

LLRP 1.1, "C1G2OpSpecs" and "C1G2OpSpecResults". Sans-I/O: `todo()` is to be done, `take()` is told what came of it.
"""

from collections.abc import Iterator
from typing import NamedTuple

from gateway.llrp import codes


class Span(NamedTuple):
    """Words of a bank: what one OpSpec is about."""

    word: int
    words: int

    @property
    def end(self) -> int:
        return self.word + self.words


class Outcome(NamedTuple):
    """What one OpSpec came to. result: a name of gateway.llrp.codes; words: how many were written; data: was read."""

    result: str
    words: int = 0
    data: bytes = b""

    @property
    def is_done(self) -> bool:
        return self.result == codes.SUCCESS


def spans(word: int, count: int, most: int, block: int = 1) -> Iterator[Span]:
    """Cut a run into spans of at most `most` words that begin, the first aside, where blocks of `block` words do."""
    most = max(block, most - most % block)
    end = word + count
    while word < end:
        size = min(most - word % block, end - word)
        yield Span(word, size)
        word += size


class Run:
    """The words `word` to `word + count - 1`. What stands is known by its spans, in any order."""

    def __init__(self, word: int, count: int) -> None:
        self._word = word
        self._open = [Span(word, count)] if count else []
        self._read: dict[int, bytes] = {}

    @property
    def is_done(self) -> bool:
        return not self._open

    @property
    def word(self) -> int:
        """The first that is still to do."""
        return self._open[0].word

    @property
    def last(self) -> int:
        """The last that is still to do."""
        return self._open[-1].end - 1

    @property
    def data(self) -> bytes:
        """What was read, as one."""
        return b"".join(self._read[word] for word in sorted(self._read))

    def todo(self, most: int, block: int = 1) -> list[Span]:
        """What is still to do, in order, cut as `spans` cuts."""
        return [each for span in self._open for each in spans(*span, most, block)]

    def wrote(self, span: Span, count: int) -> bool:
        """The first `count` words of a span stand now. True: that is news."""
        return self._close(Span(span.word, min(count, span.words)))

    def read(self, span: Span, data: bytes) -> bool:
        """A span was read: whole, or not at all."""
        if len(data) != 2 * span.words:
            return False
        self._read[span.word] = data
        return self._close(span)

    def _close(self, done: Span) -> bool:
        if not done.words:
            return False
        left = []
        for span in self._open:
            for word, end in (
                (span.word, min(span.end, done.word)),
                (max(span.word, done.end), span.end),
            ):
                if word < end:
                    left.append(Span(word, end - word))
        changed = left != self._open
        self._open = left
        return changed
