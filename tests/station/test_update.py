"""Updating a tag's chain: the other slot, the claims that carry over, and what keeps a tag from being updated."""

import pytest
from production_line import INSPECTED, NOW, SECOND_UID, SHIPPED, UID, Line, order, updating

from edge import slots, type2
from edge import stub as stubs
from edge.errors import Malformed

pytestmark = pytest.mark.anyio


async def test_an_update_writes_the_other_slot_and_carries_the_claims_over(line: Line) -> None:
    first = await line.commission(order())
    line.time.now_s += 60
    line.show()
    second = await line.serve(updating({stubs.STEP: INSPECTED}))
    assert (second.outcome, second.signal.colour) == ("updated", "green")
    assert (second.seq, second.slot) == (1, 1)
    assert first.stub is not None
    assert second.stub is not None
    assert second.stub.prev == stubs.link16(first.stub.raw)
    assert second.stub.claims[stubs.TOTALS] == first.stub.claims[stubs.TOTALS]
    assert second.stub.issued_at == NOW + 60
    assert second.verdict is not None
    assert first.stub.raw in line.memory()
    line.show()
    third = await line.serve(updating({stubs.STEP: SHIPPED}))
    assert (third.seq, third.slot) == (2, 0)
    assert line.journal.known_seq(third.product) == 2


async def test_only_pages_of_the_other_slot_change_in_an_update(line: Line) -> None:
    await line.commission(order())
    before = type2.Image(line.memory())
    line.show()
    result = await line.serve(updating({stubs.STEP: INSPECTED}))
    after = type2.Image(line.memory())
    layout = slots.layout_of(after)
    assert layout is not None
    first = layout.slot_first_pages[1]
    allowed = {layout.hint_pages[1], *range(first, first + layout.slot_pages)}
    changed = {p for p in range(231) if before.get(p, 1) != after.get(p, 1)}
    assert changed <= allowed
    assert result.pages_written == len(changed)


async def test_the_same_update_twice_is_answered_and_not_written(line: Line) -> None:
    await line.commission(order())
    line.show()
    await line.serve(updating({stubs.STEP: INSPECTED}))
    before = line.memory()
    line.show()
    again = await line.serve(updating({stubs.STEP: INSPECTED}))
    assert (again.outcome, again.seq, again.signal.colour) == ("already", 1, "green")
    assert line.memory() == before


async def test_a_single_slot_tag_is_updated_under_a_journaled_image(line: Line) -> None:
    totals = {10: 1240, 41: 1066340, 42: 148840, 43: 7000400, 44: 124420, 45: 40, 51: 40}
    await line.commission(order(totals=totals), chip="ntag215")
    line.show()
    result = await line.serve(updating({stubs.STEP: INSPECTED}))
    assert (result.outcome, result.seq, result.slot) == ("updated", 1, 0)
    assert line.last()["profile"] == "single"
    assert (await line.verify()).signal.colour == "green"


async def test_a_claim_is_dropped_with_none(line: Line) -> None:
    await line.commission(order())
    line.show()
    result = await line.serve(updating({stubs.TOTALS: None}))
    assert result.stub is not None
    assert stubs.TOTALS not in result.stub.claims


async def test_what_no_slot_has_room_for_is_refused_with_the_excess(line: Line) -> None:
    await line.commission(order())
    line.show()
    result = await line.serve(updating({stubs.OPERATOR: "x" * 255}))
    assert result.outcome == "refused"
    assert "bytes too many" in result.signal.sentence


async def test_a_blank_tag_and_a_mini_tag_are_not_updated(line: Line) -> None:
    line.show()
    assert (await line.serve(updating({stubs.STEP: INSPECTED}))).outcome == "refused"
    await line.commission(order(base="https://a.test"), b"\x04" + bytes(6), chip="ntag213")
    line.show(b"\x04" + bytes(6))
    result = await line.serve(updating({stubs.STEP: INSPECTED}))
    assert result.outcome == "refused"
    assert "no claims" in result.signal.sentence


async def test_a_tag_whose_verdict_is_not_green_is_not_updated(line: Line) -> None:
    await line.commission(order())
    line.distrust()
    line.show()
    result = await line.serve(updating({stubs.STEP: INSPECTED}))
    assert result.outcome == "refused"


async def test_what_the_station_states_itself_cannot_be_changed(line: Line) -> None:
    await line.commission(order())
    line.show(UID)
    with pytest.raises(Malformed, match="seq"):
        await line.serve(updating({stubs.SEQ: 7}))


async def test_a_stub_that_goes_on_under_a_key_unknown_here_is_not_overwritten(line: Line) -> None:
    await line.commission(order())
    await line.update_elsewhere({stubs.STEP: SHIPPED})
    before = line.memory()
    line.show()
    result = await line.serve(updating({stubs.STEP: INSPECTED}))
    assert result.outcome == "refused"
    assert "trust list" in result.signal.sentence
    assert line.memory() == before


async def test_an_update_goes_on_from_what_another_station_wrote(line: Line) -> None:
    await line.write_elsewhere(UID, order())
    line.show()
    result = await line.serve(updating({stubs.STEP: INSPECTED}))
    assert (result.outcome, result.seq) == ("updated", 1)
    assert line.journal.known_seq(result.product) == 1


async def test_a_clock_that_went_back_by_days_signs_nothing(line: Line) -> None:
    await line.commission(order())
    before = line.memory()
    line.time.now_s = 1000.0
    line.show()
    result = await line.serve(updating({stubs.STEP: INSPECTED}))
    assert result.outcome == "refused"
    assert "clock" in result.signal.sentence
    assert line.memory() == before
    assert (await line.commission(order("A2"), SECOND_UID)).outcome == "refused"
