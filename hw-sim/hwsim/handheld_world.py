"""What hangs on the simulated handheld's pins: reader chips, display, buzzer, LED; and what it has heard and shown."""

import os
import struct
import termios
import tty
from collections.abc import Callable

from hwsim.handheld_boards import Board
from hwsim.handheld_wires import LEVELS, Wires
from hwsim.pn532 import Pn532
from hwsim.pn532spi import SpiPort
from hwsim.port import PtyPort, SerialPort
from hwsim.ssd1306 import Ssd1306

UNIQUE_ID = bytes.fromhex("7c4f1a2b3c4d")

_DISPLAY = 0x3C
_FULL_MV = 4100
_QUIET_MS = 15  # without a change: the picture is whole
_BAUD_CODES = {
    baud: getattr(termios, f"B{baud}")
    for baud in (9600, 19200, 38400, 57600, 115200, 230400, 460800, 921600)
}


class HeldPn532(Pn532):
    """A chip whose reset pin is wired: while it is held there is no chip."""

    held = False

    def answers(self, data: bytes) -> list[tuple[float, bytes]]:
        return [] if self.held else super().answers(data)

    def poll(self) -> list[tuple[float, bytes]]:
        return [] if self.held else super().poll()


class World:
    """Answers the board's calls. serial: by the pin on which the board sends; each is opened for a board anew.

    notice: hears every event: {"event": "tone" | "led" | "screen" | "pin", ...}. now_ms: a clock of real time.
    """

    def __init__(
        self,
        board: Board,
        wires: Wires,
        serial: dict[int, SerialPort],
        chip: HeldPn532,
        nfc: PtyPort | SpiPort,
        now_ms: Callable[[], float],
        notice: Callable[[dict[str, object]], None],
    ) -> None:
        self.board = board
        self.wires = wires
        self.display = Ssd1306()
        self.led = (0, 0, 0)
        self.quiet_at_ms: float | None = None  # by then the picture that is being drawn stands
        self.tones: list[list[int]] = []  # frequency in Hz and how long, in ms
        self.opened: dict[int, int] = {}  # a file of this process by its serial port's pin
        self._serial = serial
        self._chip = chip
        self._nfc = nfc
        self._now_ms = now_ms
        self._notice = notice
        self._sounds: tuple[int, float] | None = None  # frequency, since when
        self._changes = self.display.changes
        for pin in board.buttons.values():  # pulled up
            wires.memory[LEVELS + pin] = 1
        self.set_battery(_FULL_MV)
        self._calls: dict[str, Callable[[int, bytes], bytes]] = {
            "P": self._pin,
            "U": self._uart,
            "I": self._i2c,
            "S": self._spi,
            "W": self._pwm,
            "N": self._pixels,
            "Q": lambda number, data: UNIQUE_ID,
        }

    def power_on(self) -> list[int]:
        """The board gets its power: returns the files that its process shall inherit."""
        for pin, port in self._serial.items():
            number = os.open(port.path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
            tty.setraw(number)
            self.opened[pin] = number
        return list(self.opened.values())

    def power_off(self) -> None:
        """Everything on the board goes dark; the tags stay where they are."""
        for number in self.opened.values():
            os.close(number)
        self.opened.clear()
        self.display.power_cycle()
        self._changes = self.display.changes
        self.quiet_at_ms = self._now_ms()
        self.led = (0, 0, 0)
        self._end_tone()
        for port in (self._nfc, *self._serial.values()):
            port.power_cycle()
        self._chip.held = False

    def set_battery(self, millivolts: int) -> None:
        """What its cell has; the ADC sees it behind the divider."""
        self.wires.set_millivolts(self.board.battery, millivolts // self.board.battery_divider)

    def call(self, kind: str, number: int, data: bytes) -> bytes:
        """One call of the board; its answer."""
        return self._calls[kind](number, data) if kind in self._calls else b""

    def _pin(self, pin: int, data: bytes) -> bytes:
        if pin == self.board.tag_reset:
            held = data == b"\0"
            if held and not self._chip.held:
                self._nfc.power_cycle()
            self._chip.held = held
        elif pin == self.board.tag_select and isinstance(self._nfc, SpiPort):
            self._nfc.select(data == b"\0")
        return b""

    def _uart(self, number: int, data: bytes) -> bytes:
        transmit, _, baud = struct.unpack("<BBI", data)
        if transmit not in self.opened:
            return b""
        terminal = self.opened[transmit]
        attributes = termios.tcgetattr(terminal)
        attributes[4] = attributes[5] = _BAUD_CODES.get(baud, termios.B50)
        termios.tcsetattr(terminal, termios.TCSANOW, attributes)
        return bytes((terminal,))

    def _i2c(self, pin: int, data: bytes) -> bytes:
        """Address and what is written: answers 1; 80h alone: who is there; 80h | address, n: n bytes read."""
        wired = pin == self.board.display_sda
        if data == b"\x80":
            return bytes((_DISPLAY,)) if wired else b""
        if not wired or data[0] & 0x7F != _DISPLAY:
            return b""
        if data[0] & 0x80:
            return bytes((0x40 * (not self.display.on),)) * data[1]
        self.display.write(data[1:])
        if self.display.changes != self._changes:
            self._changes = self.display.changes
            self.quiet_at_ms = self._now_ms() + _QUIET_MS
        return b"\x01"

    def settle(self) -> None:
        """Tell of a picture that has been drawn; to be called from `quiet_at_ms` on."""
        if self.quiet_at_ms is not None and self._now_ms() >= self.quiet_at_ms:
            self.quiet_at_ms = None
            self._notice({"event": "screen"})

    def _spi(self, clock_pin: int, data: bytes) -> bytes:
        """Bit order, then the bytes; answers as many."""
        if clock_pin != self.board.tag_sck or not isinstance(self._nfc, SpiPort):
            return b"\xff" * (len(data) - 1)
        if self._chip.held:
            return bytes(len(data) - 1)
        return self._nfc.transfer(data[1:], lsb_first=data[0] == 1)

    def _pwm(self, pin: int, data: bytes) -> bytes:
        if pin == self.board.buzzer:
            frequency, duty = struct.unpack("<IH", data)
            sounds = frequency if duty else 0
            if sounds != (self._sounds[0] if self._sounds else 0):
                self._end_tone()
                if sounds:
                    self._sounds = (sounds, self._now_ms())
        return b""

    def _end_tone(self) -> None:
        if self._sounds is not None:
            frequency, since_ms = self._sounds
            self._sounds = None
            tone = [frequency, round(self._now_ms() - since_ms)]
            self.tones.append(tone)
            self._notice({"event": "tone", "freq_hz": tone[0], "ms": tone[1]})

    def _pixels(self, pin: int, data: bytes) -> bytes:
        if pin in self.board.lights and len(data) >= 3:
            led = (data[1], data[0], data[2])
            if led != self.led:
                self.led = led
                self._notice({"event": "led", "rgb": list(led)})
        return b""
