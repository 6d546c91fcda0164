"""The connection to NATS, against real servers: what is refused, what is stored, and what a lost node looks like."""

import asyncio
import os
import signal
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from nats.errors import StaleConnectionError
from witness import require

from gateway.broker import Broker
from gateway.config import ConfigProblem
from gateway.hub.stream import Pull, deliveries, ensure_consumer, ensure_stream, unfit
from gateway.jetstream import (
    BATCHES,
    MESSAGE_ID,
    STREAM,
    Connection,
    Full,
    Message,
    NatsTrouble,
    Refused,
    Silent,
    Stored,
    Unfit,
    connect,
)
from gateway.model import DeviceTrouble
from gateway.throwaway.nats import Nats, version

OLD = Path("/usr/sbin/nats-server")  # Debian 12's
SUBJECT = f"{BATCHES}.gw.{bytes(16).hex()}"
PATIENCE_S = 60.0


def run(play: Callable[[], Awaitable[None]]) -> None:
    async def within() -> None:
        async with asyncio.timeout(PATIENCE_S):
            await play()

    asyncio.run(within())


async def stream(broker: Broker, max_bytes: int | None = None) -> Connection:
    connection = await connect(broker, "test")
    await ensure_stream(connection, max_bytes)
    await ensure_consumer(connection)
    return connection


def test_debian_12s_server_is_refused_with_the_reason() -> None:
    require(OLD.exists() and version(OLD) < (2, 15), "Debian 12's nats-server 2.9")

    async def play() -> None:
        with pytest.raises(Unfit, match=r"2\.9\.\d+ is too old.*without fsync.*sync_interval"):
            await connect(Broker(tuple(old.urls)), "test")

    with Nats(1, server=OLD, sync=None) as old:
        run(play)


def test_debian_12s_server_knows_no_sync_interval() -> None:
    require(OLD.exists() and version(OLD) < (2, 15), "Debian 12's nats-server 2.9")
    with pytest.raises(DeviceTrouble, match="sync_interval"), Nats(1, server=OLD):
        pass


def test_where_nobody_listens_the_reason_is_told() -> None:
    async def play() -> None:
        with pytest.raises(NatsTrouble, match=r"nats://127\.0\.0\.1:1: .*refused|Connect call"):
            await connect(Broker(("nats://127.0.0.1:1",)), "test")

    run(play)


def test_a_server_without_tls_never_hears_the_token(broker: Broker) -> None:
    async def play() -> None:
        with pytest.raises(NatsTrouble, match="ecure"):
            await connect(Broker(broker.urls, "secret", ssl.create_default_context), "test")
        with pytest.raises(Unfit, match="offers no TLS"):
            await connect(Broker(broker.urls, None, ssl.create_default_context), "test")

    run(play)


def test_the_stream_has_three_copies_on_files_and_refuses_the_new(broker: Broker) -> None:
    async def play() -> None:
        async with await stream(broker) as connection:
            await ensure_stream(connection)
            info = await connection.api(f"STREAM.INFO.{STREAM}")
            config = info["config"]
            assert (config["num_replicas"], config["storage"], config["discard"]) == (
                3,
                "file",
                "new",
            )
            consumer = (await connection.api(f"CONSUMER.INFO.{STREAM}.hub"))["config"]
            assert (consumer["ack_policy"], consumer.get("max_deliver", -1)) == ("explicit", -1)

    run(play)


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"num_replicas": 1}, "keeps 1 copies in a cluster, 3 are needed"),
        ({"storage": "memory"}, "storage is 'memory' and must be 'file'"),
        ({"discard": "old"}, "discard is 'old' and must be 'new'"),
        ({"retention": "limits"}, "retention is 'limits'"),
        ({"max_age": 3600 * 10**9}, "max_age"),
        ({"num_replicas": 1, "persist_mode": "async"}, "persist_mode"),
    ],
)
def test_a_stream_that_may_lose_batches_is_refused(
    broker: Broker, wrong: dict[str, object], reason: str
) -> None:
    async def play() -> None:
        async with await connect(broker, "test") as connection:
            right: dict[str, object] = {
                "name": STREAM,
                "subjects": [f"{BATCHES}.>"],
                "retention": "workqueue",
                "storage": "file",
                "discard": "new",
                "num_replicas": 3,
            }
            await connection.api(f"STREAM.CREATE.{STREAM}", **{**right, **wrong})
            with pytest.raises(Unfit, match=reason):
                await ensure_stream(connection)

    run(play)


def test_one_copy_is_all_that_a_single_server_can_keep() -> None:
    config = {"storage": "file", "discard": "new", "retention": "workqueue", "max_age": 0}
    info = {"config": {**config, "subjects": [f"{BATCHES}.>"], "num_replicas": 1}}
    assert unfit(info, clustered=False) is None
    assert unfit(info, clustered=True) is not None


def test_without_a_stream_nobody_takes_a_batch(broker: Broker) -> None:
    async def play() -> None:
        async with await connect(broker, "test") as connection:
            with pytest.raises(NatsTrouble, match="nobody answers"):
                await connection.store(SUBJECT, b"x")
            with pytest.raises(Refused, match="stream not found"):
                await connection.api(f"STREAM.INFO.{STREAM}")

    run(play)


def test_the_same_id_is_stored_once_and_another_again(broker: Broker) -> None:
    async def play() -> None:
        async with await stream(broker) as connection:
            first = await connection.store(SUBJECT, b"x", {MESSAGE_ID: "a"})
            again = await connection.store(SUBJECT, b"x", {MESSAGE_ID: "a"})
            other = await connection.store(SUBJECT, b"x", {MESSAGE_ID: "a#1"})
            assert (first, again, other) == (Stored(1, False), Stored(1, True), Stored(2, False))

    run(play)


def test_a_full_stream_says_so_and_takes_more_when_it_is_drained(broker: Broker) -> None:
    async def play() -> None:
        async with await stream(broker, 200_000) as connection:
            stored = 0
            with pytest.raises(Full, match="maximum bytes"):
                for _ in range(100):
                    await connection.store(SUBJECT, bytes(20_000))
                    stored += 1
            assert 5 <= stored < 10
            pull = Pull(connection, 100)
            await pull.begin()
            drained = 0
            while drained < stored:
                for message in await pull.some():
                    await connection.publish(message.reply, b"+ACK")
                    drained += 1
            await connection.flush()
            while True:  # the acknowledgements travel through the cluster
                try:
                    await connection.store(SUBJECT, bytes(20_000))
                except Full:
                    continue
                break

    run(play)


def test_pulled_messages_come_once_and_unacknowledged_ones_again(broker: Broker) -> None:
    async def play() -> None:
        async with await stream(broker) as connection:
            sent = [b"%d" % n for n in range(300)]
            await asyncio.gather(*(connection.store(SUBJECT, each) for each in sent))
            pull = Pull(connection, 16)
            await pull.begin()
            found: list[bytes] = []
            given_back: set[bytes] = set()
            while len(found) < len(sent):
                for message in await pull.some():
                    if message.data not in given_back and len(given_back) < 5:
                        given_back.add(message.data)
                        assert deliveries(message) == 1
                        await connection.publish(message.reply, b"-NAK")
                        continue
                    assert deliveries(message) == 1 + (message.data in given_back)
                    await connection.publish(message.reply, b"+ACK")
                    found.append(message.data)
            assert sorted(found) == sorted(sent)

    run(play)


def test_who_stops_pulling_has_what_comes_until_the_order_is_over(broker: Broker) -> None:
    async def play() -> None:
        async with await stream(broker) as connection:
            pull = Pull(connection, 16)
            await pull.begin()
            await connection.store(SUBJECT, b"before")
            here = await pull.some()
            filling = asyncio.gather(*(connection.store(SUBJECT, b"%d" % n) for n in range(5)))
            async for more in pull.last():
                here += more
            await filling
            await connection.store(SUBJECT, b"after")
            info = await connection.api(f"CONSUMER.INFO.{STREAM}.hub")
        assert here[0].data == b"before"
        assert info["num_ack_pending"] == len(here)  # the stream has handed out nothing else

    run(play)


def test_a_consumer_that_goes_away_is_trouble_for_who_pulls(broker: Broker) -> None:
    async def play() -> None:
        async with await stream(broker) as connection:
            pull = Pull(connection, 16)
            await pull.begin()
            waiting = asyncio.create_task(pull.some())
            while not (await connection.api(f"CONSUMER.INFO.{STREAM}.hub"))["num_waiting"]:
                pass
            await connection.api(f"CONSUMER.DELETE.{STREAM}.hub")
            with pytest.raises(NatsTrouble, match="409 Consumer Deleted"):
                await waiting

    run(play)


def test_a_killed_node_ends_its_connections_and_another_one_takes_over(
    nats: Nats, broker: Broker
) -> None:
    async def play() -> None:
        connection = await stream(Broker((nats.urls[0],)))
        asked = asyncio.create_task(connection.request("nobody.answers.yet"))
        nats.kill9(0)
        await connection.lost.wait()
        with pytest.raises(NatsTrouble):
            await asked
        with pytest.raises(NatsTrouble):
            await connection.store(SUBJECT, b"x")
        async with await connect(broker, "test") as other:
            while True:  # an election may be under way
                try:
                    await other.store(SUBJECT, b"x", {MESSAGE_ID: "a"})
                except NatsTrouble:
                    continue
                break

    run(play)


def test_a_node_that_hangs_holds_nobody_however_much_is_on_its_way(
    nats: Nats, broker: Broker
) -> None:
    async def play() -> None:
        async with await stream(broker):
            connection = await connect(Broker(broker.urls[:1]), "test")
            hung = nats.pid(0)
            assert hung is not None
            os.kill(hung, signal.SIGSTOP)
            try:
                more_than_sockets_take = (
                    connection.store(SUBJECT, bytes(900_000), timeout_s=1.0) for _ in range(20)
                )
                said = await asyncio.gather(*more_than_sockets_take, return_exceptions=True)
                await connection.close()
            finally:
                os.kill(hung, signal.SIGCONT)
        assert {type(each) for each in said} == {Silent}
        assert connection.lost.is_set()

    run(play)


async def _stuck(connection: Connection) -> None:
    """Publish to a server that hangs until something stays unsent."""
    while not connection._client.pending_data_size:
        await connection.publish("more.than.sockets.take", bytes(900_000))
        for _ in range(4):  # turns of the loop: what can be sent is sent
            await asyncio.sleep(0)


def test_a_node_that_hangs_and_is_killed_is_lost_also_where_something_is_unsent(
    nats: Nats, broker: Broker
) -> None:
    async def play() -> None:
        connection = await connect(Broker(broker.urls[:1]), "test")
        asked = asyncio.create_task(connection.request("nobody.answers", timeout_s=PATIENCE_S))
        hung = nats.pid(0)
        assert hung is not None
        os.kill(hung, signal.SIGSTOP)
        try:
            await _stuck(connection)
        finally:
            nats.kill9(0)
        await connection.lost.wait()
        with pytest.raises(NatsTrouble):
            await asked

    run(play)


def test_a_node_that_answers_no_ping_is_lost_also_where_something_is_unsent(
    nats: Nats, broker: Broker
) -> None:
    async def play() -> None:
        connection = await connect(Broker(broker.urls[:1]), "test")
        hung = nats.pid(0)
        assert hung is not None
        os.kill(hung, signal.SIGSTOP)
        try:
            await _stuck(connection)
            await connection._client._process_op_err(StaleConnectionError())  # as after 60 s
        finally:
            os.kill(hung, signal.SIGCONT)
        assert connection.lost.is_set()

    run(play)


def test_a_connection_that_is_lost_while_the_last_messages_are_heard_holds_nobody(
    broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.jetstream.ANSWER_S", 2.0)

    async def play() -> None:
        connection = await connect(broker, "test")
        hearing = asyncio.Event()

        async def hear(message: Message) -> None:
            hearing.set()
            await connection.lost.wait()

        end = await connection.subscribe("news", hear)
        for _ in range(3):
            await connection.publish("news")
        await hearing.wait()
        ending = asyncio.create_task(end())
        for _ in range(2):  # the second one is behind the end's own
            await connection.flush()
        await connection.close()
        with pytest.raises(NatsTrouble):
            await ending

    run(play)


def test_a_ca_that_is_gone_when_the_connection_is_made_anew_is_trouble() -> None:
    def gone() -> ssl.SSLContext:
        raise ConfigProblem("hub.ca cannot be used: it is gone")

    async def play() -> None:
        with pytest.raises(NatsTrouble, match=r"hub\.ca cannot be used: it is gone"):
            await connect(Broker(("tls://127.0.0.1:1",), None, gone), "test")

    run(play)


def test_requests_are_answered_by_one_of_a_group(broker: Broker) -> None:
    async def play() -> None:
        async with await connect(broker, "a") as one, await connect(broker, "b") as two:
            heard: list[str] = []

            def answers(name: str, connection: Connection) -> Callable[[Message], Awaitable[None]]:
                async def answer(message: Message) -> None:
                    heard.append(name)
                    await connection.publish(message.reply, message.data + b"!")

                return answer

            await one.subscribe("q", answers("one", one), "group")
            await two.subscribe("q", answers("two", two), "group")
            await one.flush()
            await two.flush()
            answered = await asyncio.gather(*(one.request("q", b"%d" % n) for n in range(40)))
            assert [each.data for each in answered] == [b"%d!" % n for n in range(40)]
            assert len(heard) == 40

    run(play)


def test_the_delivery_count_is_read_from_either_form_of_the_reply() -> None:
    short = "$JS.ACK.TAGWRIGHT.hub.3.10.11.1795399474622511325.0"
    long = "$JS.ACK._.hash.TAGWRIGHT.hub.3.10.11.1795399474622511325.0.x"
    assert [deliveries(Message("s", b"", {}, each)) for each in (short, long, "", "a.b")] == [
        3,
        3,
        1,
        1,
    ]
