"""`tagwright hub`: the back end, and what is done at it from the command line."""

import asyncio
from pathlib import Path
from typing import Any

import click

from gateway.cli import hub_admin, hub_consume, hub_reports
from gateway.cli.output import TROUBLE, Commands, Failure, emit
from gateway.hub.app import serve
from gateway.hub.database import StoreTrouble
from gateway.hub.settings import HubSettings, load


class _HubCommands(Commands):
    """A group of commands whose database may be at fault."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except StoreTrouble as why:
            raise Failure(str(why), TROUBLE) from why


@click.group(cls=_HubCommands, invoke_without_command=True)
@click.option(
    "-c",
    "--config",
    "path",
    type=click.Path(path_type=Path, dir_okay=False),
    help="hub.toml [default: listen on 127.0.0.1:8470, store in ./hub.db].",
)
@click.option(
    "--json", is_flag=True, expose_value=False, help="Nothing changes: it is JSON anyway."
)
@click.pass_context
def hub(ctx: click.Context, path: Path | None) -> None:
    """Run the hub, the back end, or do something at it.

    \b
    Example:  tagwright hub -c hub.toml
              {"ready": "hub", "url": "http://127.0.0.1:8470"}
    """
    if ctx.invoked_subcommand is None:
        settings = load(path) if path else HubSettings()
        asyncio.run(serve(settings, lambda url: emit({"ready": "hub", "url": url})))


for command in (
    hub_admin.token,
    hub_admin.gateways,
    hub_admin.revoke,
    hub_admin.credential,
    hub_admin.proof,
    hub_admin.audit,
    hub_reports.reports,
    hub_reports.report,
    hub_consume.consume,
):
    hub.add_command(command)
