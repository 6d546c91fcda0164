"""NATS JetStream for tests: one throwaway cluster of three for the session, empty for each test that asks."""

import asyncio
from collections.abc import Iterator

import pytest
from witness import require

from gateway.broker import Broker
from gateway.jetstream import STREAM, NatsTrouble, Refused, connect
from gateway.throwaway.nats import Nats, find_server


@pytest.fixture(scope="session")
def nats() -> Iterator[Nats]:
    """The session's cluster. Whoever ends a node starts it again."""
    require(find_server(), "nats-server 2.15 (Debian sid's package, unpacked by ./run test)")
    with Nats() as servers:
        yield servers


@pytest.fixture
def broker(nats: Nats) -> Iterator[Broker]:
    """Where the cluster is; every node is up, and there is no stream. Ended nodes are started again."""
    found = Broker(tuple(nats.urls))
    asyncio.run(_emptied(found))
    asyncio.run(_placed(found))
    yield found
    for node in range(len(nats.urls)):
        nats.start(node)
    nats.ready()


async def _emptied(broker: Broker) -> None:
    while True:
        try:
            async with await connect(broker, "tests") as connection:
                await connection.api(f"STREAM.DELETE.{STREAM}")
        except Refused:
            return  # there is none
        except NatsTrouble:
            pass  # an election is under way


async def _placed(broker: Broker) -> None:
    """Return when a stream finds its place on three nodes: one that has just come back is offline to the leader."""
    probe = {"name": "PROBE", "subjects": ["probe"], "num_replicas": 3}
    while True:
        try:
            async with await connect(broker, "tests") as connection:
                await connection.api("STREAM.CREATE.PROBE", **probe)
                await connection.api("STREAM.DELETE.PROBE")
                return
        except NatsTrouble:
            pass
