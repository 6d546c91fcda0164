"""A CSV file with a line for each row of a job, read back on start, then appended and fsynced line by line."""

import csv
import errno
import io
import os
from contextlib import suppress
from dataclasses import astuple, fields
from pathlib import Path
from typing import Any, ClassVar, Generic, Protocol, Self, TypeVar

from gateway.records import JournalTrouble
from gateway.stations.orders import OrderError


class HasRow(Protocol):
    """A frozen dataclass of texts, which are the columns."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def row(self) -> str:
        """The row's number."""


L = TypeVar("L", bound=HasRow)


class RowFile(Generic[L]):
    """lines: row -> its last line. Raises OrderError where what stands there is no such file.

    JournalTrouble where it cannot be written, here and in append. of: what a line is; name, remedy: what the file is
    called, and what helps, for people; largest: bytes.
    """

    of: type[L]
    name: str
    remedy: str
    largest: int

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lines: dict[int, L] = {}
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

    def append(self, line: L) -> None:
        """Add a line; it is on disk when this returns."""
        self._put([str(cell) for cell in astuple(line)])
        self.lines[int(line.row)] = line

    def _put(self, cells: list[str]) -> None:
        text = io.StringIO(newline="")
        csv.writer(text, lineterminator="\n").writerow(cells)
        line = text.getvalue().encode()
        before = os.fstat(self._file.fileno()).st_size
        try:
            if self._file.write(line) < len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(self._file.fileno())
        except OSError as why:
            with suppress(OSError):  # no half line: the next one would go on behind it
                self._file.truncate(before)
            raise self._unwritable(why) from why

    def _unwritable(self, why: OSError) -> JournalTrouble:
        return JournalTrouble(
            f"{self.path} cannot be written ({why.strerror}): see to its folder and disk, then {self.remedy}"
        )

    def _read_back(self) -> None:
        header = [field.name for field in fields(self.of)]
        self._file.seek(0)
        raw = self._file.read(self.largest + 1)
        whole = raw[: raw.rfind(b"\n") + 1]
        try:
            rows = list(csv.reader(io.StringIO(whole.decode(), newline=""), strict=True))
            is_ours = rows[0] == header if rows else ",".join(header).encode().startswith(raw)
            if len(raw) > self.largest or not is_ours:
                raise ValueError
            for cells in rows[1:]:
                line = self.of(*cells)
                self.lines[int(line.row)] = line
        except (ValueError, TypeError, csv.Error):
            raise OrderError(0, "", f"{self.path} is no {self.name}: move it away") from None
        if len(whole) < len(raw):  # a crash cut the last line
            self._file.truncate(len(whole))
        if not whole:
            self._put(header)
