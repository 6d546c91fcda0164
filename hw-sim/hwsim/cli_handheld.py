"""`python -m hwsim handheld ...`: a handheld that runs a firmware on real MicroPython, until SIGTERM or Ctrl-C."""

import json
import re
import tempfile
import time
from pathlib import Path

import click

from hwsim import handheld_rom, micropython, png, process, script
from hwsim.air import AirClock
from hwsim.clock import Clock
from hwsim.faults import Faults
from hwsim.field import Field
from hwsim.handheld import Handheld, Machine, blank_flash
from hwsim.handheld_boards import BOARDS
from hwsim.handheld_control import HandheldControl, cut
from hwsim.handheld_host import HandheldHost
from hwsim.handheld_usb import UsbPort
from hwsim.handheld_wires import PROG_SIZE, Wires
from hwsim.handheld_world import HeldPn532, World
from hwsim.m100 import FAULTS, M100
from hwsim.pn532spi import SpiPort
from hwsim.port import PtyPort, SerialPort
from hwsim.raincontrol import RainControl, tag_option
from hwsim.rainfaults import RainFaults
from hwsim.rainfield import RainField
from hwsim.tags import tag_named

FLASH_SIZE = 1 << 20  # bytes
NEAR_DBM = -45.0

_LEAST_HEAP = 1024
_ENDED = 'The firmware has ended. {"do": "power"} starts it anew, where --control reads that.'


@click.command()
@click.option(
    "--firmware",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="The folder with boot.py and main.py; the checkout's firmware/ unless said.",
)
@click.option("--micropython", "program", help="Its program; else Debian's, unpacked by ./run.")
@click.option(
    "--heap",
    default="64k",
    show_default=True,
    metavar="N[k|m]",
    help="Bytes that the firmware may take, a hard limit. What the simulated board's own modules take comes to it"
    " (heap_of_board in the stats): a real board has those in C. Without --firmware, `tagwright sim handheld` builds"
    " a linked one and gives it 72k; one from sources needs 200k.",
)
@click.option("--board", "board_name", type=click.Choice(list(BOARDS)), default="esp32s3")
@click.option(
    "--bus",
    type=click.Choice(["uart", "spi"]),
    default="uart",
    help="How the PN532 is wired, and in settings.json.",
)
@click.option("--tag", "tags", multiple=True, metavar="CHIP[:UID]", help="A tag in the field.")
@click.option(
    "--rain-tag",
    "rain_tags",
    multiple=True,
    metavar="CHIP[:EPC[:TID]]",
    help="A RAIN tag before the antenna; sets rain in settings.json.",
)
@click.option(
    "--setting",
    "settings",
    multiple=True,
    metavar="KEY=JSON",
    help="Change this in settings.json on the flash; the rest stays.",
)
@click.option(
    "--settings",
    "settings_file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Put this settings.json in the place of the one on the flash.",
)
@click.option(
    "--put", "puts", multiple=True, metavar="PATH=FILE", help="Copy a file onto the flash."
)
@click.option(
    "--flash",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Keep the flash in this file, from one run to the next.",
)
@click.option(
    "--screen",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Keep what the display shows in this PNG.",
)
@click.option(
    "--link", type=click.Path(path_type=Path), help="Make a symlink to its USB port at this path."
)
@click.option("--paced", is_flag=True, help="The readers take the time that they would.")
@click.option(
    "--fault",
    "faults",
    multiple=True,
    metavar="NAME[:KEY=VALUE,...]",
    help="Arm a fault (hwsim.faults), or power:write=N.",
)
@click.option("--seed", default=0, show_default=True, help="Of every random choice.")
@click.option(
    "--script",
    "scenario",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Events (hwsim.script).",
)
@click.option("--events", is_flag=True, help="Print tones, LED, screen and restarts as they come.")
@click.option(
    "--control", is_flag=True, help="Read JSON commands from stdin, one a line, and answer each."
)
def handheld(
    firmware: Path | None,
    program: str | None,
    heap: str,
    board_name: str,
    bus: str,
    tags: tuple[str, ...],
    rain_tags: tuple[str, ...],
    settings: tuple[str, ...],
    settings_file: Path | None,
    puts: tuple[str, ...],
    flash: Path | None,
    screen: Path | None,
    link: Path | None,
    paced: bool,
    faults: tuple[str, ...],
    seed: int,
    scenario: Path | None,
    events: bool,
    control: bool,
) -> None:
    """A handheld: the firmware on real MicroPython, with buttons, a display and a power that can fail.

    Its USB serial port is the path that it prints. With --control the end of stdin ends the simulator, too.

    Example: tagwright sim handheld --tag ntag215 --screen screen.png --control
    """
    board = BOARDS[board_name]
    found = re.fullmatch(r"([1-9][0-9]*)([kKmM]?)", heap)
    if found is None:
        raise click.UsageError(f"--heap {heap!r} is no number of bytes, as 64k")
    heap_bytes = int(found[1]) << {"": 0, "k": 10, "m": 20}[found[2].lower()]
    if heap_bytes < _LEAST_HEAP:
        raise click.UsageError(f"--heap {heap}: {heap_bytes} bytes start no firmware, as 64k does")
    if screen is not None and not screen.absolute().parent.is_dir():
        raise click.UsageError(f"--screen {screen}: there is no folder {screen.parent}")
    with tempfile.TemporaryDirectory(prefix="hwsim-") as name:
        try:
            command = micropython.find(program)
            options = micropython.bytecode_options(command)
            folder = firmware or micropython.CHECKOUT / "firmware"
            rom = Path(name) / "rom.img"
            lacking = tuple(each.module for each in BOARDS.values() if each is not board)
            seeds = _seeds(settings, settings_file, puts, board_name, bus, bool(rain_tags))
            rom.write_bytes(handheld_rom.image(folder, seeds, lacking, options))
            machine = Machine(
                command, heap_bytes, rom, blank_flash(flash or Path(name) / "flash.bin", FLASH_SIZE)
            )
            armed, rain_armed = Faults(seed), RainFaults(seed, FAULTS)
            clock, air_clock = Clock(), AirClock()
            field, rain_field = Field(clock, armed), RainField(air_clock, rain_armed, antennas=1)
            cuts = []
            for fault, args in map(process.fault, faults):
                if fault == "power":
                    cuts.append(cut(args))
                else:
                    armed.add(fault, args)
            scene = script.load(scenario) if scenario is not None else []
            for text in tags:
                field.arrive(tag_named(text, field))
            for text in rain_tags:
                rain_field.arrive(tag_option(text, rain_field), rssi_dbm=NEAR_DBM)
            chip, module = HeldPn532(field, clock), M100(rain_field, air_clock)
            nfc = PtyPort(chip, paced=paced) if bus == "uart" else SpiPort(chip, paced)
            rain = SerialPort(module, RainControl(rain_field, module, NEAR_DBM), paced=paced)
            serial = {board.rain_tx: rain}
            if isinstance(nfc, PtyPort):
                serial[board.tag_tx] = nfc
            wires = Wires()
            wires.put_u32(PROG_SIZE, board.prog_size)
            usb = UsbPort(link)

            def notice(event: dict[str, object]) -> None:
                if screen is not None and event["event"] == "screen":
                    try:
                        png.save(world.display.picture(), screen)
                    except ValueError as error:
                        click.echo(f"--screen {error}", err=True)
                if events:
                    process.say(event)
                elif event["event"] == "exit" and event["text"]:
                    click.echo(f"{event['text']}\n{_ENDED}", err=True)

            world = World(board, wires, serial, chip, nfc, lambda: time.monotonic() * 1e3, notice)
            device = Handheld(machine, wires, usb, world, notice)
            deeds = HandheldControl(device, nfc, rain, armed.random.randrange(256))
            for cut_args in cuts:
                deeds.do({"do": "fault", "name": "power", "args": cut_args})
            host = HandheldHost(device, deeds, list(serial.values()), scene, clock)
        except (ValueError, OSError) as error:
            raise click.UsageError(str(error)) from None
        process.serve(
            host,
            {
                "ready": "handheld",
                "path": usb.path,
                "tags": [tag.uid.hex() for tag in field.present],
                "epcs": [tag.epc.hex() for tag in rain_field.present],
            },
            control,
        )
        process.say({"stats": {**clock.stats(), **host.counts}})


def _seeds(
    settings: tuple[str, ...],
    settings_file: Path | None,
    puts: tuple[str, ...],
    board: str,
    bus: str,
    has_rain: bool,
) -> dict[str, bytes]:
    """The files that the options put on the flash, as handheld_rom takes them; ValueError where one is none."""
    seeds = {}
    for text in puts:
        path, equals, source = text.partition("=")
        if not equals:
            raise ValueError(f"--put {text!r} is not PATH=FILE")
        try:
            seeds[path.strip("/")] = Path(source).read_bytes()
        except OSError as error:
            raise ValueError(f"--put {text}: {source}: {error.strerror}") from None
    values = {}
    if settings_file is not None:
        try:
            values = json.loads(settings_file.read_text())
        except ValueError as error:
            raise ValueError(f"--settings {settings_file}: {error}") from None
    if not isinstance(values, dict):
        raise ValueError(f"--settings {settings_file}: no JSON object")
    for text in settings:
        key, equals, value = text.partition("=")
        try:
            values[key] = json.loads(value)
        except ValueError:
            raise ValueError(f"--setting {text!r} is not KEY=JSON, as name='\"A1\"'") from None
    if board != next(iter(BOARDS)):
        values.setdefault("board", board)  # the first is the firmware's own choice
    if bus != "uart":
        values.setdefault("bus", bus)
    if has_rain:
        values.setdefault("rain", True)
    if values:
        seeds["settings.json" if settings_file else "+settings.json"] = json.dumps(values).encode()
    return seeds
