"""The table of RAIN chips, and the chips that only their XTID knows."""

import pytest
import raintags

from edge import gen2, gen2chips, tid
from edge.gen2chips import Chip

EVERY = pytest.mark.parametrize("chip", gen2chips.CHIPS, ids=lambda chip: chip.name)

# The models of the issue, by the first four bytes of their TID as readers' tag lists and data sheets give them.
PREFIXES = {
    "M730": "e2801191",
    "M750": "e2801190",
    "M770": "e28011a0",
    "M780": "e28011c0",
    "M781": "e28011c1",
    "Monza 4QT": "e2801105",
    "Monza R6": "e2801160",
    "Monza R6-P": "e2801170",
    "Monza X-2K": "e2801140",
    "Monza X-8K": "e2801150",
    "UCODE 8": "e2806894",
    "UCODE 9": "e2806995",
    "UCODE 9xm": "e2806897",
    "UCODE DNA": "e2c06892",
    "UCODE I2C": "e200688d",
    "Higgs-3": "e2003412",
    "Higgs-4": "e2003414",
    "Higgs-9": "e2803821",
}


@pytest.mark.parametrize(("name", "prefix"), PREFIXES.items())
def test_a_chip_is_found_by_the_first_words_of_its_tid(name: str, prefix: str) -> None:
    chip = gen2chips.by_tid(bytes.fromhex(prefix))
    assert chip is not None and chip.name == name


@EVERY
def test_a_chip_is_found_by_its_name(chip: Chip) -> None:
    found = gen2chips.by_name(chip.name.lower().replace("-", " "))
    assert (found.name, found.user_words) == (chip.name, chip.user_words)


@EVERY
def test_the_pc_word_can_state_the_longest_epc(chip: Chip) -> None:
    assert 6 <= chip.epc_words <= gen2.EPC_LONGEST
    assert chip.mdid < 1 << 9 and chip.model < 1 << 12


def test_no_model_stands_twice() -> None:
    models = [(chip.mdid, chip.model) for chip in gen2chips.CHIPS]
    assert len(set(models)) == len(models)


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(ValueError, match="known are .*Monza X-8K"):
        gen2chips.by_name("NTAG215")
    for broken in ("XTID 001-002 5 6", "XTID 001 5+6 7", "XTID x-y 5+6 7"):
        with pytest.raises(ValueError):
            gen2chips.by_name(broken)


def test_a_chip_that_no_row_knows_is_made_from_its_xtid() -> None:
    raw = raintags.tid_of("mb97r804")
    chip = gen2chips.by_tid(raw)
    assert chip is not None
    assert (chip.epc_words, chip.user_words, chip.tid_words) == (30, 1712, 13)
    assert chip.permalock_block_words == 1
    again = gen2chips.by_name(chip.name)
    assert vars(again) == vars(chip) | {"permalock_block_words": 0}


def test_an_xtid_without_the_size_of_the_user_bank_is_too_little() -> None:
    raw = raintags.tid_of("mb97r804")
    for size in range(0, len(raw), 2):
        assert gen2chips.by_tid(raw[:size]) is None
    assert tid.Tid(raw[:12]).words == 13  # where to read on
    assert gen2chips.by_tid(bytes.fromhex("e28011ff2000") + bytes(6)) is None
