"""`tagwright doctor`: what is not well, and what to do about it."""

import asyncio
import shutil
import sys
import textwrap
import time
from collections import Counter
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any

import click

from gateway.cli.output import USAGE, Failure, answer_is_no, emit, json_option
from gateway.cli.page import Page
from gateway.cli.paint import is_terminal, paint, printable, tally
from gateway.config import Config, ConfigProblem, load
from gateway.doctor import examine, hub_finding
from gateway.finding import FAULT, WARNING, WELL, Finding
from gateway.sync.http import reach
from gateway.sync.transports import reach_stream

_TONES = {WELL: "green", WARNING: "amber", FAULT: "red"}
_INDENT = 25  # columns before what was found


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

    One line each for configuration, clock, disk, fsync, journal, keys, page, readers and hub.

    \b
    Example:  tagwright doctor -c tagwright.toml
    """
    count: Counter[str] = Counter()
    for finding in findings(file):
        count[finding.state] += 1
        if as_json:
            emit(vars(finding))
        elif is_terminal(sys.stdout):
            _draw(finding)
        else:
            click.echo(line(finding))
    if is_terminal(sys.stdout) and not as_json:
        named = (("faults", count[FAULT]), ("warnings", count[WARNING]), ("ok", count[WELL]))
        click.echo(paint(tally(named), "dim"))
    if count[FAULT]:
        answer_is_no()


def line(finding: Finding) -> str:
    """A finding on one line, with its remedy where it is not well."""
    to_do = f" -> {finding.remedy}" if finding.state != WELL else ""
    return printable(f"{finding.state:8}{finding.check:16} {finding.detail}{to_do}")


def _draw(finding: Finding) -> None:
    """A finding on a terminal: what does not fit goes on below itself, the remedy below that."""
    width = max(40, shutil.get_terminal_size().columns)
    state = paint(f"{finding.state:8}", _TONES[finding.state], bold=finding.state == FAULT)
    texts = [finding.detail] if finding.state == WELL else [finding.detail, f"-> {finding.remedy}"]
    lines = [
        ("   " if n and text.startswith("->") else "") + each
        for text in texts
        for n, each in enumerate(wrapped(printable(text), width - _INDENT - 3))
    ]
    click.echo(f"{state}{finding.check:16} {lines[0]}")
    for each in lines[1:]:
        click.echo(" " * _INDENT + each)


def wrapped(text: str, width: int) -> list[str]:
    """`text` in lines of so many characters; a path or a command is not parted."""
    return textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False) or [""]


def findings(file: Path | None) -> Iterator[Finding]:
    """What the doctor finds, of the whole configuration. Failure where that cannot be read."""
    config = Config()
    if file is not None:
        try:
            config = load(file)
        except ConfigProblem as why:
            raise Failure(str(why), USAGE) from why
        yield Finding("configuration", WELL, f"{file}: {len(config.reader)} readers")
    else:
        yield Finding(
            "configuration",
            WARNING,
            "none given: looked at is what is so without one",
            "name it: tagwright doctor -c tagwright.toml",
        )
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
