"""One NTAG21x in the reader's field: frames in, answers out (NXP data sheet NTAG213/215/216 rev. 3.2).

The tag sees frames without their CRC: whoever carries them adds and checks it. An answer is bytes (sent with a
CRC, except ATQA and UID parts), an int (a 4-bit ACK or NAK), or None: silence.
"""

from collections.abc import Callable

from hwsim.chips import CHIPS, Chip

Answer = bytes | int | None
Cut = Callable[[int, bytes, bytes], bytes | None]
"""Asked before page `n` changes from old to new: what a cut of the power leaves there, or None for no cut."""

ACK = 0xA
NAK_ARGUMENT = 0x0
NAK_CRC = 0x1
NAK_AUTH_LIMIT = 0x4

OFF, IDLE, READY1, READY2, ACTIVE, HALT = range(6)

REQA, WUPA = 0x26, 0x52  # 7-bit frames
SEL1, SEL2 = 0x93, 0x95

STATIC_LOCK_PAGE = 2
CC_PAGE = 3


class Tag:
    """The memory survives; everything else is forgotten when the field goes."""

    def __init__(self, chip: Chip, uid: bytes, memory: bytes | None = None) -> None:
        if len(uid) != 7:
            raise ValueError(f"an NTAG's UID has 7 bytes, not {len(uid)}")
        self.chip = chip
        self.uid = uid
        self.memory = bytearray(memory) if memory is not None else chip.factory_memory(uid)
        if len(self.memory) != 4 * chip.pages:
            raise ValueError(f"{chip.name} holds {4 * chip.pages} bytes, not {len(self.memory)}")
        self.read_counter = 0  # 24 bit
        self.failed_logins = 0
        self.programmed = 0  # pages, ever
        self.cut: Cut | None = None
        self.state = OFF
        self._rest = IDLE
        self._uid_parts = (
            bytes([0x88, *uid[:3], self.memory[3]]),
            bytes([*uid[3:], self.memory[8]]),
        )
        self.power_off()

    def power_off(self) -> None:
        self.state = OFF
        self.authenticated = False
        self._second_phase: int | None = None
        self._counted = False

    def power_on(self) -> None:
        """The field comes: AUTH0 and ACCESS are taken from the configuration pages now, and only now."""
        self.power_off()
        self.state = self._rest = IDLE
        config = 4 * self.chip.config_page
        self.auth0 = self.memory[config + 3]
        self.access = self.memory[config + 4]

    def receive(self, frame: bytes, short: bool = False) -> Answer:
        """Answer one frame; `short` frames have 7 bits. A power cut leaves the tag OFF and silent."""
        if short:
            return self._wake(frame[0])
        if self.state == ACTIVE:
            return self._command(frame)
        if self.state in (READY1, READY2):
            return self._anticollision(frame)
        return None

    def receive_broken(self) -> Answer:
        """A frame whose CRC does not match."""
        if self.state == ACTIVE:
            return self._nak(NAK_CRC)
        if self.state in (READY1, READY2):
            self._fall_back()
        return None

    # -- selection (ISO/IEC 14443-3, type A) --

    def _wake(self, command: int) -> Answer:
        if self.state == OFF:
            return None
        if self.state == IDLE or (self.state == HALT and command == WUPA):
            if command in (REQA, WUPA):
                self._rest = self.state
                self.state = READY1
                return b"\x44\x00"
            return None
        if self.state != HALT:
            self._fall_back()
        return None

    def _anticollision(self, frame: bytes) -> Answer:
        level = self.state == READY2
        part = self._uid_parts[level]
        if len(frame) >= 2 and frame[0] == (SEL2 if level else SEL1):
            if frame[1] == 0x70 and frame[2:7] == part:
                if level:
                    self.state = ACTIVE
                    self.authenticated = False
                    self._second_phase = None
                    return b"\x00"
                self.state = READY2
                return b"\x04"  # cascade bit: the UID is not complete
            if frame[1] != 0x70 and _starts_with(
                part, frame[2:], (frame[1] >> 4) * 8 + (frame[1] & 7) - 16
            ):
                return part
        self._fall_back()
        return None

    def _fall_back(self) -> None:
        self.state = self._rest
        self.authenticated = False
        self._second_phase = None

    # -- memory commands --

    def _command(self, frame: bytes) -> Answer:
        if self._second_phase is not None:
            page, self._second_phase = self._second_phase, None
            if len(frame) == 16:
                return self._write(page, frame[:4])
            return self._nak(NAK_ARGUMENT)
        if frame == b"\x50\x00":
            self.state = HALT
            self.authenticated = False
            return None
        command = _COMMANDS.get((frame[0], len(frame))) if frame else None
        if command is None:
            return self._nak(NAK_ARGUMENT)
        return command(self, frame)

    def _nak(self, code: int) -> int:
        self._fall_back()
        return code

    def _get_version(self, frame: bytes) -> Answer:
        return self.chip.version

    def _read(self, frame: bytes) -> Answer:
        first = frame[1]
        end = self._readable_pages()
        if first >= end:
            return self._nak(NAK_ARGUMENT)
        self._count_read()
        memory = self._readout()
        if first + 4 <= end:
            return bytes(memory[4 * first : 4 * first + 16])
        return bytes(memory[4 * first : 4 * end] + memory[: 4 * (first + 4 - end)])

    def _fast_read(self, frame: bytes) -> Answer:
        first, last = frame[1], frame[2]
        if first > last or last >= self._readable_pages():
            return self._nak(NAK_ARGUMENT)
        self._count_read()
        return bytes(self._readout()[4 * first : 4 * last + 4])

    def _readable_pages(self) -> int:
        """READ wraps, and FAST_READ ends, here: at AUTH0 where reading needs the password (PROT)."""
        if self.access & 0x80 and not self.authenticated:
            return min(self.chip.pages, self.auth0)
        return self.chip.pages

    def _readout(self) -> bytearray:
        """The memory as READ shows it: PWD and PACK read as zeros."""
        memory = self.memory.copy()
        memory[-8:] = bytes(8)
        return memory

    def _count_read(self) -> None:
        if (
            self.access & 0x10 and not self._counted
        ):  # NFC_CNT_EN: the first READ after power-on counts
            self._counted = True
            self.read_counter = min(self.read_counter + 1, 0xFFFFFF)

    def _read_counter(self, frame: bytes) -> Answer:
        locked = self.access & 0x08 and not self.authenticated  # NFC_CNT_PWD_PROT
        if frame[1] != 2 or not self.access & 0x10 or locked:
            return self._nak(NAK_ARGUMENT)
        return self.read_counter.to_bytes(3, "little")

    def _read_signature(self, frame: bytes) -> Answer:
        """32 bytes that stand for NXP's ECDSA signature; made from the UID, they verify with no key."""
        if frame[1] != 0:
            return self._nak(NAK_ARGUMENT)
        return bytes((self.uid[i % 7] * 31 + 7 * i) & 0xFF for i in range(32))

    def _log_in(self, frame: bytes) -> Answer:
        limit = self.access & 0x07
        if limit and self.failed_logins >= limit:
            return self._nak(NAK_AUTH_LIMIT)
        if frame[1:5] != self.memory[-8:-4]:
            self.failed_logins += bool(limit)
            return self._nak(NAK_ARGUMENT)
        self.failed_logins = 0
        self.authenticated = True
        return bytes(self.memory[-4:-2])

    def _write_command(self, frame: bytes) -> Answer:
        return self._write(frame[1], frame[2:6])

    def _compatibility_write(self, frame: bytes) -> Answer:
        if not self._writable(frame[1]):
            return self._nak(NAK_ARGUMENT)
        self._second_phase = frame[1]
        return ACK

    def _write(self, page: int, data: bytes) -> Answer:
        if not self._writable(page):
            return self._nak(NAK_ARGUMENT)
        old = bytes(self.memory[4 * page : 4 * page + 4])
        new = self._outcome(page, old, data)
        torn = self.cut(page, old, new) if self.cut is not None else None
        self.programmed += 1
        self.memory[4 * page : 4 * page + 4] = new if torn is None else torn
        if torn is not None:
            self.power_off()
            return None
        return ACK

    def _writable(self, page: int) -> bool:
        chip = self.chip
        if not STATIC_LOCK_PAGE <= page < chip.pages:
            return False
        if page >= self.auth0 and not self.authenticated:
            return False
        if page in (chip.config_page, chip.config_page + 1):
            return not self.access & 0x40  # CFGLCK
        return not self.is_locked(page)

    def is_locked(self, page: int) -> bool:
        """Is this page read-only for ever, by a static or dynamic lock bit?"""
        if CC_PAGE <= page <= 15:
            locks = self.memory[10] | self.memory[11] << 8
            return bool(locks >> page & 1)
        if 16 <= page < self.chip.lock_page:
            at = 4 * self.chip.lock_page
            locks = self.memory[at] | self.memory[at + 1] << 8
            return bool(locks >> (page - 16) // self.chip.pages_per_lock_bit & 1)
        return False

    def _outcome(self, page: int, old: bytes, data: bytes) -> bytes:
        """What a write of `data` makes of the page: lock bits and the CC only ever gain ones."""
        if page == CC_PAGE:
            return bytes(a | b for a, b in zip(old, data, strict=True))
        if page == STATIC_LOCK_PAGE:
            locks = old[2] | old[3] << 8
            frozen = (0x0008, 0x03F0, 0xFC00)  # what BL-CC, BL9-4 and BL15-10 freeze
            mask = 0xFFFF
            for bit, pages in enumerate(frozen):
                if locks >> bit & 1:
                    mask &= ~pages
            locks |= (data[2] | data[3] << 8) & mask
            return old[:2] + locks.to_bytes(2, "little")
        if page == self.chip.lock_page:
            locks = old[0] | old[1] << 8
            per_block = self.chip.pages_per_block_bit // self.chip.pages_per_lock_bit
            mask = (1 << self.chip.lock_bits()) - 1
            for block in range(self.chip.block_bits()):
                if old[2] >> block & 1:
                    mask &= ~(((1 << per_block) - 1) << block * per_block)
            locks |= (data[0] | data[1] << 8) & mask
            blocks = old[2] | data[2] & ((1 << self.chip.block_bits()) - 1)
            return locks.to_bytes(2, "little") + bytes([blocks, old[3]])
        return data

    def is_tear_proof(self, page: int) -> bool:
        """Pages 2, 3 and the dynamic lock bytes are written wholly or not at all, says the data sheet."""
        return page in (STATIC_LOCK_PAGE, CC_PAGE, self.chip.lock_page)


def by_memory(memory: bytes) -> Tag:
    """The tag that this whole memory image belongs to; ValueError where no chip has that size."""
    for chip in CHIPS.values():
        if len(memory) == 4 * chip.pages:
            return Tag(chip, memory[:3] + memory[4:8], memory)
    sizes = ", ".join(f"{4 * chip.pages} ({chip.name})" for chip in CHIPS.values())
    raise ValueError(f"a tag image of {len(memory)} bytes: known are {sizes}")


def _starts_with(part: bytes, prefix: bytes, bits: int) -> bool:
    """Do the first `bits` bits, least significant bit first, agree?"""
    mask = (1 << bits) - 1
    return not (int.from_bytes(part, "little") ^ int.from_bytes(prefix, "little")) & mask


_COMMANDS: dict[tuple[int, int], Callable[[Tag, bytes], Answer]] = {
    (0x60, 1): Tag._get_version,
    (0x30, 2): Tag._read,
    (0x3A, 3): Tag._fast_read,
    (0xA2, 6): Tag._write_command,
    (0xA0, 2): Tag._compatibility_write,
    (0x39, 2): Tag._read_counter,
    (0x3C, 2): Tag._read_signature,
    (0x1B, 5): Tag._log_in,
}
