"""The chip table, against the data sheets and nfcpy's list of versions."""

import pytest

from edge import chips, tlv
from edge.chips import Chip

EVERY = pytest.mark.parametrize("chip", chips.CHIPS, ids=lambda chip: chip.name)


@EVERY
def test_the_area_ends_within_the_user_pages(chip: Chip) -> None:
    assert chip.area % 4 == 0
    assert 4 + chip.area // 4 - 1 <= chip.user_last < chip.config_page < chip.pages


@EVERY
def test_the_dynamic_lock_bits_cover_the_user_pages_exactly(chip: Chip) -> None:
    if chip.dynamic_lock_page is None:
        assert chip.user_last == 15
        return
    assert chip.dynamic_lock_page == chip.user_last + 1
    bits = chip.dynamic_lock[0] | chip.dynamic_lock[1] << 8
    needed = -(-(chip.user_last - 15) // chip.lock_pages_per_bit)
    assert bits == (1 << needed) - 1
    blocks = chip.dynamic_lock[2]
    assert blocks == (1 << -(-needed // 2)) - 1  # each block-locking bit freezes two lock bits


@EVERY
def test_a_chip_is_found_by_its_name_version_and_cc(chip: Chip) -> None:
    assert chips.by_name(chip.name.lower()) is chip
    assert chips.by_version(chip.version) is chip
    assert chips.by_cc(chip.cc[:3] + b"\x0f") is chip


@EVERY
def test_what_is_delivered_is_an_empty_message(chip: Chip) -> None:
    blocks = list(tlv.blocks(chip.factory))
    assert blocks[-1] == (tlv.NDEF, b"")
    assert chip.lead == (chip.factory[:5] if chip.name == "NTAG213" else b"")


def test_the_areas_are_those_of_the_capability_containers() -> None:
    assert {chip.name: chip.area for chip in chips.CHIPS} == {
        "NTAG213": 144,
        "NTAG215": 496,
        "NTAG216": 872,
        "MF0UL11": 48,
        "MF0UL21": 128,
    }


def test_an_unknown_name_is_answered_with_those_known() -> None:
    with pytest.raises(ValueError, match="NTAG213, NTAG215, NTAG216, MF0UL11, MF0UL21"):
        chips.by_name("ntag424")


def test_an_unknown_version_or_cc_is_no_chip() -> None:
    assert chips.by_version(b"\x00\x04\x04\x02\x01\x00\x12\x03") is None
    assert chips.by_cc(b"\xe1\x10\x40\x00") is None
    assert chips.by_cc(b"") is None
