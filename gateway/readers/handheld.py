"""Handhelds at the gateway: at a serial port or USB, or by Wi-Fi, where the gateway listens and they connect.

    [[reader]]
    name = "hand"
    url = "handheld:/dev/serial/by-id/usb-..."      # or "handheld:tcp://0.0.0.0:8478": any number of them
    secret_file = "handheld.secret"                 # 16 characters at least, the same in the handheld's settings
    orders = "orders.csv"                           # what blank tags are formatted from; one handheld gets them
    update = "firmware.bundle"

job is "collect": a handheld does its jobs by itself, and hands in what it did. The link is not encrypted: who listens
on the network reads along. With a secret nobody else can hand in, change, reorder or replay anything, nor offer the
handheld a list, orders or a time; without one, whoever reaches the port can: keep it for cables. All who hold it are
equal, and one could pose as another; what a handheld writes onto tags counts by its own key alone.
"""

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from gateway.model import DeviceTrouble, ReaderBusy, ReaderGone
from gateway.readers.scanner_link import Link, SerialLink
from gateway.readers.scanner_tcp import TcpLink

log = logging.getLogger(__name__)

SCHEME = "handheld"
BAUD = 115_200  # of a real UART; USB takes any

_MOST = 64  # connections at once
_BUFFER = 1 << 14  # bytes of a connection that wait for us
_AGAIN_S = 2.0  # between two looks for a port that is not there

Talk = Callable[[Link, str], Awaitable[None]]
"""Talk with who is at a link until they go: ReaderGone, or a return. The text says where they are, for the log."""

_Came = Callable[[asyncio.StreamReader, asyncio.StreamWriter], None]


@dataclass(frozen=True)
class Where:
    """path: of a serial port, "" for a network. host, port: where to listen."""

    path: str = ""
    host: str = ""
    port: int = 0
    baud: int = BAUD


class Handhelds:
    """The handhelds at one address. port: listened at; a free one where `where` says 0."""

    def __init__(self, name: str, where: Where) -> None:
        self.name = name
        self.where = where
        self.port = where.port
        self._trouble = ""
        self._unproved: dict[TcpLink, None] = {}  # in the order in which they came

    def proved(self, link: Link) -> None:
        """Who is at this link may stay, whoever else comes; of the others the oldest makes room."""
        if isinstance(link, TcpLink):
            self._unproved.pop(link, None)

    async def look(self) -> None:
        """Whether it can be used: ReaderGone, or ReaderBusy where another program has the port."""
        if self.where.path:
            link = SerialLink(self.where.path, self.where.baud)
            try:
                await link.open()
            finally:
                await link.close()
        else:
            server = await self._listen(lambda reader, writer: writer.transport.abort())
            server.close()

    async def serve(self, talk: Talk) -> None:
        """Talk with each handheld that comes, for ever. A port that cannot be had is told, and tried again."""
        serve = self._serve_port if self.where.path else self._serve_network
        while True:
            try:
                await serve(talk)
            except (ReaderGone, ReaderBusy) as why:
                if str(why) != self._trouble:
                    log.warning("%s: %s", self.name, why)
                self._trouble = str(why)
            await asyncio.sleep(_AGAIN_S)

    async def _serve_port(self, talk: Talk) -> None:
        link = SerialLink(self.where.path, self.where.baud)
        try:
            await link.open()
            self._trouble = ""
            await talk(link, self.where.path)
        finally:
            await link.close()

    async def _serve_network(self, talk: Talk) -> None:
        there: set[asyncio.Task[None]] = set()
        coming: asyncio.Queue[TcpLink] = asyncio.Queue()

        def came(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            if len(there) + coming.qsize() >= _MOST:
                oldest = next(iter(self._unproved), None)
                if oldest is None:
                    writer.transport.abort()
                    return
                del self._unproved[oldest]
                oldest.abort()
            link = TcpLink.accepted(reader, writer)
            self._unproved[link] = None
            coming.put_nowait(link)

        server = await self._listen(came)
        try:
            async with asyncio.TaskGroup() as tasks:
                while True:
                    task = tasks.create_task(self._one(await coming.get(), talk))
                    there.add(task)
                    task.add_done_callback(there.discard)
        finally:
            server.close()
            self._unproved.clear()
            while not coming.empty():
                await coming.get_nowait().close()

    async def _one(self, link: TcpLink, talk: Talk) -> None:
        try:
            await talk(link, link.where)
        except DeviceTrouble as why:
            log.info("%s: %s has left: %s", self.name, link.where, why)
        finally:
            self.proved(link)
            await link.close()

    async def _listen(self, came: _Came) -> asyncio.Server:
        where = self.where
        try:
            server = await asyncio.start_server(came, where.host, where.port, limit=_BUFFER)
        except OSError as why:
            reason = os.strerror(why.errno) if why.errno and why.errno > 0 else str(why)
            raise ReaderBusy(
                f"{self.name}: cannot listen at {where.host}:{where.port}: {reason}: name another port"
            ) from why
        self.port = server.sockets[0].getsockname()[1]
        return server
