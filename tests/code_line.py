"""A code station for a test: a reader that sees what the test says, a journal that may be held, a PLC's socket."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from edge import printed, stub
from edge.trust import Entry, TrustList
from gateway.config import CodesConfig
from gateway.journal import Journal
from gateway.keys import DeviceKey
from gateway.model import CodeRead, DeviceTrouble, Look, ReaderGone, Wanted
from gateway.readers.codeport import DeviceState
from gateway.records import Row
from gateway.stations.codepost import CodePost
from gateway.stations.codestation import CodeStation
from gateway.stations.plc import Plc
from gateway.stations.result import Result

NOW = 1_790_000_000
_LOST_S = 30.0  # an answer that has not come by then never comes
GTIN = 9520123456788
LINK = f"https://id.example.com/01/{GTIN:014d}/21/A1"


class ScriptedReader:
    """A CodeReader. wants: the triggers that it got; log: every command in order; away: why it takes none."""

    def __init__(self, name: str = "cam") -> None:
        self.name = name
        self.state = DeviceState("open")
        self.away: DeviceTrouble | None = None
        self.deaf = False
        self.wants: list[Wanted] = []
        self.log: list[str] = []
        self.triggered = asyncio.Event()
        self.image: str | None = None
        self._looks: asyncio.Queue[Look | DeviceTrouble] = asyncio.Queue()

    @property
    def is_open(self) -> bool:
        return self.state.word == "open"

    def see(
        self, *messages: bytes | CodeRead, at: float | None = None, no_read: bool = False
    ) -> None:
        """A picture with these codes, now."""
        at = time.time() if at is None else at
        codes = tuple(read(each, at) if isinstance(each, bytes) else each for each in messages)
        self._looks.put_nowait(Look(at, codes, no_read))

    def fail(self, why: DeviceTrouble) -> None:
        self._looks.put_nowait(why)

    async def open(self) -> None:
        self.log.append("open")
        if self.away:
            raise self.away

    async def close(self) -> None:
        self.log.append("close")

    async def looks(self) -> AsyncGenerator[Look, None]:
        while True:
            look = await self._looks.get()
            if isinstance(look, DeviceTrouble):
                raise look
            yield look

    async def trigger(self, want: Wanted) -> None:
        self.log.append("trigger")
        self.wants.append(want)
        self.triggered.set()
        if self.deaf:
            await asyncio.Event().wait()
        if self.away:
            raise self.away

    async def release(self) -> None:
        self.triggered.clear()
        self.log.append("release")

    async def keep(self, why: str) -> str | None:
        self.log.append(f"keep {why}")
        return self.image


class HeldJournal(Journal):
    """A journal whose appends wait until `gate` is set; reached: one is waiting. trouble: raised instead."""

    gate: asyncio.Event
    reached: asyncio.Event
    trouble: Exception | None = None

    async def append(
        self, kind: str, station: str, uid: bytes, product: str, body: Mapping[str, Any]
    ) -> Row:
        self.reached.set()
        await self.gate.wait()
        if self.trouble is not None:
            raise self.trouble
        return await super().append(kind, station, uid, product, body)


@dataclass
class CodeLine:
    """A reader, its station, and what a test does there."""

    reader: ScriptedReader
    journal: HeldJournal
    station: CodeStation
    plc: Plc
    key: DeviceKey
    results: "asyncio.Queue[Result]" = field(default_factory=asyncio.Queue)
    task: "asyncio.Task[None] | None" = None
    peers: "list[PlcPeer]" = field(default_factory=list)

    def rows(self) -> list[Row]:
        return list(self.journal.after(0, 1000))

    def last(self) -> dict[str, Any]:
        return self.rows()[-1].content()

    async def turns(self) -> None:
        """Let others have their turn."""
        await asyncio.sleep(0)

    async def all_connected(self, count: int) -> None:
        """Wait until so many PLCs are connected."""
        while len(self.plc.clients) != count:
            await self.turns()

    async def run(self) -> None:
        async for result in self.station.run():
            self.results.put_nowait(result)

    def printed(self, serial: str = "A1", link: str | None = None, **more: Any) -> bytes:
        """The text of a code with a stub that the line's key signed; more: claims."""
        claims = {0: 1, 1: [0, GTIN, serial], 3: bytes(32), 4: NOW, 5: 0} | more.pop("claims", {})
        raw = stub.encode(claims, self.key.alg, self.key.kid, self.key.sign)
        base = link or f"https://id.example.com/01/{GTIN:014d}/21/{serial}"
        return printed.join(base, raw, printed.BASE64URL).encode()


class PlcPeer:
    """A PLC: lines over a plain socket."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    def say(self, data: bytes) -> None:
        self._writer.write(data)

    async def line(self) -> bytes:
        """The next answer; b"" where the gateway has hung up."""
        try:
            async with asyncio.timeout(_LOST_S):
                return (await self._reader.readline()).removesuffix(b"\r\n")
        except ConnectionError:
            return b""

    async def leave(self) -> None:
        self._writer.close()
        with suppress(OSError):
            await self._writer.wait_closed()


def read(message: bytes, at: float = NOW, aim: str = "]Q1", symbology: str = "QRCode") -> CodeRead:
    return CodeRead("cam", message, aim, symbology, at)


@asynccontextmanager
async def code_line(
    folder: Path, job: str = "read", hosts: tuple[str, ...] = (), **rules: object
) -> AsyncIterator[CodeLine]:
    """A code station that is not run yet, by real clocks."""
    key = DeviceKey.generate()
    far = NOW + 10 * 365 * 86400
    trusted = TrustList(1, NOW - 86400, far, (Entry(key.kid, key.public),))
    folder.mkdir(exist_ok=True)
    async with HeldJournal(folder / "journal.db") as journal:
        journal.gate, journal.reached = asyncio.Event(), asyncio.Event()
        journal.gate.set()
        reader = ScriptedReader()
        post = CodePost(
            "st 1", reader, journal, trusted, time.time, time.monotonic, hosts=hosts, job=job
        )
        plc = Plc("127.0.0.1:0")
        config = CodesConfig.model_validate({"trigger": "single", "timeout_s": 30.0} | rules)
        yield CodeLine(reader, journal, CodeStation(post, config, plc), plc, key)


@asynccontextmanager
async def running(line: CodeLine) -> AsyncIterator[PlcPeer]:
    """The station is run, and a PLC connected, while the context lasts."""
    line.task = asyncio.create_task(line.run())
    try:
        yield await connected(line)
    finally:
        line.task.cancel()
        await asyncio.gather(line.task, return_exceptions=True)
        for peer in line.peers:
            await peer.leave()


async def connected(line: CodeLine) -> PlcPeer:
    """Another PLC; waits until the station listens."""
    while not line.plc.port:
        assert line.task is not None and not line.task.done(), line.task
        await asyncio.sleep(0)
    line.peers.append(PlcPeer(*await asyncio.open_connection("127.0.0.1", line.plc.port)))
    return line.peers[-1]


def distrusted(line: CodeLine) -> CodePost:
    """The line's post, whose trust list names nobody."""
    return replace(line.station.post, trust=TrustList(2, NOW, NOW + 10 * 365 * 86400, ()))


def gone(text: str = "the cable was pulled") -> ReaderGone:
    return ReaderGone(text)
