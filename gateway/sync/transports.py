"""Which way a gateway's batches go: over NATS JetStream where [hub] names servers, else over HTTP(S)."""

from gateway.broker import broker
from gateway.config import ConfigProblem, HubConfig
from gateway.identity import AUTHORITY, IDENTITY, IdentityFile, IdentityProblem
from gateway.sync.answer import Later
from gateway.sync.http import Https
from gateway.sync.jetstream import JetStream
from gateway.sync.port import Transport


def open_transport(hub: HubConfig, gateway: str) -> Transport:
    """The transport that [hub] names, for the gateway of this name. Raises ConfigProblem."""
    if not hub.nats:
        return Https(hub)
    if hub.identity is None:
        at = broker(hub.nats, hub.token_file, hub.ca, hub.cert, hub.key)
        return JetStream(at, gateway)
    try:
        signer = IdentityFile(hub.identity)
    except IdentityProblem as why:
        raise ConfigProblem(f"hub.identity: {why}") from why
    own = hub.identity / IDENTITY
    at = broker(
        hub.nats, hub.token_file, hub.ca or hub.identity / AUTHORITY, hub.cert or own, hub.key
    )
    return JetStream(at, gateway, signer)


async def reach_stream(hub: HubConfig, gateway: str) -> str | None:
    """Ask the hub over NATS: None, or why no consumer answers. Raises ConfigProblem."""
    async with open_transport(hub, gateway) as transport:
        answer = await transport.ask(bytes(16))
    return answer.reason if isinstance(answer, Later) else None
