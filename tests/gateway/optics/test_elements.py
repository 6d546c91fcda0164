"""The wide dictionary: biip's answers, with what it only notes refused; and biip as a witness of edge's own."""

import random

import biip
import pytest
from biip.gs1_application_identifiers import _GS1_APPLICATION_IDENTIFIERS
from biip.gs1_digital_link_uris import GS1DigitalLinkURI
from biip.gs1_messages import GS1Message

from edge import elements as narrow
from edge import gs1
from edge.elements import UnknownAI
from edge.errors import Malformed
from gateway.optics import elements

GTIN = "09520123456788"
LINK = f"https://id.example.com/01/{GTIN}"


def test_every_element_has_its_title() -> None:
    found = elements.parse("]d2", f"01{GTIN}21A1\x1d70401ABC\x1d3922100".encode())
    assert found == [
        ("01", GTIN, "GTIN"),
        ("21", "A1", "SERIAL"),
        ("7040", "1ABC", "UIC+EXT"),
        ("3922", "100", "PRICE"),
    ]
    assert elements.title("x") == elements.title("") == elements.title("0") == ""


@pytest.mark.parametrize("before", ["", "]Q1", "]d1"])
def test_a_link_behind_an_identifier_is_read(before: str) -> None:
    assert elements.parse("", f"{before}{LINK}/21/A1?3922=0299".encode()) == [
        ("01", GTIN, "GTIN"),
        ("21", "A1", "SERIAL"),
        ("3922", "0299", "PRICE"),
    ]
    code = elements.understand("]Q1", f"{LINK}/21/A1?3922=0299".encode())
    assert (code.fault, code.product) == ("", [0, int(GTIN), "A1"])


def test_other_codes_have_no_elements() -> None:
    assert elements.parse("", b"A1") == elements.parse("", b"https://a/p") == []
    assert elements.parse("", b"[)>\x1e06\x1dS1\x1e\x04") == []


@pytest.mark.parametrize(
    ("aim", "data", "why"),
    [
        ("]d2", "0109520123456789", "check digit"),  # biip: gtin_error
        ("]d2", "00106141412345678909", "check digit"),  # sscc_error
        ("]d2", "4140614141123453", "check digit"),  # gln_error
        ("]d2", "2530614141123453400", "check digit"),  # and what biip does not look at
        ("]d2", "2550614141123453", "check digit"),
        ("]d2", "8017061414112345678903", "check digit"),
        ("]d2", "8018061414112345678903", "check digit"),
        ("]d2", "8026123456789012320102", "check digit"),
        ("]d2", "10A\x1d10A", "twice"),
        ("]d2", "70401AB", "cannot stand"),
        ("]d2", "8007", "too soon"),
        ("]d2", "891", "unknown AI"),
        ("]d2", "7199A", "unknown AI 719"),
        ("]Q1", f"{LINK}?21=A1", "path"),
        ("]Q1", f"{LINK}?99=A&99=A", "twice"),
        ("]Q1", f"{LINK}?999=A", "unknown AI"),
        ("]Q1", f"{LINK}?3922=A", "cannot stand"),
        ("]Q1", f"{LINK}?17=", "no value"),
        ("]Q1", "https://id.example.com/01/9520123456788", "14 digits"),
        ("]Q1", f"HtTps://id.example.com/01/{GTIN}", "https"),
        ("", "https://u@a/", "user-info"),
    ],
)
def test_what_is_wrong_is_refused_with_its_reason(aim: str, data: str, why: str) -> None:
    with pytest.raises(Malformed, match=why):
        elements.parse(aim, data.encode())
    assert why in elements.understand(aim, data.encode()).fault


def test_hosts_are_passed_on() -> None:
    assert "punycode" in elements.understand("", b"https://xn--a.example/p").fault
    assert elements.understand("", b"https://xn--a.example/p", ("xn--a.example",)).fault == ""


@pytest.mark.witness
def test_biips_dictionary_begins_its_ais_with_the_digits_that_tell_their_size() -> None:
    """What splits a message in edge holds for each AI that GS1 has, and so do the predefined lengths."""
    for ai, entry in _GS1_APPLICATION_IDENTIFIERS.items():
        (found,) = narrow.split(f"{ai}{'1' * 18}"[: _longest(ai)].encode())
        assert found[0] == ai
        two = (
            narrow.split(f"{ai}{'1' * 18}"[: _longest(ai)].encode() + b"10A")
            if (not entry.separator_required)
            else [("", "")]
        )
        assert len(two) == (1 if entry.separator_required else 2)


def _longest(ai: str) -> int:
    """AI and value of predefined length, else one that is long enough."""
    lengths = {"00": 18, "01": 14, "02": 14, "03": 14, "20": 2, "41": 13}
    measures = ("11", "12", "13", "15", "16", "17", "31", "32", "33", "34", "35", "36")
    return len(ai) + lengths.get(ai[:2], 6 if ai[:2] in measures else 18)


@pytest.mark.witness
def test_edge_and_biip_agree_on_each_ai_that_edge_knows() -> None:
    """Values of every length and of telling characters: what edge accepts, biip does, and the other way round."""
    draw = random.Random(20261123)
    seen = 0
    for ai in sorted(_GS1_APPLICATION_IDENTIFIERS):
        for value in _values(ai, draw):
            try:
                narrow.check(ai, value)
            except UnknownAI:
                break
            except Malformed as why:
                accepted, reason = False, str(why)
            else:
                accepted, reason = True, ""
            if accepted or not any(word in reason for word in _STRICTER):
                assert accepted is _biip_accepts(ai, value), (ai, value, reason)
                seen += 1
    assert seen > 5000


# GS1's linters ask for these, and biip does not: the company prefix of a key, the GRAI's and ITIP's parts, serials of
# components without a leading zero.
_STRICTER = ("Company Prefix", "must be 0 and 13 digits", "of ", "begin with 0")


def _values(ai: str, draw: random.Random) -> list[str]:
    digits = ["".join(draw.choices("0123456789", k=size)) for size in range(1, 21)] * 3
    dates = ["261122", "261100", "240229", "230229", "261322", "260631", "260001", "2611222359"]
    keys = [text + gs1.check_digit(text) for text in digits]
    grais = [f"0{text}" for text in keys] + [f"0{text}A1" for text in keys]
    words = ["".join(draw.choices(gs1.CSET82, k=size)) for size in range(1, 32)]
    return [
        *digits,
        *dates,
        *keys,
        *grais,
        *words,
        "A B",
        "a\x1db",
        "é",
        "#",
        "A-/1",
        "1234A^",
        "00",
    ]


def _biip_accepts(ai: str, value: str) -> bool:
    try:
        found = biip.gs1_element_strings.GS1ElementString.parse(ai + value)
    except biip.ParseError:
        return False
    noted = found.gtin_error or found.sscc_error or found.gln_error
    return found.ai.ai == ai and not noted


@pytest.mark.witness
def test_edge_and_biip_read_the_same_messages() -> None:
    draw = random.Random(7)
    parts = [("01", GTIN), ("10", "LOT7"), ("21", "A/1"), ("17", "261100"), ("3103", "000195")]
    parts += [("240", "X_1"), ("30", "12"), ("00", "106141412345678908"), ("414", "0614141123452")]
    for _ in range(300):
        pairs = draw.sample(parts, draw.randint(1, len(parts)))
        message = narrow.encode(pairs)
        read = GS1Message.parse(message.decode()).element_strings
        assert [(each.ai.ai, each.value) for each in read] == narrow.parse(message) == pairs


@pytest.mark.witness
@pytest.mark.parametrize(
    "uri",
    [
        LINK,
        f"{LINK}/21/A1",
        f"{LINK}/22/2A/10/ABC1/21/12345?17=180426",
        f"{LINK}?3103=000195&3922=0299&17=201225",
        f"https://example.com/some/path/01/{GTIN}/21/32a%2Fb?linkType=pip&99=X",
    ],
)
def test_edge_and_biip_read_the_same_links(uri: str) -> None:
    read = GS1DigitalLinkURI.parse(uri).element_strings
    assert [(each.ai.ai, each.value) for each in read] == gs1.link_elements(uri)
