"""The daemon: a task for each reader's station, one for the uplink, for the metrics and for the pages, in one group."""

import asyncio
import logging
import time
from contextlib import AsyncExitStack

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gateway import posts
from gateway.config import Config
from gateway.hub.serve import running
from gateway.journal import Journal
from gateway.journal_tidy import keep_tidy
from gateway.keys import TrustStore, open_key
from gateway.line import Stations, Tell
from gateway.metrics import CONTENT_TYPE, Metrics
from gateway.stations.ledger import Ledger
from gateway.stations.result import Result
from gateway.sync import sinks
from gateway.trust_file import TrustFile
from gateway.web.station.told import Notices

log = logging.getLogger(__name__)

_PAGE_ROWS = 512  # counted in one go


async def serve(config: Config, passphrase: str | None, tell: Tell) -> None:
    """Run every station of the configuration until cancelled; `tell` is called with each (reader, Result).

    Raises KeyProblem, ConfigProblem or OrderError before a tag is touched; JournalTrouble, which stops every station.
    """
    key = open_key(config.keys.device, passphrase) if config.keys.device else None
    root = bytes.fromhex(config.keys.root) if config.keys.root else None
    trust = TrustFile(TrustStore(config.keys.trust, root)) if config.keys.trust else None
    trusted = trust.current() if trust else None
    metrics, notices = Metrics(), Notices()
    tell = _also_shown(tell, notices)
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
        stations = Stations(config, journal, tags, codes, handhelds, ledger, tell)
        if config.metrics.listen:
            page = _page(metrics, journal, stations)
            host, _, port = config.metrics.listen.rpartition(":")
            url = await stack.enter_async_context(running(page, (host, int(port))))
            log.info("metrics at %s/metrics", url)
        if config.web is not None:
            from gateway.station_page import station_page  # nothing else needs its libraries

            await stack.enter_async_context(
                station_page(config, config.web, journal, stations, notices)
            )
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(_counted(metrics, journal), name="metrics")
                tasks.create_task(keep_tidy(journal, config.gateway.journal_keep_days), name="tidy")
                if trust is not None:
                    tasks.create_task(trust.follow(), name="trust")
                for name, work in sinks.works(config, journal).items():
                    tasks.create_task(work, name=name)
                stations.start_all(tasks)
        except ExceptionGroup as group:
            for other in group.exceptions[1:]:
                log.error("besides: %s", other or type(other).__name__)
            raise group.exceptions[0] from None


def _also_shown(tell: Tell, notices: Notices) -> Tell:
    """What was told without a row of its own goes to the pages, too."""

    def told(reader: str, result: Result) -> None:
        if result.journal_seq is None:
            at, signal = time.time(), result.signal
            notices.add(
                at,
                reader,
                result.uid,
                result.outcome,
                signal.colour,
                signal.sentence,
                result.product,
            )
        tell(reader, result)

    return told


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
