"""`tagwright bench`: hands over to the benches, which live beside the tests in a checkout (`python -m tests.bench`)."""

import os
import sys
from pathlib import Path

import click

from gateway.cli.output import USAGE, Failure
from gateway.cli.page import Page

_CHECKOUT = Path(__file__).resolve().parent.parent.parent


@click.command(
    cls=Page,
    no="a bar was missed",
    context_settings={"ignore_unknown_options": True, "help_option_names": []},
    add_help_option=False,
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, help="See `tagwright bench --help`.")
def bench(arguments: tuple[str, ...]) -> None:
    """Measure ours, a peer and the limit in one run.

    \b
    Example:  tagwright bench read write --json
    """
    if not (_CHECKOUT / "tests" / "bench" / "__main__.py").exists():
        raise Failure("the benches live in a checkout: clone it, then ./run bench", USAGE)
    sys.stdout.flush()
    os.chdir(_CHECKOUT)
    os.execv(sys.executable, [sys.executable, "-m", "tests.bench", *arguments])
