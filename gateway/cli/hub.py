"""`tagwright hub`: the back end, on one machine with an embedded store."""

import asyncio
from pathlib import Path

import click

from gateway.cli.output import TROUBLE, USAGE, Failure, emit
from gateway.config import ConfigProblem
from gateway.hub.app import serve
from gateway.hub.settings import HubSettings, load
from gateway.hub.store import StoreTrouble


@click.command()
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
def hub(path: Path | None) -> None:
    """Run the hub, the minimal back end, until Ctrl-C.

    \b
    Example:  tagwright hub -c hub.toml
              {"ready": "hub", "url": "http://127.0.0.1:8470"}
    """
    try:
        settings = load(path) if path else HubSettings()
        asyncio.run(serve(settings, lambda url: emit({"ready": "hub", "url": url})))
    except ConfigProblem as why:
        raise Failure(str(why), USAGE) from why
    except StoreTrouble as why:
        raise Failure(str(why), TROUBLE) from why
