"""What was told at a reader without a row of its own, as "torn: show the tag again": shown, and then forgotten."""

import asyncio
from collections import deque
from typing import Any, NamedTuple

KEPT = 32  # the newest


class Told(NamedTuple):
    """number: from 1, within this process; said: as the page has it."""

    number: int
    said: dict[str, Any]


class Notices:
    """For each open page. torn: UIDs in hex whose write was torn, until they are seen again."""

    def __init__(self) -> None:
        self.torn: set[str] = set()
        self._kept: deque[Told] = deque(maxlen=KEPT)
        self._number = 0
        self._more = asyncio.Event()

    @property
    def number(self) -> int:
        """Of the newest."""
        return self._number

    def add(
        self,
        at: float,
        station: str,
        uid: bytes,
        outcome: str,
        colour: str,
        sentence: str,
        product: str,
    ) -> None:
        """at: Unix seconds."""
        if outcome == "torn":
            self.torn.add(uid.hex())
        self._number += 1
        said = {
            "at": round(at, 3),
            "station": station,
            "uid": uid.hex(),
            "outcome": outcome,
            "colour": colour,
            "sentence": sentence,
            "product": product,
        }
        self._kept.append(Told(self._number, said))
        self._more.set()
        self._more = asyncio.Event()

    def after(self, number: int) -> list[Told]:
        """Those behind `number` that are kept."""
        return [each for each in self._kept if each.number > number]

    async def more(self, number: int) -> None:
        """Return when there is one behind `number`."""
        while self._number <= number:
            await self._more.wait()
