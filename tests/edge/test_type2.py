"""Tag memory: pages held, the CC, lock bits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tags import UID, delivered, write

from edge import chips, type2
from edge.errors import Malformed, Truncated
from edge.type2 import Image


def test_pages_that_were_not_read_are_not_held() -> None:
    image = Image()
    image.put(4, b"abcdEFGH")
    assert image.pages() == [4, 5]
    assert image.has(4, 2) and not image.has(3, 1) and not image.has(5, 2)
    assert image.get(5, 1) == b"EFGH"
    with pytest.raises(ValueError):
        image.get(3, 2)


def test_a_later_read_takes_the_place_of_an_earlier_one() -> None:
    image = Image(bytes(16))
    image.put(2, b"WXYZ")
    assert image.get(0, 4) == bytes(8) + b"WXYZ" + bytes(4)


def test_a_run_ends_at_the_first_page_that_is_not_held() -> None:
    image = Image()
    image.put(4, b"abcd")
    image.put(6, b"efgh")
    assert image.run(4, 9) == b"abcd"
    assert image.run(5, 9) == b""
    assert image.run(6, 200) == b"efgh"


def test_a_copy_is_its_own() -> None:
    image = Image(bytes(8))
    other = image.copy()
    other.put(1, b"abcd")
    assert image.get(1, 1) == bytes(4) and other.pages() == [0, 1]


@pytest.mark.parametrize(("page", "data"), [(0, b"abc"), (-1, bytes(4)), (255, bytes(8))])
def test_what_is_no_page_is_our_bug(page: int, data: bytes) -> None:
    with pytest.raises(ValueError):
        Image().put(page, data)


def test_the_uid_stands_around_its_check_byte() -> None:
    assert type2.uid(delivered("ntag215")) == UID


@pytest.mark.parametrize(
    ("page", "said"),
    [
        ("e1103e00", (0x10, 496, False)),  # NTAG215 data sheet, CC at delivery
        ("e1106d00", (0x10, 872, False)),
        ("e113120f", (0x13, 144, True)),
        ("e110ff00", (0x10, 1008, False)),  # more than page addresses reach
        ("00000000", None),
        ("e1200600", None),  # major version 2
        ("e1100000", None),
        ("e11012f0", None),  # no read access
    ],
)
def test_the_cc_says_version_area_and_access(page: str, said: object) -> None:
    image = Image(bytes(12) + bytes.fromhex(page))
    assert type2.cc(image) == said


def test_a_cc_that_was_not_read_is_none() -> None:
    assert type2.cc(Image(bytes(12))) is None


def test_the_message_stands_behind_the_lock_control() -> None:
    assert type2.message_span(delivered("ntag213")) == (5, 7, 7)
    assert type2.message_span(delivered("ntag215")) == (0, 2, 2)
    assert type2.message_span(delivered("mf0ul11")) is None


def test_a_message_longer_than_the_area_is_truncated() -> None:
    memory = delivered("ntag215")
    memory.put(4, b"\x03\xff\x01\xed")
    with pytest.raises(Truncated):
        type2.message_span(memory)


def test_static_lock_bits_lock_their_pages() -> None:
    memory = delivered("ntag215")
    assert type2.locked_pages(memory) == set()
    memory.put(2, b"\x44\x48\x18\x81")  # data sheet, "Static lock bytes": L4, LCC; L15, L8
    assert type2.locked_pages(memory) == {3, 4, 8, 15}


def test_block_locking_bits_alone_lock_no_page() -> None:
    memory = delivered("ntag215")
    memory.put(2, b"\x44\x48\x07\x00")
    assert type2.locked_pages(memory) == set()


def test_the_first_two_bits_of_an_ntag213_lock_pages_16_to_19() -> None:
    memory = delivered("ntag213")
    memory.put(40, b"\x03\x00\x00\xbd")  # NXP's own answer in community.nxp.com, thread 399134
    assert type2.locked_pages(memory, chips.by_name("ntag213")) == {16, 17, 18, 19}
    assert type2.locked_pages(memory) == set()


@pytest.mark.parametrize("chip", chips.CHIPS, ids=lambda chip: chip.name)
def test_the_lock_plan_locks_every_user_page_and_is_then_empty(chip: chips.Chip) -> None:
    memory = write(delivered(chip.name), [(3, chip.cc)])
    plan = type2.lock_plan(chip, memory)
    assert [page for page, _ in plan] == [
        page for page in (3, 2, chip.dynamic_lock_page) if page is not None
    ]
    after = write(memory, plan)
    assert type2.cc(after) == (0x10, chip.area, True)
    assert type2.locked_pages(after, chip) == set(range(3, chip.user_last + 1))
    assert type2.lock_plan(chip, after) == []


def test_a_torn_lock_plan_is_finished_by_planning_again() -> None:
    chip = chips.by_name("ntag216")
    memory = delivered("ntag216")
    plan = type2.lock_plan(chip, memory)
    for done in range(len(plan) + 1):
        torn = write(memory, plan[:done])
        assert type2.lock_plan(chip, torn) == plan[done:]


@given(st.binary(min_size=64, max_size=64))
def test_any_pages_have_a_message_or_are_malformed(pages: bytes) -> None:
    image = Image(pages[:12] + b"\xe1\x10\x06\x00" + pages[16:])
    type2.locked_pages(image, chips.by_name("mf0ul11"))
    try:
        type2.message_span(image)
    except Malformed:
        pass
