"""A small EPCIS repository of its own, over raw asyncio: it follows a script, then stores whatever comes.

It shares no code with ours: it knows HTTP/1.1 as far as a client needs it, JSON, and EPCIS 2.0's capture interface.
"""

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Reply:
    """What comes next. status 0: the connection is dropped. after: looks at a job before it is over.

    fails: the error of the job; lost: the job is not known when it is asked for.
    """

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    after: int = 0
    fails: dict[str, Any] | None = None
    lost: bool = False


TAKEN = Reply(202)


@dataclass
class Repository:
    """script: how the next captures are answered; then `answer` decides. Both see the events."""

    script: deque[Reply] = field(default_factory=deque)
    answer: Callable[[list[dict[str, Any]]], Reply] = lambda events: TAKEN
    options: dict[str, str] = field(default_factory=dict)
    held: dict[str, dict[str, Any]] = field(default_factory=dict)
    sizes: list[int] = field(default_factory=list)
    looks: int = 0
    heard: list[dict[str, str]] = field(default_factory=list)
    url: str = ""
    _jobs: dict[str, tuple[Reply, int]] = field(default_factory=dict)

    def handle(self, method: str, path: str, body: bytes) -> Reply:
        if (method, path) == ("OPTIONS", "/epcis/capture"):
            return Reply(204, self.options)
        if (method, path) == ("POST", "/epcis/capture"):
            return self._capture(json.loads(body))
        if method == "GET" and path.startswith("/epcis/capture/"):
            return self._job(path.rpartition("/")[2])
        return Reply(404)

    def _capture(self, document: dict[str, Any]) -> Reply:
        events = document["epcisBody"]["eventList"]
        self.sizes.append(len(events))
        reply = self.script.popleft() if self.script else self.answer(events)
        if reply.status in (200, 201, 202) and reply.fails is None and not reply.lost:
            self.held |= {event["eventID"]: event for event in events}
        if reply.status != 202:
            return reply
        number = str(len(self._jobs))
        self._jobs[number] = (reply, reply.after)
        return Reply(202, {"Location": f"{self.url}/capture/{number}", **reply.headers})

    def _job(self, number: str) -> Reply:
        self.looks += 1
        reply, left = self._jobs[number]
        self._jobs[number] = (reply, left - 1)
        if reply.lost:
            return Reply(404)
        errors = [reply.fails] if reply.fails else []
        job = {"captureID": number, "running": left > 0, "success": not errors, "errors": errors}
        return Reply(200, {"Content-Type": "application/json"}, json.dumps(job).encode())

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                first, *lines = head.decode("latin-1").split("\r\n")
                method, path, _ = first.split(" ")
                headers = {
                    name.strip().lower(): value.strip()
                    for name, _, value in (line.partition(":") for line in lines if line)
                }
                self.heard.append(headers)
                body = await reader.readexactly(int(headers.get("content-length", "0")))
                reply = self.handle(method, path, body)
                if reply.status == 0:
                    return
                said = {"Content-Length": str(len(reply.body)), **reply.headers}
                text = "".join(f"{name}: {value}\r\n" for name, value in said.items())
                writer.write(f"HTTP/1.1 {reply.status} X\r\n{text}\r\n".encode() + reply.body)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the client has gone
        finally:
            writer.close()


@asynccontextmanager
async def running(repository: Repository) -> AsyncIterator[Repository]:
    """The repository on a loopback port while the context lasts."""
    server = await asyncio.start_server(repository.serve, "127.0.0.1", 0)
    repository.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/epcis"
    try:
        yield repository
    finally:
        server.close()
