"""Updating on simulated RAIN chips: the other slot, the only slot, and the journal alone."""

import pytest
from production_line import INSPECTED, NOW, SHIPPED, order, updating
from rain_line import RainLine

from edge import gen2, userbank
from edge import stub as stubs

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("chip", "slots"),
    [("monzax8k", (1, 0)), ("fram4k", (1, 0)), ("monzax2k", (0, 0)), ("m730", (0, 0))],
)
async def test_an_update_carries_the_claims_over_and_the_chain_on(
    rain: RainLine, chip: str, slots: tuple[int, int]
) -> None:
    first = await rain.commission(order(), chip=chip)
    rain.time.now_s += 60
    second = await rain.update({stubs.STEP: INSPECTED})
    assert (second.outcome, second.signal.colour) == ("updated", "green")
    assert (second.seq, second.slot) == (1, slots[0])
    assert first.stub is not None
    assert second.stub is not None
    assert second.stub.prev == stubs.link16(first.stub.raw)
    assert second.stub.claims[stubs.TOTALS] == first.stub.claims[stubs.TOTALS]
    assert second.stub.issued_at == NOW + 60
    third = await rain.update({stubs.STEP: SHIPPED})
    assert (third.seq, third.slot) == (2, slots[1])
    seen = await rain.verify()
    assert (seen.signal.colour, seen.seq) == ("green", 2)
    assert rain.journal.known_seq(third.product) == 2


async def test_only_words_of_the_other_slot_change_in_an_update(rain: RainLine) -> None:
    await rain.commission(order())
    before = [bytes(bank) for bank in rain.tag().banks]
    result = await rain.update({stubs.STEP: INSPECTED})
    after = [bytes(bank) for bank in rain.tag().banks]
    assert before[:3] == after[:3]
    image = gen2.Image()
    image.put(gen2.place(gen2.USER, 0), after[3])
    layout = userbank.layout_of(image, 512)
    assert layout is not None
    hint, first = layout.hint_words[1], layout.slot_first_words[1]
    allowed = {hint, hint + 1, *range(first, first + layout.slot_words)}
    changed = {at for at in range(512) if before[3][2 * at :][:2] != after[3][2 * at :][:2]}
    assert changed <= allowed
    assert result.pages_written == len(changed)


async def test_the_same_update_twice_is_answered_and_not_written(rain: RainLine) -> None:
    for number, chip in ((1, "monzax8k"), (2, "m730")):
        await rain.commission(order(f"A{number}"), number, chip)
        await rain.update({stubs.STEP: INSPECTED}, number)
        before = rain.tag(number).dump()
        again = await rain.update({stubs.STEP: INSPECTED}, number)
        assert (again.outcome, again.seq, again.signal.colour) == ("already", 1, "green")
        assert rain.tag(number).dump() == before


async def test_what_no_slot_has_room_for_is_refused_with_the_excess(rain: RainLine) -> None:
    await rain.commission(order(), chip="monzax2k")
    result = await rain.update({stubs.OPERATOR: "x" * 255})
    assert result.outcome == "refused"
    assert "bytes too many" in result.signal.sentence


async def test_a_blank_tag_and_a_bare_tag_are_not_updated(rain: RainLine) -> None:
    assert (await rain.update({stubs.STEP: INSPECTED})).outcome == "refused"
    await rain.commission(order(), 2, "higgs9")
    result = await rain.update({stubs.STEP: INSPECTED}, 2)
    assert result.outcome == "refused"
    assert "no claims" in result.signal.sentence


async def test_an_update_of_several_tags_in_the_field_is_refused(rain: RainLine) -> None:
    await rain.commission(order())
    rain.show(1)
    rain.add(2)
    told = await rain.station.serve(updating({stubs.STEP: INSPECTED}), 5)
    other = await rain.station.serve(updating({stubs.STEP: INSPECTED}), 0.05)
    assert told is not None
    assert other is None or other.outcome == "refused"
    assert rain.journal.known_seq("09520123456788/A1") == 0
