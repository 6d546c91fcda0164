"""FILE.result.csv: what became of each row of a job file, one line each, durable when it is told."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from gateway.stations.rowfile import RowFile


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


class ResultFile(RowFile[Line]):
    """FILE.result.csv."""

    of = Line
    name = "result file"
    remedy = "run the job again; what the journal holds is not written twice"
    largest = 64 << 20

    @classmethod
    def beside(cls, job_file: Path) -> Self:
        """The result file of a job file: products.csv -> products.result.csv."""
        return cls(job_file.with_suffix(".result.csv"))
