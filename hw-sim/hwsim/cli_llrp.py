"""`python -m hwsim llrp ...`: LLRP readers on TCP ports of this machine, until SIGTERM or Ctrl-C."""

import json
import signal
import ssl
import sys
import time
from pathlib import Path
from typing import Any

import click

from hwsim import process, script
from hwsim.air import AirClock
from hwsim.cli_m100 import undumped
from hwsim.gen2chips import CHIPS
from hwsim.gen2tag import make
from hwsim.llrp_control import LlrpControl, total
from hwsim.llrp_faults import FAULTS
from hwsim.llrp_host import LlrpHost
from hwsim.llrp_models import MODELS, MODES
from hwsim.llrp_reader import LlrpReader
from hwsim.llrp_tls import server_context, temporary_certificate
from hwsim.raincontrol import DEFAULT_CHIP, tag_option
from hwsim.rainfaults import RainFaults
from hwsim.rainfield import RainField

_NEAR_DBM = -45.0  # at full power: strong enough to be written
_FEW_TAGS = 4
_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)
_NEW_FILE = click.Path(path_type=Path, dir_okay=False)
_SCENES = {"pallet": {"do": "pallet"}, "conveyor": {"do": "conveyor"}}


class NoNetwork(click.ClickException):
    """The readers cannot be where they shall listen."""

    exit_code = 3


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen at.")
@click.option("--port", default=0, help="Of the first reader; the others follow. 0: any.")
@click.option(
    "--tag",
    "tags",
    multiple=True,
    metavar="CHIP[:EPC[:TID]]",
    help="A tag before antenna 1 from the start; EPC and TID in hex.",
)
@click.option(
    "--tags",
    "count",
    type=click.IntRange(0),
    metavar="N",
    help=f"So many {DEFAULT_CHIP}, of each reader.",
)
@click.option("--antennas", default=4, show_default=True, type=click.IntRange(1, 32))
@click.option("--mode", type=click.Choice(sorted(MODES)), help="On the air, where it is left open.")
@click.option("--rate", type=click.FloatRange(0, min_open=True), help="Reads a second.")
@click.option("--readers", "readers_count", default=1, type=click.IntRange(1, 256), metavar="N")
@click.option("--tls", is_flag=True, help="TLS; without --cert with a certificate made for it.")
@click.option("--cert", type=_FILE, help="PEM; with --key.")
@click.option("--key", type=_FILE, help="PEM.")
@click.option("--client-ca", type=_FILE, help="PEM; clients must show a certificate of its.")
@click.option("--profile", "model", type=click.Choice(list(MODELS)), default="impinj")
@click.option("--llrp", "version", type=click.Choice(["1.0", "1.1"]), default="1.1")
@click.option("--paced", is_flag=True, help="Access operations take real time, too.")
@click.option(
    "--fault",
    "faults",
    multiple=True,
    metavar="NAME[:KEY=VALUE,...]",
    help="Arm a fault (hwsim.rainfaults, hwsim.llrp_faults), of each reader.",
)
@click.option("--seed", default=0, show_default=True, help="Of every random choice.")
@click.option("--scene", type=click.Choice(list(_SCENES)), help="Tags as that has them.")
@click.option("--dump", type=_NEW_FILE, help="Write the tags' memory here at the end, as JSON.")
@click.option("--load", "images", multiple=True, type=_FILE, help="Tags with the memory of a dump.")
@click.option("--shelf", type=_NEW_FILE, help="Keep the memory of all tags here between runs.")
@click.option("--script", "scenario", type=_FILE, help="Events (hwsim.script).")
@click.option(
    "--control", is_flag=True, help="Read JSON commands from stdin, one a line, and answer each."
)
def llrp(**options: Any) -> None:
    """LLRP readers (RAIN) on TCP ports, like an Impinj R420 each.

    With --control the end of stdin ends the simulator, too.

    Example: tagwright sim llrp --tags 20 --port 5084
    """
    dump: Path | None = options["dump"]
    if dump is not None and not dump.parent.is_dir():
        raise click.UsageError(f"--dump {dump}: there is no folder {dump.parent}")
    ready: dict[str, object] = {"ready": "llrp"}
    try:
        tls, ready_tls = _tls(options)
        readers = [_reader(options, number) for number in range(options["readers_count"])]
        for reader in readers[1:]:  # a tag may go from one reader to another
            reader.field.known = readers[0].field.known
        control = LlrpControl(readers)
        scenario: Path | None = options["scenario"]
        events = script.load(scenario) if scenario is not None else []
        host = LlrpHost(readers, control, options["host"], options["port"], tls, events)
        for reader in readers:
            reader.field.now_s = host.now_s
            reader.utc_us_at_0 = int((time.time() - host.now_s()) * 1e6)
        _furnish(options, readers, control)
    except (ValueError, OSError) as error:
        raise click.UsageError(str(error)) from None
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: host.stop())

    def say_ready() -> None:
        epcs = [tag.epc.hex() for reader in readers for tag in reader.field.present]
        process.say({**ready, **ready_tls, "port": host.port, "ports": host.ports, "epcs": epcs})

    try:
        if options["control"]:
            commands = process.Commands(host.do, host.stop)
            host.run(sys.stdin.fileno(), commands.read, say_ready)
        else:
            host.run(on_ready=say_ready)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    except OSError as error:
        raise NoNetwork(f"{error}: name another --host or --port") from None
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)  # it is ending already
    try:
        for path in (dump, options["shelf"]):
            if path is not None:
                _dump(path, readers)
    except OSError as error:
        raise click.ClickException(str(error)) from None
    process.say({"stats": total(readers)})


def _reader(options: dict[str, Any], number: int) -> LlrpReader:
    faults = RainFaults(options["seed"] + number, FAULTS)
    for text in options["faults"]:
        faults.add(*process.fault(text))
    field = RainField(AirClock(), faults, antennas=options["antennas"])
    return LlrpReader(
        field,
        MODELS[options["model"]],
        mode=MODES.get(options["mode"]),
        rate=options["rate"],
        paced=options["paced"],
        newest=1 if options["version"] == "1.0" else 2,
    )


def _furnish(options: dict[str, Any], readers: list[LlrpReader], control: LlrpControl) -> None:
    """Tags before the readers: those of the files and options before the first, --tags before each."""
    first = readers[0].field
    shelf: Path | None = options["shelf"]
    if shelf is not None and shelf.exists():
        for tag in undumped(shelf):
            first.known[tag.tid] = tag
    for image in options["images"]:
        for tag in undumped(image):
            first.arrive(tag, rssi_dbm=_NEAR_DBM)
    for text in options["tags"]:
        first.arrive(tag_option(text, first), rssi_dbm=_NEAR_DBM)
    named = options["tags"] or options["images"] or options["scene"]
    count = options["count"] if options["count"] is not None else 0 if named else _FEW_TAGS
    for number, reader in enumerate(readers):
        field = reader.field
        for _ in range(count):
            field.arrive(make(CHIPS[DEFAULT_CHIP], field.faults.random), rssi_dbm=_NEAR_DBM)
        if options["scene"]:
            control.do({**_SCENES[options["scene"]], "reader": number}, 0.0)


def _tls(options: dict[str, Any]) -> tuple[ssl.SSLContext | None, dict[str, object]]:
    """The context, and what the ready line says of it."""
    cert, key = options["cert"], options["key"]
    if not options["tls"]:
        if cert or key or options["client_ca"]:
            raise ValueError("--cert, --key and --client-ca go with --tls")
        return None, {}
    if (cert is None) != (key is None):
        raise ValueError("--cert and --key go together")
    if cert is None:
        cert, key = temporary_certificate(options["host"])
    return server_context(cert, key, options["client_ca"]), {"cert": str(cert)}


def _dump(path: Path, readers: list[LlrpReader]) -> None:
    """One tag a line, the whole file or none of it."""
    beside = path.with_name(path.name + ".new")
    beside.write_text(
        "".join([json.dumps(tag.dump()) + "\n" for tag in readers[0].field.known.values()])
    )
    beside.replace(path)
