"""`tagwright hub consume`: one consumer over the hub's database, with a clerk beside it."""

import asyncio
import os
import re
import signal
import socket
from collections.abc import Callable
from contextlib import AsyncExitStack

from gateway.beside import beside
from gateway.config import ConfigProblem
from gateway.hub.app import clerk as new_clerk
from gateway.hub.audit import Audit
from gateway.hub.consumer import Consumer
from gateway.hub.entrance import audit_key
from gateway.hub.gateways import Gateways
from gateway.hub.ledger import Ledger
from gateway.hub.open import open_database
from gateway.hub.settings import HubSettings


async def consume(settings: HubSettings, ready: Callable[[], None], with_clerk: bool) -> None:
    """Consume until SIGINT or SIGTERM; calls ready() when the stream is there and batches are asked for.

    with_clerk: keep the register too; else others do. Gateways must sign where [ca] stands.
    What is refused is kept in an audit chain of this process's own.
    Raises ConfigProblem, KeyProblem, StoreTrouble; jetstream.Unfit where the broker or its stream must not be used.
    """
    if settings.nats is None:
        raise ConfigProblem("hub.toml has no [nats]: name the cluster's servers")
    async with AsyncExitStack() as stack:
        database = await open_database(settings.database)
        stack.push_async_callback(database.close)
        clerk = new_clerk(database, settings)
        kept = Audit(database, audit_key(settings.access.audit_key), _chain(settings.access.node))
        stack.push_async_callback(kept.settle)
        consumer = Consumer(
            settings.nats.broker(),
            Ledger(database),
            Gateways(database) if settings.ca is not None else None,
            kept,
            name=f"consumer {socket.gethostname()} {os.getpid()}",
            max_bytes=settings.nats.max_bytes,
            ready=ready,
            grown=clerk.wake,
        )
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, consumer.stop)
        if with_clerk:
            await stack.enter_async_context(beside(clerk.run(), "clerk"))
        await consumer.run()


def _chain(node: str) -> str:
    """The name of this process's audit chain; a name that comes again goes on with its chain."""
    host = re.sub(r"[^A-Za-z0-9._-]", "-", socket.gethostname())
    return f"{node[:20]}.consumer.{host[:24]}.{os.getpid()}"
