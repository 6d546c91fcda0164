"""TLV blocks, against the NFC Forum's rules and NXP's memory contents at delivery."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge import tlv
from edge.errors import Malformed, Truncated

# NTAG213 data sheet rev. 3.2, "Memory content at delivery", pages 4 and 5
NTAG213 = bytes.fromhex("0103a00c340300fe")
# NTAG213F data sheet rev. 3.1, table 18: http://www.nxp.com/index.html?m=... behind a Lock Control TLV
TABLE_18 = bytes.fromhex("0103a00c34032fd1012b5501") + (
    b"nxp.com/index.html?m=" + b"0" * 14 + b"x" + b"0" * 6 + b"\xfe\x00"
)


def test_a_delivered_ntag213_has_a_lock_control_and_an_empty_message() -> None:
    assert list(tlv.blocks(NTAG213)) == [(tlv.LOCK_CONTROL, b"\xa0\x0c\x34"), (tlv.NDEF, b"")]


def test_the_data_sheets_link_stands_in_one_block() -> None:
    kinds = list(tlv.blocks(TABLE_18))
    assert [kind for kind, _ in kinds] == [tlv.LOCK_CONTROL, tlv.NDEF]
    assert kinds[1][1] == TABLE_18[7:-2]


def test_null_blocks_are_left_out_and_the_terminator_ends() -> None:
    area = b"\x00\x00\x03\x01\xaa\x00\xfd\x02\xbb\xcc\xfe\x03\x01\xdd"
    assert list(tlv.blocks(area)) == [(tlv.NDEF, b"\xaa"), (tlv.PROPRIETARY, b"\xbb\xcc")]


def test_an_area_that_is_full_needs_no_terminator() -> None:
    assert list(tlv.blocks(b"\x03\x02\xaa\xbb")) == [(tlv.NDEF, b"\xaa\xbb")]


@pytest.mark.parametrize("length", [0, 1, 254, 255, 256, 872, 65534])
def test_a_header_reads_back(length: int) -> None:
    area = tlv.header(tlv.NDEF, length) + bytes(length)
    assert len(tlv.header(tlv.NDEF, length)) == (2 if length < 255 else 4)
    assert [(kind, len(value)) for kind, value in tlv.blocks(area)] == [(tlv.NDEF, length)]


def test_a_length_beyond_65534_is_our_bug() -> None:
    with pytest.raises(ValueError):
        tlv.header(tlv.NDEF, 65535)


def test_the_reserved_length_is_malformed() -> None:
    with pytest.raises(Malformed):
        list(tlv.blocks(b"\x03\xff\xff\xff" + bytes(300)))


def test_more_blocks_than_any_tag_has_are_malformed() -> None:
    with pytest.raises(Malformed):
        list(tlv.blocks(b"\xfd\x00" * 65))


def test_blocks_before_a_cut_stand() -> None:
    seen = []
    with pytest.raises(Truncated):
        for block in tlv.blocks(b"\x01\x03\xa0\x0c\x34\x03\x05\xaa"):
            seen.append(block)
    assert seen == [(tlv.LOCK_CONTROL, b"\xa0\x0c\x34")]


@pytest.mark.parametrize("area", [NTAG213[:-1], TABLE_18[:-2], b"\x03\xff\x01\x00" + bytes(256)])
def test_a_cut_at_any_offset_is_truncated_or_a_whole_prefix(area: bytes) -> None:
    whole = list(tlv.blocks(area))
    for cut in range(len(area)):
        try:
            assert list(tlv.blocks(area[:cut])) == whole[: len(list(tlv.blocks(area[:cut])))]
        except Truncated:
            continue


def test_the_first_bytes_of_an_area_tell_where_its_message_stands() -> None:
    spans = tlv.spans(TABLE_18[:7], len(TABLE_18))
    assert [next(spans), next(spans)] == [(tlv.LOCK_CONTROL, 0, 2, 5), (tlv.NDEF, 5, 7, 54)]
    with pytest.raises(Truncated):
        next(spans)


@given(st.binary(max_size=300))
def test_any_bytes_are_blocks_or_malformed(area: bytes) -> None:
    try:
        assert sum(len(value) for _, value in tlv.blocks(area)) <= len(area)
    except Malformed:
        pass
