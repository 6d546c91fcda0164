"""`tagwright doctor`: what is not well, and what to do about it."""

import asyncio
import time
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any

import click

from gateway.cli.output import USAGE, Failure, answer_is_no, emit, json_option
from gateway.cli.page import Page
from gateway.config import Config, ConfigProblem, load
from gateway.doctor import examine, hub_finding
from gateway.finding import FAULT, WARNING, WELL, Finding
from gateway.sync.http import reach
from gateway.sync.transports import reach_stream

_COLOURS = {WELL: "green", WARNING: "yellow", FAULT: "red"}


@click.command(cls=Page, no="there is a fault")
@click.option(
    "-c",
    "--config",
    "file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The gateway's TOML.",
)
@json_option
def doctor(file: Path | None, as_json: bool) -> None:
    """Say what is not well, and what to do about it.

    One line each for configuration, clock, disk, fsync, journal, keys, readers and hub.

    \b
    Example:  tagwright doctor -c tagwright.toml
    """
    worst = WELL
    for finding in _findings(file):
        worst = FAULT if FAULT in (worst, finding.state) else worst
        if as_json:
            emit(vars(finding))
            continue
        click.secho(f"{finding.state:8}", fg=_COLOURS[finding.state], nl=False)
        to_do = f" -> {finding.remedy}" if finding.state != WELL and finding.remedy else ""
        click.echo(f"{finding.check:16} {finding.detail}{to_do}")
    if worst == FAULT:
        answer_is_no()


def _findings(file: Path | None) -> Iterator[Finding]:
    config = Config()
    if file is not None:
        try:
            config = load(file)
        except ConfigProblem as why:
            raise Failure(str(why), USAGE) from why
        yield Finding("configuration", WELL, f"{file}: {len(config.reader)} readers")
    else:
        yield Finding("configuration", WARNING, "none given", "tagwright doctor -c tagwright.toml")
    yield from examine(config, time.time())
    if config.hub.url:
        yield _asked(config.hub.url, reach(config.hub))
    if config.hub.nats:
        yield _asked(", ".join(config.hub.nats), reach_stream(config.hub, config.gateway.name))


def _asked(where: str, asking: Coroutine[Any, Any, str | None]) -> Finding:
    started = time.perf_counter()
    try:
        trouble = asyncio.run(asking)
    except ConfigProblem as why:
        trouble = str(why)
    return hub_finding(where, trouble, time.perf_counter() - started)
