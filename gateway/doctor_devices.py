"""What the doctor finds at a reader: whether its URL names one, and whether the device is there."""

import asyncio
import errno
import getpass
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from gateway.config import CodesConfig, ConfigProblem, ReaderConfig, secret
from gateway.finding import FAULT, WARNING, WELL, Finding
from gateway.model import DeviceTrouble, ReaderBusy
from gateway.readers import handheld
from gateway.readers.codeport import CodeReader
from gateway.readers.port import TagReader
from gateway.readers.registry import (
    CODE_SCHEMES,
    UsageProblem,
    open_code_reader,
    open_handhelds,
    open_reader,
)
from gateway.stations.despatch import expected
from gateway.stations.orders import OrderError

_NETWORK = ("llrp:", "llrps:")
_REACH_S = 10.0
_SERIAL = ("pn532:", "m100:")
_URL = "mend the url of this [[reader]]"
_LLRP = "check its power, network and address; LLRP must be enabled on it"
_CODES = "check its power, cable or network, and that nobody else uses it"
_PLUG_IN = "plug it in; where it is there under another name: ls -l /dev/serial/by-id/"
_GROUP = "add this user to its group, and log in again: sudo usermod -aG {group} {user}"


def examine(reader: ReaderConfig) -> Iterator[Finding]:
    """Look at one reader of the configuration."""
    if reader.url.partition(":")[0] in CODE_SCHEMES:
        yield _code_reader(reader.name, reader.url, reader.codes or CodesConfig())
        return
    if reader.url.partition(":")[0] == handheld.SCHEME:
        yield from _handhelds(reader)
        return
    yield _tag_reader(reader.name, reader.url)
    if reader.pallet is not None and reader.pallet.expected is not None:
        yield _advice(reader.name, reader.pallet.expected)


def user() -> str:
    """Who runs this, for a command to be typed."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # KeyError before Python 3.13
        return str(os.getuid())


def _code_reader(name: str, url: str, codes: CodesConfig) -> Finding:
    check = f"reader {name}"
    try:
        reader = open_code_reader(url, name, codes)
    except UsageProblem as why:
        return Finding(check, FAULT, str(why), _URL)
    scheme = url.partition(":")[0]  # the rest may hold a password
    return asyncio.run(_reached(check, f"the {scheme}", reader, _CODES))


def _handhelds(reader: ReaderConfig) -> Iterator[Finding]:
    check = f"reader {reader.name}"
    try:
        found = open_handhelds(reader.url, reader.name)
        if reader.secret_file is not None:
            secret(reader.secret_file, "secret_file")
    except ConfigProblem as why:
        yield Finding(check, FAULT, str(why), f"{_URL}; and its secret_file")
        return
    if found.where.path:
        yield _port(check, found.where.path)
        return
    if reader.secret_file is None:
        text = "no secret_file: whoever reaches this port can hand in records"
        remedy = "make one and name it: openssl rand -hex 16 > handhelds.secret; chmod 600 it"
        yield Finding(check, WARNING, text, remedy)
    try:
        asyncio.run(found.look())
    except DeviceTrouble as why:
        yield Finding(check, WARNING, str(why), "well, if that program is this gateway")
        return
    yield Finding(check, WELL, f"{reader.url}: the gateway listens there when it runs")


def _tag_reader(name: str, url: str) -> Finding:
    check = f"reader {name}"
    try:
        reader = open_reader(url)
    except UsageProblem as why:
        return Finding(check, FAULT, str(why), _URL)
    scheme, _, rest = url.partition(":")
    path = rest.partition("?")[0]
    if f"{scheme}:" in _NETWORK:
        return asyncio.run(_reached(check, url, reader, _LLRP))
    if f"{scheme}:" not in _SERIAL:
        return Finding(check, WELL, f"{url}: looked at when the gateway starts")
    return _port(check, path)


def _port(check: str, path: str) -> Finding:
    try:
        mode = Path(path).stat().st_mode
    except OSError as why:
        return Finding(check, FAULT, f"{path}: {why.strerror}", _PLUG_IN)
    if not stat.S_ISCHR(mode):
        return Finding(check, FAULT, f"{path} is no device", _PLUG_IN)
    if not os.access(path, os.R_OK | os.W_OK):
        remedy = _GROUP.format(group=_group(path), user=user())
        return Finding(check, FAULT, f"{path}: no permission", remedy)
    if not _is_terminal(path):
        return Finding(check, FAULT, f"{path} is no serial port", _PLUG_IN)
    return Finding(check, WELL, f"{path} is there and may be opened")


def _advice(name: str, path: Path) -> Finding:
    """The despatch advice is read anew for each pallet: none now is no fault yet."""
    check = f"advice {name}"
    try:
        count = len(expected(path.read_bytes()))
    except OSError as why:
        return Finding(
            check,
            WARNING,
            f"{path}: {why.strerror}",
            "put it there before a pallet comes: without it that is amber",
        )
    except OrderError as why:
        return Finding(
            check, FAULT, f"{path}: {why}", "mend the file: pallets are amber without it"
        )
    return Finding(check, WELL, f"{path}: tags expected {count}")


async def _reached(check: str, what: str, reader: TagReader | CodeReader, remedy: str) -> Finding:
    """Connect and leave again; a reader has one client, so a busy one is as it should be while the gateway runs."""
    try:
        async with asyncio.timeout(_REACH_S):
            await reader.open()
    except ReaderBusy as why:
        return Finding(check, WARNING, str(why), "well, if that client is this gateway")
    except (DeviceTrouble, TimeoutError) as why:
        return Finding(check, FAULT, str(why) or f"{what} does not answer", remedy)
    finally:
        await reader.close()
    return Finding(check, WELL, f"{what} answers")


def _is_terminal(path: str) -> bool:
    try:
        port = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    except OSError as why:
        return why.errno == errno.EBUSY  # another program has it to itself, as it should
    try:
        return os.isatty(port)
    finally:
        os.close(port)


def _group(path: str) -> str:
    """The group that may use a port: dialout, mostly."""
    try:
        return Path(path).group()
    except (OSError, KeyError):
        return "dialout"
