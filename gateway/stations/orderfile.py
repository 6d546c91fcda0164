"""How far a work order is: the rows of its file, and what the result file beside it says of them."""

import csv
from pathlib import Path

from gateway.config import ReaderConfig
from gateway.web.station.line import Progress

_RESULTS = {"commission": ".result.csv", "print": ".labels.csv"}
_DONE = ("commissioned", "repaired", "already", "passed")
_WAITING = "incomplete"
_LARGEST = 64 << 20  # bytes of a file
_ROW, _OUTCOME = 0, 4  # columns of a result file


class OrderFile:
    """Looks at files that others write: `progress` reads what was appended since it was asked last."""

    def __init__(self, orders: Path, results: Path) -> None:
        self._orders = orders
        self._results = results
        self._seen: tuple[int, int] = (-1, -1)  # size and mtime of the orders
        self._rows = 0
        self._read = 0  # bytes of the results
        self._outcomes: dict[str, str] = {}

    @classmethod
    def of(cls, reader: ReaderConfig) -> "OrderFile | None":
        """That of a reader whose job has a result file."""
        ending = _RESULTS.get(reader.job)
        if reader.orders is None or ending is None:
            return None
        return cls(reader.orders, reader.orders.with_suffix(ending))

    def progress(self) -> Progress:
        """As it is now; 0 rows where the file cannot be read."""
        try:
            self._count()
            self._follow()
        except OSError:
            pass  # who does the job tells what is wrong
        found = list(self._outcomes.values())
        done = sum(each in _DONE for each in found)
        waiting = found.count(_WAITING)
        name = self._orders.name
        return Progress(name, self._rows, done, len(found) - done - waiting, waiting)

    def _count(self) -> None:
        state = self._orders.stat()
        seen = (state.st_size, state.st_mtime_ns)
        if seen == self._seen or state.st_size > _LARGEST:
            return
        self._seen = seen
        with self._orders.open("rb") as file:
            self._rows = max(0, sum(1 for line in file if line.strip()) - 1)

    def _follow(self) -> None:
        try:
            file = self._results.open("rb")
        except FileNotFoundError:
            self._read, self._outcomes = 0, {}
            return
        with file:
            if file.seek(0, 2) < self._read:  # another file
                self._read, self._outcomes = 0, {}
            file.seek(self._read)
            raw = file.read(_LARGEST)
        whole = raw[: raw.rfind(b"\n") + 1]
        self._read += len(whole)
        for cells in csv.reader(whole.decode("utf-8", "replace").splitlines()):
            if len(cells) > _OUTCOME and cells[_ROW].isdigit():
                self._outcomes[cells[_ROW]] = cells[_OUTCOME]
