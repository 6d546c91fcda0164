"""`tagwright enrol`: make this gateway known to its hub."""

import asyncio
from pathlib import Path

import click

from gateway.cli.output import NO, USAGE, Failure, emit, json_option, rfc3339
from gateway.cli.page import Page
from gateway.config import token as read_token
from gateway.identity import IDENTITY, IdentityProblem
from gateway.sync.enrol import EnrolmentRefused, Unusable
from gateway.sync.enrol import enrol as enrol_at


@click.command(cls=Page, no="the hub refuses", trouble="the hub cannot be reached")
@click.option("--hub", "url", required=True, help="The hub's address, https://HOST:PORT.")
@click.option("--token", help="The one-time token that the hub printed.")
@click.option(
    "--token-file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Or a file with it on the first line.",
)
@click.option("--ca-pin", help="SHA-256 of the hub's CA in hex [default: that of the token].")
@click.option(
    "--out",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="The folder for key and certificate.",
)
@json_option
def enrol(
    url: str,
    token: str | None,
    token_file: Path | None,
    ca_pin: str | None,
    folder: Path,
    as_json: bool,
) -> None:
    """Make this gateway known to its hub.

    It gets a client certificate, with a token of `tagwright hub token NAME` there.

    \b
    Example:  tagwright enrol --hub https://hub.example.com:8470 --token ... --out identity
    """
    if (token is None) == (token_file is None):
        raise Failure(
            "no token: `tagwright hub token NAME` at the hub prints one: give it with --token-file",
            USAGE,
        )
    said = token if token is not None else read_token(Path(str(token_file)), "--token-file")
    try:
        made = asyncio.run(enrol_at(url, said, folder, ca_pin))
    except EnrolmentRefused as why:
        raise Failure(str(why), NO) from why
    except (Unusable, IdentityProblem) as why:
        raise Failure(str(why), USAGE) from why
    if as_json:
        emit(
            {
                "gateway": made.name,
                "identity": folder / IDENTITY,
                "not_after": rfc3339(made.not_after),
            }
        )
    else:
        click.echo(f"{made.name} is enrolled until {rfc3339(made.not_after)}: {folder / IDENTITY}")
