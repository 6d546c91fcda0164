"""The memory that the host and the simulated board share: levels of pins, counters, what cuts the power.

`board/*.py` holds the same offsets. Each place has one writer: who that is stands beside it.
"""

import mmap
import os
import struct
import tempfile

SIZE = 4096

BELL = 0  # host: moved on after each change of an input
HEAP_WATCHED = 1  # host: collect at each turn, and note what is left
AIR = 2  # host: is there a Wi-Fi?
FEEDS = 4  # board, u32: of its watchdog
WATCHDOG_MS = 8  # board, u32: 0 is none
CUT_AT = 12  # host, u32: the flash write in which the power goes; 0 is none
WRITES = 16  # board, u32: flash writes and erasures since the flash was made
CUT_SHARE = 20  # host: 256ths of that write that reach the flash
CAUSE = 24  # host, u32: why the board starts, as machine.reset_cause() says it
HEAP_PEAK = 28  # board, u32: bytes in use after a collection, at most since the host put 0 there
HEAP_AT_START = 32  # board, u32: bytes in use before boot.py
SEEDED = 36  # board: the files of the options lie on the flash
FLASH_SIZE = 40  # host, u32
PROG_SIZE = 44  # host, u32: of the file system, as the board's port has it
HEAP_OF_BOARD = (
    48  # board, u32: bytes that its modules take which a real one has outside of the heap
)
MEASURES = 52  # host: start no firmware, only note HEAP_OF_BOARD
LEVELS = 64  # a byte a pin
EDGES = 128  # host: a byte a pin, counts the changes of an input
MILLIVOLTS = 192  # host, u16 a pin: what its ADC measures
PINS = 64


class Wires:
    """The shared memory, and `number`, the open file that a child process maps."""

    def __init__(self) -> None:
        with tempfile.TemporaryFile() as file:
            file.truncate(SIZE)
            self.number = os.dup(file.fileno())
        self.memory = mmap.mmap(self.number, SIZE)
        self.memory[AIR] = 1

    def close(self) -> None:
        self.memory.close()
        os.close(self.number)

    def u32(self, at: int) -> int:
        return int(struct.unpack_from("<I", self.memory, at)[0])

    def put_u32(self, at: int, value: int) -> None:
        struct.pack_into("<I", self.memory, at, value)

    def level(self, pin: int) -> int:
        return self.memory[LEVELS + pin]

    def set_level(self, pin: int, level: int) -> None:
        """An input changes; the board hears of it."""
        if self.memory[LEVELS + pin] != level:
            self.memory[LEVELS + pin] = level
            self.memory[EDGES + pin] = self.memory[EDGES + pin] + 1 & 0xFF
            self.ring()

    def set_millivolts(self, pin: int, millivolts: int) -> None:
        struct.pack_into("<H", self.memory, MILLIVOLTS + 2 * pin, millivolts)

    def ring(self) -> None:
        self.memory[BELL] = self.memory[BELL] + 1 & 0xFF
