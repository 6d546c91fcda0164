"""What a gateway has for handhelds: the newest trust list, orders for blank tags, a firmware update.

Orders go to one handheld alone, the first that comes: two that both hold an order would write one product twice. Which
one it was stands in the journal's cursors, by the file's name: whatever the file says later is for the same handheld,
and another one gets orders from a file of another name. What was written meanwhile is left out when the file changes.
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

_TRIALS = {
    b"1": (logging.INFO, "update %d is on trial"),
    b"2": (logging.INFO, "update %d is on trial, for the last time"),
    b"x": (logging.WARNING, "update %d did not come up: what ran before runs again"),
}
"""The third byte of what a handheld tells of its firmware, see firmware/reader/update.py."""

_MOST = 1 << 19  # bytes of one thing
_MOST_TRIES = 2  # to give a handheld what it refuses
_MOST_REFUSALS = 6  # that are remembered of one
_MOST_KNOWN = 64  # handhelds that are remembered
_LARGEST_CSV = 1 << 22  # bytes of a file of orders

Stamp = tuple[int, int, int]
"""What tells one version of a file from another."""


@dataclass(frozen=True)
class Thing:
    """Something to be fetched by pieces. what: TRUST, ORDERS or UPDATE; number: its own."""

    what: str
    number: int
    content: bytes = field(repr=False)

    @property
    def sha256(self) -> bytes:
        return hashlib.sha256(self.content).digest()


class Looks:
    """What one visit was told. stamps: what -> the file as it was looked at last; numbers: of what was offered last."""

    def __init__(self) -> None:
        self.stamps: dict[str, Stamp | None] = {}
        self.numbers: dict[str, int] = {}


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
        self._refusals: dict[bytes, list[bytes]] = {}  # id -> SHA-256 of what it refused, each time
        self._ran: dict[bytes, bytes] = {}  # id -> the firmware that it told of last

    def things(self, hello: Hello, looks: Looks) -> Iterator[Thing]:
        """What is newer here than what the handheld has, by its hello and since; a file is read when it is new."""
        finds = {TRUST: self._newer_trust, UPDATE: self._other_update, ORDERS: self._other_orders}
        for what, find in finds.items():
            stamp = self._stamp(what)
            if stamp is None or looks.stamps.get(what) == stamp:
                continue
            looks.stamps[what] = stamp
            thing = find(hello)
            if thing is None or thing.number == looks.numbers.get(what) or not self._fits(thing):
                continue
            if self._refusals.get(hello.id, []).count(thing.sha256) >= _MOST_TRIES:
                continue
            looks.numbers[what] = thing.number
            yield thing

    def installed(self, what: str, looks: Looks) -> None:
        """It is in force there, whichever visit it was offered in: not to be offered again before it changes."""
        if what in (TRUST, ORDERS, UPDATE):
            looks.stamps[what] = self._stamp(what)

    def refused(self, thing: Thing, hello: Hello) -> None:
        """It does not want it: once more in another visit, and then no more before its firmware is another."""
        if len(self._refusals) >= _MOST_KNOWN:
            self._refusals.clear()
        mine = self._refusals.setdefault(hello.id, [])
        mine[:] = [*mine, thing.sha256][-_MOST_REFUSALS:]

    def met(self, hello: Hello) -> None:
        """Tell, once, how the last update fares there."""
        said = hello.info.get("firmware")
        if not isinstance(said, bytes) or said == self._ran.get(hello.id):
            return
        if len(self._ran) >= _MOST_KNOWN:
            self._ran.clear()
        self._ran[hello.id] = said
        self._refusals.pop(hello.id, None)
        if said[2:3] in _TRIALS:
            level, text = _TRIALS[said[2:3]]
            log.log(level, "%s: " + text, hello.name, hello.number(UPDATE))

    async def reserve(self, thing: Thing, hello: Hello) -> bool:
        """Whether this handheld may have it; then nobody else gets its file's orders, durably. One call at a time."""
        if thing.what == ORDERS and not self._holder():
            await self._journal.move_cursor(self._mark() + hello.id.hex(), 1)
        return thing.what != ORDERS or self._holder() == hello.id.hex()

    def _mark(self) -> str:
        assert self._reader.orders is not None  # there is a thing of it
        return f"handheld/orders/{self._reader.orders.name}/"

    def _holder(self) -> str:
        """The id of the handheld that has the file's orders; "" for none."""
        mark = self._mark()
        found = [name for name in self._journal.cursors() if name.startswith(mark)]
        return found[0].removeprefix(mark) if found else ""

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
        holder = self._holder()
        if holder not in ("", hello.id.hex()):
            remedy = "to give the rest to another, put them into a file of another name"
            self._tell(ORDERS, f"its orders are with handheld {holder}: {remedy}")
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

    def _path(self, what: str) -> Path | None:
        if what == TRUST:
            return self._trust.path if self._trust is not None else None
        return self._reader.orders if what == ORDERS else self._reader.update

    def _stamp(self, what: str) -> Stamp | None:
        """Of the file now; None where there is none."""
        path = self._path(what)
        if path is None:
            return None
        try:
            found = path.stat()
        except OSError as why:
            self._tell(what, f"cannot read {path}: {why.strerror}")
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino

    def _read(self, what: str, path: Path | None) -> bytes:
        if path is None:
            return b""
        most = _LARGEST_CSV if what == ORDERS else _MOST
        try:
            size = path.stat().st_size
            if size <= most:
                return path.read_bytes()
            self._tell(what, f"{path}: {size} bytes: split it: {most} fit")
        except OSError as why:
            self._tell(what, f"cannot read {path}: {why.strerror}")
        return b""

    def _tell(self, about: str, trouble: str) -> None:
        """Once, until it is another."""
        if self._told.get(about) != trouble:
            self._told[about] = trouble
            log.warning("%s: %s", self._reader.name, trouble)
