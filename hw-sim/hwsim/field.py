"""The RF field of one reader: which tags are in it, and what a frame costs (ISO/IEC 14443 type A, 106 kbit/s)."""

import binascii
from functools import partial

from hwsim.clock import FIELD_ON_US, FRAME_DELAY_US, Clock
from hwsim.faults import Faults
from hwsim.ntag import OFF, SEL1, SEL2, Tag

_REVERSED = bytes(int(f"{value:08b}"[::-1], 2) for value in range(256))
_START_END_BITS = 3  # of the reader's frame; with 9 bits a byte a READ lasts 368 us, as the NTAG21x data sheet says
_ANSWER_START_END_BITS = 2  # 16 bytes and CRC: 1548 us, ibid.


class Field:
    """Tags come and go by `arrive` and `leave`; a tag that has been here keeps its memory."""

    def __init__(self, clock: Clock, faults: Faults | None = None) -> None:
        self.clock = clock
        self.faults = faults if faults is not None else Faults()
        self.known: dict[bytes, Tag] = {}
        self.present: list[Tag] = []
        self.powered = False

    def arrive(self, tag: Tag) -> None:
        """The tag is in the field from now on; no effect where it is already."""
        self.known[tag.uid] = tag
        tag.cut = partial(self.faults.cut, tag)
        if tag not in self.present:
            self.present.append(tag)
            if self.powered:
                tag.power_on()

    def leave(self, uid: bytes | None = None) -> list[Tag]:
        """That tag, or every tag, is gone; returns who left."""
        gone = [tag for tag in self.present if uid in (None, tag.uid)]
        for tag in gone:
            tag.power_off()
            self.present.remove(tag)
        return gone

    def switch(self, on: bool) -> None:
        if on == self.powered:
            return
        self.powered = on
        if on:
            self.clock.silence(FIELD_ON_US)
        for tag in self.present:
            if on:
                tag.power_on()
            else:
                tag.power_off()

    def exchange(
        self, frame: bytes, timeout_us: float, *, short: bool = False, broken: bool = False
    ) -> list[bytes | int]:
        """Send a frame (without its CRC) and return what the tags answer, nothing for a silent field.

        short: 7 bits. broken: the CRC on the air is wrong, so that a selected tag answers NAK.
        """
        clock = self.clock
        clock.rf_exchanges += 1
        has_crc = not short and not is_anticollision(frame)
        clock.air(
            7 + _START_END_BITS if short else 9 * (len(frame) + 2 * has_crc) + _START_END_BITS
        )
        answers: list[bytes | int] = []
        if self.powered:
            for tag in tuple(self.present):
                programmed = tag.programmed
                answer = tag.receive_broken() if broken else tag.receive(frame, short)
                if tag.programmed != programmed:
                    clock.page()
                if tag.state == OFF:  # its power was cut
                    self.present.remove(tag)
                elif answer is not None:
                    answers.append(answer)
        if not answers:
            clock.silence(timeout_us)
            return answers
        answer = answers[0]
        clock.silence(FRAME_DELAY_US)
        bits = 4 if isinstance(answer, int) else 9 * (len(answer) + 2 * has_crc)
        clock.air(bits + _ANSWER_START_END_BITS)
        return answers


def is_anticollision(frame: bytes) -> bool:
    """SDD_REQ: SEL with a number of valid bits below a whole UID part; sent and answered without CRC."""
    return len(frame) >= 2 and frame[0] in (SEL1, SEL2) and frame[1] < 0x70


def crc_a(data: bytes) -> bytes:
    """CRC_A, two bytes as they stand on the air (ISO/IEC 14443-3, annex B)."""
    crc = binascii.crc_hqx(data.translate(_REVERSED), 0xC6C6)
    return bytes((_REVERSED[crc >> 8], _REVERSED[crc & 0xFF]))
