"""A scanner at HOST:PORT: it listens, we connect; or a device that connects to us.

A peer that is gone is found out by TCP's own keep-alive.
"""

import asyncio
import logging
import os
import socket
from contextlib import suppress

from gateway.model import ReaderGone

log = logging.getLogger(__name__)

_CONNECT_S = 5.0
_SEND_S = 2.0  # commands are a few bytes: who takes none for that long is stuck
_CHUNK = 4096  # bytes
_BUFFER = 65_536  # bytes that wait for us; the rest waits at the scanner
_KEEP_ALIVE = (  # tcp(7): the first probe after 5 s of silence, then each 2 s; gone after 3 of them
    ("TCP_KEEPIDLE", 5),
    ("TCP_KEEPINTVL", 2),
    ("TCP_KEEPCNT", 3),
    ("TCP_USER_TIMEOUT", 10_000),  # ms
)


class TcpLink:
    """See scanner.Link. One connection at a time."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    @classmethod
    def accepted(cls, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> "TcpLink":
        """A connection that a device made to us; it cannot be opened again."""
        host, port = writer.get_extra_info("peername")[:2]
        link = cls(host, port)
        link._reader, link._writer = reader, writer
        keep_alive(writer.get_extra_info("socket"))
        return link

    async def open(self) -> None:
        try:
            async with asyncio.timeout(_CONNECT_S):
                self._reader, self._writer = await asyncio.open_connection(
                    self._host, self._port, limit=_BUFFER
                )
        except (OSError, TimeoutError) as why:
            raise ReaderGone(
                f"{self.where}: cannot connect: {_reason(why)}: check its address, port and power"
            ) from why
        keep_alive(self._writer.get_extra_info("socket"))

    async def receive(self, timeout_s: float) -> bytes:
        if self._reader is None:
            raise self._gone("not open")
        try:
            async with asyncio.timeout(timeout_s):
                data = await self._reader.read(_CHUNK)
        except TimeoutError as why:
            if why.errno is not None:  # ETIMEDOUT of TCP, not our patience
                raise self._gone(_reason(why)) from why
            return b""
        except OSError as why:
            raise self._gone(_reason(why)) from why
        if not data:
            raise self._gone("it was closed there")
        log.debug("%s < %s", self.where, data.hex())
        return data

    async def send(self, data: bytes) -> None:
        if self._writer is None:
            raise self._gone("not open")
        log.debug("%s > %s", self.where, data.hex())
        try:
            self._writer.write(data)
            async with asyncio.timeout(_SEND_S):
                await self._writer.drain()
        except (OSError, TimeoutError) as why:
            raise self._gone(_reason(why)) from why

    def abort(self) -> None:
        """End it at once; whoever receives or sends there finds it gone."""
        if self._writer is not None:
            self._writer.transport.abort()

    async def close(self) -> None:
        writer, self._reader, self._writer = self._writer, None, None
        if writer is None:
            return
        writer.transport.abort()  # nothing that waits is worth waiting for
        with suppress(OSError):  # why it ended was told
            await writer.wait_closed()

    @property
    def where(self) -> str:
        """HOST:PORT."""
        return f"{self._host}:{self._port}"

    def _gone(self, why: str) -> ReaderGone:
        return ReaderGone(
            f"{self.where}: the connection ended: {why}: check the device, and that nothing else is connected to it"
        )


def keep_alive(connection: socket.socket) -> None:
    """Have TCP find out within seconds that the peer is gone: by itself it takes hours."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _KEEP_ALIVE:
        option = getattr(socket, name, None)
        if option is not None:
            connection.setsockopt(socket.IPPROTO_TCP, option, value)


def _reason(why: OSError | TimeoutError) -> str:
    if why.errno is None:
        return str(why) or "timed out"
    return os.strerror(why.errno) if why.errno > 0 else (why.strerror or str(why))
