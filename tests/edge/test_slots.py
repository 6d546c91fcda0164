"""The slot layout: capacity, alignment, hints, and what is taken for slots."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tags import LINK, delivered, link, look, signed, write

from edge import chips, mini, ndef, plan, slots, tlv, type2
from edge.errors import DoesNotFit, Malformed
from edge.type2 import Image

BIG = ("NTAG215", "NTAG216")


def rooms(name: str, uri: str) -> list[int]:
    chip = chips.by_name(name)
    layouts = [slots.largest_layout(chip, uri, count) for count in (2, 1)]
    return [layout.room if layout else 0 for layout in layouts]


def test_the_budget_of_a_54_character_link() -> None:
    assert len(LINK) == 54
    assert {name: rooms(name, LINK) for name in ("NTAG213", *BIG, "MF0UL11", "MF0UL21")} == {
        "NTAG213": [28, 60],
        "NTAG215": [204, 412],
        "NTAG216": [392, 788],
        "MF0UL11": [0, 0],
        "MF0UL21": [20, 48],
    }


def test_the_pages_of_the_budgets_example() -> None:
    layout = slots.plan_layout(chips.by_name("ntag215"), LINK, 190)
    assert (layout.message_page, layout.message_offset, layout.commit_page) == (4, 0, 4)
    assert len(layout.head) == 76  # TLV 4, URI record 51, record header 6, type 15
    assert (layout.magic_page, layout.hint_pages) == (23, (24, 25))
    assert (layout.slot_first_pages, layout.slot_pages, layout.end_page) == ((26, 77), 51, 128)


@pytest.mark.parametrize("length", range(20, 121))
@pytest.mark.parametrize("name", BIG)
def test_slots_begin_on_pages_and_waste_less_than_12_bytes(name: str, length: int) -> None:
    chip = chips.by_name(name)
    layout = slots.plan_layout(chip, link(length), 120)
    assert len(layout.head) % 4 == 0 and layout.room % 4 == 0
    assert layout.slot_count == 2
    free = chip.area - (layout.end_page - 4) * 4
    assert 0 <= free < 8
    nulls = layout.message_offset - len(chip.lead)
    assert 0 <= nulls < 4 and layout.head.startswith(bytes(nulls) + b"\x03\xff")


@pytest.mark.parametrize("name", BIG)
def test_a_layout_is_found_again_on_the_tag(name: str) -> None:
    chip = chips.by_name(name)
    for length in range(20, 121, 3):
        memory = write(
            delivered(name), plan.commission(chip, delivered(name), link(length), signed(0))
        )
        layout = slots.layout_of(memory)
        assert layout is not None
        assert vars(layout) == vars(slots.plan_layout(chip, link(length), len(signed(0))))


def test_one_slot_where_two_do_not_fit() -> None:
    chip = chips.by_name("ntag215")
    assert slots.plan_layout(chip, LINK, 204).slot_count == 2
    assert slots.plan_layout(chip, LINK, 205).slot_count == 1


def test_what_does_not_fit_is_told_with_its_excess_and_remedy() -> None:
    chip = chips.by_name("ntag215")
    with pytest.raises(DoesNotFit) as two:
        slots.plan_layout(chip, LINK, 211, count=2)
    assert str(two.value) == (
        "7 bytes too many for NTAG215 with two slots: shorten the link or drop totals"
    )
    assert two.value.excess == 7
    with pytest.raises(DoesNotFit) as one:
        slots.plan_layout(chip, LINK, 413)
    assert one.value.excess == 1
    with pytest.raises(DoesNotFit) as none:
        slots.plan_layout(chips.by_name("mf0ul11"), LINK, 160)
    assert none.value.excess > 160


@pytest.mark.parametrize("name", [chip.name for chip in chips.CHIPS])
@pytest.mark.parametrize("count", [1, 2])
def test_a_message_never_ends_behind_the_area(name: str, count: int) -> None:
    chip = chips.by_name(name)
    for length in range(9, 200):
        layout = slots.largest_layout(chip, link(length), count)
        if layout is None:
            continue
        message = layout.head[layout.message_offset :]
        block = next(tlv.spans(message, chip.area - layout.message_offset))
        assert layout.message_offset + block[3] == (layout.end_page - 4) * 4 <= chip.area
        assert len(tlv.header(tlv.NDEF, block[3] - block[2])) == block[2]  # the shortest form


def test_a_record_type_of_ones_own() -> None:
    chip = chips.by_name("ntag215")
    memory = delivered("ntag215")
    for type in (b"example.com:passport", b"application/vnd.example"):
        after = write(memory, plan.commission(chip, memory, LINK, signed(0), type=type))
        layout = slots.layout_of(after)
        assert layout is not None and layout.type == type
        assert look(after).stubs == [(0, signed(0))]


@pytest.mark.parametrize(
    ("said", "hinted"),
    [
        ((None, None), None),
        (((0, 150), None), (0, 0, 150)),
        ((None, (7, 150)), (1, 7, 150)),
        (((1, 150), (2, 151)), (1, 2, 151)),
        (((3, 150), (2, 151)), (0, 3, 150)),
        (((65535, 150), (0, 151)), (1, 0, 151)),
        (((0, 150), (65535, 151)), (0, 0, 150)),
        (((4, 150), (2, 151)), None),
        (((2, 150), (2, 150)), None),
        (((0, 205), None), None),
        (((1, 150), (2, 205)), None),
        (((1, 150), (2, 0)), None),
        (((0, 204), None), (0, 0, 204)),
    ],
)
def test_hints_agree_or_say_nothing(said: object, hinted: object) -> None:
    assert isinstance(said, tuple)
    chip = chips.by_name("ntag215")
    memory = write(
        delivered("ntag215"), plan.commission(chip, delivered("ntag215"), LINK, signed(0))
    )
    layout = slots.layout_of(memory)
    assert layout is not None and layout.room == 204
    for page, hint in zip(layout.hint_pages, said, strict=True):
        memory.put(page, bytes(4) if hint is None else slots.hint(*hint))
    assert slots.hinted(memory, layout) == hinted


def test_a_hint_is_confirmed_by_seq_and_size_alone() -> None:
    chip = chips.by_name("ntag215")
    first = signed(65536 + 7, 180)
    memory = write(delivered("ntag215"), plan.commission(chip, delivered("ntag215"), LINK, first))
    layout = slots.layout_of(memory)
    assert layout is not None
    assert slots.confirmed(memory, layout, 0, 7, 180)
    assert not slots.confirmed(memory, layout, 0, 8, 180)
    assert not slots.confirmed(memory, layout, 0, 7, 179)
    assert not slots.confirmed(memory, layout, 0, 7, 181)
    assert not slots.confirmed(memory, layout, 1, 7, 180)


def commissioned() -> Image:
    chip = chips.by_name("ntag215")
    memory = delivered("ntag215")
    return write(memory, plan.commission(chip, memory, LINK, signed(0)))


@pytest.mark.parametrize(
    ("page", "data"),
    [
        (23, b"TW\x02\x02"),  # another version
        (23, b"TW\x01\x00"),
        (23, b"TW\x01\x03"),
        (23, b"XX\x01\x02"),
        (4, b"\x03\x00\xfe\x00"),
        (4, b"\x03\xff\x01\xe8"),  # a message shorter than its record
        (3, bytes(4)),
    ],
)
def test_what_is_not_the_layout_is_none(page: int, data: bytes) -> None:
    memory = commissioned()
    assert slots.layout_of(memory) is not None
    memory.put(page, data)
    assert slots.layout_of(memory) is None


def test_a_payload_off_the_pages_is_no_layout() -> None:
    payload = slots.MAGIC + b"\x01" + bytes(4) + bytes(64)
    for length in range(20, 28):
        record = ndef.Record(ndef.EXTERNAL, mini.DEFAULT_TYPE, b"", payload)
        message = ndef.encode([ndef.uri_record(link(length)), record])
        area = tlv.header(tlv.NDEF, len(message)) + message
        memory = delivered("ntag215")
        memory.put(4, area + bytes(-len(area) % 4))
        aligned = (len(area) - len(payload)) % 4 == 0
        assert (slots.layout_of(memory) is not None) == aligned


def test_pages_up_to_the_hints_are_enough() -> None:
    memory = commissioned()
    for pages in range(26):
        assert slots.layout_of(Image(memory.get(0, pages) if pages else b"")) is None
    assert slots.layout_of(Image(memory.get(0, 26))) is not None


def test_the_report_says_what_fits() -> None:
    report = slots.fits("ntag215", LINK, 211)
    assert report.best is not None and report.best.way == "one slot"
    assert report.as_dict() == {
        "two_slots": {"room": 204, "needed": 211, "free": -7, "fits": False},
        "one_slot": {"room": 412, "needed": 211, "free": 201, "fits": True},
        "mini": {"room": 425, "needed": 83, "free": 342, "fits": True},
        "link_only": {"room": 494, "needed": 51, "free": 443, "fits": True},
    }
    assert str(report).splitlines()[0] == "NTAG215, two slots: 211 of 204 bytes, 7 bytes too many"
    with pytest.raises(ValueError):
        slots.fits("ntag999", LINK, 10)


@pytest.mark.parametrize("name", [chip.name for chip in chips.CHIPS])
def test_the_report_and_the_plans_agree(name: str) -> None:
    chip = chips.by_name(name)
    memory = delivered(name)
    for length in range(20, 121, 5):
        ways = slots.fits(name, link(length), 160).as_dict()
        for count, way in ((2, "two_slots"), (1, "one_slot")):
            if ways[way]["fits"]:
                assert slots.plan_layout(chip, link(length), 160, count=count).room >= 160
            else:
                with pytest.raises(DoesNotFit) as why:
                    slots.plan_layout(chip, link(length), 160, count=count)
                assert why.value.excess == -ways[way]["free"]
        for way in ("mini", "link_only"):
            try:
                if way == "mini":
                    plan.commission_mini(chip, memory, link(length), bytes(mini.SIZE))
                else:
                    plan.link_only(chip, memory, link(length))
                assert ways[way]["free"] >= 0
            except DoesNotFit as why:
                assert why.excess == -ways[way]["free"]


@given(st.binary(max_size=260), st.sampled_from(("ntag213", "ntag215")))
def test_any_area_has_a_layout_or_none(area: bytes, name: str) -> None:
    memory = delivered(name)
    room = (type2.PAGE * memory.pages()[-1] - 16) // 4 * 4
    memory.put(4, (area + bytes(-len(area) % 4))[:room])
    try:
        slots.read_layout(memory)
    except Malformed:
        assert slots.layout_of(memory) is None
