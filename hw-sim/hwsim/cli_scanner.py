"""`python -m hwsim scanner ...`: a bar code scanner on a TCP port or a pseudo terminal, until SIGTERM or Ctrl-C."""

from pathlib import Path

import click

from hwsim import process, script
from hwsim.port import SerialPort
from hwsim.scanner import Scanner
from hwsim.scanner_control import ScannerControl, code, fault
from hwsim.scanner_dialects import Code, Setting
from hwsim.scanner_makes import MAKES
from hwsim.scanner_tcp import TcpPort

_FRAMES = {
    "cr": (b"", b"\r"),
    "lf": (b"", b"\n"),
    "crlf": (b"", b"\r\n"),
    "stx": (b"\x02", b"\x03"),
}


@click.command()
@click.option("--preset", type=click.Choice(list(MAKES)), default="generic", show_default=True)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    help="Listen on this TCP port, 0 for any; else on a pseudo terminal.",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Of --port.")
@click.option(
    "--link", type=click.Path(path_type=Path), help="Make a symlink to the terminal at this path."
)
@click.option(
    "--code",
    "codes",
    multiple=True,
    metavar="[AIM:]TEXT",
    help="What stands before it, as ]Q1:https://...",
)
@click.option("--aim/--no-aim", default=None, help="Send AIM identifiers.")
@click.option("--frame", type=click.Choice(list(_FRAMES)), help="Around each message.")
@click.option("--noread", help="What it says when it reads nothing.")
@click.option("--replies/--no-replies", default=None, help="Answer commands.")
@click.option(
    "--timeout-ms", type=click.IntRange(1), help="A cycle ends then; else with its trigger."
)
@click.option(
    "--fault",
    "faults",
    multiple=True,
    metavar="NAME[:KEY=VALUE,...]",
    help="Arm a fault (hwsim.scanner).",
)
@click.option("--seed", default=0, show_default=True, help="Of every random choice.")
@click.option(
    "--script",
    "scenario",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Events (hwsim.script).",
)
@click.option(
    "--control", is_flag=True, help="Read JSON commands from stdin, one a line, and answer each."
)
def scanner(
    preset: str,
    port: int | None,
    host: str,
    link: Path | None,
    codes: tuple[str, ...],
    aim: bool | None,
    frame: str | None,
    noread: str | None,
    replies: bool | None,
    timeout_ms: int | None,
    faults: tuple[str, ...],
    seed: int,
    scenario: Path | None,
    control: bool,
) -> None:
    """A bar code scanner, in the dialect of a maker.

    With --control the end of stdin ends the simulator, too.

    Example: tagwright sim scanner --preset keyence --port 0 --code https://id.example.com/01/09520123456788
    """
    if port is not None and link is not None:
        raise click.UsageError("--link is of a terminal: leave --port out")
    made = MAKES[preset]
    header, end = _FRAMES[frame] if frame else (b"", made.end)
    setting = Setting(
        made.aim if aim is None else aim,
        made.none if noread is None else noread.encode(),
        header,
        end,
        made.replies if replies is None else replies,
    )
    device = Scanner(preset, setting, timeout_ms * 1e3 if timeout_ms else None, seed)
    wire: TcpPort | SerialPort
    try:
        device.faults += [fault(*process.fault(text)) for text in faults]
        device.view += [_code(text) for text in codes]
        events = script.load(scenario) if scenario is not None else []
        if port is None:
            wire = SerialPort(device, ScannerControl(device), link, events=events)
        else:
            wire = TcpPort(device, host, port, events)
    except (ValueError, OSError) as error:
        raise click.UsageError(str(error)) from None
    where = {"port": wire.port} if isinstance(wire, TcpPort) else {"path": wire.path}
    process.serve(wire, {"ready": "scanner", "preset": preset, **where}, control)
    process.say({"stats": {**device.clock.stats(), **device.counts}})


def _code(text: str) -> Code:
    aim, colon, data = text.partition(":")
    if colon and aim.startswith("]"):
        return code(aim, data.encode())
    return code("", text.encode())
