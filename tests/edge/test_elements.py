"""GS1 element strings, against GS1's own examples and the cases of its syntax engine."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge import elements, gs1
from edge.elements import UnknownAI
from edge.errors import Malformed

GS = "\x1d"

# gs1/gs1-syntax-engine, src/c-lib/ai.c, test_ai_processAIdata, those whose AIs stand here; "^" is FNC1. None: refused.
PROCESSED = [
    ("^", None),
    ("^891234", None),
    ("^991234", [("99", "1234")]),
    ("^99~ABC", None),
    ("^99ABC~", None),
    ("^0112345678901231", [("01", "12345678901231")]),
    ("^01A2345678901231", None),
    ("^011234567890123A", None),
    ("^0112345678901234", None),
    ("^011234567890123", None),
    ("^01123456789012312", None),
    ("^0112345678901231^", [("01", "12345678901231")]),
    ("^011234567890123^", None),
    ("^01123456789012345^", None),
    ("^01123456789012345^991234", None),
    ("^0112345678901231991234", [("01", "12345678901231"), ("99", "1234")]),
    ("^0112345678901231^991234", [("01", "12345678901231"), ("99", "1234")]),
    ("^2421", [("242", "1")]),
    ("^242123456", [("242", "123456")]),
    ("^242123456^10ABC123", [("242", "123456"), ("10", "ABC123")]),
    ("^242123456^", [("242", "123456")]),
    ("^2421234567", None),
    ("^800302112345678900ABC", [("8003", "02112345678900ABC")]),
    ("^800302112345678901ABC", None),
    ("^800302112345678900", [("8003", "02112345678900")]),
    ("^800302112345678900^10ABC123", [("8003", "02112345678900"), ("10", "ABC123")]),
    ("^800302112345678900ABCDEFGHIJKLMNOP", [("8003", "02112345678900ABCDEFGHIJKLMNOP")]),
    ("^800302112345678900ABCDEFGHIJKLMNOPQ", None),
]

# The same file, test_ai_linters: what single AIs are refused for.
LINTED = [
    ("00", "123456789012345670"),
    ("00", "A23456789012345675"),
    ("10", " "),
    ("8010", "123456_"),
    ("401", "123"),
    ("8003", "112345678901281234567890123456"),
    ("8011", "023456789012"),
    ("01", "95012345678902"),
    ("11", "131313"),
]

# Element strings of the examples of the GS1 EPC Tag Data Standard, sections on SGTIN, SSCC, SGLN, GRAI, GIAI and CPI;
# the GS1 DataMatrix Guideline's example of concatenation; GS1 Digital Link: URI Syntax, "Examples"; the General
# Specifications' worked check digit of an SSCC and a sample of its symbols; a medical device's label (STRICH, "Reading
# GS1 Data").
PUBLISHED = [
    [("01", "70614141123451"), ("21", "32a/b")],
    [("00", "106141412345678908")],
    [("414", "0614141123452"), ("254", "400")],
    [("8003", "00614141123452400")],
    [("8004", "061414112345400")],
    [("8010", "06141415PQ7/Z43"), ("8011", "12345")],
    [("01", "03453120000011"), ("17", "120508"), ("10", "ABCD1234"), ("410", "9501101020917")],
    [("01", "09520123456788"), ("10", "ABC1"), ("21", "12345"), ("17", "180426")],
    [("00", "952012345678912345"), ("02", "09520123456788"), ("37", "25"), ("10", "ABC123")],
    [("01", "09520123456788"), ("3103", "000195")],
    [("00", "376104250021234569")],
    [("01", "09501101530003"), ("17", "140704"), ("10", "AB-123")],
    [
        ("01", "08806388269617"),
        ("11", "230214"),
        ("17", "280213"),
        ("10", "230214A3263-01"),
        ("21", "059"),
        ("240", "ARO4808C"),
    ],
]


@pytest.mark.parametrize(("marked", "pairs"), PROCESSED)
def test_messages_are_read_as_gs1s_engine_reads_them(
    marked: str, pairs: list[tuple[str, str]] | None
) -> None:
    data = marked.replace("^", GS).encode()
    for message in (data, data[1:]):
        for identifier in ("", "]C1", "]d2", "]Q3", "]e0"):
            if pairs is None:
                with pytest.raises(Malformed):
                    elements.parse(message, identifier)
            else:
                assert elements.parse(message, identifier) == pairs


@pytest.mark.parametrize(("ai", "value"), LINTED)
def test_what_gs1s_linters_refuse_is_refused(ai: str, value: str) -> None:
    with pytest.raises(Malformed):
        elements.check(ai, value)


@pytest.mark.parametrize("pairs", PUBLISHED)
def test_published_examples_are_read_and_written(pairs: list[tuple[str, str]]) -> None:
    message = elements.encode(pairs)
    assert elements.parse(message) == pairs
    assert message.replace(b"\x1d", b"").decode() == "".join(ai + value for ai, value in pairs)
    for at, (ai, value) in enumerate(pairs):  # each digit of a key is covered by its check digit
        if ai in ("00", "01", "02", "410", "414"):
            wrong = value[:3] + str((int(value[3]) + 1) % 10) + value[4:]
            with pytest.raises(Malformed, match="check digit"):
                elements.encode([*pairs[:at], (ai, wrong), *pairs[at + 1 :]])


def test_a_separator_stands_behind_variable_lengths_and_only_between() -> None:
    pairs = [("01", "09520123456788"), ("10", "A"), ("11", "261100"), ("21", "B")]
    assert elements.encode(pairs) == b"010952012345678810A\x1d1126110021B"
    assert elements.encode([("21", "B"), ("01", "09520123456788")]) == b"21B\x1d0109520123456788"
    with pytest.raises(Malformed):
        elements.encode([])
    with pytest.raises(UnknownAI):
        elements.encode([("89", "1")])
    with pytest.raises(Malformed):
        elements.encode([("10", "A"), ("10", "A")])


@pytest.mark.parametrize(
    "message",
    ["10A\x1d\x1d21B", "\x1d\x1d10A", "10", "10\x1d21B", "1", "21A\x1d1", "10A\n", "10A B", "10é"],
)
def test_an_element_that_is_empty_or_holds_what_no_value_has_is_refused(message: str) -> None:
    with pytest.raises(Malformed):
        elements.parse(message.encode())


def test_an_ai_that_occurs_twice_is_refused_even_with_one_value() -> None:
    for second in ("A", "B"):
        with pytest.raises(Malformed, match="AI 10 occurs twice"):
            elements.parse(f"10A\x1d21X\x1d10{second}".encode())


def test_an_identifier_of_another_symbology_says_that_there_are_none() -> None:
    with pytest.raises(Malformed, match="]Q1"):
        elements.parse(b"0109520123456788", "]Q1")


@pytest.mark.parametrize("ai", ["89", "05", "3106", "3170", "7040", "4300", "8013", "8200", "38"])
def test_an_unknown_ai_is_told_apart(ai: str) -> None:
    with pytest.raises(UnknownAI):
        elements.check(ai, "1")
    with pytest.raises(UnknownAI, match=ai[:2]):
        elements.parse(f"{ai}123456".encode())


def test_a_wider_dictionary_may_decide() -> None:
    asked: list[tuple[str, str]] = []
    rule = lambda ai, value: asked.append((ai, value))  # noqa: E731
    found = elements.parse(b"70401ABC\x1d3929100\x1d01xxxxxxxxxxxxxx", rule=rule)
    assert found == asked == [("7040", "1ABC"), ("3929", "100"), ("01", "x" * 14)]


def test_a_message_ends_at_64_elements() -> None:
    with pytest.raises(Malformed, match="64"):
        elements.parse(b"10A\x1d" * 65, rule=lambda ai, value: None)


@pytest.mark.parametrize(
    ("yymmdd", "this_year", "day"),
    [
        ("261122", 2026, "2026-11-22"),
        ("261100", 2026, "2026-11-30"),
        ("240200", 2026, "2024-02-29"),
        ("230200", 2026, "2023-02-28"),
        ("000200", 2026, "2000-02-29"),
        ("760101", 2026, "2076-01-01"),
        ("770101", 2026, "1977-01-01"),
        ("991231", 2000, "1999-12-31"),
        ("000101", 1999, "2000-01-01"),
        ("100101", 2070, "2110-01-01"),
        ("210101", 2070, "2021-01-01"),
    ],
)
def test_a_date_means_a_day_of_the_nearest_century(yymmdd: str, this_year: int, day: str) -> None:
    """General Specifications, "Determination of century in dates": 49 years back to 50 ahead."""
    elements.check("17", yymmdd)
    assert elements.day(yymmdd, this_year) == day


@pytest.mark.parametrize(
    "yymmdd", ["", "2611", "261301", "260001", "260631", "230229", "2611222", "26112x", "٢٦١١٢٢"]
)
def test_what_is_no_day_is_refused(yymmdd: str) -> None:
    with pytest.raises(Malformed):
        elements.day(yymmdd, 2026)
    with pytest.raises(Malformed):
        elements.check("17", yymmdd)


def test_a_date_with_time_and_a_piece_of_a_total_are_looked_at() -> None:
    elements.check("7003", "2611222359")
    for wrong in ("2611002359", "2611222459", "2611222360", "261122235"):
        with pytest.raises(Malformed):
            elements.check("7003", wrong)
    elements.check("8006", "123456789012310102")
    for wrong in ("123456789012310002", "123456789012310302", "123456789012320102"):
        with pytest.raises(Malformed):
            elements.check("8006", wrong)


@given(st.binary(max_size=80) | st.text("0123456789AB\x1d^/", max_size=60).map(str.encode))
def test_any_bytes_are_elements_or_malformed(data: bytes) -> None:
    try:
        pairs = elements.parse(data)
    except Malformed:
        return
    assert elements.parse(elements.encode(pairs)) == pairs
    for ai, value in pairs:
        if ai == "01":
            assert gs1.is_gtin(int(value))


@given(st.data())
def test_what_is_written_is_read_back(data: st.DataObject) -> None:
    text = st.text(gs1.CSET82, min_size=1, max_size=20)
    ais = data.draw(st.permutations(["01", "10", "21", "17", "240", "3103", "99", "30"]))
    values = {"01": st.just("09520123456788"), "17": st.just("261100"), "3103": st.just("000195")}
    values["30"] = st.integers(0, 99999999).map(str)
    pairs = [(ai, data.draw(values.get(ai, text))) for ai in ais[: data.draw(st.integers(1, 8))]]
    assert elements.parse(elements.encode(pairs)) == pairs


@pytest.mark.parametrize("data", [b"\x1d\x1d0104006381333931", b"0104006381333931\x1d\x1d10B"])
def test_two_separators_are_no_ai_and_stand_in_no_sentence(data: bytes) -> None:
    with pytest.raises(Malformed, match="a separator where an AI must be"):
        elements.parse(data, "]C1")
