"""A network between a gateway and its hub that drops, delays, duplicates and reorders what it carries, and is cut.

It carries messages, not bytes: an HTTP request and its answer, or a NATS frame. Order changes where some are held back
longer than others.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any

_LARGEST = 16 << 20  # bytes of a message
_WITH_PAYLOAD = (
    b"PUB",
    b"HPUB",
    b"MSG",
    b"HMSG",
)  # the NATS client protocol's verbs that a payload follows


Carry = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Weather:
    """Chances of a message, from 0 to 1; and for how long one may be held back, in seconds."""

    drop: float = 0.05
    duplicate: float = 0.05
    delay: float = 0.2
    longest_s: float = 0.3


@dataclass
class BadNetwork:
    """One port that leads to `upstream`. `suffered` counts what was done to messages."""

    upstream: tuple[str, int]
    random: Random
    weather: Weather
    is_cut: bool = False
    suffered: dict[str, int] = field(default_factory=dict)
    port: int = 0
    _open: set[asyncio.StreamWriter] = field(default_factory=set)
    _tasks: set["asyncio.Task[None]"] = field(default_factory=set)

    @asynccontextmanager
    async def http(self) -> AsyncIterator["BadNetwork"]:
        """Carry HTTP/1.1 requests with a Content-Length or no body, and their answers."""
        async with self._serving(self._http):
            yield self

    @asynccontextmanager
    async def nats(self) -> AsyncIterator["BadNetwork"]:
        """Carry the NATS client protocol, without TLS."""
        async with self._serving(self._nats):
            yield self

    def cut(self) -> None:
        """Nothing goes through any more, and who is connected learns nothing but the end."""
        self.is_cut = True
        for writer in self._open:
            writer.transport.abort()
        self._count("cut")

    def mend(self) -> None:
        self.is_cut = False

    @asynccontextmanager
    async def _serving(self, carry: "Carry") -> AsyncIterator[None]:
        async def accepted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self._open.add(writer)
            try:
                if not self.is_cut:
                    await carry(reader, writer)
            except (OSError, EOFError, ValueError, asyncio.LimitOverrunError):
                pass
            finally:
                self._open.discard(writer)
                writer.transport.abort()

        server = await asyncio.start_server(accepted, "127.0.0.1", self.port, limit=_LARGEST)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield
        finally:
            server.close()
            for writer in list(self._open):
                writer.transport.abort()
            for task in list(self._tasks):
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _http(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            request = await _http_message(reader)
            await self._held()
            if self._happens("drop", self.weather.drop):
                return
            if self._happens("duplicate", self.weather.duplicate):
                self._start(self._copy(request))
            answer = await self._asked(request)
            await self._held()
            if self._happens("drop answer", self.weather.drop):
                return
            writer.write(answer)
            await writer.drain()

    async def _copy(self, request: bytes) -> None:
        await self._held()
        try:
            await self._asked(request)
        except (OSError, EOFError, ValueError):
            pass

    async def _asked(self, request: bytes) -> bytes:
        reader, writer = await asyncio.open_connection(*self.upstream, limit=_LARGEST)
        self._open.add(writer)
        try:
            writer.write(request)
            return await _http_message(reader)
        finally:
            self._open.discard(writer)
            writer.transport.abort()

    async def _nats(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(*self.upstream, limit=_LARGEST)
        self._open.add(far_writer)
        try:
            back = asyncio.create_task(self._frames(far_reader, writer, is_hostile=False))
            forth = asyncio.create_task(self._frames(reader, far_writer, is_hostile=True))
            await asyncio.wait({back, forth}, return_when=asyncio.FIRST_COMPLETED)
            for task in (back, forth):
                task.cancel()
            await asyncio.gather(back, forth, return_exceptions=True)
        finally:
            self._open.discard(far_writer)
            far_writer.transport.abort()

    async def _frames(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, is_hostile: bool
    ) -> None:
        while True:
            frame = await _nats_frame(reader)
            if is_hostile and frame.startswith(
                (b"HPUB tagwright.batches", b"PUB tagwright.batches")
            ):
                if self._happens("drop", self.weather.drop):
                    continue
                if self._happens("duplicate", self.weather.duplicate):
                    writer.write(frame)
                if self._happens("delay", self.weather.delay):
                    self._start(self._late(writer, frame))
                    continue
            writer.write(frame)
            await writer.drain()

    async def _late(self, writer: asyncio.StreamWriter, frame: bytes) -> None:
        await asyncio.sleep(self.random.uniform(0, self.weather.longest_s))
        if not writer.is_closing():
            writer.write(frame)

    async def _held(self) -> None:
        if self._happens("delay", self.weather.delay):
            await asyncio.sleep(self.random.uniform(0, self.weather.longest_s))

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _happens(self, what: str, chance: float) -> bool:
        if self.random.random() >= chance:
            return False
        self._count(what)
        return True

    def _count(self, what: str) -> None:
        self.suffered[what] = self.suffered.get(what, 0) + 1


async def _http_message(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    length = 0
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            length = int(value)
    return head + await reader.readexactly(length)


async def _nats_frame(reader: asyncio.StreamReader) -> bytes:
    line = await reader.readuntil(b"\r\n")
    verb, _, rest = line.partition(b" ")
    if verb in _WITH_PAYLOAD:
        return line + await reader.readexactly(int(rest.split()[-1]) + 2)
    if verb == b"INFO":
        said = json.loads(rest)
        said.pop("connect_urls", None)  # ways around this network
        return b"INFO " + json.dumps(said).encode() + b"\r\n"
    return line
