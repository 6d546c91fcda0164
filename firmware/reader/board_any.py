"""What every board has, wired by a table of pins: see board_esp32s3.py."""

from time import sleep_ms  # type: ignore[attr-defined]

from machine import I2C, WDT, Pin, reset, unique_id
from neopixel import NeoPixel

from reader import streams
from reader.parts import Buttons, Buzzer, Display, Uart

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from typing import Any

    from reader.settings import Settings
    from reader.tcp import TcpStream

_NO_CELL_MV = 2500  # a lithium cell is never as low: none is wired there
_WATCHDOG_MS = 8000  # the RP2350 counts to 8388
_DOZE_MS = 10  # so that a button is never late


class Board:
    """tag_port, rain_port (or None): read(n_max), write(data). tag_reset(level): RSTPDN, low holds the chip.

    battery_mv: mV of the cell at its pin; deep_sleep(trigger): does not return, the trigger starts the board anew.
    """

    def __init__(
        self,
        settings: "Settings",
        pins: "dict[str, Any]",
        battery_mv: "Callable[[], int]",
        deep_sleep: "Callable[[Any], None]",
    ) -> None:
        self.tag_port: "Any" = None
        if settings.bus == "spi":
            from reader import spibus

            self.tag_port = spibus.spi_port(*pins["tag spi"])
        else:
            self.tag_port = Uart(*pins["tag uart"])
        self.tag_reset = Pin(pins["tag reset"], Pin.OUT, value=1).value
        self.rain_port = Uart(*pins["rain uart"]) if settings.rain else None
        number, sda, scl = pins["display"]
        self.display = Display(I2C(number, scl=Pin(scl), sda=Pin(sda), freq=400_000))
        self._buzzer = Buzzer(pins["buzzer"], settings.volume)
        self.buzzer = self._buzzer.sound
        self._lights = [NeoPixel(Pin(pin, Pin.OUT), 1) for pin in pins["lights"]]
        self._trigger = Pin(pins["trigger"], Pin.IN, Pin.PULL_UP)
        self._menu = Pin(pins["menu"], Pin.IN, Pin.PULL_UP)
        self.buttons = Buttons((("trigger", self._trigger), ("menu", self._menu))).events
        self.wants_prompt = not self._menu.value()  # held at the start: leave it to MicroPython
        self.usb = streams.UsbStream()
        self.unique_id = unique_id()
        self.reset = reset
        self._battery_mv = battery_mv
        self._deep_sleep = deep_sleep
        self._watchdog: "Any" = None

    def led(self, red: "int", green: "int", blue: "int") -> None:
        """0..255 each."""
        for light in self._lights:
            light[0] = (red, green, blue)
            light.write()

    def battery_mv(self) -> "int | None":
        """None where no cell is wired to the pin."""
        mv = self._battery_mv()
        return mv if mv >= _NO_CELL_MV else None

    def feed(self) -> None:
        """From the first call on, the board starts anew unless it is called every 8 s."""
        if self._watchdog is None:
            self._watchdog = WDT(timeout=_WATCHDOG_MS)
        self._watchdog.feed()

    def sleep(self, ms: "int") -> None:
        """At most so long; it may be shorter."""
        sleep_ms(min(ms, _DOZE_MS))

    def deep_sleep(self) -> None:
        """Until the trigger is pressed; the board then starts anew."""
        self.buzzer(0)
        self.led(0, 0, 0)
        self.display.off()
        self._deep_sleep(self._trigger)

    def wifi(self, settings: "Settings") -> "Generator[int, None, TcpStream]":
        """Join the network, connect to the gateway; yields ms to wait. DeviceTrouble where that fails."""
        from reader import tcp

        return tcp.joined(settings)
