"""A hand or fixed scanner as a CodeReader: on a serial port, at a TCP address, or a keyboard of its own.

scanner:/dev/ttyACM0?preset=keyence&baud=115200, scanner:tcp://HOST:PORT?preset=cognex, scanner:keyboard:/dev/input/...
What may stand behind the question mark: gateway.readers.scanner_options.
"""

import asyncio
import logging
import re
import time
from collections import deque
from collections.abc import AsyncGenerator, Callable
from contextlib import suppress
from math import inf
from urllib.parse import urlsplit

from gateway.config import ConfigProblem
from gateway.config_tables import CodesConfig
from gateway.model import CodeRead, DeviceTrouble, Look, ReaderBusy, ReaderGone, Wanted
from gateway.readers.codeport import DeviceState
from gateway.readers.scanner_flow import Flood, Flow
from gateway.readers.scanner_link import Link, SerialLink
from gateway.readers.scanner_options import Options, options
from gateway.readers.scanner_ssi import Ssi
from gateway.readers.scanner_talk import Dialect, Said, Talk
from gateway.readers.scanner_tcp import TcpLink

log = logging.getLogger(__name__)

_WAITING = 64  # looks that nobody took
_IDLE_S = 5.0
_LATE_S = 0.3  # for what a scanner tells of a cycle after its trigger is off
_MOST_LOST = 3  # times; once is a plug, or noise
_USER = re.compile(r"//[^/]*@")
_BACK_OFF_S = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)  # between attempts to reopen


class Scanner:
    """See CodeReader. The symbologies are the scanner's own setting; clock: Unix seconds for what is seen."""

    def __init__(
        self,
        name: str,
        link: Link,
        told: Options,
        codes: CodesConfig,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.name = name
        self.codes = codes
        self._link = link
        self._preset = told.preset
        self._silent_s = told.silent_s
        self._clock = clock
        self._state = DeviceState("closed")
        self._dialect: Dialect | None = None  # of the connection that stands
        self._flow = Flow(0.0)
        self._heard_at = 0.0  # monotonic seconds
        self._is_asked = False  # for a sign of life
        self._lost = 0  # times that bytes were no message, since the last one
        self._ear: asyncio.Task[None] | None = None
        self._mouth = asyncio.Lock()
        self._is_on = False  # the trigger
        self._off_at = -inf  # monotonic seconds
        self._owes = False  # the cycle that is over has brought neither a code nor a no-read
        self._paid = asyncio.Event()
        self._waiting: deque[Look] = deque(maxlen=_WAITING)
        self._news = asyncio.Event()
        self._drops = False  # looks, and that was told

    @property
    def is_open(self) -> bool:
        """Whether the device delivers."""
        return self._state.word == "open"

    @property
    def state(self) -> DeviceState:
        """How it is now. stalled: it floods, or nothing of what it sends is understood."""
        return self._state

    async def open(self) -> None:
        """Connect, and listen from now on; ReaderGone or ReaderBusy where it is not there at once."""
        if self._ear is None:
            await self._connect()
            self._listen()

    async def close(self) -> None:
        """Leave the device to others."""
        ear, self._ear = self._ear, None
        self._is_on = False
        if ear is not None:
            ear.cancel()
            await asyncio.gather(ear, return_exceptions=True)
        await self._disconnect(DeviceState("closed"))
        self._news.set()

    def looks(self) -> AsyncGenerator[Look, None]:
        """Everything that is scanned from this call on; see CodeReader."""
        self._waiting.clear()
        self._listen()
        return self._looks()

    async def trigger(self, want: Wanted) -> None:
        """Begin a read cycle, where the scanner can be told to. ReaderGone where it is away."""
        if self._dialect is None:
            raise ReaderGone(f"{self.name}: the scanner is away: {self._state.text or 'not open'}")
        self._owes = self._is_on = True
        await self._send(self._preset.on)

    async def release(self) -> None:
        """End the read cycle, and wait a moment for what is left of it, which must not count for the next one."""
        self._is_on, self._off_at = False, time.monotonic()
        if self._dialect is None or not self._preset.off:
            return
        self._paid.clear()
        with suppress(DeviceTrouble):
            await self._send(self._preset.off)
        if self._owes and self._preset.late:
            with suppress(TimeoutError):
                async with asyncio.timeout(_LATE_S):
                    await self._paid.wait()

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
        if self._ear is None or self._ear.done():
            self._ear = asyncio.create_task(self._run(), name=f"scanner {self.name}")
            self._ear.add_done_callback(lambda _: self._news.set())

    async def _run(self) -> None:
        """Listen until cancelled; what is gone is reopened."""
        failed, told = 0, ""
        while True:
            try:
                if self._dialect is None:
                    await self._connect()
                    log.warning("%s: the scanner is back", self.name)
                    if self._is_on:
                        self._owes = True
                        await self._send(self._preset.on)
                while True:
                    await self._hear()
                    if self._flow.is_steady:
                        failed, told = 0, ""
            except (ReaderGone, ReaderBusy) as why:
                if str(why) != told:
                    log.warning("%s: %s; trying until it is back", self.name, why)
                told = str(why)
                word = "stalled" if isinstance(why, Flood) else "gone"
                await self._disconnect(DeviceState(word, str(why)))
            await asyncio.sleep(_BACK_OFF_S[min(failed, len(_BACK_OFF_S) - 1)])
            failed += 1

    async def _hear(self) -> None:
        """Wait for the next bytes, or for a silence that says something."""
        assert self._dialect is not None
        dialect = self._dialect
        idle_s = self._silent_s / 2 if self._silent_s else _IDLE_S
        patience_s = dialect.pause_s if dialect.is_partial else idle_s
        data = await self._link.receive(patience_s)
        now = time.monotonic()
        said = dialect.receive(data) if data else dialect.silence()
        self._flow.take(now, len(data), len(said))
        if data:
            self._heard_at, self._is_asked = now, False
        for each in said:
            if each.answer:
                await self._send(each.answer)
            self._take(each)
        await self._life(now)

    async def _life(self, now: float) -> None:
        """Ask for a sign of life after half of `silent_s`; ReaderGone after all of it."""
        if self._silent_s is None:
            return
        silent_s = now - self._heard_at
        if silent_s >= self._silent_s:
            raise ReaderGone(f"nothing came for {silent_s:.0f} s: check its power and cable")
        if self._preset.ping and not self._is_asked and silent_s >= self._silent_s / 2:
            self._is_asked = True
            await self._send(self._preset.ping)

    def _take(self, said: Said) -> None:
        at = self._clock()
        if said.word == "read":
            codes = [
                CodeRead(self.name, each.data, each.aim, each.symbology, at) for each in said.codes
            ]
            self._tell(Look(at, tuple(codes)))
        elif said.word == "no_read":
            self._tell(Look(at, no_read=True))
        elif said.word == "refused":
            log.warning("%s: the scanner refuses a command: %s", self.name, said.text)
            self._state = DeviceState("open", f"it refuses a command: {said.text}")
        elif said.word == "lost":
            self._lost += 1
            if self._lost <= _MOST_LOST:
                log.warning("%s: %s", self.name, said.text)
            self._state = DeviceState("stalled" if self._lost >= _MOST_LOST else "open", said.text)

    def _tell(self, look: Look) -> None:
        self._state, self._lost = DeviceState("open"), 0
        is_late = self._owes and not self._is_on and (look.no_read or self._is_just_off())
        self._owes = False
        self._paid.set()
        if is_late:
            return
        if len(self._waiting) < _WAITING:
            self._drops = False
        elif not self._drops:
            self._drops = True
            log.warning(
                "%s: %d scans wait that nobody takes: the oldest are dropped", self.name, _WAITING
            )
        self._waiting.append(look)
        self._news.set()

    def _is_just_off(self) -> bool:
        """Whether what comes may still be of the cycle that is over, and would count for the next one."""
        preset = self._preset
        is_late = preset.late and bool(preset.off)
        return is_late and time.monotonic() - self._off_at < _LATE_S

    async def _connect(self) -> None:
        self._state = DeviceState("connecting", self._state.text)
        try:
            await self._link.open()
        except (ReaderGone, ReaderBusy) as why:
            await self._disconnect(DeviceState("gone", str(why)))
            raise
        self._dialect = Ssi() if self._preset.packets else Talk(self._preset)
        self._heard_at, self._is_asked, self._owes = time.monotonic(), False, False
        self._lost = 0
        self._flow = Flow(self._heard_at)
        self._state = DeviceState("open")

    async def _disconnect(self, state: DeviceState) -> None:
        self._dialect = None
        self._state = state
        await self._link.close()

    async def _send(self, data: bytes) -> None:
        if data:
            async with self._mouth:
                await self._link.send(data)


def open_scanner(rest: str, name: str, codes: CodesConfig) -> Scanner:
    """The scanner at what follows "scanner:", not yet open. ConfigProblem where that names none."""
    where, _, query = rest.partition("?")
    url = "scanner:" + _USER.sub("//***@", rest)  # as errors have it
    told = options(query, url)
    return Scanner(name, _link(where, told, url), told, codes)


def _link(where: str, told: Options, url: str) -> Link:
    kind, colon, path = where.partition(":")
    if colon and kind == "tcp":
        address = urlsplit(where)
        try:
            host, port = address.hostname, address.port
        except ValueError as why:
            raise ConfigProblem(f"{url}: {why}") from why
        if not host or not port or address.path not in ("", "/") or address.username is not None:
            raise ConfigProblem(f"{url}: write scanner:tcp://HOST:PORT")
        return TcpLink(host, port)
    if colon and kind == "keyboard":
        from gateway.readers.keyboard import KeyboardLink

        if not path:
            raise ConfigProblem(f"{url}: write scanner:keyboard:/dev/input/by-id/...-event-kbd")
        if told.preset.commands:
            raise ConfigProblem(
                f"{url}: a keyboard takes no commands: leave preset, on, off, ack and ping out"
            )
        return KeyboardLink(path)
    if not where:
        raise ConfigProblem(f"{url}: write scanner:/dev/ttyACM0 or scanner:tcp://HOST:PORT")
    return SerialLink(where, told.baud)
