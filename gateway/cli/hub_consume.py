"""`tagwright hub consume`: from JetStream into the hub's database; as many of them as it takes."""

import asyncio

import click

from gateway.cli.at_hub import settings_option
from gateway.cli.output import TROUBLE, USAGE, Failure, emit, say
from gateway.cli.page import Page
from gateway.hub.consuming import consume as run
from gateway.hub.settings import HubSettings
from gateway.hub.stream import MONITOR, not_durable
from gateway.jetstream import NatsTrouble, Unfit
from gateway.sync.http import Client


@click.command(cls=Page, no="", trouble="NATS or the database cannot be used")
@settings_option
@click.option("--no-clerk", is_flag=True, help="Leave the register to the other processes.")
@click.option(
    "--json", is_flag=True, expose_value=False, help="Nothing changes: it is JSON anyway."
)
def consume(settings: HubSettings, no_clerk: bool) -> None:
    """Take gateways' batches from NATS JetStream into the hub's database, until SIGTERM or Ctrl-C.

    Any number may run, here and elsewhere, and any may die: the others get its batches.

    \b
    Example:  tagwright hub consume -c hub.toml
              {"ready": "consumer", "servers": ["nats://10.0.0.1:4222"]}
    """
    servers = settings.nats.servers if settings.nats is not None else ()

    async def watched() -> None:
        await _look(settings)
        await run(settings, lambda: emit({"ready": "consumer", "servers": servers}), not no_clerk)

    try:
        asyncio.run(watched())
    except Unfit as why:
        raise Failure(str(why), USAGE) from why
    except NatsTrouble as why:
        raise Failure(str(why), TROUBLE) from why


async def _look(settings: HubSettings) -> None:
    """Whether the nodes sync always, which only their monitoring pages tell. Raises Unfit."""
    monitors = settings.nats.monitors if settings.nats is not None else ()
    if not monitors:
        say("sync_interval was not looked at: name the nodes' pages in [nats] monitors")
    for monitor in monitors:
        async with Client(monitor, table="nats") as client:
            answer = await client.request("GET", MONITOR)
        if answer.status != 200:
            say(f"{monitor}: sync_interval could not be looked at: status {answer.status}")
        elif why := not_durable(answer.body):
            raise Unfit(f"{monitor}: {why}")
