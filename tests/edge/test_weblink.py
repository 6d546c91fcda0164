"""Links on products: RFC 3986's parts, IEC 61406-1's string, and the pre-flight."""

from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge import weblink
from edge.errors import Malformed

LINK = "https://id.example.com/01/09520123456788/21/A1"
ITEM = [0, 9520123456788, "A1"]


def test_a_link_comes_apart() -> None:
    found = weblink.parse("HTTPS://ID.Example.com:8443/p/1%2F2?17=261122&x#s=0oQ")
    assert (found.scheme, found.host, found.port) == ("https", "id.example.com", 8443)
    assert (found.path, found.query, found.fragment) == ("/p/1%2F2", "17=261122&x", "s=0oQ")
    bare = weblink.parse("http://a")
    assert (bare.scheme, bare.host, bare.port, bare.path) == ("http", "a", None, "")
    assert weblink.parse("https://[2001:db8::1]:443/x").host == "[2001:db8::1]"
    assert weblink.parse("https://a?q").query == "q"


@pytest.mark.parametrize(
    ("uri", "why"),
    [
        ("", "https://"),
        ("id.example.com", "https://"),
        ("ftp://a", "https://"),
        ("javascript:alert(1)", "https://"),
        ("https:/a", "https://"),
        ("https://", "host name"),
        ("https:///x", "host name"),
        ("https://a..b", "host name"),
        ("https://a./x", "host name"),
        ("https://-a.b", "host name"),
        ("https://a_b", "host name"),
        ("https://a%2eb", "host name"),
        ("https://" + "a" * 64, "host name"),
        ("https://" + ".".join(["a" * 49] * 6), "host name"),
        ("https://[::1", "host name"),
        ("https://[a]", "host name"),
        ("https://[fe80::1%25lo]/", "host name"),
        ("https://user@a/", "user-info"),
        ("https://id.example.com:x@evil.example/", "user-info"),
        ("https://id.example.com@evil.example/", "user-info"),
        ("https://a:/", "port"),
        ("https://a:0/", "port"),
        ("https://a:65536/", "port"),
        ("https://a:-1/", "port"),
        ("https://a:4 43/", "control"),
        ("https://a/ b", "control"),
        ("https://a/\n", "control"),
        ("https://a/\x00", "control"),
        ("https://a/\x7f", "control"),
        ("https://id.ex\u0430mple.com/", "U\\+0430"),  # Cyrillic a
        ("https://id.example.com\u2024evil.example/", "U\\+2024"),
        ("https://a/\u00fc", "U\\+00FC"),
        ("https://a/<b>", "percent"),
        ('https://a/"', "percent"),
        ("https://a\\b/", "host name"),
        ("https://a/\\b", "percent"),
        ("https://a/[1]", "percent"),
        ("https://a/%2", "percent sign"),
        ("https://a/%zz", "percent sign"),
        ("https://a/#a#b", "percent"),
        ("https://a/../01", "dots"),
        ("https://a/x/%2e%2E", "dots"),
        ("https://a/./x", "dots"),
        ("https://a/" + "x" * 2039, "2049 characters"),
    ],
)
def test_what_is_no_link_is_refused_with_its_reason(uri: str, why: str) -> None:
    with pytest.raises(Malformed, match=why):
        weblink.parse(uri)
    assert weblink.faults(uri) != []


def test_a_link_of_2048_characters_is_the_longest_and_its_fragment_is_not_counted() -> None:
    longest = "https://a/" + "x" * 2038
    assert weblink.parse(longest).path == longest[9:]
    assert weblink.parse(longest + "#s=" + "A" * 5000).fragment == "s=" + "A" * 5000


@given(st.text() | st.text("htps:/.?#[]@%2eaA-01", max_size=30))
def test_any_text_is_a_link_or_malformed_and_the_parts_are_those_of_the_library(text: str) -> None:
    for uri in (text, "https://" + text, "https://a/" + text):
        try:
            found = weblink.parse(uri)
        except Malformed:
            continue
        split = urlsplit(uri)
        assert (found.scheme, found.path, found.query) == (split.scheme, split.path, split.query)
        assert (found.host.strip("[]"), found.port) == (split.hostname, split.port)
        assert (found.fragment, split.username) == (split.fragment, None)


def test_a_link_that_may_go_on_a_product_has_no_fault() -> None:
    assert weblink.faults(LINK) == []
    assert weblink.faults(LINK, ("id.example.com",), 2, ITEM) == []
    assert weblink.faults("https://id.example.com:443/p/1", (), 2, ITEM) == []
    assert weblink.faults("https://a/p/1", (), 2, [1, "https://a/p/1"]) == []
    assert weblink.faults("https://a/p/1", (), 0, [3, "VAA1"]) == []


@pytest.mark.parametrize(
    ("link", "hosts", "granularity", "product", "why"),
    [
        ("http://id.example.com/p", (), None, None, "https"),
        ("https://id.example.com:8443/p", (), None, None, "port 8443"),
        ("https://id.example.com:80/p", (), None, None, "port 80"),
        ("https://u:p@id.example.com/p", (), None, None, "user-info"),
        (LINK, ("id.example.org",), None, None, "id.example.com is not one of id.example.org"),
        ("https://xn--exmple-4nf.com/p", (), None, None, "punycode"),
        ("https://192.0.2.1/p", (), None, None, "address"),
        ("https://3232235777/p", (), None, None, "address"),
        ("https://0xc0.0xa8.1.0x1/p", (), None, None, "address"),
        ("https://[2001:db8::1]/p", (), None, None, "address"),
        (LINK + "#s=0oQ", (), None, None, "fragment"),
        (LINK + "#", (), None, None, "fragment"),
        ("https://a/01/09520123456788", (), 2, ITEM, "serial"),
        ("https://a/01/09520123456788/10/B", (), 2, ITEM, "serial"),
        ("https://a/01/09520123456788/21/A1", (), 1, ITEM, "batch"),
        ("https://a/01/09520123456789/21/A1", (), 2, ITEM, "check digit"),
        ("https://a/01/9520123456788/21/A1", (), 2, ITEM, "14 digits"),
        ("https://a/01/09520123456788?21=A1", (), 2, ITEM, "path"),
        ("https://a/01/09520123456788/21/A2", (), 2, ITEM, "another product"),
        ("https://a/01/09506000134352/21/A1", (), 2, ITEM, "another product"),
        ("https://a/p/2", (), 2, [1, "https://a/p/1"], "another product"),
    ],
)
def test_the_pre_flight_says_each_fault(
    link: str,
    hosts: tuple[str, ...],
    granularity: int | None,
    product: list[object] | None,
    why: str,
) -> None:
    (said,) = weblink.faults(link, hosts, granularity, product)
    assert why in said


def test_several_faults_are_all_said() -> None:
    said = weblink.faults(
        "http://xn--a.example:81/01/09520123456788#x", ("b",), 2, [1, "https://c"]
    )
    assert len(said) == 7


def test_a_host_that_is_named_is_trusted_with_its_port() -> None:
    assert weblink.faults("https://xn--exmple-4nf.com/p", ("xn--exmple-4nf.com",)) == []
    assert weblink.faults("https://192.0.2.1:8443/p", ("192.0.2.1:8443",)) == []
    (said,) = weblink.faults("https://id.example.com:8443/p", ("id.example.com",))
    assert "port" in said


@pytest.mark.parametrize(
    ("link", "why"),
    [
        ("https://a/" + "x" * 246, "256 characters"),
        ("https://a/1%2F2", "percent"),
        ("https://A/p", "lower case"),
        ("HTTPS://a/p", "lower case"),
    ],
)
def test_a_link_that_is_the_identifier_obeys_iec_61406(link: str, why: str) -> None:
    (said,) = weblink.identification_link_faults(link)
    assert why in said
    assert said in weblink.faults(link, product=[1, link])
    assert weblink.faults(link, product=[3, "VAA1"]) == []


def test_the_longest_identification_link_has_255_characters_in_any_case_behind_its_host() -> None:
    # IEC 61406-2, annex F, has such a string as its example.
    example = "https://www.domain-abc.com/?.1P=1A2B3C&.S=sd09fqw4hrdfj0as89u7"
    assert weblink.identification_link_faults(example) == []
    assert weblink.identification_link_faults("https://a/" + "X" * 245) == []


@pytest.mark.parametrize("path", ["/%30%31/04006381333931/21/B", "/01/04006381333931%2F21%2FB"])
def test_a_digital_link_in_percent_signs_is_one_and_no_right_one(path: str) -> None:
    link = "https://id.example.com" + path
    assert weblink.is_digital_link(weblink.parse(link))
    assert weblink.faults(link) != []
