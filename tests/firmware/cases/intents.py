"""What a write leaves open: nobody else's order, no other's stub, and never under a key that is no longer trusted."""

from expect import folder, raises
from scripted import (
    OURS,
    STRANGE,
    THEIRS,
    UID,
    Bench,
    Listed,
    Power,
    Tag,
    Trust,
    current,
    issued,
    made,
)

from reader import entry
from reader.errors import TagRefused
from reader.outbox import Outbox

HEAP = "96k"  # two tags and two benches

ORDERS = [
    (
        "https://id.example.com/01/09520123456788/21/" + serial,
        {1: [0, 9520123456788, serial], 3: bytes(32), 10: 0},
    )
    for serial in ("B7", "B8")
]


def receive(bench):
    return bench.run(entry.write_entry(bench, "received")).screen.word


def formatted(bench):
    return bench.run(entry.format_tag(bench)).screen.word


def torn(bench, job, at=5):
    bench.tag.tear = at
    assert job(bench) == "AGAIN"
    bench.tag.tear, bench.tag.is_there = None, True


def test_no_entry_is_finished_that_readers_would_not_trust():
    for count in (2, 1):
        bench = Bench(issued(count))
        torn(bench, receive)
        before = bytes(bench.tag.memory)
        trust = bench.trust
        bench.trust = Trust(Listed(OURS, revoked_since=5), Listed(THEIRS))
        assert receive(bench) == "NO" and bytes(bench.tag.memory) == before
        assert "revoked" in bench.outbox.body()["reason"] and bench.outbox.open_intent(UID)
        bench.trust = trust
        assert receive(bench) == "DONE" and current(bench)[0].seq == 1


def test_what_another_wrote_since_under_an_unknown_key_is_let_alone():
    for count in (2, 1):
        bench = Bench(issued(count))
        torn(bench, receive)
        if count == 2:
            bench.tag.update(1, made(1, made(0), STRANGE))
        else:
            bench.tag.memory[:] = (
                Tag().commission(made(2, made(1, made(0)), STRANGE), count=1).memory
            )
        before = bytes(bench.tag.memory)
        assert receive(bench) == "NO" and bytes(bench.tag.memory) == before
        assert bench.outbox.kinds() == ["intent", "void", "refused"]


class Deaf(Tag):
    """The reader never hears that its first page was written."""

    def write(self, page, data):
        super().write(page, data)
        if len(self.writes) < 3:
            raise TagRefused("no answer", page)


def test_a_page_that_was_written_after_all_is_no_refusal():
    tag = Deaf()
    tag.commission(made(0), count=1)
    bench = Bench(tag)
    for word in ("AGAIN", "AGAIN", "DONE"):
        assert receive(bench) == word
    assert bench.outbox.kinds() == ["intent", "result"] and current(bench)[0].seq == 1


def test_an_order_that_was_begun_is_no_other_tags():
    for power in (None, 0):
        bench = Bench(Tag(), orders=ORDERS)
        bench.power = power
        if power is None:
            torn(bench, formatted, 0)
        else:
            raises(Power, formatted, bench)
            bench.power = None
        first = bench.tag
        bench.tag = Tag("NTAG215", UID[:-1] + b"\x01")
        assert formatted(bench) == "DONE" and current(bench)[0].product[2] == "B8"
        bench.tag = first
        assert formatted(bench) == "DONE" and current(bench)[0].product[2] == "B7"


def test_an_order_that_a_tag_refused_is_the_next_tags():
    bench = Bench(Tag(), orders=ORDERS)
    bench.tag.refuses = range(256)
    assert formatted(bench) == "NO"
    bench.tag = Tag("NTAG215", UID[:-1] + b"\x01")
    assert formatted(bench) == "DONE" and current(bench)[0].product[2] == "B7"


class Clock:
    synced = False

    def ms(self):
        return 0


def test_the_log_knows_what_is_begun_until_it_is_void():
    outbox = Outbox(folder(), lambda n: bytes(n))
    seq = outbox.append("intent", UID, "B7", {"order": 3, "seq": 0}, Clock())
    assert outbox.known_seq("B7") == 0
    outbox.append("void", UID, "B7", {"intent": seq}, Clock())
    assert outbox.known_seq("B7") is None
    outbox.append("result", UID, "B7", {"seq": 4}, Clock())
    outbox.append("intent", UID, "B7", {"order": 3, "seq": 0}, Clock())
    outbox.append("void", UID, "B7", {"intent": 3}, Clock())
    assert outbox.known_seq("B7") == 4
