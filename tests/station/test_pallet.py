"""Pallets: what the round brought of many tags in, one list of verdicts and one summary out."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from production_line import GTIN, NOW, order
from rain_line import RainLine
from rain_port import FieldPort

from edge import epc as epcs
from edge import gen2, gen2chips, rainplan, stub
from gateway.config import PalletConfig, ReaderConfig, WindowConfig
from gateway.model import GpiChange, Inventory, Sighting
from gateway.stations.despatch import expected, name_of
from gateway.stations.dock import Answer, Dock, judged_at_once, read_singly, recorded
from gateway.stations.orders import OrderError
from gateway.stations.pallet import Advice, Pallet
from gateway.stations.post import Post
from gateway.stations.result import Result
from gateway.stations.window import Passage
from hwsim.gen2tag import RainTag
from hwsim.rainfield import Heard

pytestmark = pytest.mark.anyio

ENOUGH = 128  # words
GTIN14 = f"{GTIN:014d}"
CHIPS = ("monzax8k", "higgs9", "m730")  # slots, a bare signature, the EPC alone


def sighted(tag: RainTag, words: int = ENOUGH) -> Sighting:
    """What an inventory round that reads the TID and so many words brings of a tag."""
    user = bytes(tag.banks[gen2.USER][: 2 * words])
    return Sighting(tag.epc, tag.tid[:12], 1, -50.0, NOW, pc=tag.pc, user=user)


def passage(*tags: Sighting, outcome: str = "tags", reason: str = "idle") -> Passage:
    return Passage(outcome, reason, NOW - 3.0, NOW, tags)


async def verified(post: Post, of: Passage, advice: Advice | None = None) -> Answer:
    items = await judged_at_once(post, of.tags)
    return await recorded(post, Pallet(tuple(items), of, advice), post.ticks())


async def commissioned(rain: RainLine, serials: str) -> list[RainTag]:
    for n, serial in enumerate(serials):
        result = await rain.commission(order(serial), n, CHIPS[n % len(CHIPS)])
        assert result.outcome == "commissioned"
    return [rain.tag(n) for n in range(len(serials))]


def made(post: Post, number: int, key_of: Post | None = None) -> Sighting:
    """A tag as a round brings it, of a product with this serial, without anyone having written it."""
    chip = gen2chips.by_name("Monza X-8K")
    tid = bytes.fromhex("e2c011502000") + number.to_bytes(6, "big")
    key = (key_of or post).seal().key
    claims = {
        stub.VERSION: 1,
        stub.PRODUCT: [stub.GS1, GTIN, str(number)],
        stub.DIGEST: bytes(32),
        stub.ISSUED_AT: NOW - 100,
        stub.SEQ: 0,
        stub.CARRIER: [stub.RAIN, tid],
    }
    signed = stub.encode(claims, key.alg, key.kid, key.sign)
    epc = epcs.sgtin96(GTIN, str(number), 7).encode()
    image = gen2.Image()
    for place, data in rainplan.commission(chip, image, epc, signed):
        image.put(place, data)
    user = image.run(gen2.place(gen2.USER, 0))[: 2 * ENOUGH]
    return Sighting(epc, tid, 1, -50.0, NOW, user=user)


async def test_a_pallet_is_one_list_of_verdicts_and_one_summary(rain: RainLine) -> None:
    tags = await commissioned(rain, "123456")
    before = rain.journal.head()
    answer = await verified(rain.post, passage(*map(sighted, tags)))
    assert [each.outcome for each in answer.results] == ["verified"] * 6
    assert {each.uid for each in answer.results} == {rain.id(n) for n in range(6)}
    assert answer.summary.outcome == "pallet"
    assert answer.summary.signal.colour == "green"
    assert "6 tags: 6 green, 0 amber, 0 red" in answer.summary.signal.sentence
    rows = rain.journal.after(before, 100)
    assert [row.kind for row in rows] == ["verdict"] * 6 + ["pallet"]
    assert [row.seq for row in rows] == [each.journal_seq for each in answer.results] + [
        answer.summary.journal_seq
    ]
    assert {row.product for row in rows[:2]} == {f"{GTIN14}/1", f"{GTIN14}/2"}
    assert {row.content()["pallet"] for row in rows[:-1]} == {answer.pallet.digest[:16]}
    assert rows[-1].content()["green"] == 6
    assert rows[-1].content()["not_green"] == []


async def test_five_hundred_tags_answer_at_once(rain: RainLine) -> None:
    good = [made(rain.post, n) for n in range(1, 491)]
    copies = [
        made(rain.post, n)._replace(tid=made(rain.post, 600 + n).tid) for n in range(491, 496)
    ]
    torn = [made(rain.post, n)._replace(user=made(rain.post, n).user[:60]) for n in range(496, 501)]
    answer = await verified(rain.post, passage(*good, *copies, *torn))
    pallet = answer.pallet
    assert len(answer.results) == 500
    assert [pallet.count(each) for each in ("green", "amber", "red", "partial")] == [490, 0, 5, 5]
    assert answer.summary.signal.colour == "red"
    body = rain.journal.tail(1)[0].content()
    assert [each["colour"] for each in body["not_green"]] == ["red"] * 5 + ["amber"] * 5
    assert body["not_green"][0]["verdict"]["binding"] == "mismatch"
    assert body["reader"] == "line 1"


async def test_rows_of_green_tags_are_small_and_those_of_others_hold_the_stub(
    rain: RainLine,
) -> None:
    good, bad = made(rain.post, 1), made(rain.post, 2)._replace(tid=made(rain.post, 9).tid)
    await verified(rain.post, passage(good, bad))
    green, red, _ = rain.journal.tail(3)
    assert "stub" not in green.content()
    assert len(green.body) < 400
    assert red.content()["stub"]
    assert red.content()["colour"] == "red"


async def test_a_pallets_row_stays_below_64_kib_whatever_lies_there(rain: RainLine) -> None:
    strange = [
        Sighting(b"\xff" + n.to_bytes(61, "big"), b"", 1, -50.0, NOW, user=bytes(2 * ENOUGH))
        for n in range(2000)
    ]
    advice = Advice(frozenset(f"urn:epc:id:giai:{n:0120d}" for n in range(2000)))
    answer = await verified(rain.post, passage(*strange), advice)
    row = rain.journal.tail(1)[0]
    assert len(row.body) < 65_536
    body = row.content()
    assert (body["missing_count"], body["unexpected_count"], body["tags"]) == (2000, 2000, 2000)
    assert answer.summary.signal.colour == "red"


async def test_the_digest_names_the_pallet_whatever_the_order_of_its_tags(rain: RainLine) -> None:
    tags = [made(rain.post, n) for n in range(1, 4)]
    one = await verified(rain.post, passage(*tags))
    other = await verified(rain.post, passage(*reversed(tags)))
    less = await verified(rain.post, passage(*tags[:2]))
    assert one.pallet.digest == other.pallet.digest != less.pallet.digest


async def test_a_stub_seen_on_a_pallet_is_remembered_as_seen(rain: RainLine) -> None:
    (tag,) = await commissioned(rain, "1")
    old = sighted(tag, 512)
    await rain.update({stub.STEP: 1}, 0)
    answer = await verified(rain.post, passage(sighted(tag, 512)))
    assert answer.results[0].seq == 1
    answer = await verified(rain.post, passage(old))
    assert answer.results[0].signal.colour == "amber"
    assert "later stub" in answer.results[0].signal.sentence


async def test_an_epc_alone_is_judged_by_what_this_gateway_wrote(rain: RainLine) -> None:
    await rain.commission(order("7"), 1, "m730")
    answer = await verified(rain.post, passage(sighted(rain.tag(1))))
    assert answer.results[0].signal.colour == "green"
    assert "memory" in answer.results[0].signal.sentence
    elsewhere = replace(rain.post, journal=None)
    answer = await verified(elsewhere, passage(sighted(rain.tag(1))))
    assert answer.results[0].signal.colour == "red"


async def test_an_epc_of_no_known_scheme_is_recorded_raw(rain: RainLine) -> None:
    raw = Sighting(b"\x99" * 12, made(rain.post, 1).tid, 1, -50.0, NOW, user=bytes(2 * ENOUGH))
    answer = await verified(rain.post, passage(raw))
    assert answer.pallet.items[0].name == "99" * 12
    verdict, pallet = rain.journal.tail(2)
    assert verdict.content()["epc"] == b"\x99" * 12
    assert verdict.product == ""
    assert pallet.content()["not_green"][0]["epc"] == b"\x99" * 12


@pytest.mark.parametrize("words", [0, 4, 8, 32, 80])
async def test_a_tag_of_which_too_little_was_read_is_partial_and_then_read_singly(
    rain: RainLine, words: int
) -> None:
    (tag,) = await commissioned(rain, "1")
    (poor,) = await judged_at_once(rain.post, (sighted(tag, words),))
    assert (poor.outcome, poor.signal.colour) == ("partial", "amber")
    rain.show(0)
    whole = await read_singly(rain.post, poor)
    assert (whole.outcome, whole.signal.colour) == ("verified", "green")
    rain.take()
    assert await read_singly(rain.post, poor) is poor


async def test_a_tag_without_its_tid_is_partial_and_then_read_singly(rain: RainLine) -> None:
    (tag,) = await commissioned(rain, "1")
    (poor,) = await judged_at_once(rain.post, (sighted(tag)._replace(tid=b""),))
    assert poor.outcome == "partial"
    rain.show(0)
    assert (await read_singly(rain.post, poor)).outcome == "verified"


async def test_a_torn_slot_is_read_again_with_the_other_one(rain: RainLine) -> None:
    (tag,) = await commissioned(rain, "1")
    await rain.update({stub.STEP: 1}, 0)
    good = sighted(tag, 512)
    torn = bytearray(good.user)
    at = torn.rindex(b"\xd2\x84")  # the newer stub stands in the second slot
    torn[at + 40] ^= 1
    (poor,) = await judged_at_once(rain.post, (good._replace(user=bytes(torn[: at + 200])),))
    assert poor.outcome == "partial"
    rain.show(0)
    found = (await read_singly(rain.post, poor)).seen.stub
    written = rain.journal.last_result(f"{GTIN14}/1")
    assert found is not None and written is not None
    assert found.raw == written.content()["stub"]


async def test_what_was_expected_is_held_against_what_is_there(rain: RainLine) -> None:
    tags = [made(rain.post, n) for n in (1, 2, 3)]
    advice = Advice(frozenset({f"{GTIN14}/1", f"{GTIN14}/2", f"{GTIN14}/9"}))
    answer = await verified(rain.post, passage(*tags), advice)
    assert answer.pallet.missing == [f"{GTIN14}/9"]
    assert answer.pallet.unexpected == [f"{GTIN14}/3"]
    assert answer.summary.signal.colour == "red"
    assert f"1 missing ({GTIN14}/9), 1 unexpected ({GTIN14}/3)" in answer.summary.signal.sentence
    body = rain.journal.tail(1)[0].content()
    assert (body["expected"], body["missing"], body["unexpected_count"]) == (
        3,
        [f"{GTIN14}/9"],
        1,
    )


async def test_two_tags_of_one_product_are_one_too_many(rain: RainLine) -> None:
    copy = made(rain.post, 1)._replace(tid=made(rain.post, 9).tid)
    advice = Advice(frozenset({f"{GTIN14}/1"}))
    answer = await verified(rain.post, passage(made(rain.post, 1), copy), advice)
    assert answer.pallet.unexpected == [f"{GTIN14}/1"]


async def test_a_pallet_that_was_not_seen_to_its_end_is_not_green(rain: RainLine) -> None:
    broken = passage(made(rain.post, 1), outcome="broken", reason="reader")
    answer = await verified(rain.post, broken)
    assert answer.summary.signal.colour == "amber"
    assert "reader" in answer.summary.signal.sentence


class PalletPort(FieldPort):
    """A field whose round brings words, too, and whose light barrier a test moves."""

    words = ENOUGH
    changes: list[GpiChange]

    def _sighting(self, heard: Heard, antenna: int) -> Sighting:
        user = bytes(heard.tag.banks[gen2.USER][: 2 * self.words])
        return super()._sighting(heard, antenna)._replace(user=user, seen_at=self.clock())

    async def watch(self, want: Inventory) -> AsyncGenerator[list[Sighting | GpiChange], None]:
        if self.changes:
            told, self.changes = self.changes, []
            yield list(told)
        async for report in super().watch(want):
            yield report


def dock(rain: RainLine, window: bool = False, **rules: object) -> Dock:
    """A dock before the line's field; its clock runs with each look."""
    rain.port.__class__ = PalletPort
    port = rain.port
    assert isinstance(port, PalletPort)
    port.changes = []
    port.clock = lambda: NOW + port.ticks_s  # type: ignore[attr-defined]
    rain.at(now=port.clock)  # type: ignore[attr-defined]
    reader = ReaderConfig(
        name="line 1".replace(" ", "-"),
        url="llrp://host",
        job="pallet",
        window=WindowConfig(gpi=1) if window else None,
        pallet=PalletConfig(**rules),  # type: ignore[arg-type]
    )
    return Dock(rain.post, reader)


async def results(of: Dock, count: int) -> list[Result]:
    found = []
    async with asyncio.timeout(20):
        run = of.run()
        async for result in run:
            found.append(result)
            if len(found) == count:
                break
        await run.aclose()  # type: ignore[attr-defined]
    return found


async def test_a_dock_verifies_what_lies_there_once(rain: RainLine, tmp_path: Path) -> None:
    await commissioned(rain, "123")
    advice = tmp_path / "advice.csv"
    advice.write_text(f"gtin,serial\n{GTIN14},1\n{GTIN14},2\n{GTIN14},3\n")
    station = dock(rain, expected=advice)
    for n in range(3):
        rain.add(n, CHIPS[n])
    found = await results(station, 4)
    assert [each.outcome for each in found] == ["verified"] * 3 + ["pallet"]
    assert found[-1].signal.colour == "green"
    assert "0 missing, 0 unexpected" in found[-1].signal.sentence
    assert station.sightings >= 3


async def test_a_dock_reads_singly_what_the_round_did_not_bring(rain: RainLine) -> None:
    await commissioned(rain, "12")
    station = dock(rain)
    assert isinstance(rain.port, PalletPort)
    rain.port.words = 8
    for n in range(2):
        rain.add(n, CHIPS[n])
    found = await results(station, 3)
    assert [each.outcome for each in found] == ["verified", "verified", "pallet"]


async def test_an_advice_that_cannot_be_read_is_told_and_the_tags_are_verified(
    rain: RainLine, tmp_path: Path
) -> None:
    await commissioned(rain, "1")
    station = dock(rain, expected=tmp_path / "none.csv")
    rain.add(0)
    found = await results(station, 2)
    assert found[0].signal.colour == "green"
    assert found[1].signal.colour == "amber"
    assert "none.csv" in found[1].signal.sentence


async def test_a_pallet_through_a_light_barrier_without_a_tag_is_told(rain: RainLine) -> None:
    station = dock(rain, window=True)
    assert isinstance(rain.port, PalletPort)
    rain.port.changes += [GpiChange(1, True, NOW), GpiChange(1, False, NOW + 1.0)]
    (empty,) = await results(station, 1)
    assert (empty.outcome, empty.signal.colour) == ("empty", "red")
    row = rain.journal.tail(1)[0]
    assert (row.kind, row.content()["outcome"], row.content()["gpi"]) == ("window", "empty", 1)
    assert row.seq == empty.journal_seq


SGTIN = epcs.sgtin96(GTIN, "17", 7)
SSCC = epcs.sscc96("095201234567891235", 7)


@pytest.mark.parametrize(
    "text",
    [
        f"epc\n{SGTIN.encode().hex()}\n",
        f"EPC , note\n{SGTIN.uri},x\n",
        f"\ufeffepc\r\n{SGTIN.tag_uri}\r\n\r\n",
        f"epc\nhttps://id.example.com/01/{GTIN14}/21/17\n",
        f"serial,gtin\n17,{GTIN}\n",
        f"epc\n{epcs.sgtin_plus(GTIN, '17').encode().hex().upper()}\n",
    ],
)
def test_a_despatch_advice_names_a_product_in_many_ways(text: str) -> None:
    assert expected(text.encode()) == {f"{GTIN14}/17"}


def test_other_epcs_are_named_by_their_pure_identity_and_unknown_ones_in_hex() -> None:
    assert expected(f"epc\n{SSCC.encode().hex()}\n{SSCC.uri}\n".encode()) == {SSCC.uri}
    assert name_of(SSCC.encode()) == SSCC.uri
    assert expected(b"epc\n9999\n") == {"9999"} == {name_of(b"\x99\x99")}


@pytest.mark.parametrize(
    ("raw", "row", "column"),
    [
        (b"", 0, "gtin"),
        (b"gtin\n1\n", 0, "serial"),
        (b"\xff", 0, ""),
        (b"gtin,serial\n09520123456788,1\n09520123456789,1\n", 2, "gtin"),
        (b"gtin,serial\n09520123456788,\n", 1, "serial"),
        (b"gtin,serial\n09520123456788\n", 1, ""),
        (b"epc\nxyz\n", 1, "epc"),
        (b"epc\nurn:epc:tag:sgtin-96:9.x\n", 1, "epc"),
        (b'epc\n"\n', 0, ""),
    ],
)
def test_what_is_no_despatch_advice_is_refused_with_its_place(
    raw: bytes, row: int, column: str
) -> None:
    with pytest.raises(OrderError) as caught:
        expected(raw)
    assert (caught.value.row, caught.value.column) == (row, column)


@given(
    st.one_of(
        st.binary(max_size=200),
        st.text('epcgtinsral,;:\n"0123456789abf/%.', max_size=120).map(str.encode),
        st.binary(min_size=1, max_size=30).map(lambda raw: b"epc\n" + raw.hex().encode()),
        st.text(max_size=40).map(lambda text: f"epc\nurn:epc:id:sgtin:{text}\n".encode()),
        st.text(max_size=40).map(lambda text: f"epc\nhttps://{text}\n".encode()),
    )
)
def test_any_bytes_are_an_advice_or_refused_with_our_own_error(raw: bytes) -> None:
    try:
        names = expected(raw)
    except OrderError:
        return
    assert all(isinstance(name, str) for name in names)


def test_a_number_of_another_system_is_named_by_its_words() -> None:
    assert name_of(SSCC.encode(), 0x3191) == SSCC.encode().hex()
    assert name_of(SSCC.encode(), 0x3000) == SSCC.uri


@given(st.binary(max_size=40))
def test_any_epc_has_a_name(raw: bytes) -> None:
    assert isinstance(name_of(raw), str)
