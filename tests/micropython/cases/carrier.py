"""A tag is commissioned, read and judged inside the handheld's heap."""

from edge import carrier, chips, plan, slots, stub, type2

LINK = "https://id.example.com/01/09520123456788/21/A1B2C3D4E5"
UID = bytes.fromhex("04a1b2c3d4e5f6")


def delivered(name):
    chip = chips.by_name(name)
    memory = type2.Image(UID[:3] + b"\x9f" + UID[3:] + b"\x44\x48\x00\x00" + chip.cc + chip.factory)
    memory.put(6, bytes(4 * (chip.pages - 6)))
    return memory


def made(seq):
    claims = {0: 1, 1: [0, 9520123456788, "A1"], 3: bytes(32), 4: 1790000000, 5: seq, 7: [1, UID]}
    if seq:
        claims[6] = bytes(16)
    return stub.encode(claims, -19, b"abcdefgh", lambda message: b"\x5a" * 64)


def write(memory, pages):
    for page, data in pages:
        memory.put(page, data)


def look(memory, whole=False):
    seen = type2.Image()
    reads = []
    while True:
        more = carrier.next_read(seen, whole)
        if more is None:
            return carrier.carrier(seen, UID), reads
        reads.append(more)
        seen.put(more[0], memory.get(more[0], more[1]))


def test_a_delivered_tag_is_blank():
    for name in ("ntag213", "ntag215", "ntag216"):
        seen, reads = look(delivered(name))
        assert (seen.state, seen.faults, reads) == ("blank", [], [(0, 26)])


def test_the_current_stub_is_read_in_two_reads():
    memory = delivered("ntag215")
    write(memory, plan.commission(chips.by_name("ntag215"), memory, LINK, made(0)))
    seen, reads = look(memory)
    assert (seen.state, seen.link, seen.hinted, seen.faults) == ("slots", LINK, 0, [])
    assert seen.stubs == [(0, made(0))] and len(reads) == 2
    write(memory, plan.update(seen.layout, memory, 1, made(1), 1))
    seen, reads = look(memory)
    assert (seen.hinted, seen.stubs) == (1, [(1, made(1))])
    assert reads[1][0] == seen.layout.slot_first_pages[1]
    assert look(memory, True)[0].stubs == [(0, made(0)), (1, made(1))]


def test_a_torn_hint_has_both_slots_read():
    memory = delivered("ntag215")
    write(memory, plan.commission(chips.by_name("ntag215"), memory, LINK, made(0)))
    layout = slots.layout_of(memory)
    write(memory, plan.update(layout, memory, 1, made(1), 1))
    memory.put(layout.hint_pages[1], slots.hint(3, 180))
    seen = look(memory)[0]
    assert (seen.hinted, len(seen.stubs)) == (None, 2)


def test_hostile_pages_end_in_a_state():
    memory = delivered("ntag215")
    for page, text in (
        (4, "03ff01f2"),
        (4, "03ffffff"),
        (4, "0305d101"),
        (4, "fdffffff"),
        (4, "01020304"),
        (3, "e110ff00"),
    ):
        memory.put(page, bytes.fromhex(text))
        seen = carrier.carrier(memory, UID)
        assert seen.state in ("foreign", "blank", "unformatted")
        carrier.next_read(memory)
