"""A PN532's conversation under random lines; step by step it stands in tests/micropython/cases/exchange.py."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from edge import pn532
from edge.exchange import Exchange

COMMAND = pn532.in_communicate_thru(b"\x3a\x04\x43")
PAGES = bytes(range(256))
BODY = b"\xd5\x43\x00" + PAGES
ANSWER = (
    b"\x00\x00\xff\xff\xff"
    + bytes((len(BODY) >> 8, len(BODY) & 0xFF, -(len(BODY) + (len(BODY) >> 8)) & 0xFF))
    + BODY
    + bytes((-sum(BODY) & 0xFF, 0))
)


class Line:
    """`says` in turn, b"" for a time that passes; then silence."""

    def __init__(self, says: list[bytes]) -> None:
        self.says = says
        self.now = 0
        self.steps = 0
        self.sent: list[bytes] = []

    def ask(self) -> bytes | None:
        steps = Exchange(lambda: self.now, 15, 100, 10).ask(COMMAND)
        try:
            step = next(steps)
            while True:
                self.steps += 1
                if isinstance(step, bytes):
                    self.sent.append(step)
                    step = next(steps)
                    continue
                data = self.says.pop(0) if self.says else b""
                if not data:
                    self.now = max(self.now, step)
                step = steps.send(data)
        except StopIteration as end:
            answer: bytes | None = end.value
            return answer


@given(st.lists(st.integers(0, len(ANSWER) + len(pn532.ACK)), max_size=6))
def test_cut_anywhere_it_is_the_same_answer(cuts: list[int]) -> None:
    wire = pn532.ACK + ANSWER
    ends = [0, *sorted(cuts), len(wire)]
    pieces = [wire[a:b] for a, b in pairwise(ends) if a < b]
    line = Line(pieces)
    assert line.ask() == b"\x00" + PAGES
    assert line.sent == [pn532.frame(COMMAND)]


@given(st.lists(st.binary(max_size=40), max_size=40))
def test_noise_is_no_answer_and_has_an_end(says: list[bytes]) -> None:
    line = Line(says)
    assert line.ask() is None
    assert line.steps < 200 and line.now < 2000


@given(st.integers(0, len(ANSWER) - 1), st.sampled_from(["drop", "flip", "insert"]), st.data())
def test_one_damaged_byte_is_never_taken_for_an_answer(at: int, kind: str, data: st.DataObject):
    if kind == "drop":
        spoilt = ANSWER[:at] + ANSWER[at + 1 :]
    elif kind == "flip":
        bit = 1 << data.draw(st.integers(0, 7))
        spoilt = ANSWER[:at] + bytes((ANSWER[at] ^ bit,)) + ANSWER[at + 1 :]
    else:
        spoilt = ANSWER[:at] + bytes((data.draw(st.integers(0, 255)),)) + ANSWER[at:]
    line = Line([pn532.ACK, spoilt, b"", ANSWER])
    assert line.ask() == b"\x00" + PAGES
