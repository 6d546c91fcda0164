"""What the doctor says of one thing."""

from dataclasses import dataclass

WELL = "ok"
WARNING = "warning"
FAULT = "fault"


@dataclass(frozen=True)
class Finding:
    """One line of the doctor's report: state is "ok", "warning" or "fault"."""

    check: str
    state: str
    detail: str
    remedy: str = ""
