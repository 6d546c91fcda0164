"""Page plans: what they write, in which order, and what a tear leaves behind."""

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tags import KID, LINK, UID, Plan, delivered, link, look, read, signed, tear, write

from edge import carrier, chips, mini, plan, slots, stub, type2
from edge.errors import DoesNotFit, Malformed
from edge.type2 import Image

NAMES = [chip.name for chip in chips.CHIPS]
BITS = st.integers(0, 2**32 - 1)
slow = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def commissioned(name: str = "ntag215", uri: str = LINK, first: bytes = b"") -> Image:
    memory = delivered(name)
    made = plan.commission(chips.by_name(name), memory, uri, first or signed(0, 180))
    return write(memory, made)


def layout_of(memory: Image) -> slots.Layout:
    layout = slots.layout_of(memory)
    assert layout is not None
    return layout


def updated(memory: Image, seq: int, size: int = 180) -> Plan:
    """The next update as a station plans it: into the slot that is not current."""
    layout = layout_of(memory)
    current = look(memory).hinted
    return plan.update(layout, memory, 1 - (current or 0), signed(seq, size), seq)


# --- commission ---


def test_a_commission_of_a_delivered_tag_ends_with_the_page_that_shows_it() -> None:
    memory = delivered("ntag215")
    made = plan.commission(chips.by_name("ntag215"), memory, LINK, signed(0, 180))
    pages = [page for page, _ in made]
    assert pages[-1] == 4 and made[-1][1] == b"\x03\xff\x01\xec"
    assert len(pages) == len(set(pages)) == 66  # 45 of the stub, 1 hint, 1 magic, 19 before it
    seen = look(write(memory, made))
    assert (seen.state, seen.link, seen.hinted) == ("slots", LINK, 0)
    assert (seen.stubs, seen.faults) == ([(0, signed(0, 180))], [])


@pytest.mark.parametrize("length", range(20, 121, 7))
@pytest.mark.parametrize("name", ["ntag215", "ntag216"])
def test_a_commission_torn_between_two_writes_leaves_an_empty_tag(name: str, length: int) -> None:
    chip, memory = chips.by_name(name), delivered(name)
    made = plan.commission(chip, memory, link(length), signed(0))
    for done in range(len(made)):
        assert look(write(memory, made[:done])).state == "blank"
    assert look(write(memory, made)).state == "slots"


@pytest.mark.parametrize("before", range(20, 101, 11))
@pytest.mark.parametrize("length", [29, 30, 31, 32])
def test_an_older_message_is_emptied_first(before: int, length: int) -> None:
    chip = chips.by_name("ntag215")
    memory = write(delivered("ntag215"), plan.link_only(chip, delivered("ntag215"), link(before)))
    made = plan.commission(chip, memory, link(length), signed(0))
    assert made[0] == (4, b"\x03\x00\xfe\x00")
    states = [look(write(memory, made[:done])).state for done in range(len(made) + 1)]
    assert states == ["link", *["blank"] * (len(made) - 1), "slots"]


@slow
@given(st.integers(20, 120), st.integers(20, 120), st.integers(0, 99), BITS)
def test_a_commission_torn_inside_a_page_is_finished_by_another(
    before: int, length: int, place: int, mask: int
) -> None:
    chip = chips.by_name("ntag215")
    memory = write(delivered("ntag215"), plan.link_only(chip, delivered("ntag215"), link(before)))
    made = plan.commission(chip, memory, link(length), signed(3, 170))
    done = place % len(made)
    torn = tear(memory, made, done, mask)
    if 0 < done < len(made) - 1:
        assert look(torn).state == "blank"
    seen = read(torn, whole=True)[0]
    after = write(torn, plan.commission(chip, seen, link(length), signed(3, 170)))
    found = look(after)
    assert (found.state, found.link, found.hinted) == ("slots", link(length), 0)
    assert found.stubs == [(0, signed(3, 170))]


def test_what_is_not_known_is_written_and_padding_is_not() -> None:
    chip, memory = chips.by_name("ntag215"), delivered("ntag215")
    known = plan.commission(chip, memory, LINK, signed(0, 180))
    blind = plan.commission(chip, Image(memory.get(0, 6)), LINK, signed(0, 180))
    extra = {page for page, _ in blind} - {page for page, _ in known}
    assert extra == {25, 77}  # hint 1 and the first page of slot 1
    assert write(memory, blind).get(0, 128) == write(memory, known).get(0, 128)


def test_a_stale_stub_is_gone_after_a_commission() -> None:
    chip = chips.by_name("ntag215")
    memory = commissioned()
    memory = write(memory, updated(memory, 1, 204))
    for image in (read(memory, whole=True)[0], Image(memory.get(0, 26))):
        after = write(memory, plan.commission(chip, image, LINK, signed(0, 150, salt=9)))
        assert look(after, whole=True).stubs == [(0, signed(0, 150, salt=9))]
    whole = write(
        memory,
        plan.commission(chip, read(memory, whole=True)[0], LINK, signed(0, 150, salt=9)),
    )
    assert whole.get(26 + 38, 128 - 26 - 38) == bytes(4 * (128 - 26 - 38))


def test_an_ultralight_gets_its_capability_container() -> None:
    chip, memory = chips.by_name("mf0ul21"), delivered("mf0ul21")
    assert look(memory).state == "unformatted"
    made = plan.link_only(chip, memory, link(40))
    assert (3, chip.cc) in made and made[-1][0] == 4
    after = write(memory, made)
    assert (look(after).state, look(after).link) == ("link", link(40))


def test_an_ntag213_keeps_its_lock_control_or_gets_it_back() -> None:
    chip, memory = chips.by_name("ntag213"), delivered("ntag213")
    whole = write(memory, plan.link_only(chip, memory, link(50)))
    assert whole.get(4, 2)[:5] == chip.factory[:5]
    bare = memory.copy()
    bare.put(4, b"\x03\x05\xd1\x01\x01\x55\x04\xfe")
    made = plan.link_only(chip, bare, link(50))
    for done in range(1, len(made)):
        assert look(write(bare, made[:done])).state == "blank"
    assert write(bare, made).get(4, 17) == whole.get(4, 17)


def test_what_is_no_stub_is_not_written() -> None:
    with pytest.raises(Malformed):
        plan.commission(chips.by_name("ntag215"), delivered("ntag215"), LINK, b"\xd2" * 150)


def test_another_chips_capability_container_is_malformed() -> None:
    with pytest.raises(Malformed, match="NTAG216"):
        plan.commission(chips.by_name("ntag216"), delivered("ntag215"), LINK, signed(0))


def test_pages_2_and_3_must_be_known() -> None:
    with pytest.raises(ValueError):
        plan.commission(chips.by_name("ntag215"), Image(bytes(8)), LINK, signed(0))


# --- format ---


@pytest.mark.parametrize("name", NAMES)
def test_a_formatted_tag_is_as_delivered_up_to_its_cc(name: str) -> None:
    chip, memory = chips.by_name(name), delivered(name)
    written = write(memory, plan.link_only(chip, memory, link(20)))
    made = plan.format(chip, written)
    after = write(written, made)
    assert look(after).state == "blank"
    assert after.get(3, 3) == chip.cc + chip.factory
    assert plan.format(chip, after) == []
    for done in range(1, len(made)):
        assert look(write(written, made[:done])).state == "blank"


# --- update ---


def test_an_update_writes_changed_pages_of_the_other_slot_and_then_its_hint() -> None:
    memory = commissioned()
    layout = layout_of(memory)
    made = updated(memory, 1)
    pages = [page for page, _ in made]
    assert pages[-1] == layout.hint_pages[1] and len(set(pages)) == len(pages) == 46
    assert set(pages[:-1]) <= set(range(77, 128))
    memory = write(memory, made)
    second = updated(memory, 2)
    pages = [page for page, _ in second]
    assert pages[-1] == layout.hint_pages[0]
    assert set(pages[:-1]) <= set(range(26, 77)) and len(pages) < 46
    assert all(memory.get(page, 1) != data for page, data in second)
    assert look(write(memory, second)).hinted == 0


def test_an_update_that_stands_already_writes_nothing() -> None:
    memory = commissioned()
    memory = write(memory, updated(memory, 1))
    assert plan.update(layout_of(memory), memory, 1, signed(1, 180), 1) == []


def test_a_torn_hint_is_put_right_with_one_page() -> None:
    memory = commissioned()
    memory = write(memory, updated(memory, 1))
    for torn in (slots.hint(1, 90), slots.hint(2, 180), bytes(4)):
        memory.put(25, torn)
        made = plan.update(layout_of(memory), memory, 1, signed(1, 180), 1)
        assert made == [(25, slots.hint(1, 180))]


def test_a_hint_that_names_the_new_seq_already_is_emptied_first() -> None:
    memory = commissioned()
    memory = write(memory, updated(memory, 1))
    memory.put(90, b"torn")  # an invalid stub whose hint says that it is current
    other = signed(1, 180, salt=5)
    made = plan.update(layout_of(memory), memory, 1, other, 1)
    assert made[0] == (25, bytes(4)) and made[-1] == (25, slots.hint(1, 180))
    for done in range(1, len(made)):
        assert look(write(memory, made[:done])).hinted == 0


def test_no_reader_is_led_to_the_slot_that_an_update_after_a_torn_hint_writes() -> None:
    def passport(seq: int) -> bytes:
        claims = stub.decode(signed(seq)).claims | {stub.DIGEST: bytes((seq,)) * 32}
        return stub.encode(claims, -19, KID, lambda message: bytes((seq,)) * 64)

    memory = commissioned(first=passport(0))
    for seq in (1, 2):
        memory = write(memory, plan.update(layout_of(memory), memory, seq % 2, passport(seq), seq))
    memory.put(24, bytes(4))  # what a tear left of the hint of seq 2, whose slot is whole
    assert look(memory).hinted == 1
    made = plan.update(layout_of(memory), memory, 1, passport(3), 3)
    for done in range(1, len(made)):
        assert (0, passport(2)) in look(write(memory, made[:done])).stubs


def test_the_rest_of_a_longer_stub_is_zeroed() -> None:
    memory = commissioned()
    memory = write(memory, updated(memory, 1, 204))
    memory = write(memory, updated(memory, 2, 160))
    memory = write(memory, updated(memory, 3, 150))
    assert memory.get(77, 51) == signed(3, 150) + bytes(54)


def test_a_stub_larger_than_the_slot_is_told_so() -> None:
    memory = commissioned()
    with pytest.raises(DoesNotFit, match="4 bytes too many for the 204") as why:
        plan.update(layout_of(memory), memory, 1, signed(1, 208), 1)
    assert why.value.excess == 4
    with pytest.raises(ValueError):
        plan.update(layout_of(memory), memory, 2, signed(1), 1)


@slow
@given(
    name=st.sampled_from(("ntag215", "ntag216")),
    length=st.integers(20, 70),
    start=st.sampled_from((0, 1, 255, 32767, 65533, 65535, 131071)),
    history=st.integers(0, 2),
    sizes=st.tuples(*[st.integers(150, 180)] * 4),
    place=st.integers(0, 199) | st.integers(-3, -1),
    mask=BITS,
    garbage=st.none() | BITS,
)
def test_a_tear_anywhere_leaves_the_current_stub(
    name: str,
    length: int,
    start: int,
    history: int,
    sizes: tuple[int, ...],
    place: int,
    mask: int,
    garbage: int | None,
) -> None:
    memory = commissioned(name, link(length), signed(start, sizes[0]))
    seq = start
    for size in sizes[1 : 1 + history]:
        seq += 1
        memory = write(memory, updated(memory, seq, size))
    current = look(memory).hinted
    assert current is not None
    old, new = signed(seq, sizes[history]), signed(seq + 1, sizes[3])
    layout = layout_of(memory)
    made = plan.update(layout, memory, 1 - current, new, seq + 1)
    done = place % (len(made) + 1)
    torn = tear(memory, made, done, mask)
    if garbage is not None and done < len(made):  # not only old and new bits: anything
        torn.put(made[done][0], garbage.to_bytes(4, "big"))

    first = layout.slot_first_pages[current]
    assert torn.get(first, layout.slot_pages) == memory.get(first, layout.slot_pages)
    for page in range(128):
        if page not in range(layout.magic_page + 1, layout.end_page):
            assert torn.get(page, 1) == memory.get(page, 1), "the NDEF structure has changed"

    whole = look(torn, whole=True)
    assert (whole.state, whole.link) == ("slots", link(length))
    assert (current, old) in whole.stubs
    quick = look(torn)
    if done >= len(made) - 1 and quick.hinted == 1 - current:
        assert (1 - current, new) in quick.stubs
    else:
        assert (current, old) in quick.stubs
    if quick.hinted is None:
        assert quick.stubs == whole.stubs

    again = plan.update(layout, read(torn, whole=True)[0], 1 - current, new, seq + 1)
    healed = look(write(torn, again))
    assert healed.hinted == 1 - current and (1 - current, new) in healed.stubs


@pytest.mark.parametrize("start", [0, 1, 255, 65534, 65535])
def test_a_hint_torn_at_any_bit_leaves_a_current_stub(start: int) -> None:
    memory = commissioned(first=signed(start, 180))
    memory = write(memory, updated(memory, start + 1, 187))
    made = updated(memory, start + 2, 200)
    page, hint = made[-1]
    old, new = (int.from_bytes(part, "big") for part in (memory.get(page, 1), hint))
    changed = [bit for bit in range(32) if (old ^ new) >> bit & 1]
    complete = write(memory, made[:-1])
    current = {(1, signed(start + 1, 187)), (0, signed(start + 2, 200))}
    states = set()
    subsets = range(1 << len(changed))
    for subset in [*random.Random(start).choices(subsets, k=400), subsets[0], subsets[-1]]:
        mask = sum(1 << bit for n, bit in enumerate(changed) if subset >> n & 1)
        complete.put(page, (old & ~mask | new & mask).to_bytes(4, "big"))
        seen = look(complete)
        assert current & set(seen.stubs)
        assert seen.hinted is not None or current == set(seen.stubs)
        states.add(seen.hinted)
    assert states == {0, 1, None}


@slow
@given(st.integers(0, 99), BITS)
def test_a_tear_while_a_slot_is_voided_leaves_the_current_stub(place: int, mask: int) -> None:
    memory = commissioned()
    memory = write(memory, updated(memory, 1))
    made = plan.clear(layout_of(memory), memory, 0)
    torn = tear(memory, made, place % (len(made) + 1), mask)
    assert (1, signed(1, 180)) in look(torn).stubs
    assert (1, signed(1, 180)) in look(torn, whole=True).stubs
    cleared = look(write(memory, made), whole=True)
    assert (cleared.stubs, cleared.hinted) == ([(1, signed(1, 180))], 1)


# --- one slot ---


def single() -> Image:
    memory = commissioned("ntag215", LINK, signed(0, 300))
    assert layout_of(memory).slot_count == 1
    return memory


def test_a_single_slot_is_rewritten_behind_an_empty_message() -> None:
    memory = single()
    made = plan.rewrite_single(layout_of(memory), memory, signed(1, 300), 1)
    assert made[0] == (4, b"\x03\x00\xfe\x00") and made[-1] == (4, memory.get(4, 1))
    states = [look(write(memory, made[:done])).state for done in range(len(made) + 1)]
    assert states == ["slots", *["blank"] * (len(made) - 1), "slots"]
    after = look(write(memory, made))
    assert (after.stubs, after.hinted) == ([(0, signed(1, 300))], 0)
    assert plan.rewrite_single(layout_of(memory), write(memory, made), signed(1, 300), 1) == []


@slow
@given(st.integers(20, 60), st.integers(0, 199), BITS)
def test_a_torn_single_slot_is_finished_from_the_journal(
    length: int, place: int, mask: int
) -> None:
    chip = chips.by_name("ntag215")
    memory = commissioned("ntag215", link(length), signed(0, 300))
    made = plan.rewrite_single(layout_of(memory), memory, signed(1, 300), 1)
    torn = tear(memory, made, place % len(made), mask)
    seen = read(torn, whole=True)[0]
    after = write(torn, plan.commission(chip, seen, link(length), signed(1, 300)))
    assert look(after).stubs == [(0, signed(1, 300))]
    assert after.get(4, 124) == write(memory, made).get(4, 124)


# --- locks ---


def test_a_locked_page_stops_a_plan_before_it_is_one() -> None:
    chip, memory = chips.by_name("ntag215"), delivered("ntag215")
    memory.put(2, b"\x44\x48\x00\x02")  # page 9
    with pytest.raises(type2.Locked, match="page 9") as why:
        plan.commission(chip, memory, LINK, signed(0))
    assert why.value.page == 9
    memory = commissioned()
    memory.put(130, b"\x10\x00\x00\xbd")  # pages 80 to 95
    with pytest.raises(type2.Locked) as why:
        updated_blind(memory)
    assert why.value.page == 80


def updated_blind(memory: Image) -> Plan:
    return plan.update(layout_of(memory), memory, 1, signed(1, 180), 1)


def test_a_locked_page_that_stays_as_it_is_stops_nothing() -> None:
    memory = commissioned()
    memory.put(2, b"\x44\x48\xff\xff")
    assert len(updated_blind(memory)) == 46


def test_a_tag_that_says_read_only_is_left_alone() -> None:
    memory = commissioned()
    memory.put(3, b"\xe1\x10\x3e\x0f")
    with pytest.raises(type2.Locked, match="page 3"):
        updated_blind(memory)
    with pytest.raises(type2.Locked):
        plan.format(chips.by_name("ntag215"), memory)


# --- capacity ---


@pytest.mark.parametrize(("name", "room"), [("ntag215", 204), ("ntag216", 392)])
def test_the_largest_stubs_fill_both_slots(name: str, room: int) -> None:
    memory = commissioned(name, LINK, signed(0, room))
    memory = write(memory, updated(memory, 1, room))
    seen = look(memory, whole=True)
    assert seen.stubs == [(0, signed(0, room)), (1, signed(1, room))]
    assert [len(found) for _, found in seen.stubs] == [room, room]
    assert stub.decode(seen.stubs[1][1]).carrier == (1, UID)
    assert layout_of(memory).slot_first_pages[0] == carrier.HEAD


def test_a_mini_tag_and_a_link_are_shown_with_one_page() -> None:
    for name in ("ntag213", "ntag215"):
        chip, memory = chips.by_name(name), delivered(name)
        sign1 = b"\x84\x4d" + bytes(13) + b"\xa0\xf6\x58\x40" + bytes(64)
        for made in (
            plan.commission_mini(chip, memory, link(30), sign1),
            plan.link_only(chip, memory, link(30)),
        ):
            assert made[-1][0] == 4 + len(chip.lead) // 4
            for done in range(len(made)):
                assert look(write(memory, made[:done])).state == "blank"
        assert mini.is_mini(sign1)
