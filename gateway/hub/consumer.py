"""A consumer: takes batches out of the stream and into the ledger, many in one transaction, and tells what is held.

A batch is acknowledged to the stream after the commit, so one whose consumer dies comes again, to this one or another,
and the ledger knows it. Any number of consumers share the stream; none keeps anything that another one would miss.
"""

import asyncio
import base64
import json
import logging
import random
import re
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from functools import partial
from hashlib import sha256
from typing import Any, Protocol

from edge import cbor
from edge.errors import Malformed
from gateway.broker import Broker
from gateway.hub.access import ANYONE, Caller, Refused, Witness
from gateway.hub.batch import Batch, Newer, decode
from gateway.hub.database import StoreTrouble
from gateway.hub.enrolment_http import NAME
from gateway.hub.gateways import Gateways, Keys
from gateway.hub.receipt import Receipt
from gateway.hub.stream import ACK_WAIT_S, Pull, deliveries, ensure_consumer, ensure_stream
from gateway.jetstream import (
    ASK,
    GATEWAY,
    HUB_INBOX,
    INBOX,
    MESSAGE_ID,
    RECEIPTS,
    SIGNATURE,
    Connection,
    Message,
    NatsTrouble,
    Unfit,
    connect,
)

log = logging.getLogger(__name__)

MOST = 128  # batches in hand at once
_MOST_BYTES = 8 << 20  # of batches in one transaction
_OFTEN = 3  # deliveries of a batch that then goes alone, so that it holds up no other
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.25, 15.0

_JOURNAL = 16  # bytes of a journal's id
_ACK = b"+ACK"
_NAK = b"-NAK"
_TERM = b"+TERM"
_PROGRESS = b"+WPI"
_HEX = re.compile(r"[0-9a-f]{32}")
_KEY = re.compile(r"[0-9a-f]{32}/([0-9]{1,18})-([0-9]{1,18})(?:#[0-9]+)?")


class Ledger(Protocol):
    """ledger.Ledger, as far as a consumer needs it."""

    async def take(self, batches: Sequence[Batch]) -> list[Receipt]: ...
    async def receipt(self, journal: bytes, upto: int | None = None) -> Receipt: ...


class Consumer:
    """One of the stream's consumers. gateways: None where they need no certificate. witness: keeps what is refused.

    name: what the broker's monitoring shows. ready: called when batches are first asked for; grown: after each commit,
    for a clerk nearby. max_bytes: of the stream, where it is made. ack_wait_s: after which another one gets a batch.
    """

    def __init__(
        self,
        broker: Broker,
        ledger: Ledger,
        gateways: Gateways | None = None,
        witness: Witness | None = None,
        *,
        name: str = "hub",
        max_bytes: int | None = None,
        ack_wait_s: float = ACK_WAIT_S,
        ready: Callable[[], None] = lambda: None,
        grown: Callable[[], None] = lambda: None,
        uniform: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self.trouble: str | None = None  # why nothing is taken just now
        self.taken = 0  # batches that were committed and acknowledged
        self._broker = broker
        self._ledger = ledger
        self._gateways = gateways
        self._witness = witness
        self._name = name
        self._max_bytes = max_bytes
        self._ack_wait_s = ack_wait_s
        self._ready = ready
        self._grown = grown
        self._uniform = uniform
        self._stop = asyncio.Event()
        self._pause_s = _FIRST_PAUSE_S

    def stop(self) -> None:
        """End run() when what is in hand or on its way is committed, acknowledged or given back: a second or two."""
        self._stop.set()

    async def run(self) -> None:
        """Consume until stop(). Broker and database may come and go: what they say is in `trouble`, and in the log.

        Raises jetstream.Unfit where the broker or its stream must not be used.
        """
        while not self._stop.is_set():
            try:
                async with await connect(self._broker, self._name, HUB_INBOX) as connection:
                    await ensure_stream(connection, self._max_bytes)
                    await ensure_consumer(connection, self._ack_wait_s)
                    await connection.subscribe(ASK, partial(self._asked, connection), queue="hub")
                    await self._consume(connection)
            except Unfit:
                raise
            except NatsTrouble as why:
                await self._pause(str(why))

    async def _consume(self, connection: Connection) -> None:
        """Take what comes until stop() or the connection's end. Raises NatsTrouble."""
        pull = Pull(connection, MOST)
        await pull.begin()
        self._ready()
        self._ready = _told
        while (messages := await self._unless_over(connection, pull.some())) is not None:
            await self._work_off(connection, pull, messages)
        if connection.lost.is_set():
            raise NatsTrouble("the connection to NATS was lost")
        async for messages in pull.last():
            await self._work_off(connection, pull, messages)
        await connection.flush()

    async def _work_off(self, connection: Connection, pull: Pull, messages: list[Message]) -> None:
        """Take messages, or give them and what else is here back where the database is away."""
        while messages:
            group, messages = _group(messages)
            try:
                await self._take(connection, group)
            except StoreTrouble as why:
                await _give_back(connection, [*group, *messages, *pull.rest()], self._pause_s)
                await self._pause(str(why))
                return

    async def _unless_over(
        self, connection: Connection, work: Coroutine[Any, Any, list[Message]]
    ) -> list[Message] | None:
        """What `work` returns; None where stop() or the connection's end comes first."""
        if self._stop.is_set() or connection.lost.is_set():
            work.close()
            return None
        pulling = asyncio.create_task(work)
        ends = [asyncio.create_task(each.wait()) for each in (self._stop, connection.lost)]
        try:
            await asyncio.wait([pulling, *ends], return_when=asyncio.FIRST_COMPLETED)
            return pulling.result() if pulling.done() else None
        finally:
            for task in (pulling, *ends):
                task.cancel()
            await asyncio.gather(pulling, *ends, return_exceptions=True)

    async def _take(self, connection: Connection, messages: list[Message]) -> None:
        """Commit, acknowledge and tell. Raises StoreTrouble where the database is away: nothing is acknowledged."""
        batches: list[Batch] = []
        good: list[Message] = []
        async with _held(connection, messages, self._ack_wait_s / 3):
            keys = await self._keys(messages)
            for message in messages:
                try:
                    batches.append(await self._batch(message, keys))
                    good.append(message)
                except Newer as why:
                    log.error("%s: a batch is left to newer consumers: %s", message.subject, why)
                    await _give_back(connection, [message], _LONGEST_PAUSE_S)
                except Malformed as why:
                    await self._refuse(connection, message, str(why), keys, _named(message))
                except Refused as why:
                    await self._refuse(connection, message, why.sentence, keys)
                await asyncio.sleep(0)  # decoding takes its time: others may speak
            receipts = await self._ledger.take(batches) if batches else []
        for message in good:
            await connection.publish(message.reply, _ACK)
        self.taken += len(good)
        self.trouble, self._pause_s = None, _FIRST_PAUSE_S
        for receipt in receipts:
            await _tell(connection, receipt)
        self._grown()

    async def _keys(self, messages: Iterable[Message]) -> Keys | None:
        """The keys that count now, None where none are asked for. Raises StoreTrouble."""
        if self._gateways is None:
            return None
        named = (each.headers.get(GATEWAY, "") for each in messages)
        return await self._gateways.keys(name for name in named if NAME.fullmatch(name))

    async def _batch(self, message: Message, keys: Keys | None) -> Batch:
        """The batch, of a gateway that may send it. Raises access.Refused, then Malformed; StoreTrouble."""
        journal = _journal(message)
        if self._gateways is None or keys is None:
            batch = decode(message.data)
        else:
            gateway = message.headers.get(GATEWAY, "")
            if not NAME.fullmatch(gateway):
                raise Refused(403, "the batch does not say which gateway signed it")
            who = keys.verify(gateway, message.data, _signature(message))
            await self._gateways.admit(who, gateway, journal)
            batch = decode(message.data)
            if batch.gateway != gateway:
                raise Malformed(f"gateway {gateway} signs a batch of {batch.gateway}")
        if batch.journal != journal:
            raise Malformed("the batch is of another journal than its subject")
        return batch

    async def _refuse(
        self,
        connection: Connection,
        message: Message,
        why: str,
        keys: Keys | None,
        rows: tuple[tuple[int, int], ...] = (),
    ) -> None:
        """Take a batch out of the stream, and tell its journal why: it still stands there. rows: which are at fault."""
        log.error("%s: a batch is refused: %s", message.subject, why)
        if self._witness is not None:
            await self._witness.refused(_sender(message, keys), "batch", message.subject, why)
        journal = _journal(message)
        held = await self._ledger.receipt(journal)
        await _tell(connection, replace(held, missing=rows, refused=why))
        await connection.publish(message.reply, _TERM)

    async def _asked(self, connection: Connection, message: Message) -> None:
        """Answer a gateway that asks what is held of a journal, in its inbox and nowhere else that we may publish."""
        if not message.reply.startswith(f"{INBOX}."):
            return
        try:
            question = json.loads(message.data)
            journal, upto = bytes.fromhex(question["journal"]), question.get("upto")
            if len(journal) != _JOURNAL or type(upto) not in (int, type(None)):
                raise ValueError("no journal's id, or no number")
            answer = (await self._ledger.receipt(journal, upto)).to_json()
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as why:
            answer = json.dumps({"error": f"the question cannot be read: {why}"}).encode()
        except StoreTrouble as why:
            answer = json.dumps({"error": str(why)}).encode()
        await connection.publish(message.reply, answer)

    async def _pause(self, why: str) -> None:
        """Wait, longer each time, but no longer than until stop()."""
        if why != self.trouble:
            log.warning("no batches are taken: %s", why)
        self.trouble = why
        pause_s = self._uniform(0, self._pause_s)
        self._pause_s = min(self._pause_s * 2, _LONGEST_PAUSE_S)
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stop.wait(), pause_s)


def _told() -> None:
    """It is known already."""


def _signature(message: Message) -> bytes:
    """The signature in the message's header; b"" where it is none."""
    try:
        return base64.b64decode(message.headers.get(SIGNATURE, ""), validate=True)
    except ValueError:  # binascii.Error, and what is no ASCII at all
        return b""


def _sender(message: Message, keys: Keys | None) -> Caller:
    """Who signed the message, with the evidence [certificate, signature, SHA-256 of the data]; else nobody known."""
    signature = _signature(message)
    try:
        if keys is None:
            return ANYONE
        who = keys.verify(message.headers.get(GATEWAY, ""), message.data, signature)
    except Refused:
        return ANYONE
    evidence = cbor.encode([who.evidence, signature, sha256(message.data).digest()])
    return replace(who, evidence=evidence)


def _journal(message: Message) -> bytes:
    """The journal that the subject names; 16 zeros where it names none."""
    token = message.subject.rpartition(".")[2]
    return bytes.fromhex(token) if _HEX.fullmatch(token) else bytes(_JOURNAL)


def _named(message: Message) -> tuple[tuple[int, int], ...]:
    """The rows that the message id names."""
    found = _KEY.fullmatch(message.headers.get(MESSAGE_ID, ""))
    return ((int(found[1]), int(found[2])),) if found else ()


def _group(messages: list[Message]) -> tuple[list[Message], list[Message]]:
    """What goes in one transaction, and the rest."""
    size = 0
    for count, message in enumerate(messages):
        size += len(message.data)
        if count and (size > _MOST_BYTES or deliveries(message) > _OFTEN):
            return messages[:count], messages[count:]
        if deliveries(message) > _OFTEN:
            return messages[:1], messages[1:]
    return messages, []


@asynccontextmanager
async def _held(
    connection: Connection, messages: Iterable[Message], every_s: float
) -> AsyncIterator[None]:
    """Meanwhile the stream gives `messages` to nobody else, however long it takes."""
    keeping = asyncio.create_task(_keep(connection, messages, every_s))
    try:
        yield
    finally:
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)


async def _keep(connection: Connection, messages: Iterable[Message], every_s: float) -> None:
    while True:
        await asyncio.sleep(every_s)
        for message in messages:
            await connection.publish(message.reply, _PROGRESS)


async def _give_back(connection: Connection, messages: Iterable[Message], after_s: float) -> None:
    """Let the stream hand them out again, after a while."""
    for message in messages:
        delay = json.dumps({"delay": int(after_s * 1e9)}).encode()
        await connection.publish(message.reply, _NAK + b" " + delay if after_s else _NAK)


async def _tell(connection: Connection, receipt: Receipt) -> None:
    await connection.publish(f"{RECEIPTS}.{receipt.journal.hex()}", receipt.to_json())
