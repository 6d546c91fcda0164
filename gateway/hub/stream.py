"""The stream that batches wait in and the consumer that hands them out: made where missing, refused where unfit."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

from gateway.jetstream import (
    BATCHES,
    STREAM,
    Connection,
    Ended,
    Message,
    NatsTrouble,
    Refused,
    Silent,
    Unfit,
)

CONSUMER = "hub"
MONITOR = "/jsz?config=1"  # below a node's monitoring address
ACK_WAIT_S = 30.0  # a batch that no consumer has acknowledged by then goes to another one

_REPLICAS = 3
_MAX_BYTES = 4 << 30
_DUPLICATES_S = 120  # a help against the commonest resends; the ledger is what tells duplicates
_MOST_PENDING = 5000  # batches in consumers' hands

_NO_STREAM = 10059
_SHORT_REPLY = 9  # tokens of a reply subject without the account's domain

_EXPIRES_S = 1  # of an order; whoever stops waits as long
_GRACE_S = 1.0  # for the word that an order is over
_SILENCE_S = 12.0  # without a message, nor an order's end


async def ensure_stream(connection: Connection, max_bytes: int | None = None) -> None:
    """The stream TAGWRIGHT: three copies in a cluster, on files, refusing what is new when full.

    Made where missing. Raises Unfit where it stands otherwise, NatsTrouble where JetStream does not answer.
    """
    try:
        found = await connection.api(f"STREAM.INFO.{STREAM}")
    except Refused as why:
        if why.code != _NO_STREAM:
            raise
        found = await _make(connection, max_bytes or _MAX_BYTES)
    why_not = unfit(found, connection.clustered)
    if why_not is not None:
        raise Unfit(why_not)


def unfit(info: dict[str, Any], clustered: bool) -> str | None:
    """Why a stream, as STREAM.INFO describes it, must not be used; None where it is right."""
    config = info.get("config", {})
    wanted = {
        "storage": "file",
        "discard": "new",
        "retention": "workqueue",
        "subjects": [f"{BATCHES}.>"],
        "max_age": 0,
    }
    for key, value in wanted.items():
        if config.get(key) != value:
            return f"stream {STREAM}: {key} is {config.get(key)!r} and must be {value!r}: change or remove it"
    if config.get("persist_mode", "default") != "default":
        return f"stream {STREAM}: persist_mode acknowledges what is on no disk: remove the stream"
    if clustered and config.get("num_replicas", 1) < _REPLICAS:
        return (
            f"stream {STREAM} keeps {config.get('num_replicas')} copies in a cluster, {_REPLICAS} are needed: "
            f"nats stream edit {STREAM} --replicas {_REPLICAS}"
        )
    return None


def not_durable(page: bytes) -> str | None:
    """Why a node's acknowledgements are worth nothing after a power cut, by its page MONITOR; None where they are.

    nats-server 2.15 tells "sync_always" there, and to no client.
    """
    try:
        config = json.loads(page)["config"]
        if config.get("sync_always") is True:
            return None
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return "the page does not say how JetStream is configured"
    return "JetStream acknowledges what is on no disk yet: set jetstream { sync_interval: always }"


async def ensure_consumer(connection: Connection, ack_wait_s: float = ACK_WAIT_S) -> None:
    """The durable pull consumer that all consumers share: explicit acknowledgement, as often as it takes."""
    config = {
        "durable_name": CONSUMER,
        "ack_policy": "explicit",
        "ack_wait": int(ack_wait_s * 1e9),
        "deliver_policy": "all",
        "max_deliver": -1,
        "max_ack_pending": _MOST_PENDING,
        "max_waiting": 512,
        "replay_policy": "instant",
    }
    await connection.api(
        f"CONSUMER.DURABLE.CREATE.{STREAM}.{CONSUMER}", stream_name=STREAM, config=config
    )


class Pull:
    """The consumer's messages, asked for ahead: while some are worked on, the next ones are on their way.

    most: how many may be here unacknowledged. One that is not acknowledged in time comes again, here or elsewhere.
    """

    def __init__(self, connection: Connection, most: int) -> None:
        self._connection = connection
        self._subject = f"$JS.API.CONSUMER.MSG.NEXT.{STREAM}.{CONSUMER}"
        self._inbox = connection.inbox()
        self._most = most
        self._here: list[Message] = []
        self._ordered = 0  # asked for, and not yet here
        self._news = asyncio.Event()
        self._trouble: str | None = None
        self._end: Ended | None = None

    async def begin(self) -> None:
        """Listen; some() can be called from now on."""
        self._end = await self._connection.subscribe(self._inbox, self._heard)

    async def last(self) -> AsyncIterator[list[Message]]:
        """What still comes of what was ordered, until nothing of it is on its way: a second or two. Raises NatsTrouble.

        Who left sooner would miss what the stream has just handed out, and nobody had it before its time is over.
        """
        clock = asyncio.get_running_loop().time
        until = clock() + _EXPIRES_S + _GRACE_S
        while self._here or (self._ordered and clock() < until):
            if self._here:
                yield self.rest()
                continue
            self._news.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout_at(until):
                    await self._news.wait()
        if self._end is not None:
            await self._end()
        if self._here:
            yield self.rest()

    async def some(self) -> list[Message]:
        """What is here, waiting for at least one message; the next ones are ordered. Raises NatsTrouble."""
        while not self._here:
            if self._trouble is not None:
                why, self._trouble = self._trouble, None
                raise NatsTrouble(why)
            await self._order(self._most)
            self._news.clear()
            try:
                async with asyncio.timeout(_SILENCE_S):
                    await self._news.wait()
            except TimeoutError as e:
                raise Silent(f"the consumer {CONSUMER}: nothing for {_SILENCE_S:g} s") from e
        await self._order(self._most)
        return self.rest()

    def rest(self) -> list[Message]:
        """What is here, without waiting or ordering."""
        found, self._here = self._here, []
        return found

    async def _order(self, most: int) -> None:
        wanted = most - self._ordered
        if wanted * 2 < most:
            return
        self._ordered += wanted
        order = {"batch": wanted, "expires": _EXPIRES_S * 10**9}
        await self._connection.publish(self._subject, json.dumps(order).encode(), None, self._inbox)

    async def _heard(self, message: Message) -> None:
        status = message.headers.get("Status")
        if status is None:
            self._ordered = max(0, self._ordered - 1)
            self._here.append(message)
        elif status == "408":  # an order's time is over
            unfilled = message.headers.get("Nats-Pending-Messages", "")
            self._ordered -= min(
                self._ordered, int(unfilled) if unfilled.isdecimal() else self._most
            )
        else:
            self._ordered = 0
            self._trouble = (
                f"the consumer {CONSUMER}: {status} {message.headers.get('Description', '')}"
            )
        self._news.set()


def deliveries(message: Message) -> int:
    """How often a message of the stream was handed out, this time included; 1 where it does not say."""
    tokens = message.reply.split(".")  # $JS.ACK.[DOMAIN.ACCOUNT.]STREAM.CONSUMER.DELIVERED....
    place = 4 if len(tokens) == _SHORT_REPLY else 6
    said = tokens[place] if len(tokens) > place else ""
    return int(said) if said.isdecimal() else 1


async def _make(connection: Connection, max_bytes: int) -> dict[str, Any]:
    config = {
        "name": STREAM,
        "subjects": [f"{BATCHES}.>"],
        "retention": "workqueue",
        "storage": "file",
        "discard": "new",
        "num_replicas": _REPLICAS if connection.clustered else 1,
        "max_bytes": max_bytes,
        "duplicate_window": _DUPLICATES_S * 10**9,
    }
    return await connection.api(f"STREAM.CREATE.{STREAM}", **config)
