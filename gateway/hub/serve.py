"""An ASGI application on a port of this loop: HTTP, or HTTPS with or without client certificates."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

from gateway.config import ConfigProblem

_GRACE_S = 3  # seconds for requests that are under way at the end
_KEEP_ALIVE_S = 75  # a gateway that sends now and then need not shake hands each time
_BACKLOG = 4096  # connections of many gateways at once


@dataclass(frozen=True)
class Tls:
    """PEM files. clients: the CA of client certificates, which are asked for and not demanded."""

    cert: Path
    key: Path
    clients: Path | None = None


@asynccontextmanager
async def running(
    app: ASGIApp,
    address: tuple[str, int] = ("127.0.0.1", 0),
    tls: Tls | None = None,
    http: "str | type[asyncio.Protocol]" = "h11",
    secured: Callable[[ssl.SSLContext], None] = lambda context: None,
) -> AsyncIterator[str]:
    """Serve `app` while the context lasts; yields its URL. address: (host, port), port 0 for a free one.

    http: uvicorn's protocol, or a class of ours. secured: given HTTPS's context, for a certificate that is renewed.
    Raises ConfigProblem.
    """
    config = uvicorn.Config(
        app,
        http=http,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=_GRACE_S,
        timeout_keep_alive=_KEEP_ALIVE_S,
        ssl_certfile=tls.cert if tls else None,
        ssl_keyfile=tls.key if tls else None,
        ssl_ca_certs=str(tls.clients) if tls and tls.clients else None,
        ssl_cert_reqs=ssl.CERT_OPTIONAL if tls and tls.clients else ssl.CERT_NONE,
    )
    host, port = address
    try:
        config.load()
    except OSError as e:  # ssl.SSLError is one
        raise ConfigProblem(f"cert and key cannot be used: {e}: name PEM files") from e
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listener = socket.create_server(address, family=family, backlog=_BACKLOG)
    except OSError as e:
        why = (e.strerror or str(e)).partition(" (")[0]
        raise ConfigProblem(
            f"cannot listen on {host}:{port}: {why}: mend `listen`, or end what listens there"
        ) from e
    if config.ssl is not None:
        secured(config.ssl)
    server = _Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    name = f"[{host}]" if ":" in host else host
    try:
        yield f"{'https' if tls else 'http'}://{name}:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        await serving
        listener.close()


class _Server(uvicorn.Server):
    """A server that leaves the process's signals alone: whoever runs it decides when it ends."""

    def capture_signals(self) -> AbstractContextManager[None]:  # type: ignore[override]
        return nullcontext()
