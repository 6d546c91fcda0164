"""ESP32-S3-DevKitC-1, and boards with the same pins.

Left free: 0, 3, 45, 46 (strapping), 19, 20 (USB), 26 to 37 (flash and PSRAM), 43, 44 (console).
"""

import esp32
from machine import ADC, Pin, deepsleep

from reader.board_any import Board

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from reader.settings import Settings

PINS = {
    "tag uart": (1, 17, 18),  # number, TX, RX
    "tag spi": (1, 12, 11, 13, 10),  # number, SCK, MOSI, MISO, NSS
    "tag reset": 16,
    "rain uart": (2, 6, 7),
    "display": (0, 8, 9),  # number, SDA, SCL
    "buzzer": 14,
    "lights": (48, 38),  # on the board: revision 1.0, revision 1.1
    "trigger": 4,  # 0 to 21 can wake the chip
    "menu": 5,
    "battery": 1,  # ADC 1: ADC 2 is lent to Wi-Fi; half of the cell's voltage
}


def open(settings: "Settings") -> "Board":
    battery = ADC(Pin(PINS["battery"]), atten=ADC.ATTN_11DB)
    return Board(settings, PINS, lambda: battery.read_uv() * 2 // 1000, _sleep)


def _sleep(trigger: "Any") -> None:
    esp32.wake_on_ext0(pin=trigger, level=esp32.WAKEUP_ALL_LOW)
    deepsleep()
