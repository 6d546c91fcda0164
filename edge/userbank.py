"""Slots for signed stubs in the USER bank of a RAIN tag: the same as in an NDEF message, in pages of two words.

    magic page D2 54 57 1n | size page | hint 0 [| hint 1] | slot 0 [| slot 1]        n: 1 or 2 slots

The size page says how many bytes each slot has (16 bits, then zeros), so a tag is read without its data sheet.
Hints are as edge.slots has them. Read as a DSFID (TDS 2.3, 17 "User Memory Bank Contents") the first byte names
no access method in use, and it is no Packed Objects. A bare signature stands in words 0-31 and has no magic.
"""

from edge import cose, envelope, gen2chips, slots
from edge.errors import DoesNotFit
from edge.gen2 import USER, WORD, place

TYPE_CHECKING = False
if TYPE_CHECKING:
    from edge.gen2 import Image
    from edge.gen2chips import Chip

MAGIC = b"\xd2\x54\x57"
HEAD = 8  # words: magic, size and both hints
BARE = cose.SIGNATURE_SIZE  # bytes of a bare signature
BARE_LOOK = 64  # words to look at to tell one

_FIRST = place(USER, 0)
_PAGE = 4  # bytes
_PAGE_WORDS = 2
_VERSION = 1
_FRAME = 2 * _PAGE  # bytes of the magic and the size page
_LEAST_VALUES = 40  # of 64 random bytes 57 differ on average, fewer than 40 in none of 10**9
_WAYS = {2: "two slots", 1: "one slot"}


class Layout:
    """Where the parts of a tag with slots stand; it does not change over the tag's life.

    room: bytes of each slot, a multiple of 4. hint_words, slot_first_words: word numbers in the USER bank, by slot;
    slot_words: of each slot; end_word: the word after the last slot. type: as a Layout on NFC; empty here.
    """

    type = b""

    def __init__(self, slot_count: "int", room: "int") -> None:
        self.slot_count = slot_count
        self.room = room
        self.slot_words = room // WORD
        hints = _FRAME // WORD
        first = hints + _PAGE_WORDS * slot_count
        self.hint_words = tuple([hints + _PAGE_WORDS * slot for slot in range(slot_count)])
        self.slot_first_words = tuple([first + self.slot_words * n for n in range(slot_count)])
        self.end_word = first + self.slot_words * slot_count

    def frame(self) -> "bytes":
        """The content of the magic and the size page."""
        return MAGIC + bytes((_VERSION << 4 | self.slot_count,)) + _size_page(self.room)


def plan_layout(chip: "Chip", stub_size: "int", count: "int | None" = None) -> "Layout":
    """Two slots where a stub of `stub_size` bytes fits twice, else one; `count` insists on 2 or 1.

    The slots take all the room there is, for a later stub may be longer. Raises DoesNotFit, with the remedy.
    """
    for slot_count in (2, 1) if count is None else (count,):
        layout = largest_layout(chip, slot_count)
        if layout is not None and layout.room >= stub_size:
            return layout
    excess = -_fit(chip, slot_count, stub_size).free
    raise DoesNotFit(
        f"{excess} bytes too many for {chip.name} with {_WAYS[slot_count]}: drop totals", excess
    )


def largest_layout(chip: "Chip", count: "int") -> "Layout | None":
    """The layout with the most room in each of `count` slots; None where the USER bank has none for them."""
    room = min(_room(chip, count), envelope.CEILING)
    return Layout(count, room) if room > 0 else None


def fits(chip_name: "str", epc_words: "int", stub_size: "int") -> "slots.Report":
    """Which of two slots, one slot, bare and EPC only a stub of that size fits, beside an EPC so many words long.

    room and needed are bytes of each slot, of the bare signature, of the EPC; an EPC that is too long fits no way.
    ValueError for an unknown chip.
    """
    chip = gen2chips.by_name(chip_name)
    epc = slots.Fit("epc only", WORD * chip.epc_words, WORD * epc_words)
    ways = [_fit(chip, count, stub_size) for count in (2, 1)]
    ways.append(slots.Fit("bare", WORD * chip.user_words, BARE))
    ways.append(epc)
    for way in ways:
        way.free = min(way.free, epc.free) if epc.free < 0 else way.free
    return slots.Report(chip, ways)


def layout_of(image: "Image", user_words: "int | None" = None) -> "Layout | None":
    """The layout that the head of the USER bank states; None where there is none, or it was not read.

    user_words: of the bank; a layout that does not fit in it is none. None: not known.
    """
    if image.run(_FIRST, 2)[:3] != MAGIC:
        return None
    return _stated(image, user_words)


def is_unfinished(image: "Image") -> "bool":
    """Is this a layout whose first word is not, or no longer, the magic's: what a torn commission or rewrite leaves?"""
    return image.run(_FIRST, 1) != MAGIC[:2] and _stated(image, None) is not None


def is_bare(image: "Image") -> "bool":
    """May this be a bare signature? It cannot be told from random bytes: only edge.bare's verdict says what it is.

    Words 0-31 must hold 40 different bytes at least, and words 32-63, as far as there are any, zeros.
    """
    content = image.run(_FIRST, BARE_LOOK)
    if len(content) < BARE or is_unfinished(image) or layout_of(image) is not None:
        return False
    return len(set(content[:BARE])) >= _LEAST_VALUES and not content[BARE:].strip(b"\x00")


def hint(seq: "int", size: "int") -> "bytes":
    """The two words of the hint of a stub with this `seq`, `size` bytes long: the same as on NFC."""
    return slots.hint(seq, size)


def hinted(image: "Image", layout: "Layout") -> "tuple[int, int, int] | None":
    """(slot, seq mod 65536, size) of the stub that the hints call current, as slots.named has it."""
    hints = [image.get(place(USER, word), _PAGE_WORDS) for word in layout.hint_words]
    return slots.named(hints, layout.room)


def confirmed(image: "Image", layout: "Layout", slot: "int", seq: "int", size: "int") -> "bool":
    """Does the slot hold, in its first `size` bytes, what decodes as a stub with this seq mod 65536?"""
    first = place(USER, layout.slot_first_words[slot])
    return slots.holds(image.get(first, words(size))[:size], seq)


def words(size: "int") -> "int":
    """How many words so many bytes take."""
    return (size + WORD - 1) // WORD


def _stated(image: "Image", user_words: "int | None") -> "Layout | None":
    """The layout that all but the first word of the frame states; None where it states none, or not all was read."""
    head = image.run(_FIRST, HEAD)
    if len(head) < _FRAME or head[2] != MAGIC[2]:
        return None
    count, room = head[3] & 0x0F, head[4] << 8 | head[5]
    if head[3] >> 4 != _VERSION or count not in _WAYS or head[6:8] != b"\x00\x00":
        return None
    if room % _PAGE or not 0 < room <= envelope.CEILING or len(head) < _FRAME + _PAGE * count:
        return None
    layout = Layout(count, room)
    return layout if user_words is None or layout.end_word <= user_words else None


def _fit(chip: "Chip", count: "int", stub_size: "int") -> "slots.Fit":
    layout = largest_layout(chip, count)
    if layout is not None:
        return slots.Fit(_WAYS[count], layout.room, stub_size)
    return slots.Fit(_WAYS[count], 0, stub_size, _room(chip, count) - stub_size)


def _room(chip: "Chip", count: "int") -> "int":
    """Bytes of each slot that the bank has room for, in whole pages; below 0: what the frame lacks already."""
    return ((WORD * chip.user_words - _FRAME) // count - _PAGE) // _PAGE * _PAGE


def _size_page(room: "int") -> "bytes":
    return bytes((room >> 8, room & 0xFF, 0, 0))
