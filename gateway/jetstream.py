"""NATS JetStream as gateways and hub use it: one connection, requests, and a stream whose acknowledgements are durable.

A connection lives until it is lost; whoever holds it makes a new one. Subjects:

    tagwright.batches.GATEWAY.JOURNAL   batches, kept in the stream TAGWRIGHT until a consumer has stored them
    tagwright.receipts.JOURNAL          what the hub holds of a journal, told after each commit
    tagwright.ask                       request: a journal's id; reply: its receipt
"""

import asyncio
import json
import logging
import random
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.transport import TcpTransport

from gateway.broker import Broker
from gateway.config import ConfigProblem

log = logging.getLogger(__name__)

STREAM = "TAGWRIGHT"
BATCHES = "tagwright.batches"
RECEIPTS = "tagwright.receipts"
ASK = "tagwright.ask"
GATEWAY = "Tagwright-Gateway"  # whose key has made the signature
SIGNATURE = "Tagwright-Signature"  # base64, over the message's data
MESSAGE_ID = "Nats-Msg-Id"
INBOX = "_INBOX"  # gateways' answers
HUB_INBOX = (
    "_INBOX_HUB"  # the hub's answers, and the batches that it asks for: no gateway may listen there
)

_OLDEST = (2, 15)
_CONNECT_S = 5  # one server's greeting
_WHOLE_S = 20.0  # all servers in turn
ANSWER_S = 10.0  # an election among three nodes takes 4 to 8 s; who asks then asks again
_CLOSE_S = 2.0
_PING_S = 20  # a peer that is silent for three of them is gone
_LONGEST = 300  # characters of a peer's sentence that are kept
_NO_RESPONDERS = "503"
_FULL = (
    10002,
    10023,
    10047,
    10077,
)  # JetStream's codes for no resources, no storage, maximum bytes

Heard = Callable[["Message"], Awaitable[None]]
Ended = Callable[[], Awaitable[None]]


class NatsTrouble(Exception):
    """The broker is away or does not answer as it should; the text says what. Again later is right."""


class Silent(NatsTrouble):
    """No answer in time: the server hangs, is cut off from the others, or an election is under way. Try another one."""


class Full(NatsTrouble):
    """The stream takes no more until consumers have made room: back-pressure."""


class Refused(NatsTrouble):
    """JetStream's own interface says no. code: its err_code."""

    def __init__(self, sentence: str, code: object) -> None:
        super().__init__(f"JetStream says: {sentence}")
        self.code = code


class Unfit(NatsTrouble):
    """What is there must not be used as it is; the text says why, and what to set."""


@dataclass(frozen=True, slots=True)
class Message:
    """reply: where an answer, or the acknowledgement of a stream's message, goes to; "" for none."""

    subject: str
    data: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    reply: str = ""


@dataclass(frozen=True, slots=True)
class Stored:
    """What the stream says of a message: its number, and whether its id was known already."""

    seq: int
    duplicate: bool


async def connect(broker: Broker, name: str, inbox: str = INBOX) -> "Connection":
    """A connection to one of the servers; name: what its monitoring shows. Raises NatsTrouble, Unfit.

    inbox: what the subjects of its answers begin with: who may hear all below INBOX hears none below another one.
    """
    async with AsyncExitStack() as stack:
        connection = Connection(broker, inbox)
        stack.push_async_callback(connection.close)
        await connection._open(name)
        stack.pop_all()
    return connection


class Connection:
    """One client's connection, made by connect(); `async with` closes it. Methods raise NatsTrouble when it is lost."""

    def __init__(self, broker: Broker, prefix: str = INBOX) -> None:
        self.lost = asyncio.Event()
        self._broker = broker
        self._prefix = prefix
        self._client = _Client()
        self._trouble = ""  # what the library said last
        self._inbox = ""
        self._asked: dict[str, asyncio.Future[Message]] = {}
        self._number = 0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, why: BaseException | None, at: TracebackType | None
    ) -> None:
        await self.close()

    @property
    def max_payload(self) -> int:
        """Bytes of a message, headers included, that the server takes."""
        return self._client.max_payload

    @property
    def clustered(self) -> bool:
        """Whether the server is one of a cluster."""
        return bool(self._client._server_info.get("cluster"))

    async def close(self) -> None:
        """Send what is still to be sent, if the server takes it soon, and end."""
        try:
            await self._client.close()
        finally:
            await self._ended()

    async def publish(
        self,
        subject: str,
        data: bytes = b"",
        headers: Mapping[str, str] | None = None,
        reply: str = "",
    ) -> None:
        """Send a message without waiting for anything, be it room in the socket: callers bound what is under way."""
        try:
            await self._client.publish(subject, data, reply, dict(headers) if headers else None)
        except (nats.errors.Error, OSError) as e:
            raise NatsTrouble(self._reason(e)) from e

    async def subscribe(self, subject: str, heard: Heard, queue: str = "") -> Ended:
        """Call heard(message) for each message, one after the other. queue: of a group of this name, one hears it.

        The answer ends it: when that returns, all that was on its way has been heard.
        """

        async def hear(msg: Msg) -> None:
            await heard(Message(msg.subject, msg.data, msg.headers or {}, msg.reply))

        try:
            subscribed = await self._client.subscribe(subject, queue, hear)
        except (nats.errors.Error, OSError) as e:
            raise NatsTrouble(self._reason(e)) from e

        async def end() -> None:
            try:  # the library waits for ever for what a lost connection leaves unheard
                async with asyncio.timeout(ANSWER_S):
                    await subscribed.drain()  # type: ignore[no-untyped-call]
            except (nats.errors.Error, OSError) as e:
                raise NatsTrouble(self._reason(e)) from e

        return end

    async def request(
        self,
        subject: str,
        data: bytes = b"",
        headers: Mapping[str, str] | None = None,
        timeout_s: float = ANSWER_S,
    ) -> Message:
        """Send a message and return the answer to it."""
        if not self._inbox:
            self._inbox = self.inbox()
            await self.subscribe(self._inbox + ".*", self._answered)
        self._number += 1
        number = str(self._number)
        answer: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self._asked[number] = answer
        try:
            await self.publish(subject, data, headers, f"{self._inbox}.{number}")
            async with asyncio.timeout(timeout_s):
                message = await answer
        except TimeoutError as e:
            raise Silent(f"no answer on {subject} within {timeout_s:g} s") from e
        finally:
            del self._asked[number]
        if message.headers.get("Status") == _NO_RESPONDERS:
            raise NatsTrouble(f"nobody answers on {subject}")
        return message

    async def store(
        self,
        subject: str,
        data: bytes,
        headers: Mapping[str, str] | None = None,
        timeout_s: float = ANSWER_S,
    ) -> Stored:
        """Put a message into the stream, and return when the stream has it durably. Raises NatsTrouble, Full."""
        said = _said(await self.request(subject, data, headers, timeout_s))
        seq = said.get("seq")
        if type(seq) is not int or said.get("stream") != STREAM:
            raise NatsTrouble(f"{subject} is not of the stream {STREAM}: {str(said)[:_LONGEST]}")
        return Stored(seq, said.get("duplicate") is True)

    async def api(self, what: str, **more: object) -> dict[str, Any]:
        """One request to JetStream's own interface, e.g. api("STREAM.INFO.TAGWRIGHT"). Raises NatsTrouble, Full."""
        return _said(await self.request(f"$JS.API.{what}", json.dumps(more).encode()))

    def inbox(self) -> str:
        """A subject of its own, to be answered on."""
        return self._client.new_inbox()

    async def flush(self) -> None:
        """Return when the server has seen all that was published."""
        try:
            await self._client.flush(timeout=int(ANSWER_S))
        except (nats.errors.Error, OSError) as e:
            raise NatsTrouble(self._reason(e)) from e

    async def _open(self, name: str) -> None:
        try:
            async with asyncio.timeout(_WHOLE_S):
                await self._client.connect(
                    servers=random.sample(self._broker.urls, len(self._broker.urls)),
                    name=name,
                    error_cb=self._complained,
                    closed_cb=self._ended,
                    inbox_prefix=self._prefix,
                    allow_reconnect=False,
                    connect_timeout=_CONNECT_S,
                    max_reconnect_attempts=1,
                    reconnect_time_wait=0,
                    ping_interval=_PING_S,
                    pending_size=0,  # no limit: at one, it waits for ever for a server that hangs
                    tls=None if self._broker.tls is None else self._broker.tls(),
                    token=self._word("token"),
                    user=self._word("user"),
                    password=self._word("password"),
                )
        except (nats.errors.Error, OSError, TimeoutError, ValueError, ConfigProblem) as e:
            raise NatsTrouble(self._reason(e)) from e
        why = self._unfit()
        if why is not None:
            raise Unfit(why)

    def _unfit(self) -> str | None:
        version = self._client.connected_server_version
        server = f"nats-server {self._client._server_info.get('version')}"
        if (version.major, version.minor) < _OLDEST:
            return f"{server} is too old, 2.15 is needed: 2.9 acknowledges without fsync and knows no sync_interval"
        if not self._client._server_info.get("jetstream"):
            return f"{server} has no JetStream: set jetstream {{ sync_interval: always }} in its configuration"
        if self._broker.tls is not None and not self._is_secure():
            return f"{server} offers no TLS: set tls {{ ... }} in its configuration"
        return None

    def _word(self, which: str) -> Callable[[], str] | None:
        """The token, the user or the password, told to no server that should have TLS and has not."""
        user, colon, password = (self._broker.token or "").partition(":")
        word = {"token": "" if colon else user, "user": user if colon else "", "password": password}

        def told() -> str:
            if self._broker.tls is not None and not self._is_secure():
                raise nats.errors.SecureConnRequiredError
            return word[which]

        return told if word[which] else None

    def _is_secure(self) -> bool:
        return self._client._server_info.get("tls_required") is True

    async def _answered(self, message: Message) -> None:
        answer = self._asked.get(message.subject.rpartition(".")[2])
        if answer is not None and not answer.done():
            answer.set_result(message)

    async def _complained(self, why: Exception) -> None:
        self._trouble = str(why) or type(why).__name__
        log.debug("NATS: %s", self._trouble)

    async def _ended(self) -> None:
        self.lost.set()
        for answer in self._asked.values():
            if not answer.done():
                answer.set_exception(NatsTrouble(self._reason(None)))

    def _reason(self, why: BaseException | None) -> str:
        said = self._trouble or (str(why) if why else "") or "the connection was lost"
        return f"NATS at {', '.join(self._broker.urls)}: {said[:_LONGEST]}"


class _Client(Client):
    """nats-py's client, whose end is told in any case.

    nats-py 2.16 first sends what is still unsent: it waits for ever for a server that hangs, and where that cannot be
    sent, for the socket is broken, it tells nobody.
    """

    async def _close(self, status: int, do_cbs: bool = True) -> None:
        if self._flush_queue is None:  # it never began
            return
        giving_up = asyncio.get_running_loop().call_later(_CLOSE_S, self._abort)
        try:
            await super()._close(status, do_cbs)
        except OSError:
            self._pending, self._pending_data_size = [], 0
            self._status = Client.DISCONNECTED
            await super()._close(status, do_cbs)
        finally:
            giving_up.cancel()

    def _abort(self) -> None:
        if isinstance(self._transport, TcpTransport) and self._transport._io_writer is not None:
            self._transport._io_writer.transport.abort()


def _said(message: Message) -> dict[str, Any]:
    try:
        said = json.loads(message.data)
    except (ValueError, RecursionError) as e:
        raise NatsTrouble(f"JetStream answers no JSON: {message.data[:_LONGEST]!r}") from e
    if not isinstance(said, dict):
        raise NatsTrouble(f"JetStream answers {str(said)[:_LONGEST]}")
    error = said.get("error")
    if isinstance(error, dict):
        sentence = str(error.get("description", ""))[:_LONGEST]
        if error.get("err_code") in _FULL:
            raise Full(f"the stream takes no more: {sentence}")
        raise Refused(sentence, error.get("err_code"))
    return said
