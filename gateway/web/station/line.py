"""The line as the station page needs it: how its readers are, and what may be done to them. The daemon is one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

RUNNING, STOPPING, STOPPED = "running", "stopping", "stopped"


@dataclass(frozen=True)
class Progress:
    """How far a work order is: rows of its file, and of those how many are done, refused, and wait for their tag."""

    name: str
    rows: int
    done: int
    refused: int = 0
    waiting: int = 0


@dataclass(frozen=True)
class ReaderState:
    """kind: the scheme of its URL, "pn532". work: RUNNING, STOPPING or STOPPED. trouble: in words, "" where none."""

    name: str
    kind: str
    job: str
    is_up: bool
    work: str = RUNNING
    trouble: str = ""
    order: Progress | None = None


class NoSuch(Exception):
    """There is no such reader or open intent; the text says so."""


class Line(Protocol):
    """What is done to it is done between two tags: nothing that was begun is torn."""

    def readers(self) -> Sequence[ReaderState]:
        """Each reader as it is now, in the configuration's order."""

    async def stop(self, reader: str) -> None:
        """Serve no further tag there; returns when the one under way is done. NoSuch."""

    async def start(self, reader: str) -> None:
        """Go on; harmless where it runs. NoSuch."""

    async def void(self, intent: int, reason: str) -> None:
        """Close an open intent that will not be carried out, by its seq. NoSuch, JournalTrouble."""
