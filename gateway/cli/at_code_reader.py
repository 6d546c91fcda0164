"""At a code reader beside a tag reader: the options that name it, and the station that they make."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import click

from gateway.cli import completion
from gateway.cli.output import Seconds
from gateway.config import CodesConfig
from gateway.readers.registry import open_code_reader
from gateway.stations.carriers import CODES
from gateway.stations.codepost import CodePost
from gateway.stations.codestation import CodeStation
from gateway.stations.post import Post

code_reader_option = click.option(
    "--code-reader",
    "code_url",
    metavar="READER",
    shell_complete=completion.code_reader,
    help="The camera or scanner that reads the item's code: camera:0, scanner:/dev/ttyACM0, ...",
)
requires_option = click.option(
    "--requires",
    multiple=True,
    type=click.Choice(CODES),
    help="A code that each product must carry before it is done; may stand several times.",
)
code_timeout_option = click.option(
    "--code-timeout",
    "code_timeout_s",
    type=Seconds(0.1, 600),
    default=5.0,
    show_default=True,
    help="Seconds to look for a code once the tag is there.",
)
codes_option = click.option(
    "--codes",
    "count",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    help="How many codes an item carries.",
)


@asynccontextmanager
async def beside(
    post: Post, url: str, timeout_s: float, count: int = 1, hosts: tuple[str, ...] = ()
) -> AsyncIterator[CodeStation]:
    """The station at the code reader `url` beside a post; the reader is closed at the end. UsageProblem, ReaderGone."""
    rules = CodesConfig(trigger="single", timeout_s=timeout_s, count=count)
    reader = open_code_reader(url, codes=rules)
    await reader.open()
    try:
        yield CodeStation(
            CodePost(
                post.name,
                reader,
                post.journal,
                post.trust,
                post.now,
                post.ticks,
                post.check,
                hosts,
            ),
            rules,
        )
    finally:
        await reader.close()
