"""The SSD1306 display controller on I2C (Solomon Systech, rev 1.1): commands and data in, 128 x 64 pixels out."""

from collections.abc import Callable

WIDTH, PAGES = 128, 8

_CONTINUE, _DATA = 0x80, 0x40  # the control byte: Co, D/C#

_ARGUMENTS = {
    0x20: 1,
    0x21: 2,
    0x22: 2,
    0x23: 1,
    0x26: 6,
    0x27: 6,
    0x29: 5,
    0x2A: 5,
    0x81: 1,
    0x8D: 1,
    0xA3: 2,
    0xA8: 1,
    0xAD: 1,
    0xD3: 1,
    0xD5: 1,
    0xD6: 1,
    0xD9: 1,
    0xDA: 1,
    0xDB: 1,
}  # bytes after each command; the others have none


class Ssd1306:
    """One display. `changes` counts what has altered its picture."""

    def __init__(self) -> None:
        self.changes = 0
        self.power_cycle()

    def power_cycle(self) -> None:
        """As after a reset: off, page addressing; what the RAM holds is not said, here nothing."""
        self.memory = bytearray(WIDTH * PAGES)
        self.on = False
        self.all_lit = False
        self.inverted = False
        self.contrast = 0x7F
        self.charge_pump = False
        self.mode = 2
        self.columns = (0, WIDTH - 1)
        self.pages = (0, PAGES - 1)
        self.column = self.page = 0
        self.start_line = 0
        self.offset = 0
        self.rows = 64
        self.mirrored_columns = self.mirrored_rows = False
        self.unknown: list[int] = []
        self._command = bytearray()
        self.changes += 1

    def write(self, data: bytes) -> None:
        """One I2C write after the address: control bytes, each with what it announces."""
        at = 0
        while at + 1 < len(data):
            control = data[at]
            single = bool(control & _CONTINUE)
            end = at + 2 if single else len(data)
            take = self._store if control & _DATA else self._obey
            for value in data[at + 1 : end]:
                take(value)
            at = end

    def picture(self) -> list[list[bool]]:
        """64 rows of 128 pixels as the glass shows them: dark while the display or its charge pump is off."""
        if not self.on or not self.charge_pump:
            return [[False] * WIDTH for _ in range(64)]
        return [[self._lit(row, column) for column in range(WIDTH)] for row in range(64)]

    def lines(self) -> list[str]:
        """The picture as text, # for a lit pixel."""
        return ["".join(["#" if lit else "." for lit in row]) for row in self.picture()]

    def _lit(self, row: int, column: int) -> bool:
        if row >= self.rows:
            return False
        if self.all_lit:
            return True
        # Modules are mounted so that remapped columns and rows (A1, C8) put (0, 0) at the upper left.
        if not self.mirrored_rows:
            row = self.rows - 1 - row
        if not self.mirrored_columns:
            column = WIDTH - 1 - column
        row = (row + self.start_line + self.offset) % 64
        return bool(self.memory[WIDTH * (row // 8) + column] >> row % 8 & 1) != self.inverted

    def _store(self, value: int) -> None:
        self.memory[WIDTH * self.page + self.column] = value
        self.changes += 1
        first_column, last_column = self.columns if self.mode != 2 else (0, WIDTH - 1)
        first_page, last_page = self.pages
        if self.mode == 1:
            if self.page != last_page:
                self.page = (self.page + 1) % PAGES
                return
            self.page = first_page
        if self.column != last_column:
            self.column = (self.column + 1) % WIDTH
            return
        self.column = first_column
        if self.mode == 0:
            self.page = first_page if self.page == last_page else (self.page + 1) % PAGES

    def _obey(self, value: int) -> None:
        self._command.append(value)
        code = self._command[0]
        if len(self._command) <= _ARGUMENTS.get(code, 0):
            return
        arguments = bytes(self._command[1:])
        self._command.clear()
        self.changes += 1
        if code in _WITH_ARGUMENTS:
            _WITH_ARGUMENTS[code](self, arguments)
        elif code < 0x10:
            self.column = self.column & 0x70 | code
        elif code < 0x20:
            self.column = (code & 0x07) << 4 | self.column & 0x0F
        elif 0x40 <= code < 0x80:
            self.start_line = code & 0x3F
        elif code in (0xA0, 0xA1):
            self.mirrored_columns = code == 0xA1
        elif code in (0xA4, 0xA5):
            self.all_lit = code == 0xA5
        elif code in (0xA6, 0xA7):
            self.inverted = code == 0xA7
        elif code in (0xAE, 0xAF):
            self.on = code == 0xAF
        elif 0xB0 <= code < 0xB8:
            self.page = code & 7
        elif code in (0xC0, 0xC8):
            self.mirrored_rows = code == 0xC8
        elif code not in _WITHOUT_EFFECT:
            self.unknown.append(code)

    def _set_mode(self, arguments: bytes) -> None:
        self.mode = arguments[0] & 3

    def _set_columns(self, arguments: bytes) -> None:
        self.columns = (arguments[0] & 0x7F, arguments[1] & 0x7F)
        self.column = self.columns[0]

    def _set_pages(self, arguments: bytes) -> None:
        self.pages = (arguments[0] & 7, arguments[1] & 7)
        self.page = self.pages[0]

    def _set_contrast(self, arguments: bytes) -> None:
        self.contrast = arguments[0]

    def _set_charge_pump(self, arguments: bytes) -> None:
        self.charge_pump = bool(arguments[0] & 4)

    def _set_rows(self, arguments: bytes) -> None:
        self.rows = (arguments[0] & 0x3F) + 1

    def _set_offset(self, arguments: bytes) -> None:
        self.offset = arguments[0] & 0x3F


_WITH_ARGUMENTS: dict[int, Callable[[Ssd1306, bytes], None]] = {
    0x20: Ssd1306._set_mode,
    0x21: Ssd1306._set_columns,
    0x22: Ssd1306._set_pages,
    0x81: Ssd1306._set_contrast,
    0x8D: Ssd1306._set_charge_pump,
    0xA8: Ssd1306._set_rows,
    0xD3: Ssd1306._set_offset,
}
_WITHOUT_EFFECT = {0x2E, 0x2F, 0xE3, *(code for code in _ARGUMENTS if code not in _WITH_ARGUMENTS)}
