"""`tagwright llrp`: one fixed RAIN reader, bank by bank; for stubs and verdicts there is `tagwright tag`."""

import asyncio
import functools
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

import click

from edge import epc, gen2
from edge.errors import Malformed
from gateway.cli.output import (
    TROUBLE,
    USAGE,
    Commands,
    Failure,
    Finite,
    Seconds,
    Stopped,
    answer_is_no,
    confirm,
    emit,
    json_option,
    play,
    rfc3339,
    say,
    secret,
)
from gateway.cli.stub import Hex
from gateway.model import Inventory, Select, Sighting, by_epc, by_tid
from gateway.readers.llrp import LlrpPort
from gateway.readers.llrp_reach import tls_context
from gateway.readers.rainport import RainPort

_FILE = click.Path(path_type=Path, dir_okay=False)
_BANKS = {"reserved": gen2.RESERVED, "epc": gen2.EPC, "tid": gen2.TID, "user": gen2.USER}
_PORT, _TLS_PORT = 5084, 5085  # IANA: llrp, llrp-tls
_MOST_WORDS = 2048  # of one read or write: the largest chip known
_LOOK_S = 0.3  # several rounds of a field with tens of tags
_SILENT = "the reader cannot be reached or is busy, or the tag does not answer"
_NAMED = 8  # tags in a message

Command = Callable[..., Any]


class _Words(Hex):
    """Bytes as hex digits, whole 16-bit words."""

    def convert(self, value: Any, param: Any, ctx: Any) -> bytes:
        found = super().convert(value, param, ctx)
        if not found or len(found) % 2:
            self.fail(f"{value!r} is no whole number of 16-bit words (4 digits each)", param, ctx)
        return found


def _options(*which: Callable[[Command], Command]) -> Callable[[Command], Command]:
    """The reader's own options become one argument `at`, the rest stay as they are."""

    def decorate(command: Command) -> Command:
        @functools.wraps(command)
        def bundled(
            host: str,
            tls: bool,
            ca: Path | None,
            cert: Path | None,
            key_file: Path | None,
            **more: Any,
        ) -> Any:
            return command(at=_reader(host, tls, ca, cert, key_file), **more)

        found: Command = bundled
        options: tuple[Callable[[Command], Command], ...] = (*_READER, *which, json_option)
        for option in reversed(options):
            found = option(found)
        return found

    return decorate


_READER: tuple[Callable[[Command], Command], ...] = (
    click.argument("host", metavar="HOST[:PORT]", help="The reader's address."),
    click.option("--tls", is_flag=True, help=f"Speak TLS [port {_TLS_PORT}]."),
    click.option("--ca", type=_FILE, help="PEM of the CA that signed the reader's certificate."),
    click.option("--cert", type=_FILE, help="PEM of our certificate, where the reader asks."),
    click.option("--key", "key_file", type=_FILE, help="PEM of its private key."),
)
_antenna = click.option(
    "--antenna", "antennas", type=click.IntRange(1, 255), multiple=True, help="Only this one."
)
_power = click.option("--power", "power_dbm", type=Finite(), help="Transmit power in dBm.")
_tid = click.option("--tid", type=_Words(), help="The tag with this TID.")
_epc = click.option("--epc", "epc_hex", type=_Words(), help="The tag with this EPC.")
_bank = click.option(
    "--bank",
    type=click.Choice(list(_BANKS)),
    default="user",
    show_default=True,
    help="The bank of the tag.",
)
_word = click.option(
    "--word", type=click.IntRange(0, 0xFFFF), default=0, show_default=True, help="First word."
)
_password = click.option(
    "--password-file", type=_FILE, help="The access password: 8 hex digits on its first line."
)


@click.group(cls=Commands)
def llrp() -> None:
    """A fixed RAIN reader, bank by bank.

    \b
    Example:  tagwright llrp inventory 192.0.2.7 --seconds 2
    """


@llrp.command(no="there was no tag", trouble="the reader cannot be reached, or is busy")
@click.option(
    "--seconds", type=Seconds(0.1), default=2.0, show_default=True, help="How long to look."
)
@click.option("--no-tid", is_flag=True, help="Faster: do not read the TIDs.")
@_options(_antenna, _power)
def inventory(
    at: RainPort,
    antennas: tuple[int, ...],
    power_dbm: float | None,
    seconds: float,
    no_tid: bool,
    as_json: bool,
) -> None:
    """Tell every sighting of every tag.

    \b
    Example:  tagwright llrp inventory 192.0.2.7 --seconds 2 --json
    """
    want = Inventory(antennas=antennas, power_dbm=power_dbm, tid=not no_tid)
    seen: dict[bytes, int] = {}

    async def look() -> None:
        async with _opened(at) as port, aclosing(port.watch(want)) as batches:
            try:
                async with asyncio.timeout(seconds):
                    async for batch in batches:
                        for each in batch:
                            if isinstance(each, Sighting):
                                _tell_sighting(each, as_json)
                                name = each.tid or each.epc
                                seen[name] = seen.get(name, 0) + each.count
            except TimeoutError:
                return

    try:
        play(look())
    except Stopped:
        say("stopped")
    say(f"tags {len(seen)}, reads {sum(seen.values())}")
    if not seen:
        answer_is_no()


@llrp.command("read", no="", trouble=_SILENT)
@click.option(
    "--words", type=click.IntRange(1, _MOST_WORDS), required=True, help="How many to read."
)
@_options(_tid, _epc, _bank, _word, _password)
def read_(
    at: RainPort,
    tid: bytes | None,
    epc_hex: bytes | None,
    bank: str,
    word: int,
    words: int,
    password_file: Path | None,
    as_json: bool,
) -> None:
    """Read words of one tag's bank.

    \b
    Example:  tagwright llrp read 192.0.2.7 --tid e28011052000... --bank user --words 16 --json
    """
    select = _select(tid, epc_hex)
    password = secret(password_file)

    async def work() -> bytes:
        async with _opened(at) as port:
            await _check_alone(port, select)
            return await port.read(select, _BANKS[bank], word, words, password)

    _tell_words(select, bank, word, play(work()), as_json)


@llrp.command(no="what was read back is not what was written", trouble=_SILENT)
@click.option("--data", type=_Words(), help="What to write, in hex.")
@click.option(
    "--data-file", type=_FILE, help="The same from a file's first line: for passwords, say."
)
@_options(_tid, _epc, _bank, _word, _password)
def write(
    at: RainPort,
    tid: bytes | None,
    epc_hex: bytes | None,
    bank: str,
    word: int,
    data: bytes | None,
    data_file: Path | None,
    password_file: Path | None,
    as_json: bool,
) -> None:
    """Write words of one tag's bank, and read them back.

    In the bank `reserved` the words 0 and 1 are the kill password, 2 and 3 the access password; they come from
    --data-file alone, for what stands on a command line, others can read.

    \b
    Example:  tagwright llrp write 192.0.2.7 --tid e28011052000... --bank user --word 4 --data cafe
    """
    select = _select(tid, epc_hex)
    if (data is None) == (data_file is None):
        raise Failure("give either --data or --data-file", USAGE)
    if data is not None and bank == "reserved":
        raise Failure("--data: others can read a command line: put passwords in --data-file", USAGE)
    words = data if data is not None else _words_of(data_file)
    password = secret(password_file)

    async def work() -> bytes:
        async with _opened(at) as port:
            await _check_alone(port, select)
            await port.write(select, _BANKS[bank], word, words, password)
            return await port.read(select, _BANKS[bank], word, len(words) // 2, password)

    back = play(work())
    if back != words:
        raise Failure(f"what was read back from {bank} is not what was written: write it again", 1)
    _tell_words(select, bank, word, b"" if bank == "reserved" else back, as_json)


@llrp.command("lock", no="", trouble=_SILENT)
@click.option(
    "--bank",
    "banks",
    type=click.Choice(["kill", "access", "epc", "tid", "user"]),
    multiple=True,
    required=True,
    help="What to lock; may stand several times.",
)
@click.option(
    "--how",
    type=click.Choice(["lock", "unlock", "permalock", "permaunlock"]),
    default="lock",
    show_default=True,
    help="lock: writable with the access password only.",
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@_options(_tid, _epc, _password)
def lock_(
    at: RainPort,
    tid: bytes | None,
    epc_hex: bytes | None,
    banks: tuple[str, ...],
    how: str,
    yes: bool,
    password_file: Path | None,
    as_json: bool,
) -> None:
    """Lock or unlock banks and passwords of one tag.

    A tag whose access password is zero, as it left the factory, keeps nobody out: write one first, into the words 2
    and 3 of its bank `reserved`.

    \b
    Example:  tagwright llrp lock 192.0.2.7 --tid e28011052000... --bank user --how permalock --yes
    """
    select = _select(tid, epc_hex)
    if how.startswith("perma"):
        confirm(yes, f"{how} of {', '.join(banks)} can never be undone. Go on?")
    mask, action = gen2.lock_payload(dict.fromkeys(banks, how))
    password = secret(password_file)

    async def work() -> None:
        async with _opened(at) as port:
            await _check_alone(port, select)
            await port.lock(select, mask, action, password)

    play(work())
    if as_json:
        emit({**_who(select), "banks": list(banks), "how": how, "outcome": "done"})
    else:
        click.echo(f"{select.mask.hex()}  {how}: {', '.join(banks)}")


def _reader(
    host: str, tls: bool, ca: Path | None, cert: Path | None, key_file: Path | None
) -> LlrpPort:
    if not tls and (ca or cert or key_file):
        raise Failure("--ca, --cert and --key are for --tls", USAGE)
    name, number = _host(host, _TLS_PORT if tls else _PORT)
    return LlrpPort(name, number, tls_context(ca, cert, key_file) if tls else None)


@asynccontextmanager
async def _opened(port: RainPort) -> AsyncIterator[RainPort]:
    await port.open()
    try:
        yield port
    finally:
        await port.close()


def _host(text: str, default: int) -> tuple[str, int]:
    """HOST, HOST:PORT or [IPv6]:PORT."""
    name, colon, port = text.rpartition(":")
    if not colon or text.endswith("]") or (":" in name and not name.startswith("[")):
        name, port = text, str(default)
    if not port.isdecimal() or not 0 < int(port) < 1 << 16 or not name:
        raise Failure(f"{text!r} is no HOST[:PORT]: write 192.0.2.7 or 192.0.2.7:{default}", USAGE)
    return name.strip("[]"), int(port)


async def _check_alone(port: RainPort, select: Select) -> None:
    """Failure where several tags have the EPC that was named: any of them could answer."""
    if select.bank == gen2.TID:
        return
    found = await port.inventory(Inventory(select=select, session=0), _LOOK_S)
    tids = sorted({each.tid.hex() for each in found if each.tid})
    if len(tids) > 1:
        text = f"{len(tids)} tags have the EPC {select.mask.hex()}: name one by --tid: {', '.join(tids[:_NAMED])}"
        raise Failure(text, TROUBLE)


def _select(tid: bytes | None, epc_hex: bytes | None) -> Select:
    if (tid is None) == (epc_hex is None):
        raise Failure("name the tag: either --tid or --epc (see `llrp inventory`)", USAGE)
    return by_tid(tid) if tid is not None else by_epc(epc_hex or b"")


def _who(select: Select) -> dict[str, Any]:
    return {"tid" if select.bank == gen2.TID else "epc": select.mask}


def _words_of(file: Path | None) -> bytes:
    assert file is not None
    try:
        found = bytes.fromhex(file.read_text("ascii").partition("\n")[0])
    except (UnicodeError, ValueError):
        found = b""
    if not found or len(found) % 2:
        raise Failure(f"{file}: put whole words in hex (4 digits each) on line 1", USAGE)
    return found


def _uri(raw: bytes) -> str | None:
    try:
        return epc.decode(raw).uri
    except Malformed:
        return None


def _tell_sighting(seen: Sighting, as_json: bool) -> None:
    if as_json:
        emit(
            {
                "epc": seen.epc,
                "uri": _uri(seen.epc),
                "tid": seen.tid or None,
                "antenna": seen.antenna,
                "rssi_dbm": seen.rssi_dbm,
                "count": seen.count,
                "seen_at": rfc3339(seen.seen_at),
            }
        )
    else:
        uri = _uri(seen.epc) or "(no known scheme)"
        tid = f"  tid {seen.tid.hex()}" if seen.tid else ""
        click.echo(f"{seen.epc.hex():24}  {seen.antenna:2}  {seen.rssi_dbm:6.1f} dBm{tid}  {uri}")


def _tell_words(select: Select, bank: str, word: int, data: bytes, as_json: bool) -> None:
    if as_json:
        emit({**_who(select), "bank": bank, "word": word, "data": data})
    elif data:
        for at in range(0, len(data), 16):
            line = " ".join(data[n : n + 2].hex() for n in range(at, min(at + 16, len(data)), 2))
            click.echo(f"{bank} {word + at // 2:4}  {line}")
    else:
        click.echo(f"{select.mask.hex()}  written")
