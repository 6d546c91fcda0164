"""Word plans: what to write to a RAIN tag, in an order that is safe to stop after any word.

A plan is a list of (place, data), data a run of whole words that are written in ascending order. It holds only words
that differ from the image. A word that the image does not hold is written where it carries something, or is
of the first page of an empty slot; behind a stub it is left alone, for a stub's own length ends it.

Slots become visible, or vanish, with one word: the first of the magic. It is zeroed before all else, and written last.
"""

from edge import stub, userbank
from edge.errors import DoesNotFit
from edge.gen2 import EPC_PLACE, PC_PLACE, USER, WORD, is_epc, pc_word, place

TYPE_CHECKING = False
if TYPE_CHECKING:
    from edge.gen2 import Image
    from edge.gen2chips import Chip
    from edge.userbank import Layout

    Plan = list[tuple[int, bytes]]

_MAGIC = place(USER, 0)
_VOID = bytes(WORD)
_EMPTY_HINT = bytes(4)
_FIRST_PAGE = 2  # words


def commission(
    chip: "Chip", image: "Image", epc: "bytes", signed: "bytes", count: "int | None" = None
) -> "Plan":
    """EPC and slots on any tag; the stub `signed` goes into slot 0. Torn, it is finished by the same call again.

    epc: as it stands from word 2 of its bank on; a tag that has it already is not touched there. count: insists on
    2 or 1 slots; None: two where the stub fits twice. Raises DoesNotFit; Malformed where `signed` is no stub.
    """
    _check_epc(chip, epc)
    layout = userbank.plan_layout(chip, len(signed), count)
    seq = stub.decode(signed).seq
    sheet = _Sheet(image)
    frame = layout.frame()
    sheet.put(_MAGIC + 1, frame[WORD:])
    _put_slot(sheet, layout, 0, signed)
    for slot in range(1, layout.slot_count):
        first = place(USER, layout.slot_first_words[slot])
        sheet.put(first, bytes(WORD * _FIRST_PAGE))
        sheet.clear(first, layout.slot_words)
        sheet.put(place(USER, layout.hint_words[slot]), _EMPTY_HINT)
    sheet.put(place(USER, layout.hint_words[0]), userbank.hint(seq, len(signed)))
    _put_epc(sheet, image, epc)
    return sheet.shown_last(frame[:WORD])


def commission_bare(chip: "Chip", image: "Image", epc: "bytes", signature: "bytes") -> "Plan":
    """EPC and the bare signature over it and the TID (edge.bare), in words 0-31 of the USER bank.

    What is known, or would be looked at, behind it is zeroed. Raises as commission.
    """
    _check_epc(chip, epc)
    if len(signature) != userbank.BARE:
        raise ValueError(f"a signature of {len(signature)} bytes, where {userbank.BARE} belong")
    excess = userbank.BARE - WORD * chip.user_words
    if excess > 0:
        raise DoesNotFit(
            f"{excess} bytes too many for the USER bank of {chip.name}: write the EPC alone", excess
        )
    sheet = _Sheet(image)
    behind = userbank.BARE // WORD
    looked_at = min(chip.user_words, userbank.BARE_LOOK)
    sheet.put(_MAGIC, signature)
    sheet.put(place(USER, behind), bytes(WORD * (looked_at - behind)))
    sheet.clear(place(USER, looked_at), chip.user_words - looked_at)
    _put_epc(sheet, image, epc)
    return sheet.plan


def epc_only(chip: "Chip", image: "Image", epc: "bytes") -> "Plan":
    """The EPC alone. What the image shows of ours in the USER bank is voided first. Raises as commission."""
    _check_epc(chip, epc)
    sheet = _Sheet(image)
    if userbank.layout_of(image, chip.user_words) is not None:
        sheet.put(_MAGIC, _VOID)
    elif userbank.is_bare(image):
        sheet.put(_MAGIC, bytes(userbank.BARE))
    _put_epc(sheet, image, epc)
    return sheet.plan


def update(layout: "Layout", image: "Image", slot: "int", signed: "bytes", seq: "int") -> "Plan":
    """The stub `signed` into `slot`, which is not the current one: its changed words, then its hint.

    Where the hints name that slot, they were torn: its hint is emptied before, so that no reader is led there.
    Raises DoesNotFit; ValueError for a slot that the layout has not.
    """
    if slot not in range(layout.slot_count):
        raise ValueError(f"slot {slot} of {layout.slot_count}")
    _check_room(layout, signed)
    sheet = _Sheet(image)
    hint = place(USER, layout.hint_words[slot])
    _put_slot(sheet, layout, slot, signed)
    named = userbank.hinted(image, layout)
    if sheet.plan and named is not None and named[0] == slot:
        sheet.put_first(hint, _EMPTY_HINT)
    sheet.put(hint, userbank.hint(seq, len(signed)))
    return sheet.plan


def clear(layout: "Layout", image: "Image", slot: "int") -> "Plan":
    """Void what stands in a slot that is not current: its hint first, then the page that begins its stub."""
    sheet = _Sheet(image)
    first = place(USER, layout.slot_first_words[slot])
    sheet.put(place(USER, layout.hint_words[slot]), _EMPTY_HINT)
    sheet.put(first, bytes(WORD * _FIRST_PAGE))
    sheet.clear(first, layout.slot_words)
    return sheet.plan


def rewrite_single(layout: "Layout", image: "Image", signed: "bytes", seq: "int") -> "Plan":
    """The stub of a tag with one slot: the magic voided, data, hint, the magic again.

    The caller has journaled it whole: torn, the tag shows no slots, and `commission` with the same EPC and stub
    finishes it. Raises as update.
    """
    _check_room(layout, signed)
    sheet = _Sheet(image)
    _put_slot(sheet, layout, 0, signed)
    sheet.put(place(USER, layout.hint_words[0]), userbank.hint(seq, len(signed)))
    return sheet.shown_last(layout.frame()[:WORD])


def format(chip: "Chip", image: "Image") -> "Plan":
    """A USER bank without content: its head, where slots would begin, and all that is known zeroed. The EPC stays."""
    sheet = _Sheet(image)
    sheet.put(_MAGIC, bytes(WORD * min(chip.user_words, userbank.HEAD)))
    for count in (2, 1):
        layout = userbank.largest_layout(chip, count)
        for first in layout.slot_first_words if layout is not None else ():
            sheet.put(place(USER, first), bytes(WORD * _FIRST_PAGE))
    sheet.clear(_MAGIC, chip.user_words)
    return sheet.plan


class _Sheet:
    """A plan in the making, beside the image as it will then stand."""

    def __init__(self, image: "Image") -> None:
        self.plan: "Plan" = []
        self._image = image.copy()

    def put(self, first: "int", data: "bytes") -> None:
        """Write the words that are not known to stand so; neighbours in one run."""
        n, end = 0, len(data) // WORD
        while n < end:
            run = n
            while n < end and not self._stands(first + n, data[WORD * n : WORD * (n + 1)]):
                n += 1
            if n > run:
                self._append(first + run, data[WORD * run : WORD * n])
            n += 1

    def put_first(self, first: "int", data: "bytes") -> None:
        """As put, but before all else."""
        later, self.plan = self.plan, []
        self.put(first, data)
        self.plan += later

    def clear(self, first: "int", count: "int") -> None:
        """Zero the words that are known to hold something."""
        for at in range(first, first + count):
            if self._image.has(at, 1):
                self.put(at, _VOID)

    def shown_last(self, word: "bytes") -> "Plan":
        """The plan, before it the magic's first word zeroed, behind it `word` written; [] where all stands so."""
        if self.plan:
            self.put_first(_MAGIC, _VOID)
        self.put(_MAGIC, word)
        return self.plan

    def _stands(self, at: "int", word: "bytes") -> "bool":
        return self._image.has(at, 1) and self._image.get(at, 1) == word

    def _append(self, at: "int", run: "bytes") -> None:
        self._image.put(at, run)
        if self.plan:
            first, before = self.plan[-1]
            if first + len(before) // WORD == at:
                at, run = first, before + run
                self.plan.pop()
        self.plan.append((at, run))


def _put_slot(sheet: "_Sheet", layout: "Layout", slot: "int", signed: "bytes") -> None:
    first = place(USER, layout.slot_first_words[slot])
    padded = signed + bytes(-len(signed) % WORD)
    count = len(padded) // WORD
    sheet.put(first, padded)
    sheet.clear(first + count, layout.slot_words - count)


def _put_epc(sheet: "_Sheet", image: "Image", epc: "bytes") -> None:
    """The EPC's words, then the PC word that makes them its length."""
    pc = image.pc or 0
    if image.epc == epc and is_epc(pc):
        return
    sheet.put(EPC_PLACE, epc)
    sheet.put(PC_PLACE, pc_word(len(epc) // WORD, pc).to_bytes(WORD, "big"))


def _check_epc(chip: "Chip", epc: "bytes") -> None:
    if not epc or len(epc) % WORD:
        raise ValueError(f"an EPC of {len(epc)} bytes is no EPC of whole words")
    excess = len(epc) - WORD * chip.epc_words
    if excess > 0:
        raise DoesNotFit(
            f"{excess} bytes too many for the EPC bank of {chip.name}: "
            "choose a shorter EPC scheme or serial",
            excess,
        )


def _check_room(layout: "Layout", signed: "bytes") -> None:
    excess = len(signed) - layout.room
    if excess > 0:
        raise DoesNotFit(
            f"{excess} bytes too many for the {layout.room} of this tag's slot: drop totals", excess
        )
