"""`tagwright key`: device keys, and the trust list that names whose signatures count."""

import time
from pathlib import Path

import click

from edge.errors import Malformed
from edge.trust import Entry, TrustList, encode
from gateway.cli.key_file import opened_key
from gateway.cli.output import (
    USAGE,
    Commands,
    Failure,
    emit,
    json_option,
    passphrase,
    passphrase_option,
    rfc3339,
    say,
)
from gateway.keys import DeviceKey, KeyCard, TrustStore, public_key, read_card

_DAY = 86400  # seconds
_LAST_SECOND = 253_402_300_799  # of the year 9999
_DAYS = click.IntRange(1, 36525)

_FILE = click.Path(path_type=Path, dir_okay=False)
_FIELDS = (
    "kid",
    "key",
    "operator",
    "roles",
    "valid_from",
    "valid_to",
    "revoked_since",
    "gtin_prefixes",
    "jurisdiction",
)


@click.group(cls=Commands)
def key() -> None:
    """Device keys and the trust list.

    \b
    Example:  tagwright key new --out line1.key --operator NL-ACME
              tagwright key trust --add line1.key --out trust.cbor
    """


@key.command(no="")
@click.option("--out", "path", type=_FILE, required=True, help="The key file to make.")
@click.option("--no-passphrase", is_flag=True, help="Leave the key file unencrypted.")
@click.option("--operator", default="", help="The economic operator that this key signs for.")
@click.option(
    "--curve",
    type=click.Choice(["ed25519", "p256"]),
    default="ed25519",
    show_default=True,
    help="Of the key: p256 where a regulation asks for it.",
)
@passphrase_option
@json_option
def new(
    path: Path,
    no_passphrase: bool,
    operator: str,
    curve: str,
    passphrase_file: Path | None,
    as_json: bool,
) -> None:
    """Make a device key.

    \b
    Example:  tagwright key new --out line1.key --operator NL-ACME
    """
    secret = None if no_passphrase else passphrase(passphrase_file, "Passphrase for the new key")
    if secret is None and not no_passphrase:
        raise Failure("no passphrase: give --passphrase-file, or --no-passphrase", USAGE)
    if not operator.isprintable():
        raise Failure("--operator holds a character that cannot be printed", USAGE)
    made = DeviceKey.generate(curve, operator)
    made.save(path, secret)
    _show(made.card, as_json, path)


@key.command(no="")
@click.argument("path", metavar="FILE", type=_FILE, help="The key file.")
@json_option
def show(path: Path, as_json: bool) -> None:
    """Show a key file's public part; no passphrase is needed.

    \b
    Example:  tagwright key show line1.key --json
    """
    _show(read_card(path), as_json, path)


@key.command("list", no="the file is no trust list")
@click.argument(
    "path",
    metavar="[TRUST]",
    type=_FILE,
    default="trust.cbor",
    help="The signed trust list [default: trust.cbor].",
)
@click.option("--root", help="The root's public key in hex, or its key file.")
@json_option
def list_(path: Path, root: str | None, as_json: bool) -> None:
    """List the keys of a trust list.

    \b
    Example:  tagwright key list trust.cbor
    """
    found = TrustStore(path, public_key(root).public if root else None).load()
    if not as_json:
        click.echo(f"list {found.number}, good until {rfc3339(found.not_after)}")
    for entry in found.entries:
        if as_json:
            emit(_entry(entry))
        else:
            state = (
                f"revoked since {rfc3339(entry.revoked_since)}"
                if entry.revoked_since
                else "trusted"
            )
            click.echo(f"{entry.kid.hex()}  {entry.operator or '-':24}  {state}")


@key.command(no="the file is no trust list")
@click.option(
    "--add", "keys", multiple=True, required=True, metavar="KEYFILE|PUBHEX", help="Whom to trust."
)
@click.option("--out", "path", type=_FILE, required=True, help="The trust list to make or extend.")
@click.option(
    "--root-key", type=_FILE, help="The root's key file [default: beside the list, LIST.root.key]."
)
@click.option("--operator", help="The operator of the keys added [default: that of the key file].")
@click.option(
    "--role",
    "roles",
    multiple=True,
    default=("issuer",),
    show_default=True,
    help="What it signs: issuer (stubs), credential-issuer, manager-issuer; may be given again.",
)
@click.option("--gtin-prefix", "prefixes", multiple=True, help="Only for GTIN-14s that begin so.")
@click.option("--jurisdiction", default="", help="For example EU or NL.")
@click.option(
    "--days", type=_DAYS, default=365, show_default=True, help="How long the list is good for."
)
@passphrase_option
@json_option
def trust(
    keys: tuple[str, ...],
    path: Path,
    root_key: Path | None,
    operator: str | None,
    roles: tuple[str, ...],
    prefixes: tuple[str, ...],
    jurisdiction: str,
    days: int,
    passphrase_file: Path | None,
    as_json: bool,
) -> None:
    """Add keys to a trust list and sign it with the offline root, which is made on first use.

    \b
    Example:  tagwright key trust --add line1.key --out trust.cbor
    """
    cards = [public_key(name) for name in keys]
    if not path.parent.is_dir():
        raise Failure(f"--out {path}: there is no folder {path.parent}", USAGE)
    place, secret = root_key or _beside(path), None
    may_make = not path.exists() and not place.exists()
    if may_make:
        secret = passphrase(passphrase_file, f"Passphrase for the new root key {place}")
        root = DeviceKey.generate()
    else:
        root = _root(path, place, passphrase_file)
    now = int(time.time())
    entries = {entry.key: entry for entry in _entries(path, root)}
    for card in cards:
        entries[card.public] = card.entry(
            now,
            operator=card.operator if operator is None else operator,
            roles=roles,
            gtin_prefixes=prefixes,
            jurisdiction=jurisdiction,
        )
    made = _list(path, root, list(entries.values()), now, days)
    if may_make:  # only now: whatever was named has been looked at
        root.save(place, secret)
        how = "encrypted" if secret else "NOT ENCRYPTED, for want of a passphrase"
        say(f"made the root key {place} ({how}); keep it offline. Root: {root.public.hex()}")
    _save(path, root, made, days, as_json)


@key.command(no="the file is no trust list")
@click.argument("kid", help="The key's id, 16 hex digits: see `key list`.")
@click.option("--out", "path", type=_FILE, required=True, help="The trust list to change.")
@click.option(
    "--since",
    type=click.IntRange(0, _LAST_SECOND),
    help="Unix seconds from which the key does not count [default: now].",
)
@click.option(
    "--root-key", type=_FILE, help="The root's key file [default: beside the list, LIST.root.key]."
)
@click.option(
    "--days", type=_DAYS, default=365, show_default=True, help="How long the list is good for."
)
@passphrase_option
@json_option
def revoke(
    kid: str,
    path: Path,
    since: int | None,
    root_key: Path | None,
    days: int,
    passphrase_file: Path | None,
    as_json: bool,
) -> None:
    """Mark a key of a trust list as revoked and sign the list anew.

    \b
    Example:  tagwright key revoke 0123456789abcdef --out trust.cbor
    """
    root = _root(path, root_key or _beside(path), passphrase_file)
    now = int(time.time())
    entries = list(_entries(path, root))
    hit = [place for place, entry in enumerate(entries) if entry.kid.hex() == kid.lower()]
    if not hit:
        raise Failure(f"{path} has no key {kid}: see `tagwright key list {path}`", USAGE)
    for place in hit:
        fields = {name: getattr(entries[place], name) for name in _FIELDS}
        entries[place] = Entry(**(fields | {"revoked_since": now if since is None else since}))
    _save(path, root, _list(path, root, entries, now, days), days, as_json)


def _beside(path: Path) -> Path:
    """Where a list's root key lies unless another place is named."""
    return path.with_name(path.name + ".root.key")


def _root(path: Path, place: Path, file: Path | None) -> DeviceKey:
    if not place.exists():
        raise Failure(f"no root key at {place}: name the one of {path} with --root-key", USAGE)
    return opened_key(place, file)


def _entries(path: Path, root: DeviceKey) -> tuple[Entry, ...]:
    return TrustStore(path, root.public).load().entries if path.exists() else ()


def _list(path: Path, root: DeviceKey, entries: list[Entry], now: int, days: int) -> TrustList:
    """The list that comes next at `path`; nothing is written. Failure where the format has no room for it."""
    number = TrustStore(path, root.public).load().number + 1 if path.exists() else 1
    made = TrustList(number, now, now + days * _DAY, tuple(entries))
    try:
        encode(made, root.alg, root.kid, root.sign)
    except Malformed as why:
        raise Failure(str(why), USAGE) from why
    return made


def _save(path: Path, root: DeviceKey, made: TrustList, days: int, as_json: bool) -> None:
    TrustStore(path, root.public).save(made, root)
    number, count = made.number, len(made.entries)
    if as_json:
        emit({"trust": path, "number": number, "keys": count, "root": root.public})
    else:
        click.echo(f"{path}: list {number} with {count} keys, good for {days} days")


def _show(card: KeyCard, as_json: bool, path: Path) -> None:
    if as_json:
        emit(
            {"kid": card.kid, "public_key": card.public, "alg": card.alg, "operator": card.operator}
        )
    else:
        click.echo(f"{path}: kid {card.kid.hex()}, public key {card.public.hex()}, alg {card.alg}")


def _entry(entry: Entry) -> dict[str, object]:
    shown = {name: getattr(entry, name) for name in _FIELDS}
    for name in ("valid_from", "valid_to", "revoked_since"):
        shown[name] = None if shown[name] is None else rfc3339(shown[name])
    return shown | {"public_key": shown.pop("key")}
