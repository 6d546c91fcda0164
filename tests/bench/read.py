"""Read: what detecting and reading a tag costs on the wire and in the field, ours and nfcpy's."""

from collections.abc import Iterator
from random import Random

from edge import carrier, chips, plan, slots
from edge.type2 import Image
from tests.bench import floor
from tests.bench.line import UID, Line, Nfcpy, Ours, Spent, line
from tests.bench.passports import LINK, Issuer, message_of
from tests.bench.size import Size
from tests.bench.table import Row

_MESSAGE = 250  # bytes; with its TLV and the Terminator 64 pages
_TORN = 64


def rows(size: Size) -> Iterator[Row]:
    """Virtual time is exact, so there is one size."""
    yield _message()
    yield from _slots(Random(size.seed))


def _message() -> Row:
    chip = chips.by_name("NTAG215")
    with line("ntag215") as at:
        with Ours(at) as ours:
            ours.detect()
            ours.write(plan.link_only(chip, ours.read(), message_of(_MESSAGE)))
        spent, _ = _detect_and_read(at)
        with Nfcpy(at) as theirs:
            at.spent()
            got = len(theirs.message())
            peer = at.spent()
    if got != _MESSAGE:
        raise RuntimeError(f"nfcpy read {got} bytes, not {_MESSAGE}")
    pages = -(-(_MESSAGE + 2) // 4)
    return Row(
        f"detect + read a message of {_MESSAGE} bytes, NTAG215, 115200 baud",
        spent.ms,
        "ms",
        peer=("nfcpy", peer.ms),
        limit=("field", floor.select() + floor.read(pages)),
        at_most=75,
        note=_costs(spent, peer),
    )


def _slots(random: Random) -> Iterator[Row]:
    stubs = Issuer().chain(3)
    chip = chips.by_name("NTAG215")
    with line("ntag215") as at:
        with Ours(at) as ours:
            ours.detect()
            ours.write(plan.commission(chip, ours.read(True), LINK, stubs[0]))
            layout = slots.layout_of(ours.read())
            assert layout is not None and layout.slot_count == 2
            for seq in (1, 2):
                image = ours.read(True)
                ours.write(plan.update(layout, image, seq % 2, stubs[seq], seq))
        spent, image = _detect_and_read(at)
        _expect(image, stubs[2])
        with Nfcpy(at) as theirs:
            at.spent()
            theirs.message()
            peer = at.spent()
        head = layout.hint_pages[-1] + 1
        least = floor.select() + floor.read(head + -(-len(stubs[2]) // 4))
        yield Row(
            f"the current stub ({len(stubs[2])} bytes) of two, link of {len(LINK)} characters",
            spent.ms,
            "ms",
            peer=("nfcpy, all", peer.ms),
            limit=("field", least),
            at_most=95,
            note=_costs(spent, peer),
        )
        whole, worst = at.memory, spent
        for page, content in _torn_hints(layout, stubs, random):
            at.memory = whole[: 4 * page] + content + whole[4 * page + 4 :]
            spent, image = _detect_and_read(at)
            _expect(image, stubs[1], stubs[2])
            worst = max(worst, spent, key=lambda each: each.ms)
        yield Row(
            f"ditto, the worst of {_TORN + 1} torn hints: both slots are read",
            worst.ms,
            "ms",
            peer=("nfcpy, all", peer.ms),
            limit=("field", floor.select() + floor.read(layout.end_page)),
            at_most=140,
            note=_costs(worst, peer),
        )


def _detect_and_read(at: Line) -> tuple[Spent, Image]:
    """By a driver that has just been opened: the field's rise is part of it."""
    with Ours(at) as ours:
        at.spent()
        ours.detect()
        image = ours.read()
        return at.spent(), image


def _expect(image: Image, *stubs: bytes) -> None:
    if not {found for _, found in carrier.carrier(image, UID).stubs} & set(stubs):
        raise RuntimeError("no current stub was read")


def _torn_hints(
    layout: slots.Layout, stubs: list[bytes], random: Random
) -> Iterator[tuple[int, bytes]]:
    """(page, content) of slot 0's hint, any bits of it on their way from seq 0 to 2; and one that lies well.

    Until its hint is whole an update is not done, and a reader may find what stood before: seq 1.
    """
    old, new = (int.from_bytes(slots.hint(seq, len(stubs[seq])), "big") for seq in (0, 2))
    for _ in range(_TORN):
        yield layout.hint_pages[0], (old ^ (old ^ new) & random.getrandbits(32)).to_bytes(4, "big")
    yield layout.hint_pages[1], slots.hint(3, len(stubs[2]))


def _costs(ours: Spent, peer: Spent) -> str:
    return (
        f"wire {ours.wire_ms:.1f} + field {ours.air_ms:.1f} ms in {ours.commands} commands; "
        f"nfcpy {peer.wire_ms:.1f} + {peer.air_ms:.1f} in {peer.commands}"
    )
