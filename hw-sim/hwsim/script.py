"""A scenario: control commands that run by themselves, each a stated while after the one before.

JSON lines, or TOML with [[event]] tables. Beside a control command's own keys an event has one of
`after_ms` (virtual time), `after_s` (real time) and `after_commands` (of the host); none means at once.

    {"do": "arrive", "tag": "ntag215", "uid": "04a1b2c3d4e5f6"}
    {"after_commands": 12, "do": "leave"}
    {"after_ms": 500, "do": "arrive", "tag": "ntag216"}
"""

import json
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol, TypeVar

_WHILES = ("after_ms", "after_s", "after_commands")
_Reply = TypeVar("_Reply")


class WrongEvent(ValueError):
    """An event cannot be; says which, of which file, and why."""


class Clock(Protocol):
    """What events can wait for: virtual time, and commands of the host."""

    @property
    def now_us(self) -> float: ...

    @property
    def all_commands(self) -> int: ...


@dataclass(frozen=True)
class Event:
    """One command, and how long after the one before it runs."""

    command: Mapping[str, object]
    after_us: float = 0.0
    after_s: float = 0.0
    after_commands: int = 0
    name: str = field(default="event", compare=False)  # its file and number

    def run(self, do: Callable[[Mapping[str, object]], _Reply]) -> _Reply:
        """Have the command done or checked; its ValueError becomes a WrongEvent."""
        try:
            return do(self.command)
        except ValueError as why:
            raise WrongEvent(f"{self.name}: {why}") from why


class Script:
    """The events in their order; each is handed out once."""

    def __init__(self, events: list[Event], clock: Clock, now_s: float) -> None:
        self.events = events
        self._next = 0
        self._mark(clock, now_s)

    def due(self, clock: Clock, now_s: float) -> Event | None:
        """The next event where its time has come."""
        if self._next == len(self.events):
            return None
        event = self.events[self._next]
        if (
            clock.now_us < self._from_us + event.after_us
            or now_s < self._from_s + event.after_s
            or clock.all_commands < self._from_commands + event.after_commands
        ):
            return None
        self._next += 1
        self._mark(clock, now_s)
        return event

    def next_us(self, clock: Clock) -> float | None:
        """The virtual time of the next event, where virtual time is all that it waits for."""
        if self._next == len(self.events) or not self.events[self._next].after_us:
            return None
        return self._from_us + self.events[self._next].after_us

    def next_s(self) -> float | None:
        """The real time of the next event, where that is what it waits for."""
        if self._next == len(self.events) or not self.events[self._next].after_s:
            return None
        return self._from_s + self.events[self._next].after_s

    def _mark(self, clock: Clock, now_s: float) -> None:
        self._from_us, self._from_s, self._from_commands = clock.now_us, now_s, clock.all_commands


def events(text: str) -> list[Event]:
    """Read a scenario, TOML or JSON lines; ValueError says which event is wrong."""
    if text.lstrip().startswith("{"):
        lines = [line for line in text.splitlines() if line.strip()]
        raw = [_object(number, line) for number, line in enumerate(lines, 1)]
    else:
        raw = tomllib.loads(text).get("event", [])
        if not isinstance(raw, list):
            raise ValueError("event is no list of tables: write [[event]]")
    return [_event(number, item) for number, item in enumerate(raw, 1)]


def load(path: Path) -> list[Event]:
    """The events of a scenario file; see `events`. OSError, or ValueError that says what is wrong with it."""
    try:
        found = events(path.read_text(encoding="utf-8"))
    except ValueError as why:
        raise ValueError(f"{path}: {why}") from why
    return [replace(event, name=f"{path}: {event.name}") for event in found]


def _object(number: int, line: str) -> object:
    try:
        return json.loads(line)
    except ValueError as why:
        raise ValueError(f"event {number} is no JSON: {why}") from why


def _event(number: int, item: object) -> Event:
    if not isinstance(item, dict) or "do" not in item:
        raise ValueError(f'event {number} has no "do"')
    whiles = {key: item[key] for key in _WHILES if key in item}
    if len(whiles) > 1 or not all(
        isinstance(value, int | float) and value >= 0 for value in whiles.values()
    ):
        raise ValueError(f"event {number}: one of {', '.join(_WHILES)}, and not negative")
    command = {key: value for key, value in item.items() if key not in _WHILES}
    return Event(
        command,
        after_us=1e3 * whiles.get("after_ms", 0),
        after_s=whiles.get("after_s", 0),
        after_commands=whiles.get("after_commands", 0),
        name=f"event {number}",
    )
