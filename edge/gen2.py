"""The memory of a RAIN tag: banks of 16-bit words (GS1 EPC Gen2 v2 / ISO/IEC 18000-63, "Tag memory").

A place names one word of one bank in one number, as a page number does on NFC: bank << 16 | word.
The EPC bank holds a CRC (word 0), the PC word (1) and the EPC (from 2 on).
"""

RESERVED, EPC, TID, USER = 0, 1, 2, 3  # banks
WORD = 2  # bytes

PC_PLACE = EPC << 16 | 1
EPC_PLACE = EPC << 16 | 2
EPC_LONGEST = 31  # words, by the five bits of the PC's length

_KEPT = 0x0600  # of a PC word: UMI (bit 15h) and XI (bit 16h) are the tag's own
_TOGGLE = (
    0x0100  # bit 17h: not an EPC, but an ISO/IEC 15961 AFI in the low byte and what it says behind
)
_LOCKS = ("kill", "access", "epc", "tid", "user")  # from the most significant pair of bits down
_ACTIONS = {  # mask and action of one pair: pwd-write, permalock
    "lock": (2, 2),
    "unlock": (2, 0),
    "permalock": (3, 3),
    "permaunlock": (3, 1),
}


def place(bank: "int", word: "int") -> "int":
    """The place of a word."""
    return bank << 16 | word


def bank_of(place: "int") -> "int":
    """The bank that a place is in."""
    return place >> 16


def word_of(place: "int") -> "int":
    """The word's number in its bank."""
    return place & 0xFFFF


def pc_word(epc_words: "int", old: "int" = 0) -> "int":
    """The PC word of an EPC so many words long: no toggle, no AFI; UMI and XI as in `old` (Gen2, "Protocol-control").

    Raises ValueError for what the length's five bits cannot say.
    """
    if not 0 <= epc_words <= EPC_LONGEST:
        raise ValueError(f"an EPC of {epc_words} words, where 0 to {EPC_LONGEST} can be")
    return epc_words << 11 | old & _KEPT


def epc_words_of(pc: "int") -> "int":
    """How many words of EPC a PC word (16 bits) states."""
    return pc >> 11 & EPC_LONGEST


def is_epc(pc: "int") -> "bool":
    """Does an EPC stand behind this PC word? Else it is a number of another system, whose AFI the low byte is."""
    return not pc & _TOGGLE


def lock_payload(locks: "dict[str, str]") -> "tuple[int, int]":
    """(mask, action) of a Lock command, 10 bits each: Gen2, "Lock command".

    locks: of "kill", "access", "epc", "tid", "user" those to change -> "lock" (writing takes the access password;
    the two passwords cannot be read either), "unlock", "permalock" or "permaunlock". ValueError for other names.
    """
    mask = action = 0
    for name in locks:  # portable: into a sum
        if name not in _LOCKS or locks[name] not in _ACTIONS:
            raise ValueError(f"no lock {name}: {locks[name]}")
        shift = 8 - 2 * _LOCKS.index(name)
        mask |= _ACTIONS[locks[name]][0] << shift
        action |= _ACTIONS[locks[name]][1] << shift
    return mask, action


class Image:
    """The words of a tag as far as they were read."""

    def __init__(self) -> None:
        self._memory = tuple([bytearray() for _ in range(4)])  # by bank
        self._held = tuple([bytearray() for _ in range(4)])  # a byte a word

    def put(self, place: "int", data: "bytes") -> None:
        """Note a run of whole words from `place` on."""
        if len(data) % WORD:
            raise ValueError(f"{len(data)} bytes are no whole words")
        memory, held = self._memory[place >> 16], self._held[place >> 16]
        first = place & 0xFFFF
        end = first + len(data) // WORD
        if end > len(held):
            memory.extend(bytes(WORD * end - len(memory)))
            held.extend(bytes(end - len(held)))
        memory[WORD * first : WORD * end] = data
        held[first:end] = b"\x01" * (end - first)

    def has(self, place: "int", words: "int") -> "bool":
        """Were these words all read?"""
        first = place & 0xFFFF
        return self._held[place >> 16][first : first + words] == b"\x01" * words

    def get(self, place: "int", words: "int") -> "bytes":
        """2 * words bytes; ValueError where one was not read."""
        first = place & 0xFFFF
        if not self.has(place, words):
            raise ValueError(f"words {first} to {first + words - 1} were not read")
        return bytes(self._memory[place >> 16][WORD * first : WORD * (first + words)])

    def run(self, place: "int", words: "int" = 0xFFFF) -> "bytes":
        """The bytes from `place` up to the first word that is not held, of so many words at most."""
        held = self._held[place >> 16]
        first = end = place & 0xFFFF
        stop = min(len(held), first + words)
        while end < stop and held[end]:
            end += 1
        return bytes(self._memory[place >> 16][WORD * first : WORD * end])

    def copy(self) -> "Image":
        """An image of its own with the same words."""
        other = Image()
        other._memory = tuple([bytearray(bank) for bank in self._memory])
        other._held = tuple([bytearray(bank) for bank in self._held])
        return other

    @property
    def pc(self) -> "int | None":
        """The PC word, None where it is not held."""
        if not self.has(PC_PLACE, 1):
            return None
        return int.from_bytes(self.get(PC_PLACE, 1), "big")

    @property
    def epc(self) -> "bytes":
        """The EPC, as long as the PC word states; b"" where not all of it is held."""
        pc = self.pc
        words = epc_words_of(pc) if pc is not None else 0
        return self.get(EPC_PLACE, words) if self.has(EPC_PLACE, words) else b""

    @property
    def tid(self) -> "bytes":
        """What is held of the TID bank from its first word on."""
        return self.run(TID << 16)
