"""A gateway with a simulated handheld on its USB port."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from gateway.config import Config, GatewayConfig, ReaderConfig
from gateway.journal import Journal
from gateway.keys import TrustStore
from gateway.posts import handheld_stations
from gateway.trust_file import TrustFile
from tests import handheld_tags as tags
from tests.handheld_line import rows
from tests.handheld_sim import HandheldSim

PATIENCE_S = 60
ORDERS = "orders.csv"


async def collected(folder: Path, sim: HandheldSim, until: Callable[[Journal], bool]) -> None:
    """Collect into FOLDER/gateway.db until the journal says enough.

    It offers FOLDER/trust.cbor, and the orders of FOLDER/orders.csv where there are any.
    """
    orders = folder / ORDERS
    reader = ReaderConfig(
        name="hand",
        url=f"handheld:{sim.ready['path']}",
        job="collect",
        orders=orders if orders.exists() else None,
    )
    config = Config(gateway=GatewayConfig(link="https://id.example.com"), reader=(reader,))
    trust = TrustFile(TrustStore(folder / "trust.cbor", tags.public(tags.ROOT)))
    async with Journal(folder / "gateway.db") as journal, asyncio.timeout(PATIENCE_S):
        station = handheld_stations(config, journal, trust)["hand"]
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(station.run(lambda result: None))
            try:
                while not until(journal):
                    await journal.grown_beyond(journal.head())
            except asyncio.CancelledError as why:
                why.add_note(f"the journal: {rows(journal)}")
                raise
            running.cancel()


def installed(journal: Journal, count: int = 1) -> bool:
    """So many things are on the handheld: the trust list, orders."""
    found = [body for _, body in rows(journal) if body.get("outcome") == "installed"]
    return len(found) >= count
