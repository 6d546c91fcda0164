"""`tagwright tag watch`: a line for each tag that shows up, with its verdict."""

import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import click

from gateway.cli.at_reader import at_reader, options, reader_option, root_option, trust_option
from gateway.cli.output import Stopped, emit, play, rfc3339, say
from gateway.cli.page import Page
from gateway.cli.paint import is_terminal, printable, tally
from gateway.cli.table import Column, Table
from gateway.cli.tag_answer import account
from gateway.stations import verify
from gateway.stations.result import Result
from gateway.stations.station import Station

_COLUMNS = (
    Column("UTC", 8, 8, rank=3),
    Column("tag", 14, 24),
    Column("verdict", 7, 7),
    Column("product", 17, 36, rank=1),
    Column("seq", 3, 4, rank=2, right=True),
    Column("ms", 5, 6, rank=4, right=True),
    Column("why", 16, 200),
)
_VERDICT = 2
_COLOURS = ("green", "amber", "red")


@click.command(cls=Page, done="Ctrl-C ended it", no="", trouble="the reader cannot be used")
@options(reader_option, trust_option, root_option)
def watch(url: str, trust_file: Path | None, root: str | None, as_json: bool) -> None:
    """Verify every tag that shows up, until Ctrl-C.

    On a terminal: a table that fits it, times in UTC, and below it how many there were; in a pipe a line a tag.
    Without --trust no key is known, and no tag is green. Nothing is recorded.

    \b
    Example:  tagwright tag watch --reader pn532:/dev/ttyUSB0 --trust trust.cbor
    """
    with ExitStack() as stack:
        show: Callable[[Result], None] = _json if as_json else _line
        table = None
        if not as_json and is_terminal(sys.stdout):
            table = stack.enter_context(Table(_COLUMNS))
            show = _Seen(table, url)

        async def all_tags() -> None:
            async with at_reader(url, trust_file=trust_file, root=root) as post:
                if isinstance(show, _Seen):
                    show.wait()
                async for result in Station(post).run(verify.verify_one):
                    show(result)

        try:
            play(all_tags())
        except Stopped:
            if table is not None:
                table.close()
            say("stopped")


class _Seen:
    """Tags in a table, and below it how many there were."""

    def __init__(self, table: Table, url: str) -> None:
        self._table = table
        self._url = printable(url)
        self._count: Counter[str] = Counter()

    def wait(self) -> None:
        """Say that a tag may come."""
        count = tally((each, self._count[each]) for each in _COLOURS) or "hold a tag to it"
        self._table.foot(f"{self._url}: {count}; Ctrl-C ends")

    def __call__(self, result: Result) -> None:
        colour = result.signal.colour
        self._count[colour] += 1
        cells = (
            _now(),
            result.uid.hex(),
            colour.upper(),
            result.product or (result.link or "").removeprefix("https://"),
            "" if result.seq is None else str(result.seq),
            f"{result.elapsed_s * 1000:.0f}",
            result.signal.sentence,
        )
        self._table.row(cells, colour, toned=_VERDICT)
        self.wait()


def _json(result: Result) -> None:
    emit(account(result))


def _line(result: Result) -> None:
    colour = result.signal.colour
    words = ",".join(f"{name}={word}" for name, word in _words(result).items())
    text = f"{result.uid.hex():14}  {colour.upper():5}  {result.product or result.link or '-'}"
    click.echo(f"{_now()}  {printable(f'{text}  {result.signal.sentence}  {words}').rstrip()}")


def _words(result: Result) -> dict[str, str]:
    return result.verdict.as_dict() if result.verdict is not None else {}


def _now() -> str:
    return rfc3339(time.time())[11:19]
