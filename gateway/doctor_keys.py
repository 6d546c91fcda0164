"""What the doctor finds at keys: the device's own, the trust list, handhelds' that are on none, and secrets' files."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from edge import cose
from edge.trust import TrustList
from gateway import posts
from gateway.config import Config
from gateway.finding import FAULT, WARNING, WELL, Finding
from gateway.journal import Journal, JournalTrouble
from gateway.keys import (
    PASSPHRASE_VARIABLE,
    KeyCard,
    KeyProblem,
    TrustStore,
    open_key,
    read_card,
)
from gateway.named_files import NamedFile, named_files
from gateway.stations import handheld_keys

_DAY = 86400  # seconds
_SOON_DAYS = 14  # a list that ends sooner should be renewed
_OTHERS = 0o077  # what group and others may


def examine(config: Config, now: float) -> Iterator[Finding]:
    """Look at every key and secret that the configuration names; now: Unix seconds."""
    card = None
    if config.keys.device is not None:
        finding, card = _device(config.keys.device, config.keys.passphrase_file)
        yield finding
    yield _trust(config, card, now)
    yield from _secrets(config)
    if any(posts.is_handheld(each) for each in config.reader):
        yield from _strangers(config)


def _device(path: Path, passphrase_file: Path | None) -> tuple[Finding, KeyCard | None]:
    """The finding of the key that signs, and its public part where that can be read."""
    if not path.exists():
        remedy = f"make one: tagwright key new --out {path}"
        return Finding("key", FAULT, f"{path} (keys.device): no such file", remedy), None
    try:
        card = read_card(path)
    except KeyProblem as why:
        remedy = f"name a key file in keys.device, or make one: tagwright key new --out {path}"
        return Finding("key", FAULT, str(why), remedy), None
    text = f"{path}: kid {card.kid.hex()}"
    try:
        open_key(path, _passphrase(passphrase_file))
    except OSError as why:
        where = f"{passphrase_file} (keys.passphrase_file): {why.strerror}"
        remedy = "put the key's passphrase on its first line, chmod 600"
        return Finding("key", FAULT, where, remedy), card
    except KeyProblem as why:
        source = passphrase_file or (PASSPHRASE_VARIABLE in os.environ and PASSPHRASE_VARIABLE)
        if source:
            remedy = f"mend the first line of {source}, or restore the key file"
            return Finding("key", FAULT, str(why), remedy), card
        text = f"{text}, encrypted, and keys.passphrase_file names no file"
        remedy = f"name one, or set {PASSPHRASE_VARIABLE}: a service is asked for it in vain"
        return Finding("key", WARNING, text, remedy), card
    return Finding("key", WELL, text), card


def _trust(config: Config, card: KeyCard | None, now: float) -> Finding:
    path = config.keys.trust
    if path is None:
        remedy = "name a list in keys.trust: without one no tag is ever green"
        return Finding("trust", WARNING, "the configuration names no trust list", remedy)
    try:
        trusted = _trusted(config)
        assert trusted is not None
    except KeyProblem as why:
        remedy = "fetch the newest list with its .pin, and name its root in keys.root"
        return Finding("trust", FAULT, str(why), remedy)
    days = (trusted.not_after - now) / _DAY
    text = f"{path}: list {trusted.number}, {len(trusted.entries)} keys, good for {days:.0f} days"
    if days < 0:
        text = f"{path}: list {trusted.number} ended {-days:.0f} days ago"
        return Finding("trust", WARNING, text, "fetch a newer list from whoever keeps the root key")
    if card is not None and all(entry.key != card.public for entry in trusted.entries):
        remedy = f"where the root key is: tagwright key trust --add {config.keys.device} --out {path.name}"
        return Finding("trust", WARNING, f"{text}; our own key is not in it", remedy)
    if days < _SOON_DAYS:
        return Finding("trust", WARNING, text, "fetch a newer list before it ends")
    return Finding("trust", WELL, text)


def _secrets(config: Config) -> Iterator[Finding]:
    """One line of what is amiss with a secret's file; the key that signs has a line of its own."""
    files = [each for each in named_files(config) if each.is_secret]
    troubled = False
    for each in files:
        finding = _secret(each)
        if finding is not None:
            troubled = True
            yield finding
    if files and not troubled:
        yield Finding("files", WELL, f"{len(files)} with secrets, for their owner alone")


def _secret(file: NamedFile) -> Finding | None:
    check, path = f"file {file.key}", file.path
    try:
        mode = path.stat().st_mode
        if stat.S_ISREG(mode):
            path.open("rb").close()
    except OSError as why:
        if file.key in ("keys.device", "keys.passphrase_file"):
            return None
        remedy = f"put it there, or take {file.key} out of the configuration"
        return Finding(check, FAULT, f"{path}: {why.strerror}", remedy)
    if stat.S_ISREG(mode) and mode & _OTHERS:
        text = f"{path}: others may use it (mode {stat.S_IMODE(mode):o})"
        return Finding(check, WARNING, text, f"chmod 600 {path}")
    return None


def _strangers(config: Config) -> Iterator[Finding]:
    """Handhelds that were here, and whose key is on no list; what is wrong with the files is told elsewhere."""
    try:
        trusted = _trusted(config)
        records = Journal.open_readonly(config.gateway.journal)
    except (KeyProblem, JournalTrouble):
        return
    for key in handheld_keys.strangers(records, trusted):
        text = f"of {cose.kid(key).hex()} is on no trust list: readers trust nothing that it writes"
        remedy = f"where the root key is: {handheld_keys.remedy(key, config.keys.trust)}"
        yield Finding("handheld key", WARNING, text, remedy)
    records.close()


def _trusted(config: Config) -> TrustList | None:
    """The trust list; None where none is named. KeyProblem."""
    if config.keys.trust is None:
        return None
    root = bytes.fromhex(config.keys.root) if config.keys.root else None
    return TrustStore(config.keys.trust, root).load()


def _passphrase(file: Path | None) -> str | None:
    """As the gateway has it: the file's first line, else the variable; None: there is neither. Raises OSError."""
    return os.environ.get(PASSPHRASE_VARIABLE) if file is None else _first_line(file)


def _first_line(path: Path) -> str:
    return path.read_text("utf-8", "replace").partition("\n")[0].removesuffix("\r")
