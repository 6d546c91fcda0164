"""Page plans on MicroPython: torn at every write and at some bits, the current stub stands."""

from expect import raises

from edge import carrier, chips, plan, slots, stub, type2

LINK = "https://id.example.com/01/09520123456788/21/A1B2C3D4E5"
UID = bytes.fromhex("04a1b2c3d4e5f6")
CHIP = chips.by_name("ntag215")


def delivered():
    memory = type2.Image(UID[:3] + b"\x9f" + UID[3:] + b"\x44\x48\x00\x00" + CHIP.cc + CHIP.factory)
    memory.put(6, bytes(4 * (CHIP.pages - 6)))
    return memory


def made(seq):
    claims = {0: 1, 1: [0, 9520123456788, "A1"], 3: bytes(32), 4: 1790000000, 5: seq, 7: [1, UID]}
    if seq:
        claims[6] = bytes(16)
    return stub.encode(claims, -19, b"abcdefgh", lambda message: bytes((90 + seq,)) * 64)


def write(memory, pages):
    after = memory.copy()
    for page, data in pages:
        after.put(page, data)
    return after


def look(memory):
    seen = type2.Image()
    while True:
        more = carrier.next_read(seen)
        if more is None:
            return carrier.carrier(seen, UID)
        seen.put(more[0], memory.get(more[0], more[1]))


def test_a_torn_commission_leaves_an_empty_tag():
    memory = delivered()
    pages = plan.commission(CHIP, memory, LINK, made(0))
    assert pages[-1] == (4, b"\x03\xff\x01\xec")
    for done in range(0, len(pages), 7):
        assert look(write(memory, pages[:done])).state == "blank"
    assert look(write(memory, pages)).stubs == [(0, made(0))]


def test_a_torn_update_leaves_the_current_stub():
    memory = write(delivered(), plan.commission(CHIP, delivered(), LINK, made(0)))
    layout = slots.layout_of(memory)
    pages = plan.update(layout, memory, 1, made(1), 1)
    assert pages[-1] == (layout.hint_pages[1], slots.hint(1, len(made(1))))
    for done in (0, 1, len(pages) // 2, len(pages) - 1):
        torn = write(memory, pages[:done])
        page, data = pages[done]
        old = torn.get(page, 1)
        for mask in (0x01, 0x0F, 0xAA, 0xFE):
            torn.put(page, bytes([old[n] & ~mask | data[n] & mask for n in range(4)]))
            stubs = look(torn).stubs
            assert (0, made(0)) in stubs or (done == len(pages) - 1 and (1, made(1)) in stubs)
    assert look(write(memory, pages)).hinted == 1


def test_a_locked_page_stops_the_plan():
    memory = delivered()
    memory.put(2, b"\x44\x48\x00\x02")
    said = raises(type2.Locked, plan.commission, CHIP, memory, LINK, made(0))
    assert said.startswith("page 9")


def test_a_format_gives_the_delivered_pages_back():
    memory = write(delivered(), plan.link_only(CHIP, delivered(), LINK))
    assert look(memory).link == LINK
    after = write(memory, plan.format(CHIP, memory))
    assert after.get(4, 2) == CHIP.factory and plan.format(CHIP, after) == []
