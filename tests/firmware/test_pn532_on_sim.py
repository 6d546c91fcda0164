"""The handheld's PN532 driver on the simulator's chip in one process: the wire's time runs, nothing waits."""

from collections.abc import Generator

import pytest

from hwsim.chips import CHIPS
from hwsim.clock import Clock
from hwsim.field import Field
from hwsim.ntag import Tag
from hwsim.pn532 import Pn532 as Chip
from reader.errors import DeviceTrouble, ReaderGone, TagGone, TagRefused
from reader.pn532 import Pn532
from tests.firmware.wire import Wire

UID = bytes.fromhex("04a1b2c3d4e5f6")
OTHER = bytes.fromhex("04112233445566")


class Bench(Wire):
    """A PN532 with its field and its reset pin, and the handheld's clock."""

    def __init__(self) -> None:
        clock = Clock()
        self.chip = Chip(Field(clock), clock)
        self.field = self.chip.field
        super().__init__(self.chip)

    def arrive(self, uid: bytes = UID, chip: str = "ntag215") -> Tag:
        tag = self.field.known.get(uid) or Tag(CHIPS[chip], uid)
        self.field.arrive(tag)
        return tag


@pytest.fixture
def wire() -> Bench:
    return Bench()


@pytest.fixture
def reader(wire: Bench) -> Pn532:
    return Pn532(wire, wire.reset, wire)


def pattern(page: int) -> bytes:
    return bytes((page, 0xFF, 0x00, page ^ 0xA5))


def took_ms(wire: Wire, task: Generator[int, None, object]) -> float:
    before_us = wire.us
    wire.run(task)
    return (wire.us - before_us) / 1000


def test_a_tag_is_found_read_written_and_seen_leaving(wire, reader) -> None:
    assert wire.run(reader.target()) is None
    tag = wire.arrive()
    assert wire.run(reader.target()).uid == UID
    assert wire.run(reader.version()) == bytes.fromhex("0004040201001103")
    for page in range(4, 20):
        wire.run(reader.write(page, pattern(page)))
    assert wire.run(reader.pages(4, 16)) == b"".join(pattern(page) for page in range(4, 20))
    assert bytes(tag.memory[16:80]) == wire.run(reader.pages(4, 16))
    assert wire.run(reader.present())
    wire.field.leave()
    assert not wire.run(reader.present())
    assert (reader.bus_errors, reader.resets, reader.firmware.hex()) == (0, 1, "32010607")


def test_a_look_without_a_tag_takes_less_than_60_ms_out_of_power_down_too(wire, reader) -> None:
    wire.run(reader.wake())
    assert took_ms(wire, reader.target()) < 30
    wire.run(reader.idle())
    assert wire.chip.power == "powerdown" and not wire.field.powered
    assert took_ms(wire, reader.target()) < 60
    assert reader.resets == 1


def test_a_tag_that_was_selected_is_found_at_once_again(wire, reader) -> None:
    wire.arrive()
    for _ in range(3):
        assert wire.run(reader.target()).uid == UID


def test_a_whole_image_costs_the_commands_that_the_gateway_needs_and_no_time_beside_the_wire(
    wire, reader
) -> None:
    tag = wire.arrive()
    wire.run(reader.wake())
    wire.chip.clock.reset()
    before_us = wire.us
    wire.run(reader.target())
    assert wire.run(reader.pages(0, 135)) == bytes(tag.memory[:-8]) + bytes(8)
    stats = wire.chip.clock.stats()
    assert stats["commands"] == 4  # one look; 65, 65 and 5 pages
    assert (wire.us - before_us) / 1000 - stats["total_ms"] < 4  # of 120


@pytest.mark.parametrize("kind", ["flip", "insert", "drop"])
@pytest.mark.parametrize("side", ["out", "in"])
@pytest.mark.parametrize("every", [97, 211])
def test_a_noisy_line_costs_time_and_nothing_else(wire, reader, kind, side, every) -> None:
    tag = wire.arrive()
    wire.run(reader.target())
    wire.chip.faults.add("noise", {"every": every, "kind": kind, "side": side})
    for page in range(4, 24):
        wire.run(reader.write(page, pattern(page)))
    read = wire.run(reader.pages(4, 20))
    assert read == bytes(tag.memory[16:96]) == b"".join(pattern(page) for page in range(4, 24))
    assert reader.bus_errors > 0 and reader.resets == 1


@pytest.mark.parametrize("fault", ["lost_ack", "lost_answer"])
def test_what_is_lost_on_the_way_is_asked_for_and_not_done_twice(wire, reader, fault) -> None:
    tag = wire.arrive()
    wire.run(reader.target())
    wire.chip.clock.reset()
    wire.chip.faults.add(fault, {"at": 1})
    assert wire.run(reader.pages(4, 4)) == bytes(tag.memory[16:32])
    assert wire.chip.clock.commands == 1


def test_a_hung_chip_is_gone_and_its_reset_pin_brings_it_back(wire, reader) -> None:
    wire.arrive()
    wire.run(reader.target())
    wire.hangs = True
    before_us = wire.us
    with pytest.raises(ReaderGone, match="silent"):
        wire.run(reader.pages(0, 4))
    assert wire.us - before_us < 250e3
    assert wire.run(reader.target()).uid == UID
    assert reader.resets == 2
    assert len(wire.run(reader.pages(0, 4))) == 16


@pytest.mark.parametrize("call", ["target", "present", "pages", "write", "version", "idle"])
def test_a_chip_that_hangs_in_any_call_is_gone_and_the_next_look_finds_the_tag(
    wire, reader, call
) -> None:
    wire.arrive()
    wire.run(reader.target())
    wire.hangs = True
    arguments = {"pages": (0, 4), "write": (4, bytes(4))}.get(call, ())
    with pytest.raises(ReaderGone):
        wire.run(getattr(reader, call)(*arguments))
    assert wire.run(reader.target()).uid == UID


def test_a_chip_that_hangs_in_power_down_is_reset_by_the_same_look(wire, reader) -> None:
    wire.arrive()
    wire.run(reader.wake())
    wire.run(reader.idle())
    wire.hangs = True
    assert wire.run(reader.target()).uid == UID
    assert reader.resets == 2


def test_without_a_reset_pin_a_hung_chip_stays_gone(wire) -> None:
    reader = Pn532(wire, None, wire)
    wire.arrive()
    assert wire.run(reader.target()).uid == UID
    wire.hangs = True
    for _ in range(3):
        with pytest.raises(ReaderGone):
            wire.run(reader.target())
    wire.hangs = False
    assert wire.run(reader.target()).uid == UID
    assert reader.resets == 0


def test_a_chip_whose_supply_failed_is_woken_again(wire, reader) -> None:
    wire.arrive()
    wire.run(reader.target())
    wire.chip.power_cycle()
    with pytest.raises(ReaderGone):
        wire.run(reader.pages(0, 4))
    assert wire.run(reader.target()).uid == UID


def test_a_board_that_started_anew_takes_the_chip_over_in_any_state(wire) -> None:
    wire.arrive()
    for left in ("awake", "asleep", "half a frame"):
        reader = Pn532(wire, None, wire)
        assert wire.run(reader.target()).uid == UID, left
        if left == "asleep":
            wire.run(reader.idle())
        if left == "half a frame":
            wire.write(bytes.fromhex("0000ffffff0109f6d442"))
    assert wire.run(Pn532(wire, None, wire).target()).uid == UID


def test_a_tag_that_leaves_while_it_is_read_is_gone_at_that_page(wire, reader) -> None:
    wire.arrive()
    wire.run(reader.target())
    wire.chip.faults.add("tag_leaves", {"after": 1})
    with pytest.raises(TagGone) as gone:
        wire.run(reader.pages(0, 100))
    assert gone.value.page == 65
    for task in (reader.pages(0, 1), reader.write(4, pattern(4)), reader.version()):
        with pytest.raises(TagGone):
            wire.run(task)
    assert not wire.run(reader.present())


@pytest.mark.parametrize("after", range(4))
def test_a_tag_that_leaves_while_it_is_written_has_the_pages_before(wire, reader, after) -> None:
    tag = wire.arrive()
    wire.run(reader.target())
    wire.chip.faults.add("tag_leaves", {"after": after})
    with pytest.raises(TagGone) as gone:
        for page in range(4, 10):
            wire.run(reader.write(page, pattern(page)))
    assert gone.value.page == 4 + after
    written = b"".join(pattern(page) for page in range(4, 4 + after))
    assert bytes(tag.memory[16 : 16 + 4 * after]) == written


def test_a_torn_write_is_a_tag_that_is_gone(wire, reader) -> None:
    tag = wire.arrive()
    wire.run(reader.target())
    wire.chip.faults.add("tear", {"at": 2, "bits": "ffff0000"})
    with pytest.raises(TagGone) as gone:
        for page in range(30, 40):
            wire.run(reader.write(page, b"\xff" * 4))
    assert gone.value.page == 31
    assert bytes(tag.memory[120:128]) == bytes.fromhex("ffffffffffff0000")


def test_a_locked_page_is_refused_and_the_tag_stays(wire, reader) -> None:
    tag = wire.arrive()
    tag.memory[10] |= 0x20  # page 5
    wire.run(reader.target())
    wire.run(reader.write(4, pattern(4)))
    with pytest.raises(TagRefused, match="page 5") as refused:
        wire.run(reader.write(5, pattern(5)))
    assert refused.value.page == 5
    wire.run(reader.write(6, pattern(6)))


def test_a_read_past_the_end_stops_there_and_one_from_there_is_refused(wire, reader) -> None:
    tag = wire.arrive(chip="ntag213")
    wire.run(reader.target())
    assert wire.run(reader.pages(20, 250)) == bytes(tag.memory[80:-8]) + bytes(8)
    with pytest.raises(TagRefused, match="page 45") as refused:
        wire.run(reader.pages(45, 4))
    assert refused.value.page == 45
    assert wire.run(reader.pages(0, 4)) == bytes(tag.memory[:16])


def test_another_tag_in_its_place_is_not_taken_for_it(wire, reader) -> None:
    wire.arrive()
    wire.run(reader.target())
    wire.field.leave()
    wire.arrive(OTHER)
    with pytest.raises(TagGone):
        wire.run(reader.write(4, pattern(4)))
    assert wire.run(reader.target()).uid == OTHER


def test_two_tags_are_refused_before_the_first_write(wire, reader) -> None:
    tags = wire.arrive(), wire.arrive(OTHER)
    before = [bytes(tag.memory) for tag in tags]
    found = wire.run(reader.target())
    with pytest.raises(DeviceTrouble, match="two tags"):
        wire.run(reader.write(4, pattern(4)))
    assert [bytes(tag.memory) for tag in tags] == before
    wire.field.leave(OTHER if found.uid == UID else UID)
    assert wire.run(reader.target()).uid == found.uid
    wire.run(reader.write(4, pattern(4)))


def test_a_second_tag_that_comes_while_one_is_written_does_no_harm(wire, reader) -> None:
    tag = wire.arrive()
    wire.run(reader.target())
    wire.run(reader.write(4, pattern(4)))
    other = wire.arrive(OTHER)
    before = bytes(other.memory)
    wire.run(reader.write(5, pattern(5)))
    assert bytes(tag.memory[16:24]) == pattern(4) + pattern(5)
    assert bytes(other.memory) == before
