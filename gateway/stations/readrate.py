"""The read rate of a code station: how many of its triggers brought what they should."""

from collections import Counter, deque

GOOD = frozenset(("read", "repeated"))  # the reader did its work
RECENT = 1000  # triggers


class ReadRate:
    """Outcomes by their word, since the start and of the last RECENT triggers."""

    def __init__(self, recent: int = RECENT) -> None:
        self.words: Counter[str] = Counter()
        self.missed_in_a_row = 0
        self._recent: deque[bool] = deque(maxlen=recent)

    def add(self, word: str) -> None:
        """Count one trigger's outcome."""
        is_good = word in GOOD
        self.words[word] += 1
        self._recent.append(is_good)
        self.missed_in_a_row = 0 if is_good else self.missed_in_a_row + 1

    @property
    def triggers(self) -> int:
        """How many there were since the start."""
        return self.words.total()

    @property
    def since_start(self) -> float:
        """Share of the triggers that were read; 1.0 before the first."""
        good = sum(self.words[word] for word in GOOD)
        return good / self.triggers if self.triggers else 1.0

    @property
    def recent(self) -> float:
        """Share of the last RECENT triggers that were read; 1.0 before the first."""
        return sum(self._recent) / len(self._recent) if self._recent else 1.0
