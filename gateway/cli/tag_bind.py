"""`tagwright tag bind`: the code on an item and the tag on it become one product."""

from pathlib import Path
from typing import Any

import click

from gateway.cli import job_file
from gateway.cli.at_code_reader import (
    beside,
    code_reader_option,
    code_timeout_option,
    codes_option,
    requires_option,
)
from gateway.cli.at_reader import (
    access_password_option,
    at_reader,
    check_link,
    company_prefix_option,
    journal_option,
    journal_path,
    link_base_option,
    link_host_option,
    options,
    reader_option,
    root_option,
    timeout_option,
    trust_option,
)
from gateway.cli.key_file import opened_key
from gateway.cli.output import (
    TROUBLE,
    USAGE,
    Failure,
    answer_is_no,
    passphrase_option,
    play,
    say,
    secret,
)
from gateway.cli.page import Page
from gateway.cli.tag_answer import account, tell
from gateway.keys import DeviceKey
from gateway.stations.bind import BOUND, BindStation
from gateway.stations.item import by_code
from gateway.stations.orders import Order, OrderError, orders
from gateway.stations.post import Post
from gateway.stations.result import Result

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command(
    "bind",
    cls=Page,
    no="tag and code are not bound: refused, or one is missing",
    trouble="no tag came, or a reader cannot be used",
)
@click.option(
    "--orders",
    "orders_file",
    type=_FILE,
    help="Work orders as of `job run`: a blank tag gets the one that the code names.",
)
@click.option("--key", "key_file", type=_FILE, help="The key file that signs; with --orders.")
@link_base_option
@options(
    reader_option,
    code_reader_option,
    codes_option,
    code_timeout_option,
    requires_option,
    trust_option,
    root_option,
    link_host_option,
    journal_option,
    passphrase_option,
    company_prefix_option,
    access_password_option,
    timeout_option,
)
def bind(
    orders_file: Path | None,
    key_file: Path | None,
    base: str,
    url: str,
    code_url: str | None,
    count: int,
    code_timeout_s: float,
    requires: tuple[str, ...],
    trust_file: Path | None,
    root: str | None,
    hosts: tuple[str, ...],
    journal_file: Path | None,
    passphrase_file: Path | None,
    company_prefixes: tuple[str, ...],
    access_password_file: Path | None,
    timeout_s: float,
    as_json: bool,
) -> None:
    """Read the tag on an item and the code beside it, and record that both are one product; refused where they differ.

    The tag is verified, and so is a stub in the code. A blank tag is commissioned where --orders and --key are given.

    \b
    Example:  tagwright tag bind --reader pn532:/dev/ttyUSB0 --code-reader camera:0 --trust trust.cbor
    """
    if code_url is None:
        raise Failure("--code-reader is missing: name the camera or scanner beside the tag", USAGE)
    if (orders_file is None) != (key_file is None):
        raise Failure("--orders and --key belong together: a blank tag needs both", USAGE)
    if trust_file is None and key_file is None:
        raise Failure("--trust is missing: what is bound must be verified", USAGE)
    check_link("--link", base)
    wanted = _orders(orders_file, base, hosts) if orders_file is not None else None
    key = _key(key_file, passphrase_file)

    async def one() -> tuple[Result | None, dict[str, Any]]:
        at = at_reader(
            url,
            trust_file=trust_file,
            root=root,
            key=key,
            journal_file=journal_path(journal_file),
            company_prefixes=company_prefixes,
            access_password=secret(access_password_file),
        )
        async with at as post, beside(post, code_url, code_timeout_s, count, hosts) as sight:
            index = by_code(wanted) if wanted is not None else None
            result = await BindStation(post, sight, index, requires).serve(timeout_s)
            return result, _recorded(post, result)

    result, row = play(one())
    if result is None:
        raise Failure(f"no tag at {url} for {timeout_s:g} s: hold one to the reader", TROUBLE)
    _tell(result, row, as_json)
    if result.outcome != BOUND:
        answer_is_no()


def _tell(result: Result, row: dict[str, Any], as_json: bool) -> None:
    found = account(result)
    codes = row.get("codes", [])
    mine = [each for each in codes if each.get("product") and not each.get("fault")]
    found |= {
        "product": result.product or None,
        "code": next(iter(mine or codes), None),
        "codes": codes,
        "carriers": row.get("carriers", []),
        "missing": row.get("missing", {}),
    }
    tell(result, found, as_json)


def _recorded(post: Post, result: Result | None) -> dict[str, Any]:
    """The body of the row that says so."""
    if result is None or result.journal_seq is None or post.journal is None:
        return {}
    (row,) = post.journal.after(result.journal_seq - 1, 1)
    return row.content()


def _orders(file: Path, base: str, hosts: tuple[str, ...]) -> list[Order]:
    try:
        found = list(orders(job_file.read(file), base, hosts))
    except OrderError as why:
        raise Failure(f"{file}: {why}", USAGE) from why
    for each in found:
        if isinstance(each, OrderError):
            say(f"{file}: {each}")
    return [each for each in found if isinstance(each, Order)]


def _key(file: Path | None, passphrase_file: Path | None) -> DeviceKey | None:
    return opened_key(file, passphrase_file) if file else None
