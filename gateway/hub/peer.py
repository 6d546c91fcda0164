"""The client certificate of a TLS connection, put where access.Guard finds it: scope["state"]["peer_certificate"].

To be given to serve.running as `http`. uvicorn has no TLS extension of ASGI. The TLS handshake has held the certificate
against the CA already, by OpenSSL: what stands here is one that the CA gave, as DER.
"""

import asyncio
import ssl

from uvicorn.protocols.http.h11_impl import H11Protocol


class PeerProtocol(H11Protocol):
    """HTTP/1.1 over a connection whose client may have shown a certificate."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        tls = transport.get_extra_info("ssl_object")
        shown = tls.getpeercert(True) if isinstance(tls, ssl.SSLObject) else None
        if shown:
            # a copy for this connection: each request's state is copied from it
            self.app_state = {**self.app_state, "peer_certificate": shown}
