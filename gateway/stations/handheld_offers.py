"""What one visit of a handheld is offered: one thing after the other, each until it is there or refused."""

import asyncio
import logging

from edge import link
from gateway.journal import JournalFull
from gateway.readers.handheld_end import Hello
from gateway.stations.handheld_shelf import Looks, Shelf, Thing

log = logging.getLogger(__name__)

_MOST = 3  # offers of one thing to who does not ask for it: they were lost, or are not understood


class Offers:
    """From a hello to the next. giving: held while it is found out who may have orders."""

    def __init__(self, shelf: Shelf, giving: asyncio.Lock, hello: Hello) -> None:
        self._shelf = shelf
        self._giving = giving
        self._hello = hello
        self._looks = Looks()
        self._thing: Thing | None = None  # that was offered, and has not come to its end
        self._offers = 0  # of it
        self._is_under_way = False  # it is being fetched

    async def next(self) -> Thing | None:
        """What to offer now, at a sign of life: the same again until it is asked for. None while it is fetched."""
        self._shelf.met(self._hello)
        if self._is_under_way:
            return None
        if self._thing is None or self._offers >= _MOST:
            self._thing = await self._another()
            self._offers = 0
        self._offers += 1
        return self._thing

    def piece(self, sha256: bytes, offset: int) -> tuple[str, bytes] | None:
        """(what, bytes from `offset` on) of what was offered; None for anything else."""
        thing = self._thing
        if thing is None or thing.sha256 != sha256 or offset >= len(thing.content):
            return None
        self._is_under_way = True
        return thing.what, thing.content[offset : offset + link.RECORD]

    def done(self, what: str, is_ok: bool) -> None:
        """The handheld has it, or does not want it."""
        self._is_under_way = False
        thing = self._thing
        if thing is None or thing.what != what:  # it was offered before this visit
            if is_ok:
                self._shelf.installed(what, self._looks)
            return
        self._thing = None
        if not is_ok:
            self._shelf.refused(thing, self._hello)

    async def _another(self) -> Thing | None:
        for thing in self._shelf.things(self._hello, self._looks):
            if await self._may_have(thing):
                log.info("%s: %s %d is offered", self._hello.name, thing.what, thing.number)
                return thing
        return None

    async def _may_have(self, thing: Thing) -> bool:
        try:
            async with self._giving:
                return await self._shelf.reserve(thing, self._hello)
        except JournalFull as why:
            log.warning("%s: %s %d waits: %s", self._hello.name, thing.what, thing.number, why)
            return False
