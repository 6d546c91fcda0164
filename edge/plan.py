"""Page plans: what to write, in an order that is safe to stop after any write.

A plan is a list of (page, 4 bytes). It holds only pages that differ from the image. A page that the image does not
hold is written where it carries something, or is the first of an empty slot; where it is padding behind a
stub it is left alone, for a stub's own length ends it. Locked is raised before there is a plan.

A message becomes visible, or empty, with one page: the one where its first TLV begins (the commit page). It is
emptied first where a message stands, and written last (NFC Forum T2T, "Writing an NDEF message").
"""

from edge import chips, mini, ndef, slots, stub, tlv, type2
from edge.errors import DoesNotFit, Malformed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from edge.chips import Chip
    from edge.slots import Layout
    from edge.type2 import Image

    Plan = list[tuple[int, bytes]]

_PAGE = type2.PAGE
_AREA = type2.AREA_PAGE
_EMPTY = b"\x03\x00\xfe\x00"  # an empty NDEF TLV and the Terminator
_ZEROS = bytes(_PAGE)


def commission(
    chip: "Chip",
    image: "Image",
    link: "str",
    signed: "bytes",
    type: "bytes" = slots.DEFAULT_TYPE,
    count: "int | None" = None,
) -> "Plan":
    """Link and slots on any tag; the stub `signed` goes into slot 0. Pages 2 and 3 must be held, else ValueError.

    count: insists on 2 or 1 slots; None: two where the stub fits twice.
    Raises DoesNotFit; Malformed where `signed` is no stub or the CC is another chip's; type2.Locked.
    """
    layout = slots.plan_layout(chip, link, len(signed), type, count)
    seq = stub.decode(signed).seq
    sheet = _Sheet(image, chip)
    _open(sheet, chip)
    _put_slot(sheet, layout, 0, signed)
    for first in layout.slot_first_pages[1:]:
        sheet.put(first, _ZEROS)
        sheet.clear(first, layout.slot_pages)
    for page in layout.hint_pages[1:]:
        sheet.put(page, _ZEROS)
    sheet.put(layout.hint_pages[0], slots.hint(seq, len(signed)))
    sheet.put(layout.magic_page, layout.magic())
    if layout.end_page < _AREA + chip.area // _PAGE:
        sheet.put(layout.end_page, b"\xfe\x00\x00\x00")
    _commit(sheet, chip, layout.head)
    return sheet.plan


def commission_mini(
    chip: "Chip",
    image: "Image",
    link: "str",
    sign1: "bytes",
    type: "bytes" = mini.DEFAULT_TYPE,
) -> "Plan":
    """Link and the mini profile's detached Sign1, which mini.record made over this link. Raises as commission."""
    record = ndef.Record(mini.record_tnf(type), type, b"", sign1)
    return _plain(chip, image, [ndef.uri_record(link), record])


def link_only(chip: "Chip", image: "Image", link: "str") -> "Plan":
    """The link alone. Raises as commission."""
    return _plain(chip, image, [ndef.uri_record(link)])


def update(layout: "Layout", image: "Image", slot: "int", signed: "bytes", seq: "int") -> "Plan":
    """The stub `signed` into `slot`, which is not the current one: its changed pages, then its hint page.

    Where the hints name that slot, they were torn: its hint is emptied before, so that no reader is led there.
    Raises DoesNotFit, type2.Locked; ValueError for a slot that the layout has not.
    """
    if slot not in range(layout.slot_count):
        raise ValueError(f"slot {slot} of {layout.slot_count}")
    _check_room(layout, signed)
    sheet = _Sheet(image, None)
    _put_slot(sheet, layout, slot, signed)
    named = slots.hinted(image, layout)
    if sheet.plan and named is not None and named[0] == slot:
        sheet.put_first(layout.hint_pages[slot], _ZEROS)
    sheet.put(layout.hint_pages[slot], slots.hint(seq, len(signed)))
    return sheet.plan


def clear(layout: "Layout", image: "Image", slot: "int") -> "Plan":
    """Void what stands in a slot that is not current: its hint first, then the page that begins its stub."""
    sheet = _Sheet(image, None)
    sheet.put(layout.hint_pages[slot], _ZEROS)
    sheet.put(layout.slot_first_pages[slot], _ZEROS)
    sheet.clear(layout.slot_first_pages[slot], layout.slot_pages)
    return sheet.plan


def rewrite_single(layout: "Layout", image: "Image", signed: "bytes", seq: "int") -> "Plan":
    """The stub of a tag with one slot: NLEN = 0, the data, the message again. The caller has journaled it whole.

    Torn, the tag is blank, and `commission` with the same link and stub finishes it. Raises as update.
    """
    _check_room(layout, signed)
    sheet = _Sheet(image, None)
    _put_slot(sheet, layout, 0, signed)
    sheet.put(layout.hint_pages[0], slots.hint(seq, len(signed)))
    if not sheet.plan:
        return []
    at = (layout.commit_page - _AREA) * _PAGE
    sheet.put_first(layout.commit_page, _empty(layout.lead))
    sheet.put(layout.commit_page, layout.head[at : at + _PAGE])
    return sheet.plan


def format(chip: "Chip", image: "Image") -> "Plan":
    """An empty NDEF message, as the chip was delivered; the CC where it has none. Raises as commission."""
    sheet = _Sheet(image, chip)
    _open(sheet, chip)
    sheet.put(_AREA + 1, chip.factory[_PAGE:])
    sheet.put(_AREA, chip.factory[:_PAGE])
    return sheet.plan


class _Sheet:
    """A plan in the making, beside the image as it will then stand."""

    def __init__(self, image: "Image", chip: "Chip | None") -> None:
        self.plan: "Plan" = []
        self._image = image.copy()
        self._locked = type2.locked_pages(image, chip or chips.by_cc(image.get(type2.CC_PAGE, 1)))
        facts = type2.cc(image)
        if facts is not None and facts[2]:
            raise type2.Locked(type2.CC_PAGE, "the CC says that the tag is read-only")

    def holds(self, page: "int", prefix: "bytes") -> "bool":
        """Does this page, as it will stand, begin so?"""
        return self._image.has(page, 1) and self._image.get(page, 1)[: len(prefix)] == prefix

    def put(self, page: "int", data: "bytes") -> None:
        """Write a page unless it is known to stand so."""
        if self.holds(page, data):
            return
        if page in self._locked:
            raise type2.Locked(page, "its lock bit is set")
        self._image.put(page, data)
        self.plan.append((page, data))

    def put_first(self, page: "int", data: "bytes") -> None:
        """As put, but before all else."""
        if not self.holds(page, data):
            self.put(page, data)
            self.plan.insert(0, self.plan.pop())

    def clear(self, first: "int", count: "int") -> None:
        """Zero the pages that are known to hold something."""
        for page in range(first, first + count):
            if self._image.has(page, 1):
                self.put(page, _ZEROS)


def _put_slot(sheet: "_Sheet", layout: "Layout", slot: "int", signed: "bytes") -> None:
    first = layout.slot_first_pages[slot]
    padded = signed + bytes(-len(signed) % _PAGE)
    pages = len(padded) // _PAGE
    for n in range(pages):
        sheet.put(first + n, padded[n * _PAGE : (n + 1) * _PAGE])
    sheet.clear(first + pages, layout.slot_pages - pages)


def _plain(chip: "Chip", image: "Image", records: "list[ndef.Record]") -> "Plan":
    message = ndef.encode(records)
    content = chip.lead + tlv.header(tlv.NDEF, len(message)) + message
    excess = len(content) - chip.area
    if excess > 0:
        raise DoesNotFit(f"{excess} bytes too many for {chip.name}: shorten the link", excess)
    if excess < 0:
        content += bytes((tlv.TERMINATOR,))
    sheet = _Sheet(image, chip)
    _open(sheet, chip)
    _commit(sheet, chip, content + bytes(-len(content) % _PAGE))
    return sheet.plan


def _open(sheet: "_Sheet", chip: "Chip") -> None:
    """Leave an empty message where one stands, whatever follows it; then a CC and the Lock Control TLV."""
    if not sheet.holds(type2.CC_PAGE, chip.cc[:3]) and not sheet.holds(type2.CC_PAGE, _ZEROS):
        raise Malformed(f"page 3 is not the capability container of {chip.name}")
    page = _AREA + len(chip.lead) // _PAGE
    whole = chip.lead[: len(chip.lead) // _PAGE * _PAGE]
    if whole and not sheet.holds(_AREA, whole):
        sheet.put(_AREA, _EMPTY)
    if not sheet.holds(page, _empty(chip.lead)[: len(chip.lead) % _PAGE + 2]):
        sheet.put(page, _empty(chip.lead))
    if whole:
        sheet.put(_AREA, whole)
    sheet.put(type2.CC_PAGE, chip.cc)


def _empty(lead: "bytes") -> "bytes":
    """The commit page of an empty message behind these TLVs."""
    tail = lead[len(lead) // _PAGE * _PAGE :]
    if len(tail) == _PAGE - 1:
        return tail + b"\xfe"  # T alone would leave L to the next page
    return (tail + _EMPTY)[:_PAGE]


def _commit(sheet: "_Sheet", chip: "Chip", content: "bytes") -> None:
    """Write the area's first bytes; the commit page last."""
    first = len(chip.lead) // _PAGE
    for n in range(first + 1, len(content) // _PAGE):
        sheet.put(_AREA + n, content[n * _PAGE : (n + 1) * _PAGE])
    sheet.put(_AREA + first, content[first * _PAGE : (first + 1) * _PAGE])


def _check_room(layout: "Layout", signed: "bytes") -> None:
    excess = len(signed) - layout.room
    if excess > 0:
        raise DoesNotFit(
            f"{excess} bytes too many for the {layout.room} of this tag's slot: drop totals", excess
        )
