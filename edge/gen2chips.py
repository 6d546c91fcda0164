"""The RAIN chips that are known: one row a chip."""

from edge.tid import Tid

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


_IMPINJ, _ALIEN, _NXP, _FUJITSU = 0x001, 0x003, 0x006, 0x010

CHIPS = (
    Chip("M730", _IMPINJ, 0x191, 8, 0, 6, 2),
    Chip("M750", _IMPINJ, 0x190, 6, 2, 6, 2),
    Chip("M770", _IMPINJ, 0x1A0, 8, 2, 6, 2),
    Chip("M780", _IMPINJ, 0x1C0, 31, 8, 6, 2),
    Chip("M781", _IMPINJ, 0x1C1, 8, 32, 6, 2),
    Chip("Monza 4QT", _IMPINJ, 0x105, 8, 32, 6, 2, 8),
    Chip("Monza R6", _IMPINJ, 0x160, 6, 0, 6, 2),
    Chip("Monza R6-P", _IMPINJ, 0x170, 8, 2, 6, 2),
    Chip("Monza X-2K", _IMPINJ, 0x140, 8, 136, 6, 2),
    Chip("Monza X-8K", _IMPINJ, 0x150, 8, 512, 6, 2, 32),
    Chip("UCODE 8", _NXP, 0x894, 8, 0, 6, 2),
    Chip("UCODE 9", _NXP, 0x995, 6, 0, 6, 2),
    Chip("UCODE 9xm", _NXP, 0x897, 31, 47, 6, 2),
    Chip("UCODE DNA", _NXP, 0x892, 14, 192, 6, 2),
    Chip("UCODE I2C", _NXP, 0x88D, 10, 208, 6, 2),
    Chip("Higgs-3", _ALIEN, 0x412, 6, 32, 12),
    Chip("Higgs-4", _ALIEN, 0x414, 8, 8, 12),
    Chip("Higgs-9", _ALIEN, 0x821, 6, 43, 20),
    Chip("MB97R803", _FUJITSU, 0x003, 31, 1712, 13),
)


def by_name(name: "str") -> "Chip":
    """The chip of that name, in any case, blanks and hyphens aside; ValueError lists the names known."""
    for chip in CHIPS:
        if _plain(chip.name) == _plain(name):
            return chip
    raise ValueError(f"no chip {name}: known are " + ", ".join([chip.name for chip in CHIPS]))


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
    return Chip(
        f"model {tid.model:03X} of designer {tid.mdid:03X}",
        tid.mdid,
        tid.model,
        tid.epc_words or _LEAST_EPC,
        tid.user_words,
        tid.words,
        tid.block_write_words,
        tid.permalock_block_words,
    )


def _plain(name: "str") -> "str":
    return name.upper().replace(" ", "").replace("-", "")
