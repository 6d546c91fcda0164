"""The floor: every reader whose job is presence, the movements of the tags before them, and windows where asked for.

One task for each reader, one for the time. A "presence" row tells a movement, a "window" row a product that passed;
neither keeps the readers waiting.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Any

from gateway.config import PresenceConfig, ReaderConfig
from gateway.model import GpiChange, Sighting
from gateway.readers.allowance import Allowance
from gateway.readers.rain import RainReader
from gateway.stations.despatch import epc_of, name_of
from gateway.stations.ledger import Entry, Ledger
from gateway.stations.post import Post
from gateway.stations.presence import ARRIVED, MOVED, Movement, Presence
from gateway.stations.result import AMBER, GREEN, RED, Result, Signal
from gateway.stations.window import EMPTY, TAGS, Passage, Window

log = logging.getLogger(__name__)

TICK_S = 0.2

_SCAN_TICKS = 5  # presence looks for the departed once in so many
_TOLD_TICKS = 300  # a full memory is told once in so many
_MOST_EPCS = 256  # of a window's row
_AT_ONCE = 256  # sightings before other readers have their turn: a few ms
_MOVEMENTS = (
    5000,
    500,
)  # of one reader, at once and a second: what is beyond that waits in the reader
_LEAP_S = 1.0  # a clock that goes forward by more at once was set
_STALL_S = 1.0  # of the disk, in which no report was taken


class Floor:
    """posts: of the readers, by name; rules: their configuration. now: Unix seconds; ticks: that only run forward.

    sightings: how many were taken, by reader.
    """

    def __init__(
        self,
        posts: Mapping[str, Post],
        rules: Mapping[str, ReaderConfig],
        ledger: Ledger,
        now: Callable[[], float],
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        self._posts = posts
        self._rules = {name: each.presence or PresenceConfig() for name, each in rules.items()}
        self._windows = {name: Window(each.window) for name, each in rules.items() if each.window}
        self._gpis = {name: each.window.gpi for name, each in rules.items() if each.window}
        self._ledger = ledger
        self._now = now
        self._ticks = ticks
        self._allowed = {name: Allowance(*_MOVEMENTS) for name in posts}
        self._up = dict.fromkeys(posts, False)
        self.presence = Presence(self._rules)
        self.sightings = dict.fromkeys(posts, 0)

    async def watch(self, name: str) -> None:
        """Take what one reader reports, for ever. CannotDo."""
        reader = rain_reader(self._posts[name])
        want = replace(reader.want, tid=self._rules[name].tid, gpi=self._gpis.get(name))
        try:
            async with aclosing(reader.sightings(want)) as reports:
                async for report in reports:
                    for at in range(0, len(report), _AT_ONCE):
                        moved = self._take(name, report[at : at + _AT_ONCE])
                        while wait_s := self._allowed[name].spend(moved, self._ticks()):
                            await asyncio.sleep(wait_s)
                        await self._ledger.room()
                        await asyncio.sleep(0)
        finally:
            if window := self._windows.get(name):
                self._passed(name, window.stop(self._now()))

    async def time(self) -> None:
        """Let time pass, for ever: departures, windows, and readers that come and go."""
        count = forgotten = 0
        last, last_ticks = self._now(), self._ticks()
        while True:
            await asyncio.sleep(TICK_S)
            now, ticks = self._now(), self._ticks()
            leap_s = now - last - (ticks - last_ticks)
            last, last_ticks = now, ticks
            if leap_s > _LEAP_S:
                log.warning("the clock was set forward by %.0f s", leap_s)
                self.presence.leapt(leap_s, now)
            for name, post in self._posts.items():
                self._look_after(name, post.reader.is_open, now)
            count += 1
            if count % _SCAN_TICKS == 0:
                self._moved(self.presence.tick(now))
            if count % _TOLD_TICKS == 0 and self.presence.forgotten > forgotten:
                forgotten = self.presence.forgotten
                log.warning("presence: %d tags were forgotten, for too many are known", forgotten)
            await self._ledger.room()
            if self._ticks() - ticks > _STALL_S:
                self._stalled(self._now())

    def _take(self, name: str, report: Sequence[Sighting | GpiChange]) -> int:
        """Returns how many movements that was."""
        changes = [each for each in report if isinstance(each, GpiChange)]
        sightings = [each for each in report if isinstance(each, Sighting)]
        self.sightings[name] += len(sightings)
        movements = self.presence.sights(name, sightings)
        self._moved(movements)
        window = self._windows.get(name)
        if window is None:
            return len(movements)
        if not changes:
            window.sights(sightings)
            return len(movements)
        for each in report:
            if isinstance(each, GpiChange):
                self._passed(name, window.gpi(each))
            else:
                window.sights([each])
        return len(movements)

    def _stalled(self, now: float) -> None:
        """For a while no report was taken: nobody has left because of that."""
        for name, is_up in self._up.items():
            if is_up:
                self.presence.lost(name)
        for name, is_up in self._up.items():
            if is_up:
                self.presence.back(name, now)

    def _look_after(self, name: str, is_up: bool, now: float) -> None:
        window = self._windows.get(name)
        if is_up != self._up[name]:
            self._up[name] = is_up
            if is_up:
                self.presence.back(name, now)
                self._check_zones(name)
            else:
                self.presence.lost(name)
                if window is not None:
                    self._passed(name, window.lost(now))
        if window is not None:
            self._passed(name, window.tick(now))

    def _check_zones(self, name: str) -> None:
        """Warn of zones whose antenna the open reader has not, or is not looked with."""
        reader = rain_reader(self._posts[name])
        limits, used = reader.limits, reader.want.antennas
        for antenna, zone in self._rules[name].zones.items():
            if limits is not None and int(antenna) > limits.antennas:
                text = f"the reader has the antennas 1 to {limits.antennas}"
            elif used and int(antenna) not in used:
                text = "the reader's URL leaves that antenna out"
            else:
                continue
            log.warning("%s: no tag can be in zone %s of antenna %s: %s", name, zone, antenna, text)

    def _moved(self, movements: Sequence[Movement]) -> None:
        for movement in movements:
            self._ledger.write(movement_entry(self._posts[movement.reader], movement))

    def _passed(self, name: str, passages: Sequence[Passage]) -> None:
        for passage in passages:
            self._ledger.write(passage_entry(self._posts[name], self._gpis[name], passage))


def movement_entry(post: Post, movement: Movement) -> Entry:
    """The "presence" row of a movement; an EPC of no known scheme stands there raw, without uri."""
    body: dict[str, Any] = {
        "act": movement.act,
        "reader": movement.reader,
        "zone": movement.zone,
        "antenna": movement.antenna,
        "epc": movement.epc,
        "rssi_dbm": movement.rssi_dbm,
        "reads": movement.reads,
        "seen_at": round(movement.seen_at, 3),
    }
    product = ""
    found = epc_of(movement.epc, movement.pc)
    if found is not None:
        body["uri"] = found.uri
        product = name_of(movement.epc) if found.product is not None else ""
    if movement.before:
        body["before"] = movement.before
    if movement.away_s is not None:
        body["away_s"] = round(movement.away_s, 3)
    if movement.reason:
        body["reason"] = movement.reason
    result = Result(
        movement.act, movement.identity or movement.epc, _movement_signal(movement), product
    )
    return Entry(post, "presence", movement.identity, product, body, result)


def passage_entry(post: Post, gpi: int, passage: Passage) -> Entry:
    """The "window" row of a product that passed."""
    signal = _passage_signal(passage)
    body = {
        "outcome": passage.outcome,
        "reason": signal.sentence,
        "closed_by": passage.reason,
        "reader": post.name,
        "gpi": gpi,
        "opened_at": round(passage.opened_at, 3),
        "closed_at": round(passage.closed_at, 3),
        "tags": len(passage.tags),
        "beyond": passage.beyond,
        "epcs": [each.epc for each in passage.tags[:_MOST_EPCS]],
    }
    result = Result(passage.outcome, b"", signal)
    return Entry(post, "window", b"", "", body, result)


def rain_reader(post: Post) -> RainReader:
    """The post's reader; config.py sees to it that it is one for RAIN."""
    assert isinstance(post.reader, RainReader)
    return post.reader


def _movement_signal(movement: Movement) -> Signal:
    if movement.act == ARRIVED:
        return Signal(GREEN, f"arrived in {movement.zone}, at {movement.rssi_dbm} dBm")
    if movement.act == MOVED:
        return Signal(GREEN, f"moved from {movement.before} to {movement.zone}")
    colour = GREEN if movement.reason == "unseen" else AMBER
    return Signal(colour, f"departed from {movement.zone}: {movement.reason}")


def _passage_signal(passage: Passage) -> Signal:
    if passage.outcome == EMPTY:
        return Signal(RED, "a product passed, no tag was read")
    if passage.outcome == TAGS:
        return Signal(GREEN, f"a product passed with {len(passage.tags)} tags")
    return Signal(AMBER, f"a product was not seen to its end: {passage.reason}")
