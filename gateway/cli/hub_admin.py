"""`tagwright hub token|gateways|revoke|credential|proof|audit`: who may, and who did."""

import asyncio
import secrets
import time
from pathlib import Path
from typing import Any

import click

from gateway.cli.at_hub import myself, opened, settings_option, standing
from gateway.cli.key_file import opened_key
from gateway.cli.output import (
    NO,
    USAGE,
    Failure,
    answer_is_no,
    emit,
    json_option,
    passphrase_option,
    rfc3339,
)
from gateway.cli.page import Page
from gateway.hub import audit as audit_trail
from gateway.hub import credential as credentials
from gateway.hub.ca import Authority
from gateway.hub.enrolment import Enrolment
from gateway.hub.enrolment_http import NAME, known_json
from gateway.hub.gateways import Gateways
from gateway.hub.settings import HubSettings
from gateway.keys import public_key, read_card

_DAY = 86400  # seconds
_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command(cls=Page, no="", trouble="the database cannot be used")
@click.argument("name", help="What the hub shall call the gateway.")
@click.option("--hours", type=click.FloatRange(0, 720, min_open=True), help="How long it is good.")
@settings_option
@json_option
def token(name: str, hours: float | None, settings: HubSettings, as_json: bool) -> None:
    """Make a token by which the gateway NAME may enrol once.

    \b
    Example:  tagwright hub token line1 -c hub.toml
    """
    if not NAME.fullmatch(name):
        raise Failure(f"{name}: write letters, digits, '.', '_' and '-', 63 at most", USAGE)
    table = settings.ca
    if table is None:
        sentence = (
            "the hub has no [ca], and gateways enrol at a hub with a CA: give -c hub.toml with one"
        )
        raise Failure(sentence, USAGE)
    authority = Authority(table.folder, table.names, time.time())

    async def make() -> tuple[str, int]:
        async with opened(settings) as (database, kept):
            enrolment = Enrolment(database, authority, table.certificate_days)
            made = await enrolment.token(name, table.token_hours if hours is None else hours)
            await kept.record(myself(), "token", name, "made")
            return made

    made, until = asyncio.run(make())
    if as_json:
        emit({"token": made, "gateway": name, "until": rfc3339(until)})
    else:
        click.echo(made)


@click.command(cls=Page, no="", trouble="the database cannot be used")
@settings_option
@json_option
def gateways(settings: HubSettings, as_json: bool) -> None:
    """List the gateways that have enrolled.

    \b
    Example:  tagwright hub gateways -c hub.toml
    """
    standing(settings)

    async def ask() -> list[dict[str, Any]]:
        async with opened(settings) as (database, _):
            return [known_json(each) for each in await Gateways(database).listed()]

    for each in asyncio.run(ask()):
        if as_json:
            emit(each)
        elif each["revoked"]:
            click.echo(f"{each['name']:24}  revoked {each['revoked']}")
        else:
            click.echo(f"{each['name']:24}  certified until {each['not_after']}")


@click.command(cls=Page, no="no such gateway is enrolled", trouble="the database cannot be used")
@click.argument("name", help="The gateway: see `hub gateways`.")
@settings_option
@json_option
def revoke(name: str, settings: HubSettings, as_json: bool) -> None:
    """Refuse the gateway NAME from now on, on connections that stand open too.

    \b
    Example:  tagwright hub revoke line1 -c hub.toml
    """
    standing(settings)

    async def do() -> bool:
        async with opened(settings) as (database, kept):
            is_known = await Gateways(database).revoke(name)
            await kept.record(myself(), "revoke", name, "revoked" if is_known else "not known")
            return is_known

    if not asyncio.run(do()):
        raise Failure(f"no gateway {name} is enrolled: see `tagwright hub gateways`", NO)
    if as_json:
        emit({"gateway": name, "revoked": True})
    else:
        click.echo(f"{name} is refused from now on")


@click.command(cls=Page, no="")
@click.option(
    "--role",
    "roles",
    type=click.Choice(list(credentials.ISSUING)),
    multiple=True,
    required=True,
    help="What the holder may; can be given again.",
)
@click.option("--subject", required=True, help="Who the holder is.")
@click.option("--key", "path", type=_FILE, required=True, help="The issuer's key file.")
@click.option(
    "--holder", required=True, metavar="KEYFILE|PUBHEX", help="The holder's key, for proofs."
)
@click.option(
    "--days",
    type=click.IntRange(1, 3660),
    default=30,
    show_default=True,
    help="How long it is good for.",
)
@passphrase_option
@json_option
def credential(
    roles: tuple[str, ...],
    subject: str,
    path: Path,
    holder: str,
    days: int,
    passphrase_file: Path | None,
    as_json: bool,
) -> None:
    """Sign a role credential; the answer is what goes behind "Authorization: Bearer".

    \b
    Example:  tagwright hub credential --role legitimate_interest --subject "Repair Ltd"
                  --key issuer.key --holder repair.key
    """
    issuer = opened_key(path, passphrase_file)
    now = int(time.time())
    made = credentials.Credential(
        issuer=issuer.operator or issuer.kid.hex(),
        subject=subject,
        roles=roles,
        not_before=now,
        expires=now + days * _DAY,
        issued=now,
        id=secrets.token_bytes(16),
        holder=public_key(holder).public,
    )
    text = credentials.bearer(made.sign(issuer))
    if as_json:
        emit({"credential": text, "id": made.id, "expires": rfc3339(made.expires)})
    else:
        click.echo(text)


@click.command(cls=Page, no="")
@click.argument("method", help="GET, PUT, DELETE, ...")
@click.argument("target", metavar="PATH?QUERY", help="As the request has it, behind the host.")
@click.option("--key", "path", type=_FILE, required=True, help="The credential holder's key file.")
@click.option("--body", type=click.File("rb"), help="The request's body [default: none].")
@passphrase_option
@json_option
def proof(
    method: str, target: str, path: Path, body: Any, passphrase_file: Path | None, as_json: bool
) -> None:
    """Sign one request with a credential holder's key: what goes behind "Tagwright-Proof:".

    \b
    Example:  tagwright hub proof DELETE /v1/dpps/a1 --key repair.key
    """
    key = opened_key(path, passphrase_file)
    data = body.read() if body is not None else b""
    now, nonce = int(time.time()), secrets.token_bytes(16)
    made = credentials.proof(key, method.upper(), target.encode(), data, now, nonce)
    if as_json:
        emit({"proof": credentials.bearer(made)})
    else:
        click.echo(credentials.bearer(made))


@click.command(
    cls=Page, no="a chain or a signature does not hold", trouble="the database cannot be used"
)
@click.option("--verify", "is_verified", is_flag=True, help="Check every chain and signature.")
@click.option("--node", help="The chain [default: that of hub.toml].")
@click.option("--after", type=click.IntRange(0), default=0, help="Rows behind this one.")
@click.option(
    "--key", "keys", multiple=True, metavar="KEYFILE|PUBHEX", help="Another hub's key, to verify."
)
@settings_option
@json_option
def audit(
    is_verified: bool,
    node: str | None,
    after: int,
    keys: tuple[str, ...],
    settings: HubSettings,
    as_json: bool,
) -> None:
    """Show what was refused and what was managed, or verify that nobody has changed it.

    \b
    Example:  tagwright hub audit --verify -c hub.toml
    """
    standing(settings)
    if is_verified:
        cards = [read_card(settings.access.audit_key), *(public_key(each) for each in keys)]
        _verify(settings, cards, as_json)
        return

    async def show() -> None:
        async with opened(settings) as (database, _):
            last = after
            while page := await audit_trail.acts(database, node or settings.access.node, last):
                for act in page:
                    _show(act, as_json)
                last = page[-1].seq

    asyncio.run(show())


def _verify(settings: HubSettings, cards: list[Any], as_json: bool) -> None:
    async def look() -> tuple[list[str], list[tuple[str, int, bytes]]]:
        async with opened(settings) as (database, _):
            faults = [each async for each in audit_trail.faults(database, cards)]
            return faults, await audit_trail.nodes(database)

    faults, heads = asyncio.run(look())
    for fault in faults:
        if as_json:
            emit({"fault": fault})
        else:
            click.echo(fault)
    if faults:
        answer_is_no()
    for node, seq, hash in heads:
        if as_json:
            emit({"node": node, "rows": seq, "hash": hash})
        else:
            click.echo(f"{node}: {seq} rows, whole and signed; the last is {hash.hex()}")


def _show(act: audit_trail.Act, as_json: bool) -> None:
    if as_json:
        emit(act.as_json())
    else:
        at = rfc3339(act.at_ns / 1e9)
        who = act.caller or "a stranger"
        click.echo(f"{act.seq:6}  {at}  {who} ({act.role}): {act.act} {act.subject}: {act.outcome}")
