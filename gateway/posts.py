"""The posts of a configuration: each reader with what is done there, tags at the one kind, codes at the other."""

import time

from edge.trust import TrustList
from gateway.config import CodesConfig, Config, ReaderConfig, password
from gateway.journal import Journal
from gateway.keys import DeviceKey
from gateway.readers.registry import CODE_SCHEMES, open_code_reader, open_reader
from gateway.stations.codepost import CodePost
from gateway.stations.codestation import CodeStation
from gateway.stations.plc import Plc
from gateway.stations.post import Post


def reads_codes(reader: ReaderConfig) -> bool:
    """Whether it is a camera or scanner."""
    return reader.url.partition(":")[0] in CODE_SCHEMES


def tag_posts(
    config: Config, journal: Journal, trusted: TrustList | None, key: DeviceKey | None
) -> dict[str, Post]:
    """Reader -> its post, of all that see tags; ConfigProblem."""
    return {
        each.name: _post(each, config, journal, trusted, key)
        for each in config.reader
        if not reads_codes(each)
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


def _post(
    reader: ReaderConfig,
    config: Config,
    journal: Journal,
    trusted: TrustList | None,
    key: DeviceKey | None,
) -> Post:
    secret = reader.access_password_file
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
        access_password=password(secret, "reader.access_password_file") if secret else 0,
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
