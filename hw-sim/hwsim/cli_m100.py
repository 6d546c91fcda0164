"""`python -m hwsim m100 ...`: a MagicRF M100 module on a pseudo terminal, until SIGTERM or Ctrl-C."""

import json
from pathlib import Path

import click

from hwsim import process, script
from hwsim.air import AirClock
from hwsim.gen2chips import CHIPS
from hwsim.gen2tag import RainTag, make, undump
from hwsim.m100 import FAULTS, M100
from hwsim.port import SerialPort
from hwsim.raincontrol import DEFAULT_CHIP, RainControl, tag_option
from hwsim.rainfaults import RainFaults
from hwsim.rainfield import RainField

NEAR_DBM = -30.0  # at full power: a tag in front of the module, strong enough to be written


@click.command()
@click.option(
    "--tag",
    "tags",
    multiple=True,
    metavar="CHIP[:EPC[:TID]]",
    help="A tag before the antenna from the start; EPC and TID in hex.",
)
@click.option(
    "--tags",
    "count",
    default=0,
    type=click.IntRange(0),
    metavar="N",
    help=f"So many {DEFAULT_CHIP} more.",
)
@click.option(
    "--link", type=click.Path(path_type=Path), help="Make a symlink to the port at this path."
)
@click.option("--paced", is_flag=True, help="Real time, with the delays of wire, air and memory.")
@click.option(
    "--fault",
    "faults",
    multiple=True,
    metavar="NAME[:KEY=VALUE,...]",
    help="Arm a fault (hwsim.rainfaults).",
)
@click.option("--seed", default=0, show_default=True, help="Of every random choice.")
@click.option(
    "--dump",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the tags' memory here at the end, as JSON.",
)
@click.option(
    "--load",
    "images",
    multiple=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Tags before the antenna with the memory that --dump wrote.",
)
@click.option(
    "--script",
    "scenario",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Events (hwsim.script).",
)
@click.option(
    "--control", is_flag=True, help="Read JSON commands from stdin, one a line, and answer each."
)
def m100(
    tags: tuple[str, ...],
    count: int,
    link: Path | None,
    paced: bool,
    faults: tuple[str, ...],
    seed: int,
    dump: Path | None,
    images: tuple[Path, ...],
    scenario: Path | None,
    control: bool,
) -> None:
    """A MagicRF M100 module (RAIN) on a serial port.

    With --control the end of stdin ends the simulator, too.

    Example: tagwright sim m100 --tag monzax8k --link /tmp/module --dump tag.json
    """
    armed = RainFaults(seed, FAULTS)
    clock = AirClock()
    field = RainField(clock, armed, antennas=1)
    if dump is not None and not dump.parent.is_dir():
        raise click.UsageError(f"--dump {dump}: there is no folder {dump.parent}")
    try:
        for text in faults:
            armed.add(*process.fault(text))
        events = script.load(scenario) if scenario is not None else []
        for image in images:
            for tag in undumped(image):
                field.arrive(tag, rssi_dbm=NEAR_DBM)
        for text in tags:
            field.arrive(tag_option(text, field), rssi_dbm=NEAR_DBM)
        for _ in range(count):
            field.arrive(make(CHIPS[DEFAULT_CHIP], armed.random), rssi_dbm=NEAR_DBM)
        module = M100(field, clock)
        port = SerialPort(module, RainControl(field, module, NEAR_DBM), link, paced, events)
    except (ValueError, OSError) as error:
        raise click.UsageError(str(error)) from None
    epcs = [tag.epc.hex() for tag in field.present]
    process.serve(port, {"ready": "m100", "path": port.path, "epcs": epcs}, control)
    try:
        if dump is not None:
            lines = [json.dumps(tag.dump()) + "\n" for tag in field.known.values()]
            dump.write_text("".join(lines))
    except OSError as error:
        raise click.ClickException(str(error)) from None
    process.say({"stats": clock.stats()})


def undumped(path: Path) -> list[RainTag]:
    """The tags of a dump, one a line; ValueError names the file and the line."""
    tags = []
    for number, line in enumerate(path.read_bytes().splitlines(), 1):
        try:
            tags += [undump(line)] if line.strip() else []
        except ValueError as why:
            raise ValueError(
                f"{path} is not what --dump writes, a RAIN tag in JSON a line: line {number}: {why}"
            ) from None
    return tags
