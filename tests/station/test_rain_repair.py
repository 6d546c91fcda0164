"""Torn RAIN tags: the tag is taken away at words of a commission and of an update; the next sight finishes it."""

from dataclasses import replace

import pytest
from production_line import INSPECTED, SHIPPED, commissioning, order, updating
from rain_line import RainLine

from edge import epc, gen2, stub
from gateway.readers.port import SeveralTags
from gateway.stations import care, write
from gateway.stations.verify import verify_one

pytestmark = pytest.mark.anyio

CHIPS = ["monzax8k", "monzax2k", "fram4k", "higgs9", "monza4qt", "m730"]
POINTS = 12  # of each act; the bench tears at every word


async def test_a_torn_commission_is_finished_on_the_next_sight(rain: RainLine) -> None:
    rain.show()
    rain.fault("tear", at=20)
    torn = await rain.serve(commissioning(order()))
    assert (torn.outcome, torn.signal.colour, torn.pages_written) == ("torn", "amber", 19)
    assert [row.uid for row in rain.journal.open_intents()] == [rain.id()]
    rain.show()
    result = await rain.serve(commissioning(order("A2")))
    assert (result.outcome, result.signal.colour, result.product) == (
        "repaired",
        "green",
        "09520123456788/A1",
    )
    assert rain.kinds() == ["intent", "result"]
    assert not rain.journal.open_intents()


@pytest.mark.parametrize("chip", CHIPS)
@pytest.mark.parametrize("fault", ["tear", "tag_leaves"])
async def test_a_commission_torn_at_any_word_is_repaired(
    rain: RainLine, chip: str, fault: str
) -> None:
    words = (await rain.commission(order("T0"), 1000, chip)).pages_written
    for at in range(1, words + 1, -(-words // POINTS)):
        what = order(f"T{at}")
        rain.show(at, chip)
        rain.fault(fault, **{"at" if fault == "tear" else "after": at})
        outcome = (await rain.serve(commissioning(what))).outcome
        assert outcome in ("torn", "gone"), at
        rain.show(at)
        result = await rain.serve(commissioning(what))
        assert result.outcome == ("repaired" if outcome == "torn" else "commissioned"), at
        assert (await rain.verify(at)).signal.colour == "green", at
        assert epc.decode(rain.tag(at).epc).product == what.claims[stub.PRODUCT]


@pytest.mark.parametrize("chip", ["monzax8k", "fram4k", "monzax2k"])
async def test_an_update_torn_at_any_word_leaves_a_valid_stub_and_is_repaired(
    rain: RainLine, chip: str
) -> None:
    await rain.commission(order(), chip=chip)
    words = (await rain.update({stub.STEP: INSPECTED})).pages_written
    is_single = rain.last()["profile"] == "single"
    for seq, at in enumerate(range(1, words + 1, -(-words // POINTS)), 2):
        rain.show()
        rain.fault("tear", at=at)
        torn = await rain.serve(updating({stub.STEP: SHIPPED + seq % 2}))
        if torn.outcome == "updated":  # a stub like the one before it takes fewer words
            break
        assert torn.outcome == "torn", at
        found = await rain.verify_elsewhere()
        assert is_single or (found.signal.colour, found.seq in (seq - 1, seq)) == ("green", True)
        rain.show()
        result = await rain.serve(verify_one)
        assert (result.outcome, result.seq) == ("repaired", seq), at
        assert (await rain.verify()).signal.colour == "green", at


async def test_a_tag_torn_again_while_it_is_repaired_is_finished_at_last(rain: RainLine) -> None:
    rain.show()
    rain.fault("tear", at=30)
    await rain.serve(commissioning(order()))
    for at in (5, 3, 2):
        rain.show()
        rain.fault("tear", at=at)
        assert (await rain.serve(commissioning(order()))).outcome == "torn"
    rain.show()
    assert (await rain.serve(commissioning(order()))).outcome == "repaired"


async def test_a_torn_tag_that_is_back_at_once_is_given_again_at_once(rain: RainLine) -> None:
    rain.show()
    rain.fault("tear", at=12, back=1)
    torn = await rain.station.serve(commissioning(order()), 5)
    assert torn is not None
    assert torn.outcome == "torn"
    result = await rain.station.serve(commissioning(order()), 5)
    assert result is not None
    assert result.outcome == "repaired"


async def test_a_torn_tag_beside_others_is_finished_without_being_singled_out(
    rain: RainLine,
) -> None:
    rain.show()
    rain.fault("tear", at=12)
    await rain.serve(commissioning(order()))
    rain.add(1, rssi_dbm=-40.0)
    rain.add(2)
    result = await rain.station.serve(commissioning(order("A2")), 5)
    assert result is not None
    assert (result.outcome, result.uid) == ("repaired", rain.id(1))


async def test_an_intent_is_void_where_the_tag_was_given_another_epc(rain: RainLine) -> None:
    rain.show()
    rain.fault("tear", at=20)
    await rain.serve(commissioning(order()))
    rain.tag()._set_epc(epc.sgtin_plus(4006381333931, "Z1").encode())
    rain.show()
    result = await rain.serve(verify_one)
    assert result.outcome == "not_verified"
    assert rain.kinds()[-2:] == ["void", "verdict"]
    assert not rain.journal.open_intents()


@pytest.mark.parametrize("chip", ["monzax8k", "fram4k", "ucodedna", "m730"])
async def test_whatever_a_torn_pc_word_says_the_tag_is_finished(rain: RainLine, chip: str) -> None:
    for number, (words, toggle) in enumerate(
        [(0, 0), (4, 0), (6, 1), (7, 0), (9, 1), (31, 0), (31, 1)], 1
    ):
        rain.show(number, chip)
        tag = rain.tag(number)
        tag._set_epc(bytes(8))
        rain.fault("tear", word=1, bank=gen2.EPC, bits="0000")
        assert (await rain.serve(commissioning(order(f"A{number}")))).outcome == "torn"
        tag.banks[gen2.EPC][2:4] = (words << 11 | toggle << 8).to_bytes(2, "big")
        rain.show(number)
        result = await rain.serve(verify_one)
        assert (result.outcome, result.signal.colour) == ("repaired", "green"), words
        assert gen2.is_epc(tag.pc)
        assert epc.decode(tag.epc).product == [0, 9520123456788, f"A{number}"]


async def test_an_epc_that_someone_gave_a_tag_with_nothing_else_is_not_taken_away(
    rain: RainLine,
) -> None:
    rain.show(1, "m730")
    rain.fault("tear", at=3)
    await rain.serve(commissioning(order()))
    other = epc.sgtin_plus(4006381333931, "Z1").encode()
    rain.tag()._set_epc(other)
    rain.show()
    assert (await rain.serve(verify_one)).outcome == "not_verified"
    assert rain.tag().epc == other
    assert rain.kinds() == ["intent", "void", "verdict"]


async def test_a_tag_torn_while_it_is_being_locked_is_locked_on_the_next_sight(
    rain: RainLine,
) -> None:
    words = (await rain.commission(order("A0"), 2)).pages_written
    rain.show()
    rain.fault("tag_leaves", after=words + 12)
    torn = await rain.serve(commissioning(order(lock=True)))
    assert torn.outcome == "torn"
    assert rain.tag().lock_of(2) == 0
    rain.show()
    assert (await rain.serve(verify_one)).outcome == "repaired"
    assert rain.tag().lock_of(2) == rain.tag().lock_of(0) == 0b11


async def test_a_torn_tag_that_is_too_far_away_stays_torn(rain: RainLine) -> None:
    rain.show()
    rain.fault("tear", at=20)
    await rain.serve(commissioning(order()))
    rain.show()
    rain.fault("weak", rate=1.0)
    again = await rain.serve(verify_one)
    assert again.outcome == "torn"
    assert "too little power" in again.signal.sentence
    rain.port.tags.faults.armed.clear()
    rain.show()
    assert (await rain.serve(verify_one)).outcome == "repaired"


async def test_an_epc_bank_that_turns_out_locked_frees_the_order(rain: RainLine) -> None:
    rain.tag().locks |= 0b11 << 4
    refused = await rain.commission(order())
    assert refused.outcome == "refused"
    assert refused.signal.sentence.startswith("locked: ")
    assert not rain.journal.open_intents()
    assert (await rain.commission(order(), 2)).outcome == "commissioned"


async def test_torn_hints_without_an_intent_are_put_right(rain: RainLine) -> None:
    await rain.commission(order())
    await rain.update({stub.STEP: INSPECTED})
    good = rain.tag().dump()
    user = rain.tag().banks[gen2.USER]
    for at, torn in ((8, b"\xde\xad\xbe\xef"), (12, bytes(4)), (8, b"\x12" * 8)):
        user[at : at + len(torn)] = torn
        result = await rain.verify()
        assert (result.outcome, result.seq, result.hints_torn) == ("verified", 1, True)
        assert rain.kinds()[-1] == "repair"
        assert rain.tag().dump() == good


async def test_formatting_voids_what_was_torn(rain: RainLine) -> None:
    rain.show()
    rain.fault("tear", at=20)
    await rain.serve(commissioning(order()))
    rain.show()
    target = await rain.reader.target(5)
    assert target is not None
    assert (await care.format_one(rain.post, target)).outcome == "formatted"
    assert rain.kinds() == ["intent", "void", "result"]


async def test_a_torn_tag_whose_product_went_to_another_is_not_finished(rain: RainLine) -> None:
    for number, word in ((1, 20), (3, 0)):  # word 0 comes last: the stub stands
        what = order(f"A{number}")
        rain.show(number)
        rain.fault("tear", word=word, bank=gen2.USER, bits="ffff")
        assert (await rain.serve(commissioning(what))).outcome == "torn"
        again = await rain.commission(replace(what, overwrite=True), number + 1)
        assert (again.outcome, again.seq) == ("commissioned", 1)
        result = await rain.verify(number)
        assert result.outcome == "not_verified"
        assert not rain.journal.open_intents()
        assert (await rain.verify(number + 1)).signal.colour == "green"
    assert result.verdict is not None
    assert result.verdict.chain == "behind"


async def test_in_a_crowd_nothing_is_formatted_and_nothing_void(rain: RainLine) -> None:
    rain.show()
    rain.fault("tear", at=20)
    await rain.serve(commissioning(order()))
    rain.show()
    rain.add(2, rssi_dbm=-70.0)
    target = await rain.reader.target(5)
    assert target is not None
    with pytest.raises(SeveralTags):
        await care.format_one(rain.post, target)
    assert rain.kinds() == ["intent"]


async def test_a_whole_write_without_its_result_gets_only_the_result(rain: RainLine) -> None:
    for number, chip in ((1, "monzax8k"), (2, "higgs9"), (3, "m730")):
        await rain.commission(order(f"A{number}"), number, chip)
        intent = rain.journal.tail(2)[0]
        await rain.journal.append(
            "intent", "line 1", rain.id(number), intent.product, intent.content()
        )
        before = rain.tag(number).dump()
        rain.show(number)
        result = await rain.serve(verify_one)
        assert (result.outcome, result.pages_written) == ("repaired", 0), chip
        assert rain.tag(number).dump() == before


async def test_an_intent_is_what_its_journal_row_says(rain: RainLine) -> None:
    await rain.commission(order(lock=True))
    row = rain.journal.after(0, 1)[0]
    intent = write.Intent.of_row(row)
    assert (intent.medium, intent.epc) == ("rain", rain.tag().epc)
    assert {**row.content(), **intent.body()} == row.content()


async def test_an_intent_of_before_rain_is_read_with_its_defaults(rain: RainLine) -> None:
    await rain.commission(order())
    content = rain.journal.after(0, 1)[0].content()
    for later in ("medium", "epc", "epc_before"):
        del content[later]
    row = await rain.journal.append("intent", "line 1", b"\x04" * 7, "", content)
    intent = write.Intent.of_row(row)
    assert (intent.medium, intent.epc, intent.epc_before) == ("nfc", b"", b"")
    assert intent.stub == content["stub"]
