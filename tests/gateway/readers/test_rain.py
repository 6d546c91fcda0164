"""A RAIN reader as a station sees it: whom it gives when, what it does when the reader is lost, how it writes."""

import asyncio
import logging
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from production_line import anyio_backend
from rain_line import RainLine, rain, rain_station
from rain_port import FieldPort

from edge import gen2
from gateway.model import (
    CannotDo,
    GpiChange,
    Inventory,
    ReaderGone,
    Sighting,
    TagGone,
    TagLocked,
    Target,
)
from gateway.readers.port import SeveralTags
from gateway.readers.rain import Choice, RainReader
from gateway.readers.rainfield import AGE_OUT_S, FRESH_S, Field

__all__ = ["anyio_backend", "rain"]

pytestmark = pytest.mark.anyio

SHORT_S = 0.01

Reports = AsyncGenerator[list[Sighting | GpiChange], None]


async def given(line: RainLine) -> bytes | None:
    """Who is given next, and is served at once."""
    target = await line.reader.target(SHORT_S)
    if target is None:
        return None
    await line.reader.gone(target)
    return target.uid


async def test_each_tag_is_given_once_the_strongest_first(rain: RainLine) -> None:
    for number, rssi_dbm in ((1, -60.0), (2, -40.0), (3, -50.0)):
        rain.add(number, rssi_dbm=rssi_dbm)
    assert [await given(rain) for _ in range(4)] == [rain.id(2), rain.id(3), rain.id(1), None]


async def test_those_seen_together_are_given_without_another_look(rain: RainLine) -> None:
    for number in (1, 2, 3):
        rain.add(number)
    for _ in range(3):
        assert await given(rain) is not None
    assert rain.port.looks == 1


async def test_a_tag_that_was_not_served_is_given_again_when_it_is_seen_again(
    rain: RainLine,
) -> None:
    rain.add(1)
    for _ in range(3):
        target = await rain.reader.target(SHORT_S)
        assert target == Target(rain.id(1))
    rain.take()
    assert await rain.reader.target(SHORT_S) is None


async def test_a_served_tag_is_given_again_when_it_was_away(rain: RainLine) -> None:
    rain.add(1)
    assert await given(rain) == rain.id(1)
    assert await given(rain) is None
    rain.take()
    assert await given(rain) is None
    rain.add(1)
    assert await given(rain) == rain.id(1)


async def test_a_tag_does_not_age_while_nobody_looks(rain: RainLine) -> None:
    rain.add(1)
    assert await given(rain) == rain.id(1)
    rain.port.ticks_s += 100
    assert await given(rain) is None


async def test_what_is_read_is_tid_epc_and_as_much_of_user_as_it_takes(rain: RainLine) -> None:
    rain.add(1)
    target = await rain.reader.target(1)
    assert target is not None
    capture = await rain.reader.read(target)
    assert (capture.medium, capture.id) == ("rain", rain.id(1))
    image = capture.image
    assert isinstance(image, gen2.Image)
    assert image.tid == rain.tag(1).tid[:12]
    assert image.epc == rain.tag(1).epc
    assert len(image.run(gen2.place(gen2.USER, 0))) < 40  # an empty bank: its head alone


async def test_only_the_tag_that_was_given_last_can_be_read(rain: RainLine) -> None:
    rain.add(1)
    await rain.reader.target(1)
    with pytest.raises(ValueError, match="gave last"):
        await rain.reader.read(Target(bytes(12)))


async def test_a_chip_that_only_its_xtid_knows_is_known_after_the_read(rain: RainLine) -> None:
    rain.add(1, "fram4k")
    target = await rain.reader.target(1)
    assert target is not None
    await rain.reader.read(target)
    chip = await rain.reader.chip()
    assert chip is not None
    assert chip.user_words == 1712


async def test_neighbours_are_written_in_one_access_in_the_plans_order(rain: RainLine) -> None:
    rain.add(1)
    await rain.reader.target(1)
    user = gen2.place(gen2.USER, 0)
    plan = [
        (user + 4, b"aabb"),
        (user + 6, b"cc"),
        (user, b"dd"),
        (user + 7, b"ee"),
        (user + 8, b"ff"),
    ]
    assert await rain.reader.write(plan) == 6
    assert rain.port.writes == [(user + 4, b"aabbcc"), (user, b"dd"), (user + 7, b"eeff")]
    assert bytes(rain.tag(1).banks[3][:18]) == b"dd" + bytes(6) + b"aabbcceeff"


async def test_the_end_of_a_bank_joins_no_other_bank(rain: RainLine) -> None:
    rain.add(1)
    await rain.reader.target(1)
    plan = [(gen2.place(gen2.USER, 0), b"aa"), (gen2.place(gen2.EPC, 2), b"bb")]
    await rain.reader.write(plan)
    assert [place for place, _ in rain.port.writes] == [place for place, _ in plan]


async def test_a_write_that_ends_half_way_names_the_place(rain: RainLine) -> None:
    rain.add(1)
    await rain.reader.target(1)
    rain.fault("tear", at=3)
    user = gen2.place(gen2.USER, 10)
    with pytest.raises(TagGone) as told:
        await rain.reader.write([(user, b"aabbccdd")])
    assert told.value.page == user + 2


async def test_an_epc_that_was_written_is_read_back_from_the_tag(rain: RainLine) -> None:
    rain.add(1)
    target = await rain.reader.target(1)
    assert target is not None
    longer = bytes(range(16))
    await rain.reader.write([(gen2.EPC_PLACE, longer), (gen2.PC_PLACE, b"\x40\x00")])
    image = (await rain.reader.read(target)).image
    assert isinstance(image, gen2.Image)
    assert image.epc == rain.tag(1).epc == longer


async def test_a_word_of_an_epc_that_was_torn_is_seen_as_it_is(rain: RainLine) -> None:
    rain.add(1)
    target = await rain.reader.target(1)
    assert target is not None
    rain.fault("tear", at=2, bits="ff00")
    with pytest.raises(TagGone):
        await rain.reader.write([(gen2.EPC_PLACE, b"\xff" * 8)])
    rain.add(1)
    image = (await rain.reader.read(target)).image
    assert isinstance(image, gen2.Image)
    assert image.epc == rain.tag(1).epc
    assert image.epc[:2] == b"\xff\xff"


async def test_locking_is_for_ever_and_twice_is_once(rain: RainLine) -> None:
    rain.add(1)
    target = await rain.reader.target(1)
    assert target is not None
    capture = await rain.reader.read(target)
    for _ in range(2):
        assert await rain.reader.lock(capture) == 0
    with pytest.raises(TagLocked):
        await rain.reader.write([(gen2.place(gen2.USER, 0), b"xx")])


async def test_two_tags_with_one_epc_are_told_apart_by_their_tids(rain: RainLine) -> None:
    for number in (1, 2):
        rain.tag(number)._set_epc(b"\x00" * 12)
        rain.add(number, rssi_dbm=-50.0 - number)
    target = await rain.reader.target(1)
    assert target == Target(rain.id(1))
    await rain.reader.write([(gen2.place(gen2.USER, 0), b"mine")])
    assert (rain.tag(1).banks[3][:4], rain.tag(2).banks[3][:4]) == (b"mine", bytes(4))


async def test_one_of_several_is_not_singled_out_until_the_others_changed(rain: RainLine) -> None:
    rain.add(1)
    rain.add(2)
    target = await rain.reader.target(1)
    assert target is not None
    with pytest.raises(SeveralTags, match=r"2 tags in the field: leave one.*tid="):
        await rain.reader.single_out(target)
    assert await given(rain) is None
    rain.add(3)
    assert await given(rain) is not None


async def test_a_tag_alone_or_named_is_singled_out(rain: RainLine, tmp_path: Path) -> None:
    rain.add(1)
    target = await rain.reader.target(1)
    assert target is not None
    await rain.reader.single_out(target)
    folder = tmp_path / "other"
    folder.mkdir()
    async with rain_station(folder, Choice(tid=rain.id(1))) as line:
        for number in (1, 2):
            line.add(number)
        target = await line.reader.target(1)
        assert target == Target(rain.id(1))
        await line.reader.single_out(target)


async def test_a_reader_that_is_lost_is_opened_again_and_told_once(
    rain: RainLine, caplog: pytest.LogCaptureFixture
) -> None:
    rain.port.is_plugged = False
    with caplog.at_level(logging.INFO), pytest.raises(ReaderGone):
        await rain.reader.target(0.4)
    assert not rain.reader.is_open
    assert caplog.text.count("unplugged") == 1
    rain.port.is_plugged = True
    rain.add(1)
    with caplog.at_level(logging.INFO):
        assert await rain.reader.target(1) == Target(rain.id(1))
    assert rain.reader.is_open
    assert caplog.text.count("the reader is back") == 1


async def test_the_log_names_a_lost_reader_once(
    rain: RainLine, caplog: pytest.LogCaptureFixture
) -> None:
    class Named(FieldPort):
        def _plugged(self) -> None:
            raise ReaderGone("gate: the connection ended")

    with pytest.raises(ReaderGone):
        await RainReader("gate", Named(rain.port.tags)).target(0.2)
    assert caplog.messages == ["gate: the connection ended; trying until it is back"]


async def test_what_a_reader_can_do_is_known_while_it_is_open(rain: RainLine) -> None:
    assert rain.reader.limits == rain.port.limits
    await rain.reader.close()
    assert rain.reader.limits is None


async def test_others_in_the_field_of_a_tag_that_is_named_and_absent_are_told_of_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    meant = bytes.fromhex("e28011502000000000000fff")
    async with rain_station(tmp_path, Choice(rssi_dbm=-60.0, tid=meant)) as line:
        assert await given(line) is None
        line.add(1, rssi_dbm=-65.0)
        assert await given(line) is None
        assert not caplog.messages
        for number in (2, 3):
            line.add(number)
        assert [await given(line) for _ in range(2)] == [None, None]
    (told,) = caplog.messages
    assert f"other tags are in the field (2), but none whose TID begins with {meant.hex()}" in told


async def test_a_named_tag_that_was_served_is_not_told_to_be_absent(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with rain_station(tmp_path) as line:
        meant = line.id(1)
    folder = tmp_path / "named"
    folder.mkdir()
    async with rain_station(folder, Choice(tid=meant)) as line:
        for number in (1, 2):
            line.add(number)
        assert [await given(line) for _ in range(2)] == [meant, None]
    assert not caplog.messages


async def test_a_loss_in_mid_write_is_told_and_the_reader_is_closed(rain: RainLine) -> None:
    rain.add(1)
    await rain.reader.target(1)
    rain.port.is_plugged = False
    with pytest.raises(ReaderGone):
        await rain.reader.write([(gen2.place(gen2.USER, 0), b"xx")])
    assert not rain.reader.is_open


async def test_sightings_go_on_beyond_a_loss(
    rain: RainLine, caplog: pytest.LogCaptureFixture
) -> None:
    rain.add(1)
    seen = rain.reader.sightings(Inventory())
    assert (await anext(seen))[0].tid == rain.tag(1).tid[:12]
    rain.port.is_plugged = False
    waiting = asyncio.ensure_future(anext(seen))
    while not rain.reader.is_open:
        await asyncio.sleep(0)
    while rain.reader.is_open:
        await asyncio.sleep(0)
    rain.port.is_plugged = True
    assert (await waiting)[0].tid == rain.tag(1).tid[:12]
    assert caplog.text.count("unplugged") == 1
    await seen.aclose()


async def test_a_bulk_look_is_passed_through(rain: RainLine) -> None:
    for number in range(1, 30):
        rain.add(number)
    found = await rain.reader.inventory(Inventory(antennas=(1,)), 1.0)
    assert len({each.tid for each in found}) == 29


class Silent(FieldPort):
    """A port that hears nothing until it is closed, and says when that was."""

    closed = 0
    asked: Inventory | None = None

    async def watch(self, want: Inventory) -> Reports:
        self.looks += 1
        self.asked = want
        try:
            await asyncio.Event().wait()
            yield []
        finally:
            self.closed += 1


async def test_a_look_that_ends_stops_the_reader(rain: RainLine) -> None:
    port = Silent(rain.port.tags)
    reader = RainReader("quiet", port, choice=Choice(Inventory(antennas=(2,), power_dbm=20.0)))
    await reader.open()
    assert await reader.target(SHORT_S) is None
    assert (port.closed, port.asked and port.asked.antennas) == (1, (2,))
    waiting = asyncio.ensure_future(reader.target())
    while port.looks < 2:
        await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert port.closed == 2


async def test_what_the_reader_has_not_is_told_at_once(rain: RainLine) -> None:
    class Limited(FieldPort):
        async def watch(self, want: Inventory) -> Reports:
            raise CannotDo("this reader has the antennas 1 to 2")
            yield []

    reader = RainReader("small", Limited(rain.port.tags), choice=Choice(Inventory(antennas=(4,))))
    await reader.open()
    with pytest.raises(CannotDo, match="antennas 1 to 2"):
        await reader.target(SHORT_S)


def seen(epc: bytes, tid: bytes = b"", rssi_dbm: float = -50.0) -> Sighting:
    return Sighting(epc, tid, 1, rssi_dbm, 0.0)


TICKS = 0.3


def test_a_tag_whose_tid_was_missed_in_a_round_is_the_same_tag() -> None:
    field = Field()
    field.look(0.0)
    for tid in (b"", b"T1", b"", b"T1"):
        field.note([seen(b"E1", tid)], 0.1)
    tag = field.next(TICKS)
    assert tag is not None
    assert tag.tid == b"T1"
    field.served(tag)
    field.note([seen(b"E1"), seen(b"E1", b"T1")], 0.2)
    assert field.next(TICKS) is None


def test_a_new_epc_is_noted_of_that_tag_alone() -> None:
    field, named, other = Field(), *(bytes.fromhex(f"e2801130200000000000{n:04x}") for n in (1, 2))
    field.look(0.0)
    field.note([seen(b"E1", named)], 0.1)
    tag = field.next(TICKS)
    assert tag is not None
    field.note([seen(b"E2")], 0.2)
    field.note([seen(b"E1", named)], 0.2)
    tag.epc = b"E2"  # which another has already
    field.changed(tag, b"E3")
    field.note([seen(b"E3", named), seen(b"E2", other)], 0.3)
    assert field.crowd() == 2


def test_a_tag_leaves_when_it_was_unseen_for_the_age_out_time_of_looking() -> None:
    field = Field()
    field.look(0.0)
    field.note([seen(b"E1", b"T1")], 0.0)
    tag = field.next(TICKS)
    assert tag is not None
    field.served(tag)
    for ticks, is_given in ((AGE_OUT_S - 0.1, False), (2 * AGE_OUT_S - 0.2, False), (9.0, True)):
        field.note([seen(b"E1", b"T1")], ticks)
        assert (field.next(ticks) is not None) == is_given, ticks


async def test_a_tag_that_did_not_answer_is_no_crowd_for_the_next(rain: RainLine) -> None:
    rain.add(1)
    await rain.reader.target(1)
    rain.fault("tear", at=1)
    with pytest.raises(TagGone):
        await rain.reader.write([(gen2.place(gen2.USER, 0), b"xx")])
    rain.add(2)
    target = await rain.reader.target(1)
    assert target == Target(rain.id(2))
    await rain.reader.single_out(target)


def test_a_tag_that_was_seen_some_time_ago_is_looked_for_again() -> None:
    field = Field()
    field.look(0.0)
    field.note([seen(b"E1", b"T1"), seen(b"E2", b"T2")], 0.0)
    assert field.next(FRESH_S) is not None
    assert field.next(FRESH_S + 0.1) is None
    field.look(1.0)
    field.note([seen(b"E2", b"T2")], 1.0)
    tag = field.next(1.0)
    assert tag is not None
    assert tag.tid == b"T2"


async def test_the_named_tag_is_meant_also_where_the_port_cannot_select(tmp_path: Path) -> None:
    async with rain_station(tmp_path) as line:
        wanted = line.id(2)

    class Deaf(FieldPort):
        def _round(self, want: Inventory) -> list[Sighting | GpiChange]:
            return super()._round(Inventory())

    port = Deaf(line.port.tags, tells_tid=False)
    reader = RainReader("deaf", port, choice=Choice(tid=wanted), ticks=port.ticks, gather_s=0)
    for number in (1, 2, 3):
        line.add(number, rssi_dbm=-50.0 + 5 * (number != 2))
    await reader.open()
    assert await reader.target(1) == Target(wanted)
