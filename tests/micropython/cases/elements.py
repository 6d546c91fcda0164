"""GS1 element strings and ISO/IEC 15434 on MicroPython; the examples are those of tests/edge."""

from expect import raises

from edge import aim, elements, mh10
from edge.errors import Malformed, Truncated


def test_identifiers_are_taken_off():
    assert aim.parse(b"]Q1x") == ("]Q1", b"x")
    assert aim.parse(b"]Xx") == ("", b"]Xx")
    assert aim.parse(b"]\xff\xff") == ("", b"]\xff\xff")
    assert aim.symbology("]E4") == "EAN8"
    assert aim.is_gs1("]d2") and not aim.is_gs1("]d1")


def test_element_strings_are_read_and_written():
    pairs = [("01", "09520123456788"), ("10", "A"), ("11", "261100"), ("21", "32a/b")]
    data = b"010952012345678810A\x1d1126110021" + b"32a/b"
    assert elements.encode(pairs) == data
    for message in (data, b"\x1d" + data, data + b"\x1d"):
        assert elements.parse(message, "]d2") == pairs
    assert elements.day("261100", 2026) == "2026-11-30"
    elements.check("8003", "02112345678900ABC")
    elements.check("3103", "000195")


def test_what_breaks_the_standard_is_refused():
    for data in (
        b"",
        b"\x1d",
        b"0112345678901234",
        b"10A\x1d10A",
        b"10A\x1d\x1d21B",
        b"10\xff",
        b"01",
    ):
        raises(Malformed, elements.parse, data)
    for data in (b"891", b"70401ABC", b"3106000195"):
        raises(elements.UnknownAI, elements.parse, data)
    for ai, value in (("17", "260631"), ("00", "123456789012345670"), ("8010", "12"), ("10", "#")):
        raises(Malformed, elements.check, ai, value)


def test_messages_of_iso_15434_are_read():
    both = b"[)>\x1e06\x1d25SUN1A\x1d1T7\x1e05\x1d13131108\x1e\x04"
    found = mh10.parse(both)
    assert found.parts == [("06", [("25S", "UN1A"), ("1T", "7")]), ("05", [("13", "131108")])]
    assert found.unique() == "UN1A"
    for end in range(len(both)):
        raises(Malformed, mh10.parse, both[:end])
    raises(Truncated, mh10.parse, both[:-1])
    text = b"[)>\x1e12\x1dMFR 0CVA5\x1dSER 786950\x1e\x04"
    assert mh10.encode("12", mh10.parse(text).items) == text
