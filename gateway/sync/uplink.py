"""The uplink: sends what the journal holds to the hub over HTTP(S), in order, and remembers what it acknowledged."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable

from gateway.config import HubConfig
from gateway.journal import ACKNOWLEDGED, Journal
from gateway.sync.answer import Held, Later, Pause, SetAside, Smaller, Step
from gateway.sync.batch import BATCHED, Batch, next_batch
from gateway.sync.http import Https, reach
from gateway.sync.receipt import Receipt

__all__ = ["Uplink", "reach"]

log = logging.getLogger(__name__)

MOST_ROWS = 512

_CONFLICT = "the hub holds another row under this number: was this journal copied or restored?"


class Uplink:
    """Keeps the hub up to date with one journal.

    gateway: the name that the hub shows. pause and uniform: asyncio.sleep and random.uniform, or a test's.
    Raises ConfigProblem where [hub] has no url or a file that cannot be read.
    """

    def __init__(
        self,
        journal: Journal,
        hub: HubConfig,
        gateway: str,
        *,
        pause: Callable[[float], Awaitable[object]] = asyncio.sleep,
        uniform: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self.trouble: str | None = None  # why the hub does not take rows just now
        self._journal = journal
        self._gateway = gateway
        self._transport = Https(hub)
        self._pause = pause
        self._pauses = Pause(uniform)
        self._most_rows = MOST_ROWS
        self._progress = asyncio.Event()

    async def run(self) -> None:
        """Send for ever; ends by being cancelled, or by JournalTrouble. To be called once."""
        async with self._transport:
            while True:
                batch = await next_batch(self._journal, self._gateway, self._most_rows)
                if batch is None:
                    await self._journal.grown_beyond(self._journal.cursor(ACKNOWLEDGED))
                    continue
                wait_s = await self._take(batch, await self._transport.send(batch, 0))
                if wait_s:
                    await self._pause(wait_s)

    async def acknowledged(self, seq: int) -> None:
        """Return when the hub holds every row up to `seq`."""
        while self._journal.cursor(ACKNOWLEDGED) < seq:
            await self._progress.wait()

    async def _take(self, batch: Batch, step: Step) -> float:
        """Do what the answer asks for; the seconds to wait before the next batch."""
        journal = self._journal
        if isinstance(step, Held):
            return await self._hold(batch, step.receipt)
        if isinstance(step, Smaller):
            self._most_rows = len(batch) // 2
            await journal.move_cursor(BATCHED, batch.first + self._most_rows - 1)
            return 0.0
        if isinstance(step, SetAside) and not journal.quarantined(batch.first, batch.last):
            log.error("row %d is set aside: %s", batch.first, step.reason)
            await journal.set_aside(batch.first, step.reason)
            return 0.0
        return self._later(step if isinstance(step, Later) else Later("it is refused for good"))

    async def _hold(self, batch: Batch, held: Receipt) -> float:
        journal = self._journal
        for seq in held.conflicts:
            if batch.first <= seq <= batch.last:
                log.error("row %d is set aside: %s", seq, _CONFLICT)
                await journal.set_aside(seq, _CONFLICT)
        before, watermark = batch.first - 1, min(held.watermark, batch.last)
        if watermark < before:
            log.warning("the hub lacks rows from %d on: sending them again", watermark + 1)
            await journal.move_cursor(BATCHED, watermark)
        if watermark != before:
            await journal.move_cursor(ACKNOWLEDGED, watermark)
        if watermark <= before:
            return self._later(Later(f"the hub holds rows up to {watermark} only"))
        if self.trouble is not None:
            log.info("the hub takes rows again")
        self.trouble = None
        self._pauses.reset()
        self._most_rows = min(self._most_rows * 2, MOST_ROWS)
        self._progress.set()
        self._progress = asyncio.Event()
        return 0.0

    def _later(self, step: Later) -> float:
        if self.trouble != step.reason:
            log.warning("the hub takes no rows: %s", step.reason)
        self.trouble = step.reason
        return self._pauses.next_s(step.at_least_s)
