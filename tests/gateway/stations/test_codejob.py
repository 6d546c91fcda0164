"""What a code is worth: its link, its stub, its faults; and what several codes amount to together."""

import time
from dataclasses import replace

import pytest
from code_line import GTIN, LINK, NOW, ScriptedReader, read
from hypothesis import example, given
from hypothesis import strategies as st

from edge import gs1, printed, stub
from edge.trust import Entry, TrustList
from gateway.keys import DeviceKey
from gateway.model import CodeRead
from gateway.stations.codejob import Answer, Judged, answer, judge
from gateway.stations.codepost import CodePost
from gateway.stations.cycle import Outcome
from gateway.stations.result import Signal

KEY = DeviceKey.generate()
FAR = NOW + 10 * 365 * 86400
TRUSTED = TrustList(1, NOW - 86400, FAR, (Entry(KEY.kid, KEY.public),))
POST = CodePost("st 1", ScriptedReader(), None, TRUSTED, lambda: NOW, time.monotonic)
READING = replace(POST, job="read")


def signed(link: str = LINK, **claims: object) -> bytes:
    found: dict[int, object] = {0: 1, 1: [0, GTIN, "A1"], 3: bytes(32), 4: NOW, 5: 0}
    found |= {int(key[1:]): value for key, value in claims.items()}
    raw = stub.encode(found, KEY.alg, KEY.kid, KEY.sign)
    return printed.join(link, raw, printed.BASE64URL).encode()


def worth(message: bytes, post: CodePost = POST, aim: str = "]Q1") -> Judged:
    return judge(read(message, aim=aim), post)


def amount(*messages: bytes, post: CodePost = POST, word: str = "read") -> Answer:
    codes = tuple(read(each, aim="") for each in messages)
    outcome = Outcome(1, word, codes, NOW, NOW, "" if word == "read" else "why")
    return answer(outcome, [judge(each, post) for each in codes])


def test_a_printed_stub_of_a_trusted_key_is_verified() -> None:
    found = worth(signed())
    assert found.verdict is not None
    assert found.verdict.as_dict() == {
        "integrity": "valid",
        "key": "trusted",
        "binding": "not_bound",
        "chain": "first",
        "evidence": "not_stated",
        "link": "match",
    }
    assert (found.signal.colour, found.product) == ("green", f"{GTIN:014d}/A1")
    assert found.claim == [0, GTIN, "A1"]
    assert found.code.link == LINK
    assert amount(signed()).outcome == "verified"


def test_a_label_on_another_product_is_red() -> None:
    found = worth(signed(gs1.link("https://id.example.com", GTIN, "B2")))
    assert (found.signal.colour, found.fault) == ("red", "")
    assert found.signal.sentence == "not verified: the link beside it names another product"


def test_a_label_that_was_changed_is_red() -> None:
    message = bytearray(signed())
    message[-30] ^= 1
    found = worth(bytes(message))
    assert found.signal.colour == "red"
    assert amount(bytes(message), post=READING).outcome in ("not_verified", "refused")


def test_a_stub_that_was_copied_off_a_tag_is_not_verified() -> None:
    found = worth(signed(_7=[1, bytes(7)]))
    assert found.signal.colour == "amber"
    assert "the tag that it was written for was not asked" in found.signal.sentence


def test_a_stub_of_a_key_that_nobody_knows_is_not_verified() -> None:
    post = replace(POST, trust=TrustList(1, NOW, FAR, ()))
    assert worth(signed(), post).signal.colour == "amber"
    assert worth(signed(), replace(POST, trust=None)).signal.colour == "amber"


def test_a_link_without_a_stub_is_read_but_not_verified() -> None:
    assert worth(LINK.encode(), READING).signal.sentence == f"read: {LINK}"
    assert worth(LINK.encode(), READING).verdict is None
    found = worth(LINK.encode())
    assert found.signal.sentence == "not verified: there is no signed stub"
    assert found.signal.colour == "amber"
    assert found.product == f"{GTIN:014d}/A1"


def test_what_names_no_product_holds_no_passport() -> None:
    found = worth(b"HELLO", aim="]C0")
    assert (found.verdict, found.product) == (None, "")
    assert found.signal.sentence == "no passport in this code: HELLO"
    assert worth(b"HELLO", READING, "]C0").signal.colour == "green"


@pytest.mark.parametrize(
    ("message", "aim", "why"),
    [
        (b"http://id.example.com/01/09520123456788/21/A1", "]Q1", "https"),
        (b"https://user@id.example.com/01/09520123456788/21/A1", "]Q1", "user-info"),
        (b"https://id.example.com:8443/01/09520123456788/21/A1", "]Q1", "port"),
        (b"https://id.ex\xd0\xb0mple.com/01/09520123456788/21/A1", "]Q1", "U+0430"),
        (b"https://xn--80ak6aa92e.com/01/09520123456788/21/A1", "]Q1", "punycode"),
        (b"https://other.example/01/09520123456788/21/A1", "]Q1", "host"),
        (b"https://id.example.com/01/09520123456789/21/A1", "]Q1", "check digit"),
        (b"https://id.example.com/" + b"x" * 4273, "]Q1", "2048"),
        (b"https://id.example.com/\x07", "]Q1", "0x07"),
        (b"\xff\xfe", "]Q1", "UTF-8"),
        (b"\x1b[2J", "]Q1", "0x1b"),
        (b"0109520123456789", "]d2", "check digit"),
        (b"0509520123456788", "]d2", "AI"),
        (bytes(9000), "]Q1", "8192"),
    ],
)
def test_what_is_wrong_with_a_code_is_said_and_its_bytes_are_kept(
    message: bytes, aim: str, why: str
) -> None:
    found = worth(message, replace(READING, hosts=("id.example.com",)), aim)
    assert why in found.fault
    assert (found.signal.colour, found.read.data) == ("red", message)
    assert found.fault in found.signal.sentence


def test_a_code_that_holds_nothing_is_refused() -> None:
    assert worth(b"", READING).signal == Signal("red", "refused: it holds nothing")


def test_a_product_whose_name_no_hub_takes_is_refused() -> None:
    found = worth(b"https://id.example.com/" + b"x" * 600)
    assert (found.product, found.signal.colour) == ("", "red")
    assert "512 at most" in found.fault


def test_codes_of_one_product_are_one_answer_by_the_one_that_tells_most() -> None:
    found = amount(b"9520123456788", LINK.encode(), signed())
    assert (found.outcome, found.product) == ("verified", f"{GTIN:014d}/A1")
    assert found.telling is not None
    assert found.telling.stub is not None


def test_a_code_of_another_article_beside_it_is_refused() -> None:
    found = amount(signed(), b"4006381333931")
    assert (found.outcome, found.signal.colour) == ("refused", "red")
    assert "4006381333931 is of another product than 09520123456788/A1" in found.signal.sentence


def test_of_several_products_the_worst_counts() -> None:
    second = signed(gs1.link("https://id.example.com", GTIN, "B2"), _1=[0, GTIN, "B2"])
    found = amount(signed(), second)
    assert (found.outcome, found.product, found.telling) == ("verified", "", None)
    assert found.signal.sentence == "2 products, each verified"
    unsigned = gs1.link("https://id.example.com", GTIN, "C3").encode()
    assert amount(signed(), second, unsigned).outcome == "not_verified"


def test_a_bad_stub_beside_a_good_one_of_the_same_product_counts_whatever_comes_first() -> None:
    other = DeviceKey.generate()
    raw = stub.encode(
        {0: 1, 1: [0, GTIN, "A1"], 3: bytes(32), 4: NOW, 5: 0}, other.alg, other.kid, other.sign
    )
    foreign = printed.join(LINK, raw, printed.BASE64URL).encode()
    for codes in ([signed(), foreign], [foreign, signed()]):
        found = amount(*codes)
        assert (found.outcome, found.product) == ("not_verified", f"{GTIN:014d}/A1")
        assert found.signal.colour != "green"


def test_a_stub_that_names_nothing_spoils_the_one_beside_it() -> None:
    gtin_only = f"https://id.example.com/01/{GTIN:014d}"
    broken = printed.join(gtin_only, b"\xd2\x84" + bytes(20), printed.BASE64URL)
    assert (worth(broken.encode()).product, worth(broken.encode()).fault) == ("", "")
    for codes in ([signed(), broken.encode()], [broken.encode(), signed()]):
        assert amount(*codes).signal.colour != "green"


def test_one_code_with_a_fault_spoils_the_others() -> None:
    found = amount(signed(), b"\x1b[2J")
    assert (found.outcome, found.product) == ("refused", f"{GTIN:014d}/A1")
    assert "0x1b" in found.signal.sentence


@pytest.mark.parametrize(
    ("word", "colour"),
    [
        ("no_read", "amber"),
        ("repeated", "amber"),
        ("partial", "amber"),
        ("too_many", "red"),
        ("no_match", "red"),
    ],
)
def test_other_outcomes_are_never_green(word: str, colour: str) -> None:
    found = amount(*([signed()] if word != "no_read" else []), word=word)
    assert (found.outcome, found.signal.colour) == (word, colour)


AIMS = st.sampled_from(["", "]Q1", "]Q3", "]d2", "]d1", "]C1", "]C0", "]E0", "]X9", "nonsense"])
PIECES = st.sampled_from(
    [b"https://", b"HTTP://", LINK.encode(), b"#s=", b"01", b"\x1d", b"[)>\x1e06\x1d", b"]Q1", b"0"]
)
MESSAGES = st.lists(st.one_of(PIECES, st.binary(max_size=40)), max_size=6).map(b"".join)


@given(MESSAGES, AIMS, st.sampled_from([POST, READING]))
@example(signed()[:-1], "]Q1", POST)
@example(b"", "", POST)
def test_nothing_that_a_code_holds_is_an_error(message: bytes, aim: str, post: CodePost) -> None:
    code = CodeRead("cam", message, aim, "", NOW)
    found = judge(code, post)
    outcome = Outcome(1, "read", (code,), NOW, NOW)
    signal = answer(outcome, [found]).signal
    assert signal.colour == "green" or signal.sentence
    assert post.job == "read" or signal.colour != "green"


def test_a_stub_that_is_copied_behind_a_link_that_names_nothing_is_not_green() -> None:
    copied = signed("https://evil.example/")
    for post in (POST, READING):
        found = worth(copied, post)
        assert found.verdict is not None and found.verdict.link == "not_checked"
        assert found.signal.colour == "amber"
        assert "no hosts are given that links may name" in found.signal.sentence
        assert amount(copied, post=post).outcome == "not_verified"
    named = replace(POST, hosts=("id.example.com",))
    assert worth(signed("https://id.example.com/p/77"), named).signal.colour == "green"
    assert worth(copied, named).signal.colour == "red"
    own = "https://id.example.com/p/77"
    assert worth(signed(own, _1=[1, own])).signal.colour == "green"
