"""A gateway with a simulated handheld on its USB port."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from gateway.config import Config, ReaderConfig
from gateway.journal import Journal
from gateway.keys import TrustStore
from gateway.posts import handheld_stations
from gateway.trust_file import TrustFile
from tests import handheld_tags as tags
from tests.handheld_line import rows
from tests.handheld_sim import HandheldSim

PATIENCE_S = 60


async def collected(folder: Path, sim: HandheldSim, until: Callable[[Journal], bool]) -> None:
    """Collect into FOLDER/gateway.db, and offer FOLDER/trust.cbor, until the journal says enough."""
    config = Config(
        reader=(ReaderConfig(name="hand", url=f"handheld:{sim.ready['path']}", job="collect"),)
    )
    trust = TrustFile(TrustStore(folder / "trust.cbor", tags.public(tags.ROOT)))
    async with Journal(folder / "gateway.db") as journal, asyncio.timeout(PATIENCE_S):
        station = handheld_stations(config, journal, trust)["hand"]
        running = asyncio.create_task(station.run(lambda result: None))
        while not until(journal):
            await journal.grown_beyond(journal.head())
        running.cancel()
        await asyncio.wait([running])


def installed(journal: Journal) -> bool:
    """The trust list is on the handheld."""
    return any(body.get("outcome") == "installed" for _, body in rows(journal))
