"""The daemon: a task for each reader's station, one for the uplink, one for the metrics, in one task group.

Readers whose job is presence share one floor: a tag may move from the zone of one to that of another.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gateway import jobs, posts
from gateway.config import Config, ReaderConfig
from gateway.hub.serve import running
from gateway.journal import Journal, JournalFull
from gateway.journal_tidy import keep_tidy
from gateway.keys import TrustStore, open_key
from gateway.metrics import CONTENT_TYPE, Metrics
from gateway.model import CannotDo, DeviceTrouble, ReaderBusy, ReaderGone
from gateway.stations.codestation import CodeStation
from gateway.stations.dock import Dock
from gateway.stations.floor import Floor
from gateway.stations.handheld import HandheldStation
from gateway.stations.ledger import Ledger
from gateway.stations.post import Post
from gateway.stations.result import RED, Result, Signal
from gateway.sync import sinks
from gateway.trust_file import TrustFile

log = logging.getLogger(__name__)

Tell = Callable[[str, Result], None]

_AGAIN_S = 0.3  # until a field with two tags in it is looked at again
_CANNOT_S = 30.0  # until a reader is asked again for what it said it has not
_PAGE_ROWS = 512  # counted in one go


async def serve(config: Config, passphrase: str | None, tell: Tell) -> None:
    """Run every station of the configuration until cancelled; `tell` is called with each (reader, Result).

    Raises KeyProblem, ConfigProblem or OrderError before a tag is touched; JournalTrouble, which stops every station.
    """
    key = open_key(config.keys.device, passphrase) if config.keys.device else None
    root = bytes.fromhex(config.keys.root) if config.keys.root else None
    trust = TrustFile(TrustStore(config.keys.trust, root)) if config.keys.trust else None
    trusted = trust.current() if trust else None
    metrics = Metrics()
    async with AsyncExitStack() as stack:
        journal = await stack.enter_async_context(
            Journal(
                config.gateway.journal,
                max_bytes=config.gateway.journal_max_mb << 20,
                captures_percent=config.gateway.captures_percent,
                telemetry_percent=config.gateway.telemetry_percent,
                sinks=sinks.cursors(config),
                on_commit=metrics.on_commit,
            )
        )
        tags = posts.tag_posts(config, journal, trusted, key)
        codes = posts.code_stations(config, journal, trusted)
        handhelds = posts.handheld_stations(config, journal, trust)
        for tag_post in tags.values():
            stack.push_async_callback(tag_post.reader.close)
        for station in codes.values():
            stack.push_async_callback(station.post.reader.close)
        ledger = await stack.enter_async_context(Ledger(tell))
        stations = Stations(config, tags, codes, handhelds, ledger, tell)
        if config.metrics.listen:
            page = _page(metrics, journal, stations)
            host, _, port = config.metrics.listen.rpartition(":")
            url = await stack.enter_async_context(running(page, (host, int(port))))
            log.info("metrics at %s/metrics", url)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(_counted(metrics, journal), name="metrics")
                tasks.create_task(keep_tidy(journal, config.gateway.journal_keep_days), name="tidy")
                if trust is not None:
                    tasks.create_task(trust.follow(), name="trust")
                for name, work in sinks.works(config, journal).items():
                    tasks.create_task(work, name=name)
                stations.start(tasks)
        except ExceptionGroup as group:
            for other in group.exceptions[1:]:
                log.error("besides: %s", other or type(other).__name__)
            raise group.exceptions[0] from None


class Stations:
    """What is done at each reader. Give its tasks to a group with `start`."""

    def __init__(
        self,
        config: Config,
        posts: Mapping[str, Post],
        codes: Mapping[str, CodeStation],
        handhelds: Mapping[str, HandheldStation],
        ledger: Ledger,
        tell: Tell,
    ) -> None:
        self.posts = posts
        self.codes = codes
        self.handhelds = handhelds
        self._config = config
        self._ledger = ledger
        self._tell = tell
        self._asked = {each.beside for each in config.reader}  # their answers are the asker's
        watching = {each.name: each for each in config.reader if each.job == "presence"}
        self._floor = Floor({name: posts[name] for name in watching}, watching, ledger, time.time)
        self._docks = {
            each.name: Dock(posts[each.name], each)
            for each in config.reader
            if each.job == "pallet"
        }

    def start(self, tasks: asyncio.TaskGroup) -> None:
        """A task for each reader, and what goes with them."""
        tasks.create_task(self._ledger.written(), name="ledger")
        if self._floor.sightings:
            tasks.create_task(self._floor.time(), name="presence")
        for each in self._config.reader:
            tasks.create_task(self._station(each), name=each.name)

    def sightings(self) -> dict[str, int]:
        """How many tag reports each reader has brought."""
        return self._floor.sightings | {name: dock.sightings for name, dock in self._docks.items()}

    def up(self) -> dict[str, bool]:
        """Reader -> whether it answers."""
        found = {name: post.reader.is_open for name, post in self.posts.items()}
        found |= {name: each.is_open for name, each in self.handhelds.items()}
        return found | {name: each.post.reader.is_open for name, each in self.codes.items()}

    def present(self) -> dict[str, int]:
        """Zone -> how many tags are in it."""
        return self._floor.presence.counts()

    async def _station(self, reader: ReaderConfig) -> None:
        """One reader's station for ever: what is wrong with the device is told, and tried again."""
        name = reader.name
        while True:
            try:
                if reader.job == "presence":
                    await self._floor.watch(name)
                if name in self.handhelds:
                    await self.handhelds[name].run(lambda result: self._tell(name, result))
                async for result in self._results(reader):
                    if name not in self._asked:
                        self._tell(name, result)
            except JournalFull as why:
                await self._stopped(name, why)
            except (ReaderGone, ReaderBusy) as why:
                log.warning("%s: %s", name, why)
            except CannotDo as why:
                log.warning("%s: %s", name, why)
                await asyncio.sleep(_CANNOT_S)
            except DeviceTrouble as why:
                log.warning("%s: %s", name, why)
                await asyncio.sleep(_AGAIN_S)

    async def _stopped(self, name: str, why: JournalFull) -> None:
        """Nothing more is done to tags until it can be written down; what is confirmed meanwhile makes room."""
        self._tell(name, Result("refused", b"", Signal(RED, f"stopped: {why}")))
        at = self.handhelds.get(name) or self.posts.get(name) or self.codes[name].post
        assert at.journal is not None
        await at.journal.room()
        log.warning("%s: there is room in the journal again: the station goes on", name)

    def _results(self, reader: ReaderConfig) -> AsyncIterator[Result]:
        if reader.job == "pallet":
            return self._docks[reader.name].run()
        if reader.name in self.codes:
            return jobs.at_codes(self.codes[reader.name], reader, self._config)
        sight = self.codes[reader.beside] if reader.beside is not None else None
        return jobs.at_tags(self.posts[reader.name], reader, self._config, sight)


async def _counted(metrics: Metrics, journal: Journal) -> None:
    """Count each row that becomes durable from now on."""
    seen = journal.head()
    while True:
        await journal.grown_beyond(seen)
        for row in journal.after(seen, _PAGE_ROWS):
            metrics.count(row)
            seen = row.seq


def _page(metrics: Metrics, journal: Journal, stations: Stations) -> Starlette:
    async def text(request: Request) -> Response:
        for name, is_up in stations.up().items():
            metrics.reader(name, is_up)
        for name, station in stations.codes.items():
            metrics.read_rate(name, station.rate.recent)
        metrics.sightings(stations.sightings())
        metrics.present(stations.present())
        return Response(metrics.text(journal), media_type=CONTENT_TYPE)

    async def health(request: Request) -> Response:
        return JSONResponse({"head": journal.head(), "lag": journal.lag()})

    return Starlette(routes=[Route("/metrics", text), Route("/health", health)])
