"""A PN532's conversation step by step on MicroPython; the bytes' sources stand in tests/edge/test_pn532.py."""

from edge import pn532
from edge.exchange import A_FEW, FIELD_OFF, LIST, TIMINGS, Exchange, retries

ASKED = "0000ff02fed4022a00"
ANSWER = bytes.fromhex("0000ff06fad50332010607e800")
VERSION = bytes.fromhex("32010607")
COMMAND = pn532.get_firmware_version()


class Line:
    """Plays the chip: `says` for each listening in turn, b"" for a time that passes. Notes what was sent."""

    def __init__(self, *says):
        self.says = list(says)
        self.now = 1000
        self.sent = []
        self.exchange = Exchange(lambda: self.now, 15, 100, 10)

    def run(self, steps):
        try:
            step = next(steps)
            while True:
                if isinstance(step, int):
                    data = self.says.pop(0) if self.says else b""
                    if not data:
                        self.now = max(self.now, step)
                    step = steps.send(data)
                else:
                    self.sent.append(step.hex())
                    step = next(steps)
        except StopIteration as end:
            return end.value

    def ask(self, command=COMMAND):
        return self.run(self.exchange.ask(command))


NACK = pn532.NACK.hex()


def test_an_answer_is_what_follows_its_code():
    line = Line(pn532.ACK, ANSWER)
    assert line.ask() == VERSION
    assert line.sent == [ASKED]
    assert line.exchange.faults == 0


def test_byte_by_byte_and_all_at_once_are_the_same():
    wire = pn532.ACK + ANSWER
    for size in (1, 2, 7, len(wire)):
        line = Line(*[wire[at : at + size] for at in range(0, len(wire), size)])
        assert line.ask() == VERSION
        assert line.sent == [ASKED]


def test_a_lost_ack_does_no_harm():
    assert Line(ANSWER).ask() == VERSION


def test_a_lost_answer_is_asked_for_again():
    line = Line(pn532.ACK, b"", ANSWER)
    assert line.ask() == VERSION
    assert line.sent == [ASKED, NACK]
    assert line.now == 1100


def test_a_spoilt_answer_is_asked_for_at_once():
    spoilt = ANSWER[:8] + b"\x55" + ANSWER[9:]
    line = Line(pn532.ACK, spoilt, ANSWER)
    assert line.ask() == VERSION
    assert line.sent == [ASKED, NACK]
    assert (line.now, line.exchange.faults) == (1000, 1)


def test_a_frame_that_misses_a_byte_is_asked_for_after_a_gap():
    line = Line(pn532.ACK, ANSWER[:7] + ANSWER[8:], b"", ANSWER)
    assert line.ask() == VERSION
    assert line.sent == [ASKED, NACK]
    assert line.now == 1010


def test_an_error_frame_has_the_command_sent_again():
    line = Line(pn532.ACK, bytes.fromhex("0000ff01ff7f8100"), pn532.ACK + ANSWER)
    line.says.insert(2, b"")  # what still comes is let pass
    assert line.ask() == VERSION
    assert line.sent == [ASKED, ASKED]


def test_a_mute_chip_is_asked_three_times():
    line = Line()
    assert line.ask() is None
    assert line.sent == [ASKED] * 3
    assert line.now == 1000 + 3 * 15
    assert (line.exchange.unsure, line.exchange.acked) == (True, False)


def test_a_late_answer_to_an_earlier_command_is_not_taken_for_this_ones():
    line = Line()
    line.ask()
    line.sent = []
    other = bytes.fromhex("0000ff06fad50332020807e500")  # what the earlier one would have told
    line.says = [b"", other, pn532.ACK, ANSWER]
    assert line.ask() == VERSION
    line.exchange.unsure = True
    line.says = [ANSWER, b"", pn532.ACK + ANSWER]  # what has come by then is dropped
    assert line.ask() == VERSION


def test_an_answer_to_another_command_is_passed_over():
    status = bytes.fromhex("0000ff03fdd5430000e800")
    line = Line(pn532.ACK, status, ANSWER)
    assert line.ask() == VERSION


def test_a_line_that_never_falls_silent_has_an_end():
    line = Line()

    def babble(steps):
        count = 0
        try:
            step = next(steps)
            while True:
                if isinstance(step, int):
                    count += 1
                    line.now += 1
                    step = steps.send(b"\x55\x00\xff")
                else:
                    step = next(steps)
        except StopIteration as end:
            return end.value, count

    answer, count = babble(line.exchange.ask(COMMAND))
    assert answer is None and count < 2000


def test_forgetting_ends_what_was_begun():
    line = Line(pn532.ACK + ANSWER[:7])
    steps = line.exchange.begin(COMMAND)
    line.run(steps)
    line.exchange.unsure = True
    line.exchange.forget()
    line.says = [pn532.ACK + ANSWER]
    assert line.ask() == VERSION


def test_the_settings_are_the_manuals():
    assert TIMINGS.hex() == "3202000b08"
    assert FIELD_OFF.hex() == "320100"
    assert retries(A_FEW).hex() == "3205ff0102"
    assert LIST.hex() == "4a0100"
