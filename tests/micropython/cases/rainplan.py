"""Word plans on MicroPython: torn at every few words, the current stub stands."""

from edge import gen2chips, rainplan, stub, userbank
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


def current(memory, layout):
    """(slot, bytes) that the hints lead to, or None where both slots have to be looked at."""
    hinted = userbank.hinted(memory, layout)
    if hinted is None or not userbank.confirmed(memory, layout, hinted[0], hinted[1], hinted[2]):
        return None
    slot, _, size = hinted
    first = place(USER, layout.slot_first_words[slot])
    return slot, memory.get(first, userbank.words(size))[:size]


def test_a_torn_update_leaves_the_current_stub():
    old = made(0)
    memory = write(delivered(), rainplan.commission(CHIP, delivered(), EPC, old))
    layout = userbank.layout_of(memory)
    plan = rainplan.update(layout, memory, 1, made(1), 1)
    slot_0 = memory.get(place(USER, 8), 92)
    hint = count(plan) - 2
    for done in [n for n in range(count(plan)) if n % 7 == 0 or n >= hint]:
        for garbage in (b"\x00\x01", b"\xff\xff", b"\xd2\x84"):
            torn = write(memory, plan, done, garbage)
            assert torn.get(place(USER, 8), 92) == slot_0
            assert current(torn, layout) in ((0, old), None if done >= hint else (0, old))
    assert current(write(memory, plan), layout)[0] == 1


def test_what_stands_is_not_written_again():
    memory = write(delivered(), rainplan.commission(CHIP, delivered(), EPC, made(0)))
    assert rainplan.commission(CHIP, memory, EPC, made(0)) == []
    assert rainplan.format(CHIP, memory)[0][0] == place(USER, 0)
    after = write(memory, rainplan.format(CHIP, memory))
    assert userbank.layout_of(after) is None and after.get(place(USER, 0), 192) == bytes(384)
