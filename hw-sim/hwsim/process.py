"""A simulator as a process: what it says on stdout, the commands on its stdin, its faults as options."""

import json
import os
import signal
import sys
from collections.abc import Callable, Mapping
from typing import Protocol

import click

from hwsim import script

_LONGEST_LINE = 1 << 20  # bytes of one control command


class Commands:
    """JSON lines on stdin, each answered by one on stdout; the end of stdin ends the simulator.

    do: runs one command and returns its reply; its ValueError becomes {"error": text}. stop: ends the simulator.
    """

    def __init__(
        self,
        do: Callable[[Mapping[str, object]], Mapping[str, object]],
        stop: Callable[[], None],
    ) -> None:
        self._do = do
        self._stop = stop
        self._pending = b""

    def read(self) -> None:
        """Call it when stdin can be read."""
        data = os.read(sys.stdin.fileno(), 65536)
        if not data:
            self._stop()
            return
        *lines, self._pending = (self._pending + data).split(b"\n")
        if len(self._pending) > _LONGEST_LINE:
            self._pending = b""
        for line in lines:
            if line.strip():
                say(self.answer(line))

    def answer(self, line: bytes) -> Mapping[str, object]:
        """The reply to one line."""
        try:
            command = _command(line)
            return self._do(command)
        except (ValueError, RecursionError) as error:
            return {"error": str(error)}


def _command(line: bytes) -> dict[str, object]:
    try:
        found = json.loads(line)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise ValueError('a command is a JSON object, such as {"do": "tags"}')
    return found


def say(message: Mapping[str, object]) -> None:
    """One line, at once; nobody listening any more is no fault of ours."""
    try:
        os.write(sys.stdout.fileno(), json.dumps(message).encode() + b"\n")
    except BrokenPipeError:
        pass


def fault(text: str) -> tuple[str, dict[str, object]]:
    """NAME[:KEY=VALUE,...] as name and arguments; ValueError where it is none."""
    name, _, rest = text.partition(":")
    args: dict[str, object] = {}
    for part in filter(None, rest.split(",")):
        key, equals, value = part.partition("=")
        if not equals:
            raise ValueError(f"fault {text!r}: {part!r} is not KEY=VALUE")
        args[key] = value
    return name, args


class Wire(Protocol):
    """What a simulated device is reached by; `run` ends with `stop`, which is safe in a signal handler."""

    def do(self, command: Mapping[str, object]) -> Mapping[str, object]: ...

    def run(self, extra: int | None = None, on_extra: Callable[[], None] | None = None) -> None: ...

    def stop(self) -> None: ...

    def close(self) -> None: ...


def serve(wire: Wire, ready: Mapping[str, object], control: bool) -> None:
    """Say `ready`, serve until SIGTERM or SIGINT or, with `control`, the end of stdin; then close the wire.

    A script's WrongEvent becomes a click.UsageError.
    """
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: wire.stop())
    say(ready)
    try:
        if control:
            wire.run(sys.stdin.fileno(), Commands(wire.do, wire.stop).read)
        else:
            wire.run()
    except script.WrongEvent as error:
        wire.close()
        raise click.UsageError(str(error)) from None
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)  # it is ending already
    wire.close()
