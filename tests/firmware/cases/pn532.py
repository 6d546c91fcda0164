"""The PN532 driver's conversation byte by byte, on a UART and on SPI; frames as NXP UM0701-02 has them, 6.2 and 7.

The chip is a script: what it must be sent, and what it then answers. It runs on the simulator's chip, with all that
goes wrong, in test_pn532_on_sim.py.
"""

from expect import raises

from edge import pn532
from reader.errors import DeviceTrouble, ReaderGone, TagGone, TagRefused
from reader.pn532 import Backoff, Pn532
from reader.spi import SpiPort, turned

SAM = "0000ff03fdd414011700", "0000ff02fed5151600"
VERSION = "0000ff02fed4022a00", "0000ff06fad50332010607e800"
TIMINGS = "0000ff06fad43202000b08e500", "0000ff02fed533f800"
RETRIES = "0000ff06fad43205ff0102f300", "0000ff02fed533f800"
WAKE = [(pn532.WAKEUP.hex(), None), SAM, VERSION, TIMINGS, RETRIES]


def said(command, data):
    """A command and the chip's answer to it, framed; both in hex."""
    body = bytes((0xD5, int(command[:2], 16) + 1)) + bytes.fromhex(data)
    size = len(body)
    if size < 256:
        head = bytes((size, -size & 0xFF))
    else:
        head = bytes((255, 255, size >> 8, size & 255, -(size + (size >> 8)) & 0xFF))
    answer = b"\x00\x00\xff" + head + body + bytes((-sum(body) & 0xFF, 0))
    return pn532.frame(bytes.fromhex(command)).hex(), answer.hex()


LIST = "0000ff04fcd44a0100e100"
UID = "04a1b2c3d4e5f6"
LISTED = said("4a0100", "010100440007" + UID)
NO_TAG = LIST, "0000ff03fdd54b00e000"
OTHER = said("4a0100", "01010044000704112233445566")


class Script:
    """A port, a clock and a reset pin. steps: (hex it must be sent, hex of its answer or None: it sends nothing)."""

    def __init__(self, steps):
        self.steps = list(steps)
        self.now = 0
        self.levels = []
        self.dead = False
        self.noise = b""
        self._out = b""

    def ms(self):
        return self.now

    def reset(self, level):
        self.levels.append(level)

    def write(self, data):
        if self.dead:
            return
        wanted, answer = self.steps.pop(0)
        assert data.hex() == wanted, (data.hex(), wanted)
        if answer is not None:
            self._out += pn532.ACK + bytes.fromhex(answer)

    def read(self, n_max):
        if self.noise:
            return self.noise
        data = self._out[:11]  # what a UART brings in a ms
        self._out = self._out[11:]
        return data

    def run(self, task):
        try:
            while True:
                self.now += next(task)
        except StopIteration as end:
            return end.value

    def ended(self):
        return not self.steps and not self._out


def open_reader(steps):
    wire = Script(WAKE + list(steps))
    return wire, Pn532(wire, wire.reset, wire)


def test_the_chip_is_reset_woken_and_set_before_the_first_look():
    wire, reader = open_reader([NO_TAG])
    assert wire.run(reader.target()) is None
    assert wire.levels == [False, True]
    assert reader.firmware == bytes.fromhex("32010607")
    assert wire.ended() and (reader.resets, reader.bus_errors) == (1, 0)


def test_a_tag_is_read_by_one_long_run_and_written_after_a_look_for_a_second_one():
    pages = bytes(range(240)).hex()
    wire, reader = open_reader(
        [
            LISTED,
            said("42" + "3a043f", "00" + pages),
            LISTED,
            said("4001a20501020304", "00"),
            said("4001a20605060708", "00"),
        ]
    )
    assert wire.run(reader.target()).uid.hex() == UID
    assert wire.run(reader.pages(4, 60)).hex() == pages
    wire.run(reader.write(5, b"\x01\x02\x03\x04"))
    wire.run(reader.write(6, b"\x05\x06\x07\x08"))
    assert wire.ended()


def test_an_extended_frame_brings_65_pages():
    pages = (bytes(range(256)) + bytes(4)).hex()
    wire, reader = open_reader([LISTED, said("42" + "3a0040", "00" + pages)])
    wire.run(reader.target())
    assert wire.run(reader.pages(0, 65)).hex() == pages


def test_a_nak_selects_again_and_a_page_that_stays_refused_is_named():
    write = said("4001a20501020304", "13")
    wire, reader = open_reader([LISTED, LISTED, write, LISTED, write, LISTED])
    wire.run(reader.target())
    assert "page 5" in raises(TagRefused, wire.run, reader.write(5, b"\x01\x02\x03\x04"))
    assert wire.ended()


def test_a_tag_that_is_gone_and_two_tags_are_told_apart():
    wire, reader = open_reader([LISTED, NO_TAG])
    wire.run(reader.target())
    raises(TagGone, wire.run, reader.write(5, bytes(4)))
    raises(TagGone, wire.run, reader.pages(5, 1))
    wire, reader = open_reader([LISTED, OTHER, LISTED])
    wire.run(reader.target())
    assert "two tags" in raises(DeviceTrouble, wire.run, reader.write(5, bytes(4)))


def test_a_lost_ack_a_lost_answer_and_a_spoilt_frame_are_survived():
    wire, reader = open_reader([LISTED, (LIST, None), LISTED])
    wire.run(reader.target())
    assert wire.run(reader.present())
    assert reader.bus_errors == 1
    spoilt = LISTED[1][:-8] + "00" + LISTED[1][-6:]
    nack = pn532.NACK.hex()
    wire, reader = open_reader([(LIST, spoilt), (nack, LISTED[1])])
    assert wire.run(reader.target()).uid.hex() == UID
    assert wire.ended()


def test_a_chip_that_is_mute_is_gone_and_reset_at_the_next_look():
    wire, reader = open_reader([LISTED])
    wire.run(reader.target())
    wire.dead = True
    before = wire.now
    raises(ReaderGone, wire.run, reader.pages(0, 4))
    assert wire.now - before < 200
    raises(ReaderGone, wire.run, reader.target())
    wire.dead = False
    wire.steps = list(WAKE)
    wire.steps.append(LISTED)
    wire.levels = []
    assert wire.run(reader.target()).uid.hex() == UID
    assert wire.levels == [False, True]


def test_a_line_that_never_falls_silent_ends_in_a_reader_that_is_gone():
    class Babble(Script):
        def write(self, data):
            pass

        def run(self, task):
            try:
                while True:
                    self.now += next(task) or 1
            except StopIteration as end:
                return end.value

    wire = Babble([])
    wire.noise = b"\x00\xff\x55"
    raises(ReaderGone, wire.run, Pn532(wire, wire.reset, wire).target())
    assert wire.now < 10000


def test_power_down_is_left_without_a_reset():
    wire, reader = open_reader([NO_TAG, said("1630", "00")])
    wire.steps += WAKE
    wire.steps.append(NO_TAG)
    wire.run(reader.target())
    wire.run(reader.idle())
    wire.run(reader.idle())
    assert not wire.run(reader.present())
    assert wire.run(reader.target()) is None
    assert wire.ended() and reader.resets == 1


def test_back_off_doubles_up_to_five_seconds():
    backoff = Backoff()
    assert [backoff.failed() for _ in range(8)] == [100, 200, 400, 800, 1600, 3200, 5000, 5000]
    backoff.succeeded()
    assert backoff.failed() == 100


class Spi:
    """The wires of a PN532 on SPI: every transfer is noted; what the chip gives stands in `ready`, frame by frame."""

    def __init__(self):
        self.sent = []
        self.ready = []
        self._at = -1
        self._kind = 0

    def select(self, low):
        if not low and self._kind == 0xC0:
            self.ready.pop(0)
        self._kind = 0
        self._at = -1
        self.sent.append("(" if low else ")")

    def transfer(self, data):
        self.sent.append(data.hex())
        given = []
        for byte in data:
            given.append(self._given(byte))
        return bytes(given)

    def _given(self, byte):
        if self._at < 0:
            self._kind = byte
            self._at = 0
            return 0
        if self._kind == 0x40:
            return 0x80 if self.ready else 0
        if self._kind == 0xC0:
            self._at += 1
            return turned(self.ready[0] + bytes(9))[self._at - 1]
        return 0


def test_bits_are_turned_round():
    assert turned(b"\x01\x02\x03\x80\xff\x00\x35") == b"\x80\x40\xc0\x01\xff\x00\xac"
    assert turned(turned(bytes(range(256)))) == bytes(range(256))


def test_on_spi_a_write_begins_with_01_least_bit_first():
    spi = Spi()
    SpiPort(spi.transfer, spi.select).write(bytes.fromhex(VERSION[0]))
    # 01 | 00 00 FF 02 FE D4 02 2A 00, each turned round
    assert spi.sent == ["(", "80" + "0000ff407f2b405400", ")"]


def test_on_spi_the_status_is_read_until_a_frame_is_ready_and_it_is_read_whole():
    spi = Spi()
    port = SpiPort(spi.transfer, spi.select)
    assert port.read(300) == b""
    assert spi.sent == ["(", "4000", ")"]
    long = said("42", "00" + bytes(range(255)).hex() + "0000000000")[1]
    for frame in (pn532.ACK.hex(), VERSION[1], "0000ff01ff7f8100", pn532.NACK.hex(), long):
        spi.sent = []
        spi.ready = [bytes.fromhex(frame)]
        assert port.read(300).hex() == frame
        assert spi.sent[:5] == ["(", "4000", ")", "(", "c0"]
        assert sum([len(each) // 2 for each in spi.sent[5:-1]]) == len(frame) // 2
        assert port.read(300) == b""


def test_on_spi_noise_is_never_more_than_a_frame_and_a_missing_chip_is_silent():
    class Noise:
        def __init__(self, byte):
            self.byte = byte

        def transfer(self, data):
            return bytes([self.byte] * len(data))

        def select(self, low):
            pass

    for byte in (0x00, 0xFF):
        assert SpiPort(Noise(byte).transfer, Noise(byte).select).read(300) == b""
    spi = Spi()
    spi.ready = [b"\x00\x00\xff\xff\xff\xff\xff\x02" + bytes(600)]
    assert len(SpiPort(spi.transfer, spi.select).read(300)) == 300


def test_the_driver_runs_on_spi_unchanged():
    spi = Spi()
    steps = list(WAKE)
    steps += [LISTED, said("423a0407", "00" + bytes(16).hex())]

    class Chip:
        def __init__(self):
            self.now = 0

        def ms(self):
            return self.now

    def transfer(data):
        if data[0] == 0x80 and len(data) > 1:
            wanted, answer = steps.pop(0)
            assert turned(data[1:]).hex() == wanted
            if answer is not None:
                spi.ready += [pn532.ACK, bytes.fromhex(answer)]
        return spi.transfer(data)

    chip = Chip()
    reader = Pn532(SpiPort(transfer, spi.select), None, chip)
    assert Script.run(chip, reader.target()).uid.hex() == UID
    assert Script.run(chip, reader.pages(4, 4)) == bytes(16)
    assert not steps and not spi.ready
