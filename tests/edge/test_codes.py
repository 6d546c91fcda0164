"""What codes mean, and what is said of those that are refused."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge import codes, printed

GTIN = 9520123456788
LINK = "https://id.example.com/01/09520123456788/21/A1"
STUB = b"\xd2\x84" + bytes(range(120))
MESSAGE = b"[)>\x1e06\x1d25SUN043325711MH80312\x1d1T7\x1e\x04"


def understood(aim: str, data: bytes) -> codes.Code:
    code = codes.understand(aim, data)
    assert code.fault == ""
    return code


@pytest.mark.parametrize(
    ("aim", "before"), [("", b""), ("]Q1", b""), ("]d1", b""), ("", b"]Q1"), ("]Q1", b"]Q1")]
)
@pytest.mark.parametrize("form", printed.FORMS)
def test_a_link_with_a_stub_is_told_apart(aim: str, before: bytes, form: str) -> None:
    code = understood(aim, before + printed.join(LINK, STUB, form).encode())
    assert (code.form, code.link, code.stub) == ("link", LINK, STUB)
    assert (code.product, code.gtin, code.serial) == ([0, GTIN, "A1"], GTIN, "A1")
    assert code.elements == [("01", "09520123456788"), ("21", "A1")]


@pytest.mark.parametrize(
    ("link", "product"),
    [
        ("https://a/01/09520123456788", None),
        ("https://a/01/09520123456788/10/B/21/A1?17=261122", [0, GTIN, "B", "A1"]),
        ("HTTPS://A/01/09520123456788/21/A1", [0, GTIN, "A1"]),
        ("https://a/p/1", [1, "https://a/p/1"]),
        ("http://a/p/1#part", [1, "http://a/p/1"]),
        ("https://a/2024/01/20240101", [1, "https://a/2024/01/20240101"]),
        ("https://a/8004/9520614141234567", [1, "https://a/8004/9520614141234567"]),
        ("https://id.gs1.org/00/952012345678912345", None),
        ("https://id.gs1.org/414/9520123456788/254/32a", None),
        ("https://a/00/x", [1, "https://a/00/x"]),
    ],
)
def test_a_link_names_an_item_or_none(link: str, product: list[object] | None) -> None:
    code = understood("]Q1", link.encode())
    assert (code.form, code.product, code.stub) == ("link", product, None)
    assert code.link == link.partition("#")[0]


@pytest.mark.parametrize(
    ("aim", "data"),
    [
        ("]d2", b"01095201234567881726112210B\x1d21A1"),
        ("]C1", b"01095201234567881726112210B\x1d21A1"),
        ("", b"]Q301095201234567881726112210B\x1d21A1"),
        ("", b"\x1d01095201234567881726112210B\x1d21A1"),
        ("", b"01095201234567881726112210B\x1d21A1"),
    ],
)
def test_element_strings_name_an_item(aim: str, data: bytes) -> None:
    code = understood(aim, data)
    assert (code.form, code.product) == ("elements", [0, GTIN, "B", "A1"])
    assert (code.gtin, code.batch, code.serial) == (GTIN, "B", "A1")
    assert code.elements[1] == ("17", "261122")


def test_a_reader_that_tells_no_symbology_is_believed_a_whole_element_string_only() -> None:
    assert understood("", b"010952012345678821A1").product == [0, GTIN, "A1"]
    for text in (b"010952012345678921A1", b"0109520123456788xyz", b"01095201234567"):
        assert understood("", text).form == "text"
    assert understood("]Q1", b"010952012345678821A1").form == "text"
    assert understood("]C0", b"010952012345678821A1").form == "text"


def test_iso_15434_messages_name_what_they_name() -> None:
    code = understood("]d1", MESSAGE)
    assert (code.form, code.product) == ("iso15434", [3, "UN043325711MH80312"])
    assert (code.batch, code.text) == ("7", None)
    code = understood("", b"[)>\x1e05\x1d010952012345678821A1\x1e\x04")
    assert (code.form, code.product) == ("iso15434", [0, GTIN, "A1"])
    code = understood("", b"[)>\x1e06\x1dP12\x1dS34\x1e\x04")
    assert (code.product, code.serial) == (None, "34")
    assert code.elements == [("P", "12"), ("S", "34")]


@pytest.mark.parametrize(
    ("aim", "data", "gtin"),
    [
        ("]E0", b"9520123456788", GTIN),
        ("]E0", b"0036000291452", 36000291452),
        ("]E0", b"036000291452", 36000291452),
        ("]E4", b"96385074", 96385074),
        ("]E3", b"952012345678812", GTIN),
        ("]E3", b"952012345678812345", GTIN),
        ("]I1", b"09520123456788", GTIN),
        ("", b"9520123456788", GTIN),
        ("", b"]E09520123456788", GTIN),
    ],
)
def test_a_gtin_alone_is_one(aim: str, data: bytes, gtin: int) -> None:
    code = understood(aim, data)
    assert (code.form, code.gtin, code.product) == ("gtin", gtin, None)


@pytest.mark.parametrize(
    "data", [b"A1", "Größe".encode(), b"9520123456789", b"96385074", b"", b"]", b"did:web:a"]
)
def test_other_text_is_text(data: bytes) -> None:
    code = understood("", data)
    assert (code.form, code.text, code.product) == ("text", data.decode(), None)


@pytest.mark.parametrize(
    ("aim", "data", "form", "why"),
    [
        ("", b"A\x00B", "binary", "control character 0x00"),
        ("", b"A\r\nB", "binary", "control character 0x0d"),
        ("", b"\x1b]0;x\x07", "binary", "control character 0x1b"),
        ("", b"A\x7f", "binary", "control character 0x7f"),
        ("", b"\xff\xfe", "binary", "no UTF-8"),
        ("", b"\xc0\xaf", "binary", "no UTF-8"),
        ("", b"\xed\xa0\x80", "binary", "no UTF-8"),
        ("", "A\u202etxt.exe".encode(), "binary", "U\\+202E"),
        ("", "A\u0085".encode(), "binary", "U\\+0085"),
        ("", "A\u200bB".encode(), "binary", "U\\+200B"),
        ("]Q1", b"7" * 8193, "binary", "8193 bytes"),
        ("]E0", b"9520123456789", "gtin", "check digit should be 8"),
        ("]E0", b"95201234567888", "gtin", "14 characters"),
        ("]E4", b"9638507A", "gtin", "digits"),
        ("]d2", b"010952012345678921A1", "elements", "check digit"),
        ("]d2", b"0109520123456788891", "elements", "unknown AI 89"),
        ("]d2", b"0109520123456788\x1d70401ABC", "elements", "unknown AI 7040"),
        ("]d2", b"010952012345678821A1\x1d21A2", "elements", "twice"),
        ("", b"0109520123456788172\x82", "binary", "no UTF-8"),
        ("", b"010952012345678817\x00", "binary", "control character"),
        ("]d2", b"", "elements", "empty"),
        ("]d2", b"0109520123456788\x00", "elements", "0x00"),
        ("]d1", b"010952012345678821A1\x1d10B", "binary", "0x1d"),
        ("", b"01095201\x1d", "elements", "too soon"),
        ("", b"[)>\x1e06\x1dS1", "iso15434", "must end"),
        ("", b"[)>06S1", "iso15434", "must begin"),
        ("", b"https://u:p@a/", "link", "user-info"),
        ("", b"https://a:8443/p", "link", "port 8443"),
        ("", b"https://xn--exmple-4nf.com/", "link", "punycode"),
        ("", "https://id.ex\u0430mple.com/".encode(), "link", "U\\+0430"),
        ("", b"https://192.0.2.1/", "link", "address"),
        ("", b"https://a/" + b"x" * 2039, "link", "2049 characters"),
        ("", b"https://a/\x00", "link", "control"),
        ("", b"https://a/\xff", "link", "UTF-8"),
        ("", b"https://a/01/09520123456789/21/A1", "link", "check digit"),
        ("", b"https://a/01/9520123456788/21/A1", "link", "14 digits"),
        ("", b"https://a/01/09520123456788?21=A1", "link", "path"),
        ("", b"https://a/01/09520123456788?%32%31=A1", "link", "path"),
        ("", b"https://a/01/09520123456788?17=261122&17=261122", "link", "twice"),
        ("", b"https://a/01/09520123456788?17=261322", "link", "no day"),
        ("", b"https://a/01/09520123456788?999=1", "link", "unknown AI"),
        ("", b"https://a/p#s=0oQ=", "link", "fragment"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_raised(
    aim: str, data: bytes, form: str, why: str
) -> None:
    code = codes.understand(aim, data)
    assert code.form == form
    assert re.search(why, code.fault)
    assert code.product is None or "fragment" in code.fault
    assert code.stub is None
    if form == "binary":
        assert code.text is None


def test_the_largest_qr_codes_are_read() -> None:
    for data in (b"7" * 7089, b"A" * 4296, bytes(2953)):
        code = codes.understand("]Q1", data)
        assert code.text == (data.decode() if data[0] else None)
    assert codes.understand("]Q1", b"https://a/" + b"A" * 4286).fault != ""


def test_a_wider_dictionary_decides_what_edge_does_not_know() -> None:
    data = b"0109520123456788\x1d70401ABC"
    code = codes.understand("]d2", data, lambda ai, value: None)
    assert (code.fault, code.elements[1]) == ("", ("7040", "1ABC"))


def test_a_host_that_is_named_is_trusted() -> None:
    link = b"https://xn--exmple-4nf.com/p"
    assert codes.understand("]Q1", link, hosts=("xn--exmple-4nf.com",)).fault == ""


@pytest.mark.parametrize(
    ("aim", "data", "product", "answer"),
    [
        ("", LINK.encode(), [0, GTIN, "A1"], True),
        ("", LINK.encode(), [0, GTIN, "A2"], False),
        ("", b"https://a/p", [0, GTIN, "A1"], None),
        ("", b"https://a/p#x", [1, "https://a/p"], True),
        ("", b"https://a/p", [1, "https://a/q"], False),
        ("]d2", b"010952012345678821A1", [0, GTIN, "A1"], True),
        ("]d2", b"010952012345678821A1", [0, GTIN, "B", "A1"], True),
        ("]d2", b"010952012345678821A2", [0, GTIN, "A1"], False),
        ("]d2", b"010952012345678810C\x1d21A1", [0, GTIN, "B", "A1"], False),
        ("]d2", b"0109520123456788", [0, GTIN, "A1"], True),
        ("]E0", b"9520123456788", [0, GTIN, "A1"], True),
        ("]E0", b"9506000134352", [0, GTIN, "A1"], False),
        ("]d2", b"21A1", [0, GTIN, "A1"], None),
        ("]d2", b"010952012345678821A1", [3, "UN1"], None),
        ("", MESSAGE, [3, "UN043325711MH80312"], True),
        ("", MESSAGE, [3, "UN1"], False),
        ("", MESSAGE, [0, GTIN, "A1"], None),
        ("", b"A1", [0, GTIN, "A1"], None),
        ("", b"A1", [2, "did:web:a"], None),
    ],
)
def test_a_code_names_a_product_or_not_or_cannot_tell(
    aim: str, data: bytes, product: list[object], answer: bool | None
) -> None:
    assert codes.names(understood(aim, data), product) is answer


AIMS = st.sampled_from(["", "]Q1", "]Q3", "]d2", "]C1", "]E0", "]E3", "]E4", "]I1", "]x", "é"])
DATA = (
    st.binary(max_size=60)
    | st.text().map(lambda text: text.encode("utf-8", "surrogatepass"))
    | st.text("0129\x1dA]Q", max_size=40).map(str.encode)
)


@given(AIMS, DATA, st.sampled_from([b"", b"https://", LINK.encode(), b"[)>\x1e06\x1d", b"]d2"]))
def test_nothing_that_a_code_holds_is_raised(aim: str, data: bytes, before: bytes) -> None:
    code = codes.understand(aim, before + data)
    codes.names(code, [0, GTIN, "A1"])
    codes.names(code, [1, LINK])
    assert code.text is None or not re.search("[\x00-\x1f\x7f-\x9f\u202a-\u202e]", code.text)
    assert code.form in ("link", "elements", "iso15434", "gtin", "text", "binary")
    assert (code.form != "binary") or code.fault != ""
