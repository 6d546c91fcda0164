"""What every demo has behind the scene: keys, journal, hub and uplink, all of it kept in one folder."""

import asyncio
import fcntl
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from edge.errors import Malformed
from edge.trust import TrustList
from gateway.beside import beside
from gateway.config import HubConfig
from gateway.hub.access_tables import AccessTable
from gateway.hub.app import Hub, opened
from gateway.hub.passports import Passports
from gateway.hub.results import Problem
from gateway.hub.serve import running
from gateway.hub.settings import HubSettings, TrustTable
from gateway.journal import Journal
from gateway.keys import DeviceKey, TrustStore, open_key
from gateway.model import DeviceTrouble
from gateway.sync.transports import open_transport
from gateway.sync.uplink import Uplink

Publish = Callable[[bytes], Awaitable[None]]

_YEAR = 365 * 86400
_LOCK_S = 30.0  # a simulator that outlives a killed demo is gone by then
_LOOK_S = 0.05
_SYNC_S = 60.0


@dataclass(frozen=True)
class Backend:
    """gateway: the name that a hub shows; hub: where the journal is synced to, None for a hub of the demo's own."""

    gateway: str = "demo"
    hub: HubConfig | None = None


@dataclass(frozen=True)
class Backstage:
    """page: the hub's address. lock: the open file that keeps others out of the folder; a simulator inherits it.

    publish: puts a passport's document into the hub, where that is the demo's own; one that the hub has, or does not
    take, is left.
    """

    folder: Path
    key: DeviceKey
    trusted: TrustList
    journal: Journal
    uplink: Uplink
    page: str
    lock: int
    publish: Publish | None = None

    async def synced(self) -> tuple[int, int]:
        """Wait for the hub's receipts; (events in the journal, of which acknowledged). TimeoutError after a minute."""
        await asyncio.wait_for(self.uplink.acknowledged(self.journal.head()), _SYNC_S)
        return self.journal.head(), self.journal.head() - self.journal.lag()


@asynccontextmanager
async def backstage(folder: Path, at: Backend = Backend()) -> AsyncIterator[Backstage]:
    """Make or reopen it all in `folder`; all of it ends with the context. DeviceTrouble where another demo uses it."""
    folder.mkdir(parents=True, exist_ok=True)
    async with AsyncExitStack() as stack:
        lock = stack.enter_context((folder / "lock").open("wb"))
        await _alone(lock, folder)
        key, trusted = _keys(folder)
        journal = await stack.enter_async_context(Journal(folder / "journal.db"))
        hub, publish = at.hub, None
        if hub is None:
            url, publish = await stack.enter_async_context(_hub(folder))
            hub = HubConfig(url=url)
        uplink = Uplink(journal, open_transport(hub, at.gateway), at.gateway)
        await stack.enter_async_context(beside(uplink.run(), "sync"))
        page = hub.url or ", ".join(hub.nats)
        yield Backstage(folder, key, trusted, journal, uplink, page, lock.fileno(), publish)


@asynccontextmanager
async def _hub(folder: Path) -> AsyncIterator[tuple[str, Publish]]:
    """The demo's own hub; yields its URL, and what publishes there."""
    settings = HubSettings(
        database=str(folder / "hub.db"),
        access=AccessTable(audit_key=folder / "audit.key"),
        trust=TrustTable(list=folder / "trust.cbor"),
    )
    async with opened(settings) as hub, running(hub.app) as url:
        yield url, _publisher(hub)


def _publisher(hub: Hub) -> Publish:
    passports = Passports(hub.database, time.time_ns)

    async def publish(document: bytes) -> None:
        with suppress(Malformed, Problem):
            await passports.create(document)

    return publish


async def _alone(lock: BinaryIO, folder: Path) -> None:
    """Return when no other demo, nor the simulator of one that was killed, uses the folder."""
    until = time.monotonic() + _LOCK_S
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > until:
                raise DeviceTrouble(f"another demo uses {folder}: name another --state") from None
            await asyncio.sleep(_LOOK_S)
        else:
            return


def _keys(folder: Path) -> tuple[DeviceKey, TrustList]:
    """The demo's own device key and trust list, made on the first run."""
    device, store = folder / "device.key", TrustStore(folder / "trust.cbor")
    if not store.path.exists():
        device.unlink(missing_ok=True)
        key, now = DeviceKey.generate(operator="demo"), int(time.time())
        key.save(device, None)
        store.save(TrustList(1, now, now + _YEAR, (key.card.entry(now),)), DeviceKey.generate())
    return open_key(device, None), store.load()
