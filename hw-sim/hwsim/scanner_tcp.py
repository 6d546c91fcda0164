"""A simulated scanner on a TCP port: it listens, and says what it says to everyone who is connected."""

import os
import select
import socket
import threading
import time
from collections.abc import Callable
from typing import Self

from hwsim.scanner import Scanner
from hwsim.scanner_control import Command, ScannerControl
from hwsim.script import Event, Script

_CHUNK = 4096
_MOST_CLIENTS = 4
_MOST_UNSENT = (
    1 << 20
)  # bytes; while a client does not read so much, a flood rests, and other things are lost


class TcpPort:
    """Use it as a context manager to run the scanner in a thread; `run` is the loop for a process of its own."""

    def __init__(
        self,
        device: Scanner,
        host: str = "127.0.0.1",
        port: int = 0,
        events: list[Event] | None = None,
    ) -> None:
        self.device = device
        self._control = ScannerControl(device)
        for event in events or ():
            event.run(self._control.check)
        self._script = Script(events, device.clock, time.monotonic()) if events else None
        self._address = (host, port)
        self._lock = threading.RLock()
        self._wake_read, self._wake_write = os.pipe()
        os.set_blocking(self._wake_write, False)
        self._stopped = False
        self._thread: threading.Thread | None = None
        self._ear: socket.socket | None = None
        self._clients: dict[socket.socket, bytes] = {}  # and what each has yet to be sent
        self._back_at_s: float | None = None
        self._mark_s = time.monotonic()
        self._listen()

    @property
    def port(self) -> int:
        return self._address[1]

    @property
    def clients(self) -> int:
        """How many are connected."""
        return len(self._clients)

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self.run, name="hwsim-scanner", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the loop and every connection."""
        self.stop()
        if self._thread is not None:
            self._thread.join()
        for client in list(self._clients):
            self._leave(client)
        if self._ear is not None:
            self._ear.close()
        os.close(self._wake_read)
        os.close(self._wake_write)

    def stop(self) -> None:
        """End the loop; safe in a signal handler."""
        self._stopped = True
        self._wake()

    def do(self, command: Command) -> dict[str, object]:
        """One control command, from any thread; ValueError says what is wrong with it."""
        with self._lock:
            if command.get("do") == "replug":
                self._listen()
                reply: dict[str, object] = {"port": self.port}
            else:
                reply = self._control.do(command)
                if (
                    not self.device.unplugged
                ):  # else the loop does it: a socket that it waits on stays open
                    self._after()
        self._wake()
        return reply

    def run(self, extra: int | None = None, on_extra: Callable[[], None] | None = None) -> None:
        """Serve until `stop`; `on_extra` is called when the file descriptor `extra` can be read."""
        while not self._stopped:
            with self._lock:
                reading: list[int | socket.socket] = [self._wake_read, *self._clients]
                reading += [each for each in (self._ear, extra) if each is not None]
                writing = [each for each, rest in self._clients.items() if rest]
                patience_s = self._patience_s()
            ready, free, _ = select.select(reading, writing, [], patience_s)
            if self._wake_read in ready:
                os.read(self._wake_read, _CHUNK)
            with self._lock:
                for client in free:
                    self._write(client, b"")
                for each in ready:
                    if isinstance(each, socket.socket):
                        self._serve(each)
                self._time_passes()
            if extra in ready and on_extra is not None:
                on_extra()

    # -- all below: with the lock --

    def _serve(self, ready: socket.socket) -> None:
        if ready is self._ear:
            client, _ = ready.accept()
            if len(self._clients) >= _MOST_CLIENTS:
                client.close()
                return
            client.setblocking(False)
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._clients[client] = b""
            return
        if ready not in self._clients:
            return
        try:
            data = ready.recv(_CHUNK)
        except OSError:
            data = b""
        if not data:
            self._leave(ready)
            return
        self._say(self.device.answers(data))
        self._after()

    def _time_passes(self) -> None:
        now_s = time.monotonic()
        self.device.clock.idle((now_s - self._mark_s) * 1e6)
        self._mark_s = now_s
        if self._back_at_s is not None and now_s >= self._back_at_s:
            self._listen()
        self._after()

    def _after(self) -> None:
        device = self.device
        while (
            self._script is not None
            and (event := self._script.due(device.clock, time.monotonic())) is not None
        ):
            event.run(self._control.do)
        if not any(len(rest) > _MOST_UNSENT for rest in self._clients.values()):
            self._say(device.poll())
        if device.unplugged:
            device.unplugged = False
            device.power_cycle()
            for client in list(self._clients):
                self._leave(client)
            if device.replug_after_s and self._ear is not None:
                self._back_at_s = time.monotonic() + device.replug_after_s
                self._ear.close()
                self._ear = None

    def _patience_s(self) -> float | None:
        """How long the loop may sleep when nothing comes."""
        now_s = time.monotonic()
        moments = [self._back_at_s] if self._back_at_s is not None else []
        wait = self.device.wait
        due_us = [wait.deadline_us] if wait is not None and wait.deadline_us is not None else []
        if self._script is not None:
            next_us, next_s = self._script.next_us(self.device.clock), self._script.next_s()
            due_us += [next_us] if next_us is not None else []
            moments += [next_s] if next_s is not None else []
        moments += [self._mark_s + (us - self.device.clock.now_us) / 1e6 for us in due_us]
        return max(0.0, min(moments) - now_s) if moments else None

    def _say(self, sent: list[tuple[float, bytes]]) -> None:
        data = b"".join([each for _, each in sent])
        if data:
            for client in list(self._clients):
                self._write(client, data)

    def _write(self, client: socket.socket, data: bytes) -> None:
        waiting = self._clients[client]
        if len(waiting) <= _MOST_UNSENT:
            waiting += data
        try:
            self._clients[client] = waiting[client.send(waiting) :] if waiting else b""
        except BlockingIOError:
            self._clients[client] = waiting
        except OSError:
            self._leave(client)

    def _leave(self, client: socket.socket) -> None:
        del self._clients[client]
        client.close()

    def _listen(self) -> None:
        self._back_at_s = None
        if self._ear is None:
            self._ear = socket.create_server(self._address)
            self._address = self._ear.getsockname()[:2]

    def _wake(self) -> None:
        try:
            os.write(self._wake_write, b"\0")
        except BlockingIOError:
            pass
