"""What stands on a RAIN tag, and which words are read to find it."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from raintags import EPC, delivered, look, read, signed, tid_of, write

from edge import gen2chips, rain, rainplan, slots, tid, userbank
from edge.gen2 import PC_PLACE, TID, USER, Image, place

HEAD = (place(USER, 0), 8)
SIGNATURE = random.Random(3).randbytes(64)


def commissioned(name: str = "Monza X-8K", first: bytes = b"", count: int | None = None) -> Image:
    memory, chip = delivered(name), gen2chips.by_name(name)
    return write(memory, rainplan.commission(chip, memory, EPC, first or signed(0), count))


def both(name: str = "Monza X-8K") -> Image:
    """A tag with seq 0 in slot 0 and seq 1 in slot 1."""
    memory = commissioned(name)
    layout = userbank.layout_of(memory)
    assert layout is not None
    return write(memory, rainplan.update(layout, memory, 1, signed(1, 170), 1))


# --- what is read ---


def test_a_stub_is_found_with_two_reads() -> None:
    memory, size = commissioned(), len(signed(0))
    seen, reads = read(memory)
    assert reads == [HEAD, (place(USER, 8), (size + 1) // 2)]
    assert rain.carrier(seen, tid.identity(seen.tid)).stubs == [(0, signed(0))]


def test_the_hinted_slot_alone_is_read_and_both_where_it_is_asked_for() -> None:
    memory = both()
    assert read(memory)[1] == [HEAD, (place(USER, 260), 85)]
    assert look(memory).stubs == [(1, signed(1, 170))]
    assert read(memory, whole=True)[1] == [HEAD, (place(USER, 8), 504)]
    assert look(memory, whole=True).stubs == [(0, signed(0)), (1, signed(1, 170))]


def test_after_the_hinted_slot_the_other_is_all_that_is_left() -> None:
    memory = both()
    seen, _ = read(memory)
    more = rain.next_read(seen, whole=True)
    assert more == (place(USER, 8), 252)
    seen.put(more[0], memory.get(*more))
    more = rain.next_read(seen, whole=True)
    assert more == (place(USER, 260 + 85), 252 - 85)


@pytest.mark.parametrize("hint", [slots.hint(1, 90), slots.hint(7, 170), slots.hint(2, 170)])
def test_a_hint_that_misleads_costs_a_read_and_no_more(hint: bytes) -> None:
    memory = both()
    memory.put(place(USER, 6), hint)
    seen = look(memory)
    assert (1, signed(1, 170)) in seen.stubs and seen.hinted in (None, 0)
    assert seen.faults


def test_a_chip_without_a_user_bank_is_not_asked_for_it() -> None:
    for name in ("M730", "UCODE 9"):
        assert read(delivered(name))[1] == []
    assert read(delivered("M750"))[1] == [(place(USER, 0), 2)]


@pytest.mark.parametrize("chip", gen2chips.CHIPS, ids=lambda chip: chip.name)
@given(content=st.binary(min_size=1, max_size=200), is_ours=st.booleans(), whole=st.booleans())
def test_no_read_goes_past_the_bank(
    chip: gen2chips.Chip, content: bytes, is_ours: bool, whole: bool
) -> None:
    memory = delivered(chip.name)
    if is_ours:
        content = userbank.MAGIC[:3] + content
    content = (content + bytes(len(content) % 2))[: 2 * chip.user_words]
    memory.put(place(USER, 0), content)
    read(memory, whole)  # fails where a word is not there, or is read twice


def test_an_unknown_chip_is_asked_for_its_xtid_and_then_for_its_head() -> None:
    memory = commissioned("MB97R804", signed(0, 0, 0, "MB97R804"))
    seen, reads = read(memory)
    assert reads[:2] == [(place(TID, 6), 7), HEAD]
    found = rain.carrier(seen, tid.identity(seen.tid))
    assert found.chip is not None and found.chip.user_words == 1712
    assert found.stubs == [(0, signed(0, 0, 0, "MB97R804"))]


def test_slots_on_a_chip_that_tells_nothing_are_found_by_their_frame() -> None:
    memory = both()
    unknown = bytes.fromhex("e28011ff2000112233445566")
    memory.put(place(TID, 0), unknown)
    found = look(memory)
    assert (found.chip, found.id, found.state) == (None, unknown, "slots")
    assert found.stubs == [(1, signed(1, 170))]


def test_nothing_is_read_of_a_tag_without_a_tid() -> None:
    assert rain.next_read(Image()) is None


# --- what it says ---


def test_a_delivered_tag_is_blank() -> None:
    for name in ("Monza X-8K", "M730"):
        seen = look(delivered(name))
        assert (seen.state, seen.epc, seen.link, seen.stubs) == ("blank", None, None, [])
        assert (seen.kind, seen.id, seen.mini, seen.layout) == (2, tid_of(name), None, None)
        assert seen.uri_record == tid_of(name) and seen.faults == []
        assert seen.chip is gen2chips.by_name(name)


def test_an_epc_of_a_known_scheme_is_told_with_its_link() -> None:
    memory = delivered("M730")
    memory = write(memory, rainplan.epc_only(gen2chips.by_name("M730"), memory, EPC))
    seen = look(memory)
    assert (seen.state, seen.uri_record) == ("epc", EPC)
    assert seen.epc is not None and seen.epc.scheme == "sgtin-96"
    assert seen.link == seen.epc.link
    assert seen.link is not None and seen.link.startswith("https://id.gs1.org/01/")


def test_what_another_program_wrote_is_foreign() -> None:
    for content in (
        b"\x89\x01packed objects",
        b"\xd2\x84a stub at word 0",
        bytes(6) + b"\x01\x02",
    ):
        memory = commissioned()
        memory.put(place(USER, 0), bytes(1024))
        memory.put(place(USER, 0), content)
        seen = look(memory)
        assert (seen.state, seen.stubs, seen.mini) == ("foreign", [], None)
        assert seen.link is not None


def test_random_bytes_over_the_whole_bank_are_foreign_where_it_is_larger_than_a_signature() -> None:
    for name, state in (("Monza X-8K", "foreign"), ("Higgs-9", "foreign"), ("M781", "bare")):
        memory = delivered(name)
        size = 2 * gen2chips.by_name(name).user_words
        memory.put(place(USER, 0), random.Random(9).randbytes(size))
        assert look(memory).state == state


def test_a_bare_signature_is_told_apart_from_the_slots_of_its_chip() -> None:
    memory = delivered("M781")
    memory = write(
        memory, rainplan.commission_bare(gen2chips.by_name("M781"), memory, EPC, SIGNATURE)
    )
    seen = look(memory)
    assert (seen.state, seen.mini, seen.uri_record) == ("bare", SIGNATURE, EPC)


def test_what_a_torn_write_left_is_no_foreign_content() -> None:
    memory = commissioned()
    memory.put(place(USER, 0), bytes(2))
    seen = look(memory)
    assert (seen.state, seen.faults) == ("epc", ["its slots were not written to the end"])
    memory.put(PC_PLACE, b"\x30\x00" + tid_of("Monza X-8K"))
    assert look(memory).state == "blank"


def test_a_slot_without_a_whole_stub_is_a_fault() -> None:
    memory = both()
    memory.put(place(USER, 270), b"torn")
    seen = look(memory)
    assert seen.hinted is None and (0, signed(0)) in seen.stubs
    assert "slot 1 is not what its hint says" in seen.faults
    memory.put(place(USER, 8), b"torn")
    assert "slot 0 holds no whole stub" in look(memory).faults


def test_another_tags_identity_is_a_fault() -> None:
    seen, _ = read(commissioned())
    assert rain.carrier(seen, bytes(12)).faults == ["the TID states another identity"]


def test_behind_a_pc_word_with_the_toggle_bit_stands_no_epc() -> None:
    memory = commissioned()
    memory.put(
        PC_PLACE, b"\x31\xa1"
    )  # an AFI of ISO/IEC 15961: what follows only looks like an SGTIN
    seen = look(memory)
    assert (seen.epc, seen.link, seen.uri_record, seen.state) == (None, None, EPC, "slots")
    empty = delivered("M730")
    empty.put(PC_PLACE, b"\x31\xa1" + EPC)
    assert (look(empty).state, look(empty).epc) == ("blank", None)


@pytest.mark.parametrize("pc", [0, 31 << 11])
def test_a_pc_word_may_state_any_length(pc: int) -> None:
    memory = delivered("M730")
    memory.put(PC_PLACE, pc.to_bytes(2, "big"))
    assert (look(memory).uri_record, look(memory).state) == (None, "blank")


def test_a_layout_larger_than_the_bank_is_none() -> None:
    memory = delivered("UCODE DNA")
    memory.put(place(USER, 0), userbank.Layout(2, 504).frame() + bytes(8))
    seen = look(memory)
    assert (seen.state, seen.layout) == ("foreign", None)


@given(
    raw_tid=st.binary(max_size=40),
    epc=st.binary(max_size=70),
    user=st.binary(max_size=300) | st.binary(max_size=60).map(lambda data: userbank.MAGIC + data),
)
def test_no_content_raises(raw_tid: bytes, epc: bytes, user: bytes) -> None:
    image = Image()
    image.put(place(TID, 0), raw_tid[: len(raw_tid) // 2 * 2])
    image.put(PC_PLACE, (epc + bytes(len(epc) % 2)))
    image.put(place(USER, 0), user[: len(user) // 2 * 2])
    seen = rain.carrier(image, b"id")
    assert seen.state in ("blank", "foreign", "epc", "bare", "slots")
    more = rain.next_read(image)
    assert more is None or (more[1] > 0 and not image.has(more[0], 1))


def test_a_sighting_with_its_head_saves_a_read() -> None:
    memory = commissioned()
    seen = Image()
    seen.put(place(TID, 0), memory.get(place(TID, 0), 6))
    seen.put(PC_PLACE, memory.get(PC_PLACE, 7))
    seen.put(place(USER, 0), memory.get(place(USER, 0), rain.HEAD))
    assert rain.next_read(seen) == (place(USER, 8), (len(signed(0)) + 1) // 2)
