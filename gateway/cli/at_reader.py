"""At a reader: the options that name it and what is done there, and the post that they make."""

import os
import re
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import click

from edge import weblink
from gateway.cli import completion
from gateway.cli.output import USAGE, Failure, Seconds, json_option
from gateway.journal import Journal
from gateway.keys import DeviceKey, TrustStore, public_key
from gateway.readers.registry import open_reader
from gateway.stations.post import Post

_FILE = click.Path(path_type=Path, dir_okay=False)
_LINK = re.compile(r"https://[A-Za-z0-9\[][!-;=?-\[\]_a-z~]*")  # RFC 3986's characters, and a host

Command = Callable[..., Any]


def options(*which: Callable[[Command], Command]) -> Callable[[Command], Command]:
    """The options of a command that ends with --json, in their order."""

    def decorate(command: Command) -> Command:
        for option in reversed((*which, json_option)):
            command = option(command)
        return command

    return decorate


reader_option = click.option(
    "--reader",
    "url",
    required=True,
    metavar="READER",
    envvar="TAGWRIGHT_READER",
    show_envvar=True,
    shell_complete=completion.reader,
    help="For example pn532:/dev/ttyUSB0, llrp://192.0.2.7?antenna=1 or m100:/dev/ttyUSB1",
)
trust_option = click.option("--trust", "trust_file", type=_FILE, help="The signed trust list.")
trust_needed_option = click.option(
    "--trust", "trust_file", type=_FILE, required=True, help="The signed trust list."
)
root_option = click.option(
    "--root", help="The root's public key in hex, or its key file [default: the list's pin]."
)
link_base_option = click.option(
    "--link",
    "base",
    default="https://id.example.com",
    show_default=True,
    help="Where the links of orders begin.",
)
link_host_option = click.option(
    "--link-host",
    "hosts",
    metavar="HOST",
    multiple=True,
    help="A host that links on carriers may name; may stand several times [default: any].",
)
journal_option = click.option(
    "--journal",
    "journal_file",
    type=_FILE,
    help="Where the act is recorded [default: journal.db in the user's state folder].",
)
company_prefix_option = click.option(
    "--company-prefix",
    "company_prefixes",
    metavar="DIGITS",
    multiple=True,
    callback=lambda ctx, param, value: _prefixes(value),
    help="RAIN: a GS1 company prefix of ours, so that short EPCs (SGTIN-96) can be written; may stand several times.",
)
access_password_option = click.option(
    "--access-password-file",
    type=_FILE,
    help="RAIN: the tags' access password, 8 hex digits on the file's first line.",
)
timeout_option = click.option(
    "--timeout",
    "timeout_s",
    type=Seconds(0.1),
    default=10.0,
    show_default=True,
    help="Seconds to wait for a tag.",
)


@asynccontextmanager
async def at_reader(
    url: str,
    *,
    trust_file: Path | None = None,
    root: str | None = None,
    key: DeviceKey | None = None,
    journal_file: Path | None = None,
    company_prefixes: tuple[str, ...] = (),
    access_password: int = 0,
) -> AsyncIterator[Post]:
    """A post at the reader that `url` names; its journal and reader are closed at the end."""
    trusted = None
    if trust_file is not None:
        trusted = TrustStore(trust_file, public_key(root).public if root else None).load()
    elif key is not None:
        trusted = key.card.alone(int(time.time()))  # what we wrote is checked against our own key
    async with AsyncExitStack() as stack:
        journal = None
        if journal_file is not None:
            journal_file.parent.mkdir(parents=True, exist_ok=True)
            journal = await stack.enter_async_context(Journal(journal_file))
        reader = open_reader(url)
        await reader.open()
        stack.push_async_callback(reader.close)
        yield Post(
            "cli",
            reader,
            journal,
            trusted,
            time.time,
            time.perf_counter,
            key,
            company_prefixes=company_prefixes,
            access_password=access_password,
        )


def journal_path(journal_file: Path | None) -> Path:
    """The journal that was named, else the one in the user's state folder (XDG base directories)."""
    if journal_file is not None:
        return journal_file
    base = os.environ.get("XDG_STATE_HOME")
    return (Path(base) if base else Path.home() / ".local" / "state") / "tagwright" / "journal.db"


def check_link(option: str, link: str) -> None:
    """End with status 2 where no phone opens `link`, or where it fails the pre-flight."""
    if not link.startswith("https://"):
        raise Failure(
            f"{option} {link}: a phone opens https links only: begin it with https://", USAGE
        )
    if not _LINK.fullmatch(link):
        raise Failure(f"{option} {link}: no link: write https://HOST/..., the rest as %XX", USAGE)
    faults = weblink.faults(link)
    if faults:
        raise Failure(f"{option} {link}: {'; '.join(faults)}", USAGE)


def _prefixes(found: tuple[str, ...]) -> tuple[str, ...]:
    for each in found:
        if not re.fullmatch("[0-9]{6,12}", each):
            raise click.BadParameter(f"{each!r}: a GS1 company prefix has 6 to 12 digits")
    return found
