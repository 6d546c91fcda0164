"""labels.csv: what the code of each order holds, so that a label that is made again is the same label.

A stub tells when it was signed, so the text of an order's code is kept, not signed anew. One line each, durable before
its label is drawn; the last line of a row counts.
"""

import csv
import io
import os
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import Self

from gateway.records import JournalTrouble
from gateway.stations.orders import Order, OrderError

_LARGEST = 1 << 30  # bytes


@dataclass(frozen=True)
class Line:
    """One row of the file, as text: digest in hex; text: what the code holds; kid: the key that signed, "" for none."""

    row: str
    product: str
    digest: str
    kid: str
    link: str
    text: str

    def is_of(self, order: Order, kid: str) -> bool:
        """Whether this is the label of that order under that key."""
        mine = (order.product, (order.digest or b"").hex(), kid, order.link)
        return (self.product, self.digest, self.kid, self.link) == mine


_HEADER = [field.name for field in fields(Line)]


class LabelFile:
    """Read back on start, then appended and fsynced line by line. lines: row -> its last line.

    Raises OrderError where what stands there is no such file, JournalTrouble where it cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lines: dict[int, Line] = {}
        try:
            self._file = path.open("a+b", buffering=0)
        except OSError as why:
            raise self._unwritable(why) from why
        try:
            self._read_back()
        except (OrderError, JournalTrouble):
            self._file.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def append(self, line: Line) -> None:
        """Add a line; it is on disk when this returns."""
        self._put(list(astuple(line)))
        self.lines[int(line.row)] = line

    def _put(self, cells: list[str]) -> None:
        text = io.StringIO(newline="")
        csv.writer(text, lineterminator="\n").writerow(cells)
        try:
            self._file.write(text.getvalue().encode())
            os.fsync(self._file.fileno())
        except OSError as why:
            raise self._unwritable(why) from why

    def _unwritable(self, why: OSError) -> JournalTrouble:
        return JournalTrouble(
            f"{self.path} cannot be written ({why.strerror}): see to its folder and disk, then make the labels again"
        )

    def _read_back(self) -> None:
        self._file.seek(0)
        raw = self._file.read(_LARGEST + 1)
        whole = raw[: raw.rfind(b"\n") + 1]
        try:
            rows = list(csv.reader(io.StringIO(whole.decode(), newline=""), strict=True))
            is_ours = rows[0] == _HEADER if rows else ",".join(_HEADER).encode().startswith(raw)
            if len(raw) > _LARGEST or not is_ours:
                raise ValueError
            for cells in rows[1:]:
                line = Line(*cells)
                self.lines[int(line.row)] = line
        except (ValueError, TypeError, csv.Error):
            raise OrderError(0, "", f"{self.path} is no file of labels: move it away") from None
        if len(whole) < len(raw):  # a crash cut the last line
            self._file.truncate(len(whole))
        if not whole:
            self._put(_HEADER)
