"""A handheld: real MicroPython as a child process, its heap limited, on simulated wires, runs a firmware.

The child is the board's power: taking it away is killing the child, and a start is a new one. The flash is a file that
outlives it. One loop carries the board's calls, its USB port, its watchdog and what a script or a person does to it.
"""

import os
import re
import select
import socket
import struct
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hwsim import handheld_wires as w
from hwsim.handheld_usb import UsbPort
from hwsim.handheld_wires import Wires
from hwsim.handheld_world import World

POWER_ON, HARD, WATCHDOG, DEEP_SLEEP, SOFT = 1, 2, 3, 4, 5  # machine.reset_cause()
CAUSES = {
    POWER_ON: "power",
    HARD: "reset",
    WATCHDOG: "watchdog",
    DEEP_SLEEP: "deepsleep",
    SOFT: "soft reset",
}

_POWER_CUT = 99  # exit status of the board that lost its power in a flash write
_CUT_OFF_S = 0.1  # before it comes back from that
_TURN_S = 0.05
_MOST_TEXT = 65535
_END_S = 5
_MEASURED_IN = "2m"  # a heap that whatever the board has fits into
_COLLECTORS = 128, 131  # bytes of use, and with the collector's marks on them: py/gc.c
_OF_THE_STAND = re.compile(r'File "(.*/start|stand)\.py", ')

START = Path(__file__).parent / "board" / "start.py"


@dataclass(frozen=True)
class Machine:
    """What to start: MicroPython's command, the ROM image's and the flash's file.

    heap: bytes for the firmware. What the simulated board's own modules take comes to it: a real one has them in C.
    """

    command: list[str]
    heap: int
    rom: Path
    flash: Path


class Handheld:
    """Use `run` as the loop. `do` runs the board's own deeds; see `hwsim.handheld_control`."""

    def __init__(
        self,
        machine: Machine,
        wires: Wires,
        usb: UsbPort,
        world: World,
        notice: Callable[[dict[str, object]], None],
    ) -> None:
        self.machine = machine
        self.wires = wires
        self.usb = usb
        self.restarts: dict[str, int] = {}
        self._wakes_by: int | None = None  # in deep sleep: the pin that ends it
        self._notice = notice
        self.world = world
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 (closed by close): what MicroPython says
        self._child: subprocess.Popen[bytes] | None = None
        self._calls: socket.socket | None = None
        self._pending = b""
        self._stopped = False
        self._wake_read, self._wake_write = os.pipe()
        self._starts_at_s: float | None = None
        self._cause = POWER_ON
        self._feeds = 0
        self._fed_at_s = 0.0
        self._later: list[tuple[float, Callable[[], None]]] = []
        self.on_turn: Callable[[], None] = lambda: None
        wires.put_u32(w.FLASH_SIZE, machine.flash.stat().st_size)

    def start(self) -> None:
        """The power comes for the first time."""
        self._measure()
        self._start()

    # -- for deeds --

    def later(self, delay_s: float, deed: Callable[[], None]) -> None:
        """Have something done on the loop, after a while."""
        self._later.append((time.monotonic() + delay_s, deed))
        self._later.sort(key=lambda entry: entry[0])

    def cut_power(self, off_s: float) -> None:
        """At once, wherever the board is; it starts anew when the power is back."""
        self._end_child()
        self._down(POWER_ON, off_s)

    def wake(self, pin: int) -> None:
        """A button was pressed: a board in deep sleep that waits for it starts."""
        if self._wakes_by == pin:
            self._starts_at_s = time.monotonic()

    @property
    def running(self) -> bool:
        return self._child is not None

    # -- the loop --

    def stop(self) -> None:
        """End the loop; safe in a signal handler."""
        self._stopped = True
        os.write(self._wake_write, b"\0")

    def run(self, extra: int | None = None, on_extra: Callable[[], None] | None = None) -> None:
        """Serve until `stop`; `on_extra` is called when the file descriptor `extra` can be read."""
        while not self._stopped:
            self._turn(extra, on_extra)

    def close(self) -> None:
        self._end_child()
        self.world.power_off()
        self.usb.close()
        self.wires.close()
        self._errors.close()
        os.close(self._wake_read)
        os.close(self._wake_write)

    def _turn(self, extra: int | None, on_extra: Callable[[], None] | None) -> None:
        waiting = [self._wake_read, *self.usb.waiting]
        if extra is not None:
            waiting.append(extra)
        calls = self._calls
        if calls is not None:
            waiting.append(calls.fileno())
        ready = select.select(waiting, (), (), self._patience_s())[0]
        if self._wake_read in ready:
            os.read(self._wake_read, 64)
        if calls is not None and calls.fileno() in ready:
            self._serve(calls)
        self.usb.serve()
        self._time_passes()
        self.on_turn()
        if extra in ready and on_extra is not None:
            on_extra()

    def _patience_s(self) -> float:
        now_s = time.monotonic()
        moments = [now_s + _TURN_S, *[at for at, _ in self._later[:1]]]
        if self._starts_at_s is not None:
            moments.append(self._starts_at_s)
        if self.world.quiet_at_ms is not None:
            moments.append(self.world.quiet_at_ms / 1e3)
        return max(0.0, min(moments) - now_s)

    def _time_passes(self) -> None:
        now_s = time.monotonic()
        while self._later and self._later[0][0] <= now_s:
            self._later.pop(0)[1]()
        if self._starts_at_s is not None and now_s >= self._starts_at_s:
            self._start()
        self.world.settle()
        limit_ms = self.wires.u32(w.WATCHDOG_MS)
        if self._child is not None and limit_ms:
            feeds = self.wires.u32(w.FEEDS)
            if feeds != self._feeds:
                self._feeds, self._fed_at_s = feeds, now_s
            elif now_s - self._fed_at_s > limit_ms / 1e3:
                self._end_child()
                self._down(WATCHDOG, 0.0)

    # -- the board --

    def _start(self) -> None:
        self._starts_at_s = None
        self._wakes_by = None
        self._errors.seek(0)
        self._errors.truncate()
        for at in (w.WATCHDOG_MS, w.FEEDS):
            self.wires.put_u32(at, 0)
        self.wires.put_u32(w.CAUSE, self._cause)
        used, marked = _COLLECTORS
        share = self.wires.u32(w.HEAP_OF_BOARD) * marked // used
        mine, theirs = socket.socketpair()
        mine.setblocking(False)
        with theirs:
            heap = str(self.machine.heap + share)
            self._child = self._process(heap, theirs, self.world.power_on())
        self._calls, self._pending = mine, b""
        self._fed_at_s = time.monotonic()

    def _process(
        self, heap: str, calls: socket.socket, serial: list[int]
    ) -> "subprocess.Popen[bytes]":
        machine = self.machine
        flash = os.open(machine.flash, os.O_RDWR)
        files = [self.wires.number, calls.fileno(), flash]
        command = [*machine.command, "-X", f"heapsize={heap}", str(START), str(machine.rom)]
        try:
            return subprocess.Popen(
                [*command, *map(str, files)],
                stdin=self.usb.board.fileno(),
                stdout=self.usb.board.fileno(),
                stderr=self._errors,
                pass_fds=[*files, *serial],
            )
        finally:
            os.close(flash)

    def _measure(self) -> None:
        """Have the board tell HEAP_OF_BOARD; one that cannot start is seen when it shall."""
        self.wires.memory[w.MEASURES] = 1
        mine, theirs = socket.socketpair()
        with mine, theirs:
            child = self._process(_MEASURED_IN, theirs, [])
            try:
                child.wait(_END_S)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
        self.wires.memory[w.MEASURES] = 0

    def _end_child(self) -> int:
        """Kill the board's process if it is there; its exit status."""
        child, self._child = self._child, None
        if child is None:
            return 0
        child.kill()
        if self._calls is not None:
            self._calls.close()
            self._calls = None
        return child.wait(_END_S)

    def _down(self, cause: int, off_s: float | None) -> None:
        """The board is without power; it comes back after a while, or never."""
        self.usb.serve()
        self.world.power_off()
        self.usb.power_cycle()
        self._cause = cause
        self._starts_at_s = None if off_s is None else time.monotonic() + off_s
        name = CAUSES[cause]
        self.restarts[name] = self.restarts.get(name, 0) + 1
        self._notice({"event": "restart", "cause": name})

    def _serve(self, calls: socket.socket) -> None:
        try:
            data = calls.recv(65536)
        except BlockingIOError:
            return
        except ConnectionError:
            data = b""
        if not data:
            self._died()
            return
        self._pending += data
        while len(self._pending) >= 4 and self._calls is calls:
            kind, number, size = struct.unpack_from("<BBH", self._pending)
            if len(self._pending) < 4 + size:
                return
            body, self._pending = self._pending[4 : 4 + size], self._pending[4 + size :]
            answer = self._call(chr(kind), number, body)
            if answer is not None and self._calls is calls:
                calls.setblocking(True)
                calls.sendall(struct.pack("<H", len(answer)) + answer)
                calls.setblocking(False)

    def _call(self, kind: str, number: int, data: bytes) -> bytes | None:
        """The answer to a call; None where the board asked for its own end."""
        if kind == "R":
            self._end_child()
            if number == DEEP_SLEEP:
                sleep_ms, pin = struct.unpack("<IB", data)
                self._down(number, sleep_ms / 1e3 or None)
                self._wakes_by = pin
            else:
                self._down(number, 0.0)
            return None
        if kind == "X":
            self._notice({"event": "exit", "text": ""})
            return b""
        return self.world.call(kind, number, data)

    def _died(self) -> None:
        """The board's process has ended without a word: its power was cut, or main.py is over."""
        child = self._child
        status = child.wait(_END_S) if child is not None else 0
        self._end_child()
        if status == _POWER_CUT:
            self.wires.put_u32(w.CUT_AT, 0)
            self._down(POWER_ON, _CUT_OFF_S)
        else:
            self.usb.serve()
            if status:
                self._errors.seek(0)
                said = self._errors.read(_MOST_TEXT).decode(errors="replace")
                lines = [line for line in said.splitlines() if not _OF_THE_STAND.search(line)]
                text = "\n".join(lines) or f"MicroPython ended with status {status}"
                self.usb.say(text.replace("\n", "\r\n").encode() + b"\r\n")
                self._notice({"event": "exit", "text": text})
            limit_ms = self.wires.u32(w.WATCHDOG_MS)
            if limit_ms:  # it goes on counting at MicroPython's prompt
                self._down(WATCHDOG, limit_ms / 1e3)
            else:
                self.world.power_off()


def blank_flash(path: Path, size: int) -> Path:
    """The flash's file, made where it is missing. ValueError where it cannot be one."""
    have = path.stat().st_size if path.exists() else 0
    if have == 0:
        with path.open("ab") as file:
            file.truncate(size)
    elif have % 4096:
        raise ValueError(f"{path} is no flash: its size is no multiple of 4096")
    return path
