"""A serial RAIN module with the M100 or QM100 as a RainPort: a thread of its own speaks to it, one call at a time."""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import ThreadPoolExecutor
from time import monotonic
from typing import ParamSpec, TypeVar

from edge import gen2, m100
from gateway.model import CannotDo, DeviceTrouble, GpiChange, ReaderGone, Select, Sighting
from gateway.readers.m100access import READ_WORDS, Access
from gateway.readers.m100link import Module
from gateway.readers.m100rounds import POWER_DBM, Rounds
from gateway.readers.rainport import Inventory, RainLimits

log = logging.getLogger(__name__)

BAUD = 115200

_BETWEEN_S = 0.02  # rounds
_OUTPUTS = 4

_P = ParamSpec("_P")
_T = TypeVar("_T")


class M100Port:
    """See RainPort. path: of the tty; clock: Unix seconds for Sighting.seen_at.

    region: of edge.m100.REGIONS, whose band the module takes; none: it stays as it is, and as it comes that is "cn".
    """

    def __init__(
        self,
        path: str,
        baud: int = BAUD,
        clock: Callable[[], float] = time.time,
        region: str = "",
    ) -> None:
        if region not in m100.REGIONS:
            known = ", ".join(filter(None, m100.REGIONS))
            raise ValueError(f"region {region!r} is none of {known}")
        self._path = path
        self._region = region
        self._module = Module(path, baud)
        self._access = Access(path, self._module)
        self._rounds = Rounds(path, self._access, clock)
        self._thread: ThreadPoolExecutor | None = None
        self._limits = _limits("M100")

    @property
    def limits(self) -> RainLimits:
        return self._limits

    async def open(self) -> None:
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, thread_name_prefix=f"reader {self._path}")
        await self._run(self._open)

    async def close(self) -> None:
        if self._thread is not None:
            await self._run(self._module.close)
            self._thread.shutdown()
            self._thread = None

    async def watch(self, want: Inventory) -> AsyncGenerator[list[Sighting | GpiChange], None]:
        await self._run(self._rounds.begin, want)
        while True:
            found = await self._run(self._rounds.round, want)
            if found:
                yield [*found]
            await asyncio.sleep(_BETWEEN_S)

    async def inventory(self, want: Inventory, duration_s: float) -> list[Sighting]:
        until = monotonic() + duration_s
        await self._run(self._rounds.begin, want)
        found = []
        while monotonic() < until:
            found += await self._run(self._rounds.round, want)
            await asyncio.sleep(_BETWEEN_S)
        return found

    async def read(
        self, select: Select, bank: int, word: int, count: int, password: int = 0
    ) -> bytes:
        return await self._run(self._access.read, select, bank, word, count, password)

    async def write(
        self,
        select: Select,
        bank: int,
        word: int,
        data: bytes,
        password: int = 0,
        block_words: int | None = None,
    ) -> None:
        self._rounds.changed()
        await self._run(self._access.write, select, bank, word, data, password)

    async def lock(self, select: Select, mask: int, action: int, password: int = 0) -> None:
        wire = m100.lock(password, mask, action)
        await self._run(self._access.run, select, gen2.place(gen2.RESERVED, 0), wire)

    async def permalock(
        self, select: Select, word: int, count: int, block_words: int, password: int = 0
    ) -> None:
        if count < 1 or word % block_words or count % block_words:
            raise ValueError(f"{count} words from {word} on are no blocks of {block_words} words")
        blocks = range(word // block_words, (word + count) // block_words)
        wire = m100.block_permalock(password, gen2.USER, blocks)
        await self._run(self._access.run, select, gen2.place(gen2.USER, word), wire)

    async def kill(self, select: Select, password: int) -> None:
        await self._run(self._access.kill, select, password)

    async def set_gpo(self, port: int, level: bool) -> None:
        if not 1 <= port <= _OUTPUTS:
            raise CannotDo(f"{self._path}: the module has outputs 1 to {_OUTPUTS}, not {port}")
        await self._run(self._access.tell, m100.set_output(port))
        await self._run(self._access.tell, m100.set_level(port, level))

    def _open(self) -> None:
        self._limits = _limits(self._module.open())
        try:
            self._rounds.open()
            if self._region:
                self._access.tell(m100.set_region(m100.REGIONS.index(self._region)))
        except DeviceTrouble:
            self._module.close()
            raise
        log.info("%s: %s", self._path, self._limits.model)

    async def _run(self, call: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        """In the module's thread. Cancelled: the thread is idle again before this ends."""
        if self._thread is None:
            raise ReaderGone(f"{self._path}: not open")
        job = asyncio.get_running_loop().run_in_executor(
            self._thread, lambda: call(*args, **kwargs)
        )
        try:
            return await asyncio.shield(job)
        except asyncio.CancelledError:
            await asyncio.wait([job])
            if (why := job.exception()) is not None:
                log.info("%s: cancelled, and %s", self._path, why)
            raise


def _limits(model: str) -> RainLimits:
    return RainLimits(
        model,
        antennas=1,
        power_dbm=POWER_DBM,
        block_write=False,
        read_words=READ_WORDS,
        write_words=m100.WRITE_WORDS,
        gpos=_OUTPUTS,
    )
