"""What the doctor says of one thing."""

from dataclasses import dataclass

WELL = "ok"
WARNING = "warning"
FAULT = "fault"


@dataclass(frozen=True)
class Finding:
    """One line of the doctor's report: state is "ok", "warning" or "fault".

    check: what; detail: where, and what was seen there; remedy: what to do, which only "ok" may lack (ValueError).
    """

    check: str
    state: str
    detail: str
    remedy: str = ""

    def __post_init__(self) -> None:
        if self.state != WELL and not self.remedy:
            raise ValueError(f"{self.check}: what is not well has a remedy")
