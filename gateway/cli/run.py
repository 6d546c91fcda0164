"""`tagwright run`: the gateway daemon."""

import time
from pathlib import Path

import click

from gateway.cli.key_file import key_passphrase
from gateway.cli.output import (
    USAGE,
    Failure,
    Stopped,
    emit,
    json_option,
    play,
    rfc3339,
    say,
)
from gateway.cli.page import Page
from gateway.cli.paint import paint, printable
from gateway.config import load
from gateway.daemon import serve
from gateway.stations.orders import OrderError
from gateway.stations.result import Result


@click.command(
    cls=Page,
    done="stopped by SIGTERM or Ctrl-C; everything told is durable",
    no="",
    trouble="the journal's disk, or a port to listen on, cannot be used",
)
@click.option(
    "-c",
    "--config",
    "file",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="The gateway's TOML.",
)
@json_option
def run(file: Path, as_json: bool) -> None:
    """Run the gateway daemon until SIGTERM or Ctrl-C.

    \b
    Example:  tagwright run -c tagwright.toml
    """
    config = load(file)
    device, secret = config.keys.device, None
    if device is not None:
        secret = key_passphrase(device, config.keys.passphrase_file)

    def tell(reader: str, result: Result) -> None:
        if as_json:
            emit(_event(reader, result))
        else:
            colour = paint(f"{result.signal.colour:5}", result.signal.colour)
            sentence = printable(result.signal.sentence)
            click.echo(f"{reader}  {colour}  {result.uid.hex():14}  {sentence}")

    say(f"{config.gateway.name}: readers {len(config.reader)}, journal {config.gateway.journal}")
    if config.web is not None:
        say(f"the station page: {config.web.url}/")
    try:
        play(serve(config, secret, tell))
    except Stopped:
        say("stopped; everything told is durable")
    except OrderError as why:
        raise Failure(str(why), USAGE) from why


def _event(reader: str, result: Result) -> dict[str, object]:
    return {
        "at": rfc3339(time.time()),
        "reader": reader,
        "uid": result.uid or None,
        "outcome": result.outcome,
        "colour": result.signal.colour,
        "message": result.signal.sentence,
        "product": result.product or None,
        "seq": result.seq,
        "journal_seq": result.journal_seq,
        "verdict": result.verdict.as_dict() if result.verdict else None,
    }
