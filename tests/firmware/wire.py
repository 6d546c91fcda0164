"""A simulated chip and the handheld's driver in one process: the wire's time runs, and nothing waits."""

from collections.abc import Generator
from typing import TypeVar

from hwsim.port import Device

T = TypeVar("T")


class Wire:
    """The chip's UART, its reset pin and the handheld's clock; bytes come when the last of them has left the chip."""

    def __init__(self, chip: Device) -> None:
        self.chip = chip
        self.hangs = False  # until it is reset
        self.us = 0.0  # the handheld's time
        self._coming: list[tuple[float, bytes]] = []
        self._low = False

    def ms(self) -> int:
        return int(self.us / 1000)

    def write(self, data: bytes) -> None:
        if self.hangs or self._low:
            return
        behind_us = self.us - self.chip.clock.now_us
        if behind_us > 0:
            self.chip.clock.idle(behind_us)
        self._coming += self.chip.answers(data)

    def read(self, n_max: int) -> bytes:
        data = b""
        while self._coming and self._coming[0][0] <= self.us:
            data += self._coming.pop(0)[1]
        assert len(data) <= n_max
        return data

    def reset(self, level: bool) -> None:
        self._low = not level
        if self._low:
            self.hangs = False
            self._coming.clear()
            self.chip.power_cycle()

    def run(self, task: Generator[int, None, T]) -> T:
        """To its end; a turn takes 50 us at least."""
        try:
            while True:
                self.us += 1000 * next(task) or 50
        except StopIteration as end:
            result: T = end.value
            return result
