"""The fields of EPCs. TDS 2.3, 14.5.6 and table B "Number of bits required"; RFC 4648 section 5; annex E.3."""

import base64

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.epcbits import Bits, decimal, digits, number, read_bcd, read_value, value_fields, words
from edge.errors import Malformed, Truncated
from edge.gs1 import CSET82

INTEGER, UPPER, LOWER, BASE64, ASCII, CODE_40 = range(6)
TABLE_B = [4, 7, 10, 14, 17, 20, 24, 27, 30, 34, 37, 40, 44, 47, 50, 54, 57, 60, 64, 67]


def encoding(text: str) -> tuple[int, int]:
    """(encoding indicator, bits of the value) of the fields that `text` becomes."""
    fields = value_fields(text)
    assert [width for _, width in fields[:2]] == [3, 5]
    assert fields[1][0] == len(text)
    return fields[0][0], fields[2][1]


@pytest.mark.parametrize(
    ("text", "indicator", "bits"),
    [
        ("0", INTEGER, 4),
        ("007", INTEGER, 10),
        ("9" * 20, INTEGER, 67),
        ("A", UPPER, 4),
        ("0F", UPPER, 8),
        ("beef", LOWER, 16),
        ("Beef", BASE64, 24),
        ("rif981", BASE64, 36),  # ITIP+ of annex E.3
        ("G", BASE64, 6),
        ("GH", BASE64, 12),
        ("GHI", CODE_40, 16),
        ("GHIJ", BASE64, 24),
        ("GHIJK", BASE64, 30),
        ("GHIJKLMN", CODE_40, 48),  # 48 bits in base 64 too
        ("ABC-", BASE64, 24),
        ("A.B", CODE_40, 16),
        ("A.", ASCII, 14),  # 16 bits in URN Code 40
        ("A:B:C", CODE_40, 32),
        ("a.", ASCII, 14),
        ("32a/b", ASCII, 35),  # SGTIN+ of annex E.3
        ("G" * 20, CODE_40, 112),
        ("g" * 20, BASE64, 120),
        ("/" * 20, ASCII, 140),
    ],
)
def test_a_value_takes_the_encoding_with_the_fewest_bits(
    text: str, indicator: int, bits: int
) -> None:
    assert encoding(text) == (indicator, bits)
    assert read_value(Bits(words(value_fields(text)))) == text


def test_digits_take_the_bits_of_table_b() -> None:
    assert [encoding("0" * length)[1] for length in range(1, 21)] == TABLE_B


@pytest.mark.parametrize(
    ("indicator", "text", "value", "width"),
    [
        (UPPER, "12", 0x12, 8),
        (LOWER, "12", 0x12, 8),
        (UPPER, "00FF", 0x00FF, 16),
        (BASE64, "12", 0b110101_110110, 12),
        (ASCII, "12", 0b0110001_0110010, 14),
        (CODE_40, "12", 1600 * 31 + 40 * 32 + 1, 16),
        (CODE_40, "A", 1600 + 1, 16),
        (CODE_40, "A-.:Z9", (1600 + 40 * 27 + 28 + 1) << 16 | 1600 * 29 + 40 * 26 + 39 + 1, 32),
    ],
)
def test_every_encoding_is_read_also_where_it_is_not_the_shortest(
    indicator: int, text: str, value: int, width: int
) -> None:
    assert read_value(Bits(words([(indicator, 3), (len(text), 5), (value, width)]))) == text


@settings(max_examples=200)
@given(st.binary(min_size=3, max_size=15).filter(lambda raw: len(raw) % 3 == 0))
def test_base_64_is_rfc_4648s_with_the_url_safe_alphabet(raw: bytes) -> None:
    text = base64.urlsafe_b64encode(raw).decode()
    fields = [(BASE64, 3), (len(text), 5), (int.from_bytes(raw, "big"), 8 * len(raw))]
    assert read_value(Bits(words(fields))) == text
    if encoding(text)[0] == BASE64:
        assert value_fields(text) == fields


@settings(max_examples=500)
@given(
    st.text(CSET82, min_size=1, max_size=20)
    | st.text("0123456789ABCDEFXYZ-.:", min_size=1, max_size=20)
)
def test_any_value_comes_back_and_is_never_longer_than_seven_bits_a_character(text: str) -> None:
    assert encoding(text)[1] <= 7 * len(text)
    assert read_value(Bits(words(value_fields(text)))) == text


@pytest.mark.parametrize("text", ["", "a" * 21, "#", "a b", "\0", "é"])
def test_a_value_outside_set_82_or_twenty_characters_is_malformed(text: str) -> None:
    with pytest.raises(Malformed):
        value_fields(text)


@settings(max_examples=500)
@given(st.binary(max_size=20))
def test_any_bits_are_a_value_or_malformed(raw: bytes) -> None:
    try:
        text = read_value(Bits(raw))
    except Malformed:
        return
    assert 0 < len(text) <= 20
    assert not text.strip(CSET82)


def test_bits_are_taken_from_the_left_until_they_are_used_up() -> None:
    bits = Bits(b"\xa5\x0f")
    assert [bits.take(width) for width in (1, 3, 0, 8)] == [1, 2, 0, 0x50]
    with pytest.raises(Truncated, match="1 bits too early"):
        bits.take(5)
    assert bits.take(4) == 0xF


def test_fields_are_filled_up_to_whole_words() -> None:
    assert words([(1, 1)]) == b"\x80\x00"
    assert words([(0xABCD, 16), (1, 3)]) == b"\xab\xcd\x20\x00"
    assert words([]) == b""


def test_numbers_keep_the_digits_that_their_field_asks_for() -> None:
    assert digits(7, 3) == "007"
    assert digits(0, 0) == ""
    assert decimal("", 0) == 0
    assert decimal("0070", 4) == 70
    assert number("0", 1) == 0
    assert read_bcd(Bits(b"\x00\x12"), 4) == "0012"
    for bad in ("07", "", "+1", "1_0", " 1", "٣"):
        with pytest.raises(Malformed):
            number(bad, 38)
        with pytest.raises(Malformed):
            decimal(bad, len(bad) if bad not in ("07", "") else 5)
    with pytest.raises(Malformed, match="below"):
        number("9" * 5000, 38)  # more digits than Python makes a number of
    with pytest.raises(Malformed):
        digits(1, 0)
