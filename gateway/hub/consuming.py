"""`tagwright hub consume`: one consumer over the hub's database, with a clerk beside it."""

import asyncio
import os
import signal
import socket
from collections.abc import Callable
from contextlib import AsyncExitStack

from gateway.config import ConfigProblem
from gateway.hub.app import clerk as new_clerk
from gateway.hub.consumer import Consumer
from gateway.hub.gateways import Gateways
from gateway.hub.ledger import Ledger
from gateway.hub.open import open_database
from gateway.hub.settings import HubSettings


async def consume(settings: HubSettings, ready: Callable[[], None], with_clerk: bool) -> None:
    """Consume until SIGINT or SIGTERM; calls ready() when the stream is there and batches are asked for.

    with_clerk: keep the register too; else others do. Gateways must sign where [ca] stands.
    Raises ConfigProblem, StoreTrouble; jetstream.Unfit where the broker or its stream must not be used.
    """
    if settings.nats is None:
        raise ConfigProblem("hub.toml has no [nats]: name the cluster's servers")
    async with AsyncExitStack() as stack:
        database = await open_database(settings.database)
        stack.push_async_callback(database.close)
        clerk = new_clerk(database, settings)
        consumer = Consumer(
            settings.nats.broker(),
            Ledger(database),
            Gateways(database) if settings.ca is not None else None,
            name=f"consumer {socket.gethostname()} {os.getpid()}",
            max_bytes=settings.nats.max_bytes,
            ready=ready,
            grown=clerk.wake,
        )
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, consumer.stop)
        if with_clerk:
            stack.push_async_callback(_ended, asyncio.create_task(clerk.run(), name="clerk"))
        await consumer.run()


async def _ended(task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
