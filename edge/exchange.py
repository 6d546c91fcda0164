"""One command of a PN532 and its answer, whatever the line loses, adds or turns round: a conversation without I/O.

NXP UM0701-02, 6.2 "Host controller communication protocol". A generator here yields bytes to be sent, and is resumed
without a value; or it yields an int, the time in ms until which it listens, and is sent what has come as soon as
something has: b"" at that time, and at once where it has passed and nothing has come.
"""

from edge import pn532

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from typing import TypeAlias

    Answer: TypeAlias = "Generator[bytes | int, bytes, bytes | None]"

A_FEW = 0x02  # three tries: the second finds a tag that was selected, and takes the first REQA as an error

FIELD_OFF = pn532.rf_configuration(0x01, b"\x00")
TIMINGS = pn532.rf_configuration(
    0x02, b"\x00\x0b\x08"
)  # ATR_RES 102.4 ms as delivered; a Type 2 tag 12.8 ms (the longest: WRITE, 10 ms)
LIST = pn532.in_list_passive_target(1)

_SENDS = 3  # of a command that is not answered
_DRAINS = 16  # reads of what still comes; a line without a chip may never fall silent


class Exchange:
    """now: ms, for all times here. ack_ms, answer_ms: patience with the chip; gap_ms: within a frame, then bytes of it
    are lost.

    acked: the chip has the last command. unsure: an answer to an earlier one may still come. faults: counted so far.
    """

    def __init__(
        self, now: "Callable[[], int]", ack_ms: "int", answer_ms: "int", gap_ms: "int"
    ) -> None:
        self.ack_ms = ack_ms
        self.answer_ms = answer_ms
        self.gap_ms = gap_ms
        self.acked = False
        self.unsure = False
        self.faults = 0
        self._now = now
        self._frames = pn532.Frames()

    def forget(self) -> None:
        """The chip has been started anew, or the rate changed: nothing is on its way."""
        self._frames.give_up()
        self.acked = self.unsure = False

    def ask(self, command: "bytes") -> "Answer":
        """What the chip answers, without its code; sent again where nothing comes; None: it is mute."""
        for _ in range(_SENDS):
            yield from self.begin(command)
            now = self._now()
            answer = yield from self.answer(command[0], now + self.ack_ms, now + self.answer_ms)
            if answer is None and self.acked:
                yield pn532.NACK
                again = self._now() + self.ack_ms
                answer = yield from self.answer(command[0], again, again)
            if answer is not None:
                return answer
            self.unsure = True
            self.faults += 1
        return None

    def begin(self, command: "bytes") -> "Generator[bytes | int, bytes, None]":
        """Send it, and no more."""
        if self.unsure:
            for _ in range(_DRAINS):
                if not (yield 0):
                    break
            self._frames.give_up()
        self.acked = False
        yield pn532.frame(command)

    def answer(self, code: "int", ack_by: "int", answer_by: "int") -> "Answer":
        """Data of the Response to `code`; None at a deadline, or on an error frame.

        A lost ACK does no harm, unless an answer to an earlier command may be on its way.
        """
        frames = self._frames
        damaged = frames.damaged
        while True:
            begun = frames.begun
            deadline = answer_by if self.acked else ack_by
            if begun:
                deadline = min(deadline, self._now() + self.gap_ms)
            data = yield deadline
            messages = frames.receive(data) if data else frames.give_up()
            for message in messages:
                if isinstance(message, pn532.Ack):
                    self.acked = True
                elif isinstance(message, pn532.ErrorFrame):
                    self.acked = False  # spoilt on the way, or the chip has lost its supply
                    return None
                elif (
                    isinstance(message, pn532.Response)
                    and message.code == code
                    and (self.acked or not self.unsure)
                ):
                    self.unsure = False
                    return message.data
            if self._now() > answer_by + self.answer_ms:
                return None
            if frames.damaged > damaged or (begun and not data):
                damaged = frames.damaged
                self.faults += 1
                yield pn532.NACK
            elif not data and not messages:
                return None


def retries(count: "int") -> "bytes":
    """MxRtyPassiveActivation: tries beside the first, A_FEW; 0xFF: until a target comes, or the host ends it."""
    return pn532.rf_configuration(0x05, bytes((0xFF, 0x01, count)))
