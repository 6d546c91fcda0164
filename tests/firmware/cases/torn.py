"""Writes that were torn at every page, by a tag that leaves or a battery that does; finished at the next sight."""

import binascii
import sys

from scripted import UID, Bench, Power, Tag, current, issued, made

from edge import carrier, stub
from reader import entry

EACH = 1 if sys.implementation.name == "cpython" else 17  # of the writes
CLAIMS = {1: [0, 9520123456788, "B7"], 3: bytes(32), 10: 0, 11: {10: 27}}
ORDER = ("https://id.example.com/01/09520123456788/21/B7", CLAIMS)


def receiving(bench):
    return entry.write_entry(bench, "received")


def receive(bench, which="received", code=""):
    result = bench.run(entry.write_entry(bench, which, code))
    return result and result.screen.word


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
    assert bench.outbox.body()["repaired"] and not bench.outbox.open_intent(UID)


def each_tear(tag, job, check):
    """Carry out `job` on `tag()` for each of its writes, torn there, and `check` it; the memory ends as untorn."""
    bench = Bench(tag(), orders=(ORDER,))
    assert bench.run(job(bench)).screen.word == "DONE"
    writes = len(bench.tag.writes)
    wanted = binascii.crc32(bench.tag.memory)
    bench = None
    masks = (None, 0, 0xFF, 0x0F, 0xAA)
    tears = [(at, masks[at // EACH % 5]) for at in range(0, writes, EACH)]
    for at, mask in tears + [(writes - 1, mask) for mask in masks]:
        assert check(tag(), at, mask) == wanted, at


def test_a_torn_entry_leaves_the_current_stub_and_is_finished():
    def check(tag, at, mask):
        bench = Bench(tag)
        torn(bench, lambda: receiving(bench), at, mask)
        assert current(bench)[1] == "green" and (at > 30 or not current(bench)[0].seq), at
        finished(bench, lambda: entry.write_entry(bench, "repaired"))
        assert current(bench)[0].claims[stub.STEP] == 3
        return binascii.crc32(tag.memory)

    each_tear(issued, receiving, check)


def test_a_torn_tag_with_one_slot_is_finished():
    def check(tag, at, mask):
        bench = Bench(tag)
        torn(bench, lambda: receiving(bench), at, mask)
        finished(bench, lambda: receiving(bench))
        assert slots_of(tag) == [(0, current(bench)[0].raw)] and current(bench)[0].seq == 1
        return binascii.crc32(tag.memory)

    each_tear(lambda: issued(1), receiving, check)


def test_a_torn_format_is_finished_with_the_same_stub():
    def check(tag, at, mask):
        bench = Bench(tag, orders=(ORDER,))
        torn(bench, lambda: entry.format_tag(bench), at, mask)
        assert bench.orders.taken == (1 if at else 0)
        finished(bench, lambda: entry.format_tag(bench))
        assert bench.orders.taken == 1 and current(bench)[1] == "green"
        assert current(bench)[0].raw == bench.outbox.body(0)["stub"]
        return binascii.crc32(tag.memory)

    each_tear(Tag, entry.format_tag, check)


def test_an_intent_is_void_where_another_wrote_since():
    bench = Bench(issued())
    torn(bench, lambda: receiving(bench), 5, 0)
    bench.tag.update(1, made(1, made(0)))
    assert receive(bench) == "DONE"
    assert bench.outbox.kinds() == ["intent", "void", "intent", "result"]
    assert current(bench)[0].seq == 2
    bench = Bench(issued())
    torn(bench, lambda: receiving(bench), 5, 0)
    bench.tag.memory[:] = Tag().memory
    assert receive(bench) == "NO"
    assert bench.outbox.kinds() == ["intent", "void", "refused"] and current(bench)[0] is None


def test_foreign_content_on_a_torn_tag_is_left_untouched():
    bench = Bench(issued(1))
    torn(bench, lambda: receiving(bench), 5, 0)
    bench.tag.memory[16:32] = b"\x03\x0c\xd1\x01\x08T\x02enHello!\xfe"[:16]
    before = bytes(bench.tag.memory)
    assert receive(bench) == "NO"
    assert bytes(bench.tag.memory) == before
    assert bench.outbox.kinds() == ["intent", "void", "refused"]


def slots_of(tag):
    return carrier.carrier(tag.image(), tag.uid).stubs
