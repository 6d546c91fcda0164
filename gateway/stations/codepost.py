"""A post with a code reader: one camera or scanner at the line, and what the jobs done there work with."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from edge.trust import TrustList
from gateway.journal import Journal, Row
from gateway.keys import verifier
from gateway.readers.codeport import CodeReader
from gateway.stations.post import Check
from gateway.stations.turn import Turn


@dataclass(frozen=True)
class CodePost:
    """name: the station in the journal. now: Unix seconds; ticks: seconds that only run forward, for durations.

    journal: None only where nothing is written. hosts: that links on codes may name; none: any. job: "verify" is green
    only for a stub that a trusted key signed; "read" also for a code without a stub. turn: as Post has it.
    """

    name: str
    reader: CodeReader
    journal: Journal | None
    trust: TrustList | None
    now: Callable[[], float]
    ticks: Callable[[], float]
    check: Check = verifier
    hosts: tuple[str, ...] = ()
    job: str = "verify"
    turn: Turn = field(default_factory=Turn, compare=False, repr=False)

    async def record(
        self, product: str, body: dict[str, Any], kind: str = "code", uid: bytes = b""
    ) -> Row | None:
        """Append to the journal and return its row once durable; None where the post keeps no journal."""
        if self.journal is None:
            return None
        return await self.journal.append(kind, self.name, uid, product, body)
