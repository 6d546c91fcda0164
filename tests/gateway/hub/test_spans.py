"""Coverage of a journal: the watermark, the spans ahead, and which of two histories is the journal's."""

from collections.abc import Iterable, Sequence

import pytest
from batches import JOURNAL, Said, gap, rows, withheld

from gateway.hub.batch import Item, Withheld
from gateway.hub.settling import Settled, settle
from gateway.hub.spans import MOST_AHEAD, Fit, Span, Spans, spans_of
from gateway.records import Gap, Row

MINE = rows(30)
OTHER = [*MINE[:10], *rows(20, 11, MINE[9][-1], station="elsewhere")]  # forks behind row 10


def span(said: Sequence[Said], first: int, last: int) -> Span:
    before = said[first - 2][-1] if first > 1 else JOURNAL
    return Span(first, last, before, said[last - 1][-1])


def held(*spans: Span) -> Spans:
    found = Spans(0, 0, JOURNAL)
    for each in spans:
        assert found.add(each) is Fit.FITS
    return found


def items(said: Iterable[Said]) -> list[Item]:
    kinds = {2: Withheld, 4: Gap, 8: Row}
    return [kinds[len(each)](*each) for each in said]


def hashes(said: Sequence[Said], *numbers: int) -> dict[int, bytes]:
    return {seq: said[seq - 1][-1] for seq in numbers}


def numbers(found: Iterable[Item]) -> list[int]:
    return [each.first if isinstance(each, Gap) else each.seq for each in found]


def runs(settled: Settled) -> list[list[int]]:
    return [numbers(run) for _, run in settled.runs]


def test_consecutive_spans_move_the_watermark() -> None:
    found = held(span(MINE, 1, 3), span(MINE, 4, 9))
    assert (found.watermark, found.hash, found.ahead, found.highest) == (9, MINE[8][-1], [], 9)


def test_spans_in_any_order_close_up() -> None:
    found = held(span(MINE, 7, 8), span(MINE, 3, 4), span(MINE, 11, 12), span(MINE, 5, 6))
    assert (found.watermark, found.missing) == (0, ((1, 2), (9, 10)))
    assert [(each.first, each.last) for each in found.ahead] == [(3, 8), (11, 12)]
    assert found.add(span(MINE, 1, 2)) is Fit.FITS
    assert (found.watermark, found.highest, found.missing) == (8, 12, ((9, 10),))
    assert found.add(span(MINE, 9, 10)) is Fit.FITS
    assert (found.watermark, found.hash, found.ahead) == (12, MINE[11][-1], [])


@pytest.mark.parametrize(("first", "last"), [(1, 1), (4, 4), (3, 6), (8, 8), (7, 12), (1, 20)])
def test_a_span_of_which_something_is_held_overlaps_and_changes_nothing(
    first: int, last: int
) -> None:
    found = held(span(MINE, 1, 4), span(MINE, 8, 9))
    assert found.add(span(MINE, first, last)) is Fit.OVERLAPS
    assert (found.watermark, found.missing) == (4, ((5, 7),))


def test_a_span_that_does_not_continue_the_watermark_forks() -> None:
    found = held(span(MINE, 1, 14))
    assert found.add(span(OTHER, 15, 16)) is Fit.FORKS
    assert (found.watermark, found.ahead) == (14, [])


@pytest.mark.parametrize(("first", "last"), [(15, 16), (21, 22)])
def test_ahead_the_first_history_that_came_is_held(first: int, last: int) -> None:
    found = held(span(MINE, 17, 20))
    assert found.add(span(OTHER, first, last)) is Fit.FORKS
    assert found.missing == ((1, 16),)


def test_what_is_ahead_gives_way_to_the_journals_own_history() -> None:
    found = held(span(OTHER, 17, 20), span(MINE, 23, 24), span(MINE, 1, 16))
    assert found.evicted == [(17, 20)]
    assert (found.watermark, found.missing) == (16, ((17, 22),))
    found.evicted.clear()
    assert found.add(span(MINE, 17, 22)) is Fit.FITS
    assert (found.watermark, found.evicted) == (24, [])


def test_only_so_many_spans_are_kept_ahead() -> None:
    said = rows(2 * MOST_AHEAD + 4)
    found = held(*(span(said, 2 * n, 2 * n) for n in range(1, MOST_AHEAD + 1)))
    assert found.add(span(said, 2 * MOST_AHEAD + 4, 2 * MOST_AHEAD + 4)) is Fit.TOO_MANY
    assert found.add(span(said, 3, 3)) is Fit.FITS
    assert found.add(span(said, 2 * MOST_AHEAD + 4, 2 * MOST_AHEAD + 4)) is Fit.FITS
    assert found.add(span(said, 1, 1)) is Fit.FITS
    assert found.watermark == 4


def test_a_journal_that_continues_another_begins_behind_it() -> None:
    found = Spans(10, 10, MINE[9][-1])
    assert not found.covers(10)
    assert found.add(span(MINE, 11, 12)) is Fit.FITS
    assert (found.watermark, found.covers(11)) == (12, True)
    unknown = Spans(10, 10, b"")
    assert unknown.add(span(OTHER, 11, 12)) is Fit.FITS
    other = Spans(10, 10, MINE[9][-1])
    assert other.add(Span(11, 12, bytes(32), bytes(32))) is Fit.FORKS


def test_the_spans_ahead_are_kept_as_json() -> None:
    found = held(span(MINE, 1, 2), span(MINE, 9, 9), span(MINE, 5, 6))
    again = spans_of(found.start, found.watermark, found.hash, found.ahead_json())
    assert (again.ahead, again.watermark, again.hash) == (found.ahead, 2, MINE[1][-1])


def test_of_an_overlapping_batch_the_new_rows_are_told_from_the_same() -> None:
    found = held(span(MINE, 1, 4), span(MINE, 7, 8))
    settled = settle(found, MINE[1][-1], items(MINE[2:10]), hashes(MINE, 2, 3, 4, 7, 8), {})
    assert (numbers(settled.same), runs(settled)) == ([3, 4, 7, 8], [[5, 6], [9, 10]])
    assert [before for before, _ in settled.runs] == [MINE[3][-1], MINE[7][-1]]
    assert (settled.conflicts, settled.late) == ([], [])


def test_behind_the_first_row_that_differs_all_is_in_conflict() -> None:
    found = held(span(MINE, 1, 14))
    settled = settle(found, MINE[7][-1], items(OTHER[8:18]), hashes(MINE, *range(8, 15)), {})
    assert (numbers(settled.same), runs(settled)) == ([9, 10], [])
    assert numbers(settled.conflicts) == list(range(11, 19))


def test_a_batch_whose_row_before_is_held_otherwise_is_in_conflict() -> None:
    found = held(span(MINE, 1, 14))
    settled = settle(found, OTHER[11][-1], items(OTHER[12:16]), hashes(MINE, *range(12, 15)), {})
    assert numbers(settled.conflicts) == [13, 14, 15, 16]


def test_rows_that_continue_the_watermark_take_the_place_of_what_is_ahead() -> None:
    found = held(span(OTHER, 8, 14), span(MINE, 1, 6))
    settled = settle(found, MINE[5][-1], items(MINE[6:12]), hashes(OTHER, *range(8, 13)), {})
    assert (numbers(settled.same), runs(settled)) == ([8, 9, 10], [[7], [11, 12]])
    assert (found.evicted, settled.conflicts) == ([(11, 14)], [])
    for before, run in settled.runs:
        last = run[-1]
        assert found.add(Span(numbers(run)[0], numbers(run)[-1], before, last.hash)) is Fit.FITS
    assert (found.watermark, found.hash, found.ahead) == (12, MINE[11][-1], [])


def test_ahead_of_the_watermark_the_first_that_came_stands() -> None:
    found = held(span(MINE, 12, 14))
    settled = settle(found, OTHER[10][-1], items(OTHER[11:16]), hashes(MINE, 12, 13, 14), {})
    assert (numbers(settled.conflicts), found.evicted) == ([12, 13, 14, 15, 16], [])


def test_of_a_gap_only_what_is_not_held_is_new() -> None:
    found = held(span(MINE, 1, 3), span(MINE, 8, 12), span(MINE, 20, 21))
    whole = items([gap(MINE[1:10]), *MINE[10:13]])
    settled = settle(found, MINE[0][-1], whole, hashes(MINE, 1, 2, 3, 8, 9, 10, 11, 12), {})
    assert settled.runs == [
        (MINE[2][-1], [Gap(4, 7, "dropped", MINE[6][-1])]),
        (MINE[11][-1], [Row(*MINE[12])]),
    ]
    for before, each in settled.runs:
        last = each[-1].last if isinstance(each[-1], Gap) else each[-1].seq
        fit = found.add(Span(numbers(each)[0], last, before, each[-1].hash))
        assert fit is Fit.FITS
    assert (found.watermark, found.missing, found.evicted) == (13, ((14, 19),), [])


def test_spans_that_a_gap_passes_over_cannot_be_told_from_another_history() -> None:
    found = held(span(MINE, 1, 3), span(OTHER, 12, 13), span(OTHER, 15, 18))
    whole = items([gap(MINE[3:16]), MINE[16]])
    settled = settle(found, MINE[2][-1], whole, hashes(OTHER, 12, 13, 15, 16, 17), {})
    assert (found.evicted, settled.conflicts) == ([(12, 13), (15, 18)], [])
    assert settled.runs == [(MINE[2][-1], items([gap(MINE[3:16]), MINE[16]]))]
    ahead = held(span(OTHER, 12, 13))
    later = settle(
        ahead, MINE[9][-1], items([MINE[10], gap(MINE[11:14])]), hashes(OTHER, 12, 13), {}
    )
    assert (runs(later), later.conflicts, ahead.evicted) == ([[11]], [], [])


def test_rows_that_were_given_up_come_late() -> None:
    found = held(span(MINE, 1, 12))
    settled = settle(found, MINE[4][-1], items(MINE[5:12]), hashes(MINE, 11, 12), hashes(MINE, 10))
    assert (numbers(settled.late), numbers(settled.same)) == ([6, 7, 8, 9, 10], [11, 12])
    behind = settle(found, MINE[4][-1], items(MINE[5:7]), hashes(MINE, 5), {})
    assert (numbers(behind.late), behind.unproven) == ([6, 7], [])


def test_rows_that_were_given_up_are_taken_only_where_a_hash_proves_them() -> None:
    found = held(span(MINE, 1, 12))
    settled = settle(found, OTHER[10][-1], items(OTHER[11:12]), {}, {})
    assert (numbers(settled.unproven), settled.late, settled.conflicts) == ([12], [], [])
    other = settle(found, OTHER[10][-1], items(OTHER[11:14]), {}, hashes(MINE, 13))
    assert (numbers(other.conflicts), other.late) == ([12, 13, 14], [])


def test_a_row_that_is_not_the_end_of_the_gap_that_was_told_is_in_conflict() -> None:
    found = held(span(MINE, 1, 14))
    settled = settle(found, OTHER[11][-1], items(OTHER[12:13]), {}, hashes(MINE, 13))
    assert numbers(settled.conflicts) == [13]


def test_a_gap_that_ends_otherwise_is_in_conflict_or_takes_the_place() -> None:
    found = held(span(MINE, 1, 14))
    settled = settle(found, MINE[8][-1], items([gap(OTHER[9:13])]), hashes(MINE, *range(9, 14)), {})
    assert numbers(settled.conflicts) == [10]
    found = held(span(OTHER, 12, 14), span(MINE, 1, 9))
    settled = settle(found, MINE[8][-1], items([gap(MINE[9:13])]), hashes(OTHER, 12, 13), {})
    assert (found.evicted, settled.conflicts) == ([(12, 14)], [])
    assert settled.runs == [(MINE[8][-1], [Gap(10, 13, "dropped", MINE[12][-1])])]


def test_rows_before_the_origin_are_not_this_journals() -> None:
    found = Spans(10, 12, MINE[11][-1])
    settled = settle(found, MINE[8][-1], items(MINE[9:14]), hashes(MINE, 11, 12), {})
    assert numbers(settled.conflicts) == [10, 11, 12, 13, 14]


def test_a_withheld_row_counts_by_its_hash() -> None:
    found = held(span(MINE, 1, 4))
    said = items([withheld(MINE[3]), withheld(MINE[4])])
    settled = settle(found, MINE[2][-1], said, hashes(MINE, 3, 4), {})
    assert (numbers(settled.same), runs(settled)) == ([4], [[5]])
