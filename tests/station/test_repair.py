"""Torn writes: at every write of a commission and of an update, the next sight finishes the tag."""

import pytest
from production_line import (
    INSPECTED,
    SECOND_UID,
    SHIPPED,
    UID,
    Line,
    commissioning,
    order,
    updating,
)

from edge import chips, slots, type2
from edge import stub as stubs
from gateway.model import TagRefused
from gateway.stations.verify import verify_one

pytestmark = pytest.mark.anyio

TOTALS = {10: 1240, 41: 1066340, 42: 148840, 43: 7000400, 44: 124420, 45: 40, 51: 40}


async def test_a_torn_commission_is_finished_on_the_next_sight(line: Line) -> None:
    line.show()
    line.fault("tear", at=20)
    torn = await line.serve(commissioning(order()))
    assert (torn.outcome, torn.signal.colour, torn.pages_written) == ("torn", "amber", 19)
    assert "show the tag again" in torn.signal.sentence
    assert [row.uid for row in line.journal.open_intents()] == [UID]
    line.show()
    result = await line.serve(commissioning(order("A2")))
    assert (result.outcome, result.signal.colour, result.product) == (
        "repaired",
        "green",
        "09520123456788/A1",
    )
    assert line.kinds() == ["intent", "result"]
    assert line.last()["repaired"] is True
    assert not line.journal.open_intents()


@pytest.mark.parametrize("chip", ["ntag215", "ntag216", "ntag213"])
async def test_a_commission_torn_at_any_write_is_repaired(line: Line, chip: str) -> None:
    base = "https://a.test"
    writes = (await line.commission(order("A0", base=base), chip=chip)).pages_written
    for at in range(1, writes + 1, 5):
        uid, what = bytes((4, at)) + bytes(5), order(f"T{at}", base=base)
        line.show(uid, chip)
        line.fault("tear", at=at)
        assert (await line.serve(commissioning(what))).outcome == "torn", at
        line.show(uid)
        assert (await line.serve(commissioning(what))).outcome == "repaired", at
        assert (await line.verify(uid)).signal.colour == "green", at


@pytest.mark.parametrize("totals", [{10: 1240}, TOTALS], ids=["two slots", "one slot"])
async def test_an_update_torn_at_any_write_is_repaired(line: Line, totals: object) -> None:
    await line.commission(order(totals=totals), chip="ntag215")
    line.show()
    writes = (await line.serve(updating({stubs.STEP: INSPECTED}))).pages_written
    seq = 1
    for at in range(1, writes + 1, 7):
        line.show()
        line.fault("tear", at=at)
        torn = await line.serve(updating({stubs.STEP: SHIPPED + at % 2}))
        seq += 1
        if torn.outcome == "updated":  # a stub like the one before it takes fewer pages
            break
        assert torn.outcome == "torn", at
        line.show()
        result = await line.serve(verify_one)
        assert (result.outcome, result.seq) == ("repaired", seq), at
        assert (await line.verify()).signal.colour == "green", at


async def test_the_current_stub_of_two_slots_outlives_a_torn_update(line: Line) -> None:
    first = await line.commission(order())
    line.show()
    line.fault("tear", at=9)
    await line.serve(updating({stubs.STEP: INSPECTED}))
    assert first.stub is not None
    assert first.stub.raw in line.memory()
    line.read_only()
    assert (await line.verify()).seq == 0


async def test_a_tag_torn_again_while_it_is_repaired_is_finished_at_last(line: Line) -> None:
    line.show()
    line.fault("tear", at=30)
    await line.serve(commissioning(order()))
    for at in (5, 3, 2):
        line.show()
        line.fault("tear", at=at)
        assert (await line.serve(commissioning(order()))).outcome == "torn"
    line.show()
    assert (await line.serve(commissioning(order()))).outcome == "repaired"


async def test_a_whole_write_without_its_result_gets_only_the_result(line: Line) -> None:
    done = await line.commission(order())
    intent = line.journal.after(0, 1)[0]
    await line.journal.append("intent", "line 1", UID, intent.product, intent.content())
    before = line.memory()
    line.show()
    result = await line.serve(verify_one)
    assert (result.outcome, result.pages_written, result.stub.raw) == ("repaired", 0, done.stub.raw)
    assert line.memory() == before


async def test_an_intent_is_void_where_the_tag_was_given_another_product(line: Line) -> None:
    line.show()
    line.fault("tear", at=20)
    await line.serve(commissioning(order()))
    await line.commission(order("A2"), SECOND_UID)
    await line.write_elsewhere(UID, order("A3"))
    before = line.memory()
    line.show()
    result = await line.serve(verify_one)
    assert (result.outcome, result.product) == ("verified", "09520123456788/A3")
    assert line.memory() == before
    assert line.kinds()[-2:] == ["void", "verdict"]
    assert not line.journal.open_intents()


async def test_torn_hints_without_an_intent_are_put_right(line: Line) -> None:
    await line.commission(order())
    line.show()
    await line.serve(updating({stubs.STEP: INSPECTED}))
    layout = slots.layout_of(type2.Image(line.memory()))
    assert layout is not None
    good = line.memory()
    for torn in ((b"\xde\xad\xbe\xef", None), (None, b"\x00\x00\x00\x00"), (b"\x12" * 4,) * 2):
        for page, data in zip(layout.hint_pages, torn, strict=True):
            if data is not None:
                line.write_page(page, data)
        result = await line.verify()
        assert (result.outcome, result.seq, result.hints_torn) == ("verified", 1, True)
        assert line.kinds()[-1] == "repair"
        assert line.memory() == good


async def test_a_reading_station_leaves_torn_hints_alone(line: Line) -> None:
    await line.commission(order())
    layout = slots.layout_of(type2.Image(line.memory()))
    assert layout is not None
    line.write_page(layout.hint_pages[0], b"\xde\xad\xbe\xef")
    before = line.memory()
    line.read_only()
    assert (await line.verify()).outcome == "verified"
    assert line.memory() == before


@pytest.mark.parametrize("chip", ["ntag215", "ntag216", "ntag213"])
async def test_a_tag_torn_while_it_is_being_locked_is_locked_on_the_next_sight(
    line: Line, chip: str
) -> None:
    base = "https://a.test"
    writes = (await line.commission(order("A0", base=base), chip=chip)).pages_written
    for lock_write in (1, 2, 3):
        uid, what = bytes((4, lock_write)) + bytes(5), order(f"L{lock_write}", base=base, lock=True)
        line.show(uid, chip)
        line.fault("tear", at=writes + lock_write)
        assert (await line.serve(commissioning(what))).outcome == "torn"
        line.show(uid)
        assert (await line.serve(commissioning(what))).outcome == "repaired"
        assert not line.journal.open_intents()
        assert type2.lock_plan(chips.by_name(chip), type2.Image(line.memory(uid))) == []


async def test_a_whole_write_whose_lock_is_refused_is_not_void(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    line.show()
    writes = (await line.commission(order("A0"), SECOND_UID)).pages_written
    line.show()
    line.fault("tear", at=writes + 1)
    await line.serve(commissioning(order(lock=True)))

    async def refuse(pages: list[tuple[int, bytes]], password: int = 0) -> int:
        if pages:
            raise TagRefused("protected", pages[0][0])
        return 0

    monkeypatch.setattr(line.post.reader, "write", refuse)
    line.show()
    assert (await line.serve(verify_one)).outcome == "torn"
    assert [row.uid for row in line.journal.open_intents()] == [UID]


async def test_torn_hints_of_a_locked_tag_stay_as_they_are(line: Line) -> None:
    await line.commission(order())
    layout = slots.layout_of(type2.Image(line.memory()))
    assert layout is not None
    line.write_page(layout.hint_pages[0], b"\xde\xad\xbe\xef")
    line.write_page(type2.CC_PAGE, line.memory()[12:15] + b"\x0f")
    assert (await line.verify()).outcome == "verified"
    assert line.kinds()[-1] == "verdict"


async def test_a_stub_that_goes_on_under_a_key_unknown_here_is_never_cleared(line: Line) -> None:
    await line.commission(order())
    assert (await line.update_elsewhere({stubs.STEP: SHIPPED})).outcome == "updated"
    before = line.memory()
    assert (await line.verify()).seq == 0
    assert line.memory() == before


async def test_a_stub_of_another_tag_under_a_forged_hint_does_not_hide_the_tags_own(
    line: Line,
) -> None:
    await line.commission(order("A1"))
    await line.commission(order("B1"), SECOND_UID)
    line.show(SECOND_UID)
    await line.serve(updating({stubs.STEP: INSPECTED}))
    image = type2.Image()
    image.put(0, line.memory(SECOND_UID))
    layout = slots.layout_of(image)
    assert layout is not None
    hint, first = layout.hint_pages[1], layout.slot_first_pages[1]
    for page in (hint, *range(first, first + layout.slot_pages)):
        line.write_page(page, image.get(page, 1))
    seen = await line.verify()
    assert (seen.signal.colour, seen.product, seen.seq) == ("green", "09520123456788/A1", 0)
