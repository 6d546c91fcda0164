"""`tagwright stub`: claims JSON <-> stub bytes, and what they are worth; no device needed."""

import binascii
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import click

from edge import chips, slots, userbank
from edge import claims as claim_names
from edge import stub as stubs
from edge.errors import Malformed
from edge.verify import verify as verify_stub
from gateway.cli.key_file import opened_key
from gateway.cli.output import (
    NO,
    USAGE,
    Commands,
    Failure,
    answer_is_no,
    emit,
    json_option,
    passphrase_option,
    say,
)
from gateway.cli.paint import paint
from gateway.keys import TrustStore, public_key, verifier

_FILE = click.Path(path_type=Path, dir_okay=False)
_LARGEST_JSON = 1 << 16  # bytes; the claims of a 4096-byte stub are smaller
_EPC_WORDS = 6  # of an SGTIN-96
_KINDS = {"nfc": 1, "rain": 2}
_UID_SIZE, _TID_SIZE = 7, 12  # bytes, of what a stub names its tag by


_stub_argument = click.argument(
    "file", type=click.File("rb"), default="-", help="The stub, raw or hex [default: stdin]."
)
_kind_option = click.option(
    "--kind",
    type=click.Choice(sorted(_KINDS)),
    default="nfc",
    show_default=True,
    help="The kind of tag that --uid names.",
)


class Hex(click.ParamType[bytes]):
    """Bytes in hex."""

    name = "hex"

    def convert(self, value: Any, param: Any, ctx: Any) -> bytes:
        if isinstance(value, bytes):
            return value
        try:
            return bytes.fromhex(value)
        except ValueError:
            self.fail(f"{value!r} is no hex", param, ctx)


@click.group(cls=Commands)
def stub() -> None:
    """Claims JSON to and from stub bytes; no device needed.

    \b
    Example:  tagwright stub encode --claims claims.json --key line1.key > stub.bin
              tagwright stub verify --trust trust.cbor < stub.bin
    """


@stub.command(no="the claims do not fit the chip that --fit names")
@click.option("--claims", "claims_file", type=_FILE, required=True, help="Claims by name, as JSON.")
@click.option("--key", "key_file", type=_FILE, help="The key file that signs.")
@click.option("--uid", type=Hex(), help="Bind the stub to the tag of this UID (NFC) or TID (RAIN).")
@_kind_option
@click.option("--fit", "chip", help="Say what fits this chip: ntag215, monzax8k, ...")
@click.option("--url", help="With --fit: the link that stands before the stub.")
@passphrase_option
@json_option
def encode(
    claims_file: Path,
    key_file: Path | None,
    uid: bytes | None,
    kind: str,
    chip: str | None,
    url: str | None,
    passphrase_file: Path | None,
    as_json: bool,
) -> None:
    """Sign claims into a stub, or say with --fit whether they fit a tag.

    \b
    Example:  tagwright stub encode --claims claims.json --key line1.key --json
              tagwright stub encode --claims claims.json --fit ntag215 --url https://id.example.com/01/...
              tagwright stub encode --claims claims.json --fit monzax8k
    """
    claims = read_claims(claims_file)
    claims.setdefault(stubs.VERSION, 1)
    claims.setdefault(stubs.ISSUED_AT, int(time.time()))
    claims.setdefault(stubs.SEQ, 0)
    if uid is not None:
        claims[stubs.CARRIER] = [_KINDS[kind], uid]
    if chip is not None:
        claims.setdefault(stubs.CARRIER, _any_tag(chip))
        _fit(chip, url, stubs.size(claims), as_json)
        return
    if key_file is None:
        raise Failure("--key is missing: name the key file that signs", USAGE)
    signer = opened_key(key_file, passphrase_file)
    try:
        made = stubs.encode(claims, signer.alg, signer.kid, signer.sign)
    except Malformed as why:
        raise Failure(f"{claims_file}: {why}", USAGE) from why
    if as_json:
        emit({"stub": made, "bytes": len(made)})
    elif sys.stdout.isatty():
        click.echo(made.hex())
    else:
        click.echo(made, nl=False)


@stub.command(no="the bytes are no stub")
@_stub_argument
@json_option
def decode(file: BinaryIO, as_json: bool) -> None:
    """Print the claims of a stub (raw or hex); nothing is verified.

    \b
    Example:  tagwright stub decode < stub.bin --json
    """
    try:
        found = stubs.decode(_stub_bytes(file))
    except Malformed as why:
        name = str(getattr(file, "name", "stdin")).strip("<>")
        text = f"{name}: no stub: {why}: give its bytes, raw or hex, as `stub encode` prints"
        raise Failure(text, NO) from why
    answer = {"claims": in_full(found), "kid": found.kid, "alg": found.alg}
    if as_json:
        emit(answer)
    else:
        click.echo(json.dumps(answer["claims"], indent=2, ensure_ascii=False))
        say(f"kid {found.kid.hex()}, alg {found.alg}, {len(found.raw)} bytes; not verified")


@stub.command(no="the verdict is not green")
@_stub_argument
@click.option("--trust", "trust_file", type=_FILE, required=True, help="The signed trust list.")
@click.option(
    "--root", help="The root's public key in hex, or its key file [default: the list's pin]."
)
@click.option(
    "--uid", type=Hex(), help="The carrier it was read from; without it binding is not checked."
)
@_kind_option
@click.option("--url", help="The link that stood beside it.")
@json_option
def verify(
    file: BinaryIO,
    trust_file: Path,
    root: str | None,
    uid: bytes | None,
    kind: str,
    url: str | None,
    as_json: bool,
) -> None:
    """Verify a stub; no device is needed.

    \b
    Example:  tagwright stub verify --trust trust.cbor --uid 04a1b2c3d4e5f6 < stub.bin --json
    """
    trusted = TrustStore(trust_file, public_key(root).public if root else None).load()
    verdict, found = verify_stub(
        _stub_bytes(file),
        trusted,
        verifier,
        int(time.time()),
        kind=None if uid is None else _KINDS[kind],
        id=uid,
        link=url,
    )
    answer: dict[str, Any] = {"verdict": verdict.as_dict(), "colour": verdict.colour()}
    if found is not None:
        answer |= {"claims": in_full(found), "kid": found.kid}
    if as_json:
        emit(answer)
    else:
        for question, word in verdict.as_dict().items():
            click.echo(f"{question:10} {word}")
        click.echo(paint(verdict.colour(), verdict.colour()))
    if not verdict.is_green():
        answer_is_no()


def in_full(found: stubs.Stub) -> dict[str, Any]:
    """A stub's claims by name, the defaults that it leaves out said too."""
    defaults = {
        "granularity": claim_names.GRANULARITIES[found.granularity],
        "status": claim_names.STATUSES[found.status],
    }
    return defaults | claim_names.to_names(found.claims)


def read_claims(
    file: Path, meaning: Callable[[Any], dict[int, Any]] = claim_names.from_names
) -> dict[int, Any]:
    """The claims in a JSON file, by their integer keys; ends with status 2 where it cannot be used.

    meaning: claim_names.from_names for a whole stub's, changes_from_names for what changes in one.
    """
    try:
        raw = file.read_bytes()
    except OSError as why:
        raise Failure(f"cannot read {file}: {why.strerror}", USAGE) from why
    if len(raw) > _LARGEST_JSON:
        raise Failure(f"{file}: larger than {_LARGEST_JSON} bytes", USAGE)
    try:
        tree = json.loads(raw)
    except (ValueError, RecursionError) as why:
        raise Failure(f"{file}: no JSON: {why}: mend it there", USAGE) from why
    if not isinstance(tree, dict):
        raise Failure(
            f'{file}: claims are a JSON object: write {{"product": {{"scheme": "gs1", ...}}}}',
            USAGE,
        )
    try:
        return meaning(tree)
    except Malformed as why:
        raise Failure(f"{file}: {why}", USAGE) from why


def _stub_bytes(file: BinaryIO) -> bytes:
    raw = file.read(3 * 4096)
    text = raw.strip()
    if text[:2].lower() in (b"d2", b"84"):  # the hex of a stub's first byte
        try:
            return binascii.unhexlify(text)
        except binascii.Error:
            raise Malformed("the stub is neither raw bytes nor whole hex") from None
    return raw


def _fit(chip: str, url: str | None, size: int, as_json: bool) -> None:
    report = _nfc_fit(chip, url, size) if _is_nfc(chip) else _rain_fit(chip, size)
    if as_json:
        emit({"chip": chip, "bytes": size, "fits": report.as_dict()})
    else:
        click.echo(str(report))
    if _is_nfc(chip) and (report.best is None or report.best.way == "link only"):
        slots.plan_layout(chips.by_name(chip), url or "", size)  # says by how much, and the remedy


def _any_tag(chip: str) -> list[Any]:
    """The carrier claim of a tag of that chip, as long as each of them has it."""
    kind, size = ("nfc", _UID_SIZE) if _is_nfc(chip) else ("rain", _TID_SIZE)
    return [_KINDS[kind], bytes(size)]


def _is_nfc(chip: str) -> bool:
    return any(each.name == chip.upper() for each in chips.CHIPS)


def _nfc_fit(chip: str, url: str | None, size: int) -> slots.Report:
    if url is None:
        raise Failure("--url is missing: the link takes room too", USAGE)
    return slots.fits(chip, url, size)


def _rain_fit(chip: str, size: int) -> slots.Report:
    try:
        return userbank.fits(chip, _EPC_WORDS, size)
    except ValueError as why:
        known = ", ".join(each.name for each in chips.CHIPS)
        raise Failure(f"{why}; NFC: {known}", USAGE) from why
