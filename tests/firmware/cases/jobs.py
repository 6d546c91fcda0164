"""Verify, batch and locate over a scripted tag."""

from expect import raises
from scripted import LINK, STRANGE, THEIRS, UID, Bench, Listed, Tag, Trust, made, signer

from edge import mini, plan
from reader import batch, jobs
from reader.dedupe import Recent
from reader.errors import FlashFull, ReaderGone, TagGone


def chained():
    first = made(0)
    return Tag().commission(first).update(1, made(1, first))


def told(bench):
    """The screen's word of one verification, and the record's body."""
    result = bench.run(jobs.verify_one(bench))
    return result.screen.word, bench.outbox.body()


def test_a_good_tag_is_green_and_recorded_before_it_is_shown():
    bench = Bench(chained())
    result = bench.run(jobs.verify_one(bench))
    assert (result.screen.word, result.screen.tone) == ("VALID", "ok")
    assert bench.asked == ["target", "pages", "check", "record"]
    _, kind, uid, product, body = bench.outbox.record(0)
    assert (kind, uid, product) == ("verdict", UID, "09520123456788/A1")
    assert (body["outcome"], body["seen_seq"], body["slot"], body["link"]) == (
        "verified",
        1,
        1,
        LINK,
    )
    assert body["stub"] == result.stub.raw and body["verdict"]["chain"] == "not_checked"


def test_a_forged_current_stub_leads_to_the_other_slot():
    first = made(0)
    tag = Tag().commission(first).update(1, made(1, first)[:-1] + b"\x00")
    word, body = told(Bench(tag))
    assert (word, body["seq"], body["slot"]) == ("VALID", 0, 0)


def test_what_is_not_green_says_so():
    assert told(Bench(Tag().commission(made(0, key=STRANGE))))[0] == "ASK"
    assert told(Bench(Tag().commission(made(0, uid=UID[:-1] + b"\x00"))))[0] == "STOP"
    assert told(Bench(Tag().commission(made(0)[:-1] + b"\x00")))[0] == "STOP"
    bench = Bench(chained())
    bench.trust = Trust(Listed(THEIRS, revoked_since=5))
    word, body = told(bench)
    assert (word, body["colour"], body["verdict"]["key"]) == ("STOP", "red", "revoked")
    assert "seen_seq" not in body
    bench = Bench(Tag())
    screen = bench.run(jobs.verify_one(bench)).screen
    body = bench.outbox.body()
    assert (screen.word, body["state"], body["outcome"]) == ("NONE", "blank", "not_verified")
    assert (screen.led, body["colour"]) == ("amber", "amber")
    bench = Bench(chained())
    bench.trust = Trust()
    bench.trust.number = 0
    assert bench.run(jobs.verify_one(bench)).screen.lines[-2:] == ["no trust list:", "hand in"]


def test_an_older_stub_than_one_seen_before_is_behind():
    bench = Bench(chained())
    told(bench)
    bench.tag = Tag().commission(made(0))
    assert told(bench)[1]["verdict"]["chain"] == "behind"


def test_a_key_of_another_algorithm_is_unknown():
    tag = Tag().commission(made(0, key=b"\x07" * 64))
    bench = Bench(tag, (b"\x07" * 64,))
    word, body = told(bench)
    assert (word, body["verdict"]["integrity"]) == ("ASK", "not_checked")
    assert "check" not in bench.asked


def test_the_mini_profile():
    tag = Tag("NTAG213")
    kid = Listed(THEIRS).kid
    link = "https://example.com/a"
    record = mini.record(mini.uri_record(link), 1, UID, -19, kid, signer(THEIRS))
    tag.take(plan.commission_mini(tag.chip, tag.image(), link, record.payload))
    word, body = told(Bench(tag))
    assert (word, body["state"], body["stub"]) == ("VALID", "mini", record.payload)


def test_a_full_log_does_not_hinder():
    bench = Bench(chained())
    bench.outbox.full = FlashFull("log full")
    result = bench.run(jobs.verify_one(bench))
    assert result.screen.word == "VALID" and "log full" in result.screen.lines


def test_it_waits_some_seconds_for_a_tag():
    bench = Bench()
    assert bench.run(jobs.verify_one(bench)) is None
    assert 5000 <= bench.clock.at < 5100
    bench.tag = Gone(3)
    assert bench.run(jobs.verify_one(bench)).screen.word == "VALID"
    bench.tag = Gone(100000)
    raises(TagGone, bench.run, jobs.verify_one(bench))


class Gone(Tag):
    """Leaves so many times while it is read."""

    def __init__(self, times):
        super().__init__()
        self.times = times
        self.commission(made(0))

    def pages(self, first, count):
        self.times -= 1
        if self.times >= 0:
            raise TagGone("the tag left")
        return super().pages(first, count)


def test_a_batch_counts_each_tag_once():
    one, two = chained(), Tag(uid=UID[:-1] + b"\x01")
    bench = Bench(one)
    job = batch.batch(bench)
    field = [one, one, None, two, two, None, one, None, two, None, None, one]

    def target():
        bench.tag = field.pop(0)
        if len(field) == 1:
            bench.clock.at += 6000  # the window passes
        return bench.tag and bench.tag.uid

    bench._target = target
    raises(IndexError, bench.run, job)
    assert [screen.word for screen in bench.shown] == ["VALID", "NONE", "SAME", "SAME", "VALID"]
    assert bench.shown[2].tone == "same" and "tags: 2" in bench.shown[2].lines
    assert [bench.outbox.body(n)["mode"] for n in range(3)] == ["batch"] * 3


def test_a_tag_that_lies_there_for_long_is_no_other_one_when_a_look_misses_it():
    bench = Bench(chained())
    looks = [True] * 9 + [False, True]

    def target():
        bench.clock.at += 1000
        return UID if looks.pop(0) else None

    bench._target = target
    raises(IndexError, bench.run, batch.batch(bench))
    assert [screen.word for screen in bench.shown] == ["VALID", "SAME"]
    assert bench.outbox.kinds() == ["verdict"]


def test_a_batch_outlives_a_reader_that_fails():
    bench = Bench(chained())
    answers = [ReaderGone("reader silent"), bench.tag.uid]

    def target():
        answer = answers.pop(0)
        if type(answer) is ReaderGone:
            raise answer
        return answer

    bench._target = target
    raises(IndexError, bench.run, batch.batch(bench))
    assert [screen.word for screen in bench.shown] == ["FAILED", "VALID"]


def test_recent_tags_are_forgotten_by_age_and_number():
    recent = Recent(1000)
    for n in range(400):
        assert not recent.has(numbered(n), n)
        recent.add(numbered(n), n)
    assert not recent.has(numbered(271), 400) and recent.has(numbered(272), 400)
    assert recent.has(numbered(272), 1400) and not recent.has(numbered(273), 1400)


def numbered(n):
    return bytes((4, n & 255, n >> 8, 1, 2, 3, 4))


def test_the_tone_of_locate_follows_the_first_tag_that_answered():
    bench = Bench()
    epc = bytes(range(12))
    bench.heard = [None, (epc, -80), (epc, -40), None]
    asked = []
    rssi = bench._rssi

    def heard(sought):
        asked.append(sought)
        return rssi(sought)

    bench._rssi = heard
    raises(IndexError, bench.run, jobs.locate())
    assert asked == [None, None, epc, epc, epc]
    assert [screen.bar for screen in bench.shown] == [0, 10, 90, 0]
    assert [screen.tone and screen.tone.split(":")[0] for screen in bench.shown[1:3]] == [
        "640",
        "2560",
    ]
