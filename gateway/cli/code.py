"""`tagwright code`: read codes in pictures; make the QR or Data Matrix of a product's carrier.

What does the work is imported by the command that needs it: OpenCV and zxing-cpp take their time.
"""

import math
from pathlib import Path
from typing import Any, Literal

import click

from gateway.cli import completion
from gateway.cli.at_reader import link_base_option, link_host_option, root_option, trust_option
from gateway.cli.output import (
    USAGE,
    Commands,
    Failure,
    json_option,
    passphrase_option,
)
from gateway.config_tables import SYMBOLOGIES

_FILE = click.Path(path_type=Path, dir_okay=False)
_FOLDER = click.Path(path_type=Path, file_okay=False)
_FORMATS = ("svg", "png", "zpl")
_IN_VIEW = 8  # codes that are watched at once


class Length(click.FloatRange):
    """A length in millimetres; NaN is none."""

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        found = super().convert(value, param, ctx)
        if math.isnan(found):
            self.fail(f"{value} is no length", param, ctx)
        return found


@click.group(cls=Commands)
def code() -> None:
    """Codes in pictures, before a camera, on labels.

    \b
    Example:  tagwright code make --url https://id.example.com/01/09520123456788/21/A1 --out label.svg
              tagwright code decode photo.jpg --json
    """


@code.command(no="a link failed the pre-flight, or a row was refused")
@click.option("--url", help="The link that a phone opens.")
@click.option("--claims", "claims_file", type=_FILE, help="Sign these claims into the code (JSON).")
@click.option("--key", "key_file", type=_FILE, help="The key file that signs.")
@click.option("--stub", "stub_file", type=_FILE, help="Or a signed stub, raw or hex.")
@click.option("--orders", "orders_file", type=_FILE, help="A job file: a label for each row.")
@link_base_option
@link_host_option
@click.option(
    "--symbology",
    type=click.Choice(("qr", "datamatrix")),
    default="qr",
    show_default=True,
    help="Not every phone's camera reads a Data Matrix.",
)
@click.option(
    "--form",
    type=click.Choice(("auto", "base64url", "base32")),
    default="auto",
    show_default=True,
    help="How the stub is spelled; auto: as makes the smaller symbol.",
)
@click.option("--out", type=_FILE, help="FILE.svg, .png or .zpl; without it the size is told only.")
@click.option("--out-dir", type=_FOLDER, help="With --orders: where the labels go.")
@click.option(
    "--format",
    type=click.Choice(_FORMATS),
    default="svg",
    show_default=True,
    help="With --orders: of each label.",
)
@click.option(
    "--module-mm",
    type=Length(0.05, 20),
    default=0.4,
    show_default=True,
    help="Width of a module; with --dpi the least whole dots that are as wide.",
)
@click.option(
    "--dpi",
    type=click.IntRange(50, 5000),
    help="The printer's [default: SVG exact, PNG 300, ZPL 203].",
)
@click.option("--text", "texts", multiple=True, help="A further line of text; may stand again.")
@click.option(
    "--where",
    type=click.Choice(("below", "right", "none")),
    default="below",
    show_default=True,
    help="Where GTIN, batch, serial and host stand to be read by people.",
)
@click.option("--text-mm", type=Length(0.5, 20), default=2.5, show_default=True, help="Their size.")
@click.option("--again", is_flag=True, help="With --orders: sign and draw anew what was made.")
@passphrase_option
@json_option
def make(
    url: str | None,
    orders_file: Path | None,
    out: Path | None,
    out_dir: Path | None,
    claims_file: Path | None,
    key_file: Path | None,
    stub_file: Path | None,
    passphrase_file: Path | None,
    hosts: tuple[str, ...],
    base: str,
    format: str,
    again: bool,
    as_json: bool,
    **style: Any,
) -> None:
    """Make the QR (level M) or Data Matrix of a link, with a signed stub in its fragment that a phone can verify.

    The file is SVG in exact millimetres, PNG in whole pixels a module, or ZPL for Zebra printers, as its name ends;
    with the quiet zone, and text for people. What was made was read back. Told are version, modules, size, the least
    size to print, and from how far it is read, by a rule of thumb. A link that fails the pre-flight is refused.

    With --orders each row of a job file gets its label in --out-dir, and a line in labels.csv there with what its code
    holds. Run again, it goes on; a label is made anew only with --again.

    \b
    Example:  tagwright code make --url https://id.example.com/01/09520123456788/21/A1 \\
                --claims claims.json --key line1.key --out label.png --dpi 300
              tagwright code make --orders products.csv --key line1.key --out-dir labels --format zpl --dpi 203
    """
    if (url is None) == (orders_file is None):
        raise Failure("--url for one label, or --orders for many: give one of them", USAGE)
    from gateway.cli import code_batch, code_make

    wanted = code_make.Style(**style)
    if url is not None:
        if out_dir is not None or again:
            raise Failure("--out-dir and --again go with --orders: name one label by --out", USAGE)
        stub = code_make.stub_bytes(claims_file, key_file, stub_file, passphrase_file)
        code_make.one(url, stub, hosts, wanted, out, as_json)
        return
    if out_dir is None:
        raise Failure("--out-dir is missing: name the folder where the labels go", USAGE)
    if out is not None or claims_file is not None or stub_file is not None:
        raise Failure("--out, --claims and --stub go with --url: orders bring their claims", USAGE)
    assert orders_file is not None
    key = code_make.signer(key_file, passphrase_file) if key_file is not None else None
    code_batch.labels(orders_file, base, hosts, key, wanted, format, out_dir, again, as_json)


@code.command(no="a picture has no code, or with --trust a verdict is not green")
@click.argument(
    "images", metavar="IMAGE...", nargs=-1, required=True, type=_FILE, help="The pictures' files."
)
@click.option(
    "--symbology",
    "symbologies",
    type=click.Choice((*SYMBOLOGIES, "ean8", "upce")),
    multiple=True,
    help=f"Only these; may stand several times [default: {', '.join(SYMBOLOGIES)}].",
)
@click.option("--hard/--fast", default=True, help="The whole cascade, or one quick pass.")
@trust_option
@root_option
@link_host_option
@json_option
def decode(
    images: tuple[Path, ...],
    symbologies: tuple[str, ...],
    hard: bool,
    trust_file: Path | None,
    root: str | None,
    hosts: tuple[str, ...],
    as_json: bool,
) -> None:
    """Read the codes in pictures (JPEG, PNG, WebP, BMP).

    A 1D code counts where two passes read the same: misreads pass the check digit. A grade is this picture's, by
    contrast, unused error correction and pixels a module; none of ISO/IEC 15415's. With --trust the stub in a link's
    fragment is verified.

    \b
    Example:  tagwright code decode label.png --trust trust.cbor --json
    """
    from gateway.cli.code_decode import Asked, decoded

    asked = Asked(symbologies or SYMBOLOGIES, hard, trust_file, root, hosts)
    decoded(images, asked, as_json)


@code.command(done="Ctrl-C ended it", no="", trouble="camera or scanner cannot be used")
@click.option(
    "--reader",
    "url",
    required=True,
    metavar="READER",
    shell_complete=completion.code_reader,
    help="camera:0, camera:http://HOST/video.mjpg, scanner:/dev/ttyACM0?preset=keyence, ...",
)
@click.option(
    "--trigger",
    type=click.Choice(("continuous", "presentation")),
    default="continuous",
    show_default=True,
    help="continuous: every new value; presentation: what comes into view, once until it has left.",
)
@trust_option
@root_option
@link_host_option
@json_option
def watch(
    url: str,
    trigger: Literal["presentation", "continuous"],
    trust_file: Path | None,
    root: str | None,
    hosts: tuple[str, ...],
    as_json: bool,
) -> None:
    """Tell what a camera or scanner reads, until Ctrl-C; nothing is recorded.

    \b
    Example:  tagwright code watch --reader camera:http://192.0.2.9/video.mjpg --trust trust.cbor
              tagwright code watch --reader 'scanner:/dev/ttyACM0?preset=honeywell'
    """
    from gateway.cli import code_watch
    from gateway.config_tables import CodesConfig

    code_watch.watch(
        url, trust_file, root, CodesConfig(trigger=trigger, most=_IN_VIEW), hosts, as_json
    )
