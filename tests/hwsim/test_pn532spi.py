"""The simulated PN532 on SPI: the wire's rules, and a published driver that knows nothing of us."""

import pytest

from hwsim import hsu
from hwsim.chips import CHIPS
from hwsim.clock import Clock
from hwsim.field import Field
from hwsim.ntag import Tag
from hwsim.pn532 import Pn532
from hwsim.pn532spi import SpiPort
from tests import circuitpython

UID = bytes.fromhex("04a1b2c3d4e5f6")
VERSION = hsu.frame(b"\xd4\x02")
SAM = hsu.frame(b"\xd4\x14\x01\x17")


class Bus:
    """A host that speaks least bit first, as UM0701-02 draws it."""

    def __init__(self) -> None:
        clock = Clock()
        self.field = Field(clock)
        self.tag = Tag(CHIPS["ntag215"], UID)
        self.port = SpiPort(Pn532(self.field, clock))

    def transaction(self, data: bytes) -> bytes:
        self.port.select(True)
        answer = self.port.transfer(data, lsb_first=True)
        self.port.select(False)
        return answer

    def write(self, frame: bytes) -> None:
        self.transaction(b"\x01" + frame)

    def ready(self) -> bool:
        return self.transaction(b"\x02\x00")[1] == 1

    def read(self, size: int) -> bytes:
        return self.transaction(b"\x03" + bytes(size))[1:]

    def wake(self) -> None:
        self.transaction(b"\x00")
        self.write(SAM)
        assert self.read(6) == hsu.ACK and self.ready()
        self.read(9)


@pytest.fixture
def bus() -> Bus:
    return Bus()


def test_the_ack_and_the_answer_are_each_ready_in_their_turn(bus: Bus) -> None:
    bus.wake()
    assert not bus.ready()
    bus.write(VERSION)
    assert bus.ready() and bus.read(6) == hsu.ACK
    assert bus.ready() and bus.read(13) == hsu.frame(bytes.fromhex("d50332010607"))
    assert not bus.ready()


def test_the_transaction_that_wakes_the_chip_is_lost(bus: Bus) -> None:
    bus.write(SAM)
    assert not bus.ready()
    bus.write(SAM)
    assert bus.ready()


def test_a_frame_read_in_two_transactions_goes_on_with_the_hosts_first_byte(bus: Bus) -> None:
    bus.wake()
    bus.write(VERSION)
    bus.read(6)
    assert bus.read(5) == bytes.fromhex("0000ff06fa")
    assert bus.transaction(b"\x03" + bytes(7)) == bytes.fromhex("d50332010607e800")


def test_bytes_of_the_other_bit_order_are_noise(bus: Bus) -> None:
    bus.wake()
    bus.port.select(True)
    bus.port.transfer(b"\x01" + VERSION)  # most bit first: 80h is no kind of transaction
    bus.port.select(False)
    assert not bus.ready()


def test_a_new_frame_of_the_host_ends_what_was_not_read(bus: Bus) -> None:
    bus.wake()
    bus.write(VERSION)
    bus.write(hsu.frame(b"\xd4\x04"))
    assert bus.read(6) == hsu.ACK
    assert bus.read(12).startswith(bytes.fromhex("0000ff06fad505"))


def test_nothing_is_heard_without_select_and_nothing_stands_after_a_reset(bus: Bus) -> None:
    bus.wake()
    assert bus.port.transfer(b"\x02\x00", lsb_first=True) == b"\xff\xff"
    bus.write(VERSION)
    bus.port.power_cycle()
    assert not bus.ready()


def test_a_tag_that_comes_later_ends_the_wait(bus: Bus) -> None:
    bus.wake()
    bus.write(hsu.frame(b"\xd4\x4a\x01\x00"))
    assert bus.read(6) == hsu.ACK and not bus.ready()
    assert bus.port.do({"do": "arrive", "uid": UID.hex()})["uid"] == UID.hex()
    assert bus.ready() and UID in bus.read(24)
    with pytest.raises(ValueError, match="soldered"):
        bus.port.do({"do": "unplug"})


@pytest.mark.witness
def test_adafruits_driver_reads_and_writes_a_tag(bus: Bus, monkeypatch: pytest.MonkeyPatch) -> None:
    module = circuitpython.driver(monkeypatch, "adafruit_pn532.spi")
    select = circuitpython.Output(lambda level: bus.port.select(not level))
    reader = module.PN532_SPI(circuitpython.Spi(bus.port.transfer), select)
    assert tuple(reader.firmware_version) == (0x32, 1, 6, 7)
    reader.SAM_configuration()
    bus.field.arrive(bus.tag)
    assert bytes(reader.read_passive_target(timeout=1)) == UID
    assert reader.ntag2xx_write_block(6, b"\xfe\xed\xbe\xef")
    assert bytes(reader.ntag2xx_read_block(6)) == b"\xfe\xed\xbe\xef"
    assert bus.tag.memory[24:28] == b"\xfe\xed\xbe\xef"
    bus.field.leave()
    assert reader.ntag2xx_read_block(6) is None
