"""Entries over a scripted tag: which passports go on, and under which keys."""

from scripted import (
    LINK,
    OURS,
    STRANGE,
    THEIRS,
    UID,
    Bench,
    Listed,
    Tag,
    Trust,
    current,
    issued,
    made,
    signer,
)

from edge import carrier, cose, slots, stub
from reader import entry


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
    intent, result = bench.outbox.body(0), bench.outbox.body(1)
    assert (result["intent"], result["slot"], result["code"]) == (0, 1, "R12")
    assert (result["pages_written"], result["mode"]) == (len(tag.writes), "repaired")
    assert intent["stub"] == result["stub"] == found.raw
    assert result["verdict"]["chain"] == "follows" and not result["repaired"]


def test_entry_after_entry_the_slots_take_turns():
    bench = Bench(issued())
    for seq in (1, 2, 3):
        assert receive(bench) == "DONE"
        bench.outbox.kept.clear()
        found, colour = current(bench)
        assert (colour, found.seq) == ("green", seq)
        at = [slot for slot, raw in slots_of(bench.tag) if raw == found.raw]
        assert at == [seq % 2]


def test_an_operator_that_the_trust_list_names_is_not_repeated():
    bench = Bench(issued())
    bench.trust = Trust(Listed(OURS, operator="us"), Listed(THEIRS))
    assert receive(bench) == "DONE"
    assert stub.OPERATOR not in current(bench)[0].claims


def test_what_is_not_green_is_never_extended():
    first = made(0)
    for make in (
        lambda: issued(key=STRANGE),
        lambda: issued(uid=UID[:-1] + b"\x00"),
        lambda: issued(issued_at=1890000000).update(1, made(1, made(0, key=STRANGE))),
        lambda: Tag().commission(first[:-1] + b"\x00"),
        lambda: Tag().commission(first).update(1, made(1, first, STRANGE)),
        lambda: Tag().commission(first, LINK + "7"),
        Tag,
        lambda: Tag("MF0UL21"),
    ):
        refused(Bench(make()), "NO")


def refused(bench, word):
    before = bytes(bench.tag.memory)
    assert receive(bench) == word
    assert bytes(bench.tag.memory) == before and not bench.tag.writes
    assert bench.outbox.kinds() == ["refused"]
    return bench.outbox.body()["reason"]


def test_the_own_key_must_be_one_that_readers_trust():
    for row in (Listed(OURS, revoked_since=5), Listed(OURS, roles=("updater",)), Listed(STRANGE),
                Listed(OURS, gtin_prefixes=("9506",)), Listed(OURS, valid_to=5)):  # fmt: skip
        bench = Bench(issued())
        bench.trust = Trust(row, Listed(THEIRS))
        assert "key" in refused(bench, "NO")
    bench = Bench(issued())
    bench.trust = Trust(Listed(THEIRS))
    assert refused(bench, "NO") == "this handheld's key is not in the trust list"
    bench = Bench(issued())
    bench.trust.not_after = 5
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


def slots_of(tag):
    return carrier.carrier(tag.image(), tag.uid).stubs
