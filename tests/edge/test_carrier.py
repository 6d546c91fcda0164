"""What a tag carries, the reads that find it, and what they cost."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tags import LINK, UID, Plan, delivered, link, look, pages_of, read, signed, write

from edge import carrier, chips, mini, ndef, plan, slots, tlv
from edge.type2 import Image

# Wire and RF at 115200 baud, as the simulator counts them: 86.8 us a UART byte, 9.44 us an RF bit, 9 bits a byte
PAGE_MS = 4 * (0.0868 + 9 * 0.00944)
COMMAND_MS = 3.0
DETECT_MS = 16.0


def cost_ms(reads: list[tuple[int, int]]) -> float:
    """Time to detect a tag and make these reads, each in FAST_READs of at most 65 pages."""
    commands = sum(-(-count // 65) for _, count in reads)
    return DETECT_MS + COMMAND_MS * commands + PAGE_MS * sum(count for _, count in reads)


def tag(name: str = "ntag215", uri: str = LINK, sizes: tuple[int, ...] = (180, 180)) -> Image:
    """A tag commissioned and updated with stubs of these sizes."""
    memory = delivered(name)
    memory = write(memory, plan.commission(chips.by_name(name), memory, uri, signed(0, sizes[0])))
    for seq in range(1, len(sizes)):
        layout = slots.layout_of(memory)
        assert layout is not None
        update = plan.update(layout, memory, seq % 2, signed(seq, sizes[seq]), seq)
        memory = write(memory, update)
    return memory


def with_message(message: bytes, name: str = "ntag215") -> Image:
    memory = delivered(name)
    area = tlv.header(tlv.NDEF, len(message)) + message + b"\xfe"
    memory.put(4, area + bytes(-len(area) % 4))
    return memory


# --- states ---


@pytest.mark.parametrize("name", [chip.name for chip in chips.CHIPS])
def test_a_delivered_tag_is_blank_or_unformatted(name: str) -> None:
    seen = look(delivered(name))
    if name.startswith("MF0"):
        assert (seen.state, seen.chip) == ("unformatted", None)
    else:
        assert (seen.state, seen.chip, seen.faults) == ("blank", chips.by_name(name), [])
    assert (seen.kind, seen.id, seen.link, seen.stubs) == (1, UID, None, [])


def test_an_empty_record_is_blank() -> None:
    assert look(with_message(b"\xd0\x00\x00")).state == "blank"


def test_an_area_of_nulls_is_blank_and_other_blocks_are_not() -> None:
    memory = delivered("ntag215")
    memory.put(4, bytes(4))
    assert look(memory).state == "blank"
    memory.put(5, b"\xfd\x01\xaa\xfe")
    assert look(memory).state == "foreign"


def test_a_link_alone_is_a_link() -> None:
    memory = delivered("ntag215")
    seen = look(write(memory, plan.link_only(chips.by_name("ntag215"), memory, LINK)))
    assert (seen.state, seen.link, seen.layout, seen.faults) == ("link", LINK, None, [])


def test_a_text_record_is_foreign() -> None:
    seen = look(with_message(bytes.fromhex("d1010754") + b"\x02enHello"[:7]))
    assert (seen.state, seen.link, seen.uri_record) == ("foreign", None, None)


def test_a_link_with_a_record_that_is_not_ours_is_a_link() -> None:
    message = ndef.encode(
        [ndef.uri_record(LINK), ndef.Record(ndef.EXTERNAL, b"android.com:pkg", b"", b"com.example")]
    )
    seen = look(with_message(message))
    assert (seen.state, seen.link, seen.mini, seen.layout) == ("link", LINK, None, None)


def test_two_slots_are_read_with_the_link_and_the_current_stub() -> None:
    seen = look(tag(sizes=(180, 190, 200)))
    assert (seen.state, seen.link, seen.hinted, seen.faults) == ("slots", LINK, 0, [])
    assert seen.stubs == [(0, signed(2, 200))]
    assert seen.uri_record == mini.uri_record(LINK)
    assert seen.layout is not None and seen.layout.link_record == seen.uri_record


def test_a_whole_read_finds_both_stubs() -> None:
    seen = look(tag(sizes=(180, 190, 200)), whole=True)
    assert seen.stubs == [(0, signed(2, 200)), (1, signed(1, 190))]
    assert seen.hinted == 0


def test_a_broken_message_is_foreign_and_says_why() -> None:
    for message in (b"\xf1\x01\x02\x55\x04a", b"\xd1\x01\x02\x55\x24a", b"\xd1\x01\x09\x55\x04a"):
        seen = look(with_message(message))
        assert (seen.state, seen.link) == ("foreign", None)
        assert len(seen.faults) == 1 and seen.faults[0].startswith("NDEF: ")


def test_another_uid_in_the_pages_is_a_fault() -> None:
    memory = tag()
    seen = carrier.carrier(read(memory)[0], b"\x04" + bytes(6))
    assert seen.faults == ["pages 0 and 1 state another UID"]


def test_an_image_that_was_not_read_far_enough_is_no_error() -> None:
    memory = tag(uri=link(110), sizes=(160, 160))
    for pages in range(1, 135):
        seen = carrier.carrier(Image(memory.get(0, pages)), UID)
        assert seen.state in ("unformatted", "foreign", "slots")
        assert seen.state == "slots" or seen.faults


# --- reads ---


def test_the_head_holds_the_hints_of_a_54_character_link() -> None:
    assert read(tag())[1] == [(0, 26), (77, 45)]
    assert read(tag(), whole=True)[1] == [(0, 26), (26, 102)]
    assert read(tag(sizes=(180,)))[1] == [(0, 26), (26, 45)]


def test_a_longer_link_takes_one_more_read() -> None:
    reads = read(tag(uri=link(100)))[1]
    assert reads[:2] == [(0, 26), (26, 16)] and len(reads) == 3


def test_a_message_that_is_not_ours_is_read_to_its_end() -> None:
    message = ndef.encode([ndef.Record(ndef.MIME, b"text/plain", b"", bytes(300))])
    seen, reads = read(with_message(message))
    assert reads == [(0, 26), (26, 4 + (len(message) + 4 + 3) // 4 - 26)]
    assert carrier.carrier(seen, UID).faults == []


def test_a_blank_tag_takes_one_read() -> None:
    for whole in (False, True):
        assert read(delivered("ntag216"), whole)[1] == [(0, 26)]


def test_a_reader_that_got_only_four_pages_goes_on_inside_the_area() -> None:
    chip = chips.by_name("mf0ul11")
    memory = delivered("mf0ul11")
    memory = write(memory, plan.link_only(chip, memory, link(30)))
    seen = Image(memory.get(0, 4))
    reads = []
    while more := carrier.next_read(seen):
        reads.append(more)
        seen.put(more[0], memory.get(*more))
    assert reads == [(4, 12)]
    assert carrier.carrier(seen, UID).link == link(30)


def test_hints_that_disagree_or_lie_have_both_slots_read() -> None:
    for page, hint in (
        (24, slots.hint(7, 180)),  # disagrees
        (25, slots.hint(1, 60000)),  # no room
        (25, slots.hint(1, 179)),  # names a size that is not the stub's
        (24, slots.hint(2, 180)),  # names a seq that is not the stub's
    ):
        memory = tag()
        memory.put(page, hint)
        seen, reads = read(memory)
        assert sum(count for _, count in reads) == 128
        found = carrier.carrier(seen, UID)
        assert (found.hinted, len(found.stubs), len(found.faults)) == (None, 2, 1)


def test_a_current_stub_that_is_broken_has_both_slots_read() -> None:
    memory = tag()
    memory.put(77, b"torn")
    seen = look(memory)
    assert seen.stubs == [(0, signed(0, 180))] and seen.hinted is None
    assert "slot 1 holds no whole stub" in seen.faults


def test_the_largest_stub_is_read_within_its_budget() -> None:
    memory = tag(sizes=(204, 204))
    assert cost_ms(read(memory)[1]) <= 95
    memory.put(25, slots.hint(1, 203))  # found out only when the slot has been read
    assert cost_ms(read(memory)[1]) <= 140
    memory.put(25, slots.hint(5, 204))
    assert cost_ms(read(memory)[1]) <= 140


def test_a_foreign_message_of_250_bytes_is_read_within_its_budget() -> None:
    message = ndef.encode([ndef.Record(ndef.MIME, b"text/plain", b"", bytes(237))])
    assert len(message) == 250
    assert cost_ms(read(with_message(message))[1]) <= 75


# --- stubs in slots ---


def test_a_stub_is_found_by_its_frame_whatever_follows() -> None:
    for size in (150, 180, 300, 392):
        whole = signed(0, size)
        for rest in (b"", bytes(50), b"\xff" * 50):
            assert carrier.stub_in(whole + rest) == whole
        for cut in range(len(whole)):
            assert carrier.stub_in(whole[:cut]) is None


@pytest.mark.parametrize("data", ["", "00", "d2", "d284", "d28443a10127", "d28443a10127a05fff"])
def test_what_has_no_frame_is_no_stub(data: str) -> None:
    assert carrier.stub_in(bytes.fromhex(data)) is None
    assert carrier.stub_in(bytes.fromhex(data) + bytes(100)) is None


# --- hostile content ---


@settings(max_examples=300, deadline=None)
@given(
    name=st.sampled_from(("ntag213", "ntag215", "mf0ul21")),
    edits=st.lists(st.tuples(st.integers(2, 130), st.binary(min_size=4, max_size=4)), max_size=6),
    whole=st.booleans(),
)
def test_any_edit_of_a_tag_ends_in_a_state(name: str, edits: Plan, whole: bool) -> None:
    memory = tag() if name == "ntag215" else delivered(name)
    last = memory.pages()[-1]
    for page, data in edits:
        memory.put(min(page, last), data)
    seen = look_bounded(memory, whole)
    assert seen.state in ("unformatted", "blank", "foreign", "link", "mini", "slots")


@settings(max_examples=300, deadline=None)
@given(st.binary(min_size=1, max_size=496), st.sampled_from((b"\x3e", b"\xff", b"\x06")))
def test_any_area_ends_in_a_state(area: bytes, size: bytes) -> None:
    memory = delivered("ntag215")
    memory.put(3, b"\xe1\x10" + size + b"\x00")
    memory.put(4, area + bytes(-len(area) % 4))
    look_bounded(memory, False)


def look_bounded(memory: Image, whole: bool) -> carrier.Carrier:
    """As look, for a CC that may claim more than the chip has: what is missing reads as zeros."""
    content = pages_of(memory) + bytes(1024)
    seen = Image()
    for _ in range(40):
        more = carrier.next_read(seen, whole)
        if more is None:
            return carrier.carrier(seen, UID)
        first, count = more
        assert count > 0 and first + count <= 256
        seen.put(first, content[4 * first : 4 * (first + count)])
    raise AssertionError("the reads do not end")
