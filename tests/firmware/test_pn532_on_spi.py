"""The handheld's PN532 driver over SPI on the simulator's SPI side, which was written apart from it."""

from collections.abc import Generator
from typing import TypeVar

import pytest

from hwsim import pn532spi
from hwsim.chips import CHIPS
from hwsim.clock import Clock
from hwsim.field import Field
from hwsim.ntag import Tag
from hwsim.pn532 import Pn532 as Chip
from reader.errors import ReaderGone, TagGone
from reader.pn532 import Pn532
from reader.spi import SpiPort

T = TypeVar("T")

UID = bytes.fromhex("04a1b2c3d4e5f6")


class Bus:
    """The simulated chip on its bus, its reset pin, and the handheld's clock."""

    def __init__(self) -> None:
        clock = Clock()
        self.chip = Chip(Field(clock), clock)
        self.spi = pn532spi.SpiPort(self.chip)
        self.port = SpiPort(self.transfer, self.spi.select)
        self.hangs = False
        self.now = 0

    def ms(self) -> int:
        return self.now

    def transfer(self, data: bytes) -> bytes:
        return b"\xff" * len(data) if self.hangs else self.spi.transfer(data)

    def reset(self, level: bool) -> None:
        if not level:
            self.hangs = False
            self.spi.power_cycle()

    def run(self, task: Generator[int, None, T]) -> T:
        try:
            while True:
                self.now += next(task)
        except StopIteration as end:
            result: T = end.value
            return result


@pytest.fixture
def bus() -> Bus:
    return Bus()


@pytest.fixture
def reader(bus: Bus) -> Pn532:
    return Pn532(bus.port, bus.reset, bus)


def test_a_tag_is_found_read_written_and_seen_leaving(bus, reader) -> None:
    assert bus.run(reader.target()) is None
    tag = Tag(CHIPS["ntag215"], UID)
    bus.chip.field.arrive(tag)
    assert bus.run(reader.target()).uid == UID
    assert bus.run(reader.pages(0, 135)) == bytes(tag.memory[:-8]) + bytes(8)
    for page in range(4, 12):
        bus.run(reader.write(page, bytes((page, 0xFF, 0x00, 0x55))))
    assert bus.run(reader.pages(4, 8)) == bytes(tag.memory[16:48])
    bus.chip.field.leave()
    with pytest.raises(TagGone):
        bus.run(reader.pages(4, 8))
    assert (reader.bus_errors, reader.resets) == (0, 1)


def test_power_down_is_left_by_the_next_look(bus, reader) -> None:
    bus.chip.field.arrive(Tag(CHIPS["ntag215"], UID))
    for _ in range(3):
        assert bus.run(reader.target()).uid == UID
        bus.run(reader.idle())
        assert bus.chip.power == "powerdown"
    assert reader.resets == 1


def test_a_hung_chip_is_gone_and_reset(bus, reader) -> None:
    bus.chip.field.arrive(Tag(CHIPS["ntag215"], UID))
    bus.run(reader.target())
    bus.hangs = True
    with pytest.raises(ReaderGone):
        bus.run(reader.pages(0, 4))
    assert bus.run(reader.target()).uid == UID
    assert reader.resets == 2


@pytest.mark.parametrize("fault", [("lost_ack", {}), ("lost_answer", {})])
def test_what_is_lost_is_asked_for(bus, reader, fault) -> None:
    tag = Tag(CHIPS["ntag215"], UID)
    bus.chip.field.arrive(tag)
    bus.run(reader.target())
    bus.chip.faults.add(*fault)
    assert bus.run(reader.pages(4, 4)) == bytes(tag.memory[16:32])
