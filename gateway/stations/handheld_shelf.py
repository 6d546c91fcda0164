"""What a gateway has for handhelds: the newest trust list, orders for blank tags, a firmware update.

Orders go to one handheld alone, the first that comes: two that both hold an order would write one product twice. Which
one it was stands in the journal's cursors. What was written meanwhile is left out when the file changes.
"""

import hashlib
import logging
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from edge import cbor
from gateway.config import ReaderConfig
from gateway.journal import Journal
from gateway.readers.handheld_end import Hello
from gateway.stations.orders import Order, OrderError, orders
from gateway.trust_file import TrustFile

log = logging.getLogger(__name__)

TRUST, ORDERS, UPDATE = "trust", "orders", "update"

_MOST = 1 << 19  # bytes of one thing


@dataclass(frozen=True)
class Thing:
    """Something to be fetched by pieces. what: TRUST, ORDERS or UPDATE; number: its own."""

    what: str
    number: int
    content: bytes = field(repr=False)

    @property
    def sha256(self) -> bytes:
        return hashlib.sha256(self.content).digest()


class Shelf:
    """link, hosts: as stations.orders has them."""

    def __init__(
        self,
        reader: ReaderConfig,
        journal: Journal,
        trust: TrustFile | None,
        link: str,
        hosts: tuple[str, ...],
    ) -> None:
        self._reader = reader
        self._journal = journal
        self._trust = trust
        self._link, self._hosts = link, hosts
        self._told: dict[str, str] = {}  # what -> trouble with it

    def things(self, hello: Hello) -> Iterator[Thing]:
        """What is newer here than what the handheld said it has."""
        for find in (self._newer_trust, self._other_update, self._other_orders):
            thing = find(hello)
            if thing is not None and self._fits(thing):
                yield thing

    async def reserve(self, thing: Thing, hello: Hello) -> bool:
        """Whether this handheld may have it; then nobody else may have the same orders, durably."""
        if thing.what != ORDERS:
            return True
        start = f"handheld/orders/{thing.number:08x}/"
        own = start + hello.id.hex()
        holders = [name for name in self._journal.cursors() if name.startswith(start)]
        if holders and own not in holders:
            self._tell(ORDERS, f"its orders are with handheld {holders[0].removeprefix(start)}")
            return False
        if not holders:
            await self._journal.move_cursor(own, 1)
        return True

    def _newer_trust(self, hello: Hello) -> Thing | None:
        if self._trust is None:
            return None
        number = self._trust.current().number
        if number <= hello.number(TRUST):
            return None
        content = self._read(TRUST, self._trust.path)
        return Thing(TRUST, number, content) if content else None

    def _other_update(self, hello: Hello) -> Thing | None:
        content = self._read(UPDATE, self._reader.update)
        number = zlib.crc32(content)
        return (
            Thing(UPDATE, number, content) if content and number != hello.number(UPDATE) else None
        )

    def _other_orders(self, hello: Hello) -> Thing | None:
        raw = self._read(ORDERS, self._reader.orders)
        number = zlib.crc32(raw) or 1
        if not raw or number == hello.number(ORDERS):
            return None
        try:
            wanted = [each for each in self._usable(raw) if not self._is_written(each)]
        except OrderError as why:
            self._tell(ORDERS, f"{self._reader.orders}: {why}")
            return None
        if not wanted:
            return None
        content = cbor.encode([number, [[each.link, each.claims] for each in wanted]])
        return Thing(ORDERS, number, content)

    def _usable(self, raw: bytes) -> Iterator[Order]:
        for each in orders(raw, self._link, self._hosts):
            if isinstance(each, Order):
                yield each
            else:
                self._tell(f"{ORDERS} {each.row}", f"{self._reader.orders}: {each}")

    def _is_written(self, order: Order) -> bool:
        return self._journal.last_result(order.product) is not None

    def _fits(self, thing: Thing) -> bool:
        if len(thing.content) <= _MOST:
            return True
        self._tell(thing.what, f"{thing.what}: {len(thing.content)} bytes: split it: {_MOST} fit")
        return False

    def _read(self, what: str, path: Path | None) -> bytes:
        if path is None:
            return b""
        try:
            return path.read_bytes()
        except OSError as why:
            self._tell(what, f"cannot read {path}: {why.strerror}")
            return b""

    def _tell(self, about: str, trouble: str) -> None:
        """Once, until it is another."""
        if self._told.get(about) != trouble:
            self._told[about] = trouble
            log.warning("%s: %s", self._reader.name, trouble)
