"""Reading and verifying RAIN tags: many of them, copies, memory, and a reader that is lost."""

from dataclasses import replace

import pytest
from production_line import GTIN, INSPECTED, commissioning, order
from rain_line import RainLine, rain_station

from edge import epc, gen2, stub
from gateway.journal import Journal
from gateway.model import CannotDo
from gateway.readers.rain import Choice, RainReader
from gateway.stations import read
from gateway.stations.station import Station
from gateway.stations.verify import verify_one

pytestmark = pytest.mark.anyio


async def test_every_tag_in_the_field_is_verified_once_the_strongest_first(rain: RainLine) -> None:
    for number in (1, 2, 3):
        await rain.commission(order(f"A{number}"), number)
    for number in (1, 2, 3):
        rain.add(number, rssi_dbm=-60.0 + number)
    served = []
    while (result := await rain.station.serve(verify_one, 0.05)) is not None:
        served.append((result.uid, result.signal.colour))
    assert served == [(rain.id(number), "green") for number in (3, 2, 1)]


async def test_a_stub_that_was_copied_to_another_tag_is_told_as_a_copy(rain: RainLine) -> None:
    for chip in ("monzax8k", "higgs9"):
        first, second = len(rain.tags) + 1, len(rain.tags) + 2
        await rain.commission(order(f"A{first}"), first, chip)
        for bank in (gen2.EPC, gen2.USER):
            rain.tag(second, chip).banks[bank][:] = rain.tag(first).banks[bank]
        result = await rain.verify(second)
        assert (result.outcome, result.signal.colour) == ("not_verified", "red"), chip


async def test_an_epc_of_another_product_beside_a_stub_is_red(rain: RainLine) -> None:
    await rain.commission(order())
    for other in (
        epc.sgtin_plus(GTIN, "A2"),
        epc.from_uri("urn:epc:tag:sscc-96:0.0614141.1234567890"),
    ):
        rain.tag()._set_epc(other.encode())
        result = await rain.verify()
        assert result.verdict is not None
        assert (result.signal.colour, result.verdict.link) == ("red", "mismatch")


async def test_a_tag_with_its_epc_alone_is_verified_from_memory_and_that_is_said(
    rain: RainLine,
) -> None:
    done = await rain.commission(order(), chip="m730")
    result = await rain.verify()
    assert (result.outcome, result.signal.colour) == ("verified", "green")
    assert result.stub is not None
    assert done.stub is not None
    assert result.stub.raw == done.stub.raw
    assert "this gateway's memory" in result.signal.sentence
    assert rain.last()["from_memory"] is True
    async with Journal(rain.folder / "elsewhere.db") as journal:
        rain.station = Station(replace(rain.post, journal=journal), 0)
        unknown = await rain.verify()
    assert (unknown.outcome, unknown.verdict) == ("not_verified", None)
    assert f"the EPC https://id.gs1.org/01/{GTIN:014d}/21/A1" in unknown.signal.sentence


async def test_memory_of_a_tag_is_of_no_other_tag_with_its_epc(rain: RainLine) -> None:
    await rain.commission(order(), chip="m730")
    rain.tag(2, "m730")._set_epc(rain.tag(1).epc)
    assert (await rain.verify(2)).verdict is None
    for other in (
        epc.sgtin_plus(GTIN, "A2"),
        epc.from_uri("urn:epc:tag:sscc-96:0.0614141.1234567890"),
        epc.from_uri("urn:epc:tag:giai-96:0.0614141.12345400"),
    ):
        rain.tag(1)._set_epc(other.encode())
        changed = await rain.verify(1)
        assert changed.signal.colour == "red", other.uri


async def test_reading_says_what_stands_there_and_records_it(rain: RainLine) -> None:
    rain.show()
    empty = await rain.serve(read.read_one)
    assert (empty.outcome, empty.signal.sentence) == ("read", "read: it is empty")
    await rain.commission(order())
    rain.show()
    found = await rain.serve(read.read_one)
    assert found.signal.sentence == f"read: {GTIN:014d}/A1, seq 0"
    assert rain.last()["epc"] == rain.tag().epc


async def test_an_epc_of_no_known_scheme_is_recorded_as_it_is(rain: RainLine) -> None:
    rain.tag()._set_epc(bytes.fromhex("cafe00000000000000000001"))
    result = await rain.verify()
    assert (result.outcome, result.link) == ("not_verified", None)
    assert rain.last()["epc"] == bytes.fromhex("cafe00000000000000000001")


async def test_tags_without_a_serialised_tid_are_each_read(rain: RainLine) -> None:
    for number in (1, 2):
        rain.tag(number).banks[gen2.TID][6:12] = bytes(6)
        rain.tag(number)._set_epc(epc.sgtin_plus(GTIN, f"A{number}").encode())
    found = []
    for number in (1, 2):
        rain.show(number)
        found.append((await rain.serve(read.read_one)).link)
    assert found == [f"https://id.gs1.org/01/{GTIN:014d}/21/A{number}" for number in (1, 2)]


async def test_a_tag_that_leaves_while_it_is_read_is_amber(rain: RainLine) -> None:
    await rain.commission(order())
    rain.show()
    rain.fault("tag_leaves", after=1)
    result = await rain.serve(verify_one)
    assert (result.outcome, result.signal.colour) == ("gone", "amber")
    assert (await rain.verify()).outcome == "verified"


async def test_a_reader_that_tells_no_tid_is_asked_for_it(tmp_path) -> None:
    async with rain_station(tmp_path, tells_tid=False) as line:
        done = await line.commission(order())
        assert (done.outcome, done.uid) == ("commissioned", line.id())
        assert (await line.verify()).signal.colour == "green"


async def test_a_copy_in_place_of_a_tag_with_its_epc_alone_is_not_taken_for_it(tmp_path) -> None:
    async with rain_station(tmp_path, tells_tid=False) as line:
        await line.commission(order(), chip="m730")
        line.tag(2, "m730")._set_epc(line.tag(1).epc)
        line.add(1)
        assert await line.reader.target(1) is not None
        line.take()
        line.add(2)
        result = await line.station.serve(verify_one, 5)
        assert result is not None
        assert (result.uid, result.verdict) == (line.id(2), None)


async def test_what_a_sighting_leaves_untold_is_read(tmp_path) -> None:
    async with rain_station(tmp_path, tells_pc=False) as line:
        # The right length, but no EPC; more than the bank has.
        for number, pc in enumerate(("3500", "f800"), 1):
            line.show(number, "m730")
            line.tag(number)._set_epc(bytes(8))
            line.fault("tear", word=1, bank=gen2.EPC, bits="0000")
            assert (await line.serve(commissioning(order(f"A{number}")))).outcome == "torn"
            line.tag(number).banks[gen2.EPC][2:4] = bytes.fromhex(pc)
            assert (await line.verify(number)).outcome == "repaired"
            assert line.tag(number).pc == 0x3000


async def test_two_tags_whose_tids_have_no_serial_are_both_read(rain: RainLine) -> None:
    for number in (1, 2):
        tag = rain.tag(number)
        tag.banks[gen2.TID][6:12] = bytes(6)
        tag.banks[gen2.TID].append(number)  # for the simulation to tell them apart
        tag._set_epc(epc.sgtin_plus(GTIN, f"A{number}").encode())
        rain.add(number)
    found = [await rain.station.serve(read.read_one, 0.05) for _ in range(2)]
    assert {each.link for each in found if each is not None} == {
        f"https://id.gs1.org/01/{GTIN:014d}/21/A{number}" for number in (1, 2)
    }


async def test_a_serial_that_is_longer_than_most_names_its_tag_too(rain: RainLine) -> None:
    tag = rain.tag(1, "fram4k")
    raw = bytearray(tag.tid)
    raw[4:6] = (int.from_bytes(raw[4:6], "big") & 0x1FFF | 2 << 13).to_bytes(2, "big")  # 64 bits
    tag.banks[gen2.TID][:] = raw[:12] + b"\x01\x02" + raw[12:]
    result = await rain.commission(order())
    assert (result.outcome, result.uid) == ("commissioned", bytes(tag.tid[:14]))
    assert (await rain.verify()).signal.colour == "green"


async def test_a_tid_in_the_url_that_names_several_singles_none_out(tmp_path) -> None:
    async with rain_station(tmp_path) as line:
        prefix, whole = line.id(1)[:6], line.tag(3, "higgs9").tid
    async with rain_station(tmp_path, Choice(tid=prefix)) as line:
        for number in (1, 2):
            line.add(number)
        told = await line.station.serve(commissioning(order()), 5)
        assert told is not None
        assert (told.outcome, line.port.writes) == ("gone", [])
    async with rain_station(tmp_path, Choice(tid=whole)) as line:  # with all that stands behind
        line.add(1)
        line.add(3, "higgs9")
        result = await line.station.serve(commissioning(order()), 5)
        assert result is not None
        assert (result.outcome, result.uid) == ("commissioned", line.id(3))


async def test_the_tag_that_the_url_names_is_written_among_others(tmp_path) -> None:
    async with rain_station(tmp_path) as line:
        wanted = line.id(2)
    async with rain_station(tmp_path, Choice(tid=wanted)) as line:
        for number in (1, 2, 3):
            line.add(number)
        result = await line.station.serve(commissioning(order()), 5)
        assert result is not None
        assert (result.outcome, result.uid) == ("commissioned", wanted)
        assert await line.station.serve(commissioning(order()), 0.02) is None


async def test_what_the_reader_cannot_do_ends_the_wait_at_once(
    rain: RainLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(self: RainReader, timeout_s: float | None = None) -> None:
        raise CannotDo("this reader has the antennas 1 to 2")

    monkeypatch.setattr(RainReader, "target", never)
    with pytest.raises(CannotDo, match="antennas 1 to 2"):
        await rain.station.serve(verify_one, 5)


async def test_weaker_tags_than_the_url_allows_are_not_there(tmp_path) -> None:
    async with rain_station(tmp_path, Choice(rssi_dbm=-45.0)) as line:
        line.add(1, rssi_dbm=-46.0)
        line.add(2, rssi_dbm=-44.0)
        result = await line.station.serve(commissioning(order()), 5)
        assert result is not None
        assert (result.outcome, result.uid) == ("commissioned", line.id(2))
        assert await line.station.serve(verify_one, 0.02) is None


async def test_a_stub_older_than_one_that_was_seen_is_behind(rain: RainLine) -> None:
    await rain.commission(order())
    old = rain.tag().dump()
    await rain.update({stub.STEP: INSPECTED})
    rain.tag().load(old)
    result = await rain.verify()
    assert result.verdict is not None
    assert (result.signal.colour, result.verdict.chain) == ("amber", "behind")
