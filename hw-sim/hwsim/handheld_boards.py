"""How the simulated handheld is wired: what hangs on which pin of its board.

The firmware's README has the same tables for people who solder.
"""

from dataclasses import dataclass, field


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
    led: int  # one RGB LED of the WS2812 kind
    battery: int
    buttons: dict[str, int] = field(default_factory=dict)
    battery_divider: int = 2
    prog_size: int = 32  # the port's LittleFS: bytes of one write
    word_bits: int = 31  # of a small integer


BOARDS = {
    "esp32s3": Board(
        tag_tx=17,
        tag_reset=16,
        tag_sck=12,
        tag_select=10,
        rain_tx=6,
        display_sda=8,
        buzzer=14,
        led=48,
        battery=1,
        buttons={"trigger": 4, "menu": 5},
    ),
    "rp2350": Board(
        tag_tx=4,
        tag_reset=6,
        tag_sck=18,
        tag_select=17,
        rain_tx=0,
        display_sda=2,
        buzzer=15,
        led=22,
        battery=26,
        buttons={"trigger": 14, "menu": 13},
        prog_size=256,
    ),
}
