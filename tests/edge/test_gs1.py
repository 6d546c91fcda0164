"""GS1 check digits and Digital Links, against GS1's own examples."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge import gs1
from edge.errors import Malformed

SET_82 = "!\"%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"

# GTINs of GS1's own: 9520123456788 (Digital Link Standard: URI Syntax, section "Examples"), 9506000134352 and
# 9506000134369 (the demonstration products of GS1's resolver), 629104150021 + 3 (General Specifications,
# "Check digit calculations": the worked example), 9638507 + 4 (the usual EAN-8), 03600029145 + 2 (UPC-A).
GTINS = [
    "9520123456788",
    "09520123456788",
    "9506000134352",
    "9506000134369",
    "6291041500213",
    "96385074",
    "036000291452",
]

# gs1/gs1-syntax-engine, src/c-lib/dl.c, "Examples from DL specification" and the cases before them: those
# whose key is AI 01. None: GS1's engine refuses it.
LINKS = [
    ("https://id.gs1.org/01/09520123456788", ("09520123456788", None, None)),
    ("https://id.gs1.org/01/09520123456788/22/2A", ("09520123456788", None, None)),
    ("https://id.gs1.org/01/09520123456788/10/ABC123", ("09520123456788", "ABC123", None)),
    ("https://id.gs1.org/01/09520123456788/21/12345", ("09520123456788", None, "12345")),
    (
        "https://id.gs1.org/01/09520123456788/10/ABC1/21/12345?17=180426",
        ("09520123456788", "ABC1", "12345"),
    ),
    ("https://id.gs1.org/01/09520123456788?3103=000195", ("09520123456788", None, None)),
    (
        "https://example.com/01/09520123456788?3103=000195&3922=0299&17=201225",
        ("09520123456788", None, None),
    ),
    ("https://a/01/12312312312333/22/TEST/10/ABC/21/XYZ", ("12312312312333", "ABC", "XYZ")),
    ("https://a/01/12312312312333/235/TEST", ("12312312312333", None, None)),
    (
        "https://a/01/12312312312333?singleton1&unknown1=555&99=ABC&&&98=XYZ&unknown3=777",
        ("12312312312333", None, None),
    ),
    ("https://a/01/12312312312333/22/ABC%2d123?99=ABC", ("12312312312333", None, None)),
    ("https://a/01/12312312312333/22/ABC+123", ("12312312312333", None, None)),
    ("https://a/01/12312312312333/22/test/10/abc/21/xyz#", ("12312312312333", "abc", "xyz")),
    ("https://a/01/12312312312333/22/t/10/abc/21/xyz#part", ("12312312312333", "abc", "xyz")),
    ("https://xn--fsq.xn--0zwm56d/01/12312312312333", ("12312312312333", None, None)),
    ("https://a:65535/01/12312312312333", ("12312312312333", None, None)),
    ("https://192.0.2.1/01/12312312312333", ("12312312312333", None, None)),
    ("https://[2001:db8::1]/01/12312312312333", ("12312312312333", None, None)),
    ("https://[fe80::1%25lo]/01/12312312312333", None),
    ("https://example.com/01/09520123456788?10=ABC123", None),
    ("https://id.gs1.org/01/09520123456788/10/ABC123?99=XYZ789&01=09520123456788", None),
    ("https://id.gs1.org/01/09520123456788/10/ABC123?99=XYZ789&10=ABC123", None),
    ("https://example.com/01/09520123456788/89/ABC123?99=XYZ", None),
    ("https://a/01/2112345678900", None),
    ("https://a/01/416000336108", None),
    ("https://a/01/02345673", None),
    ("https://a/gtin/12312312312333", None),
    ("https://a/01/12312312312333?99=", None),
    (
        "https://a/01/12312312312333?&&&99=ABC&&&&&&98=XYZ&&&",
        ("12312312312333", None, None),
    ),
    (
        "https://id.gs1.org/01/09520123456788/10/ABC123?99=XYZ789&99=XYZ789",
        None,
    ),
    ("https://id.gs1.org/01/09520123456788/235/XYZ?10=ABC123", ("09520123456788", None, None)),
    ("https://a/01/12312312312333?", ("12312312312333", None, None)),
    ("", None),
    ("ftp://", None),
    ("http://", None),
    ("http:///", None),
    ("http://a/b/", None),
    ("https://$a/01/12312312312333", None),
]


@pytest.mark.parametrize("text", GTINS)
def test_gs1s_own_gtins_have_the_right_check_digit(text: str) -> None:
    assert gs1.check_digit(text[:-1]) == text[-1]
    assert gs1.gtin(text) == int(text)
    assert gs1.gtin14(int(text)) == text.rjust(14, "0")


@pytest.mark.parametrize("text", GTINS)
def test_every_wrong_digit_of_a_gtin_is_refused(text: str) -> None:
    for at in range(len(text)):
        for digit in "0123456789":
            if digit != text[at]:
                with pytest.raises(Malformed):
                    gs1.gtin(text[:at] + digit + text[at + 1 :])


@given(st.integers(1, 9999999999999))
def test_the_quick_check_of_a_number_agrees_with_the_check_digit(number: int) -> None:
    right = int(gs1.check_digit(str(number)))
    assert [digit for digit in range(10) if gs1.is_gtin(number * 10 + digit)] == [right]


@pytest.mark.parametrize(
    "text",
    ["", "1", "952012345678", "952012345678800", "9520123456788 ", "٩٥٢٠١٢٣٤٥٦٧٨٨", "0" * 14],
)
def test_what_is_no_gtin_is_refused(text: str) -> None:
    with pytest.raises(Malformed):
        gs1.gtin(text)


@pytest.mark.parametrize("number", [0, -1, -9520123456788, 10**14, 10**20])
def test_a_number_out_of_range_is_no_gtin(number: int) -> None:
    assert not gs1.is_gtin(number)


@pytest.mark.parametrize(("uri", "names"), LINKS)
def test_links_are_read_as_gs1s_engine_reads_them(
    uri: str, names: tuple[str, str | None, str | None] | None
) -> None:
    if names is None:
        with pytest.raises(Malformed):
            gs1.parse_link(uri)
    else:
        gtin, batch, serial = names
        assert gs1.parse_link(uri) == (int(gtin), batch, serial)


@pytest.mark.parametrize(
    "query",
    [
        "21=A1",
        "01=09520123456788",
        "22=A",
        "235=A",
        "%32%31=A1",
        "x&21",
        "17=1;17=1",
        "99=%",
        "%=1",
    ],
)
def test_what_may_not_stand_in_the_query_is_refused(query: str) -> None:
    with pytest.raises(Malformed):
        gs1.parse_link(f"https://a/01/09520123456788?{query}")


def test_a_query_has_at_most_32_ais() -> None:
    uri = "https://a/01/09520123456788?" + "&".join(f"{ai}=1" for ai in range(300, 332))
    assert len(gs1.link_elements(uri)) == 33
    with pytest.raises(Malformed, match="32"):
        gs1.parse_link(uri + "&400=1")


# gs1/gs1-syntax-engine, src/c-lib/dl.c, the same cases: what they come to as elements.
@pytest.mark.parametrize(
    ("uri", "elements"),
    [
        (
            "https://a/01/12312312312333/22/ABC%2d123?99=ABC&98=XYZ%2f987",
            [("01", "12312312312333"), ("22", "ABC-123"), ("99", "ABC"), ("98", "XYZ/987")],
        ),
        (
            "https://a/01/12312312312333/22/ABC+123?99=ABC&98=XYZ%2f987",
            [("01", "12312312312333"), ("22", "ABC+123"), ("99", "ABC"), ("98", "XYZ/987")],
        ),
        (
            "https://a/01/12312312312333?singleton1&unknown1=555&99=ABC&98=XYZ&unknown3=777",
            [("01", "12312312312333"), ("99", "ABC"), ("98", "XYZ")],
        ),
        (
            "https://a/01/12312312312333/22/test/10/abc/21/xyz#fragment",
            [("01", "12312312312333"), ("22", "test"), ("10", "abc"), ("21", "xyz")],
        ),
        (
            "https://example.com/01/09520123456788?3103=000195&3922=0299&17=201225",
            [("01", "09520123456788"), ("3103", "000195"), ("3922", "0299"), ("17", "201225")],
        ),
        (
            "https://a/01/12312312312333/22/ABC%2d123?99=ABC&98=XYZ+987",
            [("01", "12312312312333"), ("22", "ABC-123"), ("99", "ABC"), ("98", "XYZ 987")],
        ),
        (
            "https://id.gs1.org/01/09520123456788/235/XYZ?10=ABC123",
            [("01", "09520123456788"), ("235", "XYZ"), ("10", "ABC123")],
        ),
    ],
)
def test_the_elements_of_a_link_stand_in_its_path_and_its_query(
    uri: str, elements: list[tuple[str, str]]
) -> None:
    assert gs1.link_elements(uri) == elements


def test_the_scheme_is_spelled_in_one_case() -> None:
    assert gs1.parse_link("HTTPS://a/01/09520123456788")
    with pytest.raises(Malformed):
        gs1.parse_link("HtTps://a/01/09520123456788")


def test_the_rightmost_key_counts_and_a_path_may_stand_before_it() -> None:
    uri = "https://a/01/faux/01/09520123456788/21/01"
    assert gs1.parse_link(uri) == (9520123456788, None, "01")


@pytest.mark.parametrize(
    "path",
    [
        "/01/09520123456789",  # check digit
        "/01/09520123456788/",
        "/01/09520123456788/21",
        "/01/09520123456788/21/",
        "/01/09520123456788/21/A/10/B",  # order
        "/01/09520123456788/21/A/21/A",
        "/01/09520123456788/235/A/21/B",
        "/01/09520123456788/21/" + "A" * 21,
        "/01/09520123456788/21/A%2",
        "/01/09520123456788/21/A%G1",
        "/01/09520123456788/21/A%00",
        "/01/09520123456788/21/A%C3%A9",
        "/01/09520123456788/21/A%23",  # "#" is not in set 82
        "/01/09520123456788/21/A B",
        "/01/09520123456788/21/é",
        "/21/A/01/0952012345678",
    ],
)
def test_a_broken_path_is_refused(path: str) -> None:
    with pytest.raises(Malformed):
        gs1.parse_link("https://id.example.com" + path)


def test_a_link_is_made_as_gs1_writes_it() -> None:
    made = gs1.link("https://id.gs1.org", 9520123456788, serial="12345", batch="ABC1")
    assert made == "https://id.gs1.org/01/09520123456788/10/ABC1/21/12345"
    # gs1-syntax-engine, dl.c, test_dl_URIescape: all of set 82 that needs a percent
    serial = "!\"%&'()*+,/:;<=>?"
    escaped = "%21%22%25%26%27%28%29%2A%2B%2C%2F%3A%3B%3C%3D%3E%3F"
    made = gs1.link("https://a/b/", 9520123456788, serial=serial)
    assert made == f"https://a/b/01/09520123456788/21/{escaped}"


@given(
    st.text(SET_82, min_size=1, max_size=20).filter(lambda text: text not in (".", "..")),
    st.none()
    | st.text(SET_82, min_size=1, max_size=20).filter(lambda text: text not in (".", "..")),
)
def test_what_a_link_names_is_read_back(serial: str, batch: str | None) -> None:
    made = gs1.link("https://id.example.com/p", 9520123456788, serial, batch)
    assert gs1.parse_link(made) == (9520123456788, batch, serial)


@pytest.mark.parametrize(
    "base",
    ["", "id.example.com", "http://a", "https://", "https://a?b", "https://a#b", "https://a b"],
)
def test_a_base_that_is_not_https_or_has_more_than_a_path_is_refused(base: str) -> None:
    with pytest.raises(Malformed):
        gs1.link(base, 9520123456788)


@pytest.mark.parametrize("serial", ["", "A" * 21, "#", "é", " ", ".", ".."])
def test_a_serial_that_cannot_stand_in_a_link_is_refused(serial: str) -> None:
    with pytest.raises(Malformed):
        gs1.link("https://a", 9520123456788, serial)


@given(st.text() | st.text("/01259%?#&=:ahtps.AB", max_size=60))
def test_any_text_is_a_link_or_malformed(text: str) -> None:
    for uri in (text, "https://a/01/09520123456788" + text):
        try:
            gtin, _, _ = gs1.parse_link(uri)
        except Malformed:
            continue
        assert gs1.is_gtin(gtin)


@pytest.mark.parametrize(
    ("uri", "product", "answer"),
    [
        ("https://a/01/09520123456788/21/A1", [0, 9520123456788, "A1"], True),
        ("https://a/01/09520123456788", [0, 9520123456788, "A1"], True),
        ("https://a/01/09520123456788/21/A2", [0, 9520123456788, "A1"], False),
        ("https://a/01/09506000134352/21/A1", [0, 9520123456788, "A1"], False),
        ("https://a/01/09520123456788/10/B/21/A1", [0, 9520123456788, "B", "A1"], True),
        ("https://a/01/09520123456788/10/C/21/A1", [0, 9520123456788, "B", "A1"], False),
        ("https://a/01/09520123456788/10/C/21/A1", [0, 9520123456788, "A1"], True),
        (f"https://{'a' * 2016}/01/09520123456788/21/A1", [0, 9520123456788, "A1"], True),
        (f"https://{'a' * 2017}/01/09520123456788/21/A1", [0, 9520123456788, "A1"], None),
        ("https://a/p/1", [0, 9520123456788, "A1"], None),
        ("https://a/p/1", [1, "https://a/p/1"], True),
        ("https://a/p/1#s=x", [1, "https://a/p/1"], True),
        ("https://a/p/2", [1, "https://a/p/1"], False),
        ("https://a/p/1", [2, "did:web:a"], None),
        ("https://a/p/1", [3, "VAA1"], None),
    ],
)
def test_a_link_names_the_product_or_not_or_cannot_tell(
    uri: str, product: list[object], answer: bool | None
) -> None:
    assert gs1.link_names(uri, product) is answer


@given(st.text("ahtps:/.-01%?#@_~" + "é", max_size=12), st.text("A1.-%/~", min_size=1, max_size=5))
def test_the_short_way_to_a_match_agrees_with_reading_the_link(middle: str, serial: str) -> None:
    product = [0, 9520123456788, "A1"]
    for uri in (
        f"https://{middle}/01/09520123456788/21/A1",
        f"https://a/{middle}/01/09520123456788/21/A1",
        f"https://a/01/09520123456788/21/{serial}",
        f"{middle}https://a/01/09520123456788/21/A1",
    ):
        try:
            read = gs1.parse_link(uri) == (9520123456788, None, "A1")
        except Malformed:
            assert gs1.link_names(uri, product) is None
        else:
            assert gs1.link_names(uri, product) is read
