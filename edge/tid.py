"""The TID bank of a RAIN tag: who made the chip, which model it is, its serial and what it can do.

GS1 Tag Data Standard 2.3, 16 "Tag Identification (TID) Memory Bank Contents": 16.1 the short TID, 16.2 the XTID
and its segments. Classes E0 and E3 of ISO/IEC 15963 end with a serial of 48 bits, and have no XTID.
"""

from edge.gen2 import WORD

GS1_CLASS = 0xE2

_XTID = 0x80  # of byte 1: an XTID follows
_XTID_AT = 4  # bytes; the XTID header
_BEHIND_XTID = 6  # bytes; the serial, then the segments
_OPTIONAL_COMMANDS, _BLOCK_WRITE, _USER_MEMORY, _LOCK_BITS = 0x1000, 0x0800, 0x0400, 0x0200

# Bytes behind the short TID that hold the serial of chips without an XTID: Alien Higgs-3, Higgs-4 and Higgs-EC
# (64 bits), NXP UCODE I2C (48, the last of its 96).
_BARE_SERIALS = {
    (0x003, 0x412): 8,
    (0x003, 0x414): 8,
    (0x003, 0x811): 8,
    (0x006, 0x80D): 8,
    (0x006, 0x88D): 8,
}
_ISO_SIZES = {
    0xE0: 8,
    0xE3: 10,
}  # bytes: class, manufacturer, serial; E3 has two more before the serial
_ISO_SERIAL = 6


class Tid:
    """What `raw`, the bytes of the TID bank from word 0 on, tell; never raises. What is not held, is not told.

    mdid (9 bits), model (12 bits): None where it is not of class E2. serial: b"" where it has none. words: how many
    words the TID takes as far as it tells. epc_words: the longest EPC; user_words: of the USER bank; None: not told.
    block_write_words: at most in one BlockWrite; 0: not told. block_write_aligned: not across block boundaries.
    permalock_block_words: of each block of BlockPermalock; 0: not told.
    """

    def __init__(self, raw: "bytes") -> None:
        self.raw = raw
        self.mdid: "int | None" = None
        self.model: "int | None" = None
        self.has_xtid = False
        self.serial = b""
        self.words = 0
        self.epc_words: "int | None" = None
        self.user_words: "int | None" = None
        self.block_write_words = 0
        self.block_write_aligned = False
        self.permalock_block_words = 0
        if raw[:1] and raw[0] in _ISO_SIZES:
            size = _ISO_SIZES[raw[0]]
            self.words = size // WORD
            self.serial = _whole(raw, size - _ISO_SERIAL, _ISO_SERIAL)
        elif len(raw) >= _XTID_AT and raw[0] == GS1_CLASS:
            self.mdid = (raw[1] & 0x1F) << 4 | raw[2] >> 4
            self.model = (raw[2] & 0x0F) << 8 | raw[3]
            self.has_xtid = bool(raw[1] & _XTID)
            self._read_xtid() if self.has_xtid else self._read_serial()

    def _read_serial(self) -> None:
        size = _BARE_SERIALS.get((self.mdid or 0, self.model or 0), 0)
        self.words = (_XTID_AT + size) // WORD
        self.serial = _whole(self.raw, _XTID_AT, size)

    def _read_xtid(self) -> None:
        head = _number(self.raw, _XTID_AT)
        self.words = _BEHIND_XTID // WORD
        if head is None:
            return
        size = 4 + 2 * (head >> 13) if head >> 13 else 0
        self.serial = _whole(self.raw, _BEHIND_XTID, size)
        at = _BEHIND_XTID + size
        if head & _OPTIONAL_COMMANDS:
            commands = _number(self.raw, at)
            self.epc_words = commands & 0x1F if commands is not None else None
            at += 2
        if head & _BLOCK_WRITE:
            self._read_block_write(at)
            at += 8
        if head & _USER_MEMORY:
            self.permalock_block_words = _number(self.raw, at) or 0
            self.user_words = _number(self.raw, at + 2)
            at += 4
        if head & _LOCK_BITS:
            at += 2
        self.words = at // WORD

    def _read_block_write(self, at: "int") -> None:
        high, low = _number(self.raw, at + 4), _number(self.raw, at + 6)
        if high is not None and low is not None:
            self.block_write_words = low & 0xFF
            self.block_write_aligned = not high & 0x0400  # bit 26, of the USER bank


def identity(tid: "bytes") -> "bytes":
    """The bytes that name this one tag: from the class to the end of the serial, mostly 12; b"" where it has none.

    The same for any read that reaches the serial's end, so it is claim 7's id and the station's.
    """
    found = Tid(tid)
    if not found.serial:
        return b""
    if found.mdid is None:
        return tid[: _ISO_SIZES[tid[0]]]
    return tid[: (_BEHIND_XTID if found.has_xtid else _XTID_AT) + len(found.serial)]


def _number(raw: "bytes", at: "int") -> "int | None":
    """The word at this byte, None past the end."""
    return raw[at] << 8 | raw[at + 1] if at + 2 <= len(raw) else None


def _whole(raw: "bytes", at: "int", size: "int") -> "bytes":
    """These bytes; b"" where they are not all there, or all zero: no serial."""
    part = raw[at : at + size]
    return part if len(part) == size and part.strip(b"\x00") else b""
