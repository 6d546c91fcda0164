"""Where a PLC triggers a code station, and has its answers: lines over TCP.

T        one read cycle of timeout_s     ON, OFF   one that lasts from the one to the other
answers  one line for each T and each ON, in their order: the codes' texts with TAB between them, or a word: NOREAD,
         PARTIAL, TOO_MANY, NO_MATCH, REPEATED, REFUSED, NOT_VERIFIED, FAILED, ERROR (nothing could be recorded)

Lines end with CR, LF or both. What was triggered by no PLC is told to each that waits for no answer.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from gateway.config import ConfigProblem
from gateway.readers.scanner_tcp import keep_alive

log = logging.getLogger(__name__)

MOST_CLIENTS = 4
MOST_UNANSWERED = 64  # triggers of one client; one more, and it is left
ERROR = "ERROR"

_DEEDS = {b"T": "once", b"ON": "on", b"OFF": "off"}
_WORDS = {"no_read": "NOREAD"}
_ANSWERS = frozenset(
    f"NOREAD PARTIAL TOO_MANY NO_MATCH REPEATED REFUSED NOT_VERIFIED FAILED BUSY {ERROR}".split()
)
_BREAKING = frozenset(map(chr, range(0x20))) - {"\x1d"}
_LONGEST_LINE = 64  # bytes
_CHUNK = 4096
_MOST_UNREAD = 64 << 10  # bytes of answers that a client does not take
_END = b"\r\n"


class Client:
    """One PLC that is connected. holds: whether an ON of it waits for its OFF."""

    def __init__(self, writer: asyncio.StreamWriter, name: str) -> None:
        self.name = name
        self.unanswered = 0
        self.holds = False
        self._writer = writer

    def answer(self, line: str) -> None:
        """Answer its oldest trigger."""
        self.unanswered -= 1
        self.say(line)

    def say(self, line: str) -> None:
        """Send a line; one who takes none is left."""
        transport = self._writer.transport
        if transport.is_closing():
            return
        self._writer.write(line.encode() + _END)
        if transport.get_write_buffer_size() > _MOST_UNREAD:
            log.warning("%s takes no answers: it is left", self.name)
            transport.abort()

    async def left(self) -> None:
        """Hang up; what it did not take yet is dropped."""
        self._writer.transport.abort()
        with suppress(OSError):
            await self._writer.wait_closed()


@dataclass(frozen=True)
class Call:
    """What a PLC asks for. deed: "once", "on" or "off"."""

    deed: str
    client: Client


class Plc:
    """Listens at HOST:PORT (port 0: any, which `port` tells then) for up to MOST_CLIENTS."""

    def __init__(self, listen: str) -> None:
        host, _, port = listen.rpartition(":")
        self.host = host.strip("[]")
        self.port = int(port)
        self._clients: dict[Client, asyncio.Task[None]] = {}
        self._server: asyncio.Server | None = None
        self._take: Callable[[Call], None] = lambda _: None

    async def open(self, take: Callable[[Call], None]) -> None:
        """Listen from now on; `take` gets what they ask for. ConfigProblem where that address cannot be had."""
        self._take = take
        try:
            self._server = await asyncio.start_server(self._accept, self.host, self.port)
        except (OSError, OverflowError) as why:
            where = f"{self.host}:{self.port}"
            raise ConfigProblem(f"reader.codes.plc: cannot listen at {where}: {why}") from why
        self.port = self._server.sockets[0].getsockname()[1]
        log.info("PLC triggers at %s:%d", self.host, self.port)

    async def close(self) -> None:
        """Leave all, and listen no more. Harmless when closed."""
        server, self._server = self._server, None
        if server is None:
            return
        server.close()
        clients = dict(self._clients)
        for task in clients.values():
            task.cancel()
        await asyncio.gather(*clients.values(), return_exceptions=True)
        self._clients.clear()
        for client in clients:
            await client.left()
        await server.wait_closed()

    @property
    def clients(self) -> list[str]:
        """Who is connected."""
        return [client.name for client in self._clients]

    @property
    def unanswered(self) -> int:
        """How many triggers of theirs wait for an answer."""
        return sum(client.unanswered for client in self._clients)

    def tell(self, line: str) -> None:
        """Say what no PLC has triggered to each that would not take it for the answer to a trigger."""
        for client in tuple(self._clients):
            if not client.unanswered:
                client.say(line)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._server is None:  # it came at the end
            writer.close()
            return
        host, port = writer.get_extra_info("peername")[:2]
        client = Client(writer, f"PLC {host}:{port}")
        if len(self._clients) >= MOST_CLIENTS:
            log.warning("%s is refused: %d are connected", client.name, MOST_CLIENTS)
            writer.write(b"BUSY" + _END)
            writer.close()
            return
        keep_alive(writer.get_extra_info("socket"))
        task = asyncio.create_task(self._serve(client, reader, writer), name=client.name)
        self._clients[client] = task

    async def _serve(
        self, client: Client, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        lines = Lines()
        try:
            while data := await reader.read(_CHUNK):
                for line in lines.receive(data):
                    if fault := self._obey(client, line):
                        log.warning("%s is left: %s", client.name, fault)
                        return
        except OSError as why:
            log.info("%s: %s", client.name, why)
        finally:
            self._clients.pop(client, None)
            if client.holds:
                self._take(Call("off", client))
            writer.close()

    def _obey(self, client: Client, line: bytes) -> str:
        """Pass on what a line asks for; why the client is to be left, "" where not."""
        deed = _DEEDS.get(line)
        if deed is None:
            return f"it says {line[:_LONGEST_LINE]!r}; T, ON and OFF are known"
        if deed == "off":
            if client.holds:
                self._take(Call(deed, client))
            client.holds = False
            return ""
        client.unanswered += 1
        if client.unanswered > MOST_UNANSWERED:
            return f"{MOST_UNANSWERED} of its triggers wait for their answer"
        client.holds = client.holds or deed == "on"
        self._take(Call(deed, client))
        return ""


class Lines:
    """Bytes to lines, which end with CR, LF or both; empty ones are left out."""

    def __init__(self) -> None:
        self._pending = b""

    def receive(self, data: bytes) -> list[bytes]:
        """The lines that are whole; one that is too long comes as far as it goes."""
        *lines, self._pending = (self._pending + data).replace(b"\r", b"\n").split(b"\n")
        if len(self._pending) > _LONGEST_LINE:
            lines.append(self._pending)
            self._pending = b""
        return [line for line in lines if line]


def word(outcome: str) -> str:
    """The answer for a Result's outcome that is not good."""
    return _WORDS.get(outcome, outcome.upper())


def texts(messages: Sequence[bytes]) -> str | None:
    """The answer for codes that are good, GS as it is; None where a PLC could take it for something else."""
    try:
        found = [message.decode() for message in messages]
    except UnicodeDecodeError:
        return None
    if not all(text and text not in _ANSWERS and _BREAKING.isdisjoint(text) for text in found):
        return None
    return "\t".join(found) or None
