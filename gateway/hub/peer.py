"""The client certificate of a TLS connection, put where access.Guard finds it: scope["state"]["peer_certificate"].

A connection whose request does not come whole in time is ended: a peer that says little, or nothing, holds none open.

To be given to serve.running as `http`. uvicorn has no TLS extension of ASGI. The TLS handshake has held the certificate
against the CA already, by OpenSSL: what stands here is one that the CA gave, as DER.
"""

import asyncio
import ssl

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol


class PeerProtocol(H11Protocol):
    """HTTP/1.1 over a connection whose client may have shown a certificate. whole_s: for one request, body included."""

    whole_s = 120.0  # as long as gateways wait for the answer
    _due: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        tls = transport.get_extra_info("ssl_object")
        shown = tls.getpeercert(True) if isinstance(tls, ssl.SSLObject) else None
        if shown:
            # a copy for this connection: each request's state is copied from it
            self.app_state = {**self.app_state, "peer_certificate": shown}
        self._watch()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._watch()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._unwatch()
        if self.conn.trailing_data[0]:  # the next request has begun already
            self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._unwatch()

    def _watch(self) -> None:
        """Wait for the rest of a request, from its first byte on, or the connection's."""
        if self.conn.their_state not in (h11.IDLE, h11.SEND_BODY):
            self._unwatch()
        elif self._due is None:
            self._due = self.loop.call_later(self.whole_s, self.transport.abort)

    def _unwatch(self) -> None:
        if self._due is not None:
            self._due.cancel()
            self._due = None
