"""The stub in a link's fragment: one spelling of its bytes, told by its first character."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge import printed
from edge.envelope import CEILING
from edge.errors import DoesNotFit, Malformed

LINK = "https://id.example.com/01/09520123456788/21/A1"
STUB = b"\xd2\x84\x43\xa1\x01\x32" + bytes(range(90))
ALPHABETS = {
    printed.BASE64URL: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
    printed.BASE32: "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567",
}
stubs = st.binary(max_size=200).map(lambda rest: b"\xd2\x84" + rest)


def by_the_library(stub: bytes, form: str) -> str:
    """As Python's own RFC 4648 spells it, without its padding."""
    if form == printed.BASE64URL:
        return base64.urlsafe_b64encode(stub).decode().rstrip("=")
    return base64.b32encode(stub).decode().rstrip("=")


@given(stubs, st.sampled_from(printed.FORMS))
def test_a_stub_is_spelled_as_rfc_4648_has_it_and_read_back(stub: bytes, form: str) -> None:
    text = printed.join(LINK, stub, form)
    assert text == f"{LINK}#s={by_the_library(stub, form)}"
    assert printed.split(text) == (LINK, stub)


def test_the_first_character_tells_the_form() -> None:
    assert printed.spell(STUB, printed.BASE64URL).startswith("0o")
    assert printed.spell(STUB, printed.BASE32).startswith("2K")
    assert "0" not in ALPHABETS[printed.BASE32]


@pytest.mark.parametrize("form", printed.FORMS)
@pytest.mark.parametrize("size", range(2, 18))
def test_no_other_spelling_of_the_same_bytes_is_accepted(form: str, size: int) -> None:
    """The last character may hold bits that belong to no byte: they are zero."""
    text = printed.join(LINK, STUB[:size], form)
    for char in ALPHABETS[form]:
        other = text[:-1] + char
        if other != text:
            try:
                assert printed.split(other)[1] != STUB[:size]
            except Malformed:
                pass


@pytest.mark.parametrize("form", printed.FORMS)
def test_a_fragment_that_was_cut_is_a_shorter_stub_or_malformed(form: str) -> None:
    text = printed.join(LINK, STUB, form)
    for end in range(len(LINK) + 3, len(text)):
        try:
            link, stub = printed.split(text[:end])
        except Malformed:
            continue
        assert link == LINK and stub is not None and STUB.startswith(stub) and stub != STUB


@pytest.mark.parametrize(
    "text",
    [LINK, LINK + "#", LINK + "#part", LINK + "#S=0oQ", LINK + "#:~:text=s=0oQ", LINK + "#x&s=0oQ"],
)
def test_another_fragment_or_none_is_no_stub(text: str) -> None:
    assert printed.split(text) == (LINK, None)


@pytest.mark.parametrize(
    "spelled",
    [
        "",
        "0",
        "0o",
        "2",
        "2K",
        "0oQ=",
        "0oQ#",
        "0oQ ",
        "0oQ\n",
        "0o+_",
        "0o/_",
        "2kbq",
        "2KCA====",
        "1oQB",
        "AAAA",
        "0oQé",
        "0pQB",
        "2LCA",
        "0oQA&x=1",
    ],
)
def test_what_is_no_spelling_of_a_stub_is_refused(spelled: str) -> None:
    with pytest.raises(Malformed):
        printed.split(f"{LINK}#s={spelled}")


def test_a_stub_ends_at_4096_bytes() -> None:
    assert printed.LARGEST == CEILING
    most = b"\xd2\x84".ljust(CEILING, b"x")
    for form in printed.FORMS:
        assert printed.split(printed.join(LINK, most, form)) == (LINK, most)
        with pytest.raises(DoesNotFit):
            printed.join(LINK, most + b"x", form)
        with pytest.raises(Malformed):
            printed.split(f"{LINK}#s={by_the_library(most + b'x', form)}")
    with pytest.raises(Malformed):
        printed.split(f"{LINK}#s=0o" + "A" * 10_000_000)


def test_a_link_with_a_fragment_and_what_is_no_stub_are_not_joined() -> None:
    with pytest.raises(Malformed):
        printed.join(LINK + "#", STUB, printed.BASE32)
    with pytest.raises(Malformed):
        printed.join(LINK, b"\xd1" + STUB, printed.BASE32)
    with pytest.raises(ValueError, match="base16"):
        printed.join(LINK, STUB, "base16")


@given(st.text() | st.text("#s=0o2KQA-_+/", max_size=30))
def test_any_text_is_split_or_malformed(text: str) -> None:
    for fragment in (text, "#s=0oQ" + text, "#s=2KC" + text):
        try:
            link, stub = printed.split(LINK + fragment)
        except Malformed:
            continue
        if stub is not None:
            assert LINK + fragment in [printed.join(link, stub, form) for form in printed.FORMS]
