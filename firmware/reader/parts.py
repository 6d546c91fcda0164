"""What the boards are made of, over MicroPython's `machine`; nothing here waits for a device longer than 4 ms.

Only calls that MicroPython's library reference documents, as of version 1.25.
"""

from time import ticks_diff, ticks_ms  # type: ignore[attr-defined]

import framebuf
from machine import PWM, UART, Pin

from reader.screen import HEIGHT, WIDTH

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

_BAUD = 115200  # of the PN532 and of the M100
_BOUNCE_MS = 20
_SSD1306 = 0x3C
_PAGES = 8  # of 8 rows

# Solomon Systech SSD1306, 9 "Command table": page addressing, which the SH1106 has, too; upright with its pins above;
# charge pump on. Behind the control byte 00, all are commands.
_BEGIN = b"\x00\xae\x20\x02\x40\xa1\xa8\x3f\xc8\xd3\x00\xda\x12\xd5\x80\xd9\xf1\xdb\x30\x81\xff\xa4\xa6\x8d\x14\xaf"
_OFF = b"\x00\xae"


class Uart:
    """A port that never waits. machine.UART.read() would, between the bytes that it is asked for."""

    def __init__(self, number: "int", tx: "int", rx: "int") -> None:
        self._uart = UART(number, _BAUD, tx=Pin(tx), rx=Pin(rx), txbuf=512, rxbuf=1024)

    def read(self, n_max: "int") -> "bytes":
        come = min(self._uart.any(), n_max)
        return (self._uart.read(come) or b"") if come else b""

    def write(self, data: "bytes") -> None:
        self._uart.write(data)


class Display:
    """An SSD1306 or SH1106 of 128 x 64 on I2C. One that is absent is looked for at each show().

    Draw on `canvas`, then show(); turn() sends 8 rows at a time, 4 ms, until it answers False.
    """

    def __init__(self, bus: "Any") -> None:
        self.present = False
        self._bus = bus
        self._pixels = bytearray(WIDTH * _PAGES)
        self.canvas = framebuf.FrameBuffer(self._pixels, WIDTH, HEIGHT, framebuf.MONO_VLSB)
        self._page = _PAGES

    def show(self) -> None:
        self._page = 0

    def turn(self) -> "bool":
        """Whether there is more to send."""
        page = self._page
        if page == _PAGES:
            return False
        try:
            if not self.present:
                self._bus.writeto(_SSD1306, _BEGIN)
                self.present = True
            self._bus.writeto(_SSD1306, bytes((0, 0xB0 | page, 0x00, 0x10)))
            rows = memoryview(self._pixels)[page * WIDTH : (page + 1) * WIDTH]
            self._bus.writevto(_SSD1306, (b"\x40", rows))
            self._page = page + 1
        except OSError:
            self.present = False
            self._page = _PAGES
        return self._page != _PAGES

    def off(self) -> None:
        """Dark until the next start."""
        try:
            self._bus.writeto(_SSD1306, _OFF)
        except OSError:
            self.present = False


class Buzzer:
    """A passive one. volume: percent."""

    def __init__(self, pin: "int", volume: "int") -> None:
        self._duty = volume * volume * 32767 // 10000
        self._pwm = PWM(Pin(pin), freq=1000, duty_u16=0)

    def sound(self, hz: "int") -> None:
        """0: silence."""
        if hz:
            self._pwm.freq(hz)
        self._pwm.duty_u16(self._duty if hz else 0)


class Buttons:
    """Buttons that pull their pin low. A press that comes and goes between two looks is told, too."""

    def __init__(self, pins: "Sequence[tuple[str, Any]]") -> None:
        self._pins = pins
        self._down = [False] * len(pins)
        self._since = [ticks_ms()] * len(pins)
        self._fell = [False] * len(pins)
        for number in range(len(pins)):
            pins[number][1].irq(handler=self._noting(number), trigger=Pin.IRQ_FALLING)

    def events(self) -> "list[tuple[str, str]]":
        """("down" or "up", name) in turn, since last asked."""
        found = []
        now = ticks_ms()
        for number in range(len(self._pins)):
            if ticks_diff(now, self._since[number]) < _BOUNCE_MS:
                continue
            name, pin = self._pins[number]
            is_down = not pin.value()
            if is_down != self._down[number]:
                found.append(("down" if is_down else "up", name))
                self._down[number] = is_down
                self._since[number] = now
            elif self._fell[number] and not is_down:
                found.append(("down", name))
                found.append(("up", name))
                self._since[number] = now
            self._fell[number] = False
        return found

    def _noting(self, number: "int") -> "Callable[[Any], None]":
        def note(pin: "Any") -> None:
            self._fell[number] = True

        return note
