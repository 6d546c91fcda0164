"""`tagwright hub reports|report`: what people reported of products, and a manager's decision on it."""

import asyncio
import time

import click

from gateway.cli.at_hub import myself, opened, settings_option, standing
from gateway.cli.output import NO, Failure, emit, json_option
from gateway.cli.page import Page
from gateway.cli.paint import printable
from gateway.hub.reports import DECISIONS, PENDING, STATES, Report, Reports
from gateway.hub.settings import HubSettings

_MOST = 100
_LARGEST = (1 << 63) - 1


@click.command(cls=Page, no="", trouble="the database cannot be used")
@click.option(
    "--state",
    "states",
    type=click.Choice(STATES),
    multiple=True,
    default=(PENDING,),
    show_default=True,
    help="Those of this state; can be given again.",
)
@click.option(
    "--before", type=click.IntRange(1), help="Those of a lower number: what came earlier."
)
@settings_option
@json_option
def reports(
    states: tuple[str, ...], before: int | None, settings: HubSettings, as_json: bool
) -> None:
    """List the repairs and hand-overs that people reported, newest first.

    At most 100: ask for earlier ones with --before.

    \b
    Example:  tagwright hub reports -c hub.toml
              tagwright hub report 17 accepted -c hub.toml
    """

    standing(settings)

    async def ask() -> list[Report]:
        async with opened(settings) as (database, _):
            store = Reports(database, time.time_ns)
            return await store.listed(before or _LARGEST, tuple(states), _MOST)

    for each in asyncio.run(ask()):
        if as_json:
            emit(each.as_json())
        else:
            what = f"{each.number:6}  {each.day}  {each.kind:8} {each.state:8} {each.subject}"
            click.echo(printable(f"{what}  {each.text}".rstrip()))


@click.command(
    cls=Page, no="there is no such report, or it stays", trouble="the database cannot be used"
)
@click.argument("number", type=click.IntRange(1, _LARGEST), help="Which: see `hub reports`.")
@click.argument("decision", type=click.Choice(list(DECISIONS)), help="What becomes of it.")
@settings_option
@json_option
def report(number: int, decision: str, settings: HubSettings, as_json: bool) -> None:
    """Decide on a report: the product's page shows it as seen, or no more.

    The text of one that is refused or removed is deleted.

    \b
    Example:  tagwright hub report 17 accepted -c hub.toml
    """

    standing(settings)

    async def do() -> tuple[Report | None, bool]:
        who = myself()
        async with opened(settings) as (database, kept):
            found, is_done = await Reports(database, time.time_ns).decide(
                number, decision, who.name
            )
            if found is not None and is_done:
                await kept.record(who, "report", f"{number} {found.subject}", decision)
            return found, is_done

    found, is_done = asyncio.run(do())
    if found is None:
        raise Failure(f"there is no report {number}: see `tagwright hub reports`", NO)
    if not is_done:
        raise Failure(f"report {number} is {found.state}: it stays so", NO)
    if as_json:
        emit(found.as_json())
    else:
        click.echo(f"report {number} is {found.state}")
