"""Which words of a run are still to do, whatever comes back, in whatever order."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.llrp.access import Run, Span, spans


def test_a_run_is_cut_where_the_chips_blocks_begin() -> None:
    assert list(spans(3, 10, 4, 4)) == [(3, 1), (4, 4), (8, 4), (12, 1)]
    assert list(spans(4, 150, 32, 2)) == [(4, 32), (36, 32), (68, 32), (100, 32), (132, 22)]


def test_an_operation_is_never_cut_below_a_block() -> None:
    assert list(spans(0, 8, 2, 4)) == [(0, 4), (4, 4)]


@given(st.integers(0, 600), st.integers(1, 600), st.integers(1, 64), st.integers(1, 8))
def test_spans_are_the_run_and_cross_blocks_at_their_bounds_only(
    word: int, words: int, most: int, block: int
) -> None:
    found = list(spans(word, words, most, block))
    assert [each for span in found for each in range(span.word, span.end)] == list(
        range(word, word + words)
    )
    assert all(each.word % block == 0 for each in found[1:])
    assert all(each.words <= max(most, block) for each in found)


def test_what_a_torn_operation_wrote_is_not_written_again() -> None:
    run = Run(10, 100)
    assert run.wrote(Span(10, 32), 32)
    assert run.wrote(Span(42, 32), 7)
    assert run.word == 49
    assert run.todo(32)[0] == (49, 32)


def test_what_was_written_out_of_order_stands() -> None:
    run = Run(0, 64)
    assert run.wrote(Span(32, 32), 32)
    assert (run.word, run.last, run.todo(32)) == (0, 31, [(0, 32)])
    assert run.wrote(Span(0, 32), 32)
    assert run.is_done


def test_a_result_that_tells_of_no_word_is_no_news() -> None:
    run = Run(0, 8)
    assert not run.wrote(Span(0, 8), 0)
    assert run.todo(8) == [(0, 8)]
    assert run.wrote(Span(0, 8), 4)
    assert not run.wrote(Span(0, 4), 4)


def test_a_result_that_tells_of_too_many_words_is_believed_for_its_own() -> None:
    run = Run(0, 8)
    assert run.wrote(Span(0, 2), 60000)
    assert run.todo(8) == [(2, 6)]


def test_data_of_another_length_than_was_asked_for_is_not_taken() -> None:
    run = Run(0, 4)
    assert not run.read(Span(0, 2), bytes(6))
    assert run.read(Span(2, 2), b"cdCD")
    assert run.read(Span(0, 2), b"abAB")
    assert run.is_done
    assert run.data == b"abABcdCD"


def test_a_run_of_no_words_is_done() -> None:
    assert Run(7, 0).is_done
    assert Run(7, 0).data == b""
