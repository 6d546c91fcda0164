"""Slots in the USER bank: where they stand, what fits, and what is no layout."""

import random

import pytest
import raintags

from edge import gen2chips, userbank
from edge.errors import DoesNotFit
from edge.gen2 import USER, Image, place

# Bytes of each of two slots, and of one; what is too small for the frame has none.
ROOMS = {
    "Monza X-8K": (504, 1012),
    "Monza X-2K": (128, 260),
    "UCODE DNA": (184, 372),
    "UCODE I2C": (200, 404),
    "MB97R804": (1704, 3412),
    "Higgs-9": (32, 72),
    "M781": (24, 52),
    "M780": (None, 4),
    "M730": (None, None),
}


@pytest.mark.parametrize(("name", "rooms"), ROOMS.items())
def test_the_room_of_the_slots(name: str, rooms: tuple[int | None, int | None]) -> None:
    chip = gen2chips.by_name(name)
    layouts = [userbank.largest_layout(chip, count) for count in (2, 1)]
    assert tuple(layout and layout.room for layout in layouts) == rooms
    for layout in layouts:
        assert layout is None or layout.end_word <= chip.user_words


def bank(content: bytes) -> Image:
    image = Image()
    image.put(place(USER, 0), content)
    return image


def test_the_frame_states_count_and_room() -> None:
    layout = userbank.Layout(2, 504)
    assert layout.frame().hex() == "d254571201f80000"
    assert layout.hint_words == (4, 6)
    assert layout.slot_first_words == (8, 260)
    assert (layout.slot_words, layout.end_word, layout.type) == (252, 512, b"")
    single = userbank.Layout(1, 1012)
    assert single.frame().hex() == "d254571103f40000"
    assert (single.hint_words, single.slot_first_words, single.end_word) == ((4,), (6,), 512)


def test_no_reader_takes_the_first_byte_for_packed_objects_or_a_stub() -> None:
    first = userbank.MAGIC[0]
    assert not 0x80 <= first <= 0xBF  # access method 10b
    assert raintags.signed(0)[:2] != userbank.MAGIC[:2]


def test_slots_are_no_larger_than_a_stub_can_be() -> None:
    chip = gen2chips.Chip("8 KB", 0x010, 0x811, 30, 4096, 13)
    layouts = [userbank.largest_layout(chip, count) for count in (2, 1)]
    assert [layout and layout.room for layout in layouts] == [4088, 4096]


def test_two_slots_come_before_one() -> None:
    chip = gen2chips.by_name("monza x-8k")
    assert userbank.plan_layout(chip, 504).slot_count == 2
    assert userbank.plan_layout(chip, 505).slot_count == 1
    assert userbank.plan_layout(chip, 200, 1).room == 1012
    with pytest.raises(DoesNotFit, match="1 bytes too many for Monza X-8K with one slot") as why:
        userbank.plan_layout(chip, 1013)
    assert why.value.excess == 1
    with pytest.raises(DoesNotFit, match="6 bytes too many for Monza X-8K with two slots"):
        userbank.plan_layout(chip, 510, 2)
    with pytest.raises(DoesNotFit) as why:
        userbank.plan_layout(gen2chips.by_name("M730"), 200)
    assert why.value.excess == 212  # the stub, and the frame with a hint


def test_the_ways_of_a_chip_are_told() -> None:
    report = userbank.fits("Monza X-2K", 6, 180)
    assert report.best is not None and report.best.way == "one slot"
    assert report.as_dict() == {
        "two_slots": {"room": 128, "needed": 180, "free": -52, "fits": False},
        "one_slot": {"room": 260, "needed": 180, "free": 80, "fits": True},
        "bare": {"room": 272, "needed": 64, "free": 208, "fits": True},
        "epc_only": {"room": 16, "needed": 12, "free": 4, "fits": True},
    }
    assert "Monza X-2K, one slot: 180 of 260 bytes, 80 bytes free" in str(report)


@pytest.mark.parametrize(
    ("name", "way"),
    [("M781", "bare"), ("Higgs-9", "bare"), ("M730", "epc only"), ("UCODE DNA", "two slots")],
)
def test_the_best_way_of_a_stub_of_170_bytes(name: str, way: str) -> None:
    best = userbank.fits(name, 6, 170).best
    assert best is not None and best.way == way


def test_an_epc_that_is_too_long_fits_no_way() -> None:
    report = userbank.fits("Monza X-8K", 9, 170)
    assert report.best is None
    assert [way.free for way in report.ways] == [-2] * 4
    with pytest.raises(ValueError):
        userbank.fits("no such chip", 6, 170)


def test_a_layout_is_found_by_its_frame_alone() -> None:
    layout = userbank.Layout(2, 504)
    for size in range(0, 40, 2):
        found = userbank.layout_of(bank((layout.frame() + bytes(32))[:size]))
        assert (found is not None) == (size >= 16), size
    found = userbank.layout_of(bank(layout.frame() + bytes(8)), 512)
    assert found is not None and vars(found) == vars(layout)
    assert userbank.layout_of(bank(layout.frame() + bytes(8)), 511) is None


@pytest.mark.parametrize(
    "frame",
    [
        "d154571201f80000",  # another magic
        "d254561201f80000",
        "d254570201f80000",  # another version
        "d254571001f80000",  # no slot, three slots
        "d254571301f80000",
        "d254571200000000",  # no room, no whole pages, more than a stub can be
        "d254571201f60000",
        "d254571210040000",
        "d254571201f80001",  # not of this version
    ],
)
def test_what_is_no_frame_is_no_layout(frame: str) -> None:
    assert userbank.layout_of(bank(bytes.fromhex(frame) + bytes(16))) is None


def test_a_frame_without_its_first_word_is_unfinished() -> None:
    frame = userbank.Layout(1, 260).frame()
    for first in (b"\x00\x00", b"\xff\xd2"):
        image = bank(first + frame[2:] + bytes(8))
        assert userbank.is_unfinished(image) and userbank.layout_of(image) is None
    assert not userbank.is_unfinished(bank(frame + bytes(8)))
    assert not userbank.is_unfinished(bank(bytes(16)))


def test_a_bare_signature_is_told_by_its_bytes_and_what_stands_behind() -> None:
    signature = random.Random(7).randbytes(64)
    assert userbank.is_bare(bank(signature))
    assert userbank.is_bare(bank(signature + bytes(64)))
    assert not userbank.is_bare(bank(signature + bytes(62) + b"\x00\x01"))
    assert userbank.is_bare(bank(signature + bytes(64) + b"\x00\x01"))  # not looked at
    assert not userbank.is_bare(bank(signature[:62]))
    assert not userbank.is_bare(bank(b"ATA Spec 2000, chapter 9-5: a birth record in text. " * 2))
    assert not userbank.is_bare(bank(userbank.Layout(2, 504).frame() + signature))


def test_hardly_a_signature_is_missed() -> None:
    chance = random.Random(1)
    assert all(userbank.is_bare(bank(chance.randbytes(64))) for _ in range(20000))


def test_slots_of_random_bytes_are_no_layout() -> None:
    chance = random.Random(2)
    for _ in range(20000):
        image = bank(chance.randbytes(16))
        assert userbank.layout_of(image) is None and not userbank.is_unfinished(image)
