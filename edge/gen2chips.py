"""The RAIN chips that are known: one row a chip and model number (TMN).

TMNs: the makers' data sheets as collected in the "UHF tag and IC database" (Digits' MDID list) and read off tags by
others ("UHF RFID Notes"). Sizes: the data sheets named at each row; where none is named, the makers' product briefs.
"""

from edge.tid import Tid

NO_MODEL = -1

_TOLD = "XTID"  # begins the name of a chip that is in no row
_LEAST_EPC = 6  # words; there is no chip with less than 96 bits


class Chip:
    """One kind of tag. epc_words: the longest EPC; user_words, tid_words: of these banks.

    block_write_words: at most in one BlockWrite; permalock_block_words: of a block of BlockPermalock; 0: not known.
    """

    def __init__(
        self,
        name: "str",
        mdid: "int",
        model: "int",
        epc_words: "int",
        user_words: "int",
        tid_words: "int",
        block_write_words: "int" = 0,
        permalock_block_words: "int" = 0,
    ) -> None:
        self.name = name
        self.mdid = mdid
        self.model = model
        self.epc_words = epc_words
        self.user_words = user_words
        self.tid_words = tid_words
        self.block_write_words = block_write_words
        self.permalock_block_words = permalock_block_words


_IMPINJ, _ALIEN, _NXP, _FUJITSU = 0x001, 0x003, 0x006, 0x010  # GS1's list of mask designers

CHIPS = (
    # Impinj M700 series, and "with Extended Memory" (M780, M781), product briefs and data sheets.
    Chip("M730", _IMPINJ, 0x191, 8, 0, 6, 2),
    Chip("M750", _IMPINJ, 0x190, 6, 2, 6, 2),
    Chip("M770", _IMPINJ, 0x1A0, 8, 2, 6, 2),
    Chip("M775", _IMPINJ, 0x1A2, 8, 2, 6, 2),
    Chip("M780", _IMPINJ, 0x1C0, 31, 8, 6, 2, 4),
    Chip("M781", _IMPINJ, 0x1C1, 8, 32, 6, 2, 4),
    # M830 (128 bits of EPC) and M850 (96, and 32 of user memory) share a model number: what both have.
    Chip("M830", _IMPINJ, 0x1B0, 6, 0, 6, 2),
    # Impinj Monza 4 data sheet v10.0: four permalock blocks of 128 bits on the 4QT.
    Chip("Monza 4D", _IMPINJ, 0x100, 8, 2, 6, 2),
    Chip("Monza 4E", _IMPINJ, 0x10C, 31, 8, 6, 2),
    Chip("Monza 4QT", _IMPINJ, 0x105, 8, 32, 6, 2, 8),
    Chip("Monza 4i", _IMPINJ, 0x114, 16, 30, 6, 2),
    Chip("Monza 5", _IMPINJ, 0x130, 8, 2, 6, 2),
    Chip("Monza R6", _IMPINJ, 0x160, 6, 0, 6, 2),
    Chip("Monza R6-A", _IMPINJ, 0x171, 6, 0, 6, 2),
    # Its 128 + 32 bits; the 96 + 64 of its other profile are too few for a signature all the same.
    Chip("Monza R6-P", _IMPINJ, 0x170, 8, 2, 6, 2),
    # X-2K Dura data sheet 1.51, X-8K Dura v8.1: 2176 and 8192 bits. Their OTP blocks (4, together 1664 bits; 16,
    # 3583) do not cover the bank, so no block size is given.
    Chip("Monza X-2K", _IMPINJ, 0x140, 8, 136, 6, 2),
    Chip("Monza X-8K", _IMPINJ, 0x150, 8, 512, 6, 2),
    # NXP SL3S1204, SL3S1205_15 rev. 3.6, SL3S1206; UCODE 9 was moved from TMN 995h to 915h.
    Chip("UCODE 7", _NXP, 0x890, 8, 0, 6),
    Chip("UCODE 7m", _NXP, 0x891, 8, 2, 6),
    Chip("UCODE 8", _NXP, 0x894, 8, 0, 6),
    Chip("UCODE 8m", _NXP, 0x994, 6, 2, 6),
    Chip("UCODE 9", _NXP, 0x995, 6, 0, 6),
    Chip("UCODE 9", _NXP, 0x915, 6, 0, 6),
    Chip("UCODE 9xe", _NXP, 0xA16, 8, 0, 6),
    # SL3S1004_1014: 448 bits of EPC; 1 or 2 kbit.
    Chip("UCODE 7xm-1k", _NXP, 0xD12, 28, 64, 6),
    Chip("UCODE 7xm-2k", _NXP, 0xF12, 28, 128, 6),
    Chip("UCODE 7xm+", _NXP, 0xD92, 28, 128, 6),
    # Not verified: TMN 897h from readers' tag lists; 496 and 752 bits by its brief, which calls them configurable.
    Chip("UCODE 9xm", _NXP, 0x897, 31, 47, 6),
    # SL3S5002 short data sheet: 224 and 3072 bits; TMN read off tags (E2C06892).
    Chip("UCODE DNA", _NXP, 0x892, 14, 192, 6),
    # SL3S4011_4021 rev. 3.5: 160 and 3328 bits; TMN from readers' tag lists.
    Chip("UCODE I2C", _NXP, 0x88D, 10, 208, 6),
    Chip("UCODE I2C", _NXP, 0x80D, 10, 208, 6),
    # Sizes of Higgs-3 and -9 as measured on tags; both take a longer EPC at the cost of user memory.
    Chip("Higgs-3", _ALIEN, 0x412, 6, 32, 12),
    Chip("Higgs-4", _ALIEN, 0x414, 8, 8, 6),
    Chip("Higgs-EC", _ALIEN, 0x811, 8, 8, 6),
    Chip("Higgs-9", _ALIEN, 0x821, 6, 43, 20),
    # DS411-00003: 4 KB of FRAM, 3424 bytes of it user memory, 480 bits of EPC, permalocked by the word. Its TMN was
    # not to be had: a tag tells its sizes by its XTID, this row serves by name.
    Chip("MB97R804", _FUJITSU, NO_MODEL, 30, 1712, 13, 0, 1),
)


def by_name(name: "str") -> "Chip":
    """The chip of that name, in any case, blanks and hyphens aside; ValueError lists the names known.

    The name of a chip that by_tid made from an XTID gives that chip again, as far as its sizes go.
    """
    for chip in CHIPS:
        if _plain(chip.name) == _plain(name):
            return chip
    told = name.split(" ")
    if len(told) == 4 and told[0] == _TOLD:
        mdid, model = [int(part, 16) for part in told[1].split("-")]
        epc, user = [int(size) for size in told[2].split("+")]
        return _told(mdid, model, epc, user, int(told[3]))
    known = sorted({chip.name for chip in CHIPS})
    raise ValueError(f"no chip {name}: known are " + ", ".join(known))


def by_tid(raw: "bytes") -> "Chip | None":
    """The chip with this TID: by its model, else one made from what its XTID tells; None where that is too little.

    raw: the TID bank from word 0 on. An XTID that tells the size of the USER bank is enough.
    """
    tid = Tid(raw)
    if tid.mdid is None or tid.model is None:
        return None
    for chip in CHIPS:
        if chip.mdid == tid.mdid and chip.model == tid.model:
            return chip
    if tid.user_words is None:
        return None
    chip = _told(tid.mdid, tid.model, tid.epc_words or _LEAST_EPC, tid.user_words, tid.words)
    chip.block_write_words = tid.block_write_words
    chip.permalock_block_words = tid.permalock_block_words
    return chip


def _told(mdid: "int", model: "int", epc: "int", user: "int", words: "int") -> "Chip":
    """A chip that no row knows, named by what its XTID tells."""
    name = f"{_TOLD} {mdid:03X}-{model:03X} {epc}+{user} {words}"
    return Chip(name, mdid, model, epc, user, words)


def _plain(name: "str") -> "str":
    return name.upper().replace(" ", "").replace("-", "")  # portable: other letters name no chip
