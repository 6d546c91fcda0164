"""The tag chips, as rows: NTAG213/215/216 (NXP data sheet rev. 3.2), MIFARE Ultralight EV1 (MF0ULX1 rev. 3.3).

The Ultralight is delivered with its OTP page, which NDEF takes for the CC, all zero; of its three counters and
INCR_CNT nothing is simulated.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Chip:
    """One chip: its memory map and what it leaves the factory with."""

    name: str
    pages: int  # pages of 4 bytes
    version: bytes  # the answer to GET_VERSION, 8 bytes
    cc: bytes  # page 3
    first_user_pages: bytes  # pages 4 and 5
    lock_page: int  # the dynamic lock bytes; the configuration stands on the four pages after it
    pages_per_lock_bit: int
    pages_per_block_bit: int

    @property
    def config_page(self) -> int:
        return self.lock_page + 1

    def lock_bits(self) -> int:
        """How many dynamic lock bits there are: one a span, from page 16 on."""
        return -(-(self.lock_page - 16) // self.pages_per_lock_bit)

    def block_bits(self) -> int:
        """How many block-locking bits there are, in byte 2 of the lock page."""
        return -(-(self.lock_page - 16) // self.pages_per_block_bit)

    def factory_memory(self, uid: bytes) -> bytearray:
        """The whole memory as delivered, with this 7-byte UID and its two check bytes."""
        memory = bytearray(4 * self.pages)
        bcc0 = 0x88 ^ uid[0] ^ uid[1] ^ uid[2]
        bcc1 = uid[3] ^ uid[4] ^ uid[5] ^ uid[6]
        memory[:12] = bytes([*uid[:3], bcc0, *uid[3:], bcc1, 0x48, 0x00, 0x00])
        memory[12:16] = self.cc
        memory[16:24] = self.first_user_pages
        memory[4 * self.lock_page : 4 * self.lock_page + 4] = bytes.fromhex("000000bd")
        config = bytes.fromhex(
            "040000ff 00050000 ffffffff 00000000"
        )  # MIRROR..AUTH0, ACCESS, PWD, PACK
        memory[4 * self.config_page :] = config
        return memory


CHIPS = {
    chip.name: chip
    for chip in (
        Chip(
            name="ntag213",
            pages=45,
            version=bytes.fromhex("0004040201000f03"),
            cc=bytes.fromhex("e1101200"),
            first_user_pages=bytes.fromhex("0103a00c340300fe"),
            lock_page=40,
            pages_per_lock_bit=2,
            pages_per_block_bit=4,
        ),
        Chip(
            name="ntag215",
            pages=135,
            version=bytes.fromhex("0004040201001103"),
            cc=bytes.fromhex("e1103e00"),
            first_user_pages=bytes.fromhex("0300fe0000000000"),
            lock_page=130,
            pages_per_lock_bit=16,
            pages_per_block_bit=32,
        ),
        Chip(
            name="ntag216",
            pages=231,
            version=bytes.fromhex("0004040201001303"),
            cc=bytes.fromhex("e1106d00"),
            first_user_pages=bytes.fromhex("0300fe0000000000"),
            lock_page=226,
            pages_per_lock_bit=16,
            pages_per_block_bit=32,
        ),
        Chip(
            name="mf0ul21",
            pages=41,
            version=bytes.fromhex("0004030101000e03"),
            cc=bytes(4),
            first_user_pages=bytes(8),
            lock_page=36,
            pages_per_lock_bit=2,
            pages_per_block_bit=4,
        ),
    )
}
