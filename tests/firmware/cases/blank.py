"""Orders onto blank tags, and what is no blank tag."""

import sys

from scripted import STRANGE, UID, Bench, Tag, current, issued, made

from edge import stub
from reader import entry

CLAIMS = {1: [0, 9520123456788, "B7"], 3: bytes(32), 10: 0, 11: {10: 27}}
LINK = "https://id.example.com/01/09520123456788/21/"
ORDER = (LINK + "B7", CLAIMS)


def test_orders_go_onto_blank_tags():
    for name in ("NTAG215", "NTAG216")[: 2 if sys.implementation.name == "cpython" else 1]:
        bench = Bench(Tag(name), orders=(ORDER,))
        assert bench.run(entry.format_tag(bench)).screen.word == "DONE"
        found, colour = current(bench)
        assert (colour, found.seq, found.product) == ("green", 0, CLAIMS[1])
        assert found.claims[stub.TOTALS] == {10: 27} and bench.orders.taken == 1
        assert bench.outbox.body()["order"] == 0
        bench.tag = Tag(uid=UID[:-1] + b"\x01")
        assert bench.run(entry.format_tag(bench)).screen.word == "NO"
        assert "order" in bench.outbox.body()["reason"] and not bench.tag.writes


def test_an_unformatted_tag_gets_its_cc_and_its_refusal_where_it_is_too_small():
    bench = Bench(Tag("MF0UL21"), orders=(ORDER,))
    assert bench.run(entry.format_tag(bench)).screen.word == "NO"
    assert "too many" in bench.outbox.body()["reason"] and bench.orders.taken == 0
    tag = Tag("NTAG215")
    tag.memory[12:24] = bytes(12)
    bench = Bench(tag, orders=(ORDER,))
    assert bench.run(entry.format_tag(bench)).screen.word == "DONE"
    assert current(bench)[1] == "green"


def test_an_order_whose_product_was_written_is_passed_over():
    bench = Bench(
        Tag(),
        orders=(
            ORDER,
            ("https://example.com/01/09520123456788/21/C", {1: [0, 9520123456788, "C"]}),
        ),
    )
    bench.outbox.append("result", bytes(7), "09520123456788/B7", {"seq": 0})
    assert bench.run(entry.format_tag(bench)).screen.word == "DONE"
    assert bench.orders.taken == 2 and current(bench)[0].product[2] == "C"


def test_foreign_tags_are_not_formatted():
    unformatted = Tag("MF0UL21")
    unformatted.memory[80] = 1
    text = Tag()
    text.memory[16:28] = b"\x03\x08\xd1\x01\x04T\x02enA\xfe\x00"
    for tag in (
        unformatted,
        text,
        issued(),
        issued(key=STRANGE),
        Tag().commission(made(0)[:-1] + b"\x00"),
    ):
        bench = Bench(tag, orders=(ORDER,))
        before = bytes(tag.memory)
        assert bench.run(entry.format_tag(bench)).screen.word == "NO"
        assert bytes(tag.memory) == before and not tag.writes and bench.orders.taken == 0
