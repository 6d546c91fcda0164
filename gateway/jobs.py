"""The jobs of a configuration: what is done at one reader, as results."""

import logging
from collections.abc import AsyncIterator, Iterator

from edge import claims as claim_names
from gateway.config import Config, ConfigProblem, ReaderConfig
from gateway.model import Target
from gateway.stations import item, read, update, verify
from gateway.stations.bind import BindStation
from gateway.stations.codestation import CodeStation
from gateway.stations.job import JobRun, with_options
from gateway.stations.labelcheck import LabelCheck
from gateway.stations.orders import Order, OrderError, orders
from gateway.stations.post import Post
from gateway.stations.result import Result
from gateway.stations.resultfile import ResultFile
from gateway.stations.station import Job, Station

log = logging.getLogger(__name__)


async def at_tags(
    post: Post, reader: ReaderConfig, config: Config, sight: CodeStation | None
) -> AsyncIterator[Result]:
    """What is done at a reader of tags, for ever. sight: the code reader beside it. ConfigProblem, OrderError."""
    if reader.job == "bind":
        assert sight is not None  # config.py sees to it
        wanted = item.by_code(_usable(reader, config)) if reader.orders is not None else None
        async for result in BindStation(
            post, sight, wanted, reader.requires, reader.dedupe_s
        ).run():
            yield result
        return
    if reader.job == "commission":
        assert reader.orders is not None  # config.py sees to it
        items = with_options(_orders(reader, config), overwrite=False, lock=reader.lock)
        with ResultFile.beside(reader.orders) as results:
            job = JobRun(
                post, items, results, reader.dedupe_s, sight=sight, requires=reader.requires
            )
            async for result in job.run():
                yield result
        log.info(
            "%s: every order of %s is done; tags are verified from now on", post.name, reader.orders
        )
    async for result in Station(post, reader.dedupe_s).run(_job(reader)):
        yield result


async def at_codes(
    station: CodeStation, reader: ReaderConfig, config: Config
) -> AsyncIterator[Result]:
    """What is done at a camera or scanner, for ever. ConfigProblem, OrderError."""
    if reader.job == "print":
        assert reader.orders is not None  # config.py sees to it
        labels = list(_usable(reader, config))
        with ResultFile(reader.orders.with_suffix(".labels.csv")) as results:
            station.check = LabelCheck(station.post, labels, results, station.rules.least_grade)
            async for result in station.run():
                yield result
        return
    async for result in station.run():
        yield result


def _orders(reader: ReaderConfig, config: Config) -> Iterator[Order | OrderError]:
    """The rows of its job file, and which are refused; ConfigProblem where the file is none."""
    assert reader.orders is not None
    raw = _read(reader)
    try:
        yield from orders(raw, config.gateway.link, config.gateway.link_hosts)
    except OrderError as why:
        raise ConfigProblem(f"reader {reader.name}: orders: {reader.orders}: {why}") from why


def _usable(reader: ReaderConfig, config: Config) -> Iterator[Order]:
    """The orders of a file in which no row waits for its turn; the others are told."""
    for each in _orders(reader, config):
        if isinstance(each, OrderError):
            log.warning("%s: %s: %s", reader.name, reader.orders, each)
        else:
            yield each


def _read(reader: ReaderConfig) -> bytes:
    assert reader.orders is not None
    try:
        return reader.orders.read_bytes()
    except OSError as why:
        raise ConfigProblem(
            f"reader {reader.name}: orders: cannot read {reader.orders}: {why.strerror}"
        ) from why


def _job(reader: ReaderConfig) -> Job:
    if reader.job == "read":
        return read.read_one
    if reader.job != "update":
        return verify.verify_one
    changes = claim_names.changes_from_names({"step": reader.step})

    async def job(post: Post, target: Target) -> Result:
        return await update.update_one(post, target, changes)

    return job
