"""A camera's TCP ports, and the connections to them, which faults slow down and break."""

import asyncio
from collections.abc import Awaitable, Callable

from hwsim.camera import Camera, CameraControl
from hwsim.camera_faults import Leaving
from hwsim.script import Event

_TRICKLE_S = 0.05  # between two pieces of a picture that leaves slowly
_LONGEST_HEAD = 8192  # bytes
Service = Callable[["Connection", Camera], Awaitable[None]]


class Taken(OSError):
    """A port or address cannot be listened at; says which, and why."""


class Connection:
    """One client's. Its reads and writes raise ConnectionError where the client is gone, or a fault broke it."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: "CameraPort"
    ) -> None:
        self.reader = reader
        self.writer = writer
        self._port = port

    def write(self, data: bytes) -> None:
        self.writer.write(data)

    async def drain(self) -> None:
        await self.writer.drain()

    async def send(self, data: bytes, leaving: Leaving) -> None:
        """Send what belongs to one picture as a fault lets it leave."""
        if leaving.breaks:
            self.write(data[: len(data) // 2])
            self._port.break_all()
            raise ConnectionAbortedError("a fault broke it")
        step = max(1, int(leaving.bytes_s * _TRICKLE_S)) if leaving.bytes_s else len(data)
        for start in range(0, len(data), step):
            self.write(data[start : start + step])
            await self.drain()
            if leaving.bytes_s:
                await asyncio.sleep(_TRICKLE_S)
            if self.writer.is_closing():
                raise ConnectionAbortedError("a fault broke it")


class CameraPort:
    """services: what is spoken, by the port to listen at (0: any); `ports` holds those once it runs, in that order."""

    def __init__(
        self,
        camera: Camera,
        control: CameraControl,
        services: list[tuple[int, Service]],
        address: str = "127.0.0.1",
        events: list[Event] | None = None,
    ) -> None:
        self.ports: list[int] = []
        self._camera = camera
        self._control = control
        self._services = services
        self._address = address
        self._events = events or []
        for event in self._events:
            if event.after_commands:
                raise ValueError(f"{event.name}: nobody commands a camera: write after_s")
            event.run(control.check)
        self._open: dict[asyncio.StreamWriter, asyncio.Task[None] | None] = {}
        self._stop = asyncio.Event()
        self._failed: ValueError | None = None

    def stop(self) -> None:
        """End it; call it in its loop."""
        self._stop.set()

    def break_all(self) -> None:
        """Every connection ends; what was written to it still leaves."""
        for writer in self._open:
            writer.close()

    async def run(self, on_ready: Callable[[], None]) -> None:
        """Serve until `stop`. Taken where it cannot listen, ValueError where an event or a picture cannot be."""
        servers = []
        for port, service in self._services:
            try:
                server = await asyncio.start_server(
                    self._accepting(service), self._address, port, limit=_LONGEST_HEAD
                )
            except OSError as why:
                words = (why.strerror or str(why)).rpartition(": ")[2]  # asyncio puts its own first
                raise Taken(f"cannot listen at {self._address}:{port}: {words}") from why
            servers.append(server)
            self.ports.append(server.sockets[0].getsockname()[1])
        on_ready()
        tasks = [asyncio.create_task(self._film()), asyncio.create_task(self._play())]
        await self._stop.wait()
        for server in servers:
            server.close()
        tasks += [task for task in self._open.values() if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for server in servers:
            await server.wait_closed()
        if self._failed is not None:
            raise self._failed

    def _accepting(
        self, service: Service
    ) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]:
        async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            if self._camera.faults.is_away:
                writer.transport.abort()
                return
            self._open[writer] = asyncio.current_task()
            try:
                await service(Connection(reader, writer, self), self._camera)
            except (ConnectionError, asyncio.CancelledError):
                pass
            except ValueError as why:
                self._fail(why)
            finally:
                del self._open[writer]
                writer.close()

        return accept

    async def _film(self) -> None:
        try:
            await self._camera.run()
        except ValueError as why:
            self._fail(why)

    async def _play(self) -> None:
        """The scenario, event by event; virtual time is real here."""
        for event in self._events:
            await asyncio.sleep(event.after_s + event.after_us / 1e6)
            try:
                event.run(self._control.do)
            except ValueError as why:
                self._fail(why)

    def _fail(self, why: ValueError) -> None:
        self._failed = self._failed or why
        self.stop()
