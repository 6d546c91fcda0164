"""A command that works at the hub's own database: its settings, that and its audit trail, and who is asking."""

import getpass
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import click

from gateway.cli.output import TROUBLE, Command, Failure
from gateway.hub.access import Caller, caller
from gateway.hub.audit import Audit
from gateway.hub.database import Database
from gateway.hub.entrance import audit_key
from gateway.hub.open import SCHEMES, open_database
from gateway.hub.settings import HubSettings, load

_FILE = click.Path(path_type=Path, dir_okay=False)


def settings_option(command: Command) -> Command:
    """Add -c, passed on as `settings`; before the subcommand it means the same."""

    def load_settings(ctx: click.Context, _: click.Parameter, path: Path | None) -> HubSettings:
        if path is None and ctx.parent is not None:
            path = ctx.parent.params.get("path")
        return load(path) if path else HubSettings()

    return click.option(
        "-c",
        "--config",
        "settings",
        type=_FILE,
        callback=load_settings,
        help="hub.toml [default: ./hub.db].",
    )(command)


@asynccontextmanager
async def opened(settings: HubSettings) -> AsyncIterator[tuple[Database, Audit]]:
    """The hub's database and its audit trail, for as long as the context lasts. Raises StoreTrouble."""
    database = await open_database(settings.database)
    try:
        yield database, Audit(database, audit_key(settings.access.audit_key), settings.access.node)
    finally:
        await database.close()


def standing(settings: HubSettings) -> None:
    """Fail where there is no hub yet: one that is made by looking at it has nothing to show."""
    where = settings.database
    if not str(where).startswith(SCHEMES) and not Path(where).exists():
        raise Failure(
            f"there is no hub's database at {where}: name its configuration with -c", TROUBLE
        )


def myself() -> Caller:
    """Who sits at the command line."""
    try:
        name = getpass.getuser()
    except (OSError, KeyError):  # KeyError before Python 3.13
        name = str(os.getuid())
    return caller(f"{name}, at the command line", ["manager"])
