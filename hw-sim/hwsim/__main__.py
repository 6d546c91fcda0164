"""`python -m hwsim pn532|m100|llrp|scanner|handheld ...`: simulated devices as a process, until SIGTERM or Ctrl-C."""

import difflib
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from hwsim import process, script
from hwsim import shelf as shelves
from hwsim.cli_camera import camera
from hwsim.cli_handheld import handheld
from hwsim.cli_llrp import llrp
from hwsim.cli_m100 import m100
from hwsim.cli_plc import plc
from hwsim.cli_scanner import scanner
from hwsim.clock import Clock
from hwsim.ending import Ended
from hwsim.faults import Faults
from hwsim.field import Field
from hwsim.ntag import Tag, by_memory
from hwsim.pn532 import Pn532
from hwsim.port import PtyPort
from hwsim.tags import tag_named


class _OneLine(click.Group):
    """A group whose commands' faults are one line each."""

    def make_context(self, *arguments: Any, **more: Any) -> click.Context:
        with _one_line():
            return super().make_context(*arguments, **more)

    def invoke(self, ctx: click.Context) -> Any:
        with _one_line():
            return super().invoke(ctx)


@click.group(cls=_OneLine, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Simulated devices, each on its real wire.

    Example: tagwright sim pn532 --tag ntag215:04a1b2c3d4e5f6
    """


main.add_command(m100)
main.add_command(llrp)
main.add_command(camera)
main.add_command(scanner)
main.add_command(plc)
main.add_command(handheld)


@main.command()
@click.option(
    "--tag", "tags", multiple=True, metavar="CHIP[:UID]", help="A tag in the field from the start."
)
@click.option(
    "--link", type=click.Path(path_type=Path), help="Make a symlink to the port at this path."
)
@click.option("--paced", is_flag=True, help="Real time, with the delays of wire, air and EEPROM.")
@click.option(
    "--fault",
    "faults",
    multiple=True,
    metavar="NAME[:KEY=VALUE,...]",
    help="Arm a fault (hwsim.faults).",
)
@click.option("--seed", default=0, show_default=True, help="Of every random choice.")
@click.option(
    "--dump",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the tag's memory here at the end.",
)
@click.option(
    "--load",
    "images",
    multiple=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A tag in the field with the memory that --dump wrote.",
)
@click.option(
    "--shelf",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Keep the memory of all tags here, from one run to the next.",
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
def pn532(
    tags: tuple[str, ...],
    link: Path | None,
    paced: bool,
    faults: tuple[str, ...],
    seed: int,
    dump: Path | None,
    images: tuple[Path, ...],
    shelf: Path | None,
    scenario: Path | None,
    control: bool,
) -> None:
    """A PN532 reader on a serial port.

    With --control the end of stdin ends the simulator, too.

    Example: tagwright sim pn532 --tag ntag215:04a1b2c3d4e5f6 --link /tmp/reader --dump tag.bin
    """
    armed = Faults(seed)
    clock = Clock()
    field = Field(clock, armed)
    if dump is not None and not dump.parent.is_dir():
        raise click.UsageError(f"--dump {dump}: there is no folder {dump.parent}")
    try:
        for text in faults:
            armed.add(*process.fault(text))
        events = script.load(scenario) if scenario is not None else []
        if shelf is not None:
            shelves.take_down(shelf, field)
        for image in images:
            field.arrive(by_memory(image.read_bytes()))
        for text in tags:
            field.arrive(tag_named(text, field))
        port = PtyPort(Pn532(field, clock), link, paced, events)
    except (ValueError, OSError) as error:
        raise click.UsageError(str(error)) from None
    process.serve(
        port,
        {"ready": "pn532", "path": port.path, "tags": [tag.uid.hex() for tag in field.present]},
        control,
    )
    try:
        if shelf is not None:
            shelves.put_back(shelf, field)
        if dump is not None:
            _dump(dump, list(field.known.values()))
    except OSError as error:
        raise click.ClickException(str(error)) from None
    process.say({"stats": clock.stats()})


@main.command()
@click.argument("scenario", type=click.Path(path_type=Path, exists=True, dir_okay=False))
def up(scenario: Path) -> None:
    """A device and its events as a TOML file has them.

    [pn532], [m100], [llrp], [camera], [scanner] or [handheld] holds the options of that command,
    [[event]] tables the events.

    Example: tagwright sim up conveyor.toml
    """
    try:
        tables = tomllib.loads(scenario.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise click.UsageError(f"{scenario}: {error}") from None
    devices: dict[str, click.Command] = {
        "pn532": pn532,
        "m100": m100,
        "llrp": llrp,
        "camera": camera,
        "scanner": scanner,
        "handheld": handheld,
    }
    try:
        device, options = _device(tables, list(devices))
    except ValueError as why:
        raise click.UsageError(f"{scenario}: {why}") from None
    arguments = ["--script", str(scenario)]
    for name, value in options.items():
        if value is True:
            arguments.append(f"--{name}")
        elif value is not False:
            for each in value if isinstance(value, list) else [value]:
                arguments += [f"--{name}", str(each)]
    try:
        above = click.get_current_context().parent
        with devices[device].make_context(device, arguments, parent=above) as ctx:
            devices[device].invoke(ctx)
    except click.UsageError as why:
        text = why.format_message()
        if not text.startswith(f"{scenario}: "):  # an event names it already
            text = f"{scenario}: [{device}]: {text}"
        raise click.UsageError(text, why.ctx) from None


def _device(tables: dict[str, Any], devices: list[str]) -> tuple[str, dict[str, Any]]:
    """The one device of a scenario and its options; ValueError where there is none, or another table."""
    for name in tables:
        if name not in (*devices, "event"):
            near = difflib.get_close_matches(name.lower(), [*devices, "event"], n=1)
            known = near or [*devices, "event"]
            raise ValueError(f"there is no [{name}]: write {_either(known)}")
    named = [name for name in devices if name in tables]
    if not named:
        raise ValueError(f"it names no device: write {_either(devices)}")
    if len(named) > 1:
        raise ValueError(f"one device, not {' and '.join(named)}")
    options = tables[named[0]]
    if not isinstance(options, dict):
        raise ValueError(f"{named[0]} is no table: write [{named[0]}]")
    return named[0], options


def _either(names: list[str]) -> str:
    return " or ".join(["[[event]]" if name == "event" else f"[{name}]" for name in names])


@contextmanager
def _one_line() -> Iterator[None]:
    """Say what is wrong in one line; a wrong usage ends with status 2."""
    try:
        yield
    except click.exceptions.NoArgsIsHelpError:
        raise
    except click.UsageError as why:
        path = (
            f"tagwright sim {why.ctx.info_name}" if why.ctx and why.ctx.parent else "tagwright sim"
        )
        text = why.format_message().rstrip(".")
        raise Ended(f"{text}: see `{path} --help`", 2) from None
    except click.ClickException as why:
        raise Ended(why.format_message(), why.exit_code) from None


def _dump(path: Path, tags: list[Tag]) -> None:
    """The one tag's memory at `path`; of several, each beside it with its UID in the name."""
    for tag in tags:
        own = path if len(tags) == 1 else path.with_stem(f"{path.stem}-{tag.uid.hex()}")
        own.write_bytes(tag.memory)


if __name__ == "__main__":
    main(prog_name="tagwright sim")
