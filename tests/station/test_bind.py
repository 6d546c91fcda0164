"""A tag and the code beside it: one product, or refused with both names; through tears, stops and away devices."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from bind_line import LINK_A1, BindLine, datamatrix, qr
from code_line import gone
from production_line import BASE, GTIN, SECOND_UID, UID, Line, order
from rain_line import RainLine

from edge import gs1, printed
from gateway.keys import DeviceKey
from gateway.model import CodeRead
from gateway.stations.result import Result

pytestmark = pytest.mark.anyio

A1, B2 = f"{GTIN:014d}/A1", f"{GTIN:014d}/B2"


@pytest.fixture
async def bench(line: Line) -> BindLine:
    """Tag UID carries product A1."""
    await line.commission(order("A1"))
    line.show(UID)
    return BindLine(line)


def show(bench: BindLine) -> None:
    assert isinstance(bench.line, Line)
    bench.line.show(UID)


async def test_a_tag_and_a_code_of_one_product_are_bound(bench: BindLine) -> None:
    bench.eye.lay(bench.label("A1"))
    result = await bench.bind()
    assert (result.outcome, result.signal.colour, result.product) == ("bound", "green", A1)
    row = bench.line.journal.tail(1)[0]
    assert (row.seq, row.kind, row.uid, row.product) == (result.journal_seq, "bind", UID, A1)
    said = row.content()
    assert (said["outcome"], said["carriers"]) == ("bound", ["qr"])
    assert said["codes"][0]["data"].startswith(LINK_A1.encode())
    assert (said["gtin"], said["serial"], said["link"]) == (f"{GTIN:014d}", "A1", LINK_A1)
    assert bench.kinds()[-3:] == ["verdict", "code", "bind"]


async def test_a_code_without_a_stub_names_the_product_by_itself(bench: BindLine) -> None:
    for code in (
        qr(LINK_A1),
        qr(LINK_A1.replace("https://id.example.com", "https://other.example/a/b")),
        datamatrix(),
        datamatrix(b"010952012345678821A1\x1d10LOT7"),
        CodeRead("eye", b"010952012345678821A1", "]C1", "Code128", 0),
        CodeRead("eye", LINK_A1.encode(), "", "", 0),
    ):
        show(bench)
        bench.eye.lay(code)
        assert (await bench.bind()).outcome == "bound", code


async def test_a_code_of_another_product_is_refused_with_both_names(bench: BindLine) -> None:
    bench.eye.lay(bench.label("B2"))
    result = await bench.bind()
    assert (result.outcome, result.signal.colour) == ("refused", "red")
    assert A1 in result.signal.sentence
    assert B2 in result.signal.sentence
    assert bench.line.last()["outcome"] == "refused"
    assert "bind" not in bench.kinds()


async def test_what_does_not_name_the_tags_item_is_refused_with_the_reason(
    bench: BindLine,
) -> None:
    cases: tuple[tuple[tuple[CodeRead, ...], str], ...] = (
        ((qr(LINK_A1), qr(gs1.link(BASE, GTIN, "B2"))), B2),
        ((CodeRead("eye", b"4006381333931", "]E0", "EAN13", 0),), "4006381333931"),
        ((CodeRead("eye", b"9520123456788", "]E0", "EAN13", 0),), "no code names an item"),
        ((qr("a text of no use"),), "no code names an item: a text of no use"),
        ((qr("https://elsewhere.example/page"),), "no code names an item"),
        ((qr(f"https://id.example.com:8443/01/{GTIN:014d}/21/A1"),), "port 8443"),
        ((qr(LINK_A1.replace("https", "http")),), "must be https"),
        ((qr(f"https://id.example.com@evil.example/01/{GTIN:014d}/21/A1"),), "user-info"),
        ((qr(LINK_A1 + "#s=0oRDoQ"),), "not trusted"),
        ((qr(b"010952012345678921A1", "]Q3"),), "check digit"),
        ((qr(b"\xff\xfe"),), "UTF-8"),
        ((qr(b"A1\x07"),), "control character"),
        ((qr(b"7" * 4296),), "777"),
    )
    for codes, words in cases:
        show(bench)
        bench.eye.lay(*codes)
        result = await bench.bind()
        assert (result.outcome, result.signal.colour) == ("refused", "red"), codes
        assert words in result.signal.sentence
        said = bench.line.journal.tail(1)[0].content()
        assert [each["data"] for each in said["codes"]] == [each.data for each in codes]


async def test_a_stub_of_an_unknown_key_in_the_code_is_refused(bench: BindLine) -> None:
    bench.eye.lay(bench.label("A1", DeviceKey.generate()))
    result = await bench.bind()
    assert result.outcome == "refused"
    assert "the signing key is not in the trust list" in result.signal.sentence


async def test_a_code_with_a_copied_or_bad_stub_counts_beside_a_good_one(bench: BindLine) -> None:
    good = bench.label("A1")
    bench.sight.rules = bench.sight.rules.model_copy(update={"count": 2})
    cases: tuple[tuple[Callable[[str], str], str], ...] = (
        (lambda text: "https://evil.example/#" + text.partition("#")[2], "no hosts are given"),
        (lambda text: text.replace("/01/", "/%30%31/"), "behind AI 01"),
        (lambda text: "https://evil.example/#s=0oRDoQ", "is not trusted"),
        (lambda text: text.replace("id.example.com", "id.example.com:8443"), "port 8443"),
        (lambda text: text + "=", "in base64url or upper-case base32"),
    )
    for change, words in cases:
        show(bench)
        bench.eye.lay(good, qr(change(good.data.decode())))
        result = await bench.bind()
        assert (result.outcome, result.signal.colour) == ("refused", "red"), words
        assert words in result.signal.sentence


async def test_a_stub_behind_any_link_is_taken_where_its_host_is_allowed(line: Line) -> None:
    await line.commission(order("A1"))
    line.show(UID)
    bench = BindLine(line, hosts=("id.example.com",))
    _, _, fragment = bench.label("A1").data.decode().partition("#")
    bench.eye.lay(qr(f"https://id.example.com/p/77#{fragment}"))
    assert (await bench.bind()).outcome == "bound"


async def test_the_tags_own_stub_on_paper_is_refused(bench: BindLine) -> None:
    stub = (await bench.line.verify()).stub
    assert stub is not None
    bench.eye.lay(qr(printed.join(LINK_A1, stub.raw, printed.BASE64URL)))
    show(bench)
    result = await bench.bind()
    assert result.outcome == "refused"
    assert "the tag that it was written for was not asked" in result.signal.sentence


@pytest.mark.parametrize(
    ("rules", "outcome", "words"),
    [
        ({"match": ("https://*",), "count": 2}, "refused", "1 of 2 not of the match list"),
        ({"count": 3, "partial": "no_read"}, "incomplete", "2 of 3 codes"),
    ],
)
async def test_what_the_code_readers_rules_refuse_is_not_bound(
    line: Line, rules: dict[str, Any], outcome: str, words: str
) -> None:
    await line.commission(order("A1"))
    line.show(UID)
    bench = BindLine(line, **rules)
    bench.eye.ends = True
    bench.eye.lay(qr(LINK_A1), datamatrix())
    result = await bench.bind()
    assert result.outcome == outcome
    assert words in result.signal.sentence


async def test_a_host_that_is_not_allowed_is_refused(line: Line) -> None:
    await line.commission(order("A1"))
    line.show(UID)
    bench = BindLine(line, hosts=("other.example",))
    bench.eye.lay(qr(LINK_A1))
    result = await bench.bind()
    assert result.outcome == "refused"
    assert "host id.example.com" in result.signal.sentence


async def test_without_a_code_it_is_incomplete_until_it_is_shown_again(bench: BindLine) -> None:
    result = await bench.bind()
    assert (result.outcome, result.signal.colour) == ("incomplete", "amber")
    row = bench.line.journal.tail(1)[0]
    said = row.content()
    assert (row.kind, said["outcome"], said["carriers"]) == ("bind", "incomplete", [])
    assert list(said["missing"]) == ["code"]
    show(bench)
    bench.eye.lay(qr(LINK_A1))
    assert (await bench.bind()).outcome == "bound"


async def test_a_code_reader_that_is_away_is_incomplete_with_its_trouble(bench: BindLine) -> None:
    bench.eye.away = gone("the camera was unplugged")
    result = await bench.bind()
    assert result.outcome == "incomplete"
    assert "the camera was unplugged" in result.signal.sentence


async def test_a_required_qr_is_not_replaced_by_another_code(bench: BindLine) -> None:
    bench.eye.lay(datamatrix())
    result = await bench.bind(requires=("qr",))
    assert (result.outcome, result.signal.colour) == ("incomplete", "amber")
    assert bench.line.last()["missing"] == {"qr": "no qr among the 1 codes that were read"}
    show(bench)
    bench.eye.lay(datamatrix(), qr(LINK_A1))
    assert (await bench.bind(requires=("qr",))).outcome == "bound"
    assert bench.line.last()["carriers"] == ["datamatrix", "qr"]


async def test_a_scanner_that_tells_no_symbology_is_told_to(bench: BindLine) -> None:
    bench.eye.lay(CodeRead("eye", LINK_A1.encode(), "", "", 0))
    result = await bench.bind(requires=("qr",))
    assert result.outcome == "incomplete"
    assert "let it send AIM identifiers" in result.signal.sentence


async def test_a_tag_that_is_not_green_is_bound_to_nothing(line: Line) -> None:
    await line.commission(order("A1"))
    line.distrust()
    line.post = line.station.post
    line.show(UID)
    bench = BindLine(line)
    bench.eye.lay(qr(LINK_A1))
    result = await bench.bind()
    assert result.outcome == "not_verified"
    assert bench.eye.wants == []


async def test_a_blank_tag_is_refused_where_there_are_no_orders(line: Line) -> None:
    bench = BindLine(line)
    line.show(UID)
    result = await bench.bind()
    assert result.outcome == "refused"
    assert "commission it first" in result.signal.sentence


async def test_a_blank_tag_gets_the_order_that_the_code_names(line: Line) -> None:
    bench = BindLine(line)
    line.show(UID)
    bench.eye.lay(bench.label("B2"))
    result = await bench.bind(order("A1"), order("B2"))
    assert (result.outcome, result.signal.colour, result.product) == ("bound", "green", B2)
    assert bench.kinds() == ["code", "intent", "result", "bind"]
    assert (await line.verify()).product == B2


async def test_a_blank_tag_stays_blank_where_no_single_order_is_named(line: Line) -> None:
    bench = BindLine(line)
    cases: tuple[tuple[tuple[CodeRead, ...], str, str], ...] = (
        ((qr(gs1.link(BASE, GTIN, "C3")),), "refused", f"no order for {GTIN:014d}/C3"),
        ((qr(LINK_A1), qr(gs1.link(BASE, GTIN, "B2"))), "refused", "name 2 orders"),
        ((qr(LINK_A1), qr(gs1.link(BASE, GTIN, "C3"))), "refused", "C3"),
        ((qr(LINK_A1 + "#s=0oRDoQ"),), "refused", "not trusted"),
        ((), "incomplete", "nothing written"),
    )
    for codes, outcome, words in cases:
        line.show(UID)
        bench.eye.lay(*codes)
        result = await bench.bind(order("A1"), order("B2"))
        assert result.outcome == outcome, codes
        assert words in result.signal.sentence
    assert "intent" not in bench.kinds()
    assert (await line.verify()).outcome == "not_verified"


async def test_a_tag_of_another_product_is_not_given_the_codes_order(bench: BindLine) -> None:
    bench.eye.lay(qr(gs1.link(BASE, GTIN, "B2")))
    result = await bench.bind(order("A1"), order("B2"))
    assert result.outcome == "refused"
    assert A1 in result.signal.sentence
    assert B2 in result.signal.sentence


async def test_a_torn_tag_is_finished_and_bound_when_it_is_shown_again(line: Line) -> None:
    bench = BindLine(line)
    bench.eye.lay(qr(LINK_A1))
    line.show(UID)
    line.fault("tear", at=9)
    assert (await bench.bind(order("A1"))).outcome == "torn"
    assert "bind" not in bench.kinds()
    line.show(UID)
    result = await bench.bind(order("A1"))
    assert (result.outcome, result.signal.colour) == ("bound", "green")
    assert bench.kinds()[-3:] == ["result", "code", "bind"]


async def test_what_was_written_before_a_kill_is_bound_when_it_is_shown_again(line: Line) -> None:
    await line.commission(order("A1"))  # and the process was killed before the row "bind"
    bench = BindLine(line)
    bench.eye.lay(qr(LINK_A1))
    line.show(UID)
    assert (await bench.bind(order("A1"))).outcome == "bound"
    assert bench.kinds().count("intent") == 1


async def test_a_product_that_has_its_tag_gets_no_second_one(line: Line) -> None:
    bench = BindLine(line)
    bench.eye.lay(qr(LINK_A1))
    line.show(UID)
    assert (await bench.bind(order("A1"))).outcome == "bound"
    line.show(SECOND_UID)
    result = await bench.bind(order("A1"))
    assert (result.outcome, result.signal.colour) == ("duplicate", "red")


async def test_a_small_tag_is_bound_by_its_link(line: Line) -> None:
    await line.commission(order("A1", base="https://a.test"), chip="ntag213")
    bench = BindLine(line)
    bench.eye.lay(bench.label("A1"))
    line.show(UID, "ntag213")
    result = await bench.bind()
    assert result.outcome == "bound", result
    bench.eye.lay(bench.label("B2"))
    line.show(UID, "ntag213")
    assert (await bench.bind()).outcome == "refused"


async def test_a_web_link_that_is_no_digital_link_is_its_own_product(line: Line) -> None:
    link = "https://id.example.com/p/77"
    await line.commission(replace(order("A1"), link=link))
    bench = BindLine(line)
    bench.eye.lay(qr(link))
    line.show(UID)
    assert (await bench.bind()).outcome == "bound"


async def test_a_rain_tag_is_bound_by_its_stub(rain: RainLine) -> None:
    result: Result = await rain.commission(order("A1"))
    assert result.outcome == "commissioned"
    bench = BindLine(rain)
    bench.eye.lay(bench.label("A1"))
    rain.show()
    assert (await bench.bind()).outcome == "bound"
    assert await rain.reader.target(0.001) is None
    bench.eye.lay(bench.label("B2"))
    rain.show()
    assert (await bench.bind()).outcome == "refused"


async def test_what_an_order_lists_is_asked_of_its_tag_again(line: Line) -> None:
    bench = BindLine(line)
    wanted = replace(order("A1"), carriers=("nfc", "qr"))
    for _ in range(2):  # blank, and then with its passport
        bench.eye.lay(datamatrix())
        line.show(UID)
        result = await bench.bind(wanted)
        assert (result.outcome, result.signal.colour) == ("incomplete", "amber")
    bench.eye.lay(qr(LINK_A1))
    line.show(UID)
    assert (await bench.bind(wanted)).outcome == "bound"


async def test_an_order_for_another_kind_of_tag_is_refused(line: Line) -> None:
    bench = BindLine(line)
    bench.eye.lay(qr(LINK_A1))
    line.show(UID)
    result = await bench.bind(replace(order("A1"), carriers=("rain", "qr")))
    assert result.outcome == "refused"
    assert "its order asks for rain" in result.signal.sentence
