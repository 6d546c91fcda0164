"""One tag's banks, locks and passwords as EPC Gen2 (ISO/IEC 18000-63) says."""

import json
from random import Random

import pytest

from hwsim.gen2chips import by_name
from hwsim.gen2tag import (
    ACCESS_PASSWORD,
    EPC,
    EPC_LOCK,
    INSUFFICIENT_POWER,
    KILL_PASSWORD,
    MEMORY_LOCKED,
    MEMORY_OVERRUN,
    OTHER_ERROR,
    RESERVED,
    TID,
    TID_LOCK,
    USER,
    USER_LOCK,
    RainTag,
    crc_16,
    from_tid,
    make,
    undump,
)

SERIAL = bytes.fromhex("a1b2c3d4e5f6")
EPC_96 = bytes.fromhex("30751feb705c5904e3d50d70")
PASSWORD = 0x12345678
LOCK, PERMALOCK, PERMAUNLOCK, UNLOCK = 0b10, 0b11, 0b01, 0b00


def tag(name: str = "monzax8k", epc: bytes | None = EPC_96) -> RainTag:
    made = RainTag(by_name(name), SERIAL, epc)
    made.power_on()
    made.singulate()
    return made


def secured(name: str = "monzax8k") -> RainTag:
    """With an access password, and that given."""
    made = tag(name)
    write_password(made, ACCESS_PASSWORD, PASSWORD)
    made.singulate()
    assert made.access(PASSWORD) == b""
    return made


def write_password(it: RainTag, which: int, value: int) -> None:
    first = 0 if which == KILL_PASSWORD else 2
    raw = value.to_bytes(4, "big")
    assert it.write(RESERVED, first, raw[:2]) == b""
    assert it.write(RESERVED, first + 1, raw[2:]) == b""


def lock(it: RainTag, field: int, action: int) -> object:
    return it.lock(0b11 << 2 * field, action << 2 * field)


def test_the_crc_is_that_of_the_m100_manuals_sample() -> None:
    assert crc_16(bytes.fromhex("3400") + EPC_96) == 0x3A76


def test_a_tag_leaves_the_factory_with_its_tid_for_an_epc_and_no_passwords() -> None:
    it = tag(epc=None)
    assert it.tid.hex() == "e28011502000a1b2c3d4e5f6"
    assert it.epc == it.tid and it.pc == 0x3000
    assert it.read(RESERVED, 0, 4) == bytes(8)
    assert it.read(USER, 0, 0) == bytes(1024)
    assert it.locks == 0b0000001100  # the TID is permalocked


def test_the_epc_bank_reads_crc_pc_epc() -> None:
    it = tag()
    assert it.read(EPC, 0, 0) == it.crc.to_bytes(2, "big") + b"\x30\x00" + EPC_96
    assert it.read(EPC, 2, 6) == EPC_96
    assert it.read(EPC, 8, 2) == bytes(4)  # there is room for 128 bits
    assert it.read(EPC, 8, 3) == MEMORY_OVERRUN


@pytest.mark.parametrize(("words", "pc"), [(6, 0x3000), (4, 0x2000), (8, 0x4000), (0, 0)])
def test_what_is_backscattered_is_as_long_as_the_pc_says(words: int, pc: int) -> None:
    it = tag()
    assert it.write(EPC, 1, pc.to_bytes(2, "big")) == b""
    assert it.singulate() == pc.to_bytes(2, "big") + (EPC_96 + bytes(4))[: 2 * words]
    assert it.crc == crc_16(it.singulate() or b"")


def test_a_pc_longer_than_the_chip_is_refused() -> None:
    it = tag()
    assert it.write(EPC, 1, b"\x48\x00") == MEMORY_OVERRUN
    assert it.pc == 0x3000


@pytest.mark.parametrize(("first", "umi"), [("d284", True), ("a000", False), ("e000", False)])
def test_the_umi_is_computed_from_the_user_bank_and_not_writable(first: str, umi: bool) -> None:
    it = tag()
    assert it.write(EPC, 1, b"\x34\x00") == b"" and it.pc == 0x3000
    assert it.write(USER, 0, bytes.fromhex(first)) == b""
    assert it.pc == (0x3400 if umi else 0x3000)
    assert it.singulate() == it.pc.to_bytes(2, "big") + EPC_96


def test_the_stored_crc_and_the_tid_are_read_only() -> None:
    it = tag()
    assert it.write(EPC, 0, b"\x00\x00") == MEMORY_LOCKED
    for word in range(6):
        assert it.write(TID, word, b"\x00\x00") == MEMORY_LOCKED
    assert it.tid.endswith(SERIAL)


@pytest.mark.parametrize("name", ["m730", "ucode8", "ucode9"])
def test_a_chip_without_user_memory_overruns(name: str) -> None:
    it = tag(name)
    assert it.read(USER, 0, 1) == it.read(USER, 0, 0) == MEMORY_OVERRUN
    assert it.write(USER, 0, b"ab") == MEMORY_OVERRUN
    assert it.pc == 0x3000


def test_reads_and_writes_end_with_the_bank() -> None:
    it = tag()
    assert it.read(USER, 510, 2) == bytes(4)
    assert it.read(USER, 511, 2) == it.read(USER, 512, 1) == it.read(USER, 600, 0) == MEMORY_OVERRUN
    assert it.write(USER, 511, b"ab") == b"" and it.write(USER, 512, b"ab") == MEMORY_OVERRUN
    assert it.read(TID, 0, 0) == it.tid and it.read(TID, 6, 1) == MEMORY_OVERRUN


# -- passwords and locks --


def test_without_an_access_password_a_tag_is_secured_at_once() -> None:
    assert lock(tag(), USER_LOCK, LOCK) == b""


def test_with_one_it_is_open_until_the_right_password() -> None:
    it = tag()
    write_password(it, ACCESS_PASSWORD, PASSWORD)
    it.singulate()
    assert lock(it, USER_LOCK, LOCK) is None  # silent in the open state
    assert it.access(PASSWORD) == b""
    assert lock(it, USER_LOCK, LOCK) == b""


def test_after_a_wrong_password_the_tag_is_silent_until_it_is_singulated_again() -> None:
    it = secured()
    assert it.access(PASSWORD + 1) is None
    assert it.read(USER, 0, 1) is None
    assert it.write(USER, 0, b"ab") is None
    it.singulate()
    assert it.read(USER, 0, 1) == bytes(2)


@pytest.mark.parametrize(("field", "bank", "word"), [(EPC_LOCK, EPC, 2), (USER_LOCK, USER, 7)])
@pytest.mark.parametrize(
    ("action", "open_writes", "secured_writes"),
    [
        (UNLOCK, b"", b""),
        (LOCK, MEMORY_LOCKED, b""),
        (PERMAUNLOCK, b"", b""),
        (PERMALOCK, MEMORY_LOCKED, MEMORY_LOCKED),
    ],
)
def test_a_locked_bank_is_written_as_its_two_bits_say(
    field: int, bank: int, word: int, action: int, open_writes: object, secured_writes: object
) -> None:
    it = secured()
    assert lock(it, field, action) == b""
    assert it.write(bank, word, b"ab") == secured_writes
    it.singulate()
    assert it.write(bank, word, b"cd") == open_writes
    assert isinstance(it.read(bank, word, 1), bytes)  # these banks are always read


@pytest.mark.parametrize(("field", "word"), [(KILL_PASSWORD, 0), (ACCESS_PASSWORD, 2)])
@pytest.mark.parametrize(
    ("action", "when_open", "when_secured"),
    [(LOCK, False, True), (PERMALOCK, False, False), (PERMAUNLOCK, True, True)],
)
def test_a_locked_password_is_not_even_read(
    field: int, word: int, action: int, when_open: bool, when_secured: bool
) -> None:
    it = secured()
    stored = it.read(RESERVED, word, 2)
    assert lock(it, field, action) == b""
    assert it.read(RESERVED, word, 2) == (stored if when_secured else MEMORY_LOCKED)
    assert it.write(RESERVED, word, b"xy") == (b"" if when_secured else MEMORY_LOCKED)
    it.power_off()
    it.power_on()
    it.singulate()
    assert isinstance(it.read(RESERVED, word, 1), bytes) == when_open
    assert it.read(RESERVED, 0, 4) == MEMORY_LOCKED or when_open


@pytest.mark.parametrize("first", [PERMALOCK, PERMAUNLOCK])
def test_a_permanent_lock_is_not_taken_back_and_the_whole_command_fails(first: int) -> None:
    it = tag()
    assert lock(it, USER_LOCK, first) == b""
    for action in (LOCK, UNLOCK):
        assert it.lock(0b11_0000_0011, 0b10_0000_0000 | action) == MEMORY_LOCKED
        assert it.lock_of(KILL_PASSWORD) == UNLOCK
    assert lock(it, USER_LOCK, first) == b""  # nothing changes
    assert lock(it, EPC_LOCK, LOCK) == b""  # others do


def test_only_masked_bits_of_a_lock_count() -> None:
    it = tag()
    assert it.lock(0b00_0000_0010, 0b11_1111_1111) == b""
    assert it.lock_of(USER_LOCK) == LOCK and it.lock_of(EPC_LOCK) == UNLOCK
    assert lock(it, TID_LOCK, PERMALOCK) == b"" and lock(it, TID_LOCK, UNLOCK) == MEMORY_LOCKED


def test_a_kill_needs_a_kill_password_that_is_not_zero() -> None:
    it = tag()
    assert it.kill(0) == OTHER_ERROR and not it.killed
    write_password(it, KILL_PASSWORD, 0xDEADBEEF)
    assert it.kill(0xDEADBEE0) is None and not it.killed
    it.singulate()
    assert it.kill(0xDEADBEEF) == b"" and it.killed
    for _ in range(2):
        assert it.singulate() is None and it.read(EPC, 0, 1) is None
        assert not it.matches(EPC, 0x20, 8, b"\x30")
        it.power_off()
        it.power_on()


# -- blocks --


def test_a_block_write_stays_within_its_block() -> None:
    it = tag()
    assert it.block_write(USER, 0, b"abcd") == b""
    assert it.block_write(USER, 3, b"ef") == b""
    assert it.read(USER, 0, 4) == b"abcd\0\0ef"
    assert it.block_write(USER, 1, b"abcd") == OTHER_ERROR  # across two
    assert it.block_write(USER, 0, b"abcdef") == OTHER_ERROR  # too long
    assert it.block_write(USER, 0, b"") == OTHER_ERROR
    assert it.block_erase(USER, 0, 2) is None  # no such command


def test_the_fram_chip_writes_and_erases_long_blocks_anywhere() -> None:
    it = tag("fram4k")
    assert it.block_write(USER, 5, bytes(range(128))) == b""
    assert it.block_write(USER, 5, bytes(130)) == OTHER_ERROR
    assert it.block_erase(USER, 6, 63) == b""
    assert it.read(USER, 5, 64) == bytes(range(2)) + bytes(126)
    assert it.read(USER, 0, 0) == it.read(USER, 0, 1712)


def test_a_block_with_one_word_that_may_not_be_written_stays_as_it_is() -> None:
    it = tag("fram4k")
    assert it.block_permalock(USER, 0, 1, b"\x00\x01") == b""  # block 15, which is word 15
    assert it.block_write(USER, 14, b"abcd") == MEMORY_LOCKED
    assert it.read(USER, 14, 2) == bytes(4)
    assert it.block_write(USER, 16, b"abcd") == b"" and it.block_write(USER, 13, b"abcd") == b""


def test_permalocked_blocks_are_locked_for_ever_and_told() -> None:
    it = secured("monza4qt")  # 4 blocks of 8 words
    assert it.permalock_status(USER, 0, 1) == b"\x00\x00"
    assert it.block_permalock(USER, 0, 1, b"\x60\x00") == b""
    assert it.block_permalock(USER, 0, 1, b"\x80\x00") == b""  # zeros take nothing back
    assert it.permalock_status(USER, 0, 1) == b"\xe0\x00"
    answers = [it.write(USER, 8 * block, b"ab") for block in range(4)]
    assert answers == [MEMORY_LOCKED, MEMORY_LOCKED, MEMORY_LOCKED, b""]
    assert lock(it, USER_LOCK, PERMAUNLOCK) == b"" and it.write(USER, 0, b"ab") == MEMORY_LOCKED


def test_a_block_permalock_out_of_place_is_refused() -> None:
    it = secured("monza4qt")
    assert it.block_permalock(USER, 1, 1, b"\x80\x00") == MEMORY_OVERRUN
    assert it.permalock_status(USER, 0, 2) == MEMORY_OVERRUN
    assert it.block_permalock(EPC, 0, 1, b"\x80\x00") == OTHER_ERROR
    assert it.block_permalock(USER, 0, 1, b"\x00\x01") == b"" and not it.permalocked  # no block 15
    it.singulate()
    assert it.block_permalock(USER, 0, 1, b"\x80\x00") is None  # not secured
    assert secured("m730").block_permalock(USER, 0, 1, b"\x80\x00") is None  # no such command


# -- power --


def test_too_weak_a_field_reads_but_changes_nothing() -> None:
    it = secured()
    write_password(it, KILL_PASSWORD, 1)
    before = it.dump()
    it.weak = True
    assert it.write(USER, 0, b"ab") == it.block_write(USER, 0, b"abcd") == INSUFFICIENT_POWER
    assert lock(it, USER_LOCK, LOCK) == it.kill(1) == INSUFFICIENT_POWER
    assert it.block_permalock(USER, 0, 1, b"\x80\x00") == INSUFFICIENT_POWER
    assert it.read(USER, 0, 1) == b"\0\0" and it.dump() == before
    it.weak = False
    assert it.write(USER, 0, b"ab") == b""


@pytest.mark.parametrize("at", range(3))
def test_a_cut_leaves_words_written_a_torn_one_and_the_rest_old(at: int) -> None:
    it = tag("fram4k")
    asked = []

    def cut(bank: int, word: int, old: bytes, new: bytes) -> bytes | None:
        asked.append((bank, word, old, new))
        return b"??" if len(asked) == at + 1 else None

    it.cut = cut
    assert it.block_write(USER, 7, b"abcdef") is None
    assert asked == [(USER, 7 + n, b"\0\0", b"abcdef"[2 * n : 2 * n + 2]) for n in range(at + 1)]
    assert it.read(USER, 7, 3) is None and it.singulate() is None  # it has no power
    it.power_on()
    it.singulate()
    assert it.read(USER, 7, 3) == (b"abcdef"[: 2 * at] + b"??" + bytes(6))[:6]


def test_the_session_is_forgotten_with_the_power_and_the_memory_is_not() -> None:
    it = secured()
    it.write(USER, 0, b"ab")
    it.power_off()
    assert it.access(PASSWORD) is None
    it.power_on()
    assert it.read(USER, 0, 1) is None  # ready, not singulated
    it.singulate()
    assert it.read(USER, 0, 1) == b"ab" and lock(it, USER_LOCK, LOCK) is None


# -- Select --


@pytest.mark.parametrize(
    ("bank", "pointer", "bits", "mask", "matches"),
    [
        (EPC, 0x20, 96, EPC_96, True),
        (EPC, 0x20, 8, b"\x30", True),
        (EPC, 0x20, 8, b"\x31", False),
        (EPC, 0x24, 4, b"\x00", True),
        (EPC, 0x24, 5, b"\x00", True),
        (EPC, 0x24, 6, b"\x00", False),
        (EPC, 0x24, 6, b"\x04", True),  # 000001
        (EPC, 0x21, 7, b"\x60", True),  # 0110000
        (EPC, 0x10, 16, b"\x30\x00", True),  # the PC
        (EPC, 0x20, 0, b"", True),
        (TID, 0x00, 32, b"\xe2\x80\x11\x50", True),
        (TID, 0x60, 1, b"\x00", False),  # past its end
        (USER, 0x00, 16, b"\x00\x00", True),
        (RESERVED, 0x00, 16, b"\x00\x00", False),
    ],
)
def test_a_mask_is_compared_bit_by_bit(
    bank: int, pointer: int, bits: int, mask: bytes, matches: bool
) -> None:
    assert tag().matches(bank, pointer, bits, mask) == matches


# -- kept --


def test_a_dump_is_the_tag_again() -> None:
    it = secured("monza4qt")
    it.write(USER, 3, b"ab")
    lock(it, EPC_LOCK, LOCK)
    it.block_permalock(USER, 0, 1, b"\x40\x00")
    copy = undump(json.dumps(it.dump()))
    assert copy.dump() == it.dump()
    copy.power_on()
    copy.singulate()
    assert copy.write(EPC, 2, b"xy") == MEMORY_LOCKED
    assert copy.access(PASSWORD) == b"" and copy.write(USER, 8, b"xy") == MEMORY_LOCKED


def test_a_killed_tag_stays_killed_in_its_dump() -> None:
    it = tag()
    write_password(it, KILL_PASSWORD, 7)
    it.kill(7)
    copy = undump(json.dumps(it.dump()))
    copy.power_on()
    assert copy.killed and copy.singulate() is None


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        "{}",
        '{"chip": "m730", "tid": "e280"}',
        '{"chip": "none", "tid": "e28011912000a1b2c3d4e5f6"}',
        '{"chip": "m730", "tid": "e28011912000a1b2c3d4e5f6", "user": "00"}',
        '{"chip": "m730", "tid": "e28011912000a1b2c3d4e5f6", "permalocked": 3}',
        "nothing",
    ],
)
def test_what_is_no_dump_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        undump(text)


def test_serial_numbers_come_from_the_seed() -> None:
    chip = by_name("m781")
    assert make(chip, Random(1)).tid == make(chip, Random(1)).tid != make(chip, Random(2)).tid


def test_a_tag_may_be_made_with_a_whole_tid() -> None:
    tid = bytes.fromhex("e2801150200015721ff71809")
    it = from_tid(by_name("monzax8k"), tid)
    assert it.tid == it.epc == tid
    with pytest.raises(ValueError, match="TID of 12 bytes"):
        from_tid(by_name("monzax8k"), tid[:-1])


@pytest.mark.parametrize("epc", [b"abc", bytes(18)])
def test_an_epc_of_half_a_word_or_too_many_is_refused(epc: bytes) -> None:
    with pytest.raises(ValueError, match="8 words of EPC"):
        RainTag(by_name("m730"), SERIAL, epc)
