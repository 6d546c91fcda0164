"""GS1 identifiers on MicroPython; the examples are those of tests/edge/test_gs1.py."""

from expect import raises

from edge import gs1
from edge.errors import Malformed


def test_gs1s_own_gtins_have_the_right_check_digit():
    for text in ("9520123456788", "09506000134352", "6291041500213", "96385074", "036000291452"):
        assert gs1.check_digit(text[:-1]) == text[-1]
        assert gs1.gtin(text) == int(text)
        tens = int(text) // 10 * 10
        assert [digit for digit in range(10) if gs1.is_gtin(tens + digit)] == [int(text[-1])]
    assert gs1.gtin14(96385074) == "00000096385074"
    for text in ("", "1", "9520123456789", "952012345678a", "00000000000000"):
        raises(Malformed, gs1.gtin, text)


def test_links_are_made_and_read():
    made = gs1.link("https://id.gs1.org/", 9520123456788, "12345", "ABC1")
    assert made == "https://id.gs1.org/01/09520123456788/10/ABC1/21/12345"
    assert gs1.parse_link(made + "?17=180426#s=x") == (9520123456788, "ABC1", "12345")
    serial = "!\"%&'()*+,/:;<=>?"
    made = gs1.link("https://a/b", 9520123456788, serial)
    assert made.endswith("/21/%21%22%25%26%27%28%29%2A%2B%2C%2F%3A%3B%3C%3D%3E%3F")
    assert gs1.parse_link(made) == (9520123456788, None, serial)


def test_what_is_no_digital_link_is_malformed():
    good = "https://a/01/09520123456788"
    assert gs1.parse_link(good) == (9520123456788, None, None)
    for end in range(len(good)):
        raises(Malformed, gs1.parse_link, good[:end])
    for rest in ("/", "/21", "/21/", "/21/A%2", "/21/A%C3%A9", "/21/é", "/21/A/10/B", "?10=A"):
        raises(Malformed, gs1.parse_link, good + rest)
    raises(Malformed, gs1.link, "http://a", 9520123456788)
    raises(Malformed, gs1.link, "https://a", 9520123456788, "#")


def test_a_link_names_the_product_or_not_or_cannot_tell():
    product = [0, 9520123456788, "A1"]
    assert gs1.link_names("https://a/01/09520123456788/21/A1", product) is True
    assert gs1.link_names("https://a/01/09520123456788/21/A2", product) is False
    assert gs1.link_names("https://a/b", product) is None
    assert gs1.link_names("https://a/b", [1, "https://a/b"]) is True
