"""RAIN banks, TID and chips on MicroPython."""

from expect import raises

from edge import gen2, gen2chips, tid
from edge.gen2 import PC_PLACE, TID, USER, Image, place

FULL = bytes.fromhex(
    "e28108043c006820042e3e3b19de000000000400014000040200"
)  # TDS 2.3, table 16-2: every segment


def test_words_are_held_as_put():
    image = Image()
    image.put(place(USER, 3), b"abcd")
    assert image.has(place(USER, 3), 2) and not image.has(place(USER, 2), 1)
    assert image.get(place(USER, 4), 1) == b"cd"
    assert "words 4 to 5" in raises(ValueError, image.get, place(USER, 4), 2)
    copy = image.copy()
    copy.put(place(USER, 3), b"ABCD")
    assert image.run(place(USER, 3)) == b"abcd"


def test_the_epc_is_as_long_as_the_pc_word_says():
    image = Image()
    assert image.pc is None and image.epc == b""
    image.put(PC_PLACE, b"\x34\x00" + bytes(range(14)))
    assert image.pc == 0x3400 and image.epc == bytes(range(12))
    assert gen2.pc_word(7, 0x37FF) == 0x3E00
    raises(ValueError, gen2.pc_word, 32)


def test_a_lock_payload_is_two_times_ten_bits():
    assert gen2.lock_payload({"access": "lock"}) == (0x080, 0x080)
    assert gen2.lock_payload({"user": "permalock", "epc": "unlock"}) == (0x023, 0x003)
    raises(ValueError, gen2.lock_payload, {"reserved": "lock"})


def test_an_xtid_tells_what_the_tag_can_do():
    found = tid.Tid(FULL)
    assert (found.mdid, found.model, found.words) == (0x010, 0x804, 13)
    assert (found.epc_words, found.user_words, found.permalock_block_words) == (30, 512, 4)
    assert (found.block_write_words, found.block_write_aligned) == (0x40, False)
    assert tid.identity(FULL) == FULL[:12]
    for size in range(len(FULL)):
        assert tid.identity(FULL[:size]) == (FULL[:12] if size >= 12 else b"")


def test_a_chip_is_found_by_its_tid():
    assert gen2chips.by_tid(bytes.fromhex("e28011502000112233445566")).name == "Monza X-8K"
    told = gen2chips.by_tid(FULL)
    assert told.user_words == 512 and gen2chips.by_name(told.name).epc_words == 30
    assert gen2chips.by_tid(FULL[:12]) is None
    assert "Monza X-8K" in raises(ValueError, gen2chips.by_name, "NTAG215")
    image = Image()
    image.put(place(TID, 0), FULL)
    assert image.tid == FULL
