"""`tagwright sim`: hands over to the simulator, a program of its own (`python -m hwsim`)."""

import os
import sys

import click


@click.command(
    context_settings={"ignore_unknown_options": True, "help_option_names": []},
    add_help_option=False,
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def sim(arguments: tuple[str, ...]) -> None:
    """Simulated devices on their own wires (pn532, llrp, m100, camera, scanner, plc, handheld, up).

    \b
    Example:  tagwright sim pn532 --tag ntag215:04a1b2c3d4e5f6 --dump tag.bin
              tagwright sim llrp --port 5084 --tags 40
              tagwright sim camera --code qr:https://id.example.com/01/09520123456788
              tagwright sim handheld --tag ntag215 --screen screen.png --events --control
    """
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", "hwsim", *arguments])
