"""`tagwright tag`: one tag at one reader."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import click

from edge import claims as claim_names
from edge import gs1
from edge import stub as stubs
from gateway.cli.at_reader import (
    access_password_option,
    at_reader,
    check_link,
    company_prefix_option,
    journal_option,
    journal_path,
    options,
    reader_option,
    root_option,
    timeout_option,
    trust_needed_option,
    trust_option,
)
from gateway.cli.key_file import opened_key
from gateway.cli.output import (
    TROUBLE,
    USAGE,
    Commands,
    Failure,
    answer_is_no,
    confirm,
    passphrase_option,
    play,
    secret,
)
from gateway.cli.stub import read_claims
from gateway.cli.tag_answer import account, tell
from gateway.cli.tag_bind import bind
from gateway.cli.tag_watch import watch
from gateway.stations import care, commission, read, update, verify
from gateway.stations.orders import Order
from gateway.stations.post import Post
from gateway.stations.result import Result
from gateway.stations.station import Station

_FILE = click.Path(path_type=Path, dir_okay=False)
_DONE = {"commissioned", "updated", "repaired", "formatted", "locked"}
_LEFT = "no tag came, it left in mid-write, or reader or disk cannot be used"
_RAIN = ("llrp:", "llrps:", "m100:")  # schemes of readers whose tags hold no link


@click.group(cls=Commands)
def tag() -> None:
    """One tag at one reader: read, write, verify, bind, format, lock, watch.

    \b
    Example:  tagwright tag verify --reader pn532:/dev/ttyUSB0 --trust trust.cbor
    """


@tag.command(
    "read",
    no="the tag holds neither a link nor a stub",
    trouble="no tag came, or the reader cannot be used",
)
@options(reader_option, timeout_option)
def read_(url: str, timeout_s: float, as_json: bool) -> None:
    """Say what stands on a tag; nothing is verified.

    \b
    Example:  tagwright tag read --reader pn532:/dev/ttyUSB0 --json
    """
    result = _once(url, timeout_s, read.read_one)
    answer = account(result)
    answer.pop("verdict", None)
    tell(result, answer, as_json)
    if result.stub is None and result.link is None:
        answer_is_no()


@tag.command(
    "verify", no="the verdict is not green", trouble="no tag came, or the reader cannot be used"
)
@options(reader_option, trust_needed_option, root_option, timeout_option)
def verify_(url: str, trust_file: Path, root: str | None, timeout_s: float, as_json: bool) -> None:
    """Verify a tag with no network.

    \b
    Example:  tagwright tag verify --reader pn532:/dev/ttyUSB0 --trust trust.cbor --json
    """
    result = _once(url, timeout_s, verify.verify_one, trust_file=trust_file, root=root)
    tell(result, account(result), as_json)
    if result.signal.colour != "green":
        answer_is_no()


@tag.command(no="the tag was refused, and holds what it held", trouble=_LEFT)
@click.option(
    "--url", "link", help="The https link that a phone opens; needed for a first write on NFC."
)
@click.option("--claims", "claims_file", type=_FILE, required=True, help="Claims by name, as JSON.")
@click.option("--key", "key_file", type=_FILE, required=True, help="The key file that signs.")
@click.option(
    "--update",
    "is_update",
    is_flag=True,
    help="Write the next stub of this tag's chain: CLAIMS are what changes.",
)
@click.option(
    "--overwrite", is_flag=True, help="Write even where another product or program left something."
)
@click.option(
    "--lock", is_flag=True, help="Make the tag read-only afterwards; this cannot be undone."
)
@options(
    reader_option,
    trust_option,
    root_option,
    journal_option,
    passphrase_option,
    company_prefix_option,
    access_password_option,
    timeout_option,
)
def write(
    link: str | None,
    claims_file: Path,
    key_file: Path,
    is_update: bool,
    overwrite: bool,
    lock: bool,
    url: str,
    trust_file: Path | None,
    root: str | None,
    journal_file: Path | None,
    passphrase_file: Path | None,
    company_prefixes: tuple[str, ...],
    access_password_file: Path | None,
    timeout_s: float,
    as_json: bool,
) -> None:
    """Write a link (NFC) or EPC (RAIN) and a signed stub, read back, verify and record it.

    \b
    Example:  tagwright tag write --reader pn532:/dev/ttyUSB0 --claims claims.json --key line1.key
                --url https://id.example.com/01/09520123456788/21/A1
              tagwright tag write --reader llrp://192.0.2.7?antenna=1 --claims claims.json --key line1.key
    """
    key = opened_key(key_file, passphrase_file)
    if is_update:
        job = _update(read_claims(claims_file, claim_names.changes_from_names))
    else:
        order = _order(read_claims(claims_file), link, url, overwrite, lock)

        async def job(post: Post, target: Any) -> Result:
            return await commission.commission_one(post, target, order)

    result = _once(
        url,
        timeout_s,
        job,
        trust_file=trust_file,
        root=root,
        key=key,
        journal_file=journal_path(journal_file),
        company_prefixes=company_prefixes,
        access_password=secret(access_password_file),
    )
    tell(result, account(result), as_json)
    if result.outcome not in _DONE:
        answer_is_no()


@tag.command("format", no="the tag was refused, and holds what it held", trouble=_LEFT)
@click.option("--yes", is_flag=True, help="Do not ask.")
@options(reader_option, journal_option, access_password_option, timeout_option)
def format_(
    yes: bool,
    url: str,
    journal_file: Path | None,
    access_password_file: Path | None,
    timeout_s: float,
    as_json: bool,
) -> None:
    """Empty a tag: NFC, an NDEF tag with no message; RAIN, an empty USER bank, and the EPC stays.

    \b
    Example:  tagwright tag format --reader pn532:/dev/ttyUSB0 --yes
    """
    confirm(yes, "Everything on the tag will be gone. Go on?")
    result = _once(
        url,
        timeout_s,
        care.format_one,
        journal_file=journal_path(journal_file),
        access_password=secret(access_password_file),
    )
    tell(result, account(result), as_json)
    if result.outcome not in _DONE:
        answer_is_no()


@tag.command("lock", no="the tag was refused, and stays as it was", trouble=_LEFT)
@click.option("--yes", is_flag=True, help="Do not ask.")
@options(reader_option, journal_option, access_password_option, timeout_option)
def lock_(
    yes: bool,
    url: str,
    journal_file: Path | None,
    access_password_file: Path | None,
    timeout_s: float,
    as_json: bool,
) -> None:
    """Make a tag read-only for ever.

    \b
    Example:  tagwright tag lock --reader pn532:/dev/ttyUSB0 --yes
    """
    confirm(yes, "A locked tag can never be written again, not even to update its stub. Go on?")
    result = _once(
        url,
        timeout_s,
        care.lock_one,
        journal_file=journal_path(journal_file),
        access_password=secret(access_password_file),
    )
    tell(result, account(result), as_json)
    if result.outcome not in _DONE:
        answer_is_no()


for command in (bind, watch):
    tag.add_command(command)


def _once(
    url: str, timeout_s: float, job: Callable[[Post, Any], Awaitable[Result]], **post: Any
) -> Result:
    async def one() -> Result | None:
        async with at_reader(url, **post) as at:
            return await Station(at).serve(job, idle_s=timeout_s)

    result = play(one())
    if result is None:
        raise Failure(f"no tag at {url} for {timeout_s:g} s: hold one to the reader", TROUBLE)
    return result


def _order(
    claims: dict[int, Any], link: str | None, url: str, overwrite: bool, lock: bool
) -> Order:
    if link is None and url.startswith(_RAIN):  # which holds an EPC, and no link
        return Order(claims=claims, link="", overwrite=overwrite, lock=lock)
    if link is None:
        raise Failure(
            "--url is missing: name the link that a phone opens, https://HOST/01/GTIN/21/SERIAL",
            USAGE,
        )
    check_link("--url", link)
    if gs1.link_names(link, claims[stubs.PRODUCT]) is False:
        raise Failure(
            "--url names another product than the claims: write their GTIN and serial into it",
            USAGE,
        )
    return Order(claims=claims, link=link, overwrite=overwrite, lock=lock)


def _update(changes: dict[int, Any]) -> Callable[[Post, Any], Awaitable[Result]]:
    async def job(post: Post, target: Any) -> Result:
        return await update.update_one(post, target, changes)

    return job
