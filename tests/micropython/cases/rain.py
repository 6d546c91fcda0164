"""Slots on RAIN tags on MicroPython: torn at every few words, the current stub stands."""

from expect import raises

from edge import gen2chips, rain, rainplan, stub, userbank
from edge.errors import DoesNotFit
from edge.gen2 import PC_PLACE, TID, USER, Image, place

EPC = bytes.fromhex("3066c4409047e140075bcd15")
ID = bytes.fromhex("e28068922000112233445566")
CHIP = gen2chips.by_name("ucode dna")


def delivered():
    memory = Image()
    memory.put(place(TID, 0), ID)
    memory.put(PC_PLACE, b"\x30\x00" + ID + bytes(16))
    memory.put(place(USER, 0), bytes(2 * CHIP.user_words))
    return memory


def made(seq):
    claims = {0: 1, 1: [0, 9520123456788, "A1"], 4: 1790000000, 5: seq, 7: [2, ID]}
    if seq:
        claims[6] = bytes(16)
    return stub.encode(claims, -19, b"abcdefgh", lambda message: bytes((90 + seq,)) * 64)


def count(plan):
    return sum([len(data) // 2 for _, data in plan])


def write(memory, plan, words=9999, torn=b""):
    """The memory after so many words of the plan; torn: what then stands in place of the next."""
    after = memory.copy()
    for at, data in plan:
        after.put(at, data[: 2 * words])
        if 2 * words < len(data):
            after.put(at + words, torn)
            break
        words -= len(data) // 2
    return after


def look(memory, whole=False):
    seen = Image()
    seen.put(place(TID, 0), memory.get(place(TID, 0), 6))
    seen.put(PC_PLACE, memory.get(PC_PLACE, 7))
    while True:
        more = rain.next_read(seen, whole)
        if more is None:
            return rain.carrier(seen, ID)
        seen.put(more[0], memory.get(more[0], min(more[1], 32)))  # as an M100 reads


def test_the_room_of_the_slots():
    for name, two, one in (("monza x-8k", 504, 1012), ("monza x-2k", 128, 260)):
        chip = gen2chips.by_name(name)
        assert userbank.largest_layout(chip, 2).room == two
        assert userbank.largest_layout(chip, 1).room == one
    assert userbank.largest_layout(gen2chips.by_name("m730"), 1) is None
    said = raises(DoesNotFit, userbank.plan_layout, CHIP, 380)
    assert said.startswith("8 bytes too many for UCODE DNA with one slot")


def test_a_torn_commission_shows_no_slots():
    memory = delivered()
    plan = rainplan.commission(CHIP, memory, EPC, made(0))
    assert plan[-1] == (place(USER, 0), b"\xd2\x54")
    for done in range(0, count(plan), 9):
        assert look(write(memory, plan, done)).stubs == []
    seen = look(write(memory, plan))
    assert (seen.state, seen.hinted, seen.stubs) == ("slots", 0, [(0, made(0))])
    assert seen.link.startswith("https://id.gs1.org/01/")


def test_a_single_slot_is_hidden_while_it_is_rewritten():
    memory = write(delivered(), rainplan.commission(CHIP, delivered(), EPC, made(0), 1))
    plan = rainplan.rewrite_single(userbank.layout_of(memory), memory, made(1), 1)
    torn = look(write(memory, plan, 5))
    assert torn.state == "epc" and torn.faults == ["its slots were not written to the end"]
    assert look(write(memory, plan)).stubs == [(0, made(1))]
