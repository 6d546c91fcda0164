"""Raspberry Pi Pico 2 and Pico 2 W.

Left free: GP23, 24, 25, 29 (Wi-Fi of the Pico 2 W). All inputs are pulled up: erratum RP2350-E9 spoils pull-downs.
"""

from machine import ADC, Pin, lightsleep, reset

from reader.board_any import Board

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from reader.settings import Settings

PINS = {
    "tag uart": (1, 4, 5),  # number, TX, RX
    "tag spi": (0, 18, 19, 16, 17),  # number, SCK, MOSI, MISO, NSS
    "tag reset": 6,
    "rain uart": (0, 0, 1),
    "display": (1, 2, 3),  # number, SDA, SCL
    "buzzer": 15,
    "lights": (22,),
    "trigger": 14,
    "menu": 13,
    "battery": 26,  # half of the cell's voltage
}

_NAP_MS = 150


def open(settings: "Settings") -> "Board":
    battery = ADC(Pin(PINS["battery"]))
    return Board(settings, PINS, lambda: battery.read_u16() * 6600 // 65535, _sleep)


def _sleep(trigger: "Any") -> None:
    """MicroPython wakes an RP2350 by the clock, not by a pin: it naps, and looks at the trigger in between."""
    while trigger.value():
        lightsleep(_NAP_MS)
    reset()
