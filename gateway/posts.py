"""The posts of a configuration: each reader with what is done there: tags, codes, or what handhelds hand in."""

import os
import time

from edge.trust import TrustList
from gateway.clock import UNSYNCED, kernel_error_ms
from gateway.config import CodesConfig, Config, ReaderConfig, password, secret
from gateway.journal import Journal
from gateway.keys import DeviceKey, verifier
from gateway.readers.handheld import SCHEME
from gateway.readers.registry import CODE_SCHEMES, open_code_reader, open_handhelds, open_reader
from gateway.stations.codepost import CodePost
from gateway.stations.codestation import CodeStation
from gateway.stations.handheld import Collector, HandheldStation
from gateway.stations.handheld_rows import Judge
from gateway.stations.handheld_shelf import Shelf
from gateway.stations.plc import Plc
from gateway.stations.post import Post
from gateway.trust_file import TrustFile


def reads_codes(reader: ReaderConfig) -> bool:
    """Whether it is a camera or scanner."""
    return reader.url.partition(":")[0] in CODE_SCHEMES


def is_handheld(reader: ReaderConfig) -> bool:
    """Whether handhelds come there."""
    return reader.url.partition(":")[0] == SCHEME


def tag_posts(
    config: Config, journal: Journal, trusted: TrustList | None, key: DeviceKey | None
) -> dict[str, Post]:
    """Reader -> its post, of all that see tags; ConfigProblem."""
    return {
        each.name: _post(each, config, journal, trusted, key)
        for each in config.reader
        if not reads_codes(each) and not is_handheld(each)
    }


def code_stations(
    config: Config, journal: Journal, trusted: TrustList | None
) -> dict[str, CodeStation]:
    """Reader -> its station, of all that see codes; ConfigProblem. One beside a tag reader looks when that asks."""
    asked = {each.beside for each in config.reader}
    return {
        each.name: _station(each, config, journal, trusted, each.name in asked)
        for each in config.reader
        if reads_codes(each)
    }


def handheld_stations(
    config: Config, journal: Journal, trust: TrustFile | None
) -> dict[str, HandheldStation]:
    """Reader -> its station, of all where handhelds come; ConfigProblem."""
    collector = Collector(journal, config.keys.trust)
    trusted = trust.current() if trust else None

    def judge() -> Judge:
        is_timed = kernel_error_ms() != UNSYNCED
        return Judge(trusted, verifier, int(time.time()), is_timed=is_timed)

    def station(reader: ReaderConfig) -> HandheldStation:
        file, gateway = reader.secret_file, config.gateway
        return HandheldStation(
            open_handhelds(reader.url, reader.name),
            collector,
            Shelf(reader, journal, trust, gateway.link, gateway.link_hosts),
            judge,
            os.urandom,
            gateway.name,
            secret(file, "reader.secret_file") if file else b"",
        )

    return {each.name: station(each) for each in config.reader if is_handheld(each)}


def _post(
    reader: ReaderConfig,
    config: Config,
    journal: Journal,
    trusted: TrustList | None,
    key: DeviceKey | None,
) -> Post:
    file = reader.access_password_file
    return Post(
        reader.name,
        open_reader(reader.url, reader.name),
        journal,
        trusted,
        time.time,
        time.monotonic,
        key,
        record_type=config.gateway.record_type.encode(),
        company_prefixes=config.gateway.company_prefixes,
        access_password=password(file, "reader.access_password_file") if file else 0,
    )


def _station(
    reader: ReaderConfig,
    config: Config,
    journal: Journal,
    trusted: TrustList | None,
    is_asked: bool,
) -> CodeStation:
    codes = reader.codes or CodesConfig()
    if is_asked:
        codes = codes.model_copy(update={"trigger": "single"})
    if reader.job == "print":
        codes = codes.model_copy(update={"confirm": True})
    post = CodePost(
        reader.name,
        open_code_reader(reader.url, reader.name, codes),
        journal,
        trusted,
        time.time,
        time.monotonic,
        hosts=config.gateway.link_hosts,
        job=reader.job,
    )
    return CodeStation(post, codes, Plc(codes.plc) if codes.plc is not None else None)
