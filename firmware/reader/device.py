"""The handheld at work: one loop that turns its job, its line, its face and its power, and waits for none of them.

A job ends with what it has to show; where a device fails, its text is shown. A bug ends the loop, and the watchdog
starts the board anew. What is needed at times is imported where it is used: a linked build holds it only so long.
"""

import gc
import os
import time

from reader import app, jobs, update
from reader.clock import Clock
from reader.download import Download
from reader.errors import DeviceTrouble, FlashFull
from reader.face import Face
from reader.keys import DeviceKey
from reader.line import Line
from reader.link import Link
from reader.orders import Orders
from reader.outbox import Outbox
from reader.pn532 import Pn532
from reader.power import Battery
from reader.state import State
from reader.station import Kit, Station
from reader.trust import Trust
from reader.ui import of_trouble

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from typing import Any, NoReturn

    from reader.board_any import Board
    from reader.download import Install
    from reader.m100 import M100
    from reader.settings import Settings
    from reader.station import Turns
    from reader.ui import Screen

FOLDER = "/data"

_DOZE_MS = 10  # so that a button is never late
_BATTERY_MS = 5000  # between two looks at it
_KNOWN_S = 600  # between two notes of the time
_PROVEN_MS = 30_000  # of work without a fault: a new firmware stays


class Device:
    """What the board drives, and what its flash holds in `folder`. Raises DeviceTrouble where that is no handheld."""

    def __init__(
        self,
        board: "Board",
        settings: "Settings",
        clock: "Clock",
        state: "State",
        random: "Callable[[int], bytes]",
        folder: "str" = FOLDER,
    ) -> None:
        boot = state.get("boot") + 1
        try:
            state.set("boot", boot)
        except FlashFull:
            pass  # what is sent makes room
        key = DeviceKey(folder, random, settings.operator)
        outbox = Outbox(folder + "/outbox", random, boot, settings.outbox_kb)
        trust = Trust(folder + "/trust", settings.root, state)
        orders = Orders(folder, state)
        self.kit = Kit(settings, clock, key, trust, outbox, orders)
        self.face = Face(board)
        rain = _rain(board, clock, settings)
        self.station = Station(
            self.kit, Pn532(board.tag_port, board.tag_reset, clock), rain, self._show
        )
        installs: "dict[str, Install]" = {"trust": trust.install, "orders": orders.install}
        installs["update"] = update.install(folder, trust, clock)
        download = Download(folder + "/download", installs)
        identity = (key.kid, settings.name)
        self.link = Link(identity, outbox, clock, random, self._about, download, settings.secret)
        self.line = Line(board, settings, self.link, download)
        modes = [each for each in app.MODES if rain is not None or each[0] != "locate"]
        sleep_ms = settings.sleep_s * 1000
        self.app = app.App(settings.repair_codes, sleep_ms, modes, self.line.can_dial)
        self.battery = Battery()
        self._board = board
        self._download = download
        self._folder = folder
        self._state = state
        self._work: "Turns | None" = None
        self._has_litter = True  # of the last work
        self._due = 0  # when the work wants its next turn
        self._linked = (False, -1, "")  # it is told at the first turn
        self._measured = -_BATTERY_MS
        self._is_proven = False

    def begin(self, trouble: "str") -> None:
        """The first screen. trouble: what is wrong with the settings."""
        now = self.kit.clock.ms()
        self._on(("begin", trouble), now)

    def turn(self) -> "int":
        """A little of everything; the ms for which there is nothing to do."""
        now = self.kit.clock.ms()
        self._board.feed()
        for what, name in self._board.buttons():
            self._on((what, name), now)
        self.line.turn(now)
        self._turn_work(now)
        linked = (self.link.up, self.link.waiting, self.line.trouble)
        if linked != self._linked:
            if linked[0] and not self._linked[0]:
                self._keep(1)  # the gateway has told it
            self._linked = linked
            self._has_litter = True
            self.face.waiting = linked[1]
            self._on(("link",) + linked, now)
        self._on(("tick",), now)
        if now - self._measured >= _BATTERY_MS:
            self._measured = now
            self._turn_power(now)
        if self.face.turn(now):
            return 0
        if self._work is not None:
            return min(_DOZE_MS, max(0, self._due - now))
        if self._has_litter:
            self._has_litter = False
            gc.collect()  # not before the verdict is on the screen
            self.kit.outbox.prepare()
        return _DOZE_MS

    def _turn_work(self, now: "int") -> None:
        if self._work is None or now < self._due:
            return
        try:
            self._due = now + next(self._work)
            return
        except StopIteration as end:
            event = ("done", end.value)
        except DeviceTrouble as why:
            event = ("failed", str(why))
        except MemoryError:
            event = ("failed", "out of memory")
        is_rest = self.app.state not in ("reading", "writing")
        self._work = None
        if not is_rest:
            self._begin(self.station.rest(), now)
            self._on(event, now)

    def _turn_power(self, now: "int") -> None:
        """Battery, the time that outlives a start, and whether a new firmware has proven itself."""
        mv = self._board.battery_mv()
        if mv is not None:
            self.battery.measured(mv)
            self.face.battery = self.battery.percent
            self._on(("battery", self.battery.percent), now)
        self._keep(_KNOWN_S)
        if self.app.state == "idle" and not self._download.what and update.is_due(self._folder):
            self._board.reset()

    def _keep(self, slack_s: "int") -> None:
        """The time, where it differs from what is kept by so much, and firmware that has proven itself."""
        now = self.kit.clock.now()
        try:
            if abs(now - self._state.get("known")) >= slack_s:
                self._state.set("known", now)
            if not self._is_proven and self.kit.clock.ms() >= _PROVEN_MS:
                update.confirm(self._folder)
                self._is_proven = True
        except DeviceTrouble:
            pass  # the flash is full: what is sent makes room

    def _on(self, event: "tuple[Any, ...]", now: "int") -> None:
        for act in self.app.on(event, now):
            what = act[0]
            if what == "show":
                self.face.show(act[1], now)
            elif what == "start":
                self._begin(self.station.run(self._job(act[1])), now)
            elif what == "stop":
                self._begin(self.station.rest(), now)
            elif what == "send":
                self.line.dial(now)
                self._linked = (False, -1, "")  # it is told how things stand
            elif what == "export" and self.app.last is not None:
                self._export(now)
            elif what == "sleep" and not self.link.up and self.kit.clock.ms() >= _PROVEN_MS:
                self._begin(self._asleep(), now)

    def _job(self, name: "str") -> "Generator[tuple[Any, ...], Any, Any]":
        gc.collect()  # what it loads wants room in one piece
        if name == "verify":
            return jobs.verify_one(self.kit)
        if name == "batch":
            from reader import batch

            return batch.batch(self.kit)
        if name == "locate":
            return jobs.locate()
        if name == "selftest":
            from reader import selftest

            return selftest.job(self.station, self.battery, self._tell_test)
        from reader import entry

        if name == "format":
            return entry.format_tag(self.kit)
        return entry.write_entry(self.kit, name, self.app.code)

    def _export(self, now: "int") -> None:
        from reader import export

        try:
            self.link.text("export", export.as_json(self.app.last))  # type: ignore[arg-type]
        except MemoryError:
            self.face.show(of_trouble("out of memory"), now)

    def _begin(self, work: "Turns", now: "int") -> None:
        if self._work is not None:
            self._work.close()
        self._work = work
        self._due = now
        self._has_litter = True

    def _asleep(self) -> "Turns":
        yield from self.station.rest()
        self._keep(1)
        self._board.deep_sleep()

    def _tell_test(self, text: "str") -> None:
        self.link.text("selftest", text)

    def _show(self, screen: "Screen") -> None:
        self.face.show(screen, self.kit.clock.ms())

    def _about(self) -> "dict[str, Any]":
        """What HELLO tells of the device."""
        kit = self.kit
        return {
            "firmware": update.slots(self._folder),
            "boot": self._state.get("boot"),
            "trust": kit.trust.number,
            "orders": kit.orders.number,
            "update": update.number(self._folder),
            "battery": self.battery.percent,
            "key": kit.key.public,
        }


def main(settings: "Settings", board: "Board") -> None:
    """What main.py runs on a board: for ever, unless its user asks for MicroPython's prompt."""
    if board.wants_prompt:
        return
    state = State(FOLDER)
    clock = Clock(time.ticks_ms, time.ticks_diff, state.get("known"))  # type: ignore[attr-defined]
    try:
        device = Device(board, settings, clock, state, os.urandom)
    except DeviceTrouble as why:
        _refuse(board, clock, str(why))
    except OSError as why:
        _refuse(board, clock, f"flash error {why.args[0]}")
    device.begin(settings.trouble)
    while True:
        board.sleep(device.turn())


def _rain(board: "Board", clock: "Clock", settings: "Settings") -> "M100 | None":
    if board.rain_port is None:
        return None
    from reader import m100

    return m100.M100(board.rain_port, clock, settings.rain_region, settings.rain_dbm)


def _refuse(board: "Board", clock: "Clock", why: "str") -> "NoReturn":
    """Tell for ever why this is no handheld; nothing is done that could make it worse."""
    face = Face(board)
    face.show(of_trouble(why, "DEFECT"), clock.ms())
    while True:
        board.feed()
        board.sleep(0 if face.turn(clock.ms()) else _DOZE_MS)
