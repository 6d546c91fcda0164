"""FILE.result.csv: what became of each row of a job file, one line each, durable when it is told."""

import csv
import errno
import io
import os
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import Self

from gateway.records import JournalTrouble
from gateway.stations.orders import OrderError

_LARGEST = 64 << 20  # bytes


@dataclass(frozen=True)
class Line:
    """One row of the result file, as text: uid and digest in hex, at in RFC 3339 UTC; "" for what is not known."""

    row: str
    gtin: str = ""
    serial: str = ""
    uid: str = ""
    outcome: str = ""
    column: str = ""
    reason: str = ""
    seq: str = ""
    slot: str = ""
    digest: str = ""
    at: str = ""


_HEADER = [field.name for field in fields(Line)]


class ResultFile:
    """FILE.result.csv: read back on start, then appended and fsynced line by line.

    lines: row -> its last line. Raises OrderError where what stands there is no result file;
    JournalTrouble where it cannot be written, here and in append.
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

    @classmethod
    def beside(cls, job_file: Path) -> Self:
        """The result file of a job file: products.csv -> products.result.csv."""
        return cls(job_file.with_suffix(".result.csv"))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def append(self, line: Line) -> None:
        """Add a line; it is on disk when this returns."""
        self.lines[int(line.row)] = line
        self._put(list(astuple(line)))

    def _put(self, cells: list[str]) -> None:
        text = io.StringIO(newline="")
        csv.writer(text, lineterminator="\n").writerow(cells)
        line = text.getvalue().encode()
        try:
            if self._file.write(line) < len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(self._file.fileno())
        except OSError as why:
            raise self._unwritable(why) from why

    def _unwritable(self, why: OSError) -> JournalTrouble:
        return JournalTrouble(
            f"{self.path} cannot be written ({why.strerror}): see to its folder and disk, then run the job"
            " again; what the journal holds is not written twice"
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
            raise OrderError(0, "", f"{self.path} is no result file: move it away") from None
        if len(whole) < len(raw):  # a crash cut the last line
            self._file.truncate(len(whole))
        if not whole:
            self._put(_HEADER)
