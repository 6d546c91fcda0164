"""What a Gen2 exchange costs on the air, in microseconds, and how fast tags can be singulated; nothing here waits.

EPC Gen2 / ISO/IEC 18000-63, "Interrogator-to-Tag communications", "Tag-to-Interrogator communications" and "Link
timing". PIE data are taken as half zeros, half ones. T2 is 5 periods of the link frequency (3 to 20 are allowed), T3
2 periods: with these the rates for a 96-bit EPC are 1,412 tags/s at FM0 640 kHz and 95 tags/s at Miller 8, 171 kHz.
"""

import math
from dataclasses import dataclass

from hwsim.gen2chips import Chip

_DELIMITER_US = 12.5
_T2, _T3 = 5, 2  # periods of the link frequency
_HANDLE_CRC = 16 + 16
_LARGEST_READ = 255  # words of one Read


@dataclass(frozen=True)
class Profile:
    """How reader and tag modulate: what LLRP calls a mode."""

    name: str
    tari_us: float  # a data-0 of the reader
    pie: float  # a data-1, in Tari: 1.5 to 2
    blf_khz: float  # the tag's link frequency
    miller: int  # 1 is FM0; 2, 4 or 8 cycles a symbol
    pilot: bool = False  # TRext
    divide_8: bool = False  # DR: 8, else 64/3

    @property
    def rtcal_us(self) -> float:
        return self.tari_us * (1 + self.pie)

    @property
    def trcal_us(self) -> float:
        return (8 if self.divide_8 else 64 / 3) / self.blf_khz * 1e3

    @property
    def t1_us(self) -> float:
        """From the reader's last edge to the tag's first."""
        return max(self.rtcal_us, 10 / self.blf_khz * 1e3)

    @property
    def t2_us(self) -> float:
        return _T2 / self.blf_khz * 1e3

    @property
    def t3_us(self) -> float:
        return _T3 / self.blf_khz * 1e3

    def send_us(self, bits: int, preamble: bool = False) -> float:
        """A command of the reader: frame-sync, or a Query's preamble, and its bits."""
        sync = _DELIMITER_US + self.tari_us + self.rtcal_us + (self.trcal_us if preamble else 0)
        return sync + bits * self.rtcal_us / 2

    def reply_us(self, bits: int, pilot: bool | None = None) -> float:
        """A reply of the tag: preamble, bits and the dummy 1 at its end."""
        extra = 12 if (self.pilot if pilot is None else pilot) else 0
        before = (6 if self.miller == 1 else 10) + extra
        return (before + bits + 1) * self.miller / self.blf_khz * 1e3

    def exchange_us(self, sent: int, replied: int, work_us: float | None = None) -> float:
        """A command and its reply, the pause after it included; work_us: what the tag needs before it, TRext then."""
        if work_us is None:
            return self.send_us(sent) + self.t1_us + self.reply_us(replied) + self.t2_us
        wait_us = max(self.t1_us, work_us)
        return self.send_us(sent) + wait_us + self.reply_us(replied, pilot=True) + self.t2_us

    # -- inventory --

    def query_us(self) -> float:
        """A Query alone, 22 bits."""
        return self.send_us(22, preamble=True)

    def select_us(self, mask_bits: int, pointer: int = 0) -> float:
        """A Select, to which nothing replies."""
        return self.send_us(36 + _ebv(pointer) + mask_bits + 1) + self.t2_us

    def empty_slot_us(self) -> float:
        """A QueryRep that no tag replies to."""
        return self.send_us(4) + self.t1_us + self.t3_us

    def collision_slot_us(self) -> float:
        """A QueryRep to which several tags reply at once."""
        return self.exchange_us(4, 16)

    def singulation_us(self, epc_words: int = 6) -> float:
        """QueryRep, RN16, ACK, and PC, EPC and CRC of one tag."""
        return self.collision_slot_us() + self.exchange_us(18, 16 + 16 * epc_words + 16)

    def round_us(self, tags: int, q: int, epc_words: int = 6) -> float:
        """One frame of 2^q slots with so many tags in it, as expected."""
        slots = Slots.expected(tags, 1 << q)
        return (
            self.query_us()
            - self.send_us(4)
            + slots.single * self.singulation_us(epc_words)
            + slots.collided * self.collision_slot_us()
            + slots.empty * self.empty_slot_us()
        )

    def tags_per_s(self, epc_words: int = 6) -> float:
        """Singulations a second of many tags at the best Q: e slots a tag, no capture effect."""
        collided = math.e - 2
        each_us = self.singulation_us(epc_words) + self.empty_slot_us()
        return 1e6 / (each_us + collided * self.collision_slot_us())

    # -- access: of a tag that has been singulated --

    def req_rn_us(self) -> float:
        return self.exchange_us(40, 32)

    def access_us(self) -> float:
        """Two halves of the password, each cover-coded with an RN16 of its own."""
        return 2 * (self.req_rn_us() + self.exchange_us(56, _HANDLE_CRC))

    def read_us(self, words: int, pointer: int = 0) -> float:
        return self.exchange_us(50 + _ebv(pointer), 1 + 16 * words + _HANDLE_CRC)

    def write_us(self, program_us: float, pointer: int = 0) -> float:
        """One word: Req_RN for the cover code, Write, and the reply after programming."""
        return self.req_rn_us() + self.exchange_us(58 + _ebv(pointer), 1 + _HANDLE_CRC, program_us)

    def block_write_us(self, words: int, program_us: float, pointer: int = 0) -> float:
        """So many words, not cover-coded."""
        sent = 50 + _ebv(pointer) + 16 * words
        return self.exchange_us(sent, 1 + _HANDLE_CRC, program_us)

    def block_erase_us(self, program_us: float, pointer: int = 0) -> float:
        return self.exchange_us(50 + _ebv(pointer), 1 + _HANDLE_CRC, program_us)

    def lock_us(self, program_us: float) -> float:
        return self.exchange_us(60, 1 + _HANDLE_CRC, program_us)

    def block_permalock_us(self, ranges: int, program_us: float) -> float:
        return self.exchange_us(67 + 16 * ranges, 1 + _HANDLE_CRC, program_us)

    def kill_us(self, program_us: float) -> float:
        """Two halves of the password as in `access_us`; the second reply comes after programming."""
        first = self.exchange_us(59, _HANDLE_CRC)
        return 2 * self.req_rn_us() + first + self.exchange_us(59, 1 + _HANDLE_CRC, program_us)


@dataclass(frozen=True)
class Slots:
    """How the slots of a frame end, on average."""

    empty: float
    single: float
    collided: float

    @classmethod
    def expected(cls, tags: int, slots: int) -> "Slots":
        """Each of the tags chooses one of the slots at random."""
        miss = 1 - 1 / slots
        empty = slots * miss**tags
        single = tags * miss ** (tags - 1) if tags else 0.0
        return cls(empty, single, max(0.0, slots - empty - single))


def floor_us(
    profile: Profile, chip: Chip, write_words: int, read_words: int, epc_words: int = 6
) -> float:
    """The least that it takes to write so many words and read so many of one tag, in one singulation.

    A Query with one slot, ACK, Req_RN, then BlockWrites as long as the chip takes them (Writes where it takes none),
    each from the chip's row boundary on, and Reads of up to 255 words; no Access, no Select, no try in vain.
    """
    total_us = profile.query_us() - profile.send_us(4) + profile.singulation_us(epc_words)
    total_us += profile.req_rn_us()
    step = chip.block_write_words or 1
    for first in range(0, write_words, step):
        words = min(step, write_words - first)
        program_us = chip.programming_us(first, words)
        if chip.block_write_words:
            total_us += profile.block_write_us(words, program_us, first)
        else:
            total_us += profile.write_us(program_us, first)
    for first in range(0, read_words, _LARGEST_READ):
        total_us += profile.read_us(min(_LARGEST_READ, read_words - first), first)
    return total_us


class AirClock:
    """Virtual microseconds by what they were spent on, and the traffic; nothing here waits."""

    def __init__(self) -> None:
        self._before_us = 0.0
        self._commands_before = 0
        self._zero()

    def reset(self) -> None:
        """All counters to zero; `now_us` and `all_commands` go on."""
        self._before_us = self.now_us
        self._commands_before = self.all_commands
        self._zero()

    def _zero(self) -> None:
        self.wire_us = 0.0
        self.air_us = 0.0
        self.idle_us = 0.0
        self.commands = 0
        self.singulations = 0
        self.words_read = 0
        self.words_written = 0
        self.bytes_in = 0
        self.bytes_out = 0

    @property
    def now_us(self) -> float:
        """Virtual time since the clock was made; never goes back."""
        return self._before_us + self.wire_us + self.air_us + self.idle_us

    @property
    def all_commands(self) -> int:
        """Commands of the host since the clock was made."""
        return self._commands_before + self.commands

    def uart_in(self, count: int, baud: int) -> None:
        self.bytes_in += count
        self.wire_us += count * 1e7 / baud

    def uart_out(self, count: int, baud: int) -> None:
        self.bytes_out += count
        self.wire_us += count * 1e7 / baud

    def air(self, duration_us: float) -> None:
        """An exchange with tags, their programming included."""
        self.air_us += duration_us

    def was_air(self, duration_us: float) -> None:
        """So much of the idle time that has passed was an exchange with tags."""
        duration_us = min(duration_us, self.idle_us)
        self.idle_us -= duration_us
        self.air_us += duration_us

    def idle(self, duration_us: float) -> None:
        """Nothing to do until something happens; not part of any total."""
        self.idle_us += duration_us

    def stats(self) -> dict[str, float]:
        """The counters since the last reset, times in ms; `total_ms` leaves idle time out."""
        return {
            "wire_ms": round(self.wire_us / 1e3, 3),
            "air_ms": round(self.air_us / 1e3, 3),
            "total_ms": round((self.wire_us + self.air_us) / 1e3, 3),
            "idle_ms": round(self.idle_us / 1e3, 3),
            "commands": self.commands,
            "singulations": self.singulations,
            "words_read": self.words_read,
            "words_written": self.words_written,
            "bytes_in": self.bytes_in,
            "bytes_out": self.bytes_out,
        }


PROFILES = {
    profile.name: profile
    for profile in (
        Profile("fm0-640", 6.25, 1.5, 640, 1),
        Profile("m2-640", 6.25, 1.5, 640, 2),
        Profile("m4-640", 6.25, 1.5, 640, 4),
        Profile("m4-274", 20.0, 2.0, 274, 4),
        Profile("m4-250", 25.0, 2.0, 250, 4),
        Profile("m8-171", 25.0, 2.0, 171, 8),
        Profile("fm0-160", 12.5, 2.0, 160, 1, pilot=True, divide_8=True),  # MagicRF M100: DR 8, M 1
    )
}


def _ebv(pointer: int) -> int:
    """Bits of a word pointer: seven a byte."""
    return 8 if pointer < 1 << 7 else 16 if pointer < 1 << 14 else 24
