"""Consumers between a real JetStream cluster and a real PostgreSQL: each batch once, whoever dies and whenever."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from hashlib import sha256
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from access_site import site
from batches import JOURNAL, batch, batches, rows
from cryptography import x509

from edge import cbor
from gateway.broker import Broker
from gateway.hub.audit import Audit, faults
from gateway.hub.audit import acts as audited
from gateway.hub.batch import Batch
from gateway.hub.consumer import Consumer
from gateway.hub.database import Database
from gateway.hub.entrance import audit_key
from gateway.hub.ledger import Ledger
from gateway.hub.open import open_database
from gateway.hub.receipt import Receipt
from gateway.hub.stream import ensure_consumer, ensure_stream
from gateway.identity import IdentityFile, signed
from gateway.jetstream import (
    ASK,
    BATCHES,
    GATEWAY,
    MESSAGE_ID,
    RECEIPTS,
    SIGNATURE,
    STREAM,
    Connection,
    Message,
    Unfit,
    connect,
)
from gateway.keys import read_card
from gateway.throwaway.postgres import Postgres

PATIENCE_S = 60.0
_FOREVER_S = 600.0  # what is not given back does not come again in a test's time
OTHER = bytes(range(16, 32))

Play = Callable[["Hall"], Awaitable[None]]


class Hall:
    """A gateway's end of the stream, and the hub's database. receipts: what was told of any journal, as JSON."""

    def __init__(self, broker: Broker, connection: Connection, database: Database) -> None:
        self.broker = broker
        self.connection = connection
        self.database = database
        self.ledger = Ledger(database)
        self.receipts: list[dict[str, Any]] = []
        self._told = asyncio.Event()

    async def hear(self, message: Message) -> None:
        said = json.loads(message.data)
        assert message.subject == f"{RECEIPTS}.{said['journal']}"
        self.receipts.append(said)
        self._told.set()

    async def publish(
        self, data: bytes, journal: bytes = JOURNAL, gateway: str = "gw", **headers: str
    ) -> None:
        said = {name.replace("_", "-"): value for name, value in headers.items()}
        await self.connection.store(f"{BATCHES}.{gateway}.{journal.hex()}", data, said)

    async def until(self, what: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
        """The first receipt of which `what` is true."""
        while True:
            for each in self.receipts:
                if what(each):
                    return each
            self._told.clear()
            await self._told.wait()

    async def emptied(self) -> None:
        """Return when nothing is left in the stream."""
        while (await self.connection.api(f"STREAM.INFO.{STREAM}"))["state"]["messages"]:
            pass

    async def stored(self) -> int:
        """How many rows are held; each is another one."""
        found = await self.database.fetch("SELECT count(*), count(DISTINCT hash) FROM events")
        ((rows, different),) = found
        assert rows == different
        return int(rows)

    async def info(self) -> dict[str, Any]:
        return await self.connection.api(f"CONSUMER.INFO.{STREAM}.hub")

    @asynccontextmanager
    async def consumer(self, ledger: Ledger | None = None, **more: Any) -> AsyncIterator[Consumer]:
        found = Consumer(self.broker, ledger or self.ledger, **more)
        running = asyncio.create_task(found.run())
        try:
            yield found
            found.stop()
            await running
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


def within(broker: Broker, postgres_url: str, play: Play) -> None:
    async def all_of_it() -> None:
        database = await open_database(postgres_url)
        try:
            async with asyncio.timeout(PATIENCE_S), await connect(broker, "test") as connection:
                await ensure_stream(connection)
                await ensure_consumer(connection)
                hall = Hall(broker, connection, database)
                await connection.subscribe(f"{RECEIPTS}.*", hall.hear)
                await play(hall)
        finally:
            await database.close()

    asyncio.run(all_of_it())


def watermark(seq: int) -> Callable[[dict[str, Any]], object]:
    return lambda said: said["watermark"] == seq


class Stuck(Ledger):
    """A ledger whose answer is lost: it commits, and then nothing is heard of it."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.committed = asyncio.Event()

    async def take(self, batches: Sequence[Batch]) -> list[Receipt]:
        await super().take(batches)
        self.committed.set()
        await asyncio.Event().wait()
        raise AssertionError("it never returns")


class Slow(Ledger):
    """A ledger that commits when it may."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.begun, self.may = asyncio.Event(), asyncio.Event()

    async def take(self, batches: Sequence[Batch]) -> list[Receipt]:
        self.begun.set()
        await self.may.wait()
        return await super().take(batches)


def test_batches_are_stored_acknowledged_and_told(broker: Broker, postgres_url: str) -> None:
    async def play(hall: Hall) -> None:
        items = rows(100)
        async with hall.consumer() as consumer:
            for each in batches(items, [30, 30, 40]):
                await hall.publish(each)
            said = await hall.until(watermark(100))
            assert (said["hash"], said["refused"]) == (items[-1][-1].hex(), None)
            await hall.emptied()
            assert (await hall.stored(), consumer.taken, consumer.trouble) == (100, 3, None)
            assert sum(each["stored"] for each in hall.receipts) == 100

    within(broker, postgres_url, play)


def test_batches_in_any_order_and_twice_make_each_row_once(
    broker: Broker, postgres_url: str
) -> None:
    async def play(hall: Hall) -> None:
        sent = batches(rows(120), [10] * 12)
        for each in [*sent[::-1], *sent[3:8]]:
            await hall.publish(each)
        async with hall.consumer():
            await hall.emptied()
            await hall.until(watermark(120))
            assert await hall.stored() == 120
            assert sum(each["duplicates"] for each in hall.receipts) == 50

    within(broker, postgres_url, play)


def test_a_consumer_that_dies_between_commit_and_acknowledgement_loses_and_doubles_nothing(
    broker: Broker, postgres_url: str
) -> None:
    async def play(hall: Hall) -> None:
        stuck = Stuck(hall.database)
        await hall.publish(batch(rows(50)))
        dying = Consumer(hall.broker, stuck, ack_wait_s=1.0)
        running = asyncio.create_task(dying.run())
        await stuck.committed.wait()
        running.cancel()  # as a kill leaves it: committed, and no word to anyone
        await asyncio.gather(running, return_exceptions=True)
        assert await hall.stored() == 50
        assert not hall.receipts
        async with hall.consumer(ack_wait_s=1.0):
            said = await hall.until(watermark(50))
            assert (said["stored"], said["duplicates"], said["conflicts"]) == (0, 50, [])
            await hall.emptied()
            assert await hall.stored() == 50

    within(broker, postgres_url, play)


def test_a_commit_that_takes_long_keeps_its_batches(broker: Broker, postgres_url: str) -> None:
    async def play(hall: Hall) -> None:
        slow = Slow(hall.database)
        asked = 0
        enough = asyncio.Event()

        async def heard(message: Message) -> None:
            nonlocal asked
            asked += message.data == b"+WPI"
            if asked == 6:  # twice the time after which another consumer would get it
                enough.set()

        await hall.connection.subscribe(f"$JS.ACK.{STREAM}.hub.>", heard)
        await hall.publish(batch(rows(5)))
        async with hall.consumer(slow, ack_wait_s=1.0):
            await slow.begun.wait()
            async with hall.consumer(ack_wait_s=1.0):
                await enough.wait()
                slow.may.set()
                await hall.emptied()
        assert await hall.stored() == 5
        assert len(hall.receipts) == 1

    within(broker, postgres_url, play)


def test_what_is_no_batch_is_refused_told_and_holds_up_nothing(
    broker: Broker, postgres_url: str
) -> None:
    async def play(hall: Hall) -> None:
        good = batch(rows(10))
        await hall.publish(b"\xff" * 40, Nats_Msg_Id=f"{JOURNAL.hex()}/11-20#3")
        await hall.publish(good, journal=OTHER)
        await hall.publish(good)
        async with hall.consumer():
            await hall.emptied()
            await hall.until(watermark(10))
            refused = await hall.until(lambda said: said["missing"] == [[11, 20]])
            assert refused["refused"]
            assert refused["journal"] == JOURNAL.hex()
            strange = await hall.until(lambda said: said["journal"] == OTHER.hex())
            assert "another journal" in strange["refused"]
        assert await hall.stored() == 10

    within(broker, postgres_url, play)


def test_while_the_database_is_away_batches_wait_in_the_stream(
    broker: Broker, postgres: Postgres, postgres_url: str
) -> None:
    async def play(hall: Hall) -> None:
        sent = batches(rows(400), [20] * 20)
        async with hall.consumer() as consumer:
            await hall.publish(sent[0])
            await hall.until(watermark(20))
            postgres.kill9()
            for each in sent[1:]:
                await hall.publish(each)
            while consumer.trouble is None:
                await asyncio.sleep(0)
            assert "PostgreSQL" in consumer.trouble
            postgres.start()
            await hall.until(watermark(400))
            await hall.emptied()
            assert consumer.trouble is None
        assert await hall.stored() == 400

    try:
        within(broker, postgres_url, play)
    finally:
        postgres.start()


def test_consumers_share_the_work_and_one_that_stops_gives_back_what_it_has(
    broker: Broker, postgres_url: str
) -> None:
    async def play(hall: Hall) -> None:
        journals = [bytes([n]) * 16 for n in range(1, 9)]
        sent = [
            (journal, each)
            for journal in journals
            for each in batches(rows(100, before=journal), [10] * 10, journal)
        ]
        async with (
            hall.consumer(ack_wait_s=_FOREVER_S) as one,
            hall.consumer(ack_wait_s=_FOREVER_S) as two,
        ):
            for place, (journal, each) in enumerate(sent):
                await hall.publish(each, journal)
                if place == len(sent) // 2:
                    one.stop()
            await hall.emptied()
            assert one.taken + two.taken == len(sent)
            assert one.taken and two.taken
        assert (await hall.info())["num_ack_pending"] == 0
        assert await hall.stored() == 800

    within(broker, postgres_url, play)


def test_a_gateway_that_asks_hears_what_is_held(broker: Broker, postgres_url: str) -> None:
    async def play(hall: Hall) -> None:
        items = rows(30)

        async def asked(question: bytes) -> Any:
            return json.loads((await hall.connection.request(ASK, question)).data)

        async with hall.consumer():
            await hall.publish(batch(items))
            await hall.until(watermark(30))
            said = await asked(b'{"journal": "%s"}' % JOURNAL.hex().encode())
            assert (said["watermark"], said["hash"]) == (30, items[-1][-1].hex())
            said = await asked(b'{"journal": "%s", "upto": 12}' % JOURNAL.hex().encode())
            assert (said["watermark"], said["hash"]) == (12, items[11][-1].hex())
            said = await asked(b'{"journal": "%s"}' % OTHER.hex().encode())
            assert said["watermark"] == 0
            for nonsense in (b"", b"[]", b'{"journal": "00"}', b'{"journal": 3}', b"[" * 9999):
                assert "cannot be read" in (await asked(nonsense))["error"]

    within(broker, postgres_url, play)


def test_an_answer_goes_to_an_inbox_alone(broker: Broker, postgres_url: str) -> None:
    async def play(hall: Hall) -> None:
        question = b'{"journal": "%s"}' % JOURNAL.hex().encode()
        async with hall.consumer():
            await hall.publish(batch(rows(10)))
            await hall.until(watermark(10))
            heard = len(hall.receipts)
            where = f"{RECEIPTS}.{JOURNAL.hex()}"
            await hall.connection.publish(ASK, question, reply=where)
            await hall.connection.request(ASK, question)  # answered after it
            assert len(hall.receipts) == heard

    within(broker, postgres_url, play)


def test_another_content_under_a_known_number_is_told_and_kept_apart(
    broker: Broker, postgres_url: str
) -> None:
    async def play(hall: Hall) -> None:
        async with hall.consumer():
            await hall.publish(batch(rows(10)))
            await hall.until(watermark(10))
            await hall.publish(batch(rows(12, station="elsewhere")))
            said = await hall.until(lambda said: said["forked"])
            assert said["watermark"] == 10
            await hall.emptied()
        assert await hall.stored() == 10
        assert await hall.database.fetch("SELECT count(*) > 0 FROM conflicts") == [(True,)]

    within(broker, postgres_url, play)


def test_a_stream_that_may_lose_batches_ends_the_consumer(
    broker: Broker, postgres_url: str
) -> None:
    async def play(hall: Hall) -> None:
        await hall.connection.api(f"STREAM.DELETE.{STREAM}")
        config = {"name": STREAM, "subjects": [f"{BATCHES}.>"], "storage": "file"}
        await hall.connection.api(f"STREAM.CREATE.{STREAM}", **config)
        with pytest.raises(Unfit, match="discard is 'old' and must be 'new'"):
            await Consumer(hall.broker, hall.ledger).run()

    within(broker, postgres_url, play)


def test_only_enrolled_gateways_with_their_own_signature_are_taken(
    broker: Broker, postgres_url: str, tmp_path: Path
) -> None:
    async def play(hall: Hall) -> None:
        async with site(tmp_path, postgres_url) as hub:
            mine = IdentityFile(await hub.enrolled("gw"))
            theirs = IdentityFile(await hub.enrolled("other"))
            attempt = count(1)

            async def send(data: bytes, signature: bytes, name: str = "gw") -> None:
                said = {GATEWAY: name, SIGNATURE: base64.b64encode(signature).decode()}
                subject = f"{BATCHES}.gw.{JOURNAL.hex()}"
                key = {MESSAGE_ID: f"{JOURNAL.hex()}/1-10#{next(attempt)}"}
                await hall.connection.store(subject, data, said | key)

            async def refused(sentence: str, *sent: Any) -> None:
                await send(*sent)
                said = await hall.until(lambda said: sentence in (said["refused"] or ""))
                assert said["watermark"] == 0

            kept = Audit(hall.database, audit_key(tmp_path / "audit.key"), "consumer")
            async with hall.consumer(gateways=hub.gateways, witness=kept):
                good, foreign = batch(rows(10)), batch(rows(10), gateway="other")
                await refused("not signed by", good, b"")
                await refused("not signed by", good, theirs.sign(good))
                await refused("nobody is not enrolled", good, mine.sign(good), "nobody")
                assert not any(said["missing"] for said in hall.receipts)
                await refused("signs a batch of other", foreign, mine.sign(foreign))
                await send(good, mine.sign(good))
                await hall.until(watermark(10))
                elsewhere = batch(rows(15)[10:], rows(10)[-1][-1], gateway="other")
                await send(elsewhere, theirs.sign(elsewhere), "other")
                await hall.until(lambda said: "which is gw's" in (said["refused"] or ""))
                await hub.gateways.revoke("gw")
                more = batch(rows(15)[10:], rows(10)[-1][-1])
                await send(more, mine.sign(more))
                await hall.until(lambda said: "was revoked" in (said["refused"] or ""))
                await hall.emptied()
            assert await hall.stored() == 10
            cards = [read_card(tmp_path / "audit.key")]
            assert [each async for each in faults(hall.database, cards)] == []
            acts = await audited(hall.database, "consumer", 0)
            kept_of = [
                ("", "not signed by gateway gw"),
                ("", "not signed by gateway gw"),
                ("", "nobody is not enrolled"),
                ("gw", "signs a batch of other"),
                ("other", "which is gw's"),
                ("", "gw is not enrolled, was revoked"),
            ]
            assert [act.caller for act in acts] == [name for name, _ in kept_of]
            assert all(said in act.outcome for act, (_, said) in zip(acts, kept_of, strict=True))
            (certificate, signature, digest) = cbor.decode(acts[4].evidence, len(acts[4].evidence))
            assert digest == sha256(elsewhere).digest()
            public = x509.load_der_x509_certificate(certificate).public_key()
            public.verify(signature, signed(elsewhere))  # type: ignore[union-attr, call-arg]

    within(broker, postgres_url, play)


@pytest.mark.parametrize(
    "headers",
    [
        b"Tagwright-Gateway: gw\r\nTagwright-Signature: \xff\xe9\r\n",
        b"Tagwright-Gateway: g\0w\r\n",
        b"Tagwright-Gateway: \xff\xfe\r\n",
        b"Tagwright-Gateway: " + b"x" * 5000 + b"\r\n",
    ],
)
def test_no_header_holds_up_the_batches_of_others(
    broker: Broker, postgres_url: str, tmp_path: Path, headers: bytes
) -> None:
    async def play(hall: Hall) -> None:
        async with site(tmp_path, postgres_url) as hub:
            mine = IdentityFile(await hub.enrolled("gw"))
            good = batch(rows(10))
            said = {GATEWAY: "gw", SIGNATURE: base64.b64encode(mine.sign(good)).decode()}
            head = b"NATS/1.0\r\n" + headers + b"\r\n"
            subject = f"{BATCHES}.gw.{JOURNAL.hex()}".encode()
            line = b"HPUB %s %d %d\r\n" % (subject, len(head), len(head) + 5)
            # the library itself would send no such header
            raw = hall.connection._client._transport
            assert raw is not None
            raw.write(line + head + b"hello\r\n")
            await hall.connection.flush()
            async with hall.consumer(gateways=hub.gateways):
                await hall.connection.store(f"{BATCHES}.gw.{JOURNAL.hex()}", good, said)
                await hall.until(watermark(10))
                await hall.emptied()

    within(broker, postgres_url, play)
