"""The M100 driver's conversation byte by byte; frames of the manual ("Unit RFID-UHF protocol", the same samples)."""

from expect import raises

from edge import m100
from reader.errors import ReaderGone
from reader.m100 import M100

INFO = "bb0003000100047e"
SEEN = "bb02220011c9340030751feb705c5904e3d50d703a76ef7e"  # RSSI C9: -55 dBm
NO_TAG = "bb01ff000115167e"
EPC = bytes.fromhex("30751feb705c5904e3d50d70")
POLL = "bb00220000227e"
SET = "bb010c0001000e7e"
QUERY = "bb010e000100107e"


def name(text):
    body = bytes((1, 3, 0, len(text) + 1, 0)) + text.encode()
    return (b"\xbb" + body + bytes((sum(body) & 0xFF, 0x7E))).hex()


class Script:
    """A port and a clock. steps: (hex it must be sent, hex of what it says)."""

    def __init__(self, steps):
        self.steps = list(steps)
        self.now = 0
        self._out = b""

    def ms(self):
        return self.now

    def write(self, data):
        if not self.steps:
            return
        wanted, answer = self.steps.pop(0)
        assert data.hex() == wanted, (data.hex(), wanted)
        self._out += bytes.fromhex(answer)

    def read(self, n_max):
        data = self._out[:23]
        self._out = self._out[23:]
        return data

    def run(self, task):
        try:
            while True:
                self.now += next(task)
        except StopIteration as end:
            return end.value


WAKE = [("00", ""), (INFO, name("M100 V1.00"))]
ALL = [
    ("bb0012000101147e", SET),
    (m100.set_query(0, 4).hex(), QUERY),
]


def test_it_is_woken_and_told_to_listen_to_all_tags_before_the_first_poll():
    wire = Script(WAKE + ALL)
    wire.steps.append((POLL, SEEN + NO_TAG))
    wire.steps.append((POLL, NO_TAG))
    rain = M100(wire, wire)
    assert wire.run(rain.poll()) == (EPC, -55)
    assert wire.run(rain.poll()) is None
    assert not wire.steps


def test_region_and_power_are_set_when_asked_for():
    wire = Script(WAKE)
    wire.steps.append(("bb00070001030b7e", "bb0107000100097e"))
    wire.steps.append(("bb00b6000207d08f7e", "bb01b6000100b87e"))
    wire.run(M100(wire, wire, "eu", 20).wake())
    assert not wire.steps


def test_the_loudest_tag_is_told_and_the_end_of_the_round_is_silence():
    other = m100.Frames().receive(bytes.fromhex(SEEN))[0].params
    other = bytes((0xD0,)) + other[1:14] + b"\x71" + other[15:]
    body = b"\x02\x22\x00\x11" + other
    louder = (b"\xbb" + body + bytes((sum(body) & 0xFF, 0x7E))).hex()
    wire = Script(WAKE + ALL)
    wire.steps.append((POLL, SEEN + louder + SEEN))
    rain = M100(wire, wire)
    assert wire.run(rain.poll()) == (EPC[:-1] + b"\x71", -48)
    assert wire.now < 300


def test_a_poll_for_one_tag_selects_it_once():
    wire = Script(WAKE)
    wire.steps += [
        (m100.set_select(1, 32, EPC).hex(), SET),
        (m100.set_select_mode(m100.ALWAYS).hex(), SET),
        (m100.set_query(0, 0).hex(), QUERY),
        (POLL, SEEN),
        (POLL, NO_TAG),
    ]
    rain = M100(wire, wire)
    assert wire.run(rain.poll(EPC)) == (EPC, -55)
    assert wire.run(rain.poll(EPC)) is None
    assert not wire.steps


def test_a_mute_module_is_gone():
    wire = Script([])
    rain = M100(wire, wire)
    assert "UHF" in raises(ReaderGone, wire.run, rain.version())
    assert "UHF" in raises(ReaderGone, wire.run, rain.poll())
    assert wire.now < 1000


def test_it_sleeps_once():
    wire = Script(WAKE)
    wire.steps.append(("bb00170000177e", "bb0117000100197e"))
    rain = M100(wire, wire)
    wire.run(rain.sleep())
    wire.run(rain.wake())
    wire.run(rain.sleep())
    wire.run(rain.sleep())
    assert not wire.steps
