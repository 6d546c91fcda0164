"""Entries and orders over a scripted tag, torn at every write."""

import random
import sys

from scripted import OURS, STRANGE, THEIRS, UID, Bench, Power, Tag, made, signer
from scripted import entry as listed

from edge import cose, slots, stub
from edge.trust import TrustList
from reader import entry, jobs
from reader.errors import DeviceTrouble, TagRefused

EACH = 1 if sys.implementation.name == "cpython" else 5  # of the writes
CLAIMS = {1: [0, 9520123456788, "B7"], 3: bytes(32), 10: 0, 11: {10: 27}}
ORDER = ("https://id.example.com/01/09520123456788/21/B7", CLAIMS)


def issued(count=2, **more):
    return Tag().commission(made(0, **more), count=count)


def current(bench):
    """The stub that a reader finds on the tag, and the colour of its verdict."""
    bench.tag.is_there = True
    result = bench.run(jobs.look(bench, bench.tag.uid, jobs.Checks(bench.trust)))
    return result.stub, result.verdict and result.verdict.colour()


def receive(bench, which="received", code=""):
    result = bench.run(entry.write_entry(bench, which, code))
    return result and result.screen.word


def test_an_entry_goes_on_with_the_chain_in_the_other_slot():
    tag = issued(operator="them", totals={10: 5})
    first = made(0, operator="them", totals={10: 5})
    bench = Bench(tag)
    assert receive(bench, "repaired", "R12") == "DONE"
    found, colour = current(bench)
    assert (colour, found.seq, found.prev) == ("green", 1, stub.link16(first))
    assert (found.claims[stub.STEP], found.claims[stub.OPERATOR]) == (4, "us")
    assert found.claims[stub.TOTALS] == {10: 5} and found.carrier == (1, UID)
    assert found.issued_at == bench.clock.now() and found.kid == cose.kid(OURS)
    assert bench.outbox.kinds() == ["intent", "result"]
    intent, result = [each[4] for each in bench.outbox.records]
    assert (result["intent"], result["slot"], result["code"]) == (0, 1, "R12")
    assert (result["pages_written"], result["mode"]) == (len(tag.writes), "repaired")
    assert intent["stub"] == result["stub"] == found.raw
    assert result["verdict"]["chain"] == "follows" and not result["repaired"]
    assert receive(bench) == "DONE" and current(bench)[0].seq == 2
    assert dict(slots_of(tag)) == {0: current(bench)[0].raw, 1: found.raw}


def slots_of(tag):
    from edge import carrier

    return carrier.carrier(tag.image(), tag.uid).stubs


def test_an_operator_that_the_trust_list_names_is_not_repeated():
    bench = Bench(issued())
    bench.trust = TrustList(1, 0, 1900000000, (listed(OURS, operator="us"), listed(THEIRS)))
    assert receive(bench) == "DONE"
    assert stub.OPERATOR not in current(bench)[0].claims


def torn(bench, job, at, mask):
    """Carry out `job`, whose write number `at` is torn, or (mask None) comes after the power was lost."""
    if mask is not None:
        bench.tag.tear, bench.tag.mask = at, mask
        result = bench.run(job())
        assert (result.screen.word, result.screen.tone) == ("AGAIN", "fault"), at
    else:
        bench.power = at
        try:
            bench.run(job())
            raise AssertionError(at)
        except Power:
            bench.power = None
    bench.tag.is_there = True
    bench.tag.tear = None


def finished(bench, job):
    """Show the torn tag again, twice."""
    kinds = bench.outbox.kinds()
    result = bench.run(job())
    assert result.screen.word == "DONE", result.screen.lines
    assert bench.outbox.kinds()[len(kinds) :] == ["result"]
    assert bench.outbox.records[-1][4]["repaired"] and not bench.outbox.open_intent(UID)


def each_tear(make, writes, step):
    masks = (None, 0, 0xFF, 0x0F, 0xAA)
    for at in range(0, writes, step):
        yield make(), at, masks[at // step % 5]
    for mask in masks:
        yield make(), writes - 1, mask


def test_a_torn_entry_leaves_the_current_stub_and_is_finished():
    bench = Bench(issued())
    assert receive(bench) == "DONE"
    writes = len(bench.tag.writes)
    wanted = bytes(bench.tag.memory)
    for tag, at, mask in each_tear(issued, writes, EACH):
        bench = Bench(tag)
        torn(bench, lambda: entry.write_entry(bench, "received"), at, mask)  # noqa: B023
        found, colour = current(bench)
        assert colour == "green" and found.seq == (0 if at < writes - 2 else found.seq), at
        finished(bench, lambda: entry.write_entry(bench, "repaired"))  # noqa: B023
        assert bytes(tag.memory) == wanted and current(bench)[0].claims[stub.STEP] == 3


def test_a_torn_tag_with_one_slot_is_finished():
    bench = Bench(issued(1))
    assert receive(bench) == "DONE"
    writes = len(bench.tag.writes)
    wanted = bytes(bench.tag.memory)
    for tag, at, mask in each_tear(lambda: issued(1), writes, EACH):
        bench = Bench(tag)
        torn(bench, lambda: entry.write_entry(bench, "received"), at, mask)  # noqa: B023
        finished(bench, lambda: entry.write_entry(bench, "received"))  # noqa: B023
        assert current(bench)[0].seq == 1
        assert slots_of(tag) == [(0, current(bench)[0].raw)] and bytes(tag.memory) == wanted


def test_what_is_not_green_is_never_extended():
    first = made(0)
    for tag in (
        issued(key=STRANGE),
        issued(uid=UID[:-1] + b"\x00"),
        issued(issued_at=1890000000).update(1, made(1, made(0, key=STRANGE))),
        Tag().commission(first[:-1] + b"\x00"),
        Tag().commission(first).update(1, made(1, first, STRANGE)),
        Tag().commission(made(0), ORDER[0]),
        Tag(),
        Tag("MF0UL21"),
    ):
        refused(Bench(tag), "NO")


def refused(bench, word):
    before = bytes(bench.tag.memory)
    assert receive(bench) == word
    assert bytes(bench.tag.memory) == before and not bench.tag.writes
    assert bench.outbox.kinds() == ["refused"]
    return bench.outbox.records[-1][4]["reason"]


def test_the_own_key_must_be_one_that_readers_trust():
    for row in (listed(OURS, revoked_since=5), listed(OURS, roles=("updater",)), listed(STRANGE),
                listed(OURS, gtin_prefixes=("9506",)), listed(OURS, valid_to=5)):  # fmt: skip
        bench = Bench(issued())
        bench.trust = TrustList(1, 0, 1900000000, (row, listed(THEIRS)))
        assert "key" in refused(bench, "NO")
    bench = Bench(issued())
    bench.trust = TrustList(1, 0, 5, (listed(OURS), listed(THEIRS)))
    assert "out of date" in refused(bench, "NO")
    bench = Bench(issued())
    bench.clock.base = 77
    assert "clock" in refused(bench, "NO")
    bench = Bench(issued())
    bench.key.sign = signer(THEIRS)
    assert "changed" in refused(bench, "NO")


def test_a_locked_tag_is_refused_and_one_that_refuses_is_let_alone():
    tag = issued()
    tag.memory[10:12] = b"\xff\xff"
    layout = slots.layout_of(tag.image())
    assert layout.hint_pages[1] > 15
    tag.memory[130 * 4] = 0xFF
    assert "locked" in refused(Bench(tag), "NO") or "lock bit" in refused(Bench(tag), "NO")
    bench = Bench(issued())
    bench.tag.refuses = range(256)
    assert receive(bench) == "NO"
    assert bench.outbox.kinds() == ["intent", "void"] and not bench.outbox.open_intent(UID)


def test_an_intent_is_void_where_another_wrote_since():
    bench = Bench(issued())
    torn(bench, lambda: entry.write_entry(bench, "received"), 5, 0)
    bench.tag.update(1, made(1, made(0)))
    assert receive(bench) == "DONE"
    assert bench.outbox.kinds() == ["intent", "void", "intent", "result"]
    assert current(bench)[0].seq == 2
    bench = Bench(issued())
    torn(bench, lambda: entry.write_entry(bench, "received"), 5, 0)
    bench.tag.memory[:] = Tag().memory
    assert receive(bench) == "NO"
    assert bench.outbox.kinds() == ["intent", "void", "refused"] and current(bench)[0] is None


def test_orders_go_onto_blank_tags():
    for name in ("NTAG215", "NTAG216"):
        bench = Bench(Tag(name), orders=(ORDER,))
        assert bench.run(entry.format_tag(bench)).screen.word == "DONE"
        found, colour = current(bench)
        assert (colour, found.seq, found.product) == ("green", 0, CLAIMS[1])
        assert found.claims[stub.TOTALS] == {10: 27} and bench.orders.taken == 1
        assert bench.outbox.records[-1][4]["order"] == 0
        bench.tag = Tag(uid=UID[:-1] + b"\x01")
        assert bench.run(entry.format_tag(bench)).screen.word == "NO"
        assert "order" in bench.outbox.records[-1][4]["reason"] and not bench.tag.writes


def test_an_unformatted_tag_gets_its_cc_and_its_refusal_where_it_is_too_small():
    bench = Bench(Tag("MF0UL21"), orders=(ORDER,))
    assert bench.run(entry.format_tag(bench)).screen.word == "NO"
    assert "too many" in bench.outbox.records[-1][4]["reason"] and bench.orders.taken == 0
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


def test_a_torn_format_is_finished_with_the_same_stub():
    bench = Bench(Tag(), orders=(ORDER,))
    bench.run(entry.format_tag(bench))
    writes = len(bench.tag.writes)
    for tag, at, mask in each_tear(Tag, writes, EACH):
        bench = Bench(tag, orders=(ORDER,))
        torn(bench, lambda: entry.format_tag(bench), at, mask)  # noqa: B023
        assert bench.orders.taken == (1 if at else 0)
        finished(bench, lambda: entry.format_tag(bench))  # noqa: B023
        assert bench.orders.taken == 1 and current(bench)[1] == "green"
        assert current(bench)[0].raw == bench.outbox.records[0][4]["stub"]


def test_foreign_content_on_a_torn_tag_is_left_untouched():
    bench = Bench(issued(1))
    torn(bench, lambda: entry.write_entry(bench, "received"), 5, 0)
    bench.tag.memory[16:32] = b"\x03\x0c\xd1\x01\x08T\x02enHello!\xfe"[:16]
    before = bytes(bench.tag.memory)
    assert receive(bench) == "NO"
    assert bytes(bench.tag.memory) == before
    assert bench.outbox.kinds() == ["intent", "void", "refused"]


def test_random_tags_are_written_only_where_they_were_green():
    random.seed(7)
    good = issued()
    for n in range(200 // EACH):
        tag = Tag()
        tag.memory[:] = good.memory
        for _ in range(n % 5):
            tag.memory[8 + random.getrandbits(9) % 400] = random.getrandbits(8)
        tag.refuses = (30, 50) if n % 7 == 0 else ()
        bench = Bench(tag, orders=(ORDER,))
        was_green = current(bench)[1] == "green"
        if n % 3 == 0:
            tag.tear, tag.mask = n, 0x55
        job = entry.format_tag(bench) if n % 4 == 3 else entry.write_entry(bench, "received")
        try:
            assert bench.run(job) is not None
        except DeviceTrouble:
            continue
        assert was_green or not tag.writes or n % 4 == 3
        assert bench.outbox.kinds()[0] in ("intent", "refused")
    assert issubclass(TagRefused, DeviceTrouble)
