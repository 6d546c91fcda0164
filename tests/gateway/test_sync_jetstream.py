"""From a journal to PostgreSQL by way of JetStream, all of it real: what is lost on the way is sent again."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from access_site import site
from witness import require

from gateway.broker import Broker
from gateway.config import ConfigProblem, HubConfig
from gateway.hub.consumer import Consumer
from gateway.hub.database import Database
from gateway.hub.ledger import Ledger
from gateway.hub.open import open_database
from gateway.hub.stream import ensure_consumer, ensure_stream
from gateway.identity import IdentityFile
from gateway.jetstream import STREAM, NatsTrouble, connect
from gateway.journal import CONFIRMED, SENT, Journal
from gateway.sync.jetstream import JetStream
from gateway.sync.port import Later
from gateway.sync.transports import open_transport
from gateway.sync.uplink import Uplink
from gateway.throwaway.nats import Nats, version

PATIENCE_S = 120.0  # three nodes elect for 4 to 8 s, and again where other tests take their cores
OLD = Path("/usr/sbin/nats-server")  # Debian 12's
BODY = {"sentence": "09520123456788 is commissioned", "stub": bytes(160), "pages_written": 58}

Play = Callable[["Line"], Awaitable[None]]


class Line:
    """A gateway with its journal and uplink, and the hub's end: stream and database."""

    def __init__(self, broker: Broker, journal: Journal, database: Database, stack: Any) -> None:
        self.broker = broker
        self.journal = journal
        self.database = database
        self.transport = JetStream(broker, "gw")
        self.uplink = Uplink(journal, self.transport, "gw", look=_soon, pause=_soon)
        self._stack = stack

    async def fill(self, rows: int, **body: object) -> None:
        for start in range(0, rows, 500):
            count = min(500, rows - start)
            await asyncio.gather(
                *(
                    self.journal.append(
                        "result", "line1", b"\x04" * 7, "", {**BODY, "n": n, **body}
                    )
                    for n in range(start, start + count)
                )
            )

    async def consumer(self, **more: Any) -> Consumer:
        """A consumer until the test ends, or its stop()."""
        found = Consumer(self.broker, Ledger(self.database), **more)
        await self._stack.enter_async_context(_running(found.run()))
        return found

    async def confirmed(self) -> None:
        """Return when the hub has told that it holds everything."""
        await self.uplink.acknowledged(self.journal.head())

    async def assert_whole(self) -> None:
        """Every row of the journal is held once, and nothing else."""
        held = await self.database.fetch("SELECT seq, hash FROM events ORDER BY seq")
        assert held == [(row.seq, row.hash) for row in self.journal.after(0, 1 << 30)]

    def state(self) -> str:
        """How far it is and what holds it up: for a test that is out of patience."""
        journal, flight = self.journal, self.uplink._flight
        return (
            f"{journal.head()} rows, {journal.cursor(SENT)} sent, {journal.cursor(CONFIRMED)} confirmed, "
            f"{len(flight.flying)} batches under way, {len(flight.waiting)} waiting; "
            f"trouble: {self.uplink.trouble}, put off: {self.uplink._later}"
        )

    async def until(self, what: Callable[[], object]) -> None:
        while not what():
            await asyncio.sleep(0.005)  # the nodes need the core, too


async def _soon(seconds: float) -> None:
    """A hundredth of the time that a gateway would wait."""
    await asyncio.sleep(seconds / 100)


@asynccontextmanager
async def _running(work: Any) -> AsyncIterator[None]:
    """While the context lasts; work that ends by an error of its own ends the test with it."""
    async with asyncio.TaskGroup() as group:
        task = group.create_task(work)
        try:
            yield
        finally:
            task.cancel()


def with_line(
    broker: Broker, postgres_url: str, folder: Path, play: Play, max_bytes: int | None = None
) -> None:
    async def all_of_it() -> None:
        async with asyncio.timeout(PATIENCE_S), AsyncExitStack() as stack:
            database = await open_database(postgres_url)
            stack.push_async_callback(database.close)
            async with await connect(broker, "test") as connection:
                await ensure_stream(connection, max_bytes)
                await ensure_consumer(connection)
            journal = await stack.enter_async_context(Journal(folder / "journal.db"))
            line = Line(broker, journal, database, stack)
            await stack.enter_async_context(_running(line.uplink.run()))
            try:
                await play(line)
            except asyncio.CancelledError as why:
                why.add_note(line.state())
                raise

    asyncio.run(all_of_it())


def test_every_row_is_sent_then_confirmed_and_held_once(
    broker: Broker, postgres_url: str, tmp_path: Path
) -> None:
    async def play(line: Line) -> None:
        await line.fill(3000)
        await line.until(lambda: line.journal.cursor(SENT) == 3000)
        assert line.journal.cursor(CONFIRMED) == 0
        consumer = await line.consumer()
        await line.confirmed()
        await line.assert_whole()
        assert (line.uplink.trouble, consumer.trouble) == (None, None)

    with_line(broker, postgres_url, tmp_path, play)


@pytest.mark.parametrize("is_leader", [True, False])
def test_a_node_that_is_killed_on_the_way_loses_and_doubles_nothing(
    nats: Nats, broker: Broker, postgres_url: str, tmp_path: Path, is_leader: bool
) -> None:
    async def play(line: Line) -> None:
        await line.consumer()
        filling = asyncio.create_task(line.fill(6000))
        await line.until(lambda: line.journal.cursor(CONFIRMED) > 500)
        leader = nats.stream_leader()
        assert leader is not None
        nats.kill9(leader if is_leader else (leader + 1) % 3)
        await filling
        await line.confirmed()
        await line.assert_whole()

    with_line(broker, postgres_url, tmp_path, play)


def test_all_nodes_killed_and_started_again_lose_and_double_nothing(
    nats: Nats, broker: Broker, postgres_url: str, tmp_path: Path
) -> None:
    async def play(line: Line) -> None:
        await line.consumer()
        filling = asyncio.create_task(line.fill(6000))
        await line.until(lambda: line.journal.cursor(CONFIRMED) > 500)
        for node in range(3):
            nats.kill9(node)
        await filling
        await line.until(lambda: line.uplink.trouble)
        for node in range(3):
            nats.start(node)
        await line.confirmed()
        await line.assert_whole()

    with_line(broker, postgres_url, tmp_path, play)


def test_a_node_that_hangs_is_left_for_another_one(
    nats: Nats, broker: Broker, postgres_url: str, tmp_path: Path
) -> None:
    async def play(line: Line) -> None:
        await line.consumer()
        async with JetStream(Broker((broker.urls[0],)), "gw", timeout_s=1.0) as way:
            while isinstance(await way.ask(line.journal.id), Later):
                pass  # a connection to the node that will hang, behind which the consumer listens
            way._broker = broker
            hung = nats.pid(0)
            assert hung is not None
            os.kill(hung, signal.SIGSTOP)
            try:
                while not isinstance(said := await way.ask(line.journal.id), Later):
                    pass  # the signal was under way
                assert "no answer on tagwright.ask within 1 s" in said.reason
                while isinstance(said, Later):  # it may knock at the same door again
                    said = await way.ask(line.journal.id)
            finally:
                os.kill(hung, signal.SIGCONT)

    with_line(broker, postgres_url, tmp_path, play)


def test_a_full_stream_holds_the_uplink_back_until_it_is_drained(
    broker: Broker, postgres_url: str, tmp_path: Path
) -> None:
    async def play(line: Line) -> None:
        await line.fill(4000)
        await line.until(lambda: "takes no more" in (line.uplink.trouble or ""))
        assert 0 < line.journal.cursor(SENT) < 4000
        await line.consumer()
        await line.confirmed()
        await line.assert_whole()

    with_line(broker, postgres_url, tmp_path, play, max_bytes=600_000)


def test_what_the_broker_has_lost_after_its_acknowledgement_is_sent_again(
    broker: Broker, postgres_url: str, tmp_path: Path
) -> None:
    async def play(line: Line) -> None:
        await line.fill(1500)
        await line.until(lambda: line.journal.cursor(SENT) == 1500)
        async with await connect(broker, "disaster") as connection:
            await connection.api(f"STREAM.PURGE.{STREAM}")
            info = await connection.api(f"STREAM.INFO.{STREAM}")
            assert (info["state"]["messages"], info["config"]["duplicate_window"]) == (
                0,
                120 * 10**9,
            )
        await line.consumer()
        await line.confirmed()
        await line.assert_whole()

    with_line(broker, postgres_url, tmp_path, play)


def test_a_stream_that_is_gone_is_made_again_and_filled_again(
    broker: Broker, postgres_url: str, tmp_path: Path
) -> None:
    async def play(line: Line) -> None:
        await line.consumer()
        await line.fill(600)
        await line.confirmed()
        async with await connect(broker, "disaster") as connection:
            await connection.api(f"STREAM.DELETE.{STREAM}")
        await line.fill(600)
        await line.confirmed()
        await line.assert_whole()

    with_line(broker, postgres_url, tmp_path, play)


def test_rows_too_large_for_a_message_are_set_aside_and_the_rest_goes_on(
    broker: Broker, postgres_url: str, tmp_path: Path
) -> None:
    async def play(line: Line) -> None:
        await line.consumer()
        await line.fill(10)
        await line.fill(1, image=bytes(1 << 20))
        await line.fill(10)
        await line.confirmed()
        assert list(line.journal.quarantined(1, 21)) == [11]
        assert "the broker takes 1048576: raise its max_payload" in line.journal.quarantined()[11]
        await line.assert_whole()

    with_line(broker, postgres_url, tmp_path, play)


def test_a_batch_is_halved_where_a_message_may_not_be_so_large(
    postgres_url: str, tmp_path: Path
) -> None:
    async def play(line: Line) -> None:
        await line.consumer()
        await line.fill(300)
        await line.confirmed()
        await line.assert_whole()
        assert not line.journal.quarantined()

    with Nats(1, max_payload=16 << 10) as narrow:
        with_line(Broker(tuple(narrow.urls)), postgres_url, tmp_path, play)


def test_a_gateway_says_what_is_wrong_with_an_old_server(tmp_path: Path) -> None:
    require(OLD.exists() and version(OLD) < (2, 15), "Debian 12's nats-server 2.9")

    async def play() -> None:
        async with Journal(tmp_path / "journal.db") as journal:
            uplink = Uplink(journal, JetStream(Broker(tuple(old.urls)), "gw"), "gw")
            await journal.append("verdict", "line1", b"", "", {})
            async with _running(uplink.run()):
                while uplink.trouble is None:
                    await asyncio.sleep(0)
            assert "2.15 is needed: 2.9 acknowledges without fsync" in uplink.trouble
            assert journal.cursor(SENT) == 0

    with Nats(1, server=OLD, sync=None) as old:
        asyncio.run(play())


def test_a_gateway_with_an_identity_signs_and_is_taken(
    broker: Broker, postgres_url: str, tmp_path: Path
) -> None:
    async def play(line: Line) -> None:
        async with site(tmp_path / "hub", postgres_url) as hub:
            await line.consumer(gateways=hub.gateways)
            await line.fill(20)
            await line.until(lambda: "which gateway signed it" in (line.uplink.trouble or ""))
            line.transport._signer = IdentityFile(await hub.enrolled("gw"))
            await line.confirmed()
            await hub.gateways.revoke("gw")
            await line.fill(1)
            await line.until(lambda: "was revoked" in (line.uplink.trouble or ""))
            assert line.journal.cursor(CONFIRMED) == 20

    (tmp_path / "hub").mkdir()
    with_line(broker, postgres_url, tmp_path, play)


def test_the_configuration_leads_to_jetstream(broker: Broker, tmp_path: Path) -> None:
    assert isinstance(open_transport(HubConfig(nats=broker.urls), "gw"), JetStream)
    with pytest.raises(ConfigProblem, match="hub.token_file"):
        open_transport(HubConfig(nats=broker.urls, token_file=tmp_path / "none"), "gw")
    with pytest.raises(ConfigProblem, match=r"hub\.ca"):
        open_transport(HubConfig(nats=("tls://127.0.0.1:1",), ca=tmp_path / "none"), "gw")


def test_what_asks_just_when_the_connection_stands_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    class Silence:
        """A connection on which nobody answers."""

        lost = asyncio.Event()

        async def subscribe(self, *_: object) -> None: ...

        async def request(self, *_: object) -> None:
            raise NatsTrouble("nobody is there")

        async def close(self) -> None: ...

    async def play() -> None:
        stands: asyncio.Future[Silence] = asyncio.get_running_loop().create_future()

        async def opened(*_: object) -> Silence:
            return await stands

        monkeypatch.setattr("gateway.sync.jetstream.connect", opened)
        async with (
            JetStream(Broker(("nats://127.0.0.1:1",)), "gw") as way,
            asyncio.TaskGroup() as group,
        ):
            first = group.create_task(way.ask(bytes(16)))
            while way._opening is None:
                await asyncio.sleep(0)
            await asyncio.sleep(0)
            stands.set_result(Silence())  # it is opened in the next turn of the loop,
            second = group.create_task(way.ask(bytes(16)))  # and this asks later in the same
        for said in (first.result(), second.result()):
            assert isinstance(said, Later) and "nobody is there" in said.reason

    asyncio.run(play())
