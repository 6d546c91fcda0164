"""The loop at a reader: who is served, who is answered once, and what trouble with a device becomes."""

import asyncio
from dataclasses import replace

import pytest
from production_line import (
    INSPECTED,
    SECOND_UID,
    UID,
    Line,
    commissioning,
    order,
    updating,
)

from edge import slots, type2
from edge import stub as stubs
from gateway.journal import Journal
from gateway.stations import read
from gateway.stations.station import Station
from gateway.stations.verify import verify_one

pytestmark = pytest.mark.anyio

SHORT_S = 0.2


async def test_a_tag_that_stays_is_served_once(line: Line) -> None:
    line.show()
    assert await line.station.serve(verify_one, SHORT_S) is not None
    assert await line.station.serve(verify_one, SHORT_S) is None
    assert line.kinds() == ["verdict"]


async def test_a_tag_that_is_back_within_the_window_is_the_same_showing(line: Line) -> None:
    station = Station(line.post, dedupe_s=5)
    for away_s, is_served in ((0, True), (1, False), (3, False), (6, True)):
        line.time.ticks_s += away_s
        line.show()
        result = await station.serve(verify_one, SHORT_S)
        assert (result is not None) == is_served, away_s
        line.take()
        await station.left()


async def test_another_tag_is_served_at_once(line: Line) -> None:
    station = Station(line.post, dedupe_s=5)
    for uid in (UID, SECOND_UID):
        line.show(uid)
        result = await station.serve(verify_one, SHORT_S)
        assert result is not None
        assert result.uid == uid


async def test_no_tag_is_no_result(line: Line) -> None:
    assert await line.station.serve(verify_one, 0.05) is None


async def test_a_tag_that_leaves_while_it_is_read_is_amber(line: Line) -> None:
    await line.commission(order())
    line.show()
    line.fault("tag_leaves", after=1)
    result = await line.serve(verify_one)
    assert (result.outcome, result.signal.colour) == ("gone", "amber")
    assert (await line.verify()).outcome == "verified"


async def test_a_torn_tag_that_is_back_at_once_is_finished_at_once(line: Line) -> None:
    line.show()
    line.fault("tear", at=12, back=4)
    torn = await line.station.serve(commissioning(order()), 5)
    assert torn is not None
    assert torn.outcome == "torn"
    result = await line.station.serve(commissioning(order()), 5)
    assert result is not None
    assert result.outcome == "repaired"


async def test_a_tag_that_tears_every_time_is_left_alone_for_a_while(line: Line) -> None:
    station = Station(line.post, dedupe_s=5)
    line.show()
    line.fault("tear", rate=1.0, back=4)
    outcomes = []
    while (result := await station.serve(commissioning(order()), SHORT_S)) is not None:
        outcomes.append(result.outcome)
    assert outcomes == ["torn"] * 4


async def test_a_reader_that_is_unplugged_in_mid_write_leaves_a_torn_tag(line: Line) -> None:
    line.show()
    line.fault("unplug", after=20, back_s=0.1)
    torn = await line.station.serve(commissioning(order()), 5)
    assert torn is not None
    assert (torn.outcome, torn.signal.colour) == ("torn", "amber")
    assert len(line.journal.open_intents()) == 1


async def test_a_reader_that_is_unplugged_while_hints_are_mended_does_not_lose_the_result(
    line: Line,
) -> None:
    await line.commission(order())
    layout = slots.layout_of(type2.Image(line.memory()))
    assert layout is not None
    line.write_page(layout.hint_pages[0], b"\xde\xad\xbe\xef")
    line.show()
    line.fault("unplug", after=11, back_s=0.1)
    result = await line.station.serve(verify_one, 5)
    assert result is not None
    assert result.outcome == "verified"
    assert line.kinds()[-1] == "verdict"


async def test_two_tags_are_waited_out(line: Line) -> None:
    line.show()
    line.port.do({"do": "arrive", "uid": SECOND_UID.hex(), "tag": "ntag216"})
    result = await line.station.serve(commissioning(order()), 5)
    assert result is not None
    assert result.outcome in ("torn", "gone")
    line.port.do({"do": "leave", "uid": SECOND_UID.hex()})
    line.port.do({"do": "leave"})
    await line.station.left()
    for uid in (UID, SECOND_UID):
        line.show(uid)
        result = await line.serve(commissioning(order()))
        if result.outcome == "repaired":
            return
    raise AssertionError("neither tag was finished")


async def test_run_serves_tags_until_it_is_cancelled(line: Line) -> None:
    line.show()
    async for result in line.station.run(verify_one):
        assert result.outcome == "not_verified"
        break
    waiting = asyncio.create_task(line.station.serve(verify_one))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting


async def test_reading_says_what_stands_there_and_records_it(line: Line) -> None:
    line.show()
    empty = await line.serve(read.read_one)
    assert (empty.outcome, empty.signal.sentence) == ("read", "read: it is empty")
    await line.commission(order())
    line.show()
    found = await line.serve(read.read_one)
    assert found.signal.sentence == "read: 09520123456788/A1, seq 0"
    assert found.stub is not None
    assert line.kinds()[-1] == "verdict"


async def test_a_stub_older_than_one_that_was_only_seen_is_behind(line: Line) -> None:
    await line.commission(order())
    old = line.memory()
    line.show()
    await line.serve(updating({stubs.STEP: INSPECTED}))
    async with Journal(line.folder / "gate.db") as journal:
        line.station = Station(replace(line.post, name="gate", key=None, journal=journal), 0)
        assert (await line.verify()).seq == 1
        line.load(old)
        result = await line.verify()
    assert result.verdict is not None
    assert result.verdict.chain == "behind"


async def test_a_stub_under_a_key_unknown_here_makes_no_other_one_old(line: Line) -> None:
    product = (await line.commission(order())).product
    line.distrust()
    async with Journal(line.folder / "gate.db") as journal:
        line.station = Station(replace(line.station.post, name="gate", journal=journal), 0)
        assert (await line.verify()).seq == 0
        assert journal.known_seq(product) is None


async def test_an_old_stub_brought_to_the_front_is_behind(line: Line) -> None:
    await line.commission(order())
    old = line.memory()
    line.show()
    await line.serve(updating({stubs.STEP: INSPECTED}))
    line.load(old)
    result = await line.verify()
    assert (result.outcome, result.signal.colour) == ("not_verified", "amber")
    assert result.verdict is not None
    assert result.verdict.chain == "behind"
