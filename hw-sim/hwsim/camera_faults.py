"""What goes wrong with a camera, by name and on purpose; `at` and `every` count the pictures that are sent.

dropout:at=10,away_s=2      the tenth picture from now breaks off, with every connection; nobody is let in for 2 s
stall:s=30                  nothing is sent for 30 s, and the connections stay (at=10: from the tenth picture on)
slow:bytes_s=20000          pictures trickle (pictures=3: three of them, then all is well)
late:s=5                    a connection waits so long for its first answer
truncated:every=10          every tenth JPEG ends half-way (at=10: the tenth from now does)
corrupt:every=10            ... has noise in its middle
huge:at=1                   the next JPEG is one of 100 megapixels (megapixels=N)
unauthorized                no password is good enough (user=U,password=P: but this one, by Basic)
"""

import asyncio
import base64
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import TypeVar

from hwsim import jpegs
from hwsim.linefaults import arguments

_Kind = TypeVar("_Kind", bound="CameraFault")


class CameraFault:
    """Every hook, doing nothing; `done` takes the fault off the list."""

    done = False

    def spoil(self, jpeg: bytes, random: Random) -> bytes:
        """The JPEG that is sent instead of this one."""
        return jpeg


@dataclass
class Dropout(CameraFault):
    at: int = 1
    away_s: float = 0.0


@dataclass
class Stall(CameraFault):
    s: float = 30.0
    at: int = 1
    until_s = 0.0


@dataclass
class Slow(CameraFault):
    bytes_s: float = 20_000.0
    pictures: int = 0

    def __post_init__(self) -> None:
        if self.bytes_s <= 0:
            raise ValueError("slow: bytes_s > 0")


@dataclass
class Late(CameraFault):
    s: float = 5.0


@dataclass
class _Some(CameraFault, ABC):
    """One picture, or every so many."""

    at: int = 0
    every: int = 0
    sent = 0

    def __post_init__(self) -> None:
        if not self.at and not self.every:
            self.at = 1

    def spoil(self, jpeg: bytes, random: Random) -> bytes:
        self.sent += 1
        if self.sent == self.at:
            self.done = not self.every
            return self.spoiled(jpeg, random)
        if self.every and self.sent % self.every == 0:
            return self.spoiled(jpeg, random)
        return jpeg

    @abstractmethod
    def spoiled(self, jpeg: bytes, random: Random) -> bytes:
        """What is sent in place of this picture."""


class Truncated(_Some):
    def spoiled(self, jpeg: bytes, random: Random) -> bytes:
        return jpeg[: len(jpeg) // 2]


class Corrupt(_Some):
    def spoiled(self, jpeg: bytes, random: Random) -> bytes:
        middle, count = len(jpeg) // 2, len(jpeg) // 8
        return jpeg[:middle] + random.randbytes(count) + jpeg[middle + count :]


@dataclass
class Huge(_Some):
    megapixels: float = 100.0

    def spoiled(self, jpeg: bytes, random: Random) -> bytes:
        return jpegs.huge(self.megapixels)


@dataclass
class Unauthorized(CameraFault):
    user: str = ""
    password: str = ""


_NAMES: dict[str, type[CameraFault]] = {
    "dropout": Dropout,
    "stall": Stall,
    "slow": Slow,
    "late": Late,
    "truncated": Truncated,
    "corrupt": Corrupt,
    "huge": Huge,
    "unauthorized": Unauthorized,
}


@dataclass(frozen=True)
class Leaving:
    """How a picture leaves. bytes_s: how fast, 0 for at once; breaks: every connection ends in its middle."""

    jpeg: bytes
    bytes_s: float = 0.0
    breaks: bool = False


class CameraFaults:
    """The faults that are armed, and the one source of chance."""

    def __init__(self, seed: int = 0) -> None:
        self.random = Random(seed)
        self.armed: list[CameraFault] = []
        self._away_until_s = 0.0
        self._changed = asyncio.Event()

    def add(self, name: str, args: Mapping[str, object]) -> None:
        """Make a fault and arm it; ValueError says which names and arguments there are."""
        kind = _NAMES.get(name)
        if kind is None:
            raise ValueError(f"no fault {name!r}: known are {', '.join(_NAMES)}")
        self.armed.append(kind(**arguments(name, kind, args)))

    def clear(self) -> None:
        """All is well from now on; what stalls goes on."""
        self.armed = []
        self._away_until_s = 0.0
        self._changed.set()
        self._changed = asyncio.Event()

    @property
    def is_away(self) -> bool:
        """Whether nobody is let in now."""
        return time.monotonic() < self._away_until_s

    def allows(self, authorization: str | None) -> bool:
        """Whether an Authorization header of HTTP or RTSP is good enough (RFC 7617)."""
        for fault in self._of(Unauthorized):
            pair = base64.b64encode(f"{fault.user}:{fault.password}".encode()).decode()
            if not fault.user or authorization != f"Basic {pair}":
                return False
        return True

    async def answer(self) -> None:
        """Wait before the first answer on a connection."""
        for fault in self._of(Late):
            await self._pause(fault.s)

    async def leaving(self, jpeg: bytes) -> Leaving:
        """What becomes of a picture that is to be sent; returns when a stall is over."""
        for stall in self._of(Stall):
            stall.at -= 1
            if stall.at <= 0:
                stall.until_s = stall.until_s or time.monotonic() + stall.s
                await self._pause(stall.until_s - time.monotonic())
                stall.done = True
        breaks = False
        for drop in self._of(Dropout):
            drop.at -= 1
            if drop.at <= 0:
                drop.done = breaks = True
                self._away_until_s = time.monotonic() + drop.away_s
        bytes_s = 0.0
        for slow in self._of(Slow):
            bytes_s = slow.bytes_s
            slow.pictures -= 1
            slow.done = slow.pictures == 0
        for fault in self.armed:
            jpeg = fault.spoil(jpeg, self.random)
        self.armed = [fault for fault in self.armed if not fault.done]
        return Leaving(jpeg, bytes_s, breaks)

    def _of(self, kind: type[_Kind]) -> list[_Kind]:
        return [fault for fault in self.armed if isinstance(fault, kind)]

    async def _pause(self, duration_s: float) -> None:
        try:
            async with asyncio.timeout(max(0.0, duration_s)):
                await self._changed.wait()
        except TimeoutError:
            pass
