"""Commissioning on simulated RAIN chips: what goes where by their memory, and what is refused."""

import pytest
from production_line import GTIN, commissioning, order
from rain_line import RainLine

from edge import epc, gen2, stub, userbank
from gateway.stations import care
from gateway.stations.orders import Order

pytestmark = pytest.mark.anyio

PRODUCT = f"{GTIN:014d}/A1"
LINK = f"https://id.gs1.org/01/{GTIN:014d}/21/A1"


@pytest.mark.parametrize(
    ("chip", "profile"),
    [
        ("monzax8k", "slots"),
        ("monzax2k", "single"),
        ("fram4k", "slots"),
        ("higgs9", "bare"),
        ("monza4qt", "bare"),
        ("m781", "bare"),
        ("m730", "epc"),
        ("ucode8", "epc"),
        ("ucodedna", "single"),
    ],
)
async def test_each_chip_gets_what_it_has_room_for_and_verifies(
    rain: RainLine, chip: str, profile: str
) -> None:
    result = await rain.commission(order(), chip=chip)
    assert (result.outcome, result.signal.colour, result.link) == ("commissioned", "green", LINK)
    assert (rain.last()["profile"], rain.last()["medium"]) == (profile, "rain")
    assert rain.kinds() == ["intent", "result"]
    assert epc.decode(rain.tag().epc).product == [0, GTIN, "A1"]
    again = await rain.verify()
    assert (again.outcome, again.signal.colour, again.link) == ("verified", "green", LINK)


async def test_a_stub_on_a_rain_tag_is_bound_to_its_tid(rain: RainLine) -> None:
    result = await rain.commission(order())
    assert result.stub is not None
    assert result.stub.carrier == (stub.RAIN, rain.id())
    assert result.uid == rain.id()
    assert result.stub.raw in bytes(rain.tag().banks[gen2.USER])


async def test_an_epc_that_names_the_product_already_is_kept_as_it_is(rain: RainLine) -> None:
    made = epc.sgtin96(GTIN, "7", 7).encode()
    rain.show()
    rain.tag().banks[gen2.EPC][2:] = (6 << 11).to_bytes(2, "big") + made + bytes(4)
    result = await rain.commission(order("7"))
    assert result.outcome == "commissioned"
    assert rain.tag().epc == made
    assert all(place >> 16 == gen2.USER for place, _ in rain.port.writes)


async def test_a_known_company_prefix_makes_an_sgtin_96(rain: RainLine) -> None:
    rain.at(company_prefixes=("9520123",))
    await rain.commission(order("42"))
    assert epc.decode(rain.tag().epc).scheme == "sgtin-96"


async def test_a_serial_that_no_epc_of_the_chip_holds_is_refused_with_the_remedy(
    rain: RainLine,
) -> None:
    result = await rain.commission(order("abcdefghij-0123456789"[:20]), chip="ucode9")
    assert (result.outcome, result.signal.colour) == ("refused", "red")
    assert "shorter serial" in result.signal.sentence
    assert rain.kinds() == ["refused"]
    assert rain.port.writes == []


async def test_a_tag_of_another_product_is_overwritten_on_order_alone(rain: RainLine) -> None:
    await rain.commission(order("A1"))
    before = rain.tag().dump()
    refused = await rain.commission(order("A2"))
    assert refused.outcome == "refused"
    assert PRODUCT in refused.signal.sentence
    assert rain.tag().dump() == before
    result = await rain.commission(order("A2", overwrite=True))
    assert (result.outcome, result.product) == ("commissioned", f"{GTIN:014d}/A2")
    assert epc.decode(rain.tag().epc).product == [0, GTIN, "A2"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (epc.sgtin_plus(GTIN, "Z9").encode(), "urn:epc|id.gs1.org"),
        (bytes.fromhex("cafe00000000000000000001"), "another program's"),
    ],
)
async def test_an_epc_that_someone_wrote_is_not_taken_away_unasked(
    rain: RainLine, content: bytes, words: str
) -> None:
    rain.show()
    rain.tag()._set_epc(content)
    refused = await rain.commission(order())
    assert (refused.outcome, rain.tag().epc) == ("refused", content)
    assert any(word in refused.signal.sentence for word in words.split("|"))
    assert (await rain.commission(order(overwrite=True))).outcome == "commissioned"


async def test_another_systems_number_is_no_epc_whatever_it_begins_with(rain: RainLine) -> None:
    number = bytes.fromhex("e21234567890123456780000")  # behind an AFI (ISO/IEC 15961), not an EPC
    pc = (6 << 11 | 0x1A1).to_bytes(2, "big")
    rain.show()
    rain.tag().banks[gen2.EPC][2:16] = pc + number
    refused = await rain.commission(order())
    assert refused.outcome == "refused"
    assert "another system's number" in refused.signal.sentence
    did = {**order().claims, stub.PRODUCT: [stub.DID, "did:web:maker.example:7"]}
    assert (await rain.commission(Order(did, ""))).outcome == "refused"
    assert bytes(rain.tag().banks[gen2.EPC][2:16]) == pc + number
    assert (await rain.commission(order(overwrite=True))).signal.colour == "green"


async def test_user_memory_of_another_program_is_not_taken_away_unasked(rain: RainLine) -> None:
    rain.show()
    rain.tag().banks[gen2.USER][:6] = b"\x89PACK!"
    refused = await rain.commission(order())
    assert refused.outcome == "refused"
    assert "another program" in refused.signal.sentence
    assert (await rain.commission(order(overwrite=True))).outcome == "commissioned"


async def test_a_product_that_has_its_tag_is_a_duplicate_on_another(rain: RainLine) -> None:
    await rain.commission(order())
    result = await rain.commission(order(), 2)
    assert (result.outcome, result.signal.colour) == ("duplicate", "red")
    assert rain.id().hex() in result.signal.sentence


async def test_a_tag_that_is_shown_again_is_answered_and_not_written(rain: RainLine) -> None:
    for number, chip in ((1, "monzax8k"), (2, "higgs9"), (3, "m730")):
        what = order(f"A{number}")
        await rain.commission(what, number, chip)
        before = rain.tag(number).dump()
        again = await rain.commission(what, number)
        assert (again.outcome, again.signal.colour) == ("already", "green"), chip
        assert rain.tag(number).dump() == before


async def test_a_tag_whose_tid_has_no_serial_is_refused_for_writing(rain: RainLine) -> None:
    rain.tag().banks[gen2.TID][6:12] = bytes(6)
    rain.show()
    result = await rain.serve(commissioning(order()))
    assert result.outcome == "refused"
    assert "no serial number" in result.signal.sentence
    assert rain.port.writes == []


async def test_a_product_without_gtin_keeps_the_tags_epc_where_a_stub_fits(rain: RainLine) -> None:
    what = order()
    claims = {**what.claims, stub.PRODUCT: [stub.DID, "did:web:maker.example:7"]}
    did = type(what)(claims, what.link)
    factory = rain.tag().epc
    result = await rain.commission(did)
    assert (result.outcome, result.signal.colour) == ("commissioned", "green")
    assert rain.tag().epc == factory
    refused = await rain.commission(type(what)(claims, what.link, overwrite=True), 2, "m730")
    assert refused.outcome == "refused"
    assert "has no EPC" in refused.signal.sentence


async def test_a_tag_is_locked_last_and_only_on_order(rain: RainLine) -> None:
    await rain.commission(order("A1"))
    assert rain.tag().lock_of(2) == rain.tag().lock_of(0) == 0
    result = await rain.commission(order("A2", lock=True), 2)
    assert (result.outcome, rain.last()["locked"]) == ("commissioned", True)
    assert rain.tag(2).lock_of(2) == rain.tag(2).lock_of(0) == 0b11
    before = rain.tag(2).dump()
    refused = await rain.commission(order("A3", overwrite=True), 2)
    assert (refused.outcome, refused.signal.colour) == ("refused", "red")
    assert "locked" in refused.signal.sentence
    assert rain.tag(2).dump() == before
    assert rain.kinds()[-2:] == ["intent", "void"]
    assert (await rain.verify(2)).signal.colour == "green"


async def test_a_tag_that_can_never_be_locked_is_amber_and_done(rain: RainLine) -> None:
    rain.tag().locks |= 0b01 << 4  # its EPC bank is unlocked for ever
    result = await rain.commission(order(lock=True))
    assert (result.outcome, result.signal.colour) == ("commissioned", "amber")
    assert "cannot be locked" in result.signal.sentence
    assert rain.last()["locked"] is False
    assert not rain.journal.open_intents()
    assert (await rain.verify()).signal.colour == "green"


async def test_a_chip_without_user_bank_is_locked_in_its_epc_bank(rain: RainLine) -> None:
    assert (await rain.commission(order(lock=True), chip="m730")).outcome == "commissioned"
    assert (rain.tag().lock_of(2), rain.tag().lock_of(0)) == (0b11, 0)


async def test_a_bank_under_a_password_is_written_with_it_and_refused_without(
    rain: RainLine,
) -> None:
    tag = rain.tag()
    tag.banks[gen2.RESERVED][4:8] = (0x5EC2E7A1).to_bytes(4, "big")
    tag.locks |= 0b10 << 4 | 0b10
    refused = await rain.commission(order())
    assert refused.outcome == "refused"
    assert refused.signal.sentence.startswith("locked: ")
    rain.at(access_password=0x12345678)
    wrong = await rain.commission(order())
    assert wrong.outcome == "refused"
    assert wrong.signal.sentence.startswith("wrong password: ")
    rain.at(access_password=0x5EC2E7A1)
    assert (await rain.commission(order())).outcome == "commissioned"
    told = repr(rain.post) + repr([row.content() for row in rain.journal.after(0, 100)])
    assert "5ec2e7a1" not in told.lower()
    assert str(0x5EC2E7A1) not in told


async def test_a_tag_too_far_away_to_be_written_is_told_so_and_its_order_is_free(
    rain: RainLine,
) -> None:
    rain.show()
    rain.fault("weak", rate=1.0)
    refused = await rain.commission(order())
    assert refused.outcome == "refused"
    assert refused.signal.sentence.startswith("too little power: ")
    rain.port.tags.faults.armed.clear()
    assert (await rain.commission(order(), 2)).outcome == "commissioned"


async def test_a_bank_that_is_smaller_than_the_table_says_is_told_so(rain: RainLine) -> None:
    del rain.tag().banks[gen2.USER][32:]
    refused = await rain.commission(order())
    assert refused.outcome == "refused"
    assert refused.signal.sentence.startswith("too small: ")


async def test_several_tags_are_told_and_none_is_written(rain: RainLine) -> None:
    rain.show(1)
    rain.add(2, rssi_dbm=-40.0)
    told = await rain.station.serve(commissioning(order()), 5)
    assert told is not None
    assert (told.outcome, told.uid) == ("gone", rain.id(2))
    assert "2 tags in the field: leave one" in told.signal.sentence
    assert (rain.port.writes, rain.kinds()) == ([], [])
    assert await rain.station.serve(commissioning(order()), 0.02) is None  # and not again and again
    rain.port.tags.leave(rain.tag(2).tid)
    rain.port.ticks_s += 10
    result = await rain.station.serve(commissioning(order()), 5)
    assert result is not None
    assert (result.outcome, result.uid) == ("commissioned", rain.id(1))


async def test_a_tag_that_was_served_and_stays_does_not_hinder_the_next(rain: RainLine) -> None:
    rain.show(1)
    first = await rain.station.serve(commissioning(order("A1")), 5)
    rain.add(2)
    second = await rain.station.serve(commissioning(order("A2")), 5)
    assert first is not None
    assert second is not None
    assert (first.uid, second.uid) == (rain.id(1), rain.id(2))
    assert (first.outcome, second.outcome) == ("commissioned", "commissioned")
    assert await rain.station.serve(commissioning(order("A3")), 0.02) is None


async def test_a_formatted_tag_keeps_its_epc_and_forgets_its_product(rain: RainLine) -> None:
    for number, chip in ((1, "monzax8k"), (2, "monza4qt"), (3, "m730")):
        what = order(f"A{number}")
        await rain.commission(what, number, chip)
        rain.show(number)
        assert (await rain.serve(care.format_one)).outcome == "formatted", chip
        assert not any(rain.tag(number).banks[gen2.USER]), chip
        read = await rain.verify(number)
        assert (read.outcome, read.verdict) == ("not_verified", None), chip
        assert (await rain.commission(what, number)).outcome == "refused", chip


async def test_a_locked_tag_still_verifies_also_from_memory(rain: RainLine) -> None:
    for number, chip in ((1, "monzax8k"), (2, "m730")):
        await rain.commission(order(f"A{number}"), number, chip)
        rain.show(number)
        assert (await rain.serve(care.lock_one)).outcome == "locked"
        assert (await rain.verify(number)).signal.colour == "green"


async def test_two_slots_stand_in_the_user_bank_as_stated(rain: RainLine) -> None:
    await rain.commission(order())
    image = gen2.Image()
    image.put(gen2.place(gen2.USER, 0), bytes(rain.tag().banks[gen2.USER]))
    layout = userbank.layout_of(image, 512)
    assert layout is not None
    assert layout.slot_count == 2
