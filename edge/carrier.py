"""What stands on a Type 2 tag, and which pages to read next to find it.

A reader loops: `while (more := next_read(image)): image.put(more[0], port.read(*more))`. The first read is
HEAD pages: UID, lock bits, CC, the link and, behind a link of up to 54 characters, the hints. A chip with fewer
pages refuses a FAST_READ past its end; the driver then reads what there is, at least pages 0-3, and the CC bounds
all that follows. What is read is at most what the CC calls the NDEF area.
"""

from edge import chips, mini, ndef, slots, tlv, type2
from edge.errors import Malformed, Truncated

TYPE_CHECKING = False
if TYPE_CHECKING:
    from edge.chips import Chip
    from edge.slots import Layout
    from edge.type2 import Image

HEAD = 26  # pages; at 115200 baud a page costs 0.7 ms, one more command 3 ms

_STEP = 16  # pages to read on where a record's header is not in sight
_NFC = 1  # carrier kind of the stub's claim 7


class Carrier:
    """What a tag's pages say. stubs: (slot, bytes) of what has a stub's frame, neither decoded nor verified.

    state: "unformatted" (no CC) | "blank" | "foreign" | "link" (a URI record alone, or with what is not ours) |
    "mini" | "slots". hinted: the slot that the hints call current and that decodes so. faults: what is wrong
    with the tag, for people. uri_record: the first record's bytes as they stand.
    """

    def __init__(self, id: "bytes") -> None:
        self.kind = _NFC
        self.id = id
        self.chip: "Chip | None" = None
        self.link: "str | None" = None
        self.layout: "Layout | None" = None
        self.stubs: "list[tuple[int, bytes]]" = []
        self.mini: "bytes | None" = None
        self.uri_record: "bytes | None" = None
        self.state = "unformatted"
        self.hinted: "int | None" = None
        self.faults: "list[str]" = []


def next_read(image: "Image", whole: "bool" = False) -> "tuple[int, int] | None":
    """(first page, count) to read next to find the current stub, the mini record or a foreign message; None: enough.

    whole: both slots. Else the slot that the hints name, and both where they disagree, or where it does not hold
    a stub with the seq and size that its hint states. count may be more than one FAST_READ can fetch.
    """
    if not image.has(0, type2.AREA_PAGE):
        return 0, HEAD
    facts = type2.cc(image)
    if facts is None:
        return None
    end_page = type2.AREA_PAGE + facts[1] // type2.PAGE
    try:
        found = type2.message_span(image)
        layout = slots.read_layout(image)
    except Truncated:
        return _step(image, end_page)
    except Malformed:
        return None
    if layout is not None:
        return _next_slot(image, layout, whole)
    if found is None:
        return None
    return _missing(image, type2.AREA_PAGE, type2.AREA_PAGE + _pages(found[2]))


def carrier(image: "Image", uid: "bytes") -> "Carrier":
    """What the pages read say of the tag with this UID; never raises: `state` and `faults` tell."""
    seen = Carrier(uid)
    facts = type2.cc(image)
    if facts is None:
        seen.faults.append("page 3 is no capability container")
        return seen
    seen.chip = chips.by_cc(image.get(type2.CC_PAGE, 1))
    if image.has(0, 2) and len(uid) == 7 and type2.uid(image) != uid:
        seen.faults.append("pages 0 and 1 state another UID")
    seen.state = "foreign"
    try:
        _read_message(seen, image)
    except Malformed as fault:
        seen.faults.append(str(fault))
    return seen


def stub_in(slot: "bytes") -> "bytes | None":
    """The bytes from the slot's start that are framed as a tagged COSE_Sign1; None where they are not whole.

    Only the frame is looked at, for the length of a stub whose hint is torn. Padding behind it may be anything.
    """
    at = _after_bytes(slot, 2)
    if slot[:2] != b"\xd2\x84" or slot[at : at + 1] != b"\xa0":
        return None
    at = _after_bytes(slot, at + 1)
    if slot[at : at + 2] != b"\x58\x40" or at + 66 > len(slot):
        return None
    return slot[: at + 66]


def _after_bytes(data: "bytes", at: "int") -> "int":
    """Where the byte string that begins at `at` ends; past the end where none begins."""
    head = data[at : at + 3]
    if head and 0x40 <= head[0] < 0x58:
        return at + 1 + head[0] - 0x40
    if len(head) > 1 and head[0] == 0x58:
        return at + 2 + head[1]
    if len(head) > 2 and head[0] == 0x59:
        return at + 3 + (head[1] << 8 | head[2])
    return len(data)


def _next_slot(image: "Image", layout: "Layout", whole: "bool") -> "tuple[int, int] | None":
    hinted = None if whole else slots.hinted(image, layout)
    if hinted is not None:
        slot, seq, size = hinted
        first = layout.slot_first_pages[slot]
        more = _missing(image, first, first + _pages(size))
        if more is not None or slots.confirmed(image, layout, slot, seq, size):
            return more
    return _missing(image, layout.slot_first_pages[0], layout.end_page)


def _step(image: "Image", end_page: "int") -> "tuple[int, int] | None":
    more = _missing(image, type2.AREA_PAGE, end_page)
    return more and (more[0], min(more[1], _STEP))


def _missing(image: "Image", first: "int", end: "int") -> "tuple[int, int] | None":
    """The first run of pages in [first, end) that the image does not hold."""
    while first < end and image.has(first, 1):
        first += 1
    count = 0
    while first + count < end and not image.has(first + count, 1):
        count += 1
    return (first, count) if count else None


def _pages(size: "int") -> "int":
    return (size + type2.PAGE - 1) // type2.PAGE


def _read_message(seen: "Carrier", image: "Image") -> None:
    """Fill in state, link, stubs or mini; raises Malformed where the message breaks its standard."""
    found = type2.message_span(image)
    if found is None:
        if bytes(type2.area(image)).strip(bytes((tlv.NULL, tlv.TERMINATOR))):
            raise Malformed("no NDEF message among the TLV blocks")
        seen.state = "blank"
        return
    _, start, end = found
    message = type2.area(image)[start:end]
    if start == end or bytes(message[:4]) == b"\xd0\x00\x00":
        seen.state = "blank"
        return
    records = list(ndef.spans(message, end - start))
    if len(message) < end - start and slots.layout_of(image) is None:
        raise Truncated(f"{end - start - len(message)} bytes of the message were not read")
    first = records[0]
    payload = bytes(message[first.payload_at : first.end])
    seen.link = ndef.uri_of(ndef.Record(first.tnf, first.type, first.id, payload))
    if seen.link is None:
        return
    seen.uri_record = bytes(message[: first.end])
    seen.state = "link"
    seen.layout = slots.layout_of(image)
    if seen.layout is not None:
        seen.state = "slots"
        _read_slots(seen, image, seen.layout)
    elif len(records) == 2:
        payload = bytes(message[records[1].payload_at : records[1].end])
        if records[1].tnf in (ndef.EXTERNAL, ndef.MIME) and mini.is_mini(payload):
            seen.state = "mini"
            seen.mini = payload


def _read_slots(seen: "Carrier", image: "Image", layout: "Layout") -> None:
    for slot, first in enumerate(layout.slot_first_pages):
        content = image.run(first, first + layout.slot_pages)
        found = stub_in(content)
        if found is not None:
            seen.stubs.append((slot, found))
        elif content.strip(b"\x00"):
            seen.faults.append(f"slot {slot} holds no whole stub")
    hinted = slots.hinted(image, layout)
    if hinted is None:
        seen.faults.append("the hints are torn or disagree")
        return
    slot, seq, size = hinted
    if image.has(layout.slot_first_pages[slot], _pages(size)):
        if slots.confirmed(image, layout, slot, seq, size):
            seen.hinted = slot
        else:
            seen.faults.append(f"slot {slot} is not what its hint says")
