"""What stands on a RAIN tag, and which words to read next to find it.

A reader puts the PC word, EPC and TID of a sighting into an image, then loops:
`while (more := next_read(image)): image.put(more[0], port.read(*more))`.
"""

from edge import epc, gen2chips, tid, userbank
from edge.carrier import stub_in
from edge.errors import Malformed
from edge.gen2 import TID, USER, WORD, is_epc, place

TYPE_CHECKING = False
if TYPE_CHECKING:
    from edge.epc import Epc
    from edge.gen2 import Image
    from edge.gen2chips import Chip
    from edge.userbank import Layout

HEAD = userbank.HEAD  # words of the USER bank that are read first; a round may bring them

_RAIN = 2  # carrier kind of the stub's claim 7


class Carrier:
    """What a tag's words say, in the shape of edge.carrier.Carrier.

    id: the TID's identity. epc: what the EPC decodes to, or None, also where the PC word says that it is none;
    uri_record: its bytes, which a bare signature is over; link: its GS1 Digital Link. stubs: (slot, bytes) of what has
    a stub's frame, neither decoded nor verified.
    state: "slots" | "bare" (64 bytes that may be a signature, in `mini`) | "foreign" (a USER bank that begins with
    what is not ours) | "epc" (its EPC alone) | "blank" (neither). What a torn write left is "epc" or "blank", with
    a fault. hinted: the slot that the hints call current and that decodes so. faults: what is wrong, for people.
    """

    def __init__(self, id: "bytes") -> None:
        self.kind = _RAIN
        self.id = id
        self.chip: "Chip | None" = None
        self.link: "str | None" = None
        self.layout: "Layout | None" = None
        self.stubs: "list[tuple[int, bytes]]" = []
        self.mini: "bytes | None" = None
        self.uri_record: "bytes | None" = None
        self.epc: "Epc | None" = None
        self.state = "blank"
        self.hinted: "int | None" = None
        self.faults: "list[str]" = []


def next_read(image: "Image", whole: "bool" = False) -> "tuple[int, int] | None":
    """(place, words) to read next to find the current stub, a bare signature or foreign content; None: enough.

    First what is left of an unknown chip's XTID, then the head of the USER bank. Where that states slots: the slot
    that the hints name; both (`whole`: at once) where they disagree, or where it does not hold a stub with the seq
    and size that its hint states. Never past the USER bank of a chip that is known, nor past a TID's own end; a reader
    that is refused what an unknown chip is asked for stops there.
    """
    chip = gen2chips.by_tid(image.tid)
    if chip is None:
        more = _missing(image, place(TID, 0), tid.Tid(image.tid).words)
        if more is not None or not image.tid:
            return more
    user = place(USER, 0)
    user_words = chip.user_words if chip is not None else userbank.BARE_LOOK
    more = _missing(image, user, min(HEAD, user_words))
    if more is not None:
        return more
    layout = _layout(image, chip)
    if layout is not None:
        return _next_slot(image, layout, whole)
    if userbank.is_unfinished(image) or not image.run(user, HEAD).strip(b"\x00"):
        return None
    return _missing(image, user, min(userbank.BARE_LOOK, user_words))


def carrier(image: "Image", id: "bytes") -> "Carrier":
    """What the words read say of the tag with this TID identity; never raises: `state` and `faults` tell."""
    seen = Carrier(id)
    seen.chip = gen2chips.by_tid(image.tid)
    if image.tid and tid.identity(image.tid) != id:
        seen.faults.append("the TID states another identity")
    _read_epc(seen, image)
    seen.layout = _layout(image, seen.chip)
    if seen.layout is not None:
        seen.state = "slots"
        _read_slots(seen, image, seen.layout)
    elif userbank.is_unfinished(image):
        seen.faults.append("its slots were not written to the end")
    elif userbank.is_bare(image):
        seen.state = "bare"
        seen.mini = image.get(place(USER, 0), userbank.BARE // WORD)
    elif image.run(place(USER, 0)).strip(b"\x00"):
        seen.state = "foreign"
    return seen


def _layout(image: "Image", chip: "Chip | None") -> "Layout | None":
    return userbank.layout_of(image, chip.user_words if chip is not None else None)


def _read_epc(seen: "Carrier", image: "Image") -> None:
    seen.uri_record = image.epc or None
    if not is_epc(image.pc or 0):
        return
    try:
        seen.epc = epc.decode(image.epc)
    except Malformed:
        return
    seen.link = seen.epc.link
    seen.state = "epc"


def _next_slot(image: "Image", layout: "Layout", whole: "bool") -> "tuple[int, int] | None":
    hinted = None if whole else userbank.hinted(image, layout)
    if hinted is not None:
        slot, seq, size = hinted
        more = _missing(image, place(USER, layout.slot_first_words[slot]), userbank.words(size))
        if more is not None or userbank.confirmed(image, layout, slot, seq, size):
            return more
    first = layout.slot_first_words[0]
    return _missing(image, place(USER, first), layout.end_word - first)


def _missing(image: "Image", first: "int", words: "int") -> "tuple[int, int] | None":
    """The first run among these words that the image does not hold."""
    end = first + words
    while first < end and image.has(first, 1):
        first += 1
    count = 0
    while first + count < end and not image.has(first + count, 1):
        count += 1
    return (first, count) if count else None


def _read_slots(seen: "Carrier", image: "Image", layout: "Layout") -> None:
    for slot, first in enumerate(layout.slot_first_words):
        content = image.run(place(USER, first), layout.slot_words)
        found = stub_in(content)
        if found is not None:
            seen.stubs.append((slot, found))
        elif content.strip(b"\x00"):
            seen.faults.append(f"slot {slot} holds no whole stub")
    hinted = userbank.hinted(image, layout)
    if hinted is None:
        seen.faults.append("the hints are torn or disagree")
        return
    slot, seq, size = hinted
    if image.has(place(USER, layout.slot_first_words[slot]), userbank.words(size)):
        if userbank.confirmed(image, layout, slot, seq, size):
            seen.hinted = slot
        else:
            seen.faults.append(f"slot {slot} is not what its hint says")
