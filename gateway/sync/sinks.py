"""Where a gateway's journal goes: the hub, another's EPCIS repository, and the certificate that it needs for them."""

from collections.abc import Coroutine
from typing import Any

from gateway.config import Config
from gateway.journal import CONFIRMED, Journal
from gateway.sync.enrol import Renewal
from gateway.sync.epcis import SINK, EpcisSink
from gateway.sync.http import hub_client
from gateway.sync.transports import open_transport
from gateway.sync.uplink import Uplink


def cursors(config: Config) -> set[str]:
    """The journal's cursors that trimming waits for; the hub's where none is named: without a sink nothing goes."""
    found = {SINK} if config.epcis.url else set()
    return found | {CONFIRMED} if has_hub(config) or not found else found


def has_hub(config: Config) -> bool:
    """Whether [hub] names one."""
    return bool(config.hub.url or config.hub.nats)


def works(config: Config, journal: Journal) -> dict[str, Coroutine[Any, Any, None]]:
    """What is to run for ever beside the stations, by name. Raises ConfigProblem."""
    found: dict[str, Coroutine[Any, Any, None]] = {}
    if has_hub(config):
        transport = open_transport(config.hub, config.gateway.name)
        found["sync"] = Uplink(journal, transport, config.gateway.name).run()
    if config.hub.identity is not None and config.hub.url is not None:
        found["renewal"] = Renewal(hub_client(config.hub), config.hub.identity).run()
    if config.epcis.url is not None:
        found["epcis"] = EpcisSink(journal, config.epcis, config.gateway.name).run()
    return found
