"""What the buttons, the link and the end of a job make the handheld do: a state machine over values.

    events  ("begin", what is wrong with the settings)
            ("down" | "up", "trigger" | "menu", ...)   ("done", Result | Screen | None)    ("failed", text)
            ("link", up, waiting, trouble)             ("battery", percent | None)         ("tick",)
    acts    ("start", job)   ("stop",)   ("show", Screen)   ("send",)   ("export",)   ("sleep",)

A job is a mode of MODES but "send"; ("export",): send App.last over the link. The trigger does what the mode says; a
short press on the menu goes to the next mode, a long one to the next repair code, else it exports what was read last.
"""

from reader import ui

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from reader.jobs import Result

    Event = tuple[Any, ...]
    Act = tuple[Any, ...]

MODES = (
    ("verify", "VERIFY"),
    ("batch", "BATCH"),
    ("received", "RECEIVE"),
    ("repaired", "REPAIR"),
    ("transferred", "HANDOVER"),
    ("format", "FORMAT"),
    ("locate", "LOCATE"),
    ("send", "SEND"),
    ("selftest", "TEST"),
)  # job, and the word on the screen; as the menu goes

WRITING = ("received", "repaired", "transferred", "format")

_LONG_MS = 700  # a press that is a long one
_VERDICT_MS = 20000  # how long a verdict stands
_SENDING_MS = 30000  # without a change
_LOW_PERCENT = 5  # below, nothing is written


class App:
    """state: "idle", "reading", "writing", "sending" or "verdict"; last: the Result of the last job that had one."""

    def __init__(
        self,
        codes: "Sequence[str]" = (),
        sleep_ms: "int" = 0,
        modes: "Sequence[tuple[str, str]]" = MODES,
        can_dial: "bool" = False,
    ) -> None:
        """codes: of repairs; sleep_ms: without a button until it sleeps, 0: never; modes: those of MODES to offer.

        can_dial: where there is no gateway, ("send",) calls one.
        """
        self.state = "idle"
        self.last: "Result | None" = None
        self._codes = tuple(codes) or ("",)
        self._modes = modes
        self._can_dial = can_dial
        self._mode = 0
        self._sleep = sleep_ms
        self._code = 0
        self._is_up = False
        self._waiting = 0
        self._trouble = ""  # why it is not up
        self._percent: "int | None" = None
        self._since = 0  # of the state
        self._used = 0  # a button, last
        self._pressed: "dict[str, int]" = {}  # since when, by button

    @property
    def mode(self) -> "str":
        """The job that the trigger starts."""
        return self._modes[self._mode][0]

    @property
    def code(self) -> "str":
        """Of the repair that is chosen; "" in every other mode."""
        return self._codes[self._code] if self.mode == "repaired" else ""

    def on(self, event: "Event", now_ms: "int") -> "list[Act]":
        """What to do; an event that is unknown, or comes when it means nothing, does nothing."""
        kind = event[0]
        if kind == "begin":
            self._used = now_ms
            if event[1]:
                return self._told((event[1],), now_ms)
            return [("show", self._screen("", "idle"))]
        if kind in ("down", "up"):
            self._used = now_ms
            return self._button(kind == "down", event[1], now_ms)
        if kind == "done":
            return self._done(event[1], now_ms)
        if kind == "failed":
            return self._done(ui.of_trouble(event[1]), now_ms)
        if kind == "link":
            return self._linked(event[1], event[2], event[3], now_ms)
        if kind == "battery":
            self._percent = event[1]
        return self._tick(now_ms) if kind == "tick" else []

    def _button(self, is_down: "bool", name: "str", now_ms: "int") -> "list[Act]":
        if is_down:
            self._pressed[name] = now_ms
            return self._trigger(now_ms) if name == "trigger" else []
        since = self._pressed.pop(name, None)
        if since is None:
            return []
        is_long = now_ms - since >= _LONG_MS
        if name == "menu":
            return self._menu(is_long, now_ms)
        if is_long and self.state == "reading" and self.mode in ("batch", "locate"):
            return self._stop(now_ms)
        return []

    def _trigger(self, now_ms: "int") -> "list[Act]":
        if self.state == "reading":
            return self._stop(now_ms)
        if self.state in ("writing", "sending"):
            return []
        if self.mode == "send":
            if not self._is_up and not self._can_dial:
                return self._away(now_ms)
            self._enter("sending", now_ms)
            return [("send",), self._sending()]
        if self.mode in WRITING and self._percent is not None and self._percent < _LOW_PERCENT:
            return self._told(("battery too low to write",), now_ms)
        if self.mode in WRITING:
            self.last = None  # it takes 2 kB, which an entry needs
        self._enter("writing" if self.mode in WRITING else "reading", now_ms)
        return [("start", self.mode), ("show", self._screen("busy", "busy"))]

    def _menu(self, is_long: "bool", now_ms: "int") -> "list[Act]":
        if self.state in ("writing", "sending"):
            return []
        acts: "list[Act]" = [("stop",)] if self.state == "reading" else []
        if not is_long:
            self._mode = (self._mode + 1) % len(self._modes)
        elif self.mode == "repaired":
            self._code = (self._code + 1) % len(self._codes)
        elif self.last is not None:
            if not self._is_up:
                return acts + self._away(now_ms)
            acts.append(("export",))
        self._enter("idle", now_ms)
        return acts + [("show", self._screen("", "idle"))]

    def _done(self, result: "Any", now_ms: "int") -> "list[Act]":
        if self.state not in ("reading", "writing"):
            return []
        if result is None:
            self._enter("idle", now_ms)
            return [("show", self._screen("", "idle", ("no tag",), "gone"))]
        if hasattr(result, "screen"):
            self.last = result
            result = result.screen
        self._enter("verdict", now_ms)
        return [("show", result)]

    def _linked(self, is_up: "bool", waiting: "int", trouble: "str", now_ms: "int") -> "list[Act]":
        was_up, self._is_up = self._is_up, is_up
        self._waiting = waiting
        self._trouble = trouble
        if self.state != "sending":
            return []
        self._since = now_ms
        if is_up and not waiting:
            self._enter("verdict", now_ms)
            return [("show", ui.Screen("tick", "SENT", (), None, "ok", "green"))]
        if not is_up and (was_up or trouble):
            return self._told((trouble or "the gateway left", f"{waiting} wait"), now_ms)
        return [self._sending()]

    def _tick(self, now_ms: "int") -> "list[Act]":
        age = now_ms - self._since
        if self.state == "sending" and age >= _SENDING_MS:
            return self._told(("no answer", f"{self._waiting} wait"), now_ms)
        if self.state == "verdict" and age >= _VERDICT_MS:
            self._enter("idle", now_ms)
            return [("show", self._screen("", "idle"))]
        if self.state == "idle" and self._sleep and now_ms - self._used >= self._sleep:
            self._used = now_ms
            return [("sleep",)]
        return []

    def _stop(self, now_ms: "int") -> "list[Act]":
        self._enter("idle", now_ms)
        return [("stop",), ("show", self._screen("", "idle"))]

    def _away(self, now_ms: "int") -> "list[Act]":
        why = self._trouble or "no gateway: plug in"
        return self._told((why, f"{self._waiting} wait"), now_ms)

    def _told(self, lines: "Sequence[str]", now_ms: "int") -> "list[Act]":
        self._enter("verdict", now_ms)
        return [("show", ui.of_trouble(lines[0], "NO", lines[1:]))]

    def _sending(self) -> "Act":
        lines = (f"{self._waiting} wait",) if self._is_up else ("calling", f"{self._waiting} wait")
        return ("show", ui.Screen("arrow", "SEND", lines, None, None, "send"))

    def _enter(self, state: "str", now_ms: "int") -> None:
        self.state = state
        self._since = now_ms

    def _screen(
        self, mark: "str", led: "str", lines: "Sequence[str]" = (), tone: "str | None" = None
    ) -> "ui.Screen":
        """Of the mode as it stands."""
        if self.code:
            lines = (self.code,) + tuple(lines)
        return ui.Screen(mark, self._modes[self._mode][1], lines, None, tone, led)
