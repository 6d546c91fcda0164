"""One LLRP connection: TCP or TLS, requests and their responses, reports as they come, and a watch on silence.

LLRP 1.1, "Connection and Transport" and "LLRP Operation". Reports are parsed where they arrive and handed on in lists.
A peer that breaks the standard is a reader that is gone: the error names the message.
"""

import asyncio
import logging
import ssl
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from itertools import groupby
from types import MappingProxyType
from typing import Any

from edge import gen2
from edge.errors import Malformed
from gateway.llrp import codec, rows
from gateway.llrp.layout import Value
from gateway.llrp.message import VERSION_1_0_1, Message, Parameter
from gateway.llrp.reports import RO_ACCESS_REPORT, reports
from gateway.llrp.stream import Exchanges, Frame, Stream
from gateway.model import CannotDo, ReaderBusy, ReaderGone
from gateway.readers.allowance import Allowance
from gateway.readers.llrp_inbox import Arrival, Inbox
from gateway.readers.llrp_reach import ended, unreached

log = logging.getLogger(__name__)

CONNECT_S = 5.0  # TCP and TLS
HELLO_S = 5.0  # until the reader says whether we are its client
ANSWER_S = 5.0  # to a request
CLOSE_S = 1.0  # to CLOSE_CONNECTION: then we just leave
SILENT_PERIODS = 3  # of keepalives that did not come: the reader is gone

_LONGEST_TEXT = 200  # of a reader's own words in our log
_MESSAGES = (
    1000,
    1000,
)  # at once and a second, reports and answers aside; a chattering input's events are most
_LINES = (10, 0.1)  # in our log, at once and a second
_MOST_BEHIND = 1 << 17  # reports before a response; Zebra's readers hold back 66,000 messages
_LONGEST_EPC = gen2.WORD * gen2.EPC_LONGEST  # bytes
_BACK_OFF_S = (0.5, 30.0)  # first and longest

_FREE_IT = "end that client, or reboot the reader"
_OURS, _HELD = 0, (1, 2)  # ConnectionAttemptEvent: accepted; held by another


class Refused(CannotDo):
    """The reader answered with another LLRPStatus than success. status: its code."""

    def __init__(self, text: str, status: int) -> None:
        super().__init__(text)
        self.status = status


def backoff_s(attempt: int, chance: float) -> float:
    """Seconds before attempt 1, 2, ... to connect again: doubling to a ceiling, half of it by `chance` (0 to 1)."""
    first, longest = _BACK_OFF_S
    doubled = first * float(1 << min(max(0, attempt - 1), 16))
    return min(longest, doubled) * (1 + chance) / 2


async def connect(
    host: str,
    port: int,
    tls: ssl.SSLContext | None,
    clock: Callable[[], float],
    name: str,
    answer_s: float = ANSWER_S,
) -> "Link":
    """A connection that the reader accepted us on. answer_s: it has for a response. ReaderGone, ReaderBusy."""
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(CONNECT_S):
            _, link = await loop.create_connection(
                lambda: Link(name, clock, answer_s),
                host,
                port,
                ssl=tls,
                ssl_shutdown_timeout=CLOSE_S if tls else None,
            )
    except UnicodeError as why:  # of the name's encoding for DNS
        raise ReaderGone(
            f"{name}: cannot connect: {host[:64]!r} is no host name: check it"
        ) from why
    except OSError as why:
        raise ReaderGone(f"{name}: {unreached(why, tls is not None)}") from why
    with ExitStack() as left:
        left.callback(link.abort)
        await link.hello()
        left.pop_all()
    return link


class Link(asyncio.Protocol):
    """One user at a time asks; another may wait for arrivals. Ended by the peer, each call raises ReaderGone."""

    def __init__(self, name: str, clock: Callable[[], float], answer_s: float) -> None:
        self.name = name
        self.version = VERSION_1_0_1
        self._answer_s = answer_s
        self.clock = clock
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._stream = Stream()
        self._trouble: ReaderGone | None = None
        self._exchanges = Exchanges()
        self._pending: dict[int, asyncio.Future[Message]] = {}
        self._attempt: asyncio.Future[int] = self._loop.create_future()
        self._inbox = Inbox()
        self._came = 0  # reports in this segment
        self._behind = 0  # reports since a request
        self._messages, self._lines = Allowance(*_MESSAGES), Allowance(*_LINES)
        self._heard = self._loop.time()
        self._watch: asyncio.TimerHandle | None = None
        self._closed = asyncio.Event()

    # -- what the port calls

    async def hello(self) -> None:
        """Wait until the reader says that we are its client. ReaderBusy, ReaderGone."""
        try:
            async with asyncio.timeout(HELLO_S):
                status = await self._attempt
        except TimeoutError as why:
            raise ReaderGone(
                f"{self.name}: connected, but no ConnectionAttemptEvent within {HELLO_S:g} s: is it an LLRP reader?"
            ) from why
        if status in _HELD:
            raise ReaderBusy(f"{self.name}: another client holds this reader: {_FREE_IT}")
        if status != _OURS:
            raise ReaderBusy(f"{self.name}: the reader refuses clients (status {status})")

    async def ask(self, name: str, *params: Parameter, **fields: Value) -> Message:
        """Send a request; its response, of status success. Refused; ReaderGone."""
        return await self._ask(self._answer_s, name, params, fields)

    def tell(self, name: str) -> None:
        """Send a message that has no response. ReaderGone."""
        self._send(name)

    @property
    def trouble(self) -> str:
        """Why the connection has ended; "" where it stands."""
        return str(self._trouble or "")

    def want(self, is_wanted: bool) -> None:
        """Whether reports and events are for someone: else they are let go as they come."""
        self._inbox.want(is_wanted)

    async def arrivals(self) -> list[Arrival]:
        """What has come since the last call, in order; waits for some. ReaderGone."""
        found = await self._inbox.take()
        if not found:
            raise self._gone()
        return found

    def arrived(self) -> list[Arrival]:
        """What is here already."""
        return self._inbox.so_far()

    def keep_alive(self, period_s: float) -> None:
        """From now on the reader is gone where nothing is heard of it for some periods."""
        self._heard = self._loop.time()
        self._watch = self._loop.call_later(period_s, self._listen, period_s)

    async def close(self) -> None:
        """Say goodbye and leave. Never raises."""
        if self._trouble is None:
            try:
                await self._ask(CLOSE_S, "CLOSE_CONNECTION")
            except (ReaderGone, Refused) as why:
                log.debug("closing: %s", why)
        self.abort()
        await self._closed.wait()

    def abort(self) -> None:
        """Leave at once."""
        self._end(ReaderGone(f"{self.name}: closed"))

    # -- what asyncio calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._inbox.connected(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._end(ReaderGone(f"{self.name}: {ended(exc)}"))
        self._closed.set()

    def data_received(self, data: bytes) -> None:
        self._heard = self._loop.time()
        self._came = 0
        try:
            while frames := self._stream.receive(data):
                for is_report, run in groupby(frames, _is_report):
                    if is_report:
                        self._report([frame.body for frame in run])
                    else:
                        for frame in run:
                            self._take(frame)
                if not self._stream.begun:
                    break
                data = b""
        except Malformed as why:
            self._end(ReaderGone(f"{self.name}: {why}"))
        self._behind += self._came
        if not self._pending:
            self._inbox.hold(self._came)
        elif self._behind > _MOST_BEHIND:
            self._end(ReaderGone(f"{self.name}: it floods us with RO_ACCESS_REPORT"))

    # -- within

    async def _ask(
        self,
        timeout_s: float,
        name: str,
        params: tuple[Parameter, ...] = (),
        fields: Mapping[str, Value] = MappingProxyType({}),
    ) -> Message:
        answer = self._loop.create_future()
        id = self._send(name, params, fields)
        self._pending[id] = answer
        self._behind = 0
        self._inbox.read_on()
        try:
            async with asyncio.timeout(timeout_s):
                response: Message = await answer
        except TimeoutError as why:
            self._end(ReaderGone(f"{self.name}: no answer to {name} within {timeout_s:g} s"))
            raise self._gone() from why
        finally:
            del self._pending[id]
            self._exchanges.forget(id)
        self._check(name, response)
        return response

    def _take(self, frame: Frame) -> None:
        """Malformed ends the connection: what a lying peer says next is of no use."""
        if self._trouble is not None:
            return
        asked = self._exchanges.answers(frame)
        if asked is None and self._messages.spend(1, self._heard):
            raise Malformed(f"{frame.name}: it floods us with them")
        message = frame.message()
        log.debug("%s: < %r", self.name, message)
        if asked is not None:
            answer = self._pending[asked]
            if not answer.done():
                answer.set_result(message)
        elif message.name == "KEEPALIVE":
            self._send("KEEPALIVE_ACK", id=message.id)
        elif message.name == "READER_EVENT_NOTIFICATION":
            self._event(message["ReaderEventNotificationData"])
        elif message.name == "ERROR_MESSAGE":
            self._say(logging.WARNING, _said(message))
        else:
            self._say(logging.INFO, f"a {message.name} that no one asked for")

    def _say(self, level: int, text: str) -> None:
        """In the log, where the reader has not said too much already."""
        if not self._lines.spend(1, self._heard):
            log.log(level, "%s: %s", self.name, text)

    def _report(self, bodies: list[bytes]) -> None:
        """The reports of messages in a row. Read as one: most have a single report, and alike ones are read at once."""
        try:
            found = reports(b"".join(bodies))
        except Malformed:
            found = [each for body in bodies for each in reports(body)]  # offsets are of a message
        longest = max([len(each.epc) for each in found], default=0)
        if longest > _LONGEST_EPC:
            raise Malformed(f"RO_ACCESS_REPORT: an EPC of {8 * longest} bits")
        self._came += len(found)
        self._inbox.put(Arrival(self.clock(), found, None))

    def _event(self, event: Parameter) -> None:
        attempt = event.get("ConnectionAttemptEvent")
        if attempt is not None and not self._attempt.done():
            self._attempt.set_result(attempt.number("Status"))
        elif attempt is not None:
            self._say(logging.WARNING, "another client wants this reader")
        elif event.get("ConnectionCloseEvent") is not None:
            self._end(ReaderGone(f"{self.name}: the reader closes the connection"))
        elif (trouble := _trouble(event)) is not None:
            self._say(logging.WARNING, f"the reader says: {trouble}")
        else:
            self._inbox.put(Arrival(self.clock(), [], event))

    def _send(
        self,
        name: str,
        params: tuple[Parameter, ...] = (),
        fields: Mapping[str, Value] = MappingProxyType({}),
        id: int | None = None,
    ) -> int:
        """Returns the message's id: a new one where none is given."""
        if self._trouble is not None or self._transport is None:
            raise self._gone()
        if id is None:
            id = self._exchanges.request(rows.MESSAGE_BY_NAME[name].type)
        message = Message(name, *params, id=id, version=self.version, **fields)
        log.debug("%s: > %r", self.name, message)
        self._transport.write(codec.encode(message))
        return id

    def _listen(self, period_s: float) -> None:
        """A look at the watch, each period."""
        silent_s = self._loop.time() - max(self._heard, self._inbox.read_on_at)
        if silent_s > SILENT_PERIODS * period_s and not self._inbox.is_holding:
            self._end(ReaderGone(f"{self.name}: silent for {silent_s:.1f} s"))
        elif self._trouble is None:
            self._watch = self._loop.call_later(period_s, self._listen, period_s)

    def _check(self, name: str, response: Message) -> None:
        try:
            found = codec.status(response)
        except Malformed as why:
            self._end(ReaderGone(f"{self.name}: {why}"))
            raise self._gone() from why
        if found.code or response.name == "ERROR_MESSAGE":
            raise Refused(f"{self.name}: the reader refuses {name}: {_said(response)}", found.code)

    def _gone(self) -> ReaderGone:
        """The trouble once more: an exception is raised once."""
        return ReaderGone(str(self._trouble or f"{self.name}: not connected"))

    def _end(self, trouble: ReaderGone) -> None:
        """From now on every call raises this; what has arrived before is still handed on."""
        if self._trouble is not None:
            return
        self._trouble = trouble
        if self._watch is not None:
            self._watch.cancel()
        if self._transport is not None:
            self._transport.abort()
        waiting: list[asyncio.Future[Any]] = [self._attempt, *self._pending.values()]
        for answer in waiting:
            if not answer.done():
                answer.set_exception(self._gone())
                answer.exception()  # whether or not someone waits for it
        self._inbox.end()


def _is_report(frame: Frame) -> bool:
    return frame.type == RO_ACCESS_REPORT


def _said(message: Message) -> str:
    """A message's LLRPStatus, for people."""
    try:
        found = codec.status(message)
    except Malformed as why:
        return str(why)
    text = _printable(found.description)
    return f"{found.name}: {text}" if text else found.name


def _trouble(event: Parameter) -> str | None:
    """What an event tells the operator, if it is for the operator."""
    if (each := event.get("ReaderExceptionEvent")) is not None:
        return _printable(each.text("Message"))
    if (each := event.get("AntennaEvent")) is not None:
        state = "connected" if each.number("EventType") else "disconnected"
        return f"antenna {each.number('AntennaID')} {state}"
    if (each := event.get("ReportBufferLevelWarningEvent")) is not None:
        return f"its report buffer is {each.number('ReportBufferPercentageFull')} % full"
    if event.get("ReportBufferOverflowErrorEvent") is not None:
        return "its report buffer overflowed: it lost reports"
    return None


def _printable(text: str) -> str:
    """A reader's own words, fit for our log."""
    return "".join(each for each in text if each.isprintable())[:_LONGEST_TEXT]
