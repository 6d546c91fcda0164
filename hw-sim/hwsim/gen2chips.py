"""The RAIN tag chips, as rows: memory banks, TID and write times as their data sheets give them.

TMN and XTID: GS1 Tag Data Standard, "Tag Identification (TID) Memory Bank Contents"; a chip that sets the XTID
bit has a header word after its two fixed words, then its serial number, then the segments that the header names.
Two words a BlockWrite: Impinj's own examples for Monza 4, 5 and X. No sheet was at hand for the write times and
sensitivities of M7xx, UCODE 8 and 9 and Higgs-9, nor for the permalock blocks of M78x, UCODE DNA and Higgs-9: these
are of the right order and no more.
"""

from dataclasses import dataclass

WORD = 2  # bytes

_OPTIONAL_COMMANDS, _BLOCK_WRITE, _USER_MEMORY = 0x1000, 0x0800, 0x0400  # XTID header bits


@dataclass(frozen=True)
class Chip:
    """One chip. Sizes in words of 16 bits; times in microseconds of programming, without the air."""

    key: str  # on the command line
    name: str
    mdid: int  # 9 bit, mask designer
    model: int  # 12 bit, TMN
    epc_words: int  # after CRC and PC
    user_words: int
    program_us: float  # of one programming cycle: the reply to a Write comes so much later
    row_words: int = 2  # how many neighbours one cycle programs
    block_write_words: int = 2  # the most that one BlockWrite takes; 0: the chip has none
    block_write_aligned: bool = True  # a BlockWrite stays within its block
    block_erase: bool = False
    recommissions: bool = False  # a Kill with recommissioning bits
    permalock_block_words: int = 0  # 0: the chip has no BlockPermalock
    permalock_blocks: int = 0
    xtid: int = 0x2000  # the header word; 0: the chip has no XTID
    security: bool = False  # TID bit 09h: Challenge and Authenticate
    serial_words: int = 3
    read_dbm: float = -20.0  # sensitivities with a dipole
    write_dbm: float = -16.0

    @property
    def tid_words(self) -> int:
        """Words of the whole TID bank."""
        return len(self.tid(bytes(WORD * self.serial_words))) // WORD

    def tid(self, serial: bytes) -> bytes:
        """The TID bank of the chip with this serial number."""
        if len(serial) != WORD * self.serial_words:
            raise ValueError(f"{self.name} has {WORD * self.serial_words} serial bytes")
        flags = bool(self.xtid) << 15 | self.security << 14
        fixed = 0xE2 << 24 | (flags | self.mdid << 4) << 8 | self.model
        if not self.xtid:
            return fixed.to_bytes(4, "big") + serial
        segments = b""
        if self.xtid & _OPTIONAL_COMMANDS:
            segments += self._optional_commands().to_bytes(2, "big")
        if self.xtid & _BLOCK_WRITE:
            segments += self._block_write().to_bytes(8, "big")
        if self.xtid & _USER_MEMORY:
            segments += self.permalock_block_words.to_bytes(2, "big")
            segments += self.user_words.to_bytes(2, "big")
        return fixed.to_bytes(4, "big") + self.xtid.to_bytes(2, "big") + serial + segments

    def programming_us(self, pointer: int, words: int) -> float:
        """How long it takes to program so many words from `pointer` on in one command."""
        rows = (pointer + words - 1) // self.row_words - pointer // self.row_words + 1
        return rows * self.program_us

    def _optional_commands(self) -> int:
        """Recommissioning, Access, separate lock bits, automatic UMI, Block commands; longest EPC."""
        return (
            self.epc_words
            | self.recommissions << 5
            | 0x01C0
            | self.block_erase << 10
            | bool(self.block_write_words) << 11
            | bool(self.permalock_block_words) << 12
        )

    def _block_write(self) -> int:
        """BlockWrite in the low half, BlockErase in the high one: size, variable, two offsets, alignment."""
        free = 0 if self.block_write_aligned else 1 << 17 | 1 << 26
        half = self.block_write_words | 1 << 8 | 2 << 9 | free
        return half << 32 | half if self.block_erase else half


_ROWS = (
    # Impinj M700 series data sheet v6.4 (TMN, table 23); 1.6 ms for 32 bits as for Monza R6 (v4.0).
    Chip("m730", "Impinj M730", 0x001, 0x191, 8, 0, 1600.0, read_dbm=-24.0, write_dbm=-20.0),
    # Impinj M780/M781 data sheet v1.1 (TMN, table 21; EPC 496 bit and 128 bit user, or 128 and 512).
    Chip(
        "m780",
        "Impinj M780",
        0x001,
        0x1C0,
        31,
        8,
        1600.0,
        permalock_block_words=4,
        permalock_blocks=2,
        read_dbm=-23.5,
        write_dbm=-18.5,
    ),
    Chip(
        "m781",
        "Impinj M781",
        0x001,
        0x1C1,
        8,
        32,
        1600.0,
        permalock_block_words=4,
        permalock_blocks=8,
        read_dbm=-23.5,
        write_dbm=-18.5,
    ),
    # Impinj Monza 4 data sheet v10.0: 3.4 ms for 32 bits (v8.0 said 5 ms), -19.5 and -16.7 dBm, 4 blocks.
    Chip(
        "monza4qt",
        "Impinj Monza 4QT",
        0x001,
        0x105,
        8,
        32,
        3400.0,
        permalock_block_words=8,
        permalock_blocks=4,
        read_dbm=-19.5,
        write_dbm=-16.7,
    ),
    # Impinj Monza X-2K Dura data sheet 1.51: 2176 bit, 4 OTP blocks of together 1664 bit, -17 and -12 dBm;
    # its write time and that of the X-8K are taken from Monza 4.
    Chip(
        "monzax2k",
        "Impinj Monza X-2K",
        0x001,
        0x140,
        8,
        136,
        3400.0,
        permalock_block_words=26,
        permalock_blocks=4,
        read_dbm=-17.0,
        write_dbm=-12.0,
    ),
    # Impinj Monza X-8K Dura data sheet v8.1: 8192 bit, 16 OTP blocks of together 3583 bit, -19.1 and -14.1 dBm.
    Chip(
        "monzax8k",
        "Impinj Monza X-8K",
        0x001,
        0x150,
        8,
        512,
        3400.0,
        permalock_block_words=14,
        permalock_blocks=16,
        read_dbm=-19.1,
        write_dbm=-14.1,
    ),
    # NXP SL3S1205/15 rev. 3.6 (UCODE 8: 128 bit EPC) and SL3S1206 rev. 3.5 (UCODE 9: 96 bit).
    Chip("ucode8", "NXP UCODE 8", 0x006, 0x894, 8, 0, 1500.0, read_dbm=-23.0, write_dbm=-18.0),
    Chip("ucode9", "NXP UCODE 9", 0x006, 0x995, 6, 0, 1500.0, read_dbm=-24.0, write_dbm=-22.0),
    # NXP UCODE DNA short sheet: 224 bit EPC, 3072 bit user; TMN read off tags (E2C06892). 1.5 ms for 32 bits, -19 and
    # -11 dBm: UCODE DNA Track's page. AES is not simulated.
    Chip(
        "ucodedna",
        "NXP UCODE DNA",
        0x006,
        0x892,
        14,
        192,
        1500.0,
        permalock_block_words=4,
        permalock_blocks=48,
        security=True,
        read_dbm=-19.0,
        write_dbm=-11.0,
    ),
    # Alien Higgs-9: 688 bit user, TMN off a tag (E2803821 2000 6820042E3E3B).
    Chip(
        "higgs9",
        "Alien Higgs-9",
        0x003,
        0x821,
        6,
        43,
        2000.0,
        block_write_words=4,
        permalock_block_words=4,
        permalock_blocks=11,
        read_dbm=-20.0,
        write_dbm=-17.0,
    ),
    # Fujitsu MB97R803/804, DS411-00003: 4096 bytes FRAM of which 3424 are user memory, BlockPermalock a word, 480 bit
    # EPC. The TID is laid out as of its sibling MB97R8110 (XTID 3C00h, 13 words), with a model number of ours; that
    # it can be recommissioned is ours, too: no sheet at hand told it of any chip.
    Chip(
        "fram4k",
        "Fujitsu MB97R804",
        0x010,
        0x804,
        30,
        1712,
        100.0,
        row_words=1,
        block_write_words=64,
        block_write_aligned=False,
        block_erase=True,
        recommissions=True,
        permalock_block_words=1,
        permalock_blocks=1712,
        xtid=0x3C00,
        read_dbm=-15.0,
        write_dbm=-10.0,
    ),
)

CHIPS = {chip.key: chip for chip in _ROWS}


def by_name(name: str) -> Chip:
    """The chip by its key or name, however spelled: "Monza X-8K", "monzax8k"; ValueError lists what there is."""
    key = _plain(name)
    for chip in _ROWS:
        if key in (chip.key, _plain(chip.name), _plain(chip.name.partition(" ")[2])):
            return chip
    raise ValueError(f"no chip {name!r}: known are {', '.join(CHIPS)}")


def by_tid(tid: bytes) -> Chip | None:
    """The chip whose MDID and TMN stand in the first four bytes, if it is in the table."""
    number = int.from_bytes(tid[1:4], "big") & 0x1FFFFF
    for chip in _ROWS:
        if tid[:1] == b"\xe2" and number == chip.mdid << 12 | chip.model:
            return chip
    return None


def _plain(name: str) -> str:
    return "".join([each for each in name.lower() if each.isalnum()])
