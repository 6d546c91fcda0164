"""`tagwright support`: a bundle for whoever helps from afar, without any secret."""

import time
from collections.abc import Iterator
from pathlib import Path

import click

from gateway import private_file
from gateway.cli.doctor import findings
from gateway.cli.output import USAGE, Failure, emit, json_option
from gateway.cli.page import Page
from gateway.finding import FAULT, Finding
from gateway.support import Wish, bundle

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command(cls=Page, no="", trouble="the disk is full")
@click.argument("out", metavar="OUT.zip", type=_FILE, help="The bundle to make.")
@click.option("-c", "--config", type=_FILE, help="The TOML of a gateway or hub; it may be broken.")
@click.option("--journal", type=_FILE, help="The journal [default: that of the configuration].")
@click.option(
    "--rows",
    type=click.IntRange(0, 10_000),
    default=50,
    show_default=True,
    help="How many of the journal's last rows; 0 for none.",
)
@click.option("--whole", is_flag=True, help="Leave numbers of tags and serials as they are.")
@click.option(
    "--log",
    "logs",
    type=_FILE,
    multiple=True,
    help="A log of which to take the end; may be given again.",
)
@click.option("--no-system-log", is_flag=True, help="Do not ask journalctl for the services' log.")
@json_option
def support(
    out: Path,
    config: Path | None,
    journal: Path | None,
    rows: int,
    whole: bool,
    logs: tuple[Path, ...],
    no_system_log: bool,
    as_json: bool,
) -> None:
    """Pack what a helper needs, without any secret.

    Versions, the configuration with each URL's password, each token and each value of an unknown key hidden, the
    doctor's report, the journal's figures and last rows, logs. Never in it: files of keys, passphrases and passwords,
    stubs, names of people. Tags and serials are cut short. What is in it is told; `unzip -p OUT.zip` shows it: read
    it before you send it.

    \b
    Example:  tagwright support -c tagwright.toml support.zip
    """
    if out.exists():
        raise Failure(f"{out} exists: name another file, or remove it", USAGE)
    wish = Wish(config, rows, whole, logs, not no_system_log, journal)
    now = time.time()
    made = bundle(wish, lambda: _found(config), now)
    try:
        is_new = private_file.create(out, made.packed(now))
    except OSError as why:
        raise Failure(f"cannot write {out}: {why.strerror}", USAGE) from why
    if not is_new:
        raise Failure(f"{out} exists: name another file, or remove it", USAGE)
    if as_json:
        names = {name: len(content) for name, (content, _) in made.members.items()}
        emit({"out": out, "bytes": out.stat().st_size, "files": names, "missing": made.missing})
        return
    for name, (content, what) in made.members.items():
        click.echo(f"{name:22} {len(content):8}  {what}")
    for each in made.missing:
        click.echo(f"left out: {each}")
    click.echo(f"{out}: {out.stat().st_size} bytes, for you alone; read it before you send it")


def _found(config: Path | None) -> Iterator[Finding]:
    """The doctor's report; that of a configuration that cannot be used says why, and what holds without one."""
    try:
        yield from findings(config)
    except Failure as why:
        yield Finding("configuration", FAULT, why.message, "mend it: tagwright doctor -c FILE")
        yield from findings(None)
