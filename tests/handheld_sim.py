"""`tagwright sim handheld` as a process, and whatever firmware it runs: its deeds, events and USB port."""

import json
import os
import select
import subprocess
import sys
import time
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from witness import ROOT, require

from hwsim import micropython

WAIT_S = 10


class HandheldSim:
    """One that is running; its USB port is open unless `close_port` was called."""

    def __init__(self, *options: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "hwsim", "handheld", "--control", "--events", *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(ROOT / "hw-sim")},
        )
        self.events: list[dict[str, Any]] = []
        self._out = b""
        self.ready = self.line()
        self._said = b""
        self.open_port()

    def line(self) -> Any:
        """The next line that is no event."""
        while True:
            message = self._message()
            if "event" not in message:
                return message
            self.events.append(message)

    def event(self, *names: str) -> dict[str, Any]:
        """The next event of one of these names, which this waits for; it is taken out of `events`."""
        while True:
            for event in self.events:
                if event["event"] in names:
                    self.events.remove(event)
                    return event
            self.events.append(self._message())

    def _message(self) -> Any:
        assert self.process.stdout is not None
        while b"\n" not in self._out:
            if not select.select([self.process.stdout], (), (), WAIT_S)[0]:
                raise TimeoutError("the simulator says nothing")
            data = os.read(self.process.stdout.fileno(), 65536)
            if not data:
                raise EOFError("the simulator has ended")
            self._out += data
        line, _, self._out = self._out.partition(b"\n")
        return json.loads(line)

    def do(self, deed: str, **command: object) -> Any:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"do": deed, **command}).encode() + b"\n")
        self.process.stdin.flush()
        return self.line()

    def open_port(self) -> None:
        self.port = os.open(self.ready["path"], os.O_RDWR | os.O_NOCTTY)
        tty.setraw(self.port)

    def close_port(self) -> None:
        os.close(self.port)
        self.port = -1

    def write(self, data: bytes) -> None:
        while data:
            data = data[os.write(self.port, data) :]

    def read_until(self, end: bytes) -> bytes:
        """What the board says up to and with `end`."""
        deadline_s = time.monotonic() + WAIT_S
        while end not in self._said:
            left_s = deadline_s - time.monotonic()
            if left_s <= 0 or not select.select([self.port], (), (), left_s)[0]:
                raise TimeoutError(f"the board has said {self._said!r}")
            self._said += os.read(self.port, 4096)
        found, _, self._said = self._said.partition(end)
        return found + end

    def ask(self, line: str) -> Any:
        """The answer of the prompt that tests/hwsim/board_firmware is."""
        self.write(line.encode() + b"\n")
        answer = self.read_until(b"\n").decode().strip()
        return answer if answer.startswith("! ") else json.loads(answer)

    def end(self) -> Any:
        """Close its stdin; its stats."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        stats = self.line()["stats"]
        assert self.process.wait(WAIT_S) == 0
        return stats


@contextmanager
def handheld(*options: str) -> Iterator[HandheldSim]:
    """Skips the test where there is no MicroPython."""
    require(has_micropython(), "MicroPython (.ci/get-debs unpacks it; see hwsim/micropython.py)")
    sim = HandheldSim(*options)
    try:
        yield sim
    finally:
        if sim.process.poll() is None:
            sim.process.kill()
        sim.process.wait()
        if sim.port >= 0:
            os.close(sim.port)
        for pipe in (sim.process.stdin, sim.process.stdout):
            assert pipe is not None
            pipe.close()


def has_micropython() -> bool:
    try:
        micropython.find()
    except micropython.NoMicroPython:
        return False
    return True


BOARD_FIRMWARE = Path(__file__).parent / "hwsim" / "board_firmware"
