"""Where a NATS cluster is, and as whom to come: as the tables [hub] of a gateway and [nats] of a hub name it."""

import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from gateway.config import ConfigProblem, token


@dataclass(frozen=True)
class Broker:
    """Where the servers are, and as whom to come. urls: nats://HOST:PORT or tls://HOST:PORT, any of a cluster's nodes.

    token: or "USER:PASSWORD". tls: called for each connection, so that a renewed certificate is used; then plain TCP is
    refused.
    """

    urls: tuple[str, ...]
    token: str | None = None
    tls: Callable[[], ssl.SSLContext] | None = None


def broker(
    urls: Sequence[str],
    token_file: Path | None = None,
    ca: Path | None = None,
    cert: Path | None = None,
    key: Path | None = None,
    table: str = "hub",
) -> Broker:
    """The broker as a configuration's table names it: with TLS where a URL or a file says so. Raises ConfigProblem."""
    word = token(token_file, f"{table}.token_file") if token_file else None
    if not (ca or cert or any(url.startswith("tls://") for url in urls)):
        return Broker(tuple(urls), word)

    def tls() -> ssl.SSLContext:
        try:
            context = ssl.create_default_context(cafile=ca)
            if cert is not None:
                context.load_cert_chain(cert, key)
        except OSError as e:  # ssl.SSLError is one
            raise ConfigProblem(f"{table}.ca, .cert or .key cannot be used: {e}") from e
        return context

    tls()
    return Broker(tuple(urls), word, tls)
