"""`tagwright firmware`: the handheld's program, made for a board, and as a signed update."""

from pathlib import Path

import click

from gateway.cli.key_file import opened_key
from gateway.cli.output import (
    TROUBLE,
    USAGE,
    Commands,
    Failure,
    emit,
    json_option,
    passphrase_option,
)
from gateway.firmware import build as firmware_build
from gateway.firmware import bundle as firmware_bundle

_CHECKOUT = Path(__file__).resolve().parents[2]
_VERSION = "0.1.0"


@click.group(cls=Commands)
def firmware() -> None:
    """The handheld's program.

    \b
    Example:  tagwright firmware build --board esp32s3 --out made
    """


@firmware.command(no="", trouble="the sources do not make a firmware")
@click.option(
    "--board",
    type=click.Choice(list(firmware_build.BOARDS)),
    required=True,
    help="What it shall run on.",
)
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="The folder."
)
@click.option(
    "--key",
    "key_file",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="The trust list's root key, or an updater's: signs an update, BOARD-NUMBER.bundle.",
)
@click.option(
    "--number", type=click.IntRange(1, (1 << 31) - 1), help="Of the update; it only goes up."
)
@passphrase_option
@json_option
def build(
    board: str,
    out: Path,
    key_file: Path | None,
    number: int | None,
    passphrase_file: Path | None,
    as_json: bool,
) -> None:
    """Make what a board runs: a folder to copy onto it, and with a key a signed update for those in use.

    \b
    Example:  tagwright firmware build --board esp32s3 --out made
              cd made && mpremote fs cp -r . :
    """
    if (key_file is None) != (number is None):
        raise Failure("an update needs both --key and --number", USAGE)
    if not (_CHECKOUT / "firmware" / "main.py").is_file():
        raise Failure("the firmware's sources are in the repository alone: run this there", USAGE)
    try:
        files = firmware_build.files(_CHECKOUT, board)
    except firmware_build.NoCompiler as why:
        raise Failure(str(why), USAGE) from why
    except ValueError as why:
        raise Failure(str(why), TROUBLE) from why
    names = files.pop(firmware_build.NAMES)
    try:
        firmware_build.write(files, out)
    except ValueError as why:
        raise Failure(str(why), USAGE) from why
    at = out.absolute()
    beside = at.with_name(at.name + ".names.txt")
    beside.write_bytes(names)
    bundle = None
    if key_file is not None and number is not None:
        key = opened_key(key_file, passphrase_file)
        packed = firmware_bundle.packed(files, number, _VERSION, key.kid, key.sign)
        bundle = at.with_name(f"{board}-{number}.bundle")
        bundle.write_bytes(packed)
    size = sum(map(len, files.values()))
    if as_json:
        emit({"folder": out, "files": len(files), "bytes": size, "names": beside, "bundle": bundle})
        return
    click.echo(f"{out}: {len(files)} files, {size} bytes; {beside.name} tells names in tracebacks")
    click.echo(f"Onto the board:  (cd {out} && mpremote fs cp -r . :)")
    if bundle is not None:
        click.echo(f"{bundle}: update {number}, {bundle.stat().st_size} bytes")
        click.echo("For those in use: name it as `update` at the gateway's handheld reader")
