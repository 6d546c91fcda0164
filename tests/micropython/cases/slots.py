"""The slot layout on MicroPython: the budget, what a tag's pages say, and the mini profile."""

from expect import raises

from edge import chips, mini, slots, type2
from edge.errors import DoesNotFit

LINK = "https://id.example.com/01/09520123456788/21/A1B2C3D4E5"
UID = bytes.fromhex("04a1b2c3d4e5f6")


def test_the_budget_of_a_54_character_link():
    for name, two, one in (("NTAG213", 28, 60), ("NTAG215", 204, 412), ("NTAG216", 392, 788)):
        chip = chips.by_name(name)
        assert slots.largest_layout(chip, LINK, 2).room == two
        assert slots.largest_layout(chip, LINK, 1).room == one
    assert slots.largest_layout(chips.by_name("mf0ul11"), LINK, 1) is None


def test_what_does_not_fit_is_told():
    chip = chips.by_name("ntag215")
    assert slots.plan_layout(chip, LINK, 204).slot_count == 2
    assert slots.plan_layout(chip, LINK, 205).slot_count == 1
    said = raises(DoesNotFit, slots.plan_layout, chip, LINK, 211, slots.DEFAULT_TYPE, 2)
    assert said.startswith("7 bytes too many for NTAG215 with two slots")
    report = slots.fits("ntag215", LINK, 211)
    assert report.best.way == "one slot"
    assert report.as_dict()["two_slots"]["free"] == -7


def test_a_layout_is_found_on_the_tag():
    chip = chips.by_name("ntag215")
    for length in range(45, 55):
        layout = slots.plan_layout(chip, LINK[:length], 180)
        assert len(layout.head) % 4 == 0
        image = type2.Image(bytes(12) + chip.cc + layout.head + layout.magic())
        assert slots.layout_of(image) is None
        image.put(layout.hint_pages[0], bytes(8))
        found = slots.layout_of(image)
        assert found.head == layout.head and found.slot_first_pages == layout.slot_first_pages
        assert (found.room, found.lead, found.type) == (layout.room, b"", slots.DEFAULT_TYPE)


def test_hints_agree_or_say_nothing():
    chip = chips.by_name("ntag215")
    layout = slots.plan_layout(chip, LINK, 180)
    image = type2.Image(bytes(12) + chip.cc + layout.head + layout.magic() + bytes(8))
    for said, hinted in (
        (((0, 0), (0, 0)), None),
        (((5, 150), (0, 0)), (0, 5, 150)),
        (((1, 150), (2, 151)), (1, 2, 151)),
        (((65535, 150), (0, 151)), (1, 0, 151)),
        (((4, 150), (2, 151)), None),
        (((1, 150), (2, 205)), None),
    ):
        for slot in (0, 1):
            image.put(layout.hint_pages[slot], slots.hint(said[slot][0], said[slot][1]))
        assert slots.hinted(image, layout) == hinted


def test_the_mini_profile_is_83_bytes():
    covered = []

    def sign(message):
        covered.append(message)
        return bytes(64)

    uri = mini.uri_record(LINK)
    record = mini.record(uri, 1, UID, -19, bytes(8), sign)
    assert len(record.payload) == mini.SIZE and mini.is_mini(record.payload)
    assert mini.aad(1, UID).hex() == "846974616777726967687401014704a1b2c3d4e5f6"
    assert covered[0].endswith(mini.aad(1, UID) + b"\x58\x33" + uri)
    assert not mini.is_mini(record.payload[:-1])
