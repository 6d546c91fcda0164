"""What an LLRP reader sent and nobody has taken yet. Nothing is dropped: where it grows, the socket is not read.

In a stream of reports the socket is read in ticks: each time it wakes us costs more than a report does. A reader that
sends more than any reader can see is read no faster than that, so that others have their turn.
"""

import asyncio
from typing import NamedTuple

from gateway.llrp.message import Parameter
from gateway.llrp.reports import TagReport

FULL = 8192  # reports or events: no more are read until they are taken
TICK_S = 0.02  # 50 times a second is often for people and lamps

_MOST_A_SECOND = 20_000  # reports; a reader alone with one tag sees it 1,900 times


class Arrival(NamedTuple):
    """What came, at Unix seconds of our clock: reports, or an event."""

    at: float
    reports: list[TagReport]
    event: Parameter | None


class Inbox:
    """Between a connection, which puts, and one user, who takes."""

    def __init__(self) -> None:
        self.is_wanted = False
        self.read_on_at = 0.0  # of the loop's clock: when the socket was last read again
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._arrived: list[Arrival] = []
        self._reports = 0
        self._news = asyncio.Event()
        self._is_over = False
        self._is_holding = False
        self._tick: asyncio.TimerHandle | None = None

    @property
    def is_holding(self) -> bool:
        """Is the socket left unread?"""
        return self._is_holding

    def connected(self, transport: asyncio.Transport) -> None:
        """The socket to read and not to read."""
        self._transport = transport

    def want(self, is_wanted: bool) -> None:
        """Whether what comes is for someone; else it is let go. What is here is for nobody any more."""
        self.is_wanted = is_wanted
        self._arrived, self._reports = [], 0
        self.read_on()

    def put(self, arrival: Arrival) -> None:
        """Keep it for who takes, if anyone wants it."""
        if self.is_wanted:
            self._arrived.append(arrival)
            self._reports += len(arrival.reports) or 1
            self._news.set()

    async def take(self) -> list[Arrival]:
        """All that is here, in order; waits for some. Empty: there will be no more."""
        while not self._arrived and not self._is_over:
            self._news.clear()
            await self._news.wait()
        return self.so_far()

    def so_far(self) -> list[Arrival]:
        """All that is here, in order."""
        found, self._arrived, self._reports = self._arrived, [], 0
        if self._tick is None:
            self.read_on()
        return found

    def hold(self, came: int) -> None:
        """So many reports came: leave the socket unread for a tick, and where much is here until it is taken."""
        if self._is_holding or self._transport is None or not (came or self._arrived):
            return
        self._is_holding = True
        self._transport.pause_reading()
        self._tick = self._loop.call_later(max(TICK_S, came / _MOST_A_SECOND), self._ticked)

    def read_on(self) -> None:
        """Read the socket again."""
        if self._tick is not None:
            self._tick.cancel()
            self._tick = None
        if self._is_holding and self._transport is not None and not self._is_over:
            self._is_holding = False
            self.read_on_at = self._loop.time()
            self._transport.resume_reading()

    def end(self) -> None:
        """Nothing more will come."""
        self._is_over = True
        if self._tick is not None:
            self._tick.cancel()
        self._news.set()

    def _ticked(self) -> None:
        self._tick = None
        if self._reports < FULL:
            self.read_on()
