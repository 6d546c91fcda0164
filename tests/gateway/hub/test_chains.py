"""Chains of stubs: forks, gaps and what closes them, whatever the order of arrival."""

from collections.abc import Iterable, Sequence
from random import Random

from hypothesis import given
from hypothesis import strategies as some

from gateway.hub.chains import Judgement, Link, judge


def link(name: str, seq: int, before: str = "", at: int = 0) -> Link:
    """A stub called `name` behind the one called `before`."""
    return Link(name.encode(), seq, before.encode(), name.encode(), at)


def causes(found: Judgement) -> tuple[list[str], list[str], list[str]]:
    """Of forks, gaps, and gaps that are closed."""
    return (
        [each.cause for each in found.forks],
        [each.cause for each in found.gaps],
        [cause for cause, _ in found.closed],
    )


def gap(name: str) -> str:
    return f"gap {name.encode().hex()}"


def test_stubs_that_follow_one_another_are_no_news() -> None:
    chain = [link("a", 0), link("b", 1, "a"), link("c", 2, "b")]
    assert causes(judge([], chain))[:2] == ([], [])
    assert causes(judge(chain[:1], chain[1:]))[:2] == ([], [])


def test_two_stubs_with_one_number_are_a_fork() -> None:
    known = [link("a", 0), link("b", 1, "a", at=5)]
    found = judge(known, [link("c", 1, "a", at=3)])
    assert causes(found)[:2] == (["seq 1"], [])
    assert found.forks[0].link == known[1], "the later one shows it, in whatever order they came"
    assert causes(judge([], [link("a", 0), link("b", 0)]))[0] == ["seq 0", "seq 0"]


def test_two_stubs_behind_the_same_one_are_a_fork() -> None:
    known = [link("a", 0), link("b", 1, "a")]
    forks, gaps, _ = causes(judge(known, [link("c", 2, "a")]))
    assert forks == [f"prev {b'a'.hex()}"]
    assert gaps == [f"skip {b'c'.hex()}"]


def test_a_prev_that_nobody_knows_is_a_gap_until_it_turns_up() -> None:
    late = link("b", 1, "a")
    first = judge([link("a", 0)], [link("c", 2, "b")])
    assert causes(first) == ([], [gap("c")], [])
    assert first.gaps[0].text == "stub 2 follows one that no gateway has told of"
    then = judge([link("a", 0), link("c", 2, "b")], [late])
    assert causes(then) == ([], [], [gap("c")])
    assert then.closed[0][1] == late


def test_a_number_that_was_left_out_is_a_gap() -> None:
    found = judge([link("a", 0)], [link("c", 2, "a")])
    assert causes(found) == ([], [f"skip {b'c'.hex()}"], [])
    assert causes(judge([link("c", 2, "a")], [link("a", 0)]))[1] == [f"skip {b'c'.hex()}"]


def test_a_stub_that_is_told_again_changes_nothing() -> None:
    chain = [link("a", 0), link("b", 1, "a")]
    assert causes(judge(chain, chain)) == ([], [], [])


STUBS = some.lists(
    some.tuples(some.sampled_from("abcdefgh"), some.integers(0, 3), some.sampled_from(" abcdefgh")),
    max_size=9,
    unique_by=lambda each: each[0],
).map(lambda found: [link(n, s, b.strip() if s else "", at) for at, (n, s, b) in enumerate(found)])


@given(STUBS, some.randoms(use_true_random=False), some.lists(some.integers(1, 4), max_size=9))
def test_every_order_of_arrival_ends_with_the_same_faults(
    stubs: Sequence[Link], random: Random, sizes: Sequence[int]
) -> None:
    at_once = standing([stubs])
    mixed = list(stubs)
    random.shuffle(mixed)
    batches = []
    for size in sizes:
        batches.append(mixed[:size])
        mixed = mixed[size:]
    assert standing([*batches, mixed]) == at_once


def standing(batches: Iterable[Sequence[Link]]) -> set[str]:
    """What stands after batches of stubs have come."""
    known: list[Link] = []
    stands: set[str] = set()
    for batch in batches:
        found = judge(known, batch)
        stands |= {each.cause for each in (*found.forks, *found.gaps)}
        stands -= {cause for cause, _ in found.closed}
        known += batch
    return stands
