"""Commissioning on simulated tags: what is written, what is refused, and what is on record."""

from dataclasses import replace

import pytest
from production_line import SECOND_UID, UID, Line, commissioning, order

from edge import chips, ndef, plan, stub, type2
from gateway.stations import care, verify

pytestmark = pytest.mark.anyio


async def test_a_blank_tag_is_commissioned_and_the_result_is_durable(line: Line) -> None:
    result = await line.commission(order())
    assert (result.outcome, result.signal.colour) == ("commissioned", "green")
    assert (result.seq, result.slot, result.link) == (
        0,
        0,
        "https://id.example.com/01/09520123456788/21/A1",
    )
    assert line.kinds() == ["intent", "result"]
    assert result.journal_seq == 2
    assert line.last()["verdict"]["integrity"] == "valid"
    assert (line.last()["gtin"], line.last()["serial"]) == ("09520123456788", "A1")
    assert not line.journal.open_intents()
    assert result.stub is not None
    assert result.stub.raw in line.memory()
    assert result.stub.carrier == (1, UID)


async def test_a_tag_that_is_shown_again_is_answered_and_not_written(line: Line) -> None:
    await line.commission(order())
    before = line.memory()
    again = await line.commission(order())
    assert (again.outcome, again.signal.colour) == ("already", "green")
    assert again.verdict is not None
    assert again.verdict.is_green()
    assert line.memory() == before
    assert line.kinds() == ["intent", "result", "verdict"]


async def test_a_tag_that_carries_another_product_is_refused_and_not_written(line: Line) -> None:
    await line.commission(order("A1"))
    before = line.memory()
    result = await line.commission(order("A2"))
    assert (result.outcome, result.signal.colour) == ("refused", "red")
    assert "09520123456788/A1" in result.signal.sentence
    assert line.memory() == before
    assert line.kinds()[-1] == "refused"


async def test_a_tag_that_carries_another_product_is_overwritten_on_order(line: Line) -> None:
    await line.commission(order("A1"))
    result = await line.commission(order("A2", overwrite=True))
    assert (result.outcome, result.product) == ("commissioned", "09520123456788/A2")
    assert (await line.verify()).product == "09520123456788/A2"


async def test_a_product_that_has_its_tag_is_a_duplicate_on_another(line: Line) -> None:
    await line.commission(order())
    result = await line.commission(order(), SECOND_UID)
    assert (result.outcome, result.signal.colour) == ("duplicate", "red")
    assert UID.hex() in result.signal.sentence
    assert line.memory(SECOND_UID)[16:24] == b"\x03\x00\xfe\x00\x00\x00\x00\x00"


async def test_a_replacement_tag_goes_on_where_the_products_history_stands(line: Line) -> None:
    await line.commission(order())
    result = await line.commission(order(overwrite=True), SECOND_UID)
    assert (result.outcome, result.seq) == ("commissioned", 1)
    assert result.stub is not None
    assert result.stub.prev is not None
    assert (await line.verify()).verdict.chain == "behind"


async def test_a_tag_of_another_program_is_refused_until_overwriting_is_ordered(line: Line) -> None:
    foreign = type2.Image()
    line.show()
    foreign.put(0, line.memory())
    for page, data in plan.link_only(
        chips.by_name("NTAG216"), foreign, "https://elsewhere.example"
    ):
        line.write_page(page, data)
    result = await line.serve(commissioning(order()))
    assert result.outcome == "refused"
    assert "https://elsewhere.example" in result.signal.sentence
    assert (await line.commission(order(overwrite=True))).outcome == "commissioned"


async def test_a_locked_tag_is_refused_before_anything_is_written(line: Line) -> None:
    line.show()
    line.write_page(2, line.memory()[8:10] + b"\xff\xff")
    result = await line.serve(commissioning(order()))
    assert (result.outcome, result.signal.colour) == ("refused", "red")
    assert "locked" in result.signal.sentence
    assert line.kinds() == ["refused"]


async def test_a_page_that_turns_out_locked_voids_the_intent(line: Line) -> None:
    line.show()
    line.write_page(chips.by_name("NTAG216").dynamic_lock_page or 0, b"\x01\x00\x00\xbd")
    result = await line.serve(commissioning(order()))
    assert (result.outcome, result.signal.colour) == ("voided", "red")
    assert line.kinds() == ["intent", "void"]
    assert not line.journal.open_intents()


async def test_a_stub_that_was_copied_to_another_tag_is_told_as_a_copy(line: Line) -> None:
    await line.commission(order())
    copy = line.memory()
    line.show(SECOND_UID)
    line.load(line.memory(SECOND_UID)[:12] + copy[12:], SECOND_UID)
    result = await line.serve(verify.verify_one)
    assert (result.outcome, result.signal.colour) == ("not_verified", "red")
    assert result.verdict is not None
    assert result.verdict.binding == "mismatch"
    line.show(SECOND_UID)
    refused = await line.serve(commissioning(order("A2")))
    assert refused.outcome == "refused"
    assert "another tag" in refused.signal.sentence


async def test_an_ntag213_gets_the_mini_profile(line: Line) -> None:
    long = await line.commission(order(), chip="ntag213")
    assert "7 bytes too many for NTAG213" in long.signal.sentence
    short = "https://a.test"
    result = await line.commission(order(base=short), chip="ntag213")
    assert (result.outcome, result.signal.colour) == ("commissioned", "green")
    assert line.last()["profile"] == "mini"
    assert (await line.verify()).signal.colour == "green"
    again = await line.commission(order(base=short), chip="ntag213")
    assert again.outcome == "already"
    other = await line.commission(order("A2", base=short), chip="ntag213")
    assert other.outcome == "refused"


async def test_an_ntag215_gets_one_slot_where_two_leave_no_room_for_an_update(line: Line) -> None:
    totals = {10: 1240, 41: 1066340, 42: 148840, 43: 7000400, 44: 124420, 45: 40, 51: 40}
    await line.commission(order("A1", totals=totals), chip="ntag215")
    assert line.last()["profile"] == "single"
    small = order("A2", totals={10: 1240})
    await line.commission(small, SECOND_UID, chip="ntag215")
    assert line.last()["profile"] == "slots"


async def test_what_fits_no_way_is_refused_with_the_remedy(line: Line) -> None:
    long = order("A1", totals={10: 1240})
    long = type(long)(long.claims, long.link + "?" + "x" * 900)
    result = await line.commission(long)
    assert result.outcome == "refused"
    assert "too many" in result.signal.sentence


async def test_a_station_whose_key_no_reader_trusts_writes_nothing(line: Line) -> None:
    line.distrust()
    result = await line.commission(order())
    assert result.outcome == "refused"
    assert "trust list" in result.signal.sentence


async def test_a_tag_is_locked_last_and_only_on_order(line: Line) -> None:
    await line.commission(order())
    assert line.memory()[10:12] == b"\x00\x00"
    result = await line.commission(order("A2", lock=True), SECOND_UID)
    assert result.outcome == "commissioned"
    memory = line.memory(SECOND_UID)
    assert (memory[10:12], memory[15]) == (b"\xff\xff", 0x0F)
    refused = await line.commission(order("A3", overwrite=True), SECOND_UID)
    assert refused.outcome == "refused"
    assert "locked" in refused.signal.sentence


async def test_a_formatted_tag_is_empty_and_its_product_is_not_written_anew_unasked(
    line: Line,
) -> None:
    await line.commission(order())
    line.show()
    assert (await line.serve(care.format_one)).outcome == "formatted"
    assert line.memory()[16:24] == b"\x03\x00\xfe\x00\x00\x00\x00\x00"
    assert (await line.commission(order())).outcome == "refused"
    assert (await line.commission(order(overwrite=True))).seq == 1


async def test_a_locked_tag_still_verifies(line: Line) -> None:
    await line.commission(order())
    line.show()
    assert (await line.serve(care.lock_one)).outcome == "locked"
    assert (await line.verify()).signal.colour == "green"


async def test_formatting_voids_what_was_torn(line: Line) -> None:
    line.show()
    line.fault("tear", at=20)
    await line.serve(commissioning(order()))
    line.show()
    target = await line.post.reader.target(5)
    assert target is not None
    assert (await care.format_one(line.post, target)).outcome == "formatted"
    assert line.kinds() == ["intent", "void", "result"]
    assert (await line.commission(order())).outcome == "commissioned"


async def test_an_ultralight_as_delivered_is_formatted_and_then_commissioned(line: Line) -> None:
    what = order(base="https://a.eu")
    refused = await line.commission(what, chip="mf0ul21")
    assert refused.outcome == "refused"
    assert "format it" in refused.signal.sentence
    line.show()
    assert (await line.serve(care.format_one)).outcome == "formatted"
    assert line.memory()[12:20] == bytes.fromhex("e11010000300fe00")
    assert "too many for MF0UL21" in (await line.commission(what)).signal.sentence
    result = await line.commission(replace(what, link="https://a.eu/A1"))
    assert (result.outcome, result.signal.colour) == ("commissioned", "green")
    assert (await line.verify()).signal.colour == "green"


async def test_a_record_beside_the_ordered_link_is_not_overwritten_unasked(line: Line) -> None:
    line.show()
    records = [
        ndef.uri_record(order().link),
        ndef.Record(ndef.MIME, b"text/vcard", b"", b"BEGIN:VCARD"),
    ]
    message = ndef.encode(records)
    memory = bytearray(line.memory())
    tlv = bytes((3, len(message))) + message + b"\xfe"
    memory[16 : 16 + len(tlv)] = tlv
    line.load(bytes(memory))
    result = await line.serve(commissioning(order()))
    assert (result.outcome, line.memory()) == ("refused", bytes(memory))
    assert "another program" in result.signal.sentence
    result = await line.commission(order(overwrite=True))
    assert result.outcome == "commissioned"


async def test_the_ordered_link_alone_is_gone_over(line: Line) -> None:
    line.show()
    chip = chips.by_name("ntag216")
    memory = type2.Image(line.memory())
    for page, data in plan.link_only(chip, memory, order().link):
        line.write_page(page, data)
    assert (await line.serve(commissioning(order()))).outcome == "commissioned"


async def test_a_mini_tag_of_another_product_is_told_by_its_link(line: Line) -> None:
    base = "https://a.test"
    first = await line.commission(order("A0", base=base), chip="ntag213")
    result = await line.commission(order("A1", base=base))
    assert result.outcome == "refused"
    assert str(first.link) in result.signal.sentence


async def test_the_same_product_with_another_passport_is_not_told_as_done(line: Line) -> None:
    await line.write_elsewhere(UID, order())
    what = order()
    result = await line.commission(replace(what, claims=what.claims | {stub.DIGEST: bytes(32)}))
    assert (result.outcome, result.signal.colour) == ("duplicate", "red")
    assert "another passport" in result.signal.sentence


async def test_a_stub_of_the_product_by_a_key_unknown_here_is_not_told_as_done(line: Line) -> None:
    await line.commission(order())
    line.distrust()
    result = await line.commission(order())
    assert result.outcome == "refused"


async def test_a_doubt_about_what_is_already_there_is_told(line: Line) -> None:
    await line.commission(order())
    assert line.post.trust is not None
    line.time.now_s = line.post.trust.not_after + 1
    result = await line.commission(order())
    assert (result.outcome, result.signal.colour) == ("already", "amber")
    assert "out of date" in result.signal.sentence


async def test_another_link_for_the_same_product_is_never_ignored_silently(line: Line) -> None:
    await line.commission(order())
    other = order(base="https://id.elsewhere.example", overwrite=True)
    result = await line.commission(other)
    assert (result.outcome, result.signal.colour) == ("duplicate", "red")
    assert "https://id.example.com" in result.signal.sentence
