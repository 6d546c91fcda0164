"""How the simulated handheld is wired: what hangs on which pin of its board.

The firmware's README has the same tables for people who solder.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Board:
    """Pins by their number; buttons pull their pin to ground."""

    tag_tx: int  # to the PN532 on the UART
    tag_reset: int  # RSTPDN, low holds the chip
    tag_sck: int  # the PN532 on SPI instead
    tag_select: int
    rain_tx: int  # to the M100
    display_sda: int
    buzzer: int
    lights: tuple[int, ...]  # RGB LEDs of the WS2812 kind, one a pin
    battery: int
    trigger: int
    menu: int
    module: str  # of MicroPython, that this port alone has
    battery_divider: int = 2
    prog_size: int = 32  # the port's LittleFS: bytes of one write

    @property
    def buttons(self) -> dict[str, int]:
        return {"trigger": self.trigger, "menu": self.menu}


BOARDS = {
    "esp32s3": Board(
        tag_tx=17,
        tag_reset=16,
        tag_sck=12,
        tag_select=10,
        rain_tx=6,
        display_sda=8,
        buzzer=14,
        lights=(48, 38),
        battery=1,
        trigger=4,
        menu=5,
        module="esp32",
    ),
    "rp2350": Board(
        tag_tx=4,
        tag_reset=6,
        tag_sck=18,
        tag_select=17,
        rain_tx=0,
        display_sda=2,
        buzzer=15,
        lights=(22,),
        battery=26,
        trigger=14,
        menu=13,
        module="rp2",
        prog_size=256,
    ),
}
