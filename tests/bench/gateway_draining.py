"""A gateway as a process: it syncs the journal that it has, and ends when all is confirmed.

`python -m tests.bench.gateway_draining CONFIG.toml [ROWS]` says in one line of JSON what it took. ROWS: of a batch.
"""

import asyncio
import json
import sys
import time
from pathlib import Path

from gateway.config import load
from gateway.journal import Journal
from gateway.sync.batch import MOST_ROWS
from gateway.sync.transports import open_transport
from gateway.sync.uplink import Uplink


async def drain(file: Path, most_rows: int = MOST_ROWS) -> None:
    """Sync until the hub holds every row."""
    config = load(file)
    transport = open_transport(config.hub, config.gateway.name)
    async with Journal(config.gateway.journal) as journal:
        uplink = Uplink(journal, transport, config.gateway.name, most_rows=most_rows)
        started, cpu = time.perf_counter(), time.process_time()
        sync = asyncio.create_task(uplink.run())
        confirmed = asyncio.create_task(uplink.acknowledged(journal.head()))
        await asyncio.wait({sync, confirmed}, return_when=asyncio.FIRST_COMPLETED)
        seconds, cpu_s = time.perf_counter() - started, time.process_time() - cpu
        if sync.done():
            sync.result()
        said = {"confirmed": journal.head() - journal.lag(), "seconds": seconds, "cpu_s": cpu_s}
        print(json.dumps(said), flush=True)
        sync.cancel()
        await asyncio.gather(sync, return_exceptions=True)


if __name__ == "__main__":
    asyncio.run(drain(Path(sys.argv[1]), *map(int, sys.argv[2:])))
