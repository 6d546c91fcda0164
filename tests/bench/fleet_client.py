"""Many gateways in one process: each its own transport with a connection of its own, its own journal and one batch.

`python -m tests.bench.fleet_client HUB GATEWAYS`, HUB being the table [hub] of a gateway as JSON. A line on standard
input begins each of three steps (make batches and transports, connect, send); a line of JSON ends it.
"""

import asyncio
import gc
import json
import random
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from gateway.config_tables import HubConfig
from gateway.sync.answer import Held, Pause
from gateway.sync.port import Batch, Later, Receipt, SetAside, Smaller, Taken, Transport
from gateway.sync.transports import open_transport
from tests.bench.passports import Issuer
from tests.bench.verdicts import Line, first_batch

_ROWS = 64  # of a batch
_TOGETHER = 64  # that connect at the same moment: two cores stand for all their processors
_ASK_S = 15.0  # after which a gateway that heard nothing asks


@dataclass
class _Gateway:
    batch: Batch
    transport: Transport
    retries: int = 0
    confirmed: asyncio.Event = field(default_factory=asyncio.Event)

    def hear(self, receipt: Receipt) -> None:
        if receipt.journal == self.batch.journal and receipt.watermark >= self.batch.last:
            self.confirmed.set()

    async def connect(self) -> None:
        """Connect, by the question that an uplink begins with."""
        self.transport.on_receipt = self.hear
        pause = Pause(random.uniform)
        while isinstance(await self.transport.ask(self.batch.journal), Later):
            self.retries += 1
            await asyncio.sleep(pause.next_s(0))

    async def send(self) -> None:
        """Send the batch until it is confirmed."""
        pause = Pause(random.uniform)
        while isinstance(step := await self.transport.send(self.batch, 0), Later):
            self.retries += 1
            await asyncio.sleep(pause.next_s(step.at_least_s))
        if isinstance(step, Smaller | SetAside):
            raise RuntimeError(f"the batch is refused: {step}")
        if isinstance(step, Held):
            self.hear(step.receipt)
        assert isinstance(step, Held | Taken)
        while not self.confirmed.is_set():
            try:
                await asyncio.wait_for(self.confirmed.wait(), _ASK_S)
            except TimeoutError:
                self.retries += 1
                receipt = await self.transport.ask(self.batch.journal)
                if isinstance(receipt, Receipt):
                    self.hear(receipt)


async def run(hub: HubConfig, count: int) -> None:
    """All three steps."""
    await _told()
    line, ids = Line(_ROWS * 10, Issuer()), random.Random(1)
    names = [f"gateway{n:05}" for n in range(count)]
    batches = [first_batch(line, name, ids.randbytes(16), _ROWS) for name in names]
    before = rss()
    pairs = zip(names, batches, strict=True)
    fleet = [_Gateway(batch, open_transport(hub, name)) for name, batch in pairs]
    _say(batch_bytes=len(batches[0].data), rows=_ROWS)
    await _told()
    turn, started = asyncio.Semaphore(_TOGETHER), time.perf_counter()

    async def connect(each: _Gateway) -> None:
        async with turn:
            await each.connect()

    await asyncio.gather(*map(connect, fleet))
    seconds = time.perf_counter() - started
    _say(seconds=seconds, bytes=rss() - before, retries=sum(each.retries for each in fleet))
    await _told()
    started = time.perf_counter()
    took: list[float] = []

    async def send(each: _Gateway) -> None:
        await each.send()
        took.append(time.perf_counter() - started)

    await asyncio.gather(*map(send, fleet))
    took.sort()
    _say(
        confirmed=len(took),
        seconds=took[-1],
        median_s=took[len(took) // 2],
        retries=sum(each.retries for each in fleet),
    )
    await _told()


def rss() -> int:
    """Bytes of this process that are in memory (Linux)."""
    gc.collect()
    return memory("self")


def memory(pid: int | str) -> int:
    """Bytes of a process that are in memory (Linux)."""
    said = Path(f"/proc/{pid}/status").read_text()
    return 1024 * next(int(ln.split()[1]) for ln in said.splitlines() if ln.startswith("VmRSS"))


async def _told() -> None:
    await asyncio.to_thread(sys.stdin.readline)


def _say(**what: float) -> None:
    print(json.dumps(what), flush=True)


if __name__ == "__main__":
    asyncio.run(run(HubConfig.model_validate_json(sys.argv[1]), int(sys.argv[2])))
