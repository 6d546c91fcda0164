"""Time as the wire, the air and the EEPROM take it, counted; nothing here waits.

UART: 10 bits a byte. Air: ISO/IEC 14443 type A at 106 kbit/s, 128 carrier periods a bit. EEPROM: 4.1 ms a page
(NTAG203 data sheet, programming time; the NTAG21x sheets give its 10 ms ceiling only). The chip's own firmware
takes no time here: about 2-3 ms a command on silicon (nfcpy issue 131).
"""

BIT_US = 128 / 13.56  # 9.44 us
FRAME_DELAY_US = 1236 / 13.56 + 1172 / 13.56  # 91 us before the tag's answer, 86 us after it
FIELD_ON_US = 5000.0
PAGE_US = 4100.0


class Clock:
    """Counts microseconds by what they were spent on, and the traffic."""

    def __init__(self) -> None:
        self._before_us = 0.0
        self._commands_before = 0
        self._zero()

    def reset(self) -> None:
        """All counters to zero; `now_us` and `all_commands` go on."""
        self._before_us = self.now_us
        self._commands_before = self.all_commands
        self._zero()

    def _zero(self) -> None:
        self.uart_us = 0.0
        self.rf_us = 0.0
        self.eeprom_us = 0.0
        self.idle_us = 0.0
        self.commands = 0
        self.rf_exchanges = 0
        self.pages_written = 0
        self.bytes_in = 0
        self.bytes_out = 0

    @property
    def now_us(self) -> float:
        """Virtual time since the clock was made; never goes back."""
        return self._before_us + self.uart_us + self.rf_us + self.eeprom_us + self.idle_us

    @property
    def all_commands(self) -> int:
        """Commands of the host since the clock was made."""
        return self._commands_before + self.commands

    def uart_in(self, count: int, baud: int) -> None:
        self.bytes_in += count
        self.uart_us += count * 1e7 / baud

    def uart_out(self, count: int, baud: int) -> None:
        self.bytes_out += count
        self.uart_us += count * 1e7 / baud

    def air(self, bits: int) -> None:
        """A frame of so many bits, parity, start and end included."""
        self.rf_us += bits * BIT_US

    def silence(self, duration_us: float) -> None:
        """The reader listens, or the field settles."""
        self.rf_us += duration_us

    def page(self) -> None:
        self.pages_written += 1
        self.eeprom_us += PAGE_US

    def idle(self, duration_us: float) -> None:
        """Nothing to do until something happens; not part of any total."""
        self.idle_us += duration_us

    def stats(self) -> dict[str, float]:
        """The counters since the last reset, times in ms; `total_ms` leaves idle time out."""
        return {
            "uart_ms": round(self.uart_us / 1e3, 3),
            "rf_ms": round(self.rf_us / 1e3, 3),
            "eeprom_ms": round(self.eeprom_us / 1e3, 3),
            "total_ms": round((self.uart_us + self.rf_us + self.eeprom_us) / 1e3, 3),
            "idle_ms": round(self.idle_us / 1e3, 3),
            "commands": self.commands,
            "rf_exchanges": self.rf_exchanges,
            "pages_written": self.pages_written,
            "bytes_in": self.bytes_in,
            "bytes_out": self.bytes_out,
        }
