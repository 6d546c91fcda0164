"""A simulated device on a pseudo terminal: programs open its path as they would open a serial port."""

import os
import select
import termios
import threading
import time
import tty
from collections.abc import Callable
from pathlib import Path
from typing import Protocol, Self

from hwsim.control import Command, Control
from hwsim.pn532 import Pn532
from hwsim.script import Clock, Event, Script

_CHUNK = 4096
_SPEEDS = {
    getattr(termios, f"B{baud}"): baud
    for baud in (9600, 19200, 38400, 57600, 115200, 230400, 460800, 921600)
}


class Wait(Protocol):
    """What a device waits for, until this virtual time where it gives up by itself."""

    @property
    def deadline_us(self) -> float | None: ...


class DeviceClock(Clock, Protocol):
    def idle(self, duration_us: float) -> None:
        """Virtual time passes and nothing happens."""


class Device(Protocol):
    """What stands behind a serial port: bytes in, bytes out, in virtual time."""

    unplugged: bool  # set by the device: the port is to be taken away,
    replug_after_s: float  # and to come back so much later, or not at all
    baud: int
    next_baud: int | None  # also understood: the host may have changed already

    @property
    def clock(self) -> DeviceClock: ...

    @property
    def wait(self) -> Wait | None:
        """While it is there real time passes for the device."""

    def answers(self, data: bytes) -> list[tuple[float, bytes]]:
        """What the device sends in answer, each with the virtual time at which its last byte has left."""

    def poll(self) -> list[tuple[float, bytes]]:
        """What it sends by itself: called when the world has changed, or time has passed."""

    def take_next_baud(self) -> None: ...

    def power_cycle(self) -> None: ...


class Deeds(Protocol):
    """Control commands by name; see `hwsim.control`."""

    def check(self, command: Command) -> None: ...

    def do(self, command: Command) -> dict[str, object]: ...


class SerialPort:
    """Use it as a context manager to run the device in a thread; `run` is the loop for a process of its own.

    link: a symlink made at that path, which stays the same when the port is unplugged and comes back.
    paced: answers leave when wire, air and EEPROM would let them; else at once, with the same time counted.
    """

    def __init__(
        self,
        device: Device,
        control: Deeds,
        link: Path | None = None,
        paced: bool = False,
        events: list[Event] | None = None,
    ) -> None:
        if link is not None and link.exists() and not link.is_symlink():
            raise FileExistsError(f"{link} is there and is no symlink: name another")
        self.device = device
        self.paced = paced
        self._link = link
        self._lock = threading.Lock()
        self._script = Script(events, device.clock, time.monotonic()) if events else None
        self._control = control
        for event in events or ():
            event.run(control.check)
        self._wake_read, self._wake_write = os.pipe()
        os.set_blocking(self._wake_write, False)
        self._stopped = False
        self._loop: int | None = None  # the thread that waits on the pseudo terminal
        self._pulled: threading.Event | None = None  # set when the loop has let go of it
        self._thread: threading.Thread | None = None
        self._later: list[tuple[float, bytes]] = []  # monotonic seconds, bytes; paced only
        self._replug_at_s: float | None = None
        self._waited: Wait | None = None  # what the chip waits for, and real time passes meanwhile
        self._master = self._slave = -1
        self.path = ""
        self._plug()
        with self._lock:
            self._after(device.clock.now_us, time.monotonic(), [])

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self.run, name="hwsim-port", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the loop and take the port away."""
        self.stop()
        if self._thread is not None:
            self._thread.join()
        with self._lock:
            self._unplug()
        os.close(self._wake_read)
        os.close(self._wake_write)

    def stop(self) -> None:
        """End the loop; safe in a signal handler."""
        self._stopped = True
        self._wake()

    def do(self, command: Command) -> dict[str, object]:
        """One control command, from any thread; ValueError says what is wrong with it."""
        with self._lock:
            if command.get("do") == "replug":
                self._plug()
                return {"path": self.path}
            started_us, started_s = self.device.clock.now_us, time.monotonic()
            reply = self._control.do(command)
            if self.device.unplugged and self._loop not in (None, threading.get_ident()):
                done = self._pulled = self._pulled or threading.Event()
            else:
                done = None
                self._after(started_us, started_s, self.device.poll())
        self._wake()
        if done is not None:
            done.wait()  # a terminal that the loop waits on is not closed, and no host sees it, before it wakes
        return reply

    def power_cycle(self) -> None:
        """The device loses its power for a moment; the terminal stays."""
        with self._lock:
            self._later.clear()
            self.device.power_cycle()

    def run(self, extra: int | None = None, on_extra: Callable[[], None] | None = None) -> None:
        """Serve until `stop`; `on_extra` is called when the file descriptor `extra` can be read.

        script.WrongEvent where an event of the scenario cannot be.
        """
        with self._lock:
            self._loop = threading.get_ident()
        while not self._stopped:
            self._turn(extra, on_extra)
        with self._lock:
            self._loop = None
            self._let_go()

    def _turn(self, extra: int | None, on_extra: Callable[[], None] | None) -> None:
        master = self._master
        waiting = [fd for fd in (master, self._wake_read, extra) if fd is not None and fd >= 0]
        ready = select.select(waiting, (), (), self._patience_s())[0]
        if self._wake_read in ready:
            os.read(self._wake_read, _CHUNK)
        with self._lock:
            self._let_go()
            if master in ready and master == self._master:
                self._serve()
            else:
                self._time_passes()
        if extra in ready and on_extra is not None:
            on_extra()

    # -- all below: with the lock --

    def _let_go(self) -> None:
        if self._pulled is not None:
            self._give_way()
            self._pulled.set()
            self._pulled = None

    def _serve(self) -> None:
        try:
            data = os.read(self._master, _CHUNK)
        except OSError:
            return
        device = self.device
        baud = _SPEEDS.get(termios.tcgetattr(self._slave)[5])
        if baud != device.baud:
            if baud is None or baud != device.next_baud:
                return  # noise to the chip
            device.take_next_baud()
        started_us, started_s = device.clock.now_us, time.monotonic()
        self._after(started_us, started_s, device.answers(data))

    def _after(self, started_us: float, started_s: float, sent: list[tuple[float, bytes]]) -> None:
        """Send what the chip has sent and what follows from it."""
        device = self.device
        if self._script is not None or device.wait is not None:
            sent += self._settle()
        if not self.paced:
            if sent:
                self._write(b"".join([data for _, data in sent]))
            if device.wait is not self._waited:
                self._waited = device.wait
                self._mark()
        else:
            self._later += [(started_s + (at_us - started_us) / 1e6, data) for at_us, data in sent]
        if device.unplugged:
            self._give_way()

    def _settle(self) -> list[tuple[float, bytes]]:
        """Run the events that are due, and what they set free. Not paced, a waiting device skips to the next event."""
        device, script = self.device, self._script
        sent: list[tuple[float, bytes]] = []
        while True:
            while (
                script is not None
                and (event := script.due(device.clock, time.monotonic())) is not None
            ):
                event.run(self._control.do)
                sent += device.poll()
            wait = device.wait
            if wait is None:
                return sent
            sent += device.poll()
            if device.wait is not wait or self.paced:
                return sent
            next_us = script.next_us(device.clock) if script is not None else None
            if next_us is None:  # only the world outside can end the wait
                return sent
            if wait.deadline_us is not None:
                next_us = min(next_us, wait.deadline_us)
            device.clock.idle(max(0.0, next_us - device.clock.now_us))

    def _give_way(self) -> None:
        self.device.unplugged = False
        self._unplug()
        if self.device.replug_after_s:
            self._replug_at_s = time.monotonic() + self.device.replug_after_s

    def _mark(self) -> None:
        """From here on virtual time keeps up with real time: paced, or while the chip waits for a tag."""
        self._mark_s, self._mark_us = time.monotonic(), self.device.clock.now_us

    def _time_passes(self) -> None:
        now_s = time.monotonic()
        while self._later and self._later[0][0] <= now_s:
            self._write(self._later.pop(0)[1])
        if self._replug_at_s is not None and now_s >= self._replug_at_s:
            self._plug()
        clock = self.device.clock
        if (self.paced or self.device.wait is not None) and not self._later:
            behind_us = (now_s - self._mark_s) * 1e6 - (clock.now_us - self._mark_us)
            if behind_us > 0:
                clock.idle(behind_us)
        self._after(clock.now_us, now_s, [])

    def _patience_s(self) -> float | None:
        """How long the loop may sleep when nothing comes."""
        moments = [at for at, _ in self._later[:1]]
        if self._replug_at_s is not None:
            moments.append(self._replug_at_s)
        script = self._script
        if script is not None and (next_s := script.next_s()) is not None:
            moments.append(next_s)
        now_s = time.monotonic()
        wait = self.device.wait
        if self.paced or wait is not None:
            next_us = [script.next_us(self.device.clock) if script is not None else None]
            next_us.append(wait.deadline_us if wait is not None else None)
            now_us = self.device.clock.now_us
            moments += [now_s + (us - now_us) / 1e6 for us in next_us if us is not None]
        return max(0.0, min(moments) - now_s) if moments else None

    def _write(self, data: bytes) -> None:
        if self._master < 0:
            return
        try:
            os.write(self._master, data)
        except BlockingIOError:
            pass  # nobody reads: the bytes are lost, as on a wire

    def _plug(self) -> None:
        """A new pseudo terminal, and a chip that has just got its power."""
        self._replug_at_s = None
        if self._master >= 0:
            return
        self._master, self._slave = os.openpty()  # the slave stays open here: hosts come and go
        os.set_blocking(self._master, False)
        tty.setraw(self._slave)
        attributes = termios.tcgetattr(self._slave)
        attributes[4] = attributes[5] = termios.B115200
        termios.tcsetattr(self._slave, termios.TCSANOW, attributes)
        terminal = os.ttyname(self._slave)
        self.path = terminal if self._link is None else str(self._link)
        self._mark()
        if self._link is not None:
            fresh = self._link.with_name(self._link.name + ".new")
            fresh.unlink(missing_ok=True)
            fresh.symlink_to(terminal)
            fresh.replace(self._link)
        self._wake()

    def _unplug(self) -> None:
        if self._master < 0:
            return
        if self._link is not None:
            self._link.unlink(missing_ok=True)
        os.close(self._slave)
        os.close(self._master)
        self._master = self._slave = -1
        self._later.clear()
        self.device.power_cycle()
        self._wake()

    def _wake(self) -> None:
        try:
            os.write(self._wake_write, b"\0")
        except BlockingIOError:
            pass


class PtyPort(SerialPort):
    """A simulated PN532 on a pseudo terminal."""

    def __init__(
        self,
        chip: Pn532,
        link: Path | None = None,
        paced: bool = False,
        events: list[Event] | None = None,
    ) -> None:
        self.chip = chip
        super().__init__(chip, Control(chip), link, paced, events)
