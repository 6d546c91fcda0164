"""NTAG213/215/216 as their data sheet (rev. 3.2) says, at the tag itself."""

import pytest

from hwsim.chips import CHIPS
from hwsim.field import crc_a
from hwsim.ntag import ACK, ACTIVE, HALT, IDLE, REQA, WUPA, Tag, by_memory

UID = bytes.fromhex("04a1b2c3d4e5f6")


def selected(name: str = "ntag215") -> Tag:
    tag = Tag(CHIPS[name], UID)
    tag.power_on()
    return select(tag)


def select(tag: Tag, call: int = REQA) -> Tag:
    assert tag.receive(bytes([call]), short=True) == b"\x44\x00"
    assert tag.receive(b"\x93\x20") == bytes.fromhex("8804a1b29f")
    assert tag.receive(b"\x93\x70" + bytes.fromhex("8804a1b29f")) == b"\x04"
    assert tag.receive(b"\x95\x20") == bytes.fromhex("c3d4e5f604")
    assert tag.receive(b"\x95\x70" + bytes.fromhex("c3d4e5f604")) == b"\x00"
    assert tag.state == ACTIVE
    return tag


def again(tag: Tag) -> Tag:
    """After a NAK, or with a new configuration."""
    tag.power_off()
    tag.power_on()
    return select(tag)


def write(tag: Tag, page: int, data: str) -> object:
    return tag.receive(bytes((0xA2, page)) + bytes.fromhex(data))


def page(tag: Tag, number: int) -> str:
    return tag.memory[4 * number : 4 * number + 4].hex()


def hexed(answer: object) -> str:
    assert isinstance(answer, bytes), answer
    return answer.hex()


def test_crc_a_is_that_of_iso_14443_3_annex_b() -> None:
    assert crc_a(b"\x00\x00").hex() == "a01e"
    assert crc_a(b"\x12\x34").hex() == "26cf"


@pytest.mark.parametrize(
    ("name", "pages", "cc", "user", "last_user_page"),
    [
        ("ntag213", 45, "e1101200", "0103a00c340300fe", 39),
        ("ntag215", 135, "e1103e00", "0300fe0000000000", 129),
        ("ntag216", 231, "e1106d00", "0300fe0000000000", 225),
    ],
)
def test_a_tag_leaves_the_factory_formatted(
    name: str, pages: int, cc: str, user: str, last_user_page: int
) -> None:
    tag = selected(name)
    assert len(tag.memory) == 4 * pages
    assert tag.memory[:12].hex() == "04a1b29fc3d4e5f604480000"
    assert page(tag, 3) == cc and page(tag, 4) + page(tag, 5) == user
    assert page(tag, last_user_page) == "00000000"
    assert page(tag, last_user_page + 1) == "000000bd"  # dynamic lock bytes
    assert tag.memory[4 * tag.chip.config_page :].hex() == "040000ff00050000ffffffff00000000"


def test_a_read_wraps_at_the_end_of_the_memory_to_page_0() -> None:
    tag = selected("ntag213")
    assert hexed(tag.receive(b"\x30\x2c")) == "00000000" + tag.memory[:12].hex()
    assert tag.receive(b"\x30\x2d") == 0
    assert tag.state == IDLE


def test_fast_read_gives_just_the_range_and_refuses_one_that_is_none() -> None:
    tag = selected("ntag216")
    assert tag.receive(b"\x3a\x00\xe0") == bytes(tag.memory[: 4 * 0xE1])
    for first, last in ((5, 4), (0, 231), (231, 231)):
        assert again(tag).receive(bytes((0x3A, first, last))) == 0


def test_password_and_pack_read_as_zeros() -> None:
    tag = selected()
    assert hexed(tag.receive(b"\x30\x85")) == "00" * 8 + tag.memory[:8].hex()
    assert tag.memory[-8:-4].hex() == "ffffffff"


@pytest.mark.parametrize(
    "command", ["", "00", "a2", "a204010203", "a20401020304ff", "30", "3a04", "1a00", "60ff"]
)
def test_what_is_no_command_gets_a_nak_and_idles_the_tag(command: str) -> None:
    tag = selected()
    assert tag.receive(bytes.fromhex(command)) == 0
    assert tag.state == IDLE


def test_after_a_nak_the_tag_is_silent_until_it_is_selected_again() -> None:
    tag = selected()
    assert tag.receive(b"\xa2\x00\x00\x00\x00\x00") == 0
    assert tag.receive(b"\x30\x00") is None
    select(tag)
    assert tag.receive(b"\x60") == bytes.fromhex("0004040201001103")


def test_a_halted_tag_hears_wupa_only_and_falls_back_to_halt() -> None:
    tag = selected()
    assert tag.receive(b"\x50\x00") is None and tag.state == HALT
    assert tag.receive(bytes([REQA]), short=True) is None
    select(tag, WUPA)
    assert tag.receive(b"\xa2\x00\x00\x00\x00\x00") == 0 and tag.state == HALT


def test_a_call_to_a_selected_tag_is_an_error_and_idles_it() -> None:
    tag = selected()
    assert tag.receive(bytes([REQA]), short=True) is None and tag.state == IDLE


def test_a_broken_crc_gets_nak_1() -> None:
    assert selected().receive_broken() == 1


def test_a_page_takes_exactly_what_is_written_and_pages_0_and_1_never() -> None:
    tag = selected()
    assert write(tag, 4, "deadbeef") == ACK and page(tag, 4) == "deadbeef"
    assert write(tag, 129, "00112233") == ACK and page(tag, 129) == "00112233"
    for refused in (0, 1, 135, 255):
        before = bytes(tag.memory)
        assert write(again(tag), refused, "ffffffff") == 0
        assert tag.memory == before


def test_a_compatibility_write_takes_the_first_4_of_16_bytes_in_a_second_frame() -> None:
    tag = selected()
    assert tag.receive(b"\xa0\x05") == ACK and page(tag, 5) == "00000000"
    assert tag.receive(bytes(range(16))) == ACK
    assert page(tag, 5) == "00010203" and page(tag, 6) == "00000000"
    assert tag.receive(b"\xa0\x05") == ACK
    assert tag.receive(bytes(4)) == 0 and page(tag, 5) == "00010203"
    assert again(tag).receive(b"\xa0\x00") == 0


@pytest.mark.parametrize("bit", range(32))
def test_bits_of_the_cc_go_one_way(bit: int) -> None:
    tag = selected()
    value = 1 << bit
    assert write(tag, 3, f"{value:08x}") == ACK
    assert int(page(tag, 3), 16) == 0xE1103E00 | value
    assert write(tag, 3, "00000000") == ACK
    assert int(page(tag, 3), 16) == 0xE1103E00 | value


@pytest.mark.parametrize("bit", range(3, 16))
def test_a_static_lock_bit_locks_its_page_at_once_and_for_ever(bit: int) -> None:
    tag = selected()
    assert write(tag, 2, "ffff" + (1 << bit).to_bytes(2, "little").hex()) == ACK
    assert tag.memory[8:10].hex() == "0448"  # bytes 0 and 1 of page 2 are not written
    for number in range(3, 16):
        assert write(again(tag), number, "00000000") == (0 if number == bit else ACK)
    assert write(again(tag), 2, "00000000") == ACK
    assert tag.is_locked(bit)


@pytest.mark.parametrize(
    ("block_bit", "frozen"), [(0, {3}), (1, set(range(4, 10))), (2, set(range(10, 16)))]
)
def test_a_static_block_locking_bit_freezes_its_lock_bits(block_bit: int, frozen: set[int]) -> None:
    tag = selected()
    assert write(tag, 2, "0000" + (1 << block_bit).to_bytes(2, "little").hex()) == ACK
    assert write(tag, 2, "0000ffff") == ACK
    assert {number for number in range(3, 16) if not tag.is_locked(number)} == frozen


@pytest.mark.parametrize(
    ("name", "bits", "span"), [("ntag213", 12, 2), ("ntag215", 8, 16), ("ntag216", 14, 16)]
)
def test_each_dynamic_lock_bit_locks_its_span_of_pages(name: str, bits: int, span: int) -> None:
    lock_page = CHIPS[name].lock_page
    for bit in range(bits):
        tag = selected(name)
        assert write(tag, lock_page, (1 << bit).to_bytes(2, "little").hex() + "0000") == ACK
        locked = {number for number in range(3, lock_page) if tag.is_locked(number)}
        assert locked == set(range(16 + bit * span, min(16 + (bit + 1) * span, lock_page)))
        assert write(tag, 16 + bit * span, "01020304") == 0
        assert write(again(tag), lock_page, "00000000") == ACK
        assert tag.is_locked(16 + bit * span)


@pytest.mark.parametrize(
    ("name", "blocks", "span"), [("ntag213", 6, 4), ("ntag215", 4, 32), ("ntag216", 7, 32)]
)
def test_each_dynamic_block_locking_bit_freezes_its_span(name: str, blocks: int, span: int) -> None:
    lock_page = CHIPS[name].lock_page
    for block in range(blocks):
        tag = selected(name)
        assert write(tag, lock_page, "0000" + f"{1 << block:02x}" + "00") == ACK
        assert write(tag, lock_page, "ffffff00") == ACK
        open_pages = {number for number in range(16, lock_page) if not tag.is_locked(number)}
        assert open_pages == set(range(16 + block * span, min(16 + (block + 1) * span, lock_page)))


def test_dynamic_lock_bytes_keep_their_reserved_bits_and_byte_3() -> None:
    for name, full in (("ntag213", "ff0f3fbd"), ("ntag215", "ff000fbd"), ("ntag216", "ff3f7fbd")):
        tag = selected(name)
        assert write(tag, tag.chip.lock_page, "ffffffff") == ACK
        assert page(tag, tag.chip.lock_page) == full


def test_the_configuration_counts_from_the_next_field_on_only() -> None:
    tag = selected()
    assert write(tag, 133, "736563 72".replace(" ", "")) == ACK
    assert write(tag, 134, "65740000") == ACK
    assert write(tag, 131, "04000004") == ACK  # AUTH0 = 4
    assert write(tag, 10, "01020304") == ACK
    again(tag)
    assert write(tag, 10, "05060708") == 0
    assert write(again(tag), 131, "040000ff") == 0  # the configuration is behind AUTH0, too
    assert write(again(tag), 3, "00000000") == ACK
    assert tag.receive(b"\x1bsecr") == b"et"
    assert write(tag, 10, "05060708") == ACK
    assert write(again(tag), 10, "ffffffff") == 0  # a login ends with the field


def test_with_prot_reading_ends_at_auth0_until_the_login() -> None:
    tag = selected()
    write(tag, 132, "80050000")
    write(tag, 131, "04000010")  # AUTH0 = 16
    again(tag)
    assert hexed(tag.receive(b"\x30\x0e"))[16:] == tag.memory[:8].hex()
    assert tag.receive(b"\x30\x10") == 0
    assert again(tag).receive(b"\x3a\x00\x10") == 0
    again(tag)
    assert tag.receive(b"\x1b\xff\xff\xff\xff") == b"\x00\x00"
    assert tag.receive(b"\x3a\x00\x86") == bytes(tag.memory[:-8]) + bytes(8)


def test_cfglck_freezes_the_configuration_but_not_the_password() -> None:
    tag = selected()
    assert write(tag, 132, "40050000") == ACK
    assert write(again(tag), 132, "00000000") == 0
    assert write(again(tag), 131, "00000000") == 0
    assert write(again(tag), 133, "01020304") == ACK


def test_authlim_closes_the_login_after_that_many_failures() -> None:
    tag = selected()
    write(tag, 132, "02050000")
    again(tag)
    for _ in range(2):
        assert tag.receive(b"\x1b\x00\x00\x00\x00") == 0
        again(tag)
    assert tag.receive(b"\x1b\xff\xff\xff\xff") == 4
    assert again(tag).receive(b"\x1b\xff\xff\xff\xff") == 4  # a new field does not help


def test_a_right_login_clears_the_failures() -> None:
    tag = selected()
    write(tag, 132, "02050000")
    again(tag)
    for _ in range(5):
        assert tag.receive(b"\x1b\x00\x00\x00\x00") == 0
        assert again(tag).receive(b"\x1b\xff\xff\xff\xff") == b"\x00\x00"


def test_the_counter_counts_the_first_read_after_each_field_on() -> None:
    tag = selected()
    assert tag.receive(b"\x39\x02") == 0  # NFC_CNT_EN is off
    write(again(tag), 132, "10050000")
    for count in range(1, 4):
        again(tag)
        tag.receive(b"\x30\x00")
        tag.receive(b"\x3a\x00\x04")
        assert tag.receive(b"\x39\x02") == count.to_bytes(3, "little")
    assert again(tag).receive(b"\x39\x00") == 0


def test_the_signature_has_32_bytes_and_needs_its_argument() -> None:
    tag = selected()
    assert len(hexed(tag.receive(b"\x3c\x00"))) == 64
    assert tag.receive(b"\x3c\x01") == 0


def test_a_memory_image_is_the_tag_again() -> None:
    tag = selected("ntag216")
    write(tag, 100, "cafebabe")
    copy = by_memory(bytes(tag.memory))
    assert copy.uid == UID and copy.chip.name == "ntag216" and copy.memory == tag.memory
    with pytest.raises(ValueError, match="541 bytes"):
        by_memory(bytes(541))
