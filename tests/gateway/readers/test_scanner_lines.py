"""Bytes of a scanner to messages, however they are cut, and whatever stands between them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.readers.scanner_lines import FRAMINGS, Line, Lines

GS = b"\x1d"
ELEMENTS = b"010952012345678810LOT7" + GS + b"21A"


def lines(framing: str, longest: int = 100) -> Lines:
    return Lines(FRAMINGS[framing], longest)


@pytest.mark.parametrize(
    ("framing", "sent", "messages"),
    [
        ("any", b"one\rtwo\nthree\r\nfour\r", [b"one", b"two", b"three", b"four"]),
        ("cr", b"one\r\ntwo\r", [b"one", b"\ntwo"]),
        ("lf", b"o\rne\ntwo\n", [b"o\rne", b"two"]),
        ("crlf", b"o\rn\ne\r\ntwo\r\n", [b"o\rn\ne", b"two"]),
        ("tab", b"one\ttwo\t", [b"one", b"two"]),
        ("stx", b"\x02one\x03\x02t\rwo\x03", [b"one", b"t\rwo"]),
        ("either", b"\x02one\x03two\rthree\r\n", [b"one", b"two", b"three"]),
        ("any", b"\r\n\r\n\rone\r", [b"one"]),
        ("any", ELEMENTS + b"\r", [ELEMENTS]),
        ("any", b"[)>\x1e06\x1d25S1\x1e\x04\r", [b"[)>\x1e06\x1d25S1\x1e\x04"]),
    ],
)
def test_messages_are_the_same_whole_and_byte_by_byte(
    framing: str, sent: bytes, messages: list[bytes]
) -> None:
    whole = lines(framing)
    assert [each.data for each in whole.receive(sent)] == messages
    assert not whole.is_partial
    slow = lines(framing)
    found = [line.data for byte in sent for line in slow.receive(bytes((byte,)))]
    assert found == messages


@given(
    st.sampled_from(sorted(FRAMINGS)),
    st.lists(st.binary(max_size=30), max_size=12),
)
def test_any_bytes_in_any_pieces_bring_what_they_bring_at_once(
    framing: str, pieces: list[bytes]
) -> None:
    apart, whole = lines(framing, 10_000), lines(framing, 10_000)
    found = [line.data for piece in pieces for line in apart.receive(piece)]
    assert found == [line.data for line in whole.receive(b"".join(pieces))]


@given(st.sampled_from(sorted(FRAMINGS)), st.lists(st.binary(min_size=1, max_size=90), max_size=30))
def test_no_more_waits_than_the_longest_message_and_nothing_is_counted_twice(
    framing: str, pieces: list[bytes]
) -> None:
    own = lines(framing, 20)
    out = lost = 0
    for piece in pieces:
        for line in own.receive(piece):
            assert 0 < len(line.data) <= 20
            out += len(line.data)
            lost += line.lost
        assert len(own._buffer) <= 20
    assert out + lost + own.lost <= sum(map(len, pieces))


def test_a_message_that_is_too_long_is_dropped_up_to_its_end_and_the_next_one_comes() -> None:
    own = lines("crlf")
    for _ in range(50):
        assert own.receive(b"A" * 99) == []
        assert own.is_partial
    found = own.receive(b"A\r\nnext\r\n")
    assert [each.data for each in found] == [b"next"]
    assert found[0].lost >= 50 * 99


def test_what_stands_before_stx_is_dropped() -> None:
    own = lines("stx")
    assert own.receive(b"\x00\xff noise\x03\x02one\x03") == [Line(b"one", 9)]


def test_a_message_whose_end_got_lost_does_not_become_part_of_the_next() -> None:
    assert lines("stx").receive(b"\x02on\x02two\x03")[0].data == b"two"


def test_silence_gives_up_a_message_without_its_end() -> None:
    own = lines("cr")
    assert own.receive(b"half") == []
    assert own.is_partial
    assert own.silence() == []
    assert not own.is_partial
    assert own.receive(b"whole\r") == [Line(b"whole", 4)]


def test_silence_ends_a_message_where_nothing_else_does() -> None:
    own = lines("silence")
    assert own.receive(b"one") == []
    assert own.silence() == [Line(b"one")]
    assert own.silence() == []


def test_a_message_without_end_is_no_message_when_silence_comes_at_last() -> None:
    own = lines("silence")
    assert own.receive(b"A" * 200) == []
    assert own.receive(b"A") == []
    assert own.silence() == []
    assert own.forget() == 201
