"""A post: one reader at the line, and what the jobs done there work with."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from edge.trust import Entry, TrustList
from gateway.journal import Journal, Row
from gateway.keys import DeviceKey, verifier
from gateway.readers.port import TagReader
from gateway.stations.turn import Turn

RECORD_TYPE = b"tagwright.org:p"

Check = Callable[[bytes, bytes, bytes], bool]


@dataclass(frozen=True)
class Seal:
    """What a stub is signed under now: key signs, trust and check judge, now is Unix seconds.

    company_prefixes: GS1 company prefixes, by which a GTIN fits into an SGTIN-96.
    """

    key: DeviceKey
    trust: TrustList | None
    check: Check
    now: int
    record_type: bytes = RECORD_TYPE
    company_prefixes: tuple[str, ...] = ()

    @property
    def own_trust(self) -> TrustList:
        """The trust list, and the seal's own key with it: what tells a torn stub of our own from a whole one."""
        own = Entry(self.key.kid, self.key.public)
        if self.trust is None:
            return TrustList(0, 0, self.now, (own,))
        if any(entry.key == own.key for entry in self.trust.entries):
            return self.trust
        entries = (*self.trust.entries, own)
        return TrustList(self.trust.number, self.trust.issued, self.trust.not_after, entries)


@dataclass(frozen=True)
class Post:
    """name: the station in the journal. now: Unix seconds; ticks: seconds that only run forward, for durations.

    key: what the post signs with; None: it only reads. journal: None only where nothing is written.
    record_type: the external type of the record that holds the stub. company_prefixes: as Seal has them.
    access_password: of RAIN tags, 32 bits, 0: none; it is never told. turn: when its station may be stopped.
    """

    name: str
    reader: TagReader
    journal: Journal | None
    trust: TrustList | None
    now: Callable[[], float]
    ticks: Callable[[], float]
    key: DeviceKey | None = None
    check: Check = verifier
    record_type: bytes = RECORD_TYPE
    company_prefixes: tuple[str, ...] = ()
    access_password: int = field(default=0, repr=False)
    turn: Turn = field(default_factory=Turn, compare=False, repr=False)

    async def record(self, kind: str, uid: bytes, product: str, body: dict[str, Any]) -> Row | None:
        """Append to the journal and return its row once durable; None where the post keeps no journal."""
        if self.journal is None:
            return None
        return await self.journal.append(kind, self.name, uid, product, body)

    @property
    def may_write(self) -> bool:
        """Whether it has what a write needs: a key and a journal."""
        return self.key is not None and self.journal is not None

    def seal(self) -> Seal:
        """What it signs under now; ValueError where it has no key or keeps no journal, so must not write."""
        if self.key is None or self.journal is None:
            raise ValueError(f"{self.name} has no key or no journal: it only reads")
        now, prefixes = int(self.now()), self.company_prefixes
        return Seal(self.key, self.trust, self.check, now, self.record_type, prefixes)

    def remembered(self, uid: bytes) -> bytes:
        """The stub that was last written for a tag which holds its EPC alone; b"" where there is none."""
        row = self.journal.remembered(uid) if self.journal and uid else None
        found: bytes = row.content()["stub"] if row is not None else b""
        return found

    def known_seq(self, product: str) -> int | None:
        """The highest seq of this product that the journal knows."""
        return self.journal.known_seq(product) if self.journal and product else None
