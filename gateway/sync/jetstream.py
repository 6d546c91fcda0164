"""Batches to the hub by way of NATS JetStream: *sent* when the stream has them, confirmed by consumers' receipts."""

import asyncio
import base64
import json
import re
from typing import Protocol, Self

from gateway.broker import Broker
from gateway.jetstream import (
    ANSWER_S,
    ASK,
    BATCHES,
    GATEWAY,
    MESSAGE_ID,
    RECEIPTS,
    SIGNATURE,
    Connection,
    Full,
    Message,
    NatsTrouble,
    Silent,
    connect,
)
from gateway.sync.port import (
    Batch,
    Later,
    OnReceipt,
    Receipt,
    SetAside,
    Smaller,
    Step,
    Taken,
    receipt_from_json,
)
from gateway.sync.receipt import MOST, error_of

WINDOW = 32  # batches; 2.4 k msg/s were measured with as many under way

_HEADERS = 512  # bytes of a message's headers at most; max_payload counts them
_FULL_S = 1.0  # before the next try of a full stream
_NO_TOKEN = re.compile(r"[^A-Za-z0-9_-]")  # what separates the tokens of a subject, or is none


class Signer(Protocol):
    """Who the gateway is, to consumers that ask for it."""

    def sign(self, data: bytes) -> bytes: ...


class JetStream:
    """The transport for many gateways. gateway: its name. signer: None where the hub has enrolled nobody.

    timeout_s: for one answer; a server that does not give it is left for another one.
    """

    def __init__(
        self,
        broker: Broker,
        gateway: str,
        signer: Signer | None = None,
        timeout_s: float = ANSWER_S,
    ) -> None:
        self.window = WINDOW
        self.on_receipt: OnReceipt = _unheard
        self._broker = broker
        self._gateway = gateway
        self._signer = signer
        self._timeout_s = timeout_s
        self._connection: Connection | None = None
        self._opening: asyncio.Task[None] | None = None
        self._listening: set[bytes] = set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._opening is not None:
            self._opening.cancel()
            await asyncio.gather(self._opening, return_exceptions=True)
        if self._connection is not None:
            await self._connection.close()

    async def send(self, batch: Batch, attempt: int) -> Step:
        """Publish a batch and wait for the stream. attempt: of another number, it has another message id."""
        headers = {MESSAGE_ID: f"{batch.key}#{attempt}" if attempt else batch.key}
        if self._signer is not None:
            headers[GATEWAY] = self._gateway
            headers[SIGNATURE] = base64.b64encode(self._signer.sign(batch.data)).decode()
        subject = f"{BATCHES}.{_NO_TOKEN.sub('_', self._gateway)}.{batch.journal.hex()}"
        try:
            connection = await self._connected(batch.journal)
            if len(batch.data) + _HEADERS > connection.max_payload:
                return _too_large(batch, connection.max_payload)
            await connection.store(subject, batch.data, headers, self._timeout_s)
        except Full as why:
            return Later(f"{why}: are consumers running?", _FULL_S)
        except NatsTrouble as why:
            await self._leave(why)
            return Later(str(why))
        return Taken()

    async def ask(self, journal: bytes, upto: int | None = None) -> Receipt | Later:
        """What the consumers say they hold of a journal."""
        question = json.dumps({"journal": journal.hex(), "upto": upto}).encode()
        try:
            connection = await self._connected(journal)
            answer = await connection.request(ASK, question, None, self._timeout_s)
        except NatsTrouble as why:
            await self._leave(why)
            return Later(f"{why}: is `tagwright hub consume` running?")
        receipt = _receipt(answer)
        if receipt is None or receipt.journal != journal:
            return Later(error_of(answer.data[:MOST]) or "the hub's receipt cannot be read")
        return receipt

    async def _connected(self, journal: bytes) -> Connection:
        """The connection, made anew where it was lost, listening for `journal`."""
        if self._connection is None or self._connection.lost.is_set():
            if self._opening is None:
                self._opening = asyncio.create_task(self._open())
            await asyncio.shield(self._opening)
        connection = self._connection
        assert connection is not None
        if journal not in self._listening:
            self._listening.add(journal)
            await connection.subscribe(f"{RECEIPTS}.{journal.hex()}", self._heard)
        return connection

    async def _leave(self, why: NatsTrouble) -> None:
        """Give up the connection to a server that does not answer."""
        if isinstance(why, Silent) and self._connection is not None:
            await self._connection.close()

    async def _open(self) -> None:
        """Connect; nobody sees a moment when this is over and the connection is not there."""
        try:
            self._connection = await connect(self._broker, self._gateway)
            self._listening.clear()
        finally:
            self._opening = None

    async def _heard(self, message: Message) -> None:
        receipt = _receipt(message)
        if receipt is not None and message.subject == f"{RECEIPTS}.{receipt.journal.hex()}":
            self.on_receipt(receipt)


def _receipt(message: Message) -> Receipt | None:
    return receipt_from_json(message.data) if len(message.data) <= MOST else None


def _too_large(batch: Batch, max_payload: int) -> Step:
    if len(batch) > 1:
        return Smaller()
    size = len(batch.data) + _HEADERS
    return SetAside(f"{size} bytes, and the broker takes {max_payload}: raise its max_payload")


def _unheard(receipt: Receipt) -> None:
    """Nobody has asked for receipts yet."""
