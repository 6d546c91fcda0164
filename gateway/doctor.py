"""The doctor: one finding for each thing that a gateway needs, with a remedy where it is not well."""

import errno
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from edge import cose, weblink
from edge.trust import TrustList
from gateway import doctor_devices, posts
from gateway.config import Config
from gateway.finding import FAULT, WARNING, WELL, Finding
from gateway.journal import Journal, JournalTrouble
from gateway.keys import KeyProblem, TrustStore, read_card
from gateway.stations import handheld_keys

_SYNCS = 16  # fsyncs that the latency is the median of
_SLOW_S = 0.02  # an SD card of the slow kind; a lamp waits for one fsync
_LOW_BYTES = 256 << 20  # free disk below which an operator should act
_EARLIEST = 1_767_225_600  # 2026-01-01: a clock before this program was written is wrong
_SYNCHRONISED = Path("/run/systemd/timesync/synchronized")


def examine(config: Config, now: float) -> Iterator[Finding]:
    """Look at everything that the configuration names, bar the hub; now: Unix seconds."""
    yield _clock(now)
    folder = config.gateway.journal.absolute().parent
    yield _space(folder)
    yield _latency(folder)
    yield _journal(config)
    yield from _keys(config, now)
    yield _link(config)
    for reader in config.reader:
        yield from doctor_devices.examine(reader)
    if any(posts.is_handheld(each) for each in config.reader):
        yield from _strangers(config)


def _link(config: Config) -> Finding:
    """Where the links of carriers begin, by the pre-flight that each of them passes."""
    base = config.gateway.link
    faults = weblink.faults(base, config.gateway.link_hosts)
    if faults:
        return Finding("link", FAULT, f"{base}: {'; '.join(faults)}", "mend gateway.link")
    if not config.gateway.link_hosts and any(posts.reads_codes(each) for each in config.reader):
        text = f"{base}/01/...; codes may name any host: a printed link may lead anywhere"
        return Finding(
            "link", WARNING, text, "name those that may stand there in gateway.link_hosts"
        )
    return Finding("link", WELL, f"{base}/01/...")


def hub_finding(url: str, trouble: str | None, seconds: float) -> Finding:
    """The finding about the hub, after someone has asked it; trouble: why it did not answer."""
    if trouble is not None:
        return Finding("hub", FAULT, f"{url}: {trouble}", "start the hub, or mend [hub]")
    return Finding("hub", WELL, f"{url} answers in {seconds * 1000:.0f} ms")


def _clock(now: float) -> Finding:
    if now < _EARLIEST:
        return Finding(
            "clock", FAULT, "it runs before 2026", "set the time; stubs would be dated wrongly"
        )
    if not _SYNCHRONISED.exists():
        return Finding(
            "clock", WARNING, "not known to be synchronised", "run chrony or systemd-timesyncd"
        )
    return Finding("clock", WELL, "synchronised")


def _space(folder: Path) -> Finding:
    try:
        free = shutil.disk_usage(folder).free
    except OSError as why:
        return Finding(
            "disk", FAULT, f"{folder}: {why.strerror}", "make the folder of gateway.journal"
        )
    text = f"{folder}: {free >> 20} MiB free"
    if free < _LOW_BYTES:
        return Finding(
            "disk", FAULT, text, "free some room: the station stops when the disk is full"
        )
    return Finding("disk", WELL, text)


def _latency(folder: Path) -> Finding:
    took = []
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            for _ in range(_SYNCS):
                started = time.perf_counter()
                file.write(bytes(512))
                file.flush()
                os.fsync(file.fileno())
                took.append(time.perf_counter() - started)
    except OSError as why:
        full = why.errno in (errno.ENOSPC, errno.EDQUOT)
        remedy = "free some room" if full else "let this user write there"
        return Finding("fsync", FAULT, f"{folder}: {why.strerror}", remedy)
    median = statistics.median(took)
    text = f"median {median * 1000:.2f} ms, worst {max(took) * 1000:.2f} ms"
    if median > _SLOW_S:
        return Finding(
            "fsync", WARNING, text, "use a faster disk: every green lamp waits for one fsync"
        )
    return Finding("fsync", WELL, text)


def _journal(config: Config) -> Finding:
    path = config.gateway.journal
    if not path.exists():
        return Finding("journal", WELL, f"{path}: none yet; the gateway makes it")
    try:
        records = Journal.open_readonly(path)
    except JournalTrouble as why:
        return Finding("journal", FAULT, str(why), "restore it from a backup, or name another file")
    head, lag, intents = records.head(), records.lag(), len(records.open_intents())
    aside, pressure = records.quarantined(), records.pressure()
    records.close()
    text = f"{path}: {head} rows, {lag} not yet at the hub, {intents} tags to be finished"
    if pressure.level:
        text += f", {pressure.level} % of its room is taken"
        return Finding("journal", WARNING, text, "see why the hub takes no rows, or give it room")
    if aside:
        seq, reason = next(iter(aside.items()))
        text += f", {len(aside)} rows set aside, the first {seq}: {reason}"
        return Finding("journal", WARNING, text, "tagwright journal quarantine")
    if intents:
        return Finding("journal", WARNING, text, "show those tags to a reader again")
    return Finding("journal", WELL, text)


def _keys(config: Config, now: float) -> Iterator[Finding]:
    card = None
    if config.keys.device is not None:
        try:
            card = read_card(config.keys.device)
            yield Finding("key", WELL, f"{config.keys.device}: kid {card.kid.hex()}")
        except KeyProblem as why:
            yield Finding("key", FAULT, str(why), "tagwright key new --out FILE")
    try:
        trusted = _trusted(config)
    except KeyProblem as why:
        yield Finding(
            "trust", FAULT, str(why), "fetch the newest list, and name its root in keys.root"
        )
        return
    if trusted is None:
        yield Finding(
            "trust", WARNING, "no keys.trust", "name a trust list: without one no key is trusted"
        )
        return
    days = (trusted.not_after - now) / 86400
    text = f"list {trusted.number}, {len(trusted.entries)} keys, good for {days:.0f} days"
    if days < 0:
        yield Finding("trust", WARNING, text, "fetch a newer list")
    elif card is not None and all(entry.key != card.public for entry in trusted.entries):
        yield Finding(
            "trust", WARNING, f"{text}; our own key is not in it", "tagwright key trust --add"
        )
    else:
        yield Finding("trust", WELL, text)


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
