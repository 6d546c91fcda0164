"""A post: one reader at the line, and what the jobs done there work with."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from edge.trust import TrustList

from gateway.journal import Journal, Row
from gateway.keys import DeviceKey, verifier
from gateway.readers.reader import Reader

RECORD_TYPE = b"tagwright.org:p"


@dataclass(frozen=True)
class Post:
    """name: the station in the journal. now: Unix seconds; ticks: seconds that only run forward, for durations.

    key: what the post signs with; None: it only reads. journal: None only where nothing is written.
    record_type: the external type of the record that holds the stub.
    """

    name: str
    reader: Reader
    journal: Journal | None
    trust: TrustList | None
    now: Callable[[], float]
    ticks: Callable[[], float]
    key: DeviceKey | None = None
    verify: Callable[[bytes, bytes, bytes], bool] = verifier
    record_type: bytes = RECORD_TYPE

    async def record(self, kind: str, uid: bytes, product: str, body: dict[str, Any]) -> Row | None:
        """Append to the journal and return its row once durable; None where the post keeps no journal."""
        if self.journal is None:
            return None
        return await self.journal.append(kind, self.name, uid, product, body)

    def signer(self) -> DeviceKey:
        """The key that signs; ValueError where the post has none or keeps no journal, so must not write."""
        if self.key is None or self.journal is None:
            raise ValueError(f"{self.name} has no key or no journal: it only reads")
        return self.key

    def known_seq(self, product: str) -> int | None:
        """The highest seq of this product that the journal knows."""
        return self.journal.known_seq(product) if self.journal and product else None
