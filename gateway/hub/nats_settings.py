"""hub.toml's table [nats]: the JetStream cluster whose stream the hub's consumers empty."""

from typing import Annotated

from pydantic import Field

from gateway.broker import Broker, broker
from gateway.config_tables import NatsServer, Section, TomlPath

_GIB = 1 << 30


class NatsSettings(Section):
    """servers: any nodes of the cluster. token_file: its first line is a token, or USER:PASSWORD.

    ca, cert, key: PEM files for tls:// servers with a private CA or client certificates. max_gb: of the stream when it
    is made, on each of three nodes. monitors: the nodes' monitoring pages, where sync_interval is seen.
    """

    servers: Annotated[tuple[NatsServer, ...], Field(min_length=1, strict=False)]
    token_file: TomlPath | None = None
    ca: TomlPath | None = None
    cert: TomlPath | None = None
    key: TomlPath | None = None
    max_gb: Annotated[float, Field(gt=0, le=1 << 20, strict=False)] = 4.0
    monitors: Annotated[
        tuple[Annotated[str, Field(pattern=r"^https?://[^\s/?#@]+$")], ...], Field(strict=False)
    ] = ()

    @property
    def max_bytes(self) -> int:
        """Of the stream."""
        return int(self.max_gb * _GIB)

    def broker(self) -> Broker:
        """Where to connect, and as whom. Raises ConfigProblem."""
        return broker(self.servers, self.token_file, self.ca, self.cert, self.key, "nats")
