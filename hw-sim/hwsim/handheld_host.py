"""The handheld as a process serves it: its loop, the readers' threads, and a script's events on real time."""

import time
from collections.abc import Callable, Mapping

from hwsim.clock import Clock
from hwsim.handheld import Handheld
from hwsim.handheld_control import HandheldControl, stats
from hwsim.port import SerialPort
from hwsim.script import Event, Script


class HandheldHost:
    """See `hwsim.process.Wire`. A script's `after_ms` is real time here; `after_commands` counts the PN532's."""

    def __init__(
        self,
        handheld: Handheld,
        control: HandheldControl,
        readers: list[SerialPort],
        events: list[Event],
        chip_clock: Clock,
    ) -> None:
        for event in events:
            event.run(control.check)
        self._handheld = handheld
        self._control = control
        self._readers = readers
        self._chip_clock = chip_clock
        self.counts: dict[str, object] = {}  # when it is over
        self._started_s = time.monotonic()
        self._script = Script(events, self, self._started_s) if events else None
        handheld.on_turn = self._run_events
        for reader in readers:
            reader.__enter__()
        handheld.start()

    @property
    def now_us(self) -> float:
        return (time.monotonic() - self._started_s) * 1e6

    @property
    def all_commands(self) -> int:
        return self._chip_clock.all_commands

    def do(self, command: Mapping[str, object]) -> dict[str, object]:
        return self._control.do(command)

    def run(self, extra: int | None = None, on_extra: Callable[[], None] | None = None) -> None:
        """Serve until `stop`; script.WrongEvent where an event cannot be."""
        self._handheld.run(extra, on_extra)

    def stop(self) -> None:
        self._handheld.stop()

    def close(self) -> None:
        self.counts = stats(self._handheld)
        self._handheld.close()
        for reader in self._readers:
            reader.close()

    def _run_events(self) -> None:
        script = self._script
        while script is not None and (event := script.due(self, time.monotonic())) is not None:
            event.run(self._control.do)
