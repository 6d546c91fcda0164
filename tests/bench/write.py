"""Write: what writing and updating a tag costs, ours and nfcpy's; how few pages an update touches."""

from collections.abc import Iterator

import ndef

from edge import carrier, chips, plan, slots
from tests.bench import floor
from tests.bench.line import UID, Line, Nfcpy, Ours, Plan, Spent, line
from tests.bench.passports import LINK, Issuer, message_of
from tests.bench.size import Size
from tests.bench.table import Row

_MESSAGE = 250  # bytes
_CHIP = chips.by_name("NTAG215")


def rows(size: Size) -> Iterator[Row]:
    """Virtual time is exact, so there is one size."""
    yield from _message()
    yield from _update()


def _message() -> Iterator[Row]:
    link = message_of(_MESSAGE)
    with line("ntag215") as at:
        with Ours(at) as ours:
            ours.detect()
            pages = plan.link_only(_CHIP, ours.read(), link)
            spent = _written(at, ours, pages)
            ours.read()
            back = at.spent()
        peer = _by_nfcpy(link)
    yield Row(
        f"write a message of {_MESSAGE} bytes onto an empty NTAG215",
        spent.ms,
        "ms",
        peer=("nfcpy", peer.ms),
        limit=("EEPROM", floor.write(-(-(_MESSAGE + 2) // 4))),
        at_most=540,
        note=f"{len(pages)} pages; nfcpy {peer.pages} pages in {peer.commands} commands",
    )
    yield Row("its read-back, on top", back.ms, "ms")


def _update() -> Iterator[Row]:
    stubs = Issuer().chain(3)
    with line("ntag215") as at, Ours(at) as ours:
        ours.detect()
        pages = plan.commission(_CHIP, ours.read(True), LINK, stubs[0])
        spent = _written(at, ours, pages)
        yield Row(
            f"commission: link and a stub of {len(stubs[0])} bytes, {len(pages)} pages",
            spent.ms,
            "ms",
            limit=("EEPROM", floor.write(len(pages))),
        )
        for seq, about in ((1, "an empty slot"), (2, "over the stub before the last")):
            yield from _updated(at, ours, seq, stubs[seq], about)


def _updated(at: Line, ours: Ours, seq: int, stub: bytes, about: str) -> Iterator[Row]:
    ours.detect()
    image = ours.read(True)
    layout = slots.layout_of(image)
    assert layout is not None
    slot = seq % 2
    pages = plan.update(layout, image, slot, stub, seq)
    before = at.memory
    first, others = _written(at, ours, pages[:1]), _written(at, ours, pages[1:])
    changed = _changed(before, at.memory)
    found = carrier.carrier(ours.read(), UID)
    if (slot, stub) not in found.stubs or found.hinted != slot:
        raise RuntimeError("the update is not what stands on the tag")
    peer = _rewritten_by_nfcpy(before, at.memory)
    yield Row(
        f"update {seq}: {len(pages)} pages, {about}",
        first.ms + others.ms,
        "ms",
        peer=("nfcpy, not tear-safe", peer.ms),
        limit=("EEPROM", floor.write(len(changed))),
        note=f"the first page takes {first.commands} commands: is another tag in the field, too?",
    )
    yield Row(
        "  commands a page, from the second on",
        others.commands / others.pages,
        peer=("nfcpy", peer.commands / peer.pages),
        at_most=1,
    )
    yield Row("  pages written that already stood so", len(pages) - len(changed), at_most=0)
    stray = changed - _own_pages(layout, slot)
    yield Row("  pages changed outside the slot and its hint", len(stray), at_most=0)


def _written(at: Line, ours: Ours, pages: Plan) -> Spent:
    at.spent()
    ours.write(pages)
    return at.spent()


def _rewritten_by_nfcpy(before: bytes, after: bytes) -> Spent:
    """nfcpy brings the same NDEF message about, in its own way."""
    with line("ntag215") as at, Nfcpy(at) as theirs:
        at.memory = after
        message = theirs.message()
        at.memory = before
        tag = theirs.detect()
        assert tag is not None and tag.ndef is not None
        at.spent()
        tag.ndef.octets = message
        return at.spent()


def _by_nfcpy(link: str) -> Spent:
    message = b"".join(ndef.message_encoder([ndef.UriRecord(link)]))
    with line("ntag215") as at, Nfcpy(at) as theirs:
        tag = theirs.detect()
        assert tag is not None and tag.ndef is not None
        at.spent()
        tag.ndef.octets = message
        return at.spent()


def _own_pages(layout: slots.Layout, slot: int) -> set[int]:
    first = layout.slot_first_pages[slot]
    return {*range(first, first + layout.slot_pages), layout.hint_pages[slot]}


def _changed(before: bytes, after: bytes) -> set[int]:
    return {at // 4 for at in range(0, len(after), 4) if before[at : at + 4] != after[at : at + 4]}
