"""The TID bank, against the tables of the Tag Data Standard and TIDs of real tags."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.tid import Tid, identity

SERIAL = bytes.fromhex("6820042e3e3b")
HIGGS9 = bytes.fromhex("e28038212000") + SERIAL  # read off a tag
HIGGS3 = bytes.fromhex("e2003412 013bf80002b7c4a9")  # no XTID: 64 bits of serial

# TDS 2.3, tables 16-2 to 16-6: a header of 0011110000000000b stands before a serial of 48 bits, Optional Command
# Support, BlockWrite and BlockErase, and User Memory and BlockPermaLock, which ends at bit CFh.
COMMANDS = (0b0001_1001_1100_0000 | 30).to_bytes(2, "big")
BLOCK_WRITE = (0x40 | 1 << 8 | 1 << 26).to_bytes(
    8, "big"
)  # 64 words, fewer too, no alignment in USER
USER_MEMORY = (4 << 16 | 512).to_bytes(4, "big")
FULL = bytes.fromhex("e28108043c00") + SERIAL + COMMANDS + BLOCK_WRITE + USER_MEMORY


def test_a_short_tid_names_designer_and_model() -> None:
    tid = Tid(bytes.fromhex("e2006001"))
    assert (tid.mdid, tid.model, tid.has_xtid) == (0x006, 0x001, False)
    assert (tid.serial, tid.words, identity(tid.raw)) == (b"", 2, b"")
    # The XTID, security and file bits stand before the nine bits of the designer.
    flagged = Tid(bytes.fromhex("e2ffffff"))
    assert (flagged.mdid, flagged.model, flagged.has_xtid) == (0x1FF, 0xFFF, True)


def test_an_xtid_with_a_serial_alone_takes_six_words() -> None:
    tid = Tid(HIGGS9)
    assert (tid.mdid, tid.model, tid.serial, tid.words) == (0x003, 0x821, SERIAL, 6)
    assert (tid.epc_words, tid.user_words, tid.block_write_words) == (None, None, 0)
    assert identity(HIGGS9) == HIGGS9


def test_a_full_xtid_tells_what_the_tag_can_do() -> None:
    tid = Tid(FULL)
    assert tid.words == 13 == len(FULL) // 2  # the last bit is CFh
    assert (tid.mdid, tid.model, tid.serial) == (0x010, 0x804, SERIAL)
    assert (tid.epc_words, tid.user_words, tid.permalock_block_words) == (30, 512, 4)
    assert (tid.block_write_words, tid.block_write_aligned) == (64, False)
    assert identity(FULL) == FULL[:12]


def test_segments_that_are_not_there_take_no_room() -> None:
    # TDS 16.2, "Non-Normative": with these two alone the first starts at 30h, the second at 70h and ends at 8Fh.
    tid = Tid(bytes.fromhex("e28108040c00") + BLOCK_WRITE + USER_MEMORY)
    assert (tid.serial, tid.words, tid.epc_words) == (b"", 9, None)
    assert (tid.user_words, tid.block_write_words) == (512, 64)
    assert identity(tid.raw) == b""


def test_the_lock_bit_segment_comes_last() -> None:
    tid = Tid(bytes.fromhex("e28108042600") + SERIAL + USER_MEMORY + b"\x00\x3f")
    assert (tid.words, tid.user_words) == (9, 512)


@pytest.mark.parametrize("n", range(1, 8))
def test_a_serial_is_48_bits_and_16_more_for_each_step(n: int) -> None:
    serial = bytes(range(1, 1 + 6 + 2 * (n - 1)))
    raw = bytes.fromhex("e2801150") + (n << 13).to_bytes(2, "big") + serial
    tid = Tid(raw)
    assert (tid.serial, tid.words) == (serial, len(raw) // 2)
    assert identity(raw + b"\xff\xff") == raw


def test_a_block_write_that_is_aligned_says_so() -> None:
    segment = (2 | 1 << 8).to_bytes(8, "big")
    assert Tid(bytes.fromhex("e28108040800") + segment).block_write_aligned


def test_chips_without_an_xtid_have_their_serial_behind_the_model() -> None:
    tid = Tid(HIGGS3)
    assert (tid.serial, tid.words) == (HIGGS3[4:], 6)
    assert identity(HIGGS3 + b"more") == HIGGS3


def test_the_classes_of_iso_15963_have_a_serial_and_no_model() -> None:
    raw = bytes.fromhex("e004010203040506")
    tid = Tid(raw)
    assert (tid.mdid, tid.model, tid.serial, tid.words) == (None, None, raw[2:], 4)
    assert identity(raw + b"\x00\x00") == raw
    assert Tid(b"\xe0\x04").words == 4
    # Class E3 has two bytes more before the serial: cut at eight, two tags would pass for one.
    raw = bytes.fromhex("e3040102 112233445566")
    assert (Tid(raw).serial, Tid(raw).words, identity(raw + b"\x00")) == (raw[4:], 5, raw)
    assert identity(raw[:8]) == b""


@pytest.mark.parametrize("raw", [HIGGS9[:6] + bytes(6), HIGGS3[:4] + bytes(8), bytes(12)])
def test_a_serial_of_zeros_is_none(raw: bytes) -> None:
    assert (Tid(raw).serial, identity(raw)) == (b"", b"")


@pytest.mark.parametrize("size", range(len(FULL)))
def test_what_is_cut_off_is_not_told(size: int) -> None:
    cut, whole = Tid(FULL[:size]), Tid(FULL)
    for field in ("mdid", "model", "epc_words", "user_words"):
        assert getattr(cut, field) in (None, getattr(whole, field))
    for field in ("block_write_words", "permalock_block_words"):
        assert getattr(cut, field) in (0, getattr(whole, field))
    assert cut.serial == (SERIAL if size >= 12 else b"")
    assert identity(FULL[:size]) == (FULL[:12] if size >= 12 else b"")
    if size >= 6:
        assert cut.words == 13


@given(st.binary(max_size=80))
def test_any_bytes_are_a_tid(raw: bytes) -> None:
    tid = Tid(raw)
    assert 0 <= tid.words <= 6 + 9 + 1 + 4 + 2 + 1
    assert raw.startswith(identity(raw)) and identity(identity(raw)) == identity(raw)
