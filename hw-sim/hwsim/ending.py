"""How a simulator's command ends that cannot go on: one line on stderr, as `tagwright` says it, and a status."""

import os
import sys
from typing import Any

import click


class Ended(click.ClickException):
    """message: what, where, what to do."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code  # type: ignore[misc]  # click declares it for the class, reads it off the instance

    def show(self, file: Any = None) -> None:
        name = "tagwright:"
        is_plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
        if sys.stderr.isatty() and not is_plain:
            name = click.style(name, fg="red", bold=True)
        click.echo(f"{name} {self.message}", err=True)
