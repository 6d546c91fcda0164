"""One label: its stub, its symbol in the smallest form, its file, and what its maker is told."""

import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import click

from edge import printed, weblink
from edge import stub as stubs
from edge.errors import Malformed
from gateway.cli.key_file import opened_key
from gateway.cli.output import NO, USAGE, Failure, emit, say
from gateway.cli.stub import read_claims
from gateway.keys import DeviceKey
from gateway.optics.artwork import Artwork, Format, artwork
from gateway.optics.label import MOST_LINES, Label, Where, broken, readable
from gateway.optics.symbol import Symbology, smallest

_LARGEST_STUB = 3 * 4096  # bytes, as hex with white space
_DPI: dict[str, int | None] = {"svg": None, "png": 300, "zpl": 203}


@dataclass(frozen=True)
class Style:
    """How labels are made, as the options of `code make` say it."""

    symbology: Symbology
    form: str  # auto, base64url, base32
    module_mm: float
    dpi: int | None
    texts: tuple[str, ...]
    where: Where
    text_mm: float

    def __post_init__(self) -> None:
        for text in self.texts:
            if not text.isprintable():
                raise Failure(f"--text {text!r}: printable characters only", USAGE)

    def spellings(self, link: str, stub: bytes | None) -> list[str]:
        """What the code may hold: the link with the stub in each form that is wanted."""
        if stub is None:
            return [link]
        forms = printed.FORMS if self.form == "auto" else (self.form,)
        return [printed.join(link, stub, form) for form in forms]

    def draw(self, texts: list[str], format: Format) -> Artwork:
        """The label of the smallest symbol among these spellings. Raises Malformed, DoesNotFit."""
        symbol = smallest(texts, self.symbology)
        lines = [*readable(symbol.text), *(line for text in self.texts for line in broken(text))]
        if len(lines) > MOST_LINES:
            raise Failure(f"{len(lines)} lines of text: {MOST_LINES} at most", USAGE)
        label = Label(symbol, tuple(lines), self.where, self.text_mm)
        try:
            return artwork(label, format, self.module_mm, self.dpi or _DPI[format])
        except ValueError as why:
            raise Failure(f"--dpi: {why}", USAGE) from why


def one(
    link: str,
    stub: bytes | None,
    hosts: tuple[str, ...],
    style: Style,
    out: Path | None,
    as_json: bool,
) -> None:
    """Make one label and tell it; refused with every reason where the link fails the pre-flight."""
    format = _format(out)
    claims = stubs.decode(stub) if stub is not None else None
    faults = weblink.faults(
        link,
        hosts,
        claims.granularity if claims is not None else None,
        claims.claims[stubs.PRODUCT] if claims is not None else None,
    )
    if faults:
        raise Failure(f"{link[:80]}: {'; '.join(faults)}: nothing was made", NO)
    made = style.draw(style.spellings(link, stub), format)
    if out is not None:
        write(out, made.data)
    told = about(made, stub)
    if as_json:
        emit({"out": out, **told})
    else:
        say_about(str(out) if out is not None else "nothing written", told)


def about(made: Artwork, stub: bytes | None) -> dict[str, Any]:
    """What is told of a label."""
    link, _, fragment = made.label.symbol.text.partition("#")
    form = printed.BASE32 if fragment.startswith("s=2") else printed.BASE64URL
    return {
        "url": link,
        "text": made.label.symbol.text,
        "form": form if stub is not None else None,
        "stub_bytes": len(stub) if stub is not None else 0,
        **made.as_dict(),
    }


def say_about(name: str, told: dict[str, Any]) -> None:
    """The same for people: two lines, and a line on stderr for each piece of advice."""
    name_of = {"qr": "QR Code version", "datamatrix": "Data Matrix"}[told["symbology"]]
    level = f"-{told['level']}" if told["symbology"] == "qr" else ""
    columns, rows = told["modules"]
    held = f"{told['stub_bytes']}-byte stub in {told['form']}" if told["form"] else "link alone"
    click.echo(f"{name}: {name_of} {told['version']}{level}, {columns} x {rows} modules, {held}")
    dots = f" ({told['dots']} dots at {told['dpi']} dpi)" if told["dots"] else ""
    click.echo(
        f"  {_size(told['symbol_mm'])} mm with the quiet zone, {told['module_mm']:.3f} mm a module{dots};"
        f" no smaller than {_size(told['least_mm'])} mm;"
        f" read from about {told['distance_mm'] / 10:.0f} cm"
    )
    for each in told["advice"]:
        say(f"  note: {each}")


def stub_bytes(
    claims_file: Path | None,
    key_file: Path | None,
    stub_file: Path | None,
    passphrase_file: Path | None,
) -> bytes | None:
    """The stub for print that the options name, signed now or read; None where they name none.

    Raises Malformed for one that is bound to a tag: print profile, no carrier claim.
    """
    if stub_file is not None and claims_file is not None:
        raise Failure("--stub or --claims: give one of them", USAGE)
    if (claims_file is None) != (key_file is None):
        missing = "--key is missing: name the key file that signs"
        if key_file is not None:
            missing = "--claims is missing: name what the key shall sign"
        raise Failure(missing, USAGE)
    if stub_file is not None:
        found = stubs.decode(_read_stub(stub_file))
        _check_unbound(found.claims)
        return found.raw
    if claims_file is None or key_file is None:
        return None
    claims = read_claims(claims_file)
    _check_unbound(claims)
    key = signer(key_file, passphrase_file)
    whole = {stubs.VERSION: 1, stubs.ISSUED_AT: int(time.time()), stubs.SEQ: 0} | claims
    return stubs.encode(whole, key.alg, key.kid, key.sign)


def signer(key_file: Path, passphrase_file: Path | None) -> DeviceKey:
    """The key that signs."""
    return opened_key(key_file, passphrase_file)


def write(out: Path, data: bytes) -> None:
    """Write a file whole or not at all."""
    beside = out.with_name(f".{out.name}.part")
    try:
        beside.write_bytes(data)
        beside.replace(out)
    except OSError as why:
        with suppress(OSError):
            beside.unlink()
        raise Failure(f"cannot write {out}: {why.strerror}: name another place", USAGE) from why


def _format(out: Path | None) -> Format:
    if out is None:
        return "svg"
    for each in get_args(Format):
        if out.suffix.lower() == f".{each}":
            return each  # type: ignore[no-any-return]
    raise Failure(f"--out {out}: the name must end in .{', .'.join(get_args(Format))}", USAGE)


def _check_unbound(claims: Mapping[int, Any]) -> None:
    if stubs.CARRIER in claims:
        raise Malformed("the stub is bound to a tag (carrier): print has no identity; leave it out")


def _read_stub(file: Path) -> bytes:
    try:
        with file.open("rb") as source:
            raw = source.read(_LARGEST_STUB)
    except OSError as why:
        raise Failure(f"cannot read {file}: {why.strerror}", USAGE) from why
    text = raw.strip()
    if text[:2].lower() == b"d2":
        with suppress(ValueError):
            return bytes.fromhex(text.decode())
    return raw


def _size(mm: list[float]) -> str:
    return f"{mm[0]:.1f} x {mm[1]:.1f}"
