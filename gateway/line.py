"""The line: a task for each reader, which may be stopped between two tags and started again, while others go on.

Readers whose job is presence share one floor: a tag may move from the zone of one to that of another.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import nullcontext

from gateway import jobs
from gateway.config import Config, ConfigProblem, ReaderConfig
from gateway.journal import Journal, JournalFull
from gateway.model import CannotDo, DeviceTrouble, ReaderBusy, ReaderGone
from gateway.stations.codestation import CodeStation
from gateway.stations.dock import Dock
from gateway.stations.floor import Floor
from gateway.stations.handheld import HandheldStation
from gateway.stations.ledger import Ledger
from gateway.stations.orderfile import OrderFile
from gateway.stations.orders import OrderError
from gateway.stations.post import Post
from gateway.stations.result import RED, Result, Signal
from gateway.stations.turn import Turn
from gateway.stations.write import Intent
from gateway.web.station.line import RUNNING, STOPPED, STOPPING, NoSuch, ReaderState

log = logging.getLogger(__name__)

Tell = Callable[[str, Result], None]

_AGAIN_S = 0.3  # until a field with two tags in it is looked at again
_CANNOT_S = 30.0  # until a reader is asked again for what it said it has not


class Stations:
    """What is done at each reader. Give its tasks to a group with `start_all`; the rest is web.station.line's Line."""

    def __init__(
        self,
        config: Config,
        journal: Journal,
        posts: Mapping[str, Post],
        codes: Mapping[str, CodeStation],
        handhelds: Mapping[str, HandheldStation],
        ledger: Ledger,
        tell: Tell,
    ) -> None:
        self.posts = posts
        self.codes = codes
        self.handhelds = handhelds
        self._config = config
        self._journal = journal
        self._ledger = ledger
        self._tell = tell
        self._asked = {each.beside for each in config.reader}  # their answers are the asker's
        watching = {each.name: each for each in config.reader if each.job == "presence"}
        self._floor = Floor({name: posts[name] for name in watching}, watching, ledger, time.time)
        self._docks = {
            each.name: Dock(posts[each.name], each)
            for each in config.reader
            if each.job == "pallet"
        }
        self._at = {each.name: _Place(each, self._turn(each.name)) for each in config.reader}
        self._tasks: asyncio.TaskGroup | None = None

    def start_all(self, tasks: asyncio.TaskGroup) -> None:
        """A task for each reader, and what goes with them."""
        self._tasks = tasks
        tasks.create_task(self._ledger.written(), name="ledger")
        if self._floor.sightings:
            tasks.create_task(self._floor.time(), name="presence")
        for place in self._at.values():
            place.task = tasks.create_task(self._station(place.reader), name=place.reader.name)

    def readers(self) -> list[ReaderState]:
        """Each reader as it is now, in the configuration's order."""
        up = self.up()
        return [
            ReaderState(
                name=name,
                kind=place.reader.url.partition(":")[0],
                job=place.reader.job,
                is_up=up[name],
                work=place.work,
                trouble=place.trouble or self._trouble(name),
                order=place.orders.progress() if place.orders is not None else None,
            )
            for name, place in self._at.items()
        ]

    async def stop(self, reader: str) -> None:
        """Serve no further tag there; returns when the one under way is done. NoSuch."""
        place = self._place(reader)
        async with place.lock:
            if place.work == STOPPED or place.task is None:
                return
            place.work = STOPPING
            await place.turn.comes()
            place.task.cancel()
            await asyncio.wait([place.task])
            place.work = STOPPED
            log.warning("%s: stopped by hand", reader)

    async def start(self, reader: str) -> None:
        """Go on; harmless where it runs. The files of its orders are read anew. NoSuch."""
        place = self._place(reader)
        async with place.lock:
            if place.work != STOPPED or self._tasks is None:
                return
            place.work, place.trouble, place.is_by_hand = RUNNING, "", True
            place.task = self._tasks.create_task(self._station(place.reader), name=reader)
            log.warning("%s: started by hand", reader)

    async def void(self, intent: int, reason: str) -> None:
        """Close an open intent that will not be carried out, by its seq. NoSuch, JournalTrouble."""
        row = next((each for each in self._journal.open_intents() if each.seq == intent), None)
        place = self._at.get(row.station) if row is not None else None
        async with place.lock if place is not None else nullcontext():
            if place is not None and place.work == RUNNING:
                await place.turn.comes()
            for each in self._journal.open_intents():
                if each.seq == intent:
                    meant = Intent.of_row(each)
                    body = {"intent": intent, "reason": reason}
                    body |= {"gtin": meant.gtin, "serial": meant.serial}
                    await self._journal.append("void", each.station, each.uid, each.product, body)
                    return
        raise NoSuch(f"there is no open intent {intent}")

    def sightings(self) -> dict[str, int]:
        """How many tag reports each reader has brought."""
        return self._floor.sightings | {name: dock.sightings for name, dock in self._docks.items()}

    def up(self) -> dict[str, bool]:
        """Reader -> whether it answers."""
        found = {name: post.reader.is_open for name, post in self.posts.items()}
        found |= {name: each.is_open for name, each in self.handhelds.items()}
        return found | {name: each.post.reader.is_open for name, each in self.codes.items()}

    def present(self) -> dict[str, int]:
        """Zone -> how many tags are in it."""
        return self._floor.presence.counts()

    def _turn(self, name: str) -> Turn:
        if name in self.codes:
            return self.codes[name].post.turn
        return self.posts[name].turn if name in self.posts else Turn()

    def _place(self, reader: str) -> "_Place":
        place = self._at.get(reader)
        if place is None:
            raise NoSuch(f"there is no reader {reader!r}")
        return place

    def _trouble(self, name: str) -> str:
        if name not in self.codes:
            return ""
        state = self.codes[name].post.reader.state
        return "" if state.word in ("open", "closed") else state.text

    async def _station(self, reader: ReaderConfig) -> None:
        """One reader's station until it is stopped: what is wrong with the device is told, and tried again."""
        name, place = reader.name, self._at[reader.name]
        while True:
            try:
                if reader.job == "presence":
                    with place.turn.waiting():
                        await self._floor.watch(name)
                if name in self.handhelds:
                    with place.turn.waiting():
                        await self.handhelds[name].run(lambda result: self._tell(name, result))
                async for result in self._results(reader):
                    place.trouble = ""
                    if name not in self._asked:
                        self._tell(name, result)
            except JournalFull as why:
                await self._stopped(name, why)
            except (ReaderGone, ReaderBusy) as why:
                place.told(why)
            except CannotDo as why:
                place.told(why)
                with place.turn.waiting():
                    await asyncio.sleep(_CANNOT_S)
            except DeviceTrouble as why:
                place.told(why)
                with place.turn.waiting():
                    await asyncio.sleep(_AGAIN_S)
            except (ConfigProblem, OrderError) as why:
                if not place.is_by_hand:
                    raise
                place.told(why)
                place.work = STOPPED
                return

    async def _stopped(self, name: str, why: JournalFull) -> None:
        """Nothing more is done to tags until it can be written down; what is confirmed meanwhile makes room."""
        self._tell(name, Result("refused", b"", Signal(RED, f"stopped: {why}")))
        with self._at[name].turn.waiting():
            await self._journal.room()
        log.warning("%s: there is room in the journal again: the station goes on", name)

    def _results(self, reader: ReaderConfig) -> AsyncIterator[Result]:
        if reader.job == "pallet":
            return self._docks[reader.name].run()
        if reader.name in self.codes:
            return jobs.at_codes(self.codes[reader.name], reader, self._config)
        sight = self.codes[reader.beside] if reader.beside is not None else None
        return jobs.at_tags(self.posts[reader.name], reader, self._config, sight)


class _Place:
    """One reader, and how its station is."""

    def __init__(self, reader: ReaderConfig, turn: Turn) -> None:
        self.reader = reader
        self.turn = turn
        self.orders = OrderFile.of(reader)
        self.work = RUNNING
        self.trouble = ""  # what its station said last, until it answers again
        self.is_by_hand = False  # started by hand: what is wrong with its files ends no daemon
        self.task: asyncio.Task[None] | None = None
        self.lock = asyncio.Lock()

    def told(self, why: Exception) -> None:
        log.warning("%s: %s", self.reader.name, why)
        self.trouble = str(why)
