"""`python -m hwsim camera ...`: a network camera on TCP ports, until SIGTERM or Ctrl-C."""

import asyncio
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click

from hwsim import process

_FOLDER = click.Path(path_type=Path, exists=True, file_okay=False)
_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)
_NEW_FILE = click.Path(path_type=Path, dir_okay=False)


class NoNetwork(click.ClickException):
    """The camera cannot be where it shall listen."""

    exit_code = 3


class Size(click.ParamType[tuple[int, int]]):
    """COLUMNSxROWS."""

    name = "size"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, int]:
        columns, _, rows = str(value).partition("x")
        if not (columns.isdigit() and rows.isdigit()):
            self.fail(f"{value!r} is no size: write 1920x1080")
        if not (64 <= int(columns) <= 8192 and 64 <= int(rows) <= 8192):
            self.fail(f"{value}: each side has 64 to 8192 pixels")
        return int(columns), int(rows)


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen at.")
@click.option("--port", default=0, type=click.IntRange(0, 65535), help="Of HTTP. 0: any.")
@click.option("--rtsp-port", type=click.IntRange(0, 65535), help="RTSP, too. 0: any.")
@click.option("--size", type=Size(), default="1920x1080", show_default=True)
@click.option("--fps", type=click.FloatRange(0.1, 240), default=30.0, show_default=True)
@click.option(
    "--code",
    "texts",
    multiple=True,
    metavar="SYMBOLOGY:TEXT",
    help="Before the camera: qr, datamatrix, code128 or ean13; gs1-qr and so on with brackets.",
)
@click.option("--scene", type=_FILE, help="What is before the camera, as TOML (hwsim.stagefile).")
@click.option("--photos", type=_FOLDER, help="The pictures of this folder, one a second.")
@click.option("--numbered", is_flag=True, help="A QR code with its number in each picture.")
@click.option("--noise", type=click.FloatRange(0, 40), default=2.0, help="The sensor's, sigma.")
@click.option("--quality", type=click.IntRange(1, 100), default=80, help="Of the JPEGs.")
@click.option(
    "--fault",
    "faults",
    multiple=True,
    metavar="NAME[:KEY=VALUE,...]",
    help="Arm a fault (hwsim.camera_faults).",
)
@click.option("--seed", default=0, show_default=True, help="Of every random choice.")
@click.option("--log", type=_NEW_FILE, help="A line of JSON here for each picture that leaves.")
@click.option("--script", "scenario", type=_FILE, help="Events (hwsim.script).")
@click.option(
    "--control", is_flag=True, help="Read JSON commands from stdin, one a line, and answer each."
)
def camera(**options: Any) -> None:
    """A network camera: MJPEG and snapshots over HTTP, RTSP.

    With --control the end of stdin ends the simulator, too.

    Example: tagwright sim camera --code qr:https://id.example.com/01/09506000134352/21/1 --port 8090
    """
    from hwsim import (
        camera_host,
        camera_port,
    )  # and with it OpenCV, which the other simulators do without

    with ExitStack() as opened:
        try:
            log = None
            if options["log"] is not None:
                log = opened.enter_context(options["log"].open("w", encoding="utf-8"))
            stats = asyncio.run(camera_host.serve(options, log))
        except camera_port.Taken as why:
            raise NoNetwork(f"{why}: name another --host, --port or --rtsp-port") from None
        except OSError as why:
            raise click.ClickException(str(why)) from None
        except ValueError as why:
            raise click.UsageError(str(why)) from None
    process.say({"stats": stats})
