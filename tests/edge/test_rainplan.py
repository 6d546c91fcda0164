"""Word plans: what they write, in which order, and what a tear leaves behind."""

import random
from collections.abc import Iterator

import pytest
import raintags
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from raintags import EPC, LONG_EPC, OTHER_EPC, delivered, look, read, signed, steps, tear, write

from edge import gen2, gen2chips, rainplan, slots, userbank
from edge.errors import DoesNotFit, Malformed
from edge.gen2 import EPC_PLACE, PC_PLACE, USER, Image, place

MAGIC = place(USER, 0)
SIGNATURE = random.Random(3).randbytes(64)
CAPACIOUS = ("Monza X-8K", "Monza X-2K", "UCODE DNA", "MB97R804")
TWO = ("Monza X-8K", "UCODE DNA", "MB97R804")  # two slots of a stub with a bound TID
slow = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def commissioned(name: str = "Monza X-8K", first: bytes = b"", count: int | None = None) -> Image:
    memory, chip = delivered(name), gen2chips.by_name(name)
    return write(memory, rainplan.commission(chip, memory, EPC, first or signed(0), count))


def layout_of(memory: Image) -> userbank.Layout:
    layout = userbank.layout_of(memory)
    assert layout is not None
    return layout


def updated(memory: Image, seq: int, size: int = 0) -> raintags.Plan:
    """The next update as a station plans it: into the slot that is not current."""
    layout = layout_of(memory)
    current = look(memory).hinted
    return rainplan.update(layout, memory, 1 - (current or 0), signed(seq, size), seq)


def torn(memory: Image, plan: raintags.Plan, seed: int) -> Iterator[tuple[int, Image]]:
    """(words done, memory) for every prefix of the plan, the next word torn to anything, and for the whole."""
    chance = random.Random(seed)
    for done in range(len(steps(plan)) + 1):
        yield done, tear(memory, plan, done, chance)


# --- commission ---


def test_a_commission_writes_slot_hint_epc_and_last_the_word_that_shows_it() -> None:
    memory, chip = delivered("Monza X-8K"), gen2chips.by_name("Monza X-8K")
    made = rainplan.commission(chip, memory, EPC, signed(0, 180))
    assert made[-1] == (MAGIC, b"\xd2\x54")
    banks = [gen2.bank_of(at) for at, _ in made]
    assert banks == [*[USER] * (len(banks) - 2), gen2.EPC, USER]
    assert PC_PLACE not in [at for at, _ in steps(made)]  # 96 bits as before
    seen = look(write(memory, made))
    assert (seen.state, seen.hinted, seen.uri_record) == ("slots", 0, EPC)
    assert (seen.stubs, seen.faults) == ([(0, signed(0, 180))], [])


def test_only_what_differs_is_written() -> None:
    memory, chip = commissioned(), gen2chips.by_name("Monza X-8K")
    assert rainplan.commission(chip, memory, EPC, signed(0)) == []
    made = rainplan.commission(chip, memory, OTHER_EPC, signed(0))
    changed = [n for n in range(6) if EPC[2 * n : 2 * n + 2] != OTHER_EPC[2 * n : 2 * n + 2]]
    assert [at for at, _ in steps(made)] == [MAGIC, *[EPC_PLACE + n for n in changed], MAGIC]


def test_an_epc_of_another_length_is_followed_by_its_pc_word() -> None:
    memory, chip = delivered("Monza X-8K"), gen2chips.by_name("Monza X-8K")
    memory.put(
        PC_PLACE, b"\x37\x0a"
    )  # UMI and XI of the tag's own, toggle and AFI of another application
    made = rainplan.commission(chip, memory, LONG_EPC, signed(0))
    places = [at for at, _ in steps(made)]
    assert places[-2:] == [PC_PLACE, MAGIC] and EPC_PLACE in places
    after = write(memory, made)
    assert (after.pc, after.epc) == (0x3E00, LONG_EPC)
    back = write(after, rainplan.commission(chip, after, EPC, signed(0)))
    assert (back.pc, back.epc) == (0x3600, EPC)


def test_an_epc_that_stands_is_not_touched() -> None:
    memory, chip = delivered("Monza X-8K"), gen2chips.by_name("Monza X-8K")
    memory = write(memory, rainplan.epc_only(chip, memory, EPC))
    memory.put(PC_PLACE, b"\x30\x05")  # whatever its attribute bits
    made = rainplan.commission(chip, memory, EPC, signed(0))
    assert {gen2.bank_of(at) for at, _ in made} == {USER}


def test_a_pc_word_that_says_that_its_epc_is_none_is_put_right() -> None:
    chip, memory = gen2chips.by_name("M730"), delivered("M730")
    memory.put(PC_PLACE, b"\x31\xa1" + EPC)  # torn, or another system's with the same bytes
    assert rainplan.epc_only(chip, memory, EPC) == [(PC_PLACE, b"\x30\x00")]


@pytest.mark.parametrize("name", CAPACIOUS)
@pytest.mark.parametrize("epc", [EPC, LONG_EPC])
def test_a_commission_torn_anywhere_shows_no_slots_and_is_finished_by_another(
    name: str, epc: bytes
) -> None:
    memory, chip = delivered(name), gen2chips.by_name(name)
    stub = signed(0, 0, 0, name)
    made = rainplan.commission(chip, memory, epc, stub)
    for done, half in torn(memory, made, seed=len(name)):
        if done < len(steps(made)):
            assert look(half).stubs == []
        image = read(half, whole=True)[0]
        after = write(half, rainplan.commission(chip, image, epc, stub))
        seen = look(after, whole=True)
        assert (seen.stubs, seen.uri_record, seen.faults) == ([(0, stub)], epc, [])


@pytest.mark.parametrize(("count", "then"), [(1, 1), (1, 2), (2, 1), (2, 2)])
@pytest.mark.parametrize("name", TWO)
def test_a_commission_over_other_slots_voids_them_first(name: str, count: int, then: int) -> None:
    chip = gen2chips.by_name(name)
    old, new = signed(7, 0, 0, name), signed(0, 0, 5, name)
    before = commissioned(name, old, count)
    made = rainplan.commission(chip, before, OTHER_EPC, new, then)
    assert steps(made)[0] == (MAGIC, b"\x00\x00")
    for done, half in torn(before, made, seed=count):
        stubs = [raw for _, raw in look(half, whole=True).stubs]
        assert stubs == ([new] if done == len(steps(made)) else [])


def test_what_is_not_known_is_written_and_what_lies_behind_a_stub_is_not() -> None:
    memory, chip = delivered("Monza X-8K"), gen2chips.by_name("Monza X-8K")
    known = rainplan.commission(chip, memory, EPC, signed(0))
    blind = rainplan.commission(chip, Image(), EPC, signed(0))
    unknown = {at for at, _ in steps(blind)} - {at for at, _ in steps(known)}
    layout = userbank.largest_layout(chip, 2)
    assert layout is not None
    zeros = {place(USER, layout.slot_first_words[1] + n) for n in range(2)}
    assert zeros | {place(USER, layout.hint_words[1])} <= unknown
    assert len([at for at in unknown if gen2.bank_of(at) == USER]) < 40  # zeros in the stub, mostly
    assert look(write(memory, blind), whole=True).stubs == [(0, signed(0))]


def test_a_stale_stub_is_gone_after_a_commission() -> None:
    memory, chip = commissioned(), gen2chips.by_name("Monza X-8K")
    memory = write(memory, updated(memory, 1, 200))
    for image in (read(memory, whole=True)[0], read(memory)[0], Image()):
        after = write(memory, rainplan.commission(chip, image, EPC, signed(0, salt=9)))
        assert look(after, whole=True).stubs == [(0, signed(0, salt=9))]


def test_what_cannot_be_written_is_told() -> None:
    chip, memory = gen2chips.by_name("Monza X-2K"), delivered("Monza X-2K")
    with pytest.raises(DoesNotFit, match="2 bytes too many for the EPC bank of Monza X-2K") as why:
        rainplan.epc_only(chip, memory, bytes(18))
    assert why.value.excess == 2
    with pytest.raises(DoesNotFit, match="40 bytes too many for Monza X-2K with one slot"):
        rainplan.commission(chip, memory, EPC, bytes(300))
    with pytest.raises(Malformed):
        rainplan.commission(chip, memory, EPC, b"\xd2" * 150)
    for epc in (b"", EPC[:11]):
        with pytest.raises(ValueError):
            rainplan.epc_only(chip, memory, epc)
    with pytest.raises(DoesNotFit, match="48 bytes too many for the USER bank of M780") as why:
        rainplan.commission_bare(gen2chips.by_name("M780"), delivered("M780"), EPC, SIGNATURE)
    with pytest.raises(ValueError, match="63 bytes"):
        rainplan.commission_bare(chip, memory, EPC, SIGNATURE[1:])


# --- bare, EPC only, format ---


@pytest.mark.parametrize("name", ["M781", "Higgs-3", "Higgs-9", "Monza X-2K"])
def test_a_bare_signature_stands_at_word_0(name: str) -> None:
    chip, memory = gen2chips.by_name(name), delivered(name)
    made = rainplan.commission_bare(chip, memory, EPC, SIGNATURE)
    assert len(steps(made)) == 32 + 6
    after = write(memory, made)
    seen = look(after)
    assert (seen.state, seen.mini, seen.uri_record, seen.stubs) == ("bare", SIGNATURE, EPC, [])
    assert rainplan.commission_bare(chip, after, EPC, SIGNATURE) == []


def test_a_bare_signature_takes_the_place_of_slots() -> None:
    chip = gen2chips.by_name("Monza X-2K")
    memory = commissioned("Monza X-2K")
    for image in (memory, read(memory)[0], read(memory, whole=True)[0]):
        after = write(memory, rainplan.commission_bare(chip, image, EPC, SIGNATURE))
        assert (look(after).state, look(after).mini) == ("bare", SIGNATURE)


def test_an_epc_alone_voids_what_is_ours_and_leaves_what_is_not() -> None:
    chip, memory = gen2chips.by_name("Monza X-2K"), delivered("Monza X-2K")
    made = rainplan.epc_only(chip, memory, LONG_EPC)
    assert [gen2.bank_of(at) for at, _ in made] == [gen2.EPC, gen2.EPC]
    assert look(write(memory, made)).state == "epc"
    slotted = commissioned("Monza X-2K")
    bare = write(memory, rainplan.commission_bare(chip, memory, EPC, SIGNATURE))
    for ours in (slotted, bare):
        made = rainplan.epc_only(chip, read(ours)[0], OTHER_EPC)
        assert gen2.bank_of(made[0][0]) == USER
        assert look(write(ours, made)).state == "epc"
    memory.put(MAGIC, b"\x89\x01 packed objects here")
    made = rainplan.epc_only(chip, read(memory)[0], EPC)
    assert {gen2.bank_of(at) for at, _ in made} == {gen2.EPC}


@pytest.mark.parametrize("name", ["Monza X-8K", "MB97R804", "M781", "M780", "M730"])
def test_a_formatted_tag_holds_nothing_in_its_user_bank(name: str) -> None:
    chip, memory = gen2chips.by_name(name), delivered(name)
    memory.put(MAGIC, random.Random(4).randbytes(2 * chip.user_words))
    after = write(memory, rainplan.format(chip, memory))
    assert after.get(MAGIC, chip.user_words) == bytes(2 * chip.user_words)
    assert after.epc == memory.epc
    assert rainplan.format(chip, after) == []


def test_a_format_of_slots_hides_them_with_its_first_word() -> None:
    chip, memory = gen2chips.by_name("Monza X-8K"), commissioned()
    memory = write(memory, updated(memory, 1))
    for image in (memory, read(memory)[0], Image()):
        made = rainplan.format(chip, image)
        assert steps(made)[0] == (MAGIC, b"\x00\x00")
        after = write(memory, made)
        assert (look(after).state, look(after).faults) == ("epc", [])
        revived = write(after, [(MAGIC, layout_of(memory).frame())])
        assert look(revived, whole=True).stubs == []


# --- update ---


def test_an_update_writes_changed_words_of_the_other_slot_and_then_its_hint() -> None:
    memory = commissioned()
    layout = layout_of(memory)
    first = updated(memory, 1)
    words = [gen2.word_of(at) for at, _ in steps(first)]
    assert words[-2:] == [layout.hint_words[1], layout.hint_words[1] + 1]
    assert set(words[:-2]) <= set(range(layout.slot_first_words[1], layout.end_word))
    memory = write(memory, first)
    second = updated(memory, 2)
    assert all(memory.get(at, 1) != data for at, data in steps(second))
    assert {gen2.word_of(at) for at, _ in steps(second)} <= set(range(4, 260))
    assert look(write(memory, second)).hinted == 0


def test_an_update_that_stands_already_writes_nothing() -> None:
    memory = commissioned()
    memory = write(memory, updated(memory, 1))
    assert rainplan.update(layout_of(memory), memory, 1, signed(1), 1) == []


def test_a_torn_hint_is_put_right_with_its_two_words_at_most() -> None:
    memory = commissioned()
    memory = write(memory, updated(memory, 1))
    at = place(USER, layout_of(memory).hint_words[1])
    whole = slots.hint(1, len(signed(1)))
    for broken in (slots.hint(1, 90), slots.hint(2, len(signed(1))), bytes(4)):
        memory.put(at, broken)
        made = rainplan.update(layout_of(memory), memory, 1, signed(1), 1)
        assert write(memory, made).get(at, 2) == whole
        assert {word for word, _ in steps(made)} <= {at, at + 1}


def test_the_rest_of_a_longer_stub_is_zeroed() -> None:
    memory = commissioned()
    memory = write(memory, updated(memory, 1, 300))
    memory = write(memory, updated(memory, 2))
    memory = write(memory, updated(memory, 3))
    first = place(USER, layout_of(memory).slot_first_words[1])
    assert memory.get(first, 252) == signed(3) + bytes(504 - len(signed(3)))


def test_a_stub_larger_than_the_slot_is_told_so() -> None:
    memory = commissioned()
    with pytest.raises(DoesNotFit, match="4 bytes too many for the 504") as why:
        rainplan.update(layout_of(memory), memory, 1, signed(1, 508), 1)
    assert why.value.excess == 4
    with pytest.raises(ValueError):
        rainplan.update(layout_of(memory), memory, 2, signed(1), 1)


@pytest.mark.parametrize("name", TWO)
@pytest.mark.parametrize("start", [0, 1, 65534, 65535])
@pytest.mark.parametrize("history", [0, 1, 2])
def test_every_word_of_an_update_torn_to_anything_leaves_the_current_stub(
    name: str, start: int, history: int
) -> None:
    sizes = random.Random(start).choices(range(150, 184), k=4)
    memory = commissioned(name, signed(start, sizes[0], 0, name))
    seq = start
    for size in sizes[1 : 1 + history]:
        seq += 1
        layout, slot = layout_of(memory), 1 - (look(memory).hinted or 0)
        memory = write(
            memory, rainplan.update(layout, memory, slot, signed(seq, size, 0, name), seq)
        )
    current = look(memory).hinted
    assert current is not None
    old, new = signed(seq, sizes[history], 0, name), signed(seq + 1, sizes[3], 0, name)
    layout, other = layout_of(memory), 1 - current
    made = rainplan.update(layout, memory, other, new, seq + 1)
    assert len(steps(made)) >= 34  # a new signature and the hint at least
    first = place(USER, layout.slot_first_words[current])
    for done, half in torn(memory, made, seed=start + history):
        assert half.get(first, layout.slot_words) == memory.get(first, layout.slot_words)
        assert half.get(MAGIC, 4) == memory.get(MAGIC, 4) and half.epc == EPC
        whole = look(half, whole=True)
        assert (whole.state, (current, old) in whole.stubs) == ("slots", True)
        quick = look(half)
        if quick.hinted == other:
            assert done >= len(steps(made)) - 2 and (other, new) in quick.stubs
        else:
            assert (current, old) in quick.stubs
        if quick.hinted is None:
            assert quick.stubs == whole.stubs
        again = rainplan.update(layout, read(half, whole=True)[0], other, new, seq + 1)
        healed = look(write(half, again))
        assert healed.hinted == other and (other, new) in healed.stubs


@slow
@given(
    sizes=st.tuples(*[st.integers(150, 504)] * 3),
    places=st.tuples(*[st.integers(0, 999) | st.integers(-4, -1)] * 3),
    seed=st.integers(0, 2**32),
)
def test_tears_upon_tears_leave_the_current_stub(
    sizes: tuple[int, ...], places: tuple[int, ...], seed: int
) -> None:
    """Three attempts at the same seq with other stubs, each torn, as after power cuts and voided intents."""
    chance = random.Random(seed)
    memory = commissioned(first=signed(0, 200))
    memory = write(memory, updated(memory, 1, 200))
    layout, old = layout_of(memory), (1, signed(1, 200))
    for salt, (size, at) in enumerate(zip(sizes, places, strict=True)):
        new = signed(2, size, salt)
        image = read(memory, whole=True)[0]
        made = rainplan.update(layout, image, 0, new, 2)
        done = at % (len(steps(made)) + 1)
        for prefix in (0, done // 2, done):
            seen = look(tear(memory, made, prefix, chance))
            assert old in seen.stubs or (seen.hinted == 0 and (0, new) in seen.stubs)
        memory = tear(memory, made, done, chance)


@pytest.mark.parametrize("name", TWO)
def test_a_tear_while_a_slot_is_voided_leaves_the_current_stub(name: str) -> None:
    memory = commissioned(name, signed(0, 0, 0, name))
    layout = layout_of(memory)
    memory = write(memory, rainplan.update(layout, memory, 1, signed(1, 0, 0, name), 1))
    made = rainplan.clear(layout, memory, 0)
    for _, half in torn(memory, made, seed=5):
        assert (1, signed(1, 0, 0, name)) in look(half).stubs
        assert (1, signed(1, 0, 0, name)) in look(half, whole=True).stubs
    cleared = look(write(memory, made), whole=True)
    assert (cleared.stubs, cleared.hinted) == ([(1, signed(1, 0, 0, name))], 1)


# --- one slot ---


@pytest.mark.parametrize("name", CAPACIOUS)
def test_a_single_slot_torn_anywhere_is_finished_from_the_journal(name: str) -> None:
    chip = gen2chips.by_name(name)
    old, new = signed(0, 180, 0, name), signed(1, 190, 0, name)
    memory = commissioned(name, old, 1)
    made = rainplan.rewrite_single(layout_of(memory), memory, new, 1)
    assert steps(made)[0] == (MAGIC, b"\x00\x00") and steps(made)[-1] == (MAGIC, b"\xd2\x54")
    for done, half in torn(memory, made, seed=6):
        seen = look(half)
        if done == len(steps(made)):
            assert (seen.stubs, seen.hinted) == ([(0, new)], 0)
        elif done:
            assert (seen.stubs, seen.state) == ([], "epc")
            assert seen.faults == ["its slots were not written to the end"]
        after = write(half, rainplan.commission(chip, read(half, whole=True)[0], EPC, new, 1))
        assert look(after, whole=True).stubs == [(0, new)]
        assert layout_of(after).slot_count == 1
    after = write(memory, made)
    assert rainplan.rewrite_single(layout_of(after), after, new, 1) == []


# --- capacity ---


@pytest.mark.parametrize(("name", "room"), [("Monza X-8K", 504), ("UCODE DNA", 184)])
def test_the_largest_stubs_fill_both_slots(name: str, room: int) -> None:
    memory = commissioned(name, signed(0, room, 0, name))
    layout = layout_of(memory)
    memory = write(memory, rainplan.update(layout, memory, 1, signed(1, room, 0, name), 1))
    seen = look(memory, whole=True)
    assert seen.stubs == [(slot, signed(slot, room, 0, name)) for slot in (0, 1)]
    assert {len(raw) for _, raw in seen.stubs} == {room}
