"""The register: what follows from the ledger's rows. A row comes to the registrars as an Entry, decoded once.

All that a registrar keeps can be made again from the rows, in whatever order the journals come.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from edge.errors import Malformed
from gateway.clock import UNSYNCED, Times, happened
from gateway.hub.batch import Withheld, content
from gateway.hub.database import Session
from gateway.records import CLOCK, Row

LONGEST_NAME = 512  # characters

_LARGEST = (1 << 63) - 1
_BOOT = 16  # bytes


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the ledger. journal: the hub's number of it; gateway: the name that it gave last.

    name: "GTIN14/SERIAL" where the row says both, else its product as it stands, "" where it is about none.
    content: the body without the times; None where the gateway withholds it, or it is no map. clock: None: not told.
    """

    journal: int
    gateway: str
    row: Row | Withheld
    name: str
    content: dict[str, Any] | None
    clock: Times | None

    @property
    def is_timed(self) -> bool:
        """Whether the gateway's clock was synchronised; of a gateway that does not tell, it is taken to be."""
        return self.clock is None or self.clock.error_ms != UNSYNCED

    def happened(self, at_ns: int) -> tuple[int, bool]:
        """(at_ns, is_timed) of what the row of this time tells, which is before it where a handheld wrote it down."""
        return happened(self.content or {}, at_ns, self.is_timed)


class Registrar(Protocol):
    """Keeps something that follows from rows."""

    async def enter(self, session: Session, entries: Sequence[Entry]) -> None:
        """Enter rows, in order of seq within each journal, in the transaction that moves the clerk's cursors.

        What is no sense is left out. An entry may come again, after a reset: that changes nothing. Raises
        StoreTrouble; Malformed only where an entry can never be entered: the clerk then leaves that one out.
        """


def entry(journal: int, gateway: str, row: Row | Withheld) -> Entry:
    """The Entry of a row as the ledger holds it."""
    if isinstance(row, Withheld):
        return Entry(journal, gateway, row, "", None, None)
    try:
        said = content(row.body)
    except Malformed:
        return Entry(journal, gateway, row, row.product, None, None)
    clock = _times(said.pop(CLOCK, None))
    return Entry(journal, gateway, row, name_of(row.product, said), said, clock)


def name_of(product: str, said: Mapping[str, Any]) -> str:
    """ "GTIN14/SERIAL" where the body says both, else the product as it stands."""
    gtin, serial = said.get("gtin"), said.get("serial")
    if isinstance(gtin, str) and isinstance(serial, str) and gtin and serial:
        name = f"{gtin}/{serial}"
        if len(name) <= LONGEST_NAME and "\0" not in name:
            return name
    return product


def _times(said: object) -> Times | None:
    """[hlc, boot_ns, boot, error_ms], None where it is anything else."""
    if not isinstance(said, list | tuple) or [type(each) for each in said] != [
        int,
        int,
        bytes,
        int,
    ]:
        return None
    found = Times(*said)
    if not 0 <= found.hlc <= _LARGEST or not 0 <= found.boot_ns <= _LARGEST:
        return None
    if len(found.boot) != _BOOT or not UNSYNCED <= found.error_ms <= _LARGEST:
        return None
    return found
