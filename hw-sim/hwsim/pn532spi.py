"""The PN532 on SPI (UM0701-02, "SPI communication"; data sheet, "Serial Peripheral Interface"): mode 0, LSB first.

Each transaction, select low to select high, starts with one byte of the host: 01h it writes a frame, 02h it asks for
the status (bit 0: there is something to read), 03h it reads. A frame may be read in several transactions: the first
byte of the next one leaves with the host's 03h already (seen on silicon: libnfc, drivers/pn532_spi.c). The chip goes
to PowerDown when the response that announces it was read (UM0701-02, 7.2.11 "PowerDown").
"""

import time

from hwsim.control import Command, Control
from hwsim.pn532 import LOWVBAT, POWERDOWN, Pn532

_WRITE, _STATUS, _READ = 1, 2, 3
_READY = 1
_REVERSED = bytes(int(f"{value:08b}"[::-1], 2) for value in range(256))
_WAKES_US = 1000.0  # "T_osc_start": the chip answers again so long after its select line woke it

BYTES_S = 125_000  # 1 MHz


class SpiPort:
    """One chip behind SPI. paced: its answers are ready when air and EEPROM would let them."""

    def __init__(self, chip: Pn532, paced: bool = False) -> None:
        self.chip = chip
        self._paced = paced
        self._control = Control(chip)
        self._ready: list[
            tuple[float, bytes]
        ] = []  # real time in s, and what can be read from then on
        self._read = 0  # bytes of the first one that the host has
        self._kind: int | None = None  # of the transaction
        self._written = bytearray()
        self._selected = False
        self._lost = False  # the transaction that has woken the chip
        self._at_s = time.monotonic()

    def select(self, selected: bool) -> None:
        """The select line; `selected` is low on the wire."""
        if selected == self._selected:
            return
        self._selected = selected
        if selected:
            self._kind = None
            self._lost = self.chip.power in (LOWVBAT, POWERDOWN) and not self._ready
            if self._lost:
                self.chip.answers(b"\x55" * 5)  # edges enough
                self.chip.clock.idle(_WAKES_US)
        elif self._kind == _WRITE and not self._lost:
            self._send(bytes(self._written))

    def transfer(self, data: bytes, lsb_first: bool = False) -> bytes:
        """Bytes as the host's SPI sends and receives them."""
        if not lsb_first:
            data = data.translate(_REVERSED)
        answer = bytes([self._exchange(value) for value in data])
        return answer if lsb_first else answer.translate(_REVERSED)

    def do(self, command: Command) -> dict[str, object]:
        """One control command; see `hwsim.control`."""
        if command.get("do") in ("unplug", "replug"):
            raise ValueError("the chip is soldered on: take the board's power")
        self._time_passes()
        return self._control.do(command)

    def power_cycle(self) -> None:
        """The chip loses its power for a moment."""
        self.chip.power_cycle()
        self._ready.clear()
        self._read = 0

    def close(self) -> None:
        """Nothing to let go of."""

    def _exchange(self, value: int) -> int:
        if not self._selected or self._lost:
            return 0xFF
        if self._kind is None:
            self._kind = value
            self._written.clear()
            if value == _READ and self._read:
                return self._next()
            return 0xFF if value == _READ else 0
        if self._kind == _WRITE:
            self._written.append(value)
            return 0
        if self._kind == _STATUS:
            self._time_passes()
            return _READY if self._ready and self._ready[0][0] <= time.monotonic() else 0
        return self._next()

    def _next(self) -> int:
        """The next byte of the frame that is ready; nothing is."""
        self._time_passes()
        if not self._ready or self._ready[0][0] > time.monotonic():
            return 0
        frame = self._ready[0][1]
        value = frame[self._read]
        self._read += 1
        if self._read == len(frame):
            self._ready.pop(0)
            self._read = 0
        return value

    def _send(self, data: bytes) -> None:
        self._time_passes()
        self.chip.baud = 10 * BYTES_S
        self._ready.clear()  # any frame of the host ends what was going on
        self._read = 0
        started_us = self.chip.clock.now_us
        self._keep(self.chip.answers(data), started_us)

    def _time_passes(self) -> None:
        """Virtual time keeps up with real time while the chip waits for a tag, or is paced."""
        now_s = time.monotonic()
        if self.chip.wait is not None:
            self.chip.clock.idle((now_s - self._at_s) * 1e6)
            started_us = self.chip.clock.now_us
            self._keep(self.chip.poll(), started_us)
        self._at_s = now_s

    def _keep(self, sent: list[tuple[float, bytes]], started_us: float) -> None:
        now_s = time.monotonic()
        for at_us, data in sent:
            if data:
                delay_s = (at_us - started_us) / 1e6 if self._paced else 0.0
                self._ready.append((now_s + delay_s, data))
