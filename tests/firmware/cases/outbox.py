"""The outbox: durable in order, trimmed by acknowledgements alone, its open intents and known seqs kept."""

from expect import folder, raises

from edge import cbor
from reader import files, segments
from reader.errors import FlashFull
from reader.outbox import Outbox

UID = bytes.fromhex("04a1b2c3d4e5f6")


class Clock:
    synced = False

    def ms(self):
        return 5

    def now(self):
        return 1_800_000_000


CLOCK = Clock()


def random(count):
    return bytes(range(count))


def fill(outbox, count, size=200):
    for n in range(count):
        outbox.append(
            "verdict", UID, f"p{outbox.next % 100}", {"seen_seq": n, "x": bytes(size)}, CLOCK
        )


def all_of(outbox, first=1):
    found = []
    while True:
        some = outbox.read(first, 1200)
        if not some:
            return found
        found += [seq for seq, _ in some]
        first = found[-1] + 1


def test_a_record_says_when_and_whose_it_is():
    outbox = Outbox(folder(), random, 9)
    assert outbox.append("verdict", UID, "p", {"a": 1}, CLOCK) == 1
    clock = Clock()
    clock.synced = True
    assert outbox.append("void", UID, "", {}, clock) == 2
    assert [cbor.decode(data) for _, data in outbox.read(1, 4096)] == [
        [1, 9, 5, None, "verdict", UID, "p", {"a": 1}],
        [2, 9, 5, 1_800_000_000, "void", UID, "", {}],
    ]
    assert outbox.epoch == b"\x00\x01\x02\x03"


def test_all_is_read_in_order_over_many_segments_and_starts():
    data = folder()
    for boot in range(3):
        outbox = Outbox(data, random, boot)
        fill(outbox, 80)
    assert len(segments.starts(data)) > 2
    for each in (outbox, Outbox(data, random, 4)):
        assert all_of(each) == list(range(1, 241))
        assert all_of(each, 100) == list(range(100, 241))
        assert [seq for seq, _ in each.read(50, 1)] == [50]
        assert each.read(241, 1000) == []
        assert (each.first, each.next, each.waiting) == (1, 241, 240)


def test_segments_go_when_all_in_them_is_acknowledged():
    data = folder()
    outbox = Outbox(data, random)
    fill(outbox, 150)
    outbox.acknowledged(60)
    assert outbox.waiting == 90 and outbox.first == 1
    outbox.acknowledged(30)
    assert outbox.waiting == 90
    outbox.acknowledged(1000)
    assert outbox.waiting == 0 and len(segments.starts(data)) == 1
    again = Outbox(data, random)
    assert (again.waiting, again.next, again.acked) == (0, 151, 150)
    assert again.append("verdict", UID, "p", {}, CLOCK) == 151
    assert [seq for seq, _ in again.read(again.acked + 1, 4096)] == [151]


def test_a_log_that_is_prepared_is_as_it_was_until_the_next_record():
    data = folder()
    outbox = Outbox(data, random)
    outbox.prepare()
    fill(outbox, 3)
    for n in range(3, 150):
        outbox.prepare()
        outbox.prepare()
        if n % 40 == 0:
            assert all_of(outbox) == all_of(Outbox(data, random)) == list(range(1, n + 1))
        fill(outbox, 1)
    assert all_of(Outbox(data, random)) == list(range(1, 151))
    outbox.prepare()
    outbox.acknowledged(150)
    again = Outbox(data, random)
    assert (again.waiting, again.next, len(segments.starts(data))) == (0, 151, 1)


def test_what_is_torn_off_at_the_end_was_never_there():
    for cut in (1, 5, 6, 100, 229):
        data = folder()
        outbox = Outbox(data, random)
        fill(outbox, 3)
        path = data + "/" + f"{segments.starts(data)[0]:08x}"
        files.write(path, (files.read(path)[:-cut],))
        outbox = Outbox(data, random)
        assert outbox.next == 3
        fill(outbox, 2)
        assert all_of(Outbox(data, random)) == [1, 2, 3, 4]


def test_a_segment_torn_in_its_making_leaves_the_one_before():
    data = folder()
    fill(Outbox(data, random), 3)
    files.write(data + "/00000004", (b"\x00\x10torn",))
    outbox = Outbox(data, random)
    fill(outbox, 1)
    assert all_of(outbox) == [1, 2, 3, 4]


def test_an_intent_is_open_until_its_result_whatever_is_trimmed():
    data = folder()
    outbox = Outbox(data, random)
    other = bytes(7)
    first = outbox.append("intent", UID, "p", {"stub": b"first"}, CLOCK)
    second = outbox.append("intent", other, "p", {"stub": b"second"}, CLOCK)
    for _ in range(3):
        fill(outbox, 80)
        outbox.acknowledged(outbox.next - 1)
        outbox = Outbox(data, random)
        assert outbox.open_intent(UID) == (first, {"stub": b"first"})
    assert len(segments.starts(data)) <= 2 and all_of(outbox)[0] > second
    outbox.append("result", UID, "p", {"intent": first, "seq": 7}, CLOCK)
    outbox.append("void", other, "p", {"intent": second}, CLOCK)
    for each in (outbox, Outbox(data, random)):
        assert each.open_intent(UID) is None and each.open_intent(other) is None
        assert each.known_seq("p") == 7


def test_of_many_open_intents_none_goes_that_no_gateway_has():
    outbox = Outbox(folder(), random)
    for n in range(16):
        outbox.append("intent", bytes((n,)), "", {"n": n}, CLOCK)
    assert "unfinished" in raises(FlashFull, outbox.append, "intent", b"x", "", {}, CLOCK)
    outbox.acknowledged(1)
    outbox.append("intent", b"x", "", {}, CLOCK)
    assert outbox.open_intent(b"\x00") is None and outbox.open_intent(b"\x01") is not None


def test_the_newest_seq_of_a_product_is_known_over_a_start():
    data = folder()
    outbox = Outbox(data, random)
    for n in range(120):
        outbox.append("verdict", UID, f"p{n}", {"seen_seq": n}, CLOCK)
    outbox.append("verdict", UID, "p119", {"seen_seq": 3}, CLOCK)
    outbox.append("result", UID, "p118", {"seq": 500}, CLOCK)
    for each in (outbox, Outbox(data, random)):
        assert each.known_seq("p119") == 119 and each.known_seq("p118") == 500
        assert each.known_seq("p60") == 60 and each.known_seq("p3") is None


def test_an_order_that_was_begun_stays_its_tags_whatever_came_since():
    data = folder()
    outbox = Outbox(data, random)
    begun = outbox.append("intent", UID, "torn", {"order": 1}, CLOCK)
    for n in range(100):
        outbox.append("result", bytes(7), f"p{n}", {"seq": 0}, CLOCK)
    for each in (outbox, Outbox(data, random)):
        assert each.known_seq("torn") == 0 and each.known_seq("p3") is None
    outbox.append("void", UID, "torn", {"intent": begun}, CLOCK)
    for each in (outbox, Outbox(data, random)):
        assert each.known_seq("torn") is None


def test_a_full_log_says_so_and_loses_nothing():
    data = folder()
    outbox = Outbox(data, random, 0, 48)
    said = raises(FlashFull, fill, outbox, 10000)
    count = outbox.next - 1
    assert said == f"log full: {count} records wait for a gateway"
    assert all_of(Outbox(data, random, 0, 48)) == list(range(1, count + 1))
    outbox.acknowledged(count // 2)
    fill(outbox, 5)
    assert outbox.next == count + 6
    raises(ValueError, outbox.append, "verdict", UID, "", {"x": bytes(1800)}, CLOCK)


def test_a_full_log_leaves_room_for_the_result_of_an_intent():
    outbox = Outbox(folder(), random, 0, 48)
    while True:
        try:
            seq = outbox.append("intent", UID, "", {"x": bytes(1500)}, CLOCK)
        except FlashFull:
            break
        outbox.append("result", UID, "", {"intent": seq, "x": bytes(1500)}, CLOCK)
    assert outbox.open_intent(UID) is None
