"""One RAIN tag: its four memory banks and what its commands do to them (EPC Gen2 / ISO/IEC 18000-63).

Whoever carries the frames adds handles and CRCs. An answer is bytes (a reply with that much data, b"" for a bare
success), an int (a reply with this error code), or None: silence.
"""

import binascii
import json
from collections.abc import Callable
from random import Random

from hwsim.gen2chips import WORD, Chip, by_name

Answer = bytes | int | None
Cut = Callable[[int, int, bytes, bytes], bytes | None]
"""Asked before a word (bank, word, old, new) changes: what a cut of the power leaves there, or None for no cut."""

RESERVED, EPC, TID, USER = range(4)

OTHER_ERROR = 0x0
MEMORY_OVERRUN = 0x3
MEMORY_LOCKED = 0x4
INSUFFICIENT_POWER = 0xB
NONSPECIFIC_ERROR = 0xF

OFF, READY, OPEN, SECURED, KILLED = range(5)

PC_WORD = 1
FIRST_EPC_WORD = 2
UMI = 0x0400  # of the PC word: user memory holds something
_COMPUTED = 0x0600  # UMI and XI: the tag's, not the writer's

KILL_PASSWORD, ACCESS_PASSWORD, EPC_LOCK, TID_LOCK, USER_LOCK = 4, 3, 2, 1, 0
"""Where a lock field's two bits stand in the 10 bits of mask and action, in pairs from the lowest."""

DISABLE_PERMALOCK, HIDE_USER, UNLOCK = 0b001, 0b010, 0b100
"""The recommissioning bits of a Kill: LSB, 2SB, 3SB (EPC Gen2 1.2.0, "Killing or recommissioning a Tag")."""

_PASSWORD_WRITE, _PERMALOCK = 0b10, 0b01  # of one lock field
_FACTORY_LOCKS = (_PASSWORD_WRITE | _PERMALOCK) << 2 * TID_LOCK


class RainTag:
    """Banks, locks and passwords survive; the session is forgotten when the power goes."""

    def __init__(self, chip: Chip, serial: bytes, epc: bytes | None = None) -> None:
        """serial: of the TID. epc: whole words; without one the tag has its TID there, as many leave the factory."""
        self.chip = chip
        tid = chip.tid(serial)
        self.banks = (
            bytearray(8),
            bytearray(WORD * (FIRST_EPC_WORD + chip.epc_words)),
            bytearray(tid),
            bytearray(WORD * chip.user_words),
        )
        self.locks = _FACTORY_LOCKS  # 10 bit, as Lock's action field has them
        self.permalocked: set[int] = set()  # blocks of the USER bank
        self.recommissioned = 0  # the bits that were asserted, ever
        self.killed = False
        self.programmed = 0  # words, ever
        self.weak = False  # the field is too weak to program anything
        self.cut: Cut | None = None
        self.state = OFF
        self._set_epc(tid[:12] if epc is None else epc)

    # -- what is in it --

    @property
    def tid(self) -> bytes:
        """The whole TID bank; names this tag."""
        return bytes(self.banks[TID])

    @property
    def pc(self) -> int:
        """The PC word with the bits that the tag computes."""
        stored = int.from_bytes(self.banks[EPC][2:4], "big") & ~_COMPUTED
        user = self._readout(USER)
        return stored | (UMI if user and user[0] & 0x1F else 0)

    @property
    def epc(self) -> bytes:
        """As many words as the PC's length field says, and the bank has."""
        return bytes(self.banks[EPC][4 : 4 + WORD * (self.pc >> 11)])

    @property
    def crc(self) -> int:
        """CRC-16 over PC and EPC."""
        return crc_16(self.pc.to_bytes(2, "big") + self.epc)

    def password(self, which: int) -> int:
        """The stored password: KILL_PASSWORD or ACCESS_PASSWORD."""
        at = 0 if which == KILL_PASSWORD else 4
        return int.from_bytes(self.banks[RESERVED][at : at + 4], "big")

    def lock_of(self, field: int) -> int:
        """Two bits: password-write, permalock."""
        return self.locks >> 2 * field & 0b11

    # -- power and session --

    def power_on(self) -> None:
        self.state = KILLED if self.killed else READY

    def power_off(self) -> None:
        self.state = OFF

    def singulate(self) -> bytes | None:
        """Query, ACK and Req_RN: PC and EPC as they come back (`crc` goes with them); the tag is open or secured."""
        if self.state in (OFF, KILLED):
            return None
        self.state = OPEN if self.password(ACCESS_PASSWORD) else SECURED
        return self.pc.to_bytes(2, "big") + self.epc

    def matches(self, bank: int, pointer: int, bits: int, mask: bytes) -> bool:
        """Does a Select's mask of so many bits (first bit highest) agree with the bank from bit `pointer` on?"""
        if bank == RESERVED or self.state in (OFF, KILLED):
            return False
        memory = self._readout(bank)
        if pointer + bits > 8 * len(memory):
            return not bits
        found = int.from_bytes(memory, "big") >> 8 * len(memory) - pointer - bits
        wanted = int.from_bytes(mask, "big") >> 8 * len(mask) - bits if bits else 0
        return not (found ^ wanted) & (1 << bits) - 1

    # -- commands --

    def access(self, password: int) -> Answer:
        """Secured where the password is right, else silent and out of the session."""
        if self.state not in (OPEN, SECURED):
            return None
        if password != self.password(ACCESS_PASSWORD):
            self.state = READY
            return None
        self.state = SECURED
        return b""

    def read(self, bank: int, pointer: int, words: int) -> Answer:
        """Words of a bank; `words` 0 means all from `pointer` to the end of the bank, in the EPC bank of the EPC."""
        if self.state not in (OPEN, SECURED):
            return None
        memory = self._readout(bank)
        end = len(memory) // WORD
        if not words:
            if bank == EPC and pointer <= FIRST_EPC_WORD + (self.pc >> 11):
                end = min(end, FIRST_EPC_WORD + (self.pc >> 11))
            words = end - pointer
        if words < 0 or pointer + words > end or pointer >= len(memory) // WORD:
            return MEMORY_OVERRUN
        if bank == RESERVED and self.recommissioned & UNLOCK:
            return MEMORY_LOCKED
        if bank == RESERVED and not all(
            self._may_read(KILL_PASSWORD if word < 2 else ACCESS_PASSWORD)
            for word in range(pointer, pointer + words)
        ):
            return MEMORY_LOCKED
        return memory[WORD * pointer : WORD * (pointer + words)]

    def write(self, bank: int, pointer: int, data: bytes) -> Answer:
        """One word."""
        if len(data) != WORD:
            raise ValueError("a Write has one word")
        return self._program(bank, pointer, data)

    def block_write(self, bank: int, pointer: int, data: bytes) -> Answer:
        """As many words as the chip takes; a word that may not be written leaves all unwritten."""
        chip, words = self.chip, len(data) // WORD
        if not chip.block_write_words:
            return None
        most = chip.block_write_words
        crosses = pointer // most != (pointer + words - 1) // most
        if not 0 < words <= most or (chip.block_write_aligned and crosses):
            return OTHER_ERROR
        return self._program(bank, pointer, data)

    def block_erase(self, bank: int, pointer: int, words: int) -> Answer:
        """Zeros."""
        if not self.chip.block_erase:
            return None
        return self.block_write(bank, pointer, bytes(WORD * words))

    def lock(self, mask: int, action: int) -> Answer:
        """mask, action: 10 bit each, as in the command. From the secured state only, else silent."""
        if self.state != SECURED:
            return None
        locks = self.locks & ~mask | action & mask
        for field in range(5):
            if self.lock_of(field) & _PERMALOCK and locks >> 2 * field & 0b11 != self.lock_of(
                field
            ):
                return MEMORY_LOCKED
        if self.weak:
            return INSUFFICIENT_POWER
        self.locks = locks & 0x3FF
        return b""

    def block_permalock(self, bank: int, pointer: int, ranges: int, mask: bytes) -> Answer:
        """Lock for ever the blocks whose bits are set; `pointer` and `ranges` count 16 blocks each."""
        refusal = self._permalock_refusal(bank, pointer, ranges)
        if refusal != b"":
            return refusal
        if len(mask) != WORD * ranges:
            raise ValueError("a mask has 16 bits a range")
        if self.weak:
            return INSUFFICIENT_POWER
        bits = int.from_bytes(mask, "big")
        for number in range(16 * ranges):
            block = 16 * pointer + number
            if bits >> 16 * ranges - 1 - number & 1 and block < self.chip.permalock_blocks:
                self.permalocked.add(block)
        return b""

    def permalock_status(self, bank: int, pointer: int, ranges: int) -> Answer:
        """BlockPermalock's reading form: a bit a block, two bytes a range."""
        refusal = self._permalock_refusal(bank, pointer, ranges)
        if refusal != b"":
            return refusal
        bits = 0
        for block in range(16 * pointer, 16 * (pointer + ranges)):
            bits = bits << 1 | (block in self.permalocked)
        return bits.to_bytes(WORD * ranges, "big")

    def kill(self, password: int, recommissioning: int = 0) -> Answer:
        """Silent for ever where the password is right; a kill password of zero never is.

        recommissioning: three bits; where one is set the tag lives on without what they take from it. The XPC_W1
        that would tell of it is not simulated.
        """
        if self.state not in (OPEN, SECURED):
            return None
        if not self.password(KILL_PASSWORD):
            return OTHER_ERROR
        if password != self.password(KILL_PASSWORD):
            self.state = READY
            return None
        if recommissioning and not self.chip.recommissions:
            return OTHER_ERROR
        if self.weak:
            return INSUFFICIENT_POWER
        if recommissioning:
            self._recommission(recommissioning)
            return b""
        self.killed = True
        self.state = KILLED
        return b""

    # -- below the commands --

    def _set_epc(self, epc: bytes) -> None:
        words = len(epc) // WORD
        if len(epc) % WORD or words > self.chip.epc_words:
            raise ValueError(
                f"{self.chip.name} holds {self.chip.epc_words} words of EPC: {epc.hex()}"
            )
        self.banks[EPC][2:4] = (words << 11).to_bytes(2, "big")
        self.banks[EPC][4 : 4 + len(epc)] = epc

    def _recommission(self, bits: int) -> None:
        self.recommissioned |= bits
        if bits & DISABLE_PERMALOCK:
            self.permalocked.clear()
        if bits & UNLOCK:
            self.locks = _FACTORY_LOCKS  # the TID is in ROM

    def _readout(self, bank: int) -> bytes:
        """The bank as Read and Select see it: CRC and PC computed."""
        if bank == USER and self.recommissioned & HIDE_USER:
            return b""
        if bank != EPC:
            return bytes(self.banks[bank])
        return (self.crc << 16 | self.pc).to_bytes(4, "big") + bytes(self.banks[EPC][4:])

    def _may_read(self, field: int) -> bool:
        lock = self.lock_of(field)
        return not lock & _PASSWORD_WRITE or (self.state == SECURED and not lock & _PERMALOCK)

    def _may_write(self, bank: int, word: int) -> bool:
        if bank == RESERVED:
            field = KILL_PASSWORD if word < 2 else ACCESS_PASSWORD
        else:
            field = {EPC: EPC_LOCK, TID: TID_LOCK, USER: USER_LOCK}[bank]
        if (bank, word) == (EPC, 0):  # the StoredCRC is the tag's
            return False
        size = self.chip.permalock_block_words
        if bank == USER and size and word // size in self.permalocked:
            return False
        return self._may_read(field)

    def _permalock_refusal(self, bank: int, pointer: int, ranges: int) -> Answer:
        """What to answer instead; b"" where nothing is wrong."""
        if not self.chip.permalock_blocks or self.state != SECURED:
            return None
        if self.recommissioned & (DISABLE_PERMALOCK | HIDE_USER):
            return None
        if bank != USER or not ranges:
            return OTHER_ERROR
        if pointer + ranges > -(-self.chip.permalock_blocks // 16):
            return MEMORY_OVERRUN
        return b""

    def _program(self, bank: int, pointer: int, data: bytes) -> Answer:
        if self.state not in (OPEN, SECURED):
            return None
        memory = self.banks[bank]
        words = range(pointer, pointer + len(data) // WORD)
        if WORD * words.stop > len(self._readout(bank)):
            return MEMORY_OVERRUN
        if not all(self._may_write(bank, word) for word in words):
            return MEMORY_LOCKED
        if bank == EPC and PC_WORD in words:
            pc = data[WORD * (PC_WORD - pointer)]
            if pc >> 3 > self.chip.epc_words:
                return MEMORY_OVERRUN
        if self.weak:
            return INSUFFICIENT_POWER
        for number, word in enumerate(words):
            at = WORD * word
            old, new = bytes(memory[at : at + 2]), data[WORD * number : WORD * number + 2]
            torn = self.cut(bank, word, old, new) if self.cut is not None else None
            self.programmed += 1
            memory[at : at + 2] = new if torn is None else torn
            if torn is not None:
                self.power_off()
                return None
        return b""

    # -- kept --

    def dump(self) -> dict[str, object]:
        """All that survives: chip, banks in hex, locks as 10 bits, permalocked blocks, recommissioning bits, killed."""
        reserved, epc, tid, user = (bank.hex() for bank in self.banks)
        return {
            "chip": self.chip.key,
            "reserved": reserved,
            "epc": epc,
            "tid": tid,
            "user": user,
            "locks": f"{self.locks:010b}",
            "permalocked": sorted(self.permalocked),
            "recommissioned": self.recommissioned,
            "killed": self.killed,
        }

    def load(self, image: dict[str, object]) -> None:
        """Take on a dump's memory; what is missing stays. ValueError where a bank has another size."""
        for name, bank in zip(("reserved", "epc", "tid", "user"), self.banks, strict=True):
            data = bytes.fromhex(str(image.get(name, bank.hex())))
            if len(data) != len(bank):
                raise ValueError(f"{self.chip.name}: {name} has {len(bank)} bytes, not {len(data)}")
            bank[:] = data
        self.locks = int(str(image.get("locks", f"{self.locks:b}")), 2) & 0x3FF
        blocks = image.get("permalocked", sorted(self.permalocked))
        if not isinstance(blocks, list):
            raise ValueError("permalocked is no list of blocks")
        self.permalocked = {int(block) for block in blocks}
        self.recommissioned = int(str(image.get("recommissioned", self.recommissioned))) & 0b111
        self.killed = bool(image.get("killed", self.killed))
        if self.killed and self.state != OFF:
            self.state = KILLED


def make(chip: Chip, random: Random, epc: bytes | None = None) -> RainTag:
    """A tag with a serial number out of `random`."""
    return RainTag(chip, random.randbytes(WORD * chip.serial_words), epc)


def from_tid(chip: Chip, tid: bytes, epc: bytes | None = None) -> RainTag:
    """A tag with this whole TID, taken as it is; ValueError where its length is not the chip's."""
    tag = RainTag(chip, bytes(WORD * chip.serial_words), epc)
    if len(tid) != len(tag.banks[TID]):
        raise ValueError(f"{chip.name} has a TID of {len(tag.banks[TID])} bytes, not {len(tid)}")
    tag.banks[TID][:] = tid
    if epc is None:
        tag._set_epc(tid[:12])
    return tag


def undump(text: str | bytes) -> RainTag:
    """The tag that `dump` describes, as JSON text; ValueError where it is none."""
    try:
        image = json.loads(text)
    except ValueError:
        raise ValueError("no dump of a tag: no JSON") from None
    if not isinstance(image, dict) or not isinstance(image.get("tid"), str):
        raise ValueError("no dump of a tag: chip and tid are missing")
    tag = from_tid(by_name(str(image.get("chip"))), bytes.fromhex(image["tid"]))
    tag.load(image)
    return tag


def crc_16(data: bytes) -> int:
    """CRC-16 of Gen2 ("Cyclic-redundancy check"): CCITT polynomial, preset FFFFh, inverted."""
    return binascii.crc_hqx(data, 0xFFFF) ^ 0xFFFF
