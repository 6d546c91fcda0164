"""LLRP readers on TCP ports of this machine, plain or TLS: one loop for all of them.

Use it as a context manager to run the readers in a thread; `run` is the loop for a process of its own.
"""

import asyncio
import ssl
import threading
import time
from collections.abc import Callable
from typing import Self

from hwsim.llrp_control import Command, LlrpControl
from hwsim.llrp_reader import LlrpReader
from hwsim.script import Event, Script

_TICK_S = 0.01  # between two looks at the readers, so that each has several sightings to send
_MOST_UNSENT = 8 << 20  # bytes; a client that asks on and on and does not read the answers is left
_LAST_PORT = 65535
_NEVER_S = float("inf")


class Client(asyncio.Protocol):
    """One connection of a client to one reader."""

    def __init__(self, host: "LlrpHost", reader: LlrpReader) -> None:
        self.host = host
        self.reader = reader
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        if self.reader in self.host.clients:  # who may have gone, and we have yet to see it
            transport.pause_reading()
            asyncio.get_running_loop().call_later(_TICK_S, self._begin, transport)
        else:
            self._begin(transport)

    def _begin(self, transport: asyncio.Transport) -> None:
        if transport.is_closing():
            return
        transport.resume_reading()
        if self.reader in self.host.clients:
            transport.write(self.reader.refuse(self.host.now_s()))
            transport.close()
            return
        transport.set_write_buffer_limits(_MOST_UNSENT)
        self.host.clients[self.reader] = self
        self.send(self.reader.connect(self.host.now_s()))
        self.host.look()

    def data_received(self, data: bytes) -> None:
        if self.host.clients.get(self.reader) is self:
            self.reader.tally.clock.bytes_in += len(data)
            self.count_unread()
            self.send(self.reader.receive(data, self.host.now_s()))
            self.host.look()

    def connection_lost(self, exc: Exception | None) -> None:
        if self.host.clients.get(self.reader) is self:
            del self.host.clients[self.reader]
            self.reader.disconnect()

    def pause_writing(self) -> None:
        self.abort()

    def send(self, data: bytes) -> None:
        transport = self.transport
        assert transport is not None
        if data:
            transport.write(data)
        if self.reader.aborting:
            self.abort()
        elif self.reader.closing:
            transport.close()

    def count_unread(self) -> None:
        """Tell the reader how much waits for the client."""
        if self.transport is not None:
            self.reader.buffer.unread = self.transport.get_write_buffer_size()

    def abort(self) -> None:
        """Break the connection."""
        if self.transport is not None:
            self.transport.abort()


class LlrpHost:
    """Readers, each on a port of its own; `ports` holds them in the readers' order once it runs.

    port: the first's, the others follow; 0 for any. ValueError where there are none.
    events: a scenario for the first reader (hwsim.script).
    """

    def __init__(
        self,
        readers: list[LlrpReader],
        control: LlrpControl,
        address: str = "127.0.0.1",
        port: int = 0,
        tls: ssl.SSLContext | None = None,
        events: list[Event] | None = None,
    ) -> None:
        if not 0 <= port <= port + len(readers) - 1 <= _LAST_PORT:
            raise ValueError(f"port {port}: {len(readers)} from there on end at {_LAST_PORT}")
        self.readers = readers
        self.control = control
        self.address = address
        self.clients: dict[LlrpReader, Client] = {}
        self.ports: list[int] = []
        self._first_port = port
        self._tls = tls
        self._began_s = time.monotonic()
        for event in events or ():
            event.run(control.check)
        clock = readers[0].tally.clock
        self._script = Script(events, clock, self.now_s()) if events else None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._stopped = False
        self._timer: asyncio.TimerHandle | None = None
        self._tick_s = _NEVER_S  # when it fires
        self._thread: threading.Thread | None = None
        self._ready = threading.Event()
        self._failed: OSError | ValueError | None = None

    @property
    def port(self) -> int:
        """The first reader's."""
        return self.ports[0]

    def now_s(self) -> float:
        """Since this host was made; the readers' moments."""
        return time.monotonic() - self._began_s

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._in_thread, name="hwsim-llrp", daemon=True)
        self._thread.start()
        self._ready.wait()
        if self._failed is not None:
            raise self._failed
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        if self._thread is not None:
            self._thread.join()
        if self._failed is not None:
            raise self._failed

    def _in_thread(self) -> None:
        try:
            self.run()
        except (OSError, ValueError) as why:
            self._failed = why
        finally:
            self._ready.set()

    def stop(self) -> None:
        """End the loop; safe in a signal handler and from any thread."""
        self._stopped = True
        if self._loop is not None and self._stop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._stop.set)

    def run(
        self,
        extra: int | None = None,
        on_extra: Callable[[], None] | None = None,
        on_ready: Callable[[], None] | None = None,
    ) -> None:
        """Serve until `stop`; `on_extra` is called when the file descriptor `extra` can be read.

        OSError where a port is taken, ValueError where an event of the scenario cannot be.
        """
        asyncio.run(self._serve(extra, on_extra, on_ready))
        if self._failed is not None:
            raise self._failed

    async def _serve(
        self,
        extra: int | None,
        on_extra: Callable[[], None] | None,
        on_ready: Callable[[], None] | None,
    ) -> None:
        self._loop = loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        servers = []
        for number, reader in enumerate(self.readers):
            port = self._first_port + number if self._first_port else 0
            try:
                server = await loop.create_server(
                    lambda reader=reader: Client(self, reader), self.address, port, ssl=self._tls
                )
            except OSError as why:
                raise OSError(f"cannot listen at {self.address}:{port}: {_words(why)}") from why
            servers.append(server)
            self.ports.append(server.sockets[0].getsockname()[1])
        if extra is not None and on_extra is not None:
            loop.add_reader(extra, on_extra)
        self._ready.set()
        if on_ready is not None:
            on_ready()
        self._tick()
        if not self._stopped:
            await self._stop.wait()
        if self._timer is not None:
            self._timer.cancel()
        if extra is not None:
            loop.remove_reader(extra)
        for client in list(self.clients.values()):
            client.abort()
        for server in servers:
            server.close()
            await server.wait_closed()
        await asyncio.sleep(0)

    def do(self, command: Command) -> dict[str, object]:
        """One control command, from any thread; ValueError says what is wrong with it."""
        loop = self._loop
        assert loop is not None
        try:
            inside = asyncio.get_running_loop() is loop
        except RuntimeError:
            inside = False
        if inside:
            return self._do(command)

        async def run() -> dict[str, object]:
            return self._do(command)

        return asyncio.run_coroutine_threadsafe(run(), loop).result()

    def _do(self, command: Command) -> dict[str, object]:
        reply = self.control.do(command, self.now_s())
        self._tick()
        return reply

    def look(self) -> None:
        """Something has changed: look again when a reader has something to do, no later than was planned."""
        now_s = self.now_s()
        wake_s = min([reader.wake_s for reader in self.readers])
        if self._script is not None:
            wake_s = min(wake_s, now_s)
        wake_s = max(wake_s, now_s + _TICK_S)
        if wake_s < self._tick_s:
            assert self._loop is not None
            if self._timer is not None:
                self._timer.cancel()
            self._tick_s = wake_s
            self._timer = self._loop.call_later(wake_s - now_s, self._tick)

    def _tick(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._tick_s = _NEVER_S
        self._turn()
        self.look()

    def _turn(self) -> None:
        now_s = self.now_s()
        for reader in self.readers:
            client = self.clients.get(reader)
            if client is not None:
                client.count_unread()
            data = reader.advance(now_s)
            if client is not None and (data or reader.aborting):
                client.send(data)
        script = self._script
        clock = self.readers[0].tally.clock
        while script is not None and (event := script.due(clock, now_s)) is not None:
            try:
                event.run(lambda command: self.control.do(command, now_s))
            except ValueError as why:
                self._failed = why
                self.stop()
                return


def _words(why: OSError) -> str:
    """Of the system; asyncio puts its own and the address before them."""
    return (why.strerror or str(why)).rpartition(": ")[2]
