"""ISO/IEC 15434 messages, against published examples."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge import mh10
from edge.errors import Malformed, Truncated

# MIL-STD-130N, figure 8: the label with a GS1 Data Matrix in format 05.
FORMAT_05 = b"[)>\x1e05\x1d800406141419999960MH80312\x1d21MH80312\x1d950614141\x1d24099999\x1e\x04"
# ANSI MH10.8.2, data identifier 34L: its example of a message, format 06 and then 05.
BOTH = (
    b"[)>\x1e06\x1d25SUN123456789PA12345\x1d4LUS\x1d16D20131108"
    b"\x1d34LHTTP://WWW.SECUREUID.COM/ITEMDATA/?SCAN=\x1e05\x1d13131108\x1e\x04"
)
# Text elements as MIL-STD-130 writes them: three letters, a space, the value.
FORMAT_12 = b"[)>\x1e12\x1dMFR 0CVA5\x1dPNO 1234\x1dSER 786950\x1e\x04"
CONSTRUCT_2 = b"[)>\x1e06\x1d17V0CVA5\x1d1P1234\x1dS786950\x1e\x04"


def test_gs1s_identifiers_stand_in_format_05() -> None:
    found = mh10.parse(FORMAT_05)
    assert found.format == "05"
    assert found.items == [
        ("8004", "06141419999960MH80312"),
        ("21", "MH80312"),
        ("95", "0614141"),
        ("240", "99999"),
    ]
    assert mh10.encode("05", found.items) == FORMAT_05


def test_a_message_may_have_two_formats() -> None:
    found = mh10.parse(BOTH)
    assert [format for format, _ in found.parts] == ["06", "05"]
    assert found.format == "06"
    assert found.items == [
        ("25S", "UN123456789PA12345"),
        ("4L", "US"),
        ("16D", "20131108"),
        ("34L", "HTTP://WWW.SECUREUID.COM/ITEMDATA/?SCAN="),
    ]
    assert found.parts[1] == ("05", [("13", "131108")])
    assert found.get("05", "13") == "131108" and found.get("06", "13") is None
    assert found.unique() == "UN123456789PA12345"


def test_text_elements_have_a_space_behind_their_names() -> None:
    found = mh10.parse(FORMAT_12)
    assert found.items == [("MFR", "0CVA5"), ("PNO", "1234"), ("SER", "786950")]
    assert mh10.encode("12", found.items) == FORMAT_12


@pytest.mark.parametrize(
    ("items", "unique"),
    [
        # MIL-STD-130N, appendix A, table "Derive a UII from Data Identifier (DI) qualified data"
        ([("18S", "0CVA5786950")], "D0CVA5786950"),
        ([("25S", "D0CVA5786950")], "D0CVA5786950"),
        ([("17V", "0CVA5"), ("1P", "1234"), ("S", "786950")], "D0CVA51234786950"),
        ([("12V", "194532636"), ("1P", "1234"), ("S", "786950")], "UN1945326361234786950"),
        ([("7L", "FB2015"), ("1P", "1234"), ("S", "786950")], "LDFB20151234786950"),
        ([("18V", "D0CVA5"), ("1P", "1234"), ("S", "786950")], "D0CVA51234786950"),
        ([("18V", "D0CVA5"), ("1T", "L7"), ("S", "786950")], "D0CVA5L7786950"),
        ([("17V", "0CVA5"), ("S", "786950")], None),
        ([("1P", "1234"), ("S", "786950")], None),
        ([("P", "1234"), ("1T", "L7"), ("Q", "10")], None),
    ],
)
def test_fields_add_up_to_the_identifier_of_one_item(
    items: list[tuple[str, str]], unique: str | None
) -> None:
    assert mh10.parse(mh10.encode("06", items)).unique() == unique


@pytest.mark.parametrize("whole", [FORMAT_05, BOTH, FORMAT_12, CONSTRUCT_2])
def test_a_message_cut_anywhere_is_refused(whole: bytes) -> None:
    assert mh10.is_message(whole)
    for end in range(len(whole)):
        with pytest.raises(Malformed):
            mh10.parse(whole[:end])
    with pytest.raises(Truncated):
        mh10.parse(whole[:-2])
    with pytest.raises(Malformed):
        mh10.parse(whole + b"\x04")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\x1e06",
        b"\x1e06\x1d",
        b"\x1e06\x1dS1\x1d",
        b"\x1e06\x1dS1\x1d\x1dQ1",
        b"\x1e06\x1dS",
        b"\x1e06\x1dS1\x1dS1",
        b"\x1e06\x1ds1",
        b"\x1e06\x1d1234S1",
        b"\x1e06\x1d0S1",
        b"\x1e06\x1d12",
        b"\x1e06\x1dS\xff",
        b"\x1e06\x1dS1\x0a",
        b"\x1e06\x1dS" + b"1" * 500,
        b"\x1e06\x1d" + b"\x1d".join(b"%dS1" % number for number in range(1, 66)),
        b"\x1e06\x1dS1\x1e06\x1dQ1",
        b"\x1e07\x1dtext",
        b"\x1e02data",
        b"\x1e6\x1dS1",
        b"\x1e12\x1dSER1",
        b"\x1e12\x1dSER ",
        b"\x1e12\x1dSe1 1",
        b"\x1e05\x1d0112345678901234",
        b"06\x1dS1",
    ],
)
def test_a_broken_body_is_refused(body: bytes) -> None:
    with pytest.raises(Malformed):
        mh10.parse(b"[)>" + body + b"\x1e\x04")


def test_fields_that_would_be_read_as_others_are_not_written() -> None:
    for format, items in (
        ("06", [("1", "S1")]),
        ("06", [("S", "1\x1dQ2")]),
        ("12", [("SE", "R1")]),
        ("06", []),
        ("07", [("S", "1")]),
    ):
        with pytest.raises(Malformed):
            mh10.encode(format, items)


@given(st.binary(max_size=60) | st.text("06S1PQ\x1d\x1e\x04 A", max_size=40).map(str.encode))
def test_any_bytes_are_a_message_or_malformed(data: bytes) -> None:
    for message in (data, b"[)>\x1e06\x1d" + data + b"\x1e\x04"):
        try:
            found = mh10.parse(message)
        except Malformed:
            continue
        for format, items in found.parts:
            assert mh10.parse(mh10.encode(format, items)).items == items
        found.unique()
