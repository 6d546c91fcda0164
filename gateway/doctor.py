"""The doctor: one finding for each thing that a gateway needs, with a remedy where it is not well."""

import errno
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from edge import weblink
from gateway import doctor_devices, doctor_keys, doctor_web, posts
from gateway.config import Config, ReaderConfig
from gateway.finding import FAULT, WARNING, WELL, Finding
from gateway.journal import Journal, JournalTrouble
from gateway.stations.orders import OrderError, orders

_SYNCS = 16  # fsyncs that the latency is the median of
_SLOW_S = 0.02  # an SD card of the slow kind; a lamp waits for one fsync
_LOW_BYTES = 256 << 20  # free disk below which an operator should act
_EARLIEST = 1_767_225_600  # 2026-01-01: a clock before this program was written is wrong
_FSYNC = {
    errno.ENOSPC: "free some room there",
    errno.EDQUOT: "free some room there, or raise the quota",
    errno.ENOENT: "make that folder, or name another one's file in gateway.journal",
    errno.EROFS: "mount it for writing, or name a file elsewhere in gateway.journal",
}
_BAD_JOURNAL = "move it away and keep it, restore a backup, or name another in gateway.journal"
_SYNCHRONISED = Path("/run/systemd/timesync/synchronized")


def examine(config: Config, now: float) -> Iterator[Finding]:
    """Look at everything that the configuration names, bar the hub; now: Unix seconds."""
    yield _clock(now)
    folder = config.gateway.journal.absolute().parent
    yield _space(folder)
    yield _latency(folder)
    yield _journal(config)
    yield from doctor_keys.examine(config, now)
    yield _link(config)
    yield from doctor_web.examine(config.web, now)
    for reader in config.reader:
        yield from doctor_devices.examine(reader)
        if reader.orders is not None:
            yield _orders(reader, config)


def hub_finding(url: str, trouble: str | None, seconds: float) -> Finding:
    """The finding about the hub, after someone has asked it; trouble: why it did not answer."""
    if trouble is not None:
        remedy = "start it (tagwright hub -c hub.toml), or mend [hub]; rows wait in the journal"
        text = trouble if trouble.startswith(url) else f"{url}: {trouble}"
        return Finding("hub", FAULT, text, remedy)
    return Finding("hub", WELL, f"{url} answers in {seconds * 1000:.0f} ms")


def _link(config: Config) -> Finding:
    """Where the links of carriers begin, by the pre-flight that each of them passes."""
    base = config.gateway.link
    faults = weblink.faults(base, config.gateway.link_hosts)
    if faults:
        remedy = "mend gateway.link, or name its host in gateway.link_hosts"
        return Finding("link", FAULT, f"{base}: {'; '.join(faults)}", remedy)
    if not config.gateway.link_hosts and any(posts.reads_codes(each) for each in config.reader):
        text = f"{base}/01/...; codes may name any host: a printed link may lead anywhere"
        return Finding(
            "link", WARNING, text, "name those that may stand there in gateway.link_hosts"
        )
    return Finding("link", WELL, f"{base}/01/...")


def _clock(now: float) -> Finding:
    if now < _EARLIEST:
        remedy = "set it (timedatectl set-time), and run chrony: stubs would be dated wrongly"
        return Finding("clock", FAULT, "it runs before 2026", remedy)
    if not _SYNCHRONISED.exists():
        remedy = "run one of them: timedatectl set-ntp true; well, where chrony runs"
        return Finding("clock", WARNING, "systemd-timesyncd has not synchronised it", remedy)
    return Finding("clock", WELL, "synchronised")


def _space(folder: Path) -> Finding:
    try:
        free = shutil.disk_usage(folder).free
    except OSError as why:
        remedy = f"make the folder of gateway.journal: mkdir -p {folder}"
        return Finding("disk", FAULT, f"{folder}: {why.strerror}", remedy)
    text = f"{folder}: {free >> 20} MiB free"
    if free < _LOW_BYTES:
        remedy = "free some there: the station stops when the disk is full"
        return Finding("disk", FAULT, text, remedy)
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
        remedy = _FSYNC.get(
            why.errno or 0, f"let this user write there: chown {doctor_devices.user()} {folder}"
        )
        return Finding("fsync", FAULT, f"{folder}: {why.strerror}", remedy)
    median = statistics.median(took)
    text = f"median {median * 1000:.2f} ms, worst {max(took) * 1000:.2f} ms"
    if median > _SLOW_S:
        remedy = f"use a faster disk for {folder}: every green lamp waits for one fsync"
        return Finding("fsync", WARNING, text, remedy)
    return Finding("fsync", WELL, text)


def _journal(config: Config) -> Finding:
    path = config.gateway.journal
    if not path.exists():
        return Finding("journal", WELL, f"{path}: none yet; the gateway makes it")
    try:
        records = Journal.open_readonly(path)
    except JournalTrouble as why:
        return Finding("journal", FAULT, str(why), _BAD_JOURNAL)
    head, lag, intents = records.head(), records.lag(), len(records.open_intents())
    aside, pressure = records.quarantined(), records.pressure()
    records.close()
    text = f"{path}: {head} rows, {lag} not yet at the hub, {intents} tags to be finished"
    if pressure.level:
        text += f", {pressure.level} % of its room is taken"
        remedy = "see the line of the hub; or raise gateway.journal_max_mb"
        return Finding("journal", WARNING, text, remedy)
    if aside:
        seq, reason = next(iter(aside.items()))
        text += f", {len(aside)} rows set aside, the first {seq}: {reason}"
        return Finding(
            "journal", WARNING, text, f"see why: tagwright journal quarantine --journal {path}"
        )
    if intents:
        return Finding("journal", WARNING, text, "show those tags to a reader again")
    return Finding("journal", WELL, text)


def _orders(reader: ReaderConfig, config: Config) -> Finding:
    """Work orders are read when the gateway starts: what is wrong in them is better known before."""
    check, path = f"orders {reader.name}", reader.orders
    assert path is not None
    try:
        rows = list(orders(path.read_bytes(), config.gateway.link, config.gateway.link_hosts))
    except OSError as why:
        remedy = "put the file there, or mend this reader's orders"
        return Finding(check, FAULT, f"{path}: {why.strerror}", remedy)
    except OrderError as why:
        return Finding(
            check, FAULT, f"{path}: {why}", "mend its header: see `tagwright job run -h`"
        )
    bad = [each for each in rows if isinstance(each, OrderError)]
    text = f"{path}: {len(rows)} rows"
    if bad:
        text += f", {len(bad)} to be refused, the first: {bad[0]}"
        return Finding(check, WARNING, text, "mend those rows: the others are done all the same")
    return Finding(check, WELL, text)
