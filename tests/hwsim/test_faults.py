"""Each fault does what its name says, when it says, and the same again with the same seed."""

from random import Random
from typing import Any

import pytest

from hwsim import hsu
from hwsim.chips import CHIPS
from hwsim.faults import Faults, torn
from hwsim.ntag import Tag
from hwsim.rainfaults import LINE_FAULTS, RainFaults

Host = Any

WRITE = "a20affffffff"


def arm(host: Host, name: str, **args: object) -> None:
    host.chip.faults.add(name, args).start(host.chip)


def back(host: Host) -> None:
    host.field.arrive(host.tag)
    assert host.ask("4a0100") is not None


@pytest.mark.parametrize("bit", range(32))
def test_a_write_torn_after_any_one_bit_leaves_that_bit_alone(host: Host, bit: int) -> None:
    arm(host, "tear", bits=f"{1 << bit:08x}")
    assert host.tell(WRITE) == "01"
    assert int(host.page(10), 16) == 1 << bit
    assert host.field.present == []
    back(host)
    assert host.tell(WRITE) == "00" and host.page(10) == "ffffffff"


@pytest.mark.parametrize("mask", [0, 0xFFFFFFFF, 0xFF000000, 0x00FF00FF])
def test_only_bits_that_differ_can_change(host: Host, mask: int) -> None:
    host.tell("a20a0ff0a55a")
    arm(host, "tear", bits=f"{mask:08x}")
    host.tell("a20af00fa5a5")
    assert int(host.page(10), 16) == (0x0FF0A55A & ~mask) | (0xF00FA5A5 & mask)


def test_a_torn_write_counts_its_programming_time(host: Host) -> None:
    arm(host, "tear", bits="0")
    host.clock.reset()
    host.tell(WRITE)
    assert host.clock.stats()["eeprom_ms"] == 4.1


def test_the_tear_comes_at_the_write_or_page_that_it_names(host: Host) -> None:
    arm(host, "tear", at=3, bits="0")
    assert [host.tell(WRITE) for _ in range(3)] == ["00", "00", "01"]
    back(host)
    arm(host, "tear", page=12, bits="0")
    assert [host.tell(f"a2{page:02x}01010101") for page in (10, 11, 12)] == ["00", "00", "01"]


def test_a_refused_write_is_none_to_tear(host: Host) -> None:
    arm(host, "tear", bits="0")
    assert host.tell("a200ffffffff") == "13"
    host.ask("4a0100")
    assert host.tell(WRITE) == "01"


def test_both_phases_of_the_compatibility_write_can_be_torn(host: Host) -> None:
    arm(host, "tear", bits="ffff0000")
    assert host.tell("a00a" + "ff" * 16) == "01"
    assert host.page(10) == "ffff0000"


@pytest.mark.parametrize("page", [2, 3, 130])
def test_lock_bytes_and_cc_are_written_wholly_or_not_at_all(page: int) -> None:
    tag = Tag(CHIPS["ntag215"], bytes(7))
    old, new = bytes(4), bytes.fromhex("0000ffff")
    assert {torn(tag, page, old, new, mask) for mask in (0, 1, 0x8000, 0xFFFFFFFF)} == {old, new}


def test_random_tears_are_the_seeds(host: Host) -> None:
    def pages(seed: int) -> list[str]:
        host.chip.faults.random = Random(seed)
        found = []
        for _ in range(8):
            host.tell("a20a00000000")
            arm(host, "tear")
            host.tell(WRITE)
            found.append(host.page(10))
            back(host)
        return found

    first = pages(1)
    assert len(set(first)) == 8
    assert pages(1) == first and pages(2) != first


def test_a_rate_of_tears_goes_on(host: Host) -> None:
    arm(host, "tear", rate=0.1, back=1)
    torn_writes = 0
    for _ in range(300):
        if host.tell(WRITE) == "01":
            torn_writes += 1
            host.ask("4a0100")
    assert 15 <= torn_writes <= 50


def test_a_tag_leaves_after_so_many_exchanges_and_may_come_back(host: Host) -> None:
    arm(host, "tag_leaves", after=2, back=2)
    assert [host.tell("3004")[:2] for _ in range(3)] == ["00", "00", "01"]
    assert host.field.present == []
    host.ask("02")
    assert host.field.present == []
    host.ask("02")
    assert host.field.present == [host.tag]


@pytest.mark.parametrize(("kind", "size"), [("flip", 19), ("insert", 20), ("drop", 18)])
def test_noise_spoils_every_nth_byte_that_the_chip_sends(host: Host, kind: str, size: int) -> None:
    clean = host.send("02")
    arm(host, "noise", every=10, kind=kind)
    spoiled = host.send("02")
    assert len(spoiled) == size and spoiled != clean
    assert spoiled[:9] == clean[:9]


def test_noise_on_the_way_in_costs_the_command(host: Host) -> None:
    arm(host, "noise", every=7, side="in")
    assert host.send("02") == b""


def test_a_lost_ack_is_one_ack(host: Host) -> None:
    arm(host, "lost_ack", at=2)
    whole = host.send("02")
    assert host.send("02") == whole[6:]
    assert host.send("02") == whole


def test_a_lost_answer_can_be_asked_for_again(host: Host) -> None:
    arm(host, "lost_answer")
    assert host.send("02") == hsu.ACK
    assert host.chip.receive(hsu.NACK).hex() == "0000ff06fad50332010607e800"
    assert host.ask("02") == "32010607"


def test_a_second_tag_joins(host: Host) -> None:
    arm(host, "second_tag", after=2, tag="ntag213")
    host.ask("02")
    assert len(host.field.present) == 1
    host.ask("02")
    assert [tag.chip.name for tag in host.field.present] == ["ntag215", "ntag213"]


def test_a_crashed_host_leaves_the_chip_at_its_speed(host: Host) -> None:
    arm(host, "wrong_baud", baud=460800)
    assert host.chip.baud == 460800
    host.chip.power_cycle()
    assert host.chip.baud == 115200


def test_a_small_rf_buffer_refuses_long_answers(host: Host) -> None:
    arm(host, "rf_buffer", size=64)
    assert host.thru("3a0414") == "07"
    assert len(host.thru("3a0413")) == 2 + 2 * 64


def test_an_unplugged_chip_says_nothing(host: Host) -> None:
    arm(host, "unplug", after=2)
    assert host.ask("02") == "32010607"
    assert host.send("02") == b"" and host.chip.unplugged


@pytest.mark.parametrize(
    ("name", "args", "says"),
    [
        ("flood", {}, "known are tear, tag_leaves"),
        ("tear", {"when": 3}, "it takes at, page, rate, bits, back"),
        ("tear", {"at": "soon"}, "at='soon' is no int"),
        ("noise", {"kind": "loud"}, "flip, insert or drop"),
        ("second_tag", {"tag": "ntag999"}, "known are ntag213"),
    ],
)
def test_a_fault_that_cannot_be_says_what_can(
    name: str, args: dict[str, object], says: str
) -> None:
    with pytest.raises(ValueError, match=says):
        Faults().add(name, args)


@pytest.mark.parametrize("name", ["noise", "lost_answer", "unplug"])
def test_a_fault_of_the_line_is_the_same_on_either_kind_of_reader(name: str) -> None:
    nfc = Faults(0).add(name, {})
    rain = RainFaults(0, LINE_FAULTS).add(name, {})
    assert vars(nfc) == vars(rain)
    assert type(nfc).__mro__[1] is type(rain).__mro__[1]
