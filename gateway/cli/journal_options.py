"""How every `tagwright journal` command finds its journal."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from gateway.cli.at_reader import journal_path
from gateway.cli.output import TROUBLE, Failure
from gateway.config import load
from gateway.journal import Journal, JournalTrouble, Records

NONE = "there is no journal, or it cannot be read"
_HELP = "The journal's file [default: journal.db in the user's state folder]."

_FILE = click.Path(path_type=Path, dir_okay=False)


def journal_options(command: Any) -> Any:
    """Add --journal and -c, passed on as `file` and `config`."""
    command = click.option("--journal", "file", type=_FILE, help=_HELP)(command)
    return click.option(
        "-c", "--config", type=_FILE, help="The gateway's TOML, which names the journal."
    )(command)


def named_journal(config: Path | None, file: Path | None) -> Path:
    """The journal that was named, that of the configuration, or the user's own."""
    return file or (load(config).gateway.journal if config else journal_path(None))


@contextmanager
def open_records(config: Path | None, file: Path | None) -> Iterator[Records]:
    """The journal, read only. Failure where there is none."""
    path = named_journal(config, file)
    if not path.exists():
        raise Failure(f"there is no journal at {path}: name it with --journal", TROUBLE)
    try:
        records = Journal.open_readonly(path)
    except JournalTrouble as why:
        raise Failure(f"{why}: name another with --journal", TROUBLE) from why
    try:
        yield records
    except sqlite3.DatabaseError as why:
        text = f"{path} is damaged: {why}: keep it, and go on with a backup or a new journal"
        raise Failure(text, TROUBLE) from why
    finally:
        records.close()
