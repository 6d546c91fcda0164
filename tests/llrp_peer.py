"""A scripted LLRP peer: a polite reader, but for what a test has it say instead. For lies alone."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from gateway.llrp.codec import encode
from gateway.llrp.message import Message, Parameter
from gateway.llrp.stream import Stream
from gateway.readers.llrp import LlrpPort

OK = Parameter("LLRPStatus")
NOW = 1790000000.0

CAPABILITIES = (
    OK,
    Parameter(
        "GeneralDeviceCapabilities",
        Parameter("ReceiveSensitivityTableEntry", Index=1),
        Parameter("GPIOCapabilities", NumGPIs=2, NumGPOs=2),
        Parameter("PerAntennaAirProtocol", AntennaID=1, ProtocolID=b"\x01"),
        MaxNumberOfAntennaSupported=2,
        ModelName=1,
        ReaderFirmwareVersion="scripted",
    ),
    Parameter(
        "LLRPCapabilities", MaxNumROSpecs=1, MaxNumAccessSpecs=8, MaxNumOpSpecsPerAccessSpec=8
    ),
)


def hello(status: int = 0) -> bytes:
    event = Parameter("ConnectionAttemptEvent", Status=status)
    return note(event)


def note(event: Parameter) -> bytes:
    data = Parameter("ReaderEventNotificationData", Parameter("UTCTimestamp"), event)
    return encode(Message("READER_EVENT_NOTIFICATION", data))


def report(epc: bytes, *more: Parameter, antenna: int | None = 1) -> bytes:
    parts = [Parameter("EPC_96", EPC=epc), *more]
    if antenna is not None:
        parts.append(Parameter("AntennaID", AntennaID=antenna))
    return encode(Message("RO_ACCESS_REPORT", Parameter("TagReportData", *parts)))


def polite(message: Message) -> bytes:
    """What a plain reader of 1.0.1 answers; nothing to what has no response."""
    if message.name == "GET_SUPPORTED_VERSION":
        return refusal(message, 110)
    if message.name == "GET_READER_CAPABILITIES":
        return encode(Message(f"{message.name}_RESPONSE", *CAPABILITIES, id=message.id))
    if message.name in ("KEEPALIVE_ACK", "ENABLE_EVENTS_AND_REPORTS"):
        return b""
    return encode(Message(f"{message.name}_RESPONSE", OK, id=message.id))


def refusal(message: Message, status: int, text: str = "") -> bytes:
    why = Parameter("LLRPStatus", StatusCode=status, ErrorDescription=text)
    return encode(Message("ERROR_MESSAGE", why, id=message.id))


class Peer:
    """heard: the names of what it was sent. on: what to do instead, by name; it returns the answer, None: hang up."""

    def __init__(
        self, on: dict[str, Callable[[Message], bytes | None]], first: bytes | None
    ) -> None:
        self.port = 0
        self.heard: list[str] = []
        self.gone = asyncio.Event()
        self._on = on
        self._first = hello() if first is None else first
        self._writer: asyncio.StreamWriter | None = None

    def say(self, data: bytes) -> None:
        assert self._writer is not None
        self._writer.write(data)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        stream = Stream()
        writer.write(self._first)
        try:
            while data := await reader.read(65536):
                for frame in stream.receive(data):
                    message = frame.message()
                    self.heard.append(message.name)
                    answer = self._on.get(message.name, polite)(message)
                    if answer is None:
                        return
                    writer.write(answer)
                    await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()
            self.gone.set()


@asynccontextmanager
async def scripted(
    on: dict[str, Callable[[Message], bytes | None]] | None = None, first: bytes | None = None
) -> AsyncIterator[Peer]:
    peer = Peer(on or {}, first)
    server = await asyncio.start_server(peer.serve, "127.0.0.1", 0)
    peer.port = server.sockets[0].getsockname()[1]
    async with server:
        yield peer


@asynccontextmanager
async def opened(
    on: dict[str, Callable[[Message], bytes | None]] | None = None, **times_s: float
) -> AsyncIterator[tuple[Peer, LlrpPort]]:
    """The peer, and our port open on it."""
    async with scripted(on) as peer:
        port = LlrpPort("127.0.0.1", peer.port, clock=lambda: NOW, **times_s)
        await port.open()
        try:
            yield peer, port
        finally:
            await port.close()


def play(work: Awaitable[None]) -> None:
    async def timed() -> None:
        async with asyncio.timeout(20):
            await work

    asyncio.run(timed())
