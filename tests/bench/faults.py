"""Faults: a site under load, and one kind of fault after another; every acknowledged event is then looked for.

Acknowledged is what a gateway told to be durable. Of those, each must stand in the hub's database exactly once, under
a number of an unbroken row of numbers.
"""

import asyncio
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

from gateway.hub.open import open_database
from tests.bench.bad_network import BadNetwork, Weather
from tests.bench.site import Gateway, Process, Site, wait_for
from tests.bench.size import Size, folder
from tests.bench.table import Row, progress

_RATE = 400.0  # events a second of one gateway
_GATEWAYS = 2
_DRAIN_S = 120.0
_EARLY = 30  # percent of unsynced writes that a disk keeps all the same

Inject = Callable[[Random], None]
Carrying = Callable[[], AbstractAsyncContextManager[BadNetwork]]


@dataclass(frozen=True)
class Account:
    """What a campaign of one fault came to."""

    acknowledged: int
    missing: int
    doubled: int
    gaps: int
    unclean: int  # gateways that did not end by themselves, everything confirmed

    @property
    def faults(self) -> int:
        return self.missing + self.doubled + self.gaps + self.unclean


def rows(size: Size) -> Iterator[Row]:
    """Quick: each fault three times; full: 20 times."""
    trials, random = size.of(3, 20), Random(size.seed)
    with folder() as at, Site(at) as site:
        for number, (what, campaign) in enumerate(_CAMPAIGNS.items(), 1):
            place = at / f"fault{number}"
            place.mkdir()
            started = time.perf_counter()
            done, account = campaign(site, place, trials, random)
            seconds = time.perf_counter() - started
            progress(f"{what}: {done} in {seconds:.0f} s: {account}")
            note = (
                f"{done}; acknowledged {account.acknowledged:,}, missing {account.missing}, doubled"
            )
            note += f" {account.doubled}, gaps {account.gaps}; {seconds:.0f} s"
            yield Row(what, account.faults, "lost, doubled or gaps", at_most=0, note=note)


def _killed_gateway(site: Site, at: Path, trials: int, random: Random) -> tuple[str, Account]:
    with _gateways(site, at) as found:

        def kill(random: Random) -> None:
            victim = random.choice(found)
            victim.kill9()
            victim.begin()

        return _series(site, found, trials, random, kill)


def _killed_consumer(site: Site, at: Path, trials: int, random: Random) -> tuple[str, Account]:
    with _gateways(site, at) as found:

        def kill(random: Random) -> None:
            victim: Process = random.choice(site.consumers)
            victim.kill9()
            victim.begin()

        return _series(site, found, trials, random, kill)


def _killed_postgres(site: Site, at: Path, trials: int, random: Random) -> tuple[str, Account]:
    def kill(random: Random) -> None:
        site.postgres.kill9()
        time.sleep(random.uniform(0, 1))
        site.postgres.start()

    with _gateways(site, at) as found:
        return _series(site, found, trials, random, kill)


def _killed_node(site: Site, at: Path, trials: int, random: Random) -> tuple[str, Account]:
    def kill(random: Random) -> None:
        node = random.randrange(3)
        site.nats.kill9(node)
        time.sleep(random.uniform(0, 3))
        site.nats.start(node)

    with _gateways(site, at) as found:
        return _series(site, found, trials, random, kill)


def _killed_nodes(site: Site, at: Path, trials: int, random: Random) -> tuple[str, Account]:
    def kill(random: Random) -> None:
        for node in range(3):
            site.nats.kill9(node)
        time.sleep(random.uniform(0, 1))
        for node in range(3):
            site.nats.start(node)
        site.nats.ready()

    with _gateways(site, at) as found:
        return _series(site, found, trials, random, kill)


def _bad_network_nats(site: Site, at: Path, trials: int, random: Random) -> tuple[str, Account]:
    host, _, port = site.nats.urls[0].removeprefix("nats://").rpartition(":")
    network = BadNetwork((host, int(port)), Random(random.random()), Weather())
    with (
        _carrying(network, network.nats) as url,
        _gateways(site, at, f'nats = ["nats://{url}"]') as found,
    ):
        done, account = _series(site, found, trials, random, _cut(network))
    return f"{done}; {network.suffered}", account


def _bad_network_https(site: Site, at: Path, trials: int, random: Random) -> tuple[str, Account]:
    hub = Process("hub", [*_HUB, str(at / "hub.toml")], at / "hub.log")
    port = _free_port()
    (at / "hub.toml").write_text(f'listen = "127.0.0.1:{port}"\ndatabase = "{site.postgres.url}"\n')
    network = BadNetwork(("127.0.0.1", port), Random(random.random()), Weather())
    hub.begin()
    try:
        with (
            _carrying(network, network.http) as url,
            _gateways(site, at, f'url = "http://{url}"') as found,
        ):
            done, account = _series(site, found, trials, random, _cut(network))
    finally:
        hub.end(10.0)
    return f"{done}; {network.suffered}", account


def _cut(network: BadNetwork) -> Inject:
    def cut(random: Random) -> None:
        network.cut()
        time.sleep(random.uniform(0.1, 2))
        network.mend()

    return cut


def _full_disk(site: Site, at: Path, trials: int, random: Random) -> tuple[str, Account]:
    full = at / "full"

    def fill(random: Random) -> None:
        full.touch()
        time.sleep(random.uniform(0.3, 2))
        full.unlink()

    with _gateways(site, at, library=_library(at), full=full) as found:
        return _series(site, found, trials, random, fill)


def _lost_writes(site: Site, at: Path, trials: int, random: Random) -> tuple[str, Account]:
    with _gateways(site, at, library=_library(at)) as found:

        def cut_power(random: Random) -> None:
            victim = random.choice(found)
            victim.kill9()
            shadow = Path(victim.environment["LOSSY_SHADOW"])
            for path in victim.folder.glob("journal.db*"):
                path.unlink()
            for path in shadow.glob("journal.db*"):
                shutil.copy(path, victim.folder / path.name)
            victim.environment["LOSSY_SEED"] = str(random.randrange(1 << 30))
            victim.begin()

        return _series(site, found, trials, random, cut_power)


_HUB = (sys.executable, "-m", "gateway.cli.main", "hub", "-c")
_CAMPAIGNS = {
    "kill -9 of a gateway": _killed_gateway,
    "kill -9 of a hub consumer": _killed_consumer,
    "kill -9 of PostgreSQL": _killed_postgres,
    "kill -9 of one NATS node": _killed_node,
    "kill -9 of all NATS nodes": _killed_nodes,
    "network cut, drops, doubles, reorders (NATS)": _bad_network_nats,
    "network cut, drops, doubles, reorders (HTTP)": _bad_network_https,
    "disk full at a gateway": _full_disk,
    "power cut: unsynced writes of a gateway lost": _lost_writes,
}


def _series(
    site: Site, gateways: list[Gateway], trials: int, random: Random, inject: Inject
) -> tuple[str, Account]:
    """Inject so many faults under load, let the gateways drain, and look for what they acknowledged."""
    for trial in range(trials):
        _wait_for_events(gateways, f"before fault {trial + 1}")
        time.sleep(random.uniform(0.2, 1.5))
        inject(random)
    _wait_for_events(gateways, "after the last fault")
    unclean = sum(each.end(_DRAIN_S) != 0 for each in gateways)
    for each in gateways:
        if unclean:
            progress(each.last_words())
    said = set().union(*(each.acknowledged() for each in gateways))
    return f"{trials} times", asyncio.run(_account(site, said, unclean))


def _wait_for_events(gateways: list[Gateway], when: str) -> None:
    """Return when every gateway has acknowledged something more: it is up, and heeds SIGTERM."""
    before = [each.acks.stat().st_size for each in gateways]
    wait_for(
        lambda: all(
            each.acks.stat().st_size > size for each, size in zip(gateways, before, strict=True)
        ),
        f"events of every gateway {when}: see {gateways[0].log}",
    )


async def _account(site: Site, said: set[bytes], unclean: int) -> Account:
    database = await open_database(site.postgres.url)
    try:
        held = Counter(hash for (hash,) in await database.fetch("SELECT hash FROM events"))
        (gaps,) = (
            await database.fetch("SELECT count(*) FROM journals WHERE watermark <> highest")
        )[0]
    finally:
        await database.close()
    return Account(
        len(said),
        sum(hash not in held for hash in said),
        sum(count > 1 for count in held.values()),
        gaps,
        unclean,
    )


@contextmanager
def _gateways(
    site: Site, at: Path, hub: str = "", library: Path | None = None, full: Path | None = None
) -> Iterator[list[Gateway]]:
    found = [Gateway(f"{at.name}-{n}", at, hub or site.servers(), _RATE) for n in range(_GATEWAYS)]
    with ExitStack() as stack:
        for each in found:
            if library is not None:
                shadow = at / f"{each.name}.shadow"
                shadow.mkdir()
                each.environment = {
                    "LD_PRELOAD": str(library),
                    "LOSSY_FOLDER": str(each.folder),
                    "LOSSY_SHADOW": str(shadow),
                    "LOSSY_EARLY": str(_EARLY),
                } | ({"LOSSY_FULL": str(full)} if full else {})
            each.begin()
            stack.callback(each.end, 1.0)
        yield found


@contextmanager
def _carrying(network: BadNetwork, carry: Carrying) -> Iterator[str]:
    """The network on a thread with a loop of its own; yields HOST:PORT."""
    loop, ready, ended = asyncio.new_event_loop(), threading.Event(), asyncio.Event()

    async def carried() -> None:
        async with carry():
            ready.set()
            await ended.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(carried(),))
    thread.start()
    ready.wait()
    try:
        yield f"127.0.0.1:{network.port}"
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join()
        loop.close()


def _library(at: Path) -> Path:
    """The lossy disk, compiled."""
    built = at / "lossy_disk.so"
    source = Path(__file__).with_name("lossy_disk.c")
    command = ["cc", "-shared", "-fPIC", "-O2", "-o", str(built), str(source), "-ldl", "-lpthread"]
    subprocess.run(command, check=True)
    return built


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port
