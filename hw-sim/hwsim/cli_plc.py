"""`python -m hwsim plc ...`: a PLC beside a code station, until SIGTERM or Ctrl-C, or the gateway hangs up."""

import signal
import sys

import click

from hwsim import process
from hwsim.plc import Plc


class NoGateway(click.ClickException):
    """Nobody listens where the PLC shall connect."""

    exit_code = 3


@click.command()
@click.option(
    "--connect", required=True, metavar="HOST:PORT", help="Where the gateway listens for a PLC."
)
@click.option("--every", "every_s", type=click.FloatRange(0.001), help="Trigger so often, in s.")
@click.option("--count", type=click.IntRange(1), help="With --every: so often, then end.")
@click.option(
    "--control", is_flag=True, help="Read JSON commands from stdin, one a line, and answer each."
)
def plc(connect: str, every_s: float | None, count: int | None, control: bool) -> None:
    """A PLC that triggers a camera or scanner of a gateway, and prints each answer.

    With --control the end of stdin ends it, too.

    Example: tagwright sim plc --connect 127.0.0.1:9100 --every 0.5 --count 20
    """
    host, colon, port = connect.rpartition(":")
    if not colon or not port.isdigit():
        raise click.UsageError(f"--connect {connect!r} is not HOST:PORT")
    if count is not None and every_s is None:
        raise click.UsageError("--count is of --every")
    try:
        peer = Plc(host.strip("[]"), int(port), process.say)
    except (OSError, OverflowError) as why:
        raise NoGateway(f"cannot reach {connect}: {why}: is reader.codes.plc set there?") from None
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: peer.stop())
    process.say({"ready": "plc", "connected": connect})
    if control:
        commands = process.Commands(peer.do, peer.stop)
        peer.run(every_s, count, sys.stdin.fileno(), commands.read)
    else:
        peer.run(every_s, count)
    process.say({"stats": peer.stats()})
    peer.close()
    if not peer.is_connected:
        raise NoGateway(f"{connect} has hung up")
