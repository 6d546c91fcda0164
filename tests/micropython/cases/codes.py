"""What codes mean, on MicroPython; the examples are those of tests/edge/test_codes.py."""

from expect import raises

from edge import codes, printed, weblink
from edge.errors import Malformed

LINK = "https://id.example.com/01/09520123456788/21/A1"
STUB = b"\xd2\x84" + bytes(range(120))


def test_a_stub_in_the_fragment_has_one_spelling():
    for form in printed.FORMS:
        for size in range(2, 13):
            text = printed.join(LINK, STUB[:size], form)
            assert printed.split(text) == (LINK, STUB[:size])
            assert text.endswith(printed.spell(STUB[:size], form))
    for spelled in ("", "0", "0o", "2", "0oQ=", "0oQ\n", "2kbq", "0oR", "0oQé", "1oQB"):
        raises(Malformed, printed.split, LINK + "#s=" + spelled)
    assert printed.split(LINK + "#part") == (LINK, None)


def test_links_are_read_strictly():
    found = weblink.parse("HTTPS://A.example:443/p?q#f")
    assert (found.scheme, found.host, found.port) == ("https", "a.example", 443)
    for uri in (
        "https://u@a/",
        "https://a:0/",
        "https://a/é",
        "https://a/%2",
        "https://a_b/",
        "ftp://a",
    ):
        raises(Malformed, weblink.parse, uri)
    assert weblink.faults(LINK, ("id.example.com",), 2, [0, 9520123456788, "A1"]) == []
    said = weblink.faults(
        "http://xn--a.example:81/01/09520123456788#x", ("b",), 2, [1, "https://c"]
    )
    assert len(said) == 7


def test_codes_are_understood():
    code = codes.understand("", b"]Q1" + printed.join(LINK, STUB, printed.BASE32).encode())
    assert (code.form, code.fault, code.link, code.stub) == ("link", "", LINK, STUB)
    assert code.product == [0, 9520123456788, "A1"] and codes.names(code, code.product)
    code = codes.understand("]d2", b"01095201234567881726112210B\x1d21A1")
    assert (code.form, code.product) == ("elements", [0, 9520123456788, "B", "A1"])
    code = codes.understand("", b"[)>\x1e06\x1d25SUN1\x1e\x04")
    assert (code.form, code.product) == ("iso15434", [3, "UN1"])
    assert codes.understand("]E0", b"9520123456788").gtin == 9520123456788
    assert codes.understand("", b"9520123456788").form == "gtin"
    assert codes.understand("", "Größe".encode()).text == "Größe"
    assert codes.understand("", b"https://a/p").product == [1, "https://a/p"]


def test_what_is_wrong_is_said():
    for aim, data, form in (
        ("", b"A\x00", "binary"),
        ("", b"\xed\xa0\x80", "binary"),
        ("", b"\xc0\xaf", "binary"),
        ("", "A\u202eB".encode(), "binary"),
        ("", bytes(8193), "binary"),
        ("]Q1", b"https://a/" + b"A" * 4286, "link"),
        ("]E0", b"9520123456789", "gtin"),
        ("]d2", b"891", "elements"),
        ("", b"https://u@a/", "link"),
        ("", b"https://a:81/", "link"),
        ("", "https://ex\u0430mple/".encode(), "link"),
        ("", b"https://a/01/09520123456789", "link"),
        ("", b"https://a#s=0oQ=", "link"),
    ):
        code = codes.understand(aim, data)
        assert (code.form, code.stub) == (form, None)
        assert code.fault != ""
