"""The ways to a scanner. TCP and the keyboard have files of their own; a serial port's is here."""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol, TypeVar

from gateway.readers.line import SerialLine

_T = TypeVar("_T")


class Link(Protocol):
    """One connection at a time. ReaderGone, and ReaderBusy from open(), where the scanner is not there."""

    async def open(self) -> None:
        """Ready to send and receive; what came before is gone."""

    async def receive(self, timeout_s: float) -> bytes:
        """What has come, at most 4 KiB, as soon as something has; b"" after `timeout_s`."""

    async def send(self, data: bytes) -> None:
        """On its way. One call at a time; while receive() waits is fine."""

    async def close(self) -> None:
        """Never raises; closing twice is harmless, opening again is fine."""


class SerialLink:
    """A serial port or USB-CDC at `path`, 8N1. The line waits in a thread, and is written to by another."""

    def __init__(self, path: str, baud: int) -> None:
        self._line = SerialLine(path)
        self._baud = baud
        self._ear: ThreadPoolExecutor | None = None
        self._mouth: ThreadPoolExecutor | None = None

    async def open(self) -> None:
        if self._ear is None or self._mouth is None:
            self._ear = ThreadPoolExecutor(1, "scanner in")
            self._mouth = ThreadPoolExecutor(1, "scanner out")
        await self._in(self._ear, lambda: self._line.open(self._baud))

    async def receive(self, timeout_s: float) -> bytes:
        until = time.monotonic() + timeout_s
        return await self._in(self._ear, lambda: self._line.receive_or_stop(until))

    async def send(self, data: bytes) -> None:
        await self._in(self._mouth, lambda: self._line.send(data))

    async def close(self) -> None:
        if self._ear is None or self._mouth is None:
            return
        await self._in(self._ear, self._line.close)
        self._ear.shutdown(wait=False)
        self._mouth.shutdown(wait=False)
        self._ear = self._mouth = None

    async def _in(self, thread: ThreadPoolExecutor | None, call: Callable[[], _T]) -> _T:
        """Cancelled: the thread is idle again before this ends."""
        job = asyncio.get_running_loop().run_in_executor(thread, call)
        try:
            return await asyncio.shield(job)
        except asyncio.CancelledError:
            self._line.stop()
            await asyncio.wait([job])
            if not job.cancelled():
                job.exception()  # it was on its way out already
            raise
