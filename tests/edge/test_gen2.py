"""The banks of a RAIN tag: places, what an image holds, the PC word and the Lock payload."""

import pytest

from edge import gen2
from edge.gen2 import EPC_PLACE, PC_PLACE, TID, USER, Image, place

# Payloads of 20 bits, mask and action. The first is the Lock frame that the MagicRF M100 firmware manual gives
# (BB 00 82 00 07 0000FFFF 020080 09 7E); the others are test vectors of the library M5Unit-UHF-RFID.
LOCKS = [
    ({"access": "lock"}, 0x020080),
    ({"kill": "lock"}, 0x080200),
    ({"user": "lock"}, 0x000802),
    ({"user": "permalock"}, 0x000C03),
    ({"epc": "lock", "tid": "lock"}, 0x00A028),
    ({}, 0),
]


def test_a_place_names_a_word_of_a_bank() -> None:
    assert place(USER, 0x1FF) == 0x301FF
    assert (gen2.bank_of(0x301FF), gen2.word_of(0x301FF)) == (USER, 0x1FF)
    assert (place(gen2.EPC, 1), place(gen2.EPC, 2)) == (PC_PLACE, EPC_PLACE)


@pytest.mark.parametrize(("locks", "payload"), LOCKS)
def test_a_lock_payload_is_ten_bits_of_mask_and_ten_of_action(
    locks: dict[str, str], payload: int
) -> None:
    mask, action = gen2.lock_payload(locks)
    assert mask << 10 | action == payload


def test_unlocking_leaves_a_permalock_alone() -> None:
    assert gen2.lock_payload({"epc": "unlock"}) == (0x020, 0)
    assert gen2.lock_payload({"epc": "permaunlock"}) == (0x030, 0x010)


@pytest.mark.parametrize("locks", [{"reserved": "lock"}, {"user": "shut"}])
def test_a_lock_that_gen2_does_not_know_is_our_bug(locks: dict[str, str]) -> None:
    with pytest.raises(ValueError):
        gen2.lock_payload(locks)


def test_a_pc_word_states_the_length_and_keeps_what_is_the_tags_own() -> None:
    assert gen2.pc_word(6) == 0x3000  # 96 bits, as tags are delivered
    assert gen2.pc_word(8, 0x3400) == 0x4400  # UMI stays
    assert gen2.pc_word(7, 0x3200 | 0x1A5) == 0x3A00  # XI stays; toggle and AFI go
    assert [gen2.epc_words_of(gen2.pc_word(words)) for words in range(32)] == list(range(32))
    with pytest.raises(ValueError):
        gen2.pc_word(32)


def test_an_image_holds_what_was_put() -> None:
    image = Image()
    image.put(place(USER, 3), b"abcd")
    assert image.has(place(USER, 3), 2) and not image.has(place(USER, 2), 2)
    assert not image.has(place(USER, 4), 2) and not image.has(place(TID, 3), 1)
    assert image.get(place(USER, 4), 1) == b"cd"
    with pytest.raises(ValueError, match="words 4 to 5"):
        image.get(place(USER, 4), 2)
    with pytest.raises(ValueError, match="whole words"):
        image.put(place(USER, 0), b"abc")


def test_a_run_ends_at_the_first_word_that_is_not_held() -> None:
    image = Image()
    image.put(place(USER, 0), b"abcd")
    image.put(place(USER, 3), b"gh")
    assert (image.run(place(USER, 0)), image.run(place(USER, 1))) == (b"abcd", b"cd")
    assert (image.run(place(USER, 2)), image.run(place(USER, 900))) == (b"", b"")
    image.put(place(USER, 2), b"ef")
    assert image.run(place(USER, 0)) == b"abcdefgh"


def test_a_copy_goes_its_own_way() -> None:
    image = Image()
    image.put(place(TID, 0), b"\xe2\x80")
    other = image.copy()
    other.put(place(TID, 0), b"\xe2\x00")
    other.put(place(TID, 1), b"\x34\x12")
    assert (image.tid, other.tid) == (b"\xe2\x80", b"\xe2\x00\x34\x12")


def test_the_epc_is_as_long_as_the_pc_word_says() -> None:
    image = Image()
    image.put(EPC_PLACE, bytes(range(14)))
    assert (image.pc, image.epc) == (None, b"")
    image.put(PC_PLACE, b"\x34\x00")
    assert (image.pc, image.epc) == (0x3400, bytes(range(12)))
    image.put(PC_PLACE, b"\x38\x00")
    assert image.epc == bytes(range(14))
    image.put(PC_PLACE, b"\x40\x00")  # longer than what is held
    assert image.epc == b""
    image.put(PC_PLACE, b"\x00\x00")
    assert image.epc == b""
