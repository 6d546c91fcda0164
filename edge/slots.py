"""Slots for signed stubs inside one NDEF message, so that an update never touches what is current.

The NDEF TLV holds the URI record, then our record; its payload, each part on a page boundary, is

    magic page "TW" 01 count | hint 0 [| hint 1] | slot 0 [| slot 1]

0 to 3 NULL TLVs before the NDEF TLV align it; a Lock Control TLV stays in front. A hint is seq mod 65536 and the
stub's size, 16 bits each, big-endian; all zero: empty. It saves reading time and is never trusted.
"""

from edge import chips, mini, ndef, stub, tlv, type2
from edge.errors import DoesNotFit, Malformed, Truncated

TYPE_CHECKING = False
if TYPE_CHECKING:
    from edge import gen2chips
    from edge.chips import Chip
    from edge.type2 import Image

DEFAULT_TYPE = mini.DEFAULT_TYPE
MAGIC = b"TW\x01"

_PAGE = type2.PAGE
_SEQ = 0xFFFF
_WAYS = {2: "two slots", 1: "one slot"}


class Layout:
    """Where the parts of a tag with slots stand; it does not change over the tag's life.

    head: the bytes of the area before the magic page. message_offset: the NDEF TLV in it; commit_page: the page
    whose write makes the message visible, or empty. room: bytes of each slot. Pages are absolute, by slot.
    """

    def __init__(
        self,
        lead: "bytes",
        nulls: "int",
        link_record: "bytes",
        type: "bytes",
        slot_count: "int",
        room: "int",
    ) -> None:
        payload = _payload_size(slot_count, room)
        header = ndef.record_head(ndef.ME | mini.record_tnf(type), type, b"", payload)
        length = tlv.header(tlv.NDEF, len(link_record) + len(header) + payload)
        self.lead = lead
        self.link_record = link_record
        self.type = type
        self.slot_count = slot_count
        self.room = room
        self.head = lead + bytes(nulls) + length + link_record + header
        self.message_offset = len(lead) + nulls
        self.message_page = type2.AREA_PAGE + self.message_offset // _PAGE
        self.commit_page = type2.AREA_PAGE + len(lead) // _PAGE
        self.magic_page = type2.AREA_PAGE + len(self.head) // _PAGE
        self.slot_pages = room // _PAGE
        first = self.magic_page + 1 + slot_count
        self.hint_pages = tuple([self.magic_page + 1 + slot for slot in range(slot_count)])
        self.slot_first_pages = tuple([first + self.slot_pages * n for n in range(slot_count)])
        self.end_page = first + self.slot_pages * slot_count  # the page after the message

    def magic(self) -> "bytes":
        """The content of the magic page."""
        return MAGIC + bytes((self.slot_count,))


def plan_layout(
    chip: "Chip",
    link: "str",
    stub_size: "int",
    type: "bytes" = DEFAULT_TYPE,
    count: "int | None" = None,
) -> "Layout":
    """Two slots where a stub of `stub_size` bytes fits twice, else one; `count` insists on 2 or 1.

    The slots take all the room there is, for a later stub may be longer. Raises DoesNotFit, with the remedy.
    """
    for slot_count in (2, 1) if count is None else (count,):
        layout = largest_layout(chip, link, slot_count, type)
        if layout is not None and layout.room >= stub_size:
            return layout
    excess = -_fit(chip, link, slot_count, stub_size, type).free
    raise DoesNotFit(
        f"{excess} bytes too many for {chip.name} with {_WAYS[slot_count]}: "
        "shorten the link or drop totals",
        excess,
    )


def largest_layout(
    chip: "Chip", link: "str", count: "int", type: "bytes" = DEFAULT_TYPE
) -> "Layout | None":
    """The layout with the most room in each of `count` slots; None where no page is left for them."""
    room = chip.area // count // _PAGE * _PAGE
    while room > 0 and _end(chip, link, type, count, room) > chip.area:
        room -= _PAGE
    if room <= 0:
        return None
    uri = mini.uri_record(link)
    nulls = _nulls(len(chip.lead), len(uri), len(type), count, room)
    return Layout(chip.lead, nulls, uri, type, count, room)


class Fit:
    """How a stub fits in one way of writing a chip. free: bytes that are left; below 0: that many too many."""

    def __init__(self, way: "str", room: "int", needed: "int", free: "int | None" = None) -> None:
        self.way = way
        self.room = room
        self.needed = needed
        self.free = room - needed if free is None else free


class Report:
    """All ways to write one chip, the best first. best: the first that fits, or None; str() says it all."""

    def __init__(self, chip: "Chip | gen2chips.Chip", ways: "list[Fit]") -> None:
        self.chip = chip
        self.ways = ways
        fitting = [way for way in ways if way.free >= 0]
        self.best = fitting[0] if fitting else None

    def as_dict(self) -> "dict[str, dict[str, int | bool]]":
        """By way ("two_slots", "one_slot", and NFC's and RAIN's own): room, needed, free, fits."""
        return {
            fit.way.replace(" ", "_"): {
                "room": fit.room,
                "needed": fit.needed,
                "free": fit.free,
                "fits": fit.free >= 0,
            }
            for fit in self.ways
        }

    def __str__(self) -> "str":
        lines = []
        for fit in self.ways:
            state = f"{fit.free} bytes free" if fit.free >= 0 else f"{-fit.free} bytes too many"
            lines.append(f"{self.chip.name}, {fit.way}: {fit.needed} of {fit.room} bytes, {state}")
        return "\n".join(lines)


def fits(chip_name: "str", link: "str", stub_size: "int", type: "bytes" = DEFAULT_TYPE) -> "Report":
    """Which of two slots, one slot, mini and link only a stub of that size fits; ValueError for an unknown chip.

    room and needed are bytes of each slot, of the mini record's payload (its Sign1 alone), of the URI record.
    """
    chip = chips.by_name(chip_name)
    ways = [_fit(chip, link, count, stub_size, type) for count in (2, 1)]
    uri = len(mini.uri_record(link))
    ours = 3 + len(type)  # the header of the mini profile's record
    ways.append(_plain_fit(chip, "mini", uri + ours, mini.SIZE))
    ways.append(_plain_fit(chip, "link only", 0, uri))
    return Report(chip, ways)


def layout_of(image: "Image") -> "Layout | None":
    """The layout of a tag that carries slots; None of any other, and where too few pages were read to tell."""
    try:
        return read_layout(image)
    except Malformed:
        return None


def read_layout(image: "Image") -> "Layout | None":
    """As layout_of, but raises Truncated where the pages read do not reach the first slot, else Malformed."""
    if image.known is not None:
        return image.known[1]  # type: ignore[no-any-return]
    found = type2.message_span(image)
    if found is None or found[1] == found[2]:
        return None
    lead, start, end = found
    area = type2.area(image)
    before, area = bytes(area[:start]), area[start:]
    records = ndef.spans(area, end - start)
    link = next(records)
    ours = None if link.last else next(records)
    if ours is None or not ours.last or ours.end != end - start or ours.id:
        return None
    magic_at = start + ours.payload_at
    magic = area[ours.payload_at : ours.payload_at + _PAGE]
    if len(magic) < _PAGE:
        raise Truncated("slots: the magic page was not read")
    count = magic[3]
    slots = end - magic_at - _payload_size(count, 0)
    if magic[:3] != MAGIC or count not in (1, 2) or slots <= 0 or slots % (_PAGE * count):
        return None
    offset = start - len(tlv.header(tlv.NDEF, end - start))
    layout = Layout(
        before[:lead],
        offset - lead,
        bytes(area[: link.end]),
        ours.type,
        count,
        slots // count,
    )
    if layout.head != before + bytes(area[: ours.payload_at]) or magic_at % _PAGE:
        return None
    if not image.has(layout.hint_pages[0], count):
        raise Truncated("slots: the hints were not read")
    image.known = (layout.slot_first_pages[0], layout)
    return layout


def hint(seq: "int", size: "int") -> "bytes":
    """The content of the hint page of a stub with this `seq`, `size` bytes long."""
    return bytes((seq >> 8 & 0xFF, seq & 0xFF, size >> 8, size & 0xFF))


def hinted(image: "Image", layout: "Layout") -> "tuple[int, int, int] | None":
    """(slot, seq mod 65536, size) of the stub that the hints call current; None where they disagree."""
    return named([image.get(page, 1) for page in layout.hint_pages], layout.room)


def named(hints: "list[bytes]", room: "int") -> "tuple[int, int, int] | None":
    """As hinted, from the contents of the hint pages, by slot; room: bytes of each slot.

    They agree where one of them is empty and the other is not, or where their seqs differ by exactly 1 modulo
    65536. A size without room in the slot is no hint.
    """
    seqs = [hint[0] << 8 | hint[1] for hint in hints]
    sizes = [hint[2] << 8 | hint[3] for hint in hints]
    slot = 0
    if len(hints) == 2 and bytes(_PAGE) in hints:
        slot = 0 if hints[1] == bytes(_PAGE) else 1
    elif len(hints) == 2:
        ahead = (seqs[1] - seqs[0]) & _SEQ
        if ahead not in (1, _SEQ):
            return None
        slot = 1 if ahead == 1 else 0
    if not 0 < sizes[slot] <= room:
        return None
    return slot, seqs[slot], sizes[slot]


def confirmed(image: "Image", layout: "Layout", slot: "int", seq: "int", size: "int") -> "bool":
    """Does the slot hold, in its first `size` bytes, what decodes as a stub with this seq mod 65536?"""
    pages = (size + _PAGE - 1) // _PAGE
    return holds(image.get(layout.slot_first_pages[slot], pages)[:size], seq)


def holds(content: "bytes", seq: "int") -> "bool":
    """Is this what decodes as a stub with this seq mod 65536?"""
    try:
        found = stub.decode(content)
    except Malformed:
        return False
    return found.seq & _SEQ == seq


def _fit(chip: "Chip", link: "str", count: "int", stub_size: "int", type: "bytes") -> "Fit":
    layout = largest_layout(chip, link, count, type)
    if layout is not None:
        return Fit(_WAYS[count], layout.room, stub_size)
    padded = stub_size + -stub_size % _PAGE
    free = chip.area - _end(chip, link, type, count, padded)
    return Fit(_WAYS[count], max(0, stub_size + free), stub_size, free)


def _plain_fit(chip: "Chip", way: "str", before: "int", needed: "int") -> "Fit":
    message = before + needed
    free = chip.area - len(chip.lead) - len(tlv.header(tlv.NDEF, message)) - message
    return Fit(way, max(0, needed + free), needed, free)


def _payload_size(count: "int", room: "int") -> "int":
    return _PAGE + count * _PAGE + count * room


def _nulls(lead: "int", uri: "int", type: "int", count: "int", room: "int") -> "int":
    return -(lead + _head_size(uri, type, count, room)) % _PAGE


def _head_size(uri: "int", type: "int", count: "int", room: "int") -> "int":
    """Bytes from the NDEF TLV to our payload, of a URI record and a type of so many bytes."""
    payload = _payload_size(count, room)
    message = uri + 2 + (1 if payload < 256 else 4) + type
    return message + len(tlv.header(tlv.NDEF, message + payload))


def _end(chip: "Chip", link: "str", type: "bytes", count: "int", room: "int") -> "int":
    """Bytes of the area that a message with slots of `room` bytes takes up to its end."""
    uri = len(mini.uri_record(link))
    head = len(chip.lead) + _head_size(uri, len(type), count, room)
    return head + -head % _PAGE + _payload_size(count, room)
