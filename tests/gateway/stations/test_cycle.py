"""Read cycles: what becomes of a trigger in each mode, and that each has exactly one outcome, whatever happens."""

from math import inf

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.config import CodesConfig
from gateway.model import CodeRead, Look, Wanted
from gateway.stations.cycle import MOST_WAITING, WORDS, Cycle, Outcome


def code(value: bytes, at: float = 0.0, frame: int = 0) -> CodeRead:
    return CodeRead("cam", value, "]Q1", "QRCode", at, frame=frame)


def seen(at: float, *values: bytes, frame: int = 0, no_read: bool = False) -> Look:
    return Look(at, tuple(code(value, at, frame) for value in values), no_read, 0, frame)


def cycle(**rules: object) -> Cycle:
    return Cycle(CodesConfig.model_validate({"trigger": "single", **rules}))


def word(outcomes: list[Outcome]) -> str:
    (outcome,) = outcomes
    return outcome.word


def test_a_trigger_ends_with_the_code_that_is_read() -> None:
    it = cycle()
    assert it.trigger_on(10.0) == []
    assert it.trigger == 1
    (outcome,) = it.look(seen(10.5, b"A"))
    assert outcome == Outcome(1, "read", (code(b"A", 10.5),), 10.0, 10.5)
    assert it.trigger == 0
    assert it.look(seen(10.6, b"B")) == []
    assert it.tick(99.0) == []


def test_a_trigger_that_finds_nothing_is_answered_when_its_time_is_over() -> None:
    it = cycle(timeout_s=2.0)
    it.trigger_on(10.0)
    assert it.due_at == 12.0
    assert it.tick(11.99) == []
    (outcome,) = it.tick(12.0)
    assert (outcome.word, outcome.codes, outcome.ended_at) == ("no_read", (), 12.0)
    assert it.due_at is None


def test_what_was_located_and_not_decoded_is_told() -> None:
    it = cycle()
    it.trigger_on(10.0)
    it.look(Look(10.1, unreadable=3))
    (outcome,) = it.tick(12.0)
    assert outcome.reason == "no code was read; 3 located"


def test_a_picture_from_before_the_trigger_does_not_count() -> None:
    it = cycle()
    it.trigger_on(10.0)
    assert it.look(seen(9.99, b"OLD")) == []
    assert it.look(seen(9.99, no_read=True)) == []
    assert it.look(seen(10.0, b"NEW"))[0].codes[0].data == b"NEW"


def test_the_devices_own_no_read_ends_the_trigger() -> None:
    it = cycle()
    it.trigger_on(10.0)
    (outcome,) = it.look(seen(10.2, no_read=True))
    assert (outcome.word, outcome.reason) == ("no_read", "the reader found no more")


def test_a_device_that_is_lost_ends_the_trigger_and_says_why() -> None:
    it = cycle()
    it.trigger_on(10.0)
    (outcome,) = it.lost(10.1, "unplugged")
    assert (outcome.word, outcome.reason) == ("no_read", "unplugged")
    assert it.lost(10.2, "unplugged") == []


def test_triggers_during_a_cycle_are_answered_after_it_in_their_order() -> None:
    it = cycle()
    for at in (10.0, 10.1, 10.2):
        assert it.trigger_on(at) == []
    outcomes = it.look(seen(10.3, b"A"))
    assert [(each.trigger, each.word) for each in outcomes] == [
        (1, "read"),
        (2, "no_read"),
        (3, "no_read"),
    ]
    assert outcomes[1].reason == "it came while trigger 1 ran"
    assert outcomes[1].started_at == 10.1


def test_a_trigger_after_the_end_of_a_cycle_begins_its_own_though_nobody_looked_at_the_clock() -> (
    None
):
    it = cycle(timeout_s=1.0)
    it.trigger_on(10.0)
    (late,) = it.trigger_on(11.5)
    assert (late.trigger, late.word) == (1, "no_read")
    assert it.trigger == 2
    assert it.look(seen(11.6, b"A"))[0].trigger == 2


def test_too_many_triggers_end_the_cycle_and_all_are_answered() -> None:
    it = cycle()
    outcomes = [each for n in range(MOST_WAITING + 2) for each in it.trigger_on(10 + n / 1000)]
    assert [each.trigger for each in outcomes] == list(range(1, MOST_WAITING + 3))
    assert it.trigger == 0


def test_a_level_trigger_lasts_until_it_goes_off() -> None:
    it = cycle(trigger="level", timeout_s=1.0)
    it.trigger_on(10.0)
    assert it.due_at is None
    assert it.tick(1000.0) == []
    assert word(it.trigger_off(1000.0)) == "no_read"
    assert it.trigger_off(1001.0) == []


def test_a_level_trigger_ends_when_enough_was_read() -> None:
    it = cycle(trigger="level")
    it.trigger_on(10.0)
    assert word(it.look(seen(10.1, b"A"))) == "read"
    assert it.trigger_off(10.2) == []


def test_a_single_trigger_takes_no_notice_of_its_end() -> None:
    it = cycle()
    it.trigger_on(10.0)
    assert it.trigger_off(10.1) == []
    assert word(it.look(seen(10.2, b"A"))) == "read"


def test_a_cycle_waits_for_as_many_codes_as_are_asked_for() -> None:
    it = cycle(count=2)
    it.trigger_on(10.0)
    assert it.look(seen(10.1, b"A")) == []
    assert it.look(seen(10.2, b"A")) == []
    (outcome,) = it.look(seen(10.3, b"A", b"B"))
    assert outcome.word == "read"
    assert [each.data for each in outcome.codes] == [b"A", b"B"]


@pytest.mark.parametrize(("policy", "expected"), [("partial", "partial"), ("no_read", "no_read")])
def test_fewer_codes_are_what_the_policy_says(policy: str, expected: str) -> None:
    it = cycle(count=2, partial=policy)
    it.trigger_on(10.0)
    it.look(seen(10.1, b"A"))
    (outcome,) = it.tick(12.0)
    assert (outcome.word, outcome.reason) == (expected, "1 of 2 codes")
    assert [each.data for each in outcome.codes] == [b"A"]


def test_more_codes_than_allowed_are_too_many() -> None:
    it = cycle()
    it.trigger_on(10.0)
    (outcome,) = it.look(seen(10.1, b"A", b"B"))
    assert (outcome.word, outcome.reason) == ("too_many", "2 codes, 1 at most")


def test_between_count_and_most_all_are_waited_for() -> None:
    it = cycle(count=1, most=3)
    it.trigger_on(10.0)
    assert it.look(seen(10.1, b"A", b"B")) == []
    assert word(it.tick(12.0)) == "read"
    it.trigger_on(20.0)
    assert word(it.look(seen(20.1, b"C", b"D", b"E"))) == "read"


def test_a_code_that_is_not_of_the_match_list_is_no_match() -> None:
    it = cycle(match=["https://id.example.com/*"])
    it.trigger_on(10.0)
    (outcome,) = it.look(seen(10.1, b"https://evil.example/"))
    assert (outcome.word, outcome.reason) == ("no_match", "1 of 1 not of the match list")
    it.trigger_on(20.0)
    assert word(it.look(seen(20.1, b"https://id.example.com/x"))) == "read"


def test_what_the_trigger_before_brought_is_repeated_within_the_window() -> None:
    it = cycle(duplicate_s=2.0)
    words = []
    for at in (10.0, 11.0, 12.9, 15.0):
        it.trigger_on(at)
        words.append(word(it.look(seen(at, b"A"))))
    assert words == ["read", "repeated", "repeated", "read"]


def test_only_what_was_answered_read_is_repeated() -> None:
    it = cycle(duplicate_s=10.0)
    it.trigger_on(10.0)
    assert word(it.look(seen(10.1, b"A", b"B"))) == "too_many"
    it.trigger_on(11.0)
    assert word(it.look(seen(11.1, b"A"))) == "read"
    two = cycle(duplicate_s=10.0, count=2, partial="partial")
    for at, value in ((10.0, b"A"), (13.0, b"B")):
        two.trigger_on(at)
        two.look(seen(at, value))
        assert word(two.tick(at + 2.0)) == "partial"
    two.trigger_on(16.0)
    assert word(two.look(seen(16.0, b"A", b"B"))) == "read"


@pytest.mark.parametrize("trigger", ["continuous", "presentation"])
def test_a_miss_right_after_a_read_is_a_miss_where_the_reader_has_its_own_trigger(
    trigger: str,
) -> None:
    it = cycle(trigger=trigger)
    assert word(it.look(seen(10.0, b"A"))) == "read"
    assert word(it.look(seen(10.3, no_read=True))) == "no_read"
    assert word(it.look(seen(10.6, no_read=True))) == "no_read"


def test_a_trigger_with_a_want_of_its_own_takes_what_was_read_before() -> None:
    it = cycle()
    it.trigger_on(10.0)
    it.look(seen(10.1, b"A"))
    it.trigger_on(10.2, 1.0, Wanted(2))
    assert it.look(seen(10.3, b"A")) == []
    assert word(it.look(seen(10.4, b"B"))) == "read"


def test_a_value_counts_once_in_a_trigger_or_as_often_as_one_picture_has_it() -> None:
    once, often = cycle(count=2), cycle(count=2, in_trigger=False)
    for it in (once, often):
        it.trigger_on(10.0)
        assert it.look(seen(10.1, b"A", frame=1)) == []
        assert it.look(seen(10.2, b"A", frame=2)) == []
    assert once.look(seen(10.3, b"A", b"A", frame=3)) == []
    assert word(often.look(seen(10.3, b"A", b"A", frame=3))) == "read"


def test_each_message_of_a_scanner_counts_where_a_value_may_count_more_than_once() -> None:
    it = cycle(count=2, in_trigger=False)
    it.trigger_on(10.0)
    assert it.look(seen(10.1, b"A")) == []
    assert word(it.look(seen(10.2, b"A"))) == "read"


def test_continuously_every_new_value_is_an_outcome() -> None:
    it = cycle(trigger="continuous", duplicate_s=2.0)
    assert [each.codes[0].data for each in it.look(seen(10.0, b"A", b"B"))] == [b"A", b"B"]
    assert it.look(seen(11.9, b"A")) == []
    assert it.look(seen(13.8, b"A")) == []  # it never left
    (again,) = it.look(seen(15.8, b"A"))
    assert (again.trigger, again.word) == (3, "read")


def test_what_is_presented_is_an_outcome_once_until_it_has_left() -> None:
    it = cycle(trigger="presentation", duplicate_s=1.0)
    outcomes = [each for n in range(30) for each in it.look(seen(10 + n / 10, b"A"))]
    assert [each.word for each in outcomes] == ["read"]
    assert word(it.look(seen(12.95, b"A", b"B"))) == "read"  # B, beside A that still lies there
    assert it.look(seen(13.9, b"B")) == []
    assert word(it.look(seen(14.0, b"A"))) == "read"


def test_codes_that_belong_together_are_presented_together() -> None:
    it = cycle(trigger="presentation", count=2, timeout_s=1.0, partial="partial")
    assert it.look(seen(10.0, b"A1")) == []
    assert it.due_at == 11.0
    assert [each.data for each in it.look(seen(10.4, b"A2"))[0].codes] == [b"A1", b"A2"]
    assert it.look(seen(10.5, b"B1", b"A2")) == []
    assert word(it.tick(11.5)) == "partial"


def test_a_trigger_takes_over_what_is_being_presented() -> None:
    it = cycle(trigger="presentation", count=2)
    assert it.look(seen(10.0, b"A")) == []
    assert it.trigger_on(10.1) == []
    (outcome,) = it.look(seen(10.2, b"A", b"B"))
    assert (outcome.trigger, outcome.word) == (1, "read")
    assert it.look(seen(10.3, b"A", b"B")) == []


@pytest.mark.parametrize("trigger", ["continuous", "presentation"])
def test_a_reader_with_a_trigger_of_its_own_says_that_it_found_nothing(trigger: str) -> None:
    it = cycle(trigger=trigger)
    (outcome,) = it.look(seen(10.0, no_read=True))
    assert (outcome.trigger, outcome.word) == (1, "no_read")
    it.trigger_on(20.0)
    assert word(it.tick(22.0)) == "no_read"
    assert it.look(seen(22.4, no_read=True)) == []  # the same cycle's, as the device tells it
    assert word(it.look(seen(23.1, no_read=True))) == "no_read"


def test_a_trigger_without_a_limit_of_its_own_has_the_modes() -> None:
    single, level = cycle(timeout_s=3.0), cycle(trigger="level")
    single.trigger_on(10.0)
    level.trigger_on(10.0)
    assert (single.due_at, level.due_at) == (13.0, None)
    level.trigger_on(10.0, 0.5)
    timed = cycle(trigger="level")
    timed.trigger_on(10.0, 0.5)
    assert timed.due_at == 10.5


VALUES = st.lists(st.sampled_from([b"A", b"B", b"C", b"\x00", b"NO"]), max_size=4)
STEPS = st.floats(0, 3, allow_nan=False)
DEEDS = st.one_of(
    st.tuples(st.just("on"), st.sampled_from([None, 0.0, 0.5, inf]), st.booleans()),
    st.tuples(st.just("off")),
    st.tuples(st.just("tick")),
    st.tuples(st.just("lost")),
    st.tuples(st.just("look"), VALUES, st.floats(-5, 0), st.booleans(), st.booleans()),
)
RULES = st.fixed_dictionaries(
    {
        "trigger": st.sampled_from(["single", "level", "continuous", "presentation"]),
        "timeout_s": st.sampled_from([0.1, 1.0, 5.0]),
        "count": st.integers(1, 3),
        "most": st.integers(0, 4),
        "partial": st.sampled_from(["no_read", "partial"]),
        "match": st.sampled_from([(), ("A", "B*")]),
        "duplicate_s": st.sampled_from([0.0, 1.0, 10.0]),
        "in_trigger": st.booleans(),
    }
)


@settings(max_examples=300, deadline=None)
@given(RULES, st.lists(st.tuples(STEPS, DEEDS), max_size=80))
def test_every_trigger_has_exactly_one_outcome_in_order(
    rules: dict[str, object], history: list[tuple[float, tuple[object, ...]]]
) -> None:
    it = Cycle(CodesConfig.model_validate(rules))
    outcomes: list[Outcome] = []
    told: dict[int, float] = {}
    now = 1000.0
    for step, (deed, *more) in history:
        now += step
        match deed, *more:
            case "on", timeout_s, has_want:
                outcomes += it.trigger_on(now, timeout_s, Wanted(2) if has_want else None)
                told[it.triggers] = now
            case ("off",):
                outcomes += it.trigger_off(now)
            case ("tick",):
                outcomes += it.tick(now)
            case ("lost",):
                outcomes += it.lost(now, "away")
            case "look", values, late_s, no_read, is_picture:
                found = tuple(code(value, now + late_s) for value in values)
                outcomes += it.look(Look(now + late_s, found, no_read, 1, int(is_picture)))
    outcomes += it.lost(now, "the end")
    assert [each.trigger for each in outcomes] == list(range(1, it.triggers + 1))
    for each in outcomes:
        assert each.word in WORDS
        assert each.word == "read" or each.reason
        assert each.codes or each.word == "no_read"
        if each.trigger in told:
            assert each.started_at == told[each.trigger]
            assert all(one.seen_at >= each.started_at for one in each.codes)
