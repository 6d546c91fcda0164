"""A hand or fixed scanner as a CodeReader: on a serial port, at a TCP address, or a keyboard of its own.

scanner:/dev/ttyACM0?preset=keyence&baud=115200  scanner:tcp://HOST:PORT?preset=cognex  scanner:keyboard:/dev/input/...
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import AsyncGenerator, Callable
from contextlib import suppress
from typing import Protocol
from urllib.parse import parse_qsl, urlsplit

from gateway.config import ConfigProblem
from gateway.config_tables import CodesConfig
from gateway.model import CodeRead, DeviceTrouble, Look, ReaderBusy, ReaderGone, Wanted
from gateway.readers.codeport import DeviceState
from gateway.readers.scanner_presets import PRESETS, Dialect, Said, Talk

log = logging.getLogger(__name__)

_WAITING = 64  # looks that nobody took
_SILENCE_S = 1.0  # in a message: it will not end any more
_IDLE_S = 5.0
_BACK_OFF_S = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
_BAUD = 115_200


class Link(Protocol):
    """The way to a scanner. ReaderGone, or ReaderBusy from open(), where it is not there."""

    async def open(self) -> None:
        """Ready to send and receive."""

    async def receive(self, timeout_s: float) -> bytes:
        """What has come, as soon as something has; b"" after `timeout_s`."""

    async def send(self, data: bytes) -> None:
        """On its way."""

    async def close(self) -> None:
        """Never raises; closing twice is harmless."""


class Scanner:
    """See CodeReader. clock: Unix seconds for what is seen."""

    def __init__(
        self,
        name: str,
        link: Link,
        dialect: Callable[[], Dialect],
        codes: CodesConfig,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.name = name
        self.codes = codes
        self._link = link
        self._new_dialect = dialect
        self._dialect = dialect()
        self._clock = clock
        self._state = DeviceState("closed")
        self._is_linked = False
        self._ear: asyncio.Task[None] | None = None
        self._mouth = asyncio.Lock()
        self._waiting: deque[Look] = deque(maxlen=_WAITING)
        self._news = asyncio.Event()

    @property
    def is_open(self) -> bool:
        """Whether the device delivers."""
        return self._state.word == "open"

    @property
    def state(self) -> DeviceState:
        """How it is now."""
        return self._state

    async def open(self) -> None:
        """Connect, and listen from now on; ReaderGone or ReaderBusy where it is not there at once."""
        if self._ear is None:
            await self._connect()
            self._listen()

    async def close(self) -> None:
        """Leave the device to others."""
        if self._ear is not None:
            self._ear.cancel()
            with suppress(asyncio.CancelledError):
                await self._ear
            self._ear = None
        await self._disconnect()
        self._state = DeviceState("closed")
        self._news.set()

    def looks(self) -> AsyncGenerator[Look, None]:
        """Everything that is scanned from this call on; see CodeReader."""
        self._waiting.clear()
        self._listen()
        return self._looks()

    async def trigger(self, want: Wanted) -> None:
        """Begin a read cycle, where the scanner can be told to. ReaderGone where it is away."""
        await self._send(self._dialect.trigger())

    async def release(self) -> None:
        """End the read cycle."""
        with suppress(DeviceTrouble):
            await self._send(self._dialect.release())

    async def keep(self, why: str) -> str | None:
        """Nothing: a scanner keeps no picture."""
        return None

    async def _looks(self) -> AsyncGenerator[Look, None]:
        while self._ear is not None:
            while self._waiting:
                yield self._waiting.popleft()
            if self._ear is not None and self._ear.done():
                self._ear.result()
            self._news.clear()
            await self._news.wait()

    def _listen(self) -> None:
        if self._ear is None:
            self._ear = asyncio.create_task(self._run(), name=f"scanner {self.name}")
            self._ear.add_done_callback(lambda _: self._news.set())

    async def _run(self) -> None:
        """Listen until cancelled; what is gone is reopened."""
        failed, told = 0, ""
        while True:
            try:
                if not self._is_linked:
                    await self._connect()
                    log.info("%s: the scanner is back", self.name)
                    told = ""
                failed = 0
                while True:
                    await self._hear()
            except (ReaderGone, ReaderBusy) as why:
                if str(why) != told:
                    log.warning("%s: %s; trying until it is back", self.name, why)
                    told = str(why)
                await self._disconnect()
                self._state = DeviceState("gone", str(why))
            await asyncio.sleep(_BACK_OFF_S[min(failed, len(_BACK_OFF_S) - 1)])
            failed += 1

    async def _hear(self) -> None:
        dialect = self._dialect
        data = await self._link.receive(_SILENCE_S if dialect.is_partial else _IDLE_S)
        for said in dialect.receive(data) if data else dialect.silence():
            if said.answer:
                await self._send(said.answer)
            self._take(said)

    def _take(self, said: Said) -> None:
        at = self._clock()
        if said.word == "read":
            self._state = DeviceState("open")
            self._tell(Look(at, (CodeRead(self.name, said.data, said.aim, "", at),)))
        elif said.word == "no_read":
            self._state = DeviceState("open")
            self._tell(Look(at, no_read=True))
        elif said.word in ("refused", "lost"):
            log.warning("%s: %s: %s", self.name, said.word, said.text)
            self._state = DeviceState(self._state.word, f"{said.word}: {said.text}")

    def _tell(self, look: Look) -> None:
        self._waiting.append(look)
        self._news.set()

    async def _connect(self) -> None:
        self._state = DeviceState("connecting")
        try:
            await self._link.open()
        except (ReaderGone, ReaderBusy) as why:
            self._state = DeviceState("gone", str(why))
            raise
        self._dialect = self._new_dialect()
        self._is_linked = True
        self._state = DeviceState("open")

    async def _disconnect(self) -> None:
        self._is_linked = False
        await self._link.close()

    async def _send(self, data: bytes) -> None:
        if not self._is_linked:
            raise ReaderGone(f"{self.name}: the scanner is away: {self._state.text}")
        if data:
            async with self._mouth:
                await self._link.send(data)


def open_scanner(rest: str, name: str, codes: CodesConfig) -> Scanner:
    """The scanner at what follows "scanner:", not yet open. ConfigProblem where that names none."""
    where, _, query = rest.partition("?")
    options = dict(parse_qsl(query, keep_blank_values=True, encoding="latin-1"))
    preset = PRESETS.get(options.pop("preset", "generic"))
    if preset is None:
        raise ConfigProblem(f"scanner:{rest}: preset: write one of {', '.join(sorted(PRESETS))}")
    link = _link(rest, where, options)
    chosen = preset
    return Scanner(name, link, lambda: Talk(chosen), codes)


def _link(rest: str, where: str, options: dict[str, str]) -> Link:
    if where.startswith("tcp://"):
        from gateway.readers.scanner_tcp import TcpLink

        address = urlsplit(where)
        try:
            host, port = address.hostname, address.port
        except ValueError as why:
            raise ConfigProblem(f"scanner:{rest}: {why}") from why
        if not host or not port:
            raise ConfigProblem(f"scanner:{rest}: write scanner:tcp://HOST:PORT")
        return TcpLink(host, port)
    from gateway.readers.scanner_serial import SerialLink

    if not where:
        raise ConfigProblem(
            f"scanner:{rest}: write scanner:/dev/ttyACM0 or scanner:tcp://HOST:PORT"
        )
    try:
        baud = int(options.get("baud", _BAUD))
    except ValueError:
        raise ConfigProblem(f"scanner:{rest}: baud: write baud=115200") from None
    return SerialLink(where, baud)
