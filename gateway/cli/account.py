"""`tagwright account`: who may log in to the station page, and what each may do there."""

from pathlib import Path

import click

from gateway.cli.output import USAGE, Commands, Failure, emit, json_option, say
from gateway.web.accounts import AccountProblem, Accounts
from gateway.web.person import ROLES

_FILE = click.Path(path_type=Path, dir_okay=False)
_accounts = click.option(
    "--accounts",
    "path",
    type=_FILE,
    default=Path("accounts.json"),
    show_default=True,
    help="The file that [web] accounts names.",
)


@click.group(cls=Commands)
def account() -> None:
    """Local accounts of the station page.

    Operators see, leads act too, engineers see the configuration, too.

    \b
    Example:  tagwright account set ada --role lead
              tagwright account list
    """


@account.command("set")
@click.argument("name", metavar="NAME", help="Who: letters and digits, as one logs in.")
@click.option("--role", type=click.Choice(ROLES), required=True, help="What this one may do.")
@click.option(
    "--password-file",
    type=_FILE,
    help="A file whose first line is the password; it is asked for where this is left out.",
)
@_accounts
@json_option
def put(name: str, role: str, password_file: Path | None, path: Path, as_json: bool) -> None:
    """Add an account, or change its role and password.

    \b
    Example:  tagwright account set ada --role lead
    """
    password = _password(password_file)
    try:
        Accounts(path).put(name, role, password)
    except AccountProblem as why:
        raise Failure(str(why), USAGE) from why
    if as_json:
        emit({"name": name, "role": role})
    else:
        say(f"{name} may log in as {role}: {path}")


@account.command()
@click.argument("name", metavar="NAME", help="Whose: see `account list`.")
@_accounts
@json_option
def remove(name: str, path: Path, as_json: bool) -> None:
    """Take an account away; whoever is logged in by it is logged out.

    \b
    Example:  tagwright account remove ada
    """
    try:
        Accounts(path).remove(name)
    except AccountProblem as why:
        raise Failure(str(why), USAGE) from why
    if as_json:
        emit({"removed": name})
    else:
        say(f"{name} may log in no more: {path}")


@account.command("list")
@_accounts
@json_option
def listed(path: Path, as_json: bool) -> None:
    """Show who may log in.

    \b
    Example:  tagwright account list --json
    """
    try:
        people = Accounts(path).people()
    except AccountProblem as why:
        raise Failure(str(why), USAGE) from why
    for each in people:
        if as_json:
            emit({"name": each.name, "role": each.role})
        else:
            click.echo(f"{each.role:<10} {each.name}")


def _password(file: Path | None) -> str:
    if file is None:
        said: str = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
        return said
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as why:
        raise Failure(f"cannot read the password in {file}: {why}", USAGE) from why
    return lines[0] if lines else ""
