"""A scanner at a serial port or USB-CDC: the line waits in a thread of its own."""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from gateway.readers.line import SerialLine

_T = TypeVar("_T")


class SerialLink:
    """See scanner.Link. path: of the tty; baud: 8N1."""

    def __init__(self, path: str, baud: int) -> None:
        self._line = SerialLine(path)
        self._baud = baud
        self._ear = ThreadPoolExecutor(1, f"scanner {path}")
        self._mouth = ThreadPoolExecutor(1, f"scanner {path} out")

    async def open(self) -> None:
        await self._in(self._ear, lambda: self._line.open(self._baud))

    async def receive(self, timeout_s: float) -> bytes:
        until = time.monotonic() + timeout_s
        return await self._in(self._ear, lambda: self._line.receive_or_stop(until))

    async def send(self, data: bytes) -> None:
        await self._in(self._mouth, lambda: self._line.send(data))

    async def close(self) -> None:
        await self._in(self._ear, self._line.close)

    async def _in(self, thread: ThreadPoolExecutor, call: Callable[[], _T]) -> _T:
        """Cancelled: the thread is idle again before this ends."""
        job = asyncio.get_running_loop().run_in_executor(thread, call)
        try:
            return await asyncio.shield(job)
        except asyncio.CancelledError:
            self._line.stop()
            await asyncio.wait([job])
            job.exception()  # it was told, or is of no interest any more
            raise
