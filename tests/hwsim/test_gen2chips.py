"""The chips' TIDs against those of real tags, and the table against itself."""

import pytest

from hwsim.gen2chips import CHIPS, Chip, by_name, by_tid

SERIAL = bytes.fromhex("a1b2c3d4e5f6")


@pytest.mark.parametrize(
    ("name", "tid"),
    [
        # TIDs that others have published of tags in their hands
        ("Monza X-8K", "e2801150200015721ff71809"),
        ("M781", "e28011c12000112dbc930317"),
        ("Higgs-9", "e280382120006820042e3e3b"),
        ("UCODE DNA", "e2c068922000a1021f0c5617"),
        # NXP data sheets, "TID memory": E280 6894 2000, E280 6995 2000
        ("UCODE 8", "e28068942000a1b2c3d4e5f6"),
        ("UCODE 9", "e28069952000a1b2c3d4e5f6"),
    ],
)
def test_a_tid_is_that_of_a_real_tag(name: str, tid: str) -> None:
    chip = by_name(name)
    assert chip.tid(bytes.fromhex(tid)[6:]).hex() == tid
    assert by_tid(bytes.fromhex(tid)) is chip
    assert chip.tid_words == 6


def test_the_fram_chip_tells_by_its_xtid_what_it_has() -> None:
    """TDS 2.3, "XTID": header 3C00h, serial 48 bit, then command support, BlockWrite, user memory: 13 words."""
    chip = by_name("fram4k")
    tid = chip.tid(SERIAL)
    words = [tid[at : at + 2].hex() for at in range(0, len(tid), 2)]
    assert len(words) == chip.tid_words == 13
    assert words[2] == "3c00" and "".join(words[3:6]) == SERIAL.hex()
    support = int(words[6], 16)
    assert support & 0x1F == 30  # the longest EPC, 480 bit
    assert [bit for bit in range(5, 16) if support >> bit & 1] == [5, 6, 7, 8, 10, 11, 12]
    block_write = int("".join(words[7:11]), 16)
    assert block_write & 0xFF == block_write >> 32 & 0xFF == 64
    assert block_write >> 8 & 1 and block_write >> 9 & 0xFF == 2  # variable; EPC from word 2 on
    assert block_write >> 17 & 1 and block_write >> 26 & 1  # no boundaries
    assert (int(words[11], 16), int(words[12], 16)) == (1, 1712)


@pytest.mark.parametrize("spelled", ["monzax8k", "Monza X-8K", "MONZA X 8K", "Impinj Monza X-8K"])
def test_a_chip_is_found_however_its_name_is_spelled(spelled: str) -> None:
    assert by_name(spelled).key == "monzax8k"


def test_an_unknown_chip_is_refused_with_the_list() -> None:
    with pytest.raises(ValueError, match="no chip 'ntag215': known are m730, "):
        by_name("ntag215")
    assert by_tid(bytes.fromhex("e2801160200000000000")) is None
    assert by_tid(b"") is None


@pytest.mark.parametrize("chip", CHIPS.values(), ids=CHIPS)
def test_a_row_agrees_with_itself(chip: Chip) -> None:
    assert chip.permalock_block_words * chip.permalock_blocks <= chip.user_words + 3
    assert bool(chip.permalock_block_words) == bool(chip.permalock_blocks)
    assert chip.write_dbm > chip.read_dbm
    assert 6 <= chip.epc_words <= 31
    with pytest.raises(ValueError, match="serial"):
        chip.tid(b"")


def test_a_block_is_programmed_row_by_row() -> None:
    chip = by_name("monzax8k")
    assert chip.programming_us(0, 1) == chip.programming_us(0, 2) == chip.program_us
    assert chip.programming_us(1, 2) == chip.programming_us(0, 4) == 2 * chip.program_us
    assert by_name("fram4k").programming_us(1, 64) == 64 * by_name("fram4k").program_us
